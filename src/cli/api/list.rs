//! `accord list`, `accord versions` and `accord contexts`.

use super::ask::{self, Asker};
use crate::cli::exit::Failure;
use crate::cli::remote::Remote;
use crate::client::Method;
use clap::Args;
use serde_json::Value;

/// Which subjects.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord list
  accord list --prefix orders
  accord list --context staging --deleted

Subjects of every context are listed, unless a context is named.

Exit codes: 0 listed, 2 usage, 3 the registry could not be asked.")]
pub(in crate::cli) struct List {
    /// How the subjects' names begin.
    #[arg(long)]
    prefix: Option<String>,
    /// Soft-deleted ones too.
    #[arg(long)]
    deleted: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Which subject's versions.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord versions orders-value
  accord versions orders-value --deleted --json

Exit codes: 0 listed, 1 no such subject, 2 usage, 3 the registry could not be asked.")]
pub(in crate::cli) struct Versions {
    /// The subject.
    subject: String,
    /// Soft-deleted ones too.
    #[arg(long)]
    deleted: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// The contexts.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  accord contexts

Exit codes: 0 listed, 2 usage, 3 the registry could not be asked.")]
pub(in crate::cli) struct Contexts {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

fn show(answer: &Value, json: bool) -> Result<(), Failure> {
    if json {
        ask::print_json(answer)
    } else {
        ask::print_lines(answer)
    }
}

pub(in crate::cli) fn list(arguments: &List) -> Result<(), Failure> {
    let asker = Asker::new(&arguments.remote)?;
    let prefix = asker.place(arguments.prefix.as_deref().unwrap_or_default());
    let mut query = Vec::new();
    if !prefix.is_empty() {
        query.push(("subjectPrefix", prefix.as_str()));
    }
    if arguments.deleted {
        query.push(("deleted", "true"));
    }
    let answer = asker.json(Method::Get, &["subjects"], &query, None)?;
    show(&answer, arguments.json)
}

pub(in crate::cli) fn versions(arguments: &Versions) -> Result<(), Failure> {
    let asker = Asker::new(&arguments.remote)?;
    let subject = asker.place(&arguments.subject);
    let query: &[_] = if arguments.deleted {
        &[("deleted", "true")]
    } else {
        &[]
    };
    let answer = asker.json(
        Method::Get,
        &["subjects", &subject, "versions"],
        query,
        None,
    )?;
    show(&answer, arguments.json)
}

pub(in crate::cli) fn contexts(arguments: &Contexts) -> Result<(), Failure> {
    let answer = Asker::new(&arguments.remote)?.json(Method::Get, &["contexts"], &[], None)?;
    show(&answer, arguments.json)
}
