//! The rule files, the code that speaks of them, and the pages made from them belong together.
//!
//! `ACCORD_SNAPSHOTS=write` writes the pages anew.
#![cfg(feature = "engine")]

#[path = "support/reports.rs"]
mod reports;

use accord::compat::render::page::{contents, page};
use accord::compat::report::Severity;
use accord::compat::rules::{self, Rule, fill};
use accord::format::truth::Arguments;
use accord::model::Policy;
use reports::{Question, language, on_big_stack};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(under: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(under).expect("the folder is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs")
            && path.file_name().is_some_and(|n| n != "tests.rs")
        {
            into.push(path);
        }
    }
}

/// The code of a language's folder, as one text.
fn code(format: &str) -> String {
    let mut files = Vec::new();
    rust_files(&project().join("src/format").join(format), &mut files);
    files
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("code is readable"))
        .collect()
}

/// Languages whose rules are written.
fn built() -> BTreeSet<&'static str> {
    let formats: BTreeSet<&str> = rules::all().iter().map(|r| r.format.as_str()).collect();
    for format in ["avro", "json", "protobuf"] {
        if !formats.contains(format) {
            println!("{format} has no rules yet");
        }
    }
    formats
}

#[test]
fn every_rule_file_says_everything() {
    let folder = project().join("rules");
    let mut on_disk = BTreeSet::new();
    for format in std::fs::read_dir(&folder).expect("rules/ is readable") {
        let format = format.expect("an entry").path();
        for file in std::fs::read_dir(&format).expect("a folder") {
            let path = file.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("a text");
            if let Err(error) = rules::parse(&text) {
                panic!("{}: {error}", path.display());
            }
            on_disk.insert(format!(
                "{}/{}",
                format.file_name().unwrap().to_str().unwrap(),
                path.file_stem().unwrap().to_str().unwrap()
            ));
        }
    }
    let embedded: BTreeSet<String> = rules::all().iter().map(Rule::full_id).collect();
    assert_eq!(
        embedded, on_disk,
        "touch src/compat/rules.rs and build again"
    );
    for rule in rules::all() {
        let id = rule.full_id();
        let text = &rule.text;
        assert!(
            !text.title.trim().is_empty() && !text.title.contains('\n'),
            "{id}: title"
        );
        assert!(text.why.trim().len() > 60, "{id}: why");
        assert!(!text.message.trim().is_empty(), "{id}: message");
        assert!(!text.ways_out.is_empty(), "{id}: ways out");
        // What only shows where formats are asserted, or by a keyword that no rule knows, has no example.
        let is_open = text.severity == Severity::Rule && text.kinds.is_empty();
        if rule.format != rules::REGISTRY && !is_open {
            let example = text.example.as_ref();
            let example = example.unwrap_or_else(|| panic!("{id}: no example"));
            let shows = example.record.is_some();
            assert_eq!(
                shows,
                text.severity != Severity::Rule,
                "{id}: the example's record"
            );
        }
    }
}

#[test]
fn every_example_yields_its_rule() {
    on_big_stack(|| {
        let mut wrong = Vec::new();
        for rule in rules::all() {
            let (Some(schema_type), Some(example)) = (language(&rule.format), &rule.text.example)
            else {
                continue;
            };
            let id = rule.full_id();
            let history = [example.writer.as_str()];
            let question = Question::of(schema_type, &history, &example.reader);
            let report = match question.report() {
                Ok(report) => report,
                Err(error) => {
                    wrong.push(format!("{id}: {error}"));
                    continue;
                }
            };
            let found = report.findings.iter().find(|f| f.rule == id);
            let Some(found) = found else {
                let rules: Vec<_> = report.findings.iter().map(|f| &f.rule).collect();
                wrong.push(format!("{id}: the example yields {rules:?}"));
                continue;
            };
            println!("{id}: {}", fill(&rule.text.message, &found.arguments).text);
            if found.severity != rule.text.severity {
                wrong.push(format!("{id}: {:?} in the example", found.severity));
            }
            if rule.text.severity != Severity::Rule {
                if found.witness.is_none() {
                    wrong.push(format!("{id}: no witness"));
                }
                let missing = fill(&rule.text.message, &found.arguments).missing;
                if !missing.is_empty() {
                    wrong.push(format!("{id}: the message lacks {missing:?}"));
                }
                let ways = rules::ways_out(rule, &found.arguments);
                if ways.is_empty() {
                    wrong.push(format!("{id}: no way out has all its words"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// The names of the reference's differences are listed in sections 6.3 to 6.5 of its contract; the code holds
/// those it can give. Names that never violate a policy need no rule.
#[test]
fn every_difference_belongs_to_one_rule() {
    let all = rules::all();
    let mut covered: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for rule in all {
        for kind in &rule.text.kinds {
            covered
                .entry((&rule.format, kind))
                .or_default()
                .push(rule.full_id());
        }
    }
    for (kind, rules) in &covered {
        assert_eq!(rules.len(), 1, "{kind:?} belongs to {rules:?}");
        assert!(
            code(kind.0).contains(&format!("\"{}\"", kind.1)),
            "{kind:?} of {rules:?} is no difference name"
        );
    }
}

/// What the vectors' pairs can violate belongs to a rule.
#[test]
fn every_violation_in_the_vectors_belongs_to_a_rule() {
    on_big_stack(|| {
        let mut without = BTreeSet::new();
        for format in built() {
            let Some(schema_type) = language(format) else {
                continue;
            };
            for (reader, writer) in reports::vectors(format) {
                let (Ok(reader), Ok(writer)) = (
                    reports::parse(schema_type, &reader),
                    reports::parse(schema_type, &writer),
                ) else {
                    continue;
                };
                let limits = accord::format::Limits::default();
                let found = accord::format::diff(&reader.0, &writer.0, Policy::Strict, &limits);
                for difference in found.unwrap_or_default() {
                    if difference.breaks(Policy::Strict)
                        && rules::rule_of_kind(format, difference.kind).is_none()
                    {
                        without.insert((format, difference.kind));
                    }
                }
            }
        }
        assert!(without.is_empty(), "{without:?}");
    });
}

#[test]
fn every_rule_of_the_code_has_a_file_and_the_reverse() {
    for format in built() {
        if language(format).is_none() {
            continue;
        }
        let code = code(format);
        for rule in rules::all().iter().filter(|r| r.format == format) {
            if rule.text.severity != Severity::Rule {
                assert!(
                    code.contains(&format!("\"{}\"", rule.id)),
                    "{} is never used",
                    rule.full_id()
                );
            }
        }
        let mut rest = code.as_str();
        while let Some((_, after)) = rest.split_once("rule: \"") {
            let id = after.split('"').next().unwrap_or_default();
            assert!(
                rules::rule(format, id).is_some(),
                "{format}/{id} has no file"
            );
            rest = after;
        }
    }
}

#[test]
fn the_pages_are_current() {
    let folder = project().join("docs/rules");
    let write = std::env::var_os("ACCORD_SNAPSHOTS").is_some_and(|v| v == "write");
    let mut wanted: BTreeMap<PathBuf, String> = rules::all()
        .iter()
        .map(|rule| {
            (
                folder.join(&rule.format).join(format!("{}.md", rule.id)),
                page(rule),
            )
        })
        .collect();
    wanted.insert(folder.join("README.md"), contents(rules::all()));
    for (path, text) in &wanted {
        if write {
            std::fs::create_dir_all(path.parent().unwrap()).expect("a folder");
            std::fs::write(path, text).expect("a page");
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(kept, *text, "{} is not current", path.display());
    }
    for format in std::fs::read_dir(&folder).expect("docs/rules is readable") {
        let format = format.expect("an entry").path();
        if format.is_dir() {
            for page in std::fs::read_dir(&format).expect("a folder") {
                let path = page.expect("an entry").path();
                assert!(wanted.contains_key(&path), "{} has no rule", path.display());
            }
        }
    }
}

#[test]
fn unknown_words_do_not_stop_a_sentence() {
    let filled = fill("`{field}` of {a_record}", &Arguments::default());
    assert_eq!(filled.text, "`field` of a record");
    assert_eq!(filled.missing, ["field", "a_record"]);
}
