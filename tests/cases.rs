//! Typical mistakes, one folder each: the verdicts, the rules that speak, and the report as people read it.
//!
//! `ACCORD_SNAPSHOTS=write` writes the reports anew; what they say is then to be read, not believed.
#![cfg(feature = "engine")]

#[path = "support/reports.rs"]
mod reports;

use accord::compat::render::text::{Whose, plain};
use accord::compat::report::Report;
use accord::compat::rules;
use accord::format::truth::Outcome;
use accord::model::Level;
use reports::{Question, language, on_big_stack};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a case's file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What happened, for the reader of the case.
    #[expect(dead_code, reason = "it is for people")]
    note: String,
    level: Option<String>,
    confluent: String,
    semantic: String,
    json_mapping: Option<String>,
    /// The rules of all findings about the language's main mapping; absent: not looked at.
    rules: Option<BTreeSet<String>>,
}

fn folders(under: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(under)
        .expect("the folder is readable")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    all.sort();
    all
}

fn cases() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut all = Vec::new();
    for format in folders(&root) {
        let name = format.file_name().unwrap().to_str().unwrap().to_owned();
        for rule in folders(&format) {
            all.extend(folders(&rule).into_iter().map(|case| (name.clone(), case)));
        }
    }
    all
}

fn file(case: &Path, stem: &str) -> String {
    let path = std::fs::read_dir(case)
        .expect("the case is readable")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.file_stem().is_some_and(|s| s == stem))
        .unwrap_or_else(|| panic!("{} has no {stem}.*", case.display()));
    std::fs::read_to_string(path).expect("the text is readable")
}

/// Reports of a language without rule files have no words of their own yet, and perhaps no truth.
fn is_built(format: &str) -> bool {
    rules::all().iter().any(|rule| rule.format == format)
}

fn problems(format: &str, folder: &Path) -> Vec<String> {
    let case: Case = toml::from_str(&file(folder, "case")).expect("case.toml is right");
    let (old, new) = (file(folder, "old"), file(folder, "new"));
    let history = [old.as_str()];
    let question = Question {
        level: case
            .level
            .as_deref()
            .map_or(Level::Backward, |l| Level::parse(l).expect("a level")),
        ..Question::of(language(format).expect("a language"), &history, &new)
    };
    let report = match question.report() {
        Ok(report) => report,
        Err(error) => return vec![error],
    };
    let mut wrong = Vec::new();
    let mut same = |what: &str, is: String, wanted: &str| {
        if is != wanted {
            wrong.push(format!("{what} is {is}, not {wanted}"));
        }
    };
    let word = |value: serde_json::Value| value.as_str().unwrap_or("none").to_owned();
    let verdicts = serde_json::to_value(report.verdicts).expect("verdicts are JSON");
    same(
        "confluent",
        word(verdicts["confluent"].clone()),
        &case.confluent,
    );
    if !is_built(format) && report.verdicts.semantic == Outcome::Undecided {
        println!("{}: no truth yet", folder.display());
        return wrong;
    }
    same(
        "semantic",
        word(verdicts["semantic"].clone()),
        &case.semantic,
    );
    if let Some(wanted) = &case.json_mapping {
        same(
            "json_mapping",
            word(verdicts["json_mapping"].clone()),
            wanted,
        );
    }
    if let Some(wanted) = &case.rules {
        let is: BTreeSet<String> = report
            .findings
            .iter()
            .filter(|f| f.mapping.is_none())
            .map(|f| f.rule.clone())
            .collect();
        if is != *wanted {
            wrong.push(format!("the rules are {is:?}, not {wanted:?}"));
        }
    }
    if is_built(format) {
        wrong.extend(snapshot(folder, &report, &old, &new));
    }
    wrong
}

fn snapshot(folder: &Path, report: &Report, old: &str, new: &str) -> Option<String> {
    let text = plain(report, &|whose, reference| match (whose, reference) {
        (Whose::New, None) => Some(new),
        (Whose::Old(_), None) => Some(old),
        _ => None,
    });
    let path = folder.join("report.txt");
    if std::env::var_os("ACCORD_SNAPSHOTS").is_some_and(|v| v == "write") {
        std::fs::write(&path, &text).expect("the report can be written");
    }
    match std::fs::read_to_string(&path) {
        Ok(kept) if kept == text => None,
        Ok(kept) => Some(format!(
            "the report reads otherwise; was:\n{kept}\nis:\n{text}"
        )),
        Err(_) => Some(format!(
            "there is no report.txt (ACCORD_SNAPSHOTS=write writes it); it would be:\n{text}"
        )),
    }
}

#[test]
fn typical_mistakes_are_told() {
    on_big_stack(|| {
        let mut wrong = Vec::new();
        let mut waiting = BTreeSet::new();
        let all = cases();
        for (format, folder) in &all {
            if !is_built(format) {
                waiting.insert(format.clone());
            }
            for problem in problems(format, folder) {
                wrong.push(format!("{}: {problem}", folder.display()));
            }
        }
        println!("{} cases", all.len());
        for format in waiting {
            println!("{format} has no rules yet: its reports are not compared");
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn a_schema_against_itself_is_silent() {
    on_big_stack(|| {
        for (format, folder) in cases() {
            for stem in ["old", "new"] {
                let text = file(&folder, stem);
                let history = [text.as_str()];
                let question = Question {
                    level: Level::Full,
                    ..Question::of(language(&format).expect("a language"), &history, &text)
                };
                let report = question.report().expect("a report");
                assert!(report.compatible, "{}", folder.display());
                assert!(report.findings.is_empty(), "{}", folder.display());
            }
        }
    });
}
