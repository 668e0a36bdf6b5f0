//! `accord explain`: what a rule means, with an example and the ways out.

use super::exit::Failure;
use crate::compat::report::Severity;
use crate::compat::rules::{self, Rule};
use clap::Args;
use std::fmt::Write;

/// Which rule.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord explain avro/field-without-default
  accord explain field-without-default                  a bare id, if only one language has it
  accord explain READER_FIELD_MISSING_DEFAULT_VALUE     a difference name of the reference
  accord explain                                        every rule
  accord explain --json avro/field-without-default | jq .ways_out

Exit codes: 0 explained, 2 no such rule.")]
pub(super) struct Arguments {
    /// The rule as reports name it, its id alone, or a difference name that it covers. Without it: the list of
    /// all rules.
    rule: Option<String>,
    /// Print JSON: one object for a rule, an array for the list.
    #[arg(long)]
    json: bool,
    /// Print the rule's page in Markdown, as it is in docs/rules.
    #[arg(long, hide = true, conflicts_with = "json", requires = "rule")]
    markdown: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let text = match &arguments.rule {
        None if arguments.json => json(&rules::all())?,
        None => list(),
        Some(name) => {
            let found = find(name)?;
            match *found.as_slice() {
                [rule] if arguments.json => json(&rule)?,
                [rule] if arguments.markdown => crate::compat::render::page::page(rule),
                ref several if arguments.json => json(&several)?,
                ref several => several
                    .iter()
                    .map(|r| explain(r))
                    .collect::<Vec<_>>()
                    .join("\n\n"),
            }
        }
    };
    super::print(&text)
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::outside)?;
    text.push('\n');
    Ok(text)
}

/// The rules with this name; a difference name may belong to several languages.
fn find(name: &str) -> Result<Vec<&'static Rule>, Failure> {
    let name = name.trim();
    let all = rules::all();
    if let Some(rule) = all.iter().find(|r| r.full_id().eq_ignore_ascii_case(name)) {
        return Ok(vec![rule]);
    }
    let bare: Vec<&Rule> = all
        .iter()
        .filter(|r| r.id.eq_ignore_ascii_case(name))
        .collect();
    if let [rule] = *bare.as_slice() {
        return Ok(vec![rule]);
    }
    if !bare.is_empty() {
        let full: Vec<String> = bare.iter().map(|r| r.full_id()).collect();
        return Err(Failure::usage(format!(
            "several languages have a rule '{name}': {}",
            full.join(", ")
        )));
    }
    let covering: Vec<&Rule> = all
        .iter()
        .filter(|r| r.text.kinds.iter().any(|k| k.eq_ignore_ascii_case(name)))
        .collect();
    if !covering.is_empty() {
        return Ok(covering);
    }
    let mut message = format!("there is no rule '{name}'");
    let near = near(name);
    if !near.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(message, "\n\n  similar: {}", near.join(", "));
    }
    message.push_str("\n\nFor every rule, try 'accord explain'.");
    Err(Failure::usage(message))
}

/// How alike a name must be to be proposed, as clap has it.
const ALIKE: f64 = 0.7;
/// How many names are proposed.
const PROPOSED: usize = 5;

fn near(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let mut names: Vec<(f64, String)> = rules::all()
        .iter()
        .flat_map(|rule| {
            let id = strsim::jaro_winkler(&lower, &rule.id)
                .max(strsim::jaro_winkler(&lower, &rule.full_id()));
            let kinds = rule
                .text
                .kinds
                .iter()
                .map(|k| (strsim::jaro_winkler(&lower, &k.to_lowercase()), k.clone()));
            std::iter::once((id, rule.full_id())).chain(kinds)
        })
        .filter(|(alike, _)| *alike > ALIKE)
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    names.dedup_by(|a, b| a.1 == b.1);
    names.into_iter().take(PROPOSED).map(|(_, n)| n).collect()
}

/// Every rule, by language.
fn list() -> String {
    let mut out = String::new();
    let widest = rules::all()
        .iter()
        .map(|r| r.full_id().len())
        .max()
        .unwrap_or_default();
    let mut last = "";
    for rule in rules::all() {
        if rule.format != last {
            if !last.is_empty() {
                out.push('\n');
            }
            let _ = writeln!(out, "{}", rules::language(&rule.format));
            last = &rule.format;
        }
        let _ = writeln!(out, "  {:widest$}  {}", rule.full_id(), rule.text.title);
    }
    out.push_str("\n'accord explain RULE' tells more about one of them.\n");
    out
}

/// A rule for people.
fn explain(rule: &Rule) -> String {
    let mut out = String::new();
    let text = &rule.text;
    let _ = writeln!(out, "{}: {}", rule.full_id(), text.title);
    let meant = match text.severity {
        Severity::Broken => "A record is not read as it was written.",
        Severity::Rule => "The reference's rules refuse it; no record need fail.",
        Severity::Warning => "Records are read, but as something else.",
    };
    let _ = writeln!(out, "{meant}\n\n{}", text.why.trim());
    if let Some(example) = &text.example {
        section(&mut out, "Written with", &example.writer);
        section(&mut out, "Read with", &example.reader);
        if let Some(record) = &example.record {
            section(&mut out, "A record that shows it", record);
        }
    }
    if !text.ways_out.is_empty() {
        out.push_str("\nWays out:\n");
        for way in &text.ways_out {
            let _ = writeln!(out, "  - {}", rules::in_general(way));
        }
    }
    if !text.kinds.is_empty() {
        let _ = writeln!(out, "\nThe reference's names: {}", text.kinds.join(", "));
    }
    out
}

fn section(out: &mut String, title: &str, code: &str) {
    let _ = writeln!(out, "\n{title}:");
    for line in code.trim().lines() {
        let _ = writeln!(out, "  {line}");
    }
}
