//! A report as text for people: lines with a tone, so that whoever prints them chooses colours or none.

use crate::compat::report::{
    Direction, Finding, Report, Ruling, Severity, Site, Undecided, VerdictPolicy,
};
use crate::format::truth::{Effect, Outcome};
use crate::model::Version;
use std::fmt::Write;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// The headline of something that may join.
    Good,
    /// The headline of something that may not, or of a break.
    Bad,
    /// The headline of a warning or of something that only rules refuse.
    Caution,
    /// Text.
    Plain,
    /// A piece of a schema or a record.
    Code,
}

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it is meant.
    pub tone: Tone,
    /// What it says. Free of control characters.
    pub text: String,
}

/// Whose text a snippet is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The candidate's.
    New,
    /// An earlier version's.
    Old(Version),
}

/// Hands out the text of a schema, or of one that it refers to, by name.
pub type Texts<'a> = dyn Fn(Whose, Option<&str>) -> Option<&'a str> + 'a;

/// How many characters of a line of a schema are shown.
const WIDTH: usize = 96;
/// How many characters of a record are shown.
const RECORD: usize = 1_000;
/// How many obstacles are listed.
const OBSTACLES: usize = 10;
/// How many versions are listed.
const VERSIONS: usize = 20;

/// The lines of a report.
pub fn lines(report: &Report, texts: &Texts<'_>) -> Vec<Line> {
    let mut page = Page::default();
    head(&mut page, report);
    for finding in &report.findings {
        page.push(Tone::Plain, "");
        tell(&mut page, finding, texts);
    }
    if report.findings_left_out > 0 {
        page.push(Tone::Plain, "");
        let more = report.findings_left_out;
        page.push(Tone::Plain, &format!("... and {more} more findings"));
    }
    if !report.undecided.is_empty() {
        page.push(Tone::Plain, "");
        page.push(Tone::Caution, "not decided");
        for undecided in report.undecided.iter().take(OBSTACLES) {
            page.push(Tone::Plain, &obstacle(undecided));
        }
        let more = report.undecided.len().saturating_sub(OBSTACLES);
        if more > 0 {
            page.push(Tone::Plain, &format!("  ... and {more} more"));
        }
    }
    page.lines
}

/// The lines as one text.
pub fn plain(report: &Report, texts: &Texts<'_>) -> String {
    let mut out = String::new();
    for line in lines(report, texts) {
        out.push_str(line.text.trim_end());
        out.push('\n');
    }
    out
}

#[derive(Default)]
struct Page {
    lines: Vec<Line>,
}

impl Page {
    fn push(&mut self, tone: Tone, text: &str) {
        self.lines.push(Line {
            tone,
            text: clean(text),
        });
    }
}

/// Schemas and records come from strangers: what would steer a terminal is spelt out.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

fn head(page: &mut Page, report: &Report) {
    let policy = match report.policy {
        VerdictPolicy::Confluent => "confluent",
        VerdictPolicy::Semantic => "semantic",
        VerdictPolicy::Strictest => "strictest",
    };
    let (tone, word) = if report.compatible {
        (Tone::Good, "compatible")
    } else {
        (Tone::Bad, "incompatible")
    };
    page.push(
        tone,
        &format!("{word} (level {}, policy {policy})", report.level),
    );
    let ruling = match report.verdicts.confluent {
        Ruling::Compatible => "compatible",
        Ruling::Incompatible => "incompatible",
    };
    page.push(
        Tone::Plain,
        &format!("  by the reference's rules: {ruling}"),
    );
    let truth = match report.verdicts.semantic {
        Outcome::Proved => "proved, every record is read",
        Outcome::Broken => "broken, some record is not read as it was written",
        Outcome::Undecided => "undecided",
    };
    page.push(Tone::Plain, &format!("  in truth: {truth}"));
    if let Some(json) = report.verdicts.json_mapping {
        page.push(Tone::Plain, &format!("  in the JSON mapping: {json}"));
    }
    if report.fell_back {
        page.push(
            Tone::Caution,
            "  the truth was to decide and is undecided: the reference's rules stood in",
        );
    }
    page.push(
        Tone::Plain,
        &format!("  compared with: {}", versions(&report.compared)),
    );
    if !report.not_compared.is_empty() {
        page.push(
            Tone::Plain,
            &format!("  not compared: {}", versions(&report.not_compared)),
        );
    }
}

fn versions(all: &[Version]) -> String {
    if all.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<String> = all
        .iter()
        .take(VERSIONS)
        .map(|v| format!("version {v}"))
        .collect();
    let mut text = shown.join(", ");
    let more = all.len().saturating_sub(VERSIONS);
    if more > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, " and {more} more");
    }
    text
}

/// Who reads what.
fn way(direction: Direction, against: Version) -> String {
    match direction {
        Direction::Backward => format!("written with version {against}, read with the new schema"),
        Direction::Forward => format!("written with the new schema, read with version {against}"),
    }
}

fn tell(page: &mut Page, finding: &Finding, texts: &Texts<'_>) {
    let (tone, word) = match finding.severity {
        Severity::Broken => (Tone::Bad, "broken"),
        Severity::Rule => (Tone::Caution, "refused by rule"),
        Severity::Warning => (Tone::Caution, "warning"),
    };
    let mapping = match finding.mapping {
        Some(mapping) => format!(" in the {} mapping", mapping.to_uppercase()),
        None => String::new(),
    };
    page.push(tone, &format!("{word}{mapping}: {}", finding.rule));
    page.push(Tone::Plain, &format!("  {}", finding.message));
    if let (Some(kind), Some(path)) = (&finding.kind, &finding.path) {
        let rules = if finding.confluent {
            "the reference refuses it too"
        } else {
            "the reference lets it pass"
        };
        let said = match finding.severity {
            Severity::Rule => format!("  {kind} at {path}"),
            _ => format!("  {rules}: {kind} at {path}"),
        };
        page.push(Tone::Plain, &said);
    } else if finding.severity == Severity::Broken && !finding.confluent {
        page.push(Tone::Plain, "  the reference's rules do not object to it");
    }
    if let Some(against) = finding.against {
        page.push(
            Tone::Plain,
            &format!("  {}", way(finding.direction, against)),
        );
        let (reader, writer) = match finding.direction {
            Direction::Backward => (Whose::New, Whose::Old(against)),
            Direction::Forward => (Whose::Old(against), Whose::New),
        };
        place(page, "reader", reader, &finding.reader, texts);
        place(page, "writer", writer, &finding.writer, texts);
    }
    if let Some(witness) = &finding.witness {
        let root = match &witness.root {
            Some(root) => format!(" of {root}"),
            None => String::new(),
        };
        page.push(Tone::Plain, &format!("  a record{root} that shows it:"));
        page.push(
            Tone::Code,
            &format!("    {}", shortened(&witness.record, RECORD)),
        );
        if let Some(hex) = &witness.hex {
            page.push(
                Tone::Code,
                &format!("    encoded: {}", shortened(hex, RECORD)),
            );
        }
        let effect = match finding.effect {
            Some(Effect::Fails) => "reading fails",
            Some(Effect::Lost) => "read without a part of it",
            Some(Effect::Changed) => "read as something else",
            Some(Effect::Hidden) => "a part of it is hidden from the reader",
            None => "read",
        };
        page.push(
            Tone::Plain,
            &format!("    {effect}: {}", shortened(&witness.reading, RECORD)),
        );
    }
    if !finding.ways_out.is_empty() {
        page.push(Tone::Plain, "  ways out:");
        for way in &finding.ways_out {
            page.push(Tone::Plain, &format!("    - {way}"));
        }
    }
}

/// A place, with the piece of the text that is there.
fn place(page: &mut Page, role: &str, whose: Whose, site: &Site, texts: &Texts<'_>) {
    let schema = match whose {
        Whose::New => "the new schema".to_owned(),
        Whose::Old(version) => format!("version {version}"),
    };
    let reference = match &site.reference {
        Some(name) => format!(" of its reference {name}"),
        None => String::new(),
    };
    let pointer = if site.pointer.is_empty() {
        "the root"
    } else {
        &site.pointer
    };
    let (Some(line @ 1..), Some(column @ 1..)) = (site.line, site.column) else {
        if !site.pointer.is_empty() {
            page.push(
                Tone::Plain,
                &format!("  {role}: {pointer}{reference} in {schema}"),
            );
        }
        return;
    };
    page.push(
        Tone::Plain,
        &format!("  {role}: {pointer}{reference} in {schema}, line {line}, column {column}"),
    );
    // The whole text needs no piece of it.
    if site.pointer.is_empty() {
        return;
    }
    let text = texts(whose, site.reference.as_deref());
    let Some(source) = text.and_then(|t| t.lines().nth(line - 1)) else {
        return;
    };
    let end = match (site.end_line, site.end_column) {
        (Some(end_line), Some(end)) if end_line == line => end,
        _ => source.chars().count() + 1,
    };
    // Texts without line breaks are one long line: the part around the place is shown.
    let from = (column - 1).saturating_sub(WIDTH / 3);
    let shown: String = source
        .chars()
        .skip(from)
        .take(WIDTH)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let left = if from > 0 { "..." } else { "" };
    let right = if source.chars().count() > from + WIDTH {
        "..."
    } else {
        ""
    };
    page.push(Tone::Code, &format!("    | {left}{shown}{right}"));
    let until = end.saturating_sub(1).min(from + WIDTH);
    let width = until.saturating_sub(column - 1).max(1);
    page.push(
        Tone::Code,
        &format!(
            "    | {}{}",
            " ".repeat(left.len() + column - 1 - from),
            "^".repeat(width)
        ),
    );
}

fn obstacle(undecided: &Undecided) -> String {
    let place = if undecided.pointer.is_empty() {
        String::new()
    } else {
        format!(" at {}", undecided.pointer)
    };
    let mapping = if undecided.mapping.is_some() {
        ", in JSON"
    } else {
        ""
    };
    format!(
        "  {}{place} ({}{mapping})",
        undecided.construct,
        way(undecided.direction, undecided.against)
    )
}

fn shortened(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_steers_a_terminal_is_spelt_out() {
        assert_eq!(clean("a\u{1b}[31m\u{202e}b"), "a\\u{1b}[31m\\u{202e}b");
    }
}
