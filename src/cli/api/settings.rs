//! `accord config` and `accord mode`: what a subject, a context or everything is set to.

use super::ask::{self, Asker};
use crate::cli::exit::Failure;
use crate::cli::remote::Remote;
use crate::client::Method;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// What is done with settings.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Config {
    /// Print what applies to a subject.
    #[command(after_help = GET)]
    Get(Get),
    /// Change what is set for a subject; what is not named stays.
    #[command(after_help = "\
Examples:
  accord config set --level FULL
  accord config set orders-value --level BACKWARD_TRANSITIVE --dry-run
  accord config set orders-value --file config.json

Exit codes: 0 set, 1 not permitted or no such value, 2 usage, 3 the registry could not be asked.")]
    Set(SetConfig),
    /// Forget what is set for a subject: what is set more widely applies.
    #[command(after_help = UNSET)]
    Unset(Unset),
}

/// What is done with modes.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Mode {
    /// Print what applies to a subject.
    #[command(after_help = GET)]
    Get(Get),
    /// Set a mode.
    #[command(after_help = "\
Examples:
  accord mode set READONLY
  accord mode set IMPORT orders-value --force

Exit codes: 0 set, 1 not permitted or no such mode, 2 usage, 3 the registry could not be asked.")]
    Set(SetMode),
    /// Forget the mode of a subject: what is set more widely applies.
    #[command(after_help = UNSET)]
    Unset(Unset),
}

const GET: &str = "\
Exit codes: 0 printed, 1 nothing is set (with --own), 2 usage, 3 the registry could not be asked.";
const UNSET: &str = "\
Exit codes: 0 forgotten, 1 nothing was set or not permitted, 2 usage, 3 the registry could not be asked.";

/// How it is printed, and whether it is meant.
#[derive(Debug, Args)]
pub(in crate::cli) struct Common {
    /// Answer as if it were written, and write nothing. Only where the registry is Accord.
    #[arg(long)]
    dry_run: bool,
    /// Print the registry's answer.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Whose.
#[derive(Debug, Args)]
pub(in crate::cli) struct Get {
    /// The subject; everything, or the context, without it.
    subject: Option<String>,
    /// Only what is set for itself.
    #[arg(long)]
    own: bool,
    /// Print the registry's answer.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Whose, and what.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args(["level", "verdict", "normalize", "file"])))]
pub(in crate::cli) struct SetConfig {
    /// The subject; everything, or the context, without it.
    subject: Option<String>,
    /// The compatibility level.
    #[arg(long)]
    level: Option<String>,
    /// Which verdict decides: confluent, semantic or strictest. Accord's.
    #[arg(long)]
    verdict: Option<String>,
    /// Whether schemas are normalised.
    #[arg(long, value_name = "true|false")]
    normalize: Option<bool>,
    /// A JSON file with members of the API's body; null forgets one.
    #[arg(long)]
    file: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Whose, and what.
#[derive(Debug, Args)]
pub(in crate::cli) struct SetMode {
    /// READWRITE, READONLY, IMPORT or FORWARD.
    mode: String,
    /// The subject; everything, or the context, without it.
    subject: Option<String>,
    /// Set IMPORT although there are subjects.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    common: Common,
}

/// Whose.
#[derive(Debug, Args)]
pub(in crate::cli) struct Unset {
    /// The subject; everything, or the context, without it.
    subject: Option<String>,
    #[command(flatten)]
    common: Common,
}

pub(in crate::cli) fn config(command: &Config) -> Result<(), Failure> {
    match command {
        Config::Get(arguments) => get("config", arguments),
        Config::Unset(arguments) => unset("config", arguments),
        Config::Set(arguments) => {
            let mut body: Map<String, Value> = match &arguments.file {
                Some(file) => serde_json::from_str(&ask::read(file)?)
                    .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?,
                None => Map::new(),
            };
            if let Some(level) = &arguments.level {
                body.insert("compatibility".into(), level.to_uppercase().into());
            }
            if let Some(verdict) = &arguments.verdict {
                body.insert("verdictPolicy".into(), verdict.to_lowercase().into());
            }
            if let Some(normalize) = arguments.normalize {
                body.insert("normalize".into(), normalize.into());
            }
            let body = Value::Object(body);
            let subject = arguments.subject.as_deref();
            write(
                "config",
                Method::Put,
                subject,
                &arguments.common,
                &[],
                Some(&body),
            )
        }
    }
}

pub(in crate::cli) fn mode(command: &Mode) -> Result<(), Failure> {
    match command {
        Mode::Get(arguments) => get("mode", arguments),
        Mode::Unset(arguments) => unset("mode", arguments),
        Mode::Set(arguments) => {
            let body = serde_json::json!({"mode": arguments.mode.to_uppercase()});
            let query: &[_] = if arguments.force {
                &[("force", "true")]
            } else {
                &[]
            };
            let subject = arguments.subject.as_deref();
            write(
                "mode",
                Method::Put,
                subject,
                &arguments.common,
                query,
                Some(&body),
            )
        }
    }
}

/// The path of a scope.
fn path(asker: &Asker, what: &str, subject: Option<&str>) -> Vec<String> {
    let scope = asker.place(subject.unwrap_or_default());
    let mut path = vec![what.to_owned()];
    if !scope.is_empty() {
        path.push(scope);
    }
    path
}

fn get(what: &str, arguments: &Get) -> Result<(), Failure> {
    let asker = Asker::new(&arguments.remote)?;
    let path = path(&asker, what, arguments.subject.as_deref());
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let query: &[_] = if arguments.own {
        &[]
    } else {
        &[("defaultToGlobal", "true")]
    };
    show(
        &asker.json(Method::Get, &path, query, None)?,
        arguments.json,
    )
}

fn unset(what: &str, arguments: &Unset) -> Result<(), Failure> {
    let subject = arguments.subject.as_deref();
    write(what, Method::Delete, subject, &arguments.common, &[], None)
}

fn write(
    what: &str,
    method: Method,
    subject: Option<&str>,
    common: &Common,
    query: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<(), Failure> {
    let asker = Asker::new(&common.remote)?;
    let mut query = query.to_vec();
    if common.dry_run {
        asker.admit_dry_run()?;
        query.push(("dryRun", "true"));
    }
    let path = path(&asker, what, subject);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    show(&asker.json(method, &path, &query, body)?, common.json)
}

fn show(answer: &Value, json: bool) -> Result<(), Failure> {
    if json {
        ask::print_json(answer)
    } else {
        ask::print_members(answer)
    }
}
