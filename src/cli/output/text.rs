//! For people: the terminal and the comment of a pull request.

use super::{Diagnostic, Outcome, State, Weight};
use crate::compat::render::text::clean;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt::Write;
use std::ops::Range;

/// Whether there are colours.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Look {
    Plain,
    Styled,
}

/// How much of a record is shown, in characters.
const RECORD: usize = 600;

pub(super) fn text(outcome: &Outcome, look: Look) -> String {
    let renderer = match look {
        Look::Plain => Renderer::plain(),
        Look::Styled => Renderer::styled(),
    };
    let mut out = String::new();
    for diagnostic in outcome.diagnostics() {
        out.push_str(&one(outcome, diagnostic, &renderer));
        out.push_str("\n\n");
    }
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", clean(&outcome.summary()));
    out
}

fn one(outcome: &Outcome, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.weight {
        Weight::Error => Level::ERROR,
        Weight::Warning => Level::WARNING,
        Weight::Note => Level::NOTE,
    };
    let title = level
        .primary_title(clean(&diagnostic.message))
        .id(diagnostic.rule.clone());
    let source = outcome.texts.get(&diagnostic.path);
    let notes = notes(diagnostic)
        .into_iter()
        .map(|(name, note)| Level::NOTE.with_name(Some(name)).message(clean(&note)));
    let group = match source {
        Some(source) => {
            let shown: String = source
                .chars()
                .map(|c| {
                    if c.is_control() && c != '\n' && c != '\t' {
                        ' '
                    } else {
                        c
                    }
                })
                .collect();
            let span = span(&shown, diagnostic);
            title
                .element(
                    Snippet::source(shown)
                        .path(clean(&diagnostic.path))
                        .annotation(AnnotationKind::Primary.span(span)),
                )
                .elements(notes)
        }
        None => {
            let place = format!(
                "{}:{}:{}",
                diagnostic.path, diagnostic.line, diagnostic.column
            );
            title
                .element(Level::NOTE.with_name(Some("in")).message(clean(&place)))
                .elements(notes)
        }
    };
    renderer.render(&[group]).to_string()
}

/// What is said below a place.
pub(super) fn notes(diagnostic: &Diagnostic) -> Vec<(&'static str, String)> {
    let mut notes = vec![("subject", diagnostic.subject.clone())];
    if let Some(against) = &diagnostic.against {
        notes.push(("compared with", against.clone()));
    }
    if let Some(finding) = &diagnostic.finding {
        if let Some(witness) = &finding.witness {
            notes.push(("failing record", shortened(&witness.record)));
            notes.push(("what a reader says", shortened(&witness.reading)));
        }
        for way in &finding.ways_out {
            notes.push(("way out", way.clone()));
        }
        notes.push(("more", format!("accord explain {}", finding.rule)));
    }
    if let Some(suppressed) = &diagnostic.suppressed {
        notes.push(("suppression", suppressed.clone()));
    }
    notes
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(RECORD) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The bytes of a place. Its first line only: what follows is seldom what is wrong.
fn span(source: &str, diagnostic: &Diagnostic) -> Range<usize> {
    let mut start = 0;
    for line in source
        .split_inclusive('\n')
        .take(diagnostic.line.saturating_sub(1))
    {
        start += line.len();
    }
    let line = source.get(start..).unwrap_or_default();
    let line = line.split('\n').next().unwrap_or_default();
    let byte = |column: usize| {
        let at = line.char_indices().nth(column.saturating_sub(1));
        start + at.map_or(line.len(), |(at, _)| at)
    };
    let from = byte(diagnostic.column);
    let to = if diagnostic.end_line == diagnostic.line {
        byte(diagnostic.end_column)
    } else {
        start + line.trim_end().len()
    };
    from..to.max(from)
}

/// Text that Markdown takes for text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if "\\`*_{}[]<>()#+!|&@~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

pub(super) fn markdown(outcome: &Outcome) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### Schema check: {}\n", escaped(&outcome.summary()));
    if !outcome.checked.is_empty() {
        out.push_str("| Subject | File | Verdict |\n|---|---|---|\n");
    }
    for checked in &outcome.checked {
        let verdict = match checked.state {
            State::New => "new",
            State::Compatible => "✅ compatible",
            State::Incompatible => "❌ incompatible",
            State::Undecided => "❓ undecided",
            State::Invalid => "❌ no valid schema",
            State::Deleted => "deleted",
        };
        let _ = writeln!(
            out,
            "| {} | {} | {verdict} |",
            escaped(&checked.subject),
            escaped(&checked.path)
        );
    }
    for diagnostic in outcome.diagnostics() {
        let word = match diagnostic.weight {
            Weight::Error => "Error",
            Weight::Warning => "Warning",
            Weight::Note => "Note",
        };
        let _ = writeln!(
            out,
            "\n<details><summary>{word}: {} ({}:{})</summary>\n\n{}\n",
            html(&diagnostic.rule),
            html(&diagnostic.path),
            diagnostic.line,
            escaped(&diagnostic.message)
        );
        for (name, note) in notes(diagnostic) {
            let _ = writeln!(out, "- {name}: {}", escaped(&note));
        }
        out.push_str("\n</details>\n");
    }
    out
}

fn html(text: &str) -> String {
    clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
