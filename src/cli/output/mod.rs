//! What a check found, as data, and its printers.

mod machine;
mod text;

use super::exit::Failure;
use crate::compat::report::{Finding, Report};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Weight {
    Note,
    Warning,
    Error,
}

/// One thing to tell.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Diagnostic {
    pub weight: Weight,
    pub rule: String,
    pub subject: String,
    pub message: String,
    pub path: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    /// What it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Who accepted it, until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
}

/// What became of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    New,
    Compatible,
    Incompatible,
    Undecided,
    Invalid,
    Deleted,
}

/// One schema that was looked at.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Checked {
    pub subject: String,
    pub path: String,
    pub state: State,
    pub diagnostics: Vec<Diagnostic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Box<Report>>,
}

/// A whole check.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub against: String,
    pub checked: Vec<Checked>,
    pub unchanged: usize,
    #[serde(skip)]
    pub texts: HashMap<String, Arc<str>>,
}

impl Outcome {
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.checked.iter().flat_map(|checked| &checked.diagnostics)
    }

    pub fn count(&self, weight: Weight) -> usize {
        self.diagnostics().filter(|d| d.weight == weight).count()
    }

    /// One line that says it all.
    pub fn summary(&self) -> String {
        let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        format!(
            "{}, {}; {} checked, {} unchanged, against {}",
            many(self.count(Weight::Error), "error"),
            many(self.count(Weight::Warning), "warning"),
            many(self.checked.len(), "schema"),
            self.unchanged,
            self.against
        )
    }
}

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people, with the places in the schemas.
    Text,
    /// Everything, as one JSON object.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// JUnit's XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// A comment for a pull request.
    Markdown,
}

/// A format and where it goes; standard output without a file.
#[derive(Debug, Clone)]
pub(super) struct Sink {
    pub format: Format,
    pub file: Option<std::path::PathBuf>,
}

impl std::str::FromStr for Sink {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = match text.split_once('=') {
            Some((format, file)) if !file.is_empty() => (format, Some(file.into())),
            Some(_) => return Err("a format's file is written FORMAT=FILE".to_owned()),
            None => (text, None),
        };
        Ok(Self {
            format: clap::ValueEnum::from_str(format, false)?,
            file,
        })
    }
}

/// Prints an outcome.
pub(super) fn print(outcome: &Outcome, sinks: &[Sink]) -> Result<(), Failure> {
    for sink in sinks {
        let styled = sink.format == Format::Text
            && sink.file.is_none()
            && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        let text = match sink.format {
            Format::Text => text::text(
                outcome,
                if styled {
                    text::Look::Styled
                } else {
                    text::Look::Plain
                },
            ),
            Format::Json => pretty(outcome)?,
            Format::Github => machine::github(outcome),
            Format::Gitlab => pretty(&machine::gitlab(outcome))?,
            Format::Junit => machine::junit(outcome),
            Format::Sarif => pretty(&machine::sarif(outcome))?,
            Format::Markdown => text::markdown(outcome),
        };
        match &sink.file {
            None => super::print(&text)?,
            Some(file) => std::fs::write(file, text)
                .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?,
        }
    }
    Ok(())
}

fn pretty<T: Serialize>(value: &T) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::outside)?;
    text.push('\n');
    Ok(text)
}
