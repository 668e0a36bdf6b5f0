//! For programs: GitHub, GitLab, JUnit, SARIF.

use super::text::notes;
use super::{Diagnostic, Outcome, State, Weight};
use crate::compat::rules;
use crate::model::TextId;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The message with what is said below it.
fn whole(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    for (name, note) in notes(diagnostic) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{name}: {note}");
    }
    text
}

/// Workflow commands, one a line.
pub(super) fn github(outcome: &Outcome) -> String {
    let data = |text: &str| {
        text.replace('%', "%25")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = String::new();
    for d in outcome.diagnostics() {
        let word = match d.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
            Weight::Note => "notice",
        };
        let columns = if d.line == d.end_line {
            format!(",col={},endColumn={}", d.column, d.end_column)
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "::{word} file={},line={},endLine={}{columns},title={}::{}",
            property(&d.path),
            d.line,
            d.end_line,
            property(&d.rule),
            data(&whole(d))
        );
    }
    out
}

fn fingerprint(d: &Diagnostic) -> String {
    let finding = d.finding.as_ref();
    let place = finding.map(|f| (&f.reader.pointer, &f.writer.pointer, f.direction));
    TextId::of(&format!(
        "{}\n{}\n{}\n{}\n{place:?}",
        d.rule, d.subject, d.path, d.message
    ))
    .to_string()
}

/// GitLab's code quality report.
pub(super) fn gitlab(outcome: &Outcome) -> Value {
    outcome
        .diagnostics()
        .map(|d| {
            json!({
                "description": whole(d),
                "check_name": d.rule,
                "fingerprint": fingerprint(d),
                "severity": match d.weight {
                    Weight::Error => "major",
                    Weight::Warning => "minor",
                    Weight::Note => "info",
                },
                "location": {"path": d.path, "lines": {"begin": d.line, "end": d.end_line}},
            })
        })
        .collect()
}

pub(super) fn sarif(outcome: &Outcome) -> Value {
    let used: BTreeSet<&str> = outcome.diagnostics().map(|d| d.rule.as_str()).collect();
    let described: Vec<Value> = used
        .iter()
        .map(|id| {
            let rule = id
                .split_once('/')
                .and_then(|(folder, id)| rules::rule(folder, id));
            match rule {
                Some(rule) => json!({
                    "id": id,
                    "shortDescription": {"text": rule.text.title},
                    "fullDescription": {"text": rule.text.why},
                    "help": {"text": rule.text.why},
                }),
                None => json!({"id": id}),
            }
        })
        .collect();
    let results: Vec<Value> = outcome
        .diagnostics()
        .map(|d| {
            let mut result = json!({
                "ruleId": d.rule,
                "level": match d.weight {
                    Weight::Error => "error",
                    Weight::Warning => "warning",
                    Weight::Note => "note",
                },
                "message": {"text": whole(d)},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": uri(&d.path)},
                    "region": {
                        "startLine": d.line, "startColumn": d.column,
                        "endLine": d.end_line, "endColumn": d.end_column,
                    },
                }}],
                "partialFingerprints": {"accord/v1": fingerprint(d)},
            });
            if let (Some(why), Weight::Note, Some(result)) =
                (&d.suppressed, d.weight, result.as_object_mut())
            {
                result.insert(
                    "suppressions".to_owned(),
                    json!([{"kind": "external", "justification": why}]),
                );
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "accord",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    path.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(b).to_string()
            }
            b => format!("%{b:02X}"),
        })
        .collect()
}

/// JUnit's XML: a case for each schema that was looked at.
pub(super) fn junit(outcome: &Outcome) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let errors = outcome
        .checked
        .iter()
        .filter(|c| c.state == State::Invalid)
        .count();
    let failed = |c: &&super::Checked| {
        c.state != State::Invalid && c.diagnostics.iter().any(|d| d.weight == Weight::Error)
    };
    let failures = outcome.checked.iter().filter(failed).count();
    let tests = outcome.checked.len();
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    let _ = writeln!(
        out,
        "<testsuites name=\"accord check\" {counts}>\n  <testsuite name=\"accord check\" {counts}>"
    );
    for checked in &outcome.checked {
        let _ = writeln!(
            out,
            "    <testcase name=\"{}\" classname=\"{}\">",
            xml(&checked.subject),
            xml(&checked.path)
        );
        let mut told: Vec<&Diagnostic> = Vec::new();
        told.extend(
            checked
                .diagnostics
                .iter()
                .filter(|d| d.weight == Weight::Error),
        );
        if let Some(first) = told.first() {
            let element = if checked.state == State::Invalid {
                "error"
            } else {
                "failure"
            };
            let text: Vec<String> = told
                .iter()
                .map(|d| format!("{}:{}:{}: {}", d.path, d.line, d.column, whole(d)))
                .collect();
            let _ = writeln!(
                out,
                "      <{element} message=\"{}\" type=\"{}\">{}</{element}>",
                xml(&first.message),
                xml(&first.rule),
                xml(&text.join("\n\n"))
            );
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Text in XML; what XML cannot hold is left out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push('\t'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}
