//! `accord check` on a repository whose history is made here, one commit after another: exactly the breaking ones are
//! found, with rule, file and line. What is expected was written from the rules of the languages, not from answers.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// One commit: files to write, an empty text removes; then what is expected: exit code, and of each error its rule,
/// file and line.
struct Step {
    files: &'static [(&'static str, &'static str)],
    code: i32,
    errors: &'static [(&'static str, &'static str, u64)],
}

const fn fine(files: &'static [(&'static str, &'static str)]) -> Step {
    Step {
        files,
        code: 0,
        errors: &[],
    }
}

const fn breaks(
    files: &'static [(&'static str, &'static str)],
    errors: &'static [(&'static str, &'static str, u64)],
) -> Step {
    Step {
        files,
        code: 1,
        errors,
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_NAME", "A")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_NAME", "A")
        .env("GIT_COMMITTER_EMAIL", "a@example.org")
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
}

fn accord(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_accord"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env_remove("GITHUB_BASE_REF")
        .env_remove("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
        .output()
        .unwrap()
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        if text.is_empty() {
            std::fs::remove_file(path).unwrap();
        } else {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
}

const ORDER: &str = r#"{
  "type": "record", "name": "shop.Order",
  "fields": [
    {"name": "id", "type": "long"}
  ]
}
"#;
const ORDER_TOTAL: &str = r#"{
  "type": "record", "name": "shop.Order",
  "fields": [
    {"name": "id", "type": "long"},
    {"name": "total", "type": "shop.Money"}
  ]
}
"#;
const ORDER_TOTAL_DEFAULT: &str = r#"{
  "type": "record", "name": "shop.Order",
  "fields": [
    {"name": "id", "type": "long"},
    {"name": "total", "type": ["null", "shop.Money"], "default": null}
  ]
}
"#;
const MONEY: &str = r#"{
  "type": "record", "name": "shop.Money",
  "fields": [
    {"name": "minor", "type": "long"}
  ]
}
"#;
const MONEY_CURRENCY: &str = r#"{
  "type": "record", "name": "shop.Money",
  "fields": [
    {"name": "minor", "type": "long"},
    {"name": "currency", "type": "string"}
  ]
}
"#;
const EVENT: &str = r#"{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "properties": {
    "kind": {"type": "string"}
  },
  "additionalProperties": false
}
"#;
const EVENT_REQUIRED: &str = r#"{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "properties": {
    "kind": {"type": "string"}
  },
  "required": ["kind"],
  "additionalProperties": false
}
"#;
const USER: &str = "syntax = \"proto3\";
package shop;
message User {
  string name = 1;
}
";
const USER_MAIL: &str = "syntax = \"proto3\";
package shop;
message User {
  string name = 1;
  string mail = 2;
}
";
const USER_RETYPED: &str = "syntax = \"proto3\";
package shop;
message User {
  string name = 1;
  int32 mail = 2;
}
";

#[test]
fn exactly_the_breaking_commits_are_found() {
    let steps = [
        fine(&[("s/order.avsc", ORDER)]),
        fine(&[("s/money.avsc", MONEY)]),
        // A field without a default: old records have none.
        breaks(
            &[("s/order.avsc", ORDER_TOTAL)],
            &[("avro/field-without-default", "s/order.avsc", 5)],
        ),
        fine(&[("s/order.avsc", ORDER)]),
        fine(&[("s/order.avsc", ORDER_TOTAL_DEFAULT)]),
        // The order is not touched, and reads other money now: both are told, at the place in the money.
        breaks(
            &[("s/money.avsc", MONEY_CURRENCY)],
            &[
                ("avro/field-without-default", "s/money.avsc", 5),
                ("avro/field-without-default", "s/money.avsc", 5),
            ],
        ),
        fine(&[("s/money.avsc", MONEY)]),
        fine(&[("s/event.json", EVENT)]),
        breaks(
            &[("s/event.json", EVENT_REQUIRED)],
            &[("json/required-added", "s/event.json", 7)],
        ),
        fine(&[("s/event.json", EVENT)]),
        fine(&[("s/user.proto", USER)]),
        fine(&[("s/user.proto", USER_MAIL)]),
        breaks(
            &[("s/user.proto", USER_RETYPED)],
            &[("protobuf/wire-type-changed", "s/user.proto", 5)],
        ),
        // The way back is another wire type again.
        breaks(
            &[("s/user.proto", USER_MAIL)],
            &[("protobuf/wire-type-changed", "s/user.proto", 5)],
        ),
        // A move within the repository changes no subject.
        fine(&[("s/user.proto", ""), ("t/user.proto", USER_MAIL)]),
        // A deletion and a rename are warnings.
        fine(&[("s/event.json", "")]),
        fine(&[("t/user.proto", ""), ("t/person.proto", USER_MAIL)]),
        // No schema.
        Step {
            files: &[("s/order.avsc", "{\"type\": \"record\"}\n")],
            code: 4,
            errors: &[("check/invalid-schema", "s/order.avsc", 1)],
        },
    ];
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    git(folder, &["init", "-q"]);
    write(folder, &[("README.md", "x"), ("package.json", "{}")]);
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", "0"]);
    let mut wrong = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        write(folder, step.files);
        git(folder, &["add", "-A"]);
        git(folder, &["commit", "-qm", "next"]);
        let output = accord(folder, &["--against", "git:HEAD~1", "--format", "json"]);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("step {at}: {output:?}"));
        let all = answer["checked"].as_array().unwrap().iter();
        let mut errors: Vec<(&str, &str, u64)> = all
            .flat_map(|c| c["diagnostics"].as_array().unwrap())
            .filter(|d| d["weight"] == "error")
            .map(|d| {
                let text = |name: &str| d[name].as_str().unwrap();
                (text("rule"), text("path"), d["line"].as_u64().unwrap())
            })
            .collect();
        errors.sort_unstable();
        if output.status.code() != Some(step.code) || errors != step.errors {
            wrong.push(format!("step {at}: {:?} {errors:?}", output.status.code()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_format_is_what_its_readers_expect() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    git(folder, &["init", "-q"]);
    write(folder, &[("order.avsc", ORDER), ("money.avsc", MONEY)]);
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", "0"]);
    write(folder, &[("order.avsc", ORDER_TOTAL)]);
    // Without --against: the main branch, and with it what is not committed.
    let output = accord(
        folder,
        &[
            "--format",
            "text",
            "--format",
            "sarif=o.sarif",
            "--format",
            "gitlab=o.gl",
            "--format",
            "junit=o.xml",
            "--format",
            "github=o.gh",
            "--format",
            "markdown=o.md",
        ],
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("error[avro/field-without-default]"),
        "{text}"
    );
    assert!(text.contains("order.avsc:5:5"), "{text}");
    assert!(
        text.contains("failing record") && text.contains("way out"),
        "{text}"
    );
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();

    let sarif: Value = serde_json::from_str(&read("o.sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(result["ruleId"], "avro/field-without-default");
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "order.avsc");
    assert_eq!(place["region"]["startLine"], 5);

    // GitLab documents description, check_name, fingerprint, severity, location.path, location.lines.begin.
    let gitlab: Value = serde_json::from_str(&read("o.gl")).unwrap();
    let issue = &gitlab[0];
    for name in ["description", "check_name", "fingerprint"] {
        assert!(
            issue[name].as_str().is_some_and(|text| !text.is_empty()),
            "{name}"
        );
    }
    let severities = ["info", "minor", "major", "critical", "blocker"];
    assert!(severities.contains(&issue["severity"].as_str().unwrap()));
    assert_eq!(issue["location"]["path"], "order.avsc");
    assert_eq!(issue["location"]["lines"]["begin"], 5);

    let github = read("o.gh");
    let (properties, message) = github
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("::error ")?.split_once("::"))
        .unwrap();
    assert!(
        properties.contains("file=order.avsc,line=5,"),
        "{properties}"
    );
    assert!(properties.ends_with("title=avro/field-without-default"));
    assert!(message.contains("%0A") && github.lines().count() == 1);

    let junit = read("o.xml");
    assert!(
        junit.contains("<testsuite name=\"accord check\" tests=\"1\" failures=\"1\" errors=\"0\">")
    );
    assert!(junit.contains("<testcase name=\"order\" classname=\"order.avsc\">"));
    assert!(read("o.md").contains("| order | order.avsc | ❌ incompatible |"));
}
