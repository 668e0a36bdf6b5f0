//! A rule's page of the documentation, in Markdown.

use crate::compat::report::Severity;
use crate::compat::rules::{Rule, in_general};
use std::fmt::Write;

/// The page.
pub fn page(rule: &Rule) -> String {
    let text = &rule.text;
    let mut out = String::new();
    let meant = match text.severity {
        Severity::Broken => "a record is not read as it was written",
        Severity::Rule => "the reference's rules refuse it; no record need fail",
        Severity::Warning => "records are read, but as something else",
    };
    let code = match rule.format.as_str() {
        "protobuf" => "protobuf",
        _ => "json",
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<!-- Made from rules/{0}/{1}.toml; edit that file. -->\n\n# {2}\n\n`{0}/{1}`: {meant}.\n\n{3}",
        rule.format,
        rule.id,
        text.title,
        text.why.trim()
    );
    if let Some(example) = &text.example {
        out.push_str("\n## Example\n");
        let mut block = |title: &str, code: &str, body: &str| {
            let _ = writeln!(out, "\n{title}:\n\n```{code}\n{}\n```", body.trim());
        };
        block("Written with", code, &example.writer);
        block("Read with", code, &example.reader);
        if let Some(record) = &example.record {
            block("A record that shows it", "json", record);
        }
    }
    if !text.ways_out.is_empty() {
        out.push_str("\n## Ways out\n\n");
        for way in &text.ways_out {
            let _ = writeln!(out, "- {}", in_general(way));
        }
    }
    if !text.kinds.is_empty() {
        let _ = writeln!(
            out,
            "\n## The reference's names\n\n{}",
            text.kinds
                .iter()
                .map(|k| format!("`{k}`"))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    out
}

/// The list of all pages.
pub fn contents(rules: &[Rule]) -> String {
    let mut out = String::from("<!-- Made from the files in rules/. -->\n\n# Rules\n");
    let mut last = "";
    for rule in rules {
        if rule.format != last {
            let _ = writeln!(
                out,
                "\n## {}\n",
                crate::compat::rules::language(&rule.format)
            );
            last = &rule.format;
        }
        let _ = writeln!(
            out,
            "- [`{0}`]({1}/{0}.md): {2}",
            rule.id, rule.format, rule.text.title
        );
    }
    out
}
