//! `accord delete`: shows who refers to what would go, and leaves it then.

use super::ask::{self, Asker};
use crate::cli::exit::Failure;
use crate::cli::remote::Remote;
use crate::client::Method;
use clap::Args;
use serde_json::Value;
use std::fmt::Write;

/// What goes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord delete orders-value@3                a version: hidden, its id still resolves
  accord delete orders-value --dry-run
  accord delete orders-value --permanent      for good; it has to be soft-deleted first

What others refer to is not deleted. Registering a soft-deleted schema again brings it back.

Exit codes: 0 deleted, 1 referred to, not there or not permitted, 2 usage, 3 the registry could not be asked.")]
pub(in crate::cli) struct Arguments {
    /// The subject, or a version of it.
    #[arg(value_name = "SUBJECT[@VERSION]")]
    subject: String,
    /// For good.
    #[arg(long)]
    permanent: bool,
    /// Ask the registry to delete although others refer to it; the registry may still refuse.
    #[arg(long)]
    force: bool,
    /// Answer as if it were deleted, and delete nothing. Only where the registry is Accord.
    #[arg(long)]
    dry_run: bool,
    /// Print the registry's answer.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let asker = Asker::new(&arguments.remote)?;
    let (subject, version) = ask::versioned(&arguments.subject);
    let subject = asker.place(subject);
    let mut query = Vec::new();
    if arguments.dry_run {
        asker.admit_dry_run()?;
        query.push(("dryRun", "true"));
    }
    if arguments.permanent {
        query.push(("permanent", "true"));
    }
    if !arguments.force {
        let found = referrers(&asker, &subject, version, arguments.permanent)?;
        if !found.is_empty() {
            return Err(Failure::found(format!(
                "{} is referred to, nothing was deleted:\n{found}--force leaves the decision to the registry",
                arguments.subject
            )));
        }
    }
    let answer = match version {
        None => asker.json(Method::Delete, &["subjects", &subject], &query, None)?,
        Some(version) => {
            let path = ["subjects", &subject, "versions", version];
            asker.json(Method::Delete, &path, &query, None)?
        }
    };
    if arguments.json {
        return ask::print_json(&answer);
    }
    let versions = match &answer {
        Value::Array(all) => all.iter().map(ask::plain).collect::<Vec<_>>().join(", "),
        one => ask::plain(one),
    };
    let done = match (arguments.dry_run, arguments.permanent) {
        (true, _) => "would be deleted",
        (false, false) => "deleted",
        (false, true) => "deleted for good",
    };
    crate::cli::print(&format!("{subject} version {versions} {done}\n"))
}

/// Who refers to a version, or to any of a subject: a line each.
fn referrers(
    asker: &Asker,
    subject: &str,
    version: Option<&str>,
    permanent: bool,
) -> Result<String, Failure> {
    let seen: &[_] = if permanent {
        &[("deleted", "true")]
    } else {
        &[]
    };
    let versions = match version {
        Some(version) => vec![version.to_owned()],
        None => {
            let path = ["subjects", subject, "versions"];
            let all = asker.json(Method::Get, &path, seen, None)?;
            all.as_array()
                .map(|all| all.iter().map(ask::plain).collect())
                .unwrap_or_default()
        }
    };
    let mut out = String::new();
    for number in versions {
        let path = ["subjects", subject, "versions", &number, "referencedby"];
        let ids = asker.json(Method::Get, &path, seen, None)?;
        for id in ids.as_array().into_iter().flatten() {
            let id = ask::plain(id);
            let mut query = vec![("subject", subject)];
            query.extend(seen);
            let path = ["schemas", "ids", &id, "versions"];
            let holders = asker.json(Method::Get, &path, &query, None)?;
            for holder in holders.as_array().into_iter().flatten() {
                let told = |name| holder.get(name).map(ask::plain).unwrap_or_default();
                // A whole subject takes its own referrers along.
                if version.is_none() && told("subject") == subject {
                    continue;
                }
                // Writing to a string cannot fail.
                let _ = writeln!(
                    out,
                    "  {}@{} (id {id}) refers to version {number}",
                    told("subject"),
                    told("version")
                );
            }
        }
    }
    Ok(out)
}
