//! `accord register` and `accord lookup`: a schema's text, and the version that it is or becomes.

use super::ask::{self, Asker};
use crate::cli::exit::Failure;
use crate::cli::remote::Remote;
use crate::client::Method;
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// A schema as it is sent.
#[derive(Debug, Args)]
pub(in crate::cli) struct Candidate {
    /// The subject.
    subject: String,
    /// The schema's file; - is standard input.
    file: PathBuf,
    /// The language; by the file's ending (.avsc, .json, .proto) if absent.
    #[arg(long = "type", value_parser = ["avro", "json", "protobuf"])]
    language: Option<String>,
    /// What the text refers to.
    #[arg(long = "reference", value_name = "NAME=SUBJECT@VERSION")]
    references: Vec<String>,
    /// Compare, or register, the normal form.
    #[arg(long)]
    normalize: bool,
    /// Print the registry's whole answer.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

/// What is registered.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord register orders-value order.avsc
  accord register orders-value order.proto --reference money.proto=money@1
  accord register orders-value - --type avro < order.avsc
  accord register orders-value order.avsc --dry-run

Registering what the subject has already answers with that version and writes nothing.

Exit codes: 0 registered, 1 refused (incompatible, read-only), 2 usage, 3 the registry could not be asked, 4 no valid
schema.")]
pub(in crate::cli) struct Register {
    #[command(flatten)]
    candidate: Candidate,
    /// A JSON file with `metadata` and `ruleSet`.
    #[arg(long, value_name = "FILE")]
    contract: Option<PathBuf>,
    /// Answer as if it were registered, and write nothing. Only where the registry is Accord.
    #[arg(long)]
    dry_run: bool,
}

/// What is looked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord lookup orders-value order.avsc
  accord lookup orders-value order.avsc --json | jq .id

Exit codes: 0 found, 1 not found, 2 usage, 3 the registry could not be asked, 4 no valid schema.")]
pub(in crate::cli) struct Lookup {
    #[command(flatten)]
    candidate: Candidate,
    /// See soft-deleted versions too.
    #[arg(long)]
    deleted: bool,
}

impl Candidate {
    fn body(&self, asker: &Asker) -> Result<Map<String, Value>, Failure> {
        let language = match &self.language {
            Some(language) => language.to_uppercase(),
            None => language(&self.file)?.to_owned(),
        };
        let references = self
            .references
            .iter()
            .map(|text| reference(asker, text))
            .collect::<Result<Vec<_>, _>>()?;
        let mut body = Map::new();
        body.insert("schema".into(), ask::read(&self.file)?.into());
        body.insert("schemaType".into(), language.into());
        if !references.is_empty() {
            body.insert("references".into(), references.into());
        }
        Ok(body)
    }
}

fn language(file: &Path) -> Result<&'static str, Failure> {
    match file.extension().and_then(|end| end.to_str()) {
        Some("avsc") => Ok("AVRO"),
        Some("json") => Ok("JSON"),
        Some("proto") => Ok("PROTOBUF"),
        _ => Err(Failure::usage(format!(
            "the language of {} is not told by its ending: give --type avro, json or protobuf",
            file.display()
        ))),
    }
}

fn reference(asker: &Asker, text: &str) -> Result<Value, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "--reference is written NAME=SUBJECT@VERSION: {text}"
        ))
    };
    let (name, subject) = text.split_once('=').ok_or_else(wrong)?;
    let (subject, version) = ask::versioned(subject);
    let version: i32 = version.and_then(|v| v.parse().ok()).ok_or_else(wrong)?;
    if name.is_empty() || subject.is_empty() {
        return Err(wrong());
    }
    Ok(json!({"name": name, "subject": asker.place(subject), "version": version}))
}

fn contract(file: &Path, body: &mut Map<String, Value>) -> Result<(), Failure> {
    let wrong =
        |what: &dyn std::fmt::Display| Failure::usage(format!("{}: {what}", file.display()));
    let members: Map<String, Value> =
        serde_json::from_str(&ask::read(file)?).map_err(|error| wrong(&error))?;
    for (name, value) in members {
        if !matches!(name.as_str(), "metadata" | "ruleSet") {
            return Err(wrong(&format!(
                "unknown member '{name}'; there are metadata and ruleSet"
            )));
        }
        body.insert(name, value);
    }
    Ok(())
}

pub(in crate::cli) fn register(arguments: &Register) -> Result<(), Failure> {
    let candidate = &arguments.candidate;
    let asker = Asker::new(&candidate.remote)?;
    let mut body = candidate.body(&asker)?;
    if let Some(file) = &arguments.contract {
        contract(file, &mut body)?;
    }
    let mut query = Vec::new();
    if candidate.normalize {
        query.push(("normalize", "true"));
    }
    if arguments.dry_run {
        asker.admit_dry_run()?;
        query.push(("dryRun", "true"));
    }
    let subject = asker.place(&candidate.subject);
    let path = ["subjects", &subject, "versions"];
    let answer = asker.json(Method::Post, &path, &query, Some(&Value::Object(body)))?;
    if candidate.json {
        return ask::print_json(&answer);
    }
    let id = answer.get("id").map(ask::plain).unwrap_or_default();
    let version = match answer.get("version") {
        Some(version) => format!(" version {version}"),
        None => String::new(),
    };
    let done = if arguments.dry_run { "would be " } else { "" };
    crate::cli::print(&format!("{subject}{version} {done}id {id}\n"))
}

pub(in crate::cli) fn lookup(arguments: &Lookup) -> Result<(), Failure> {
    let candidate = &arguments.candidate;
    let asker = Asker::new(&candidate.remote)?;
    let body = Value::Object(candidate.body(&asker)?);
    let mut query = Vec::new();
    if candidate.normalize {
        query.push(("normalize", "true"));
    }
    if arguments.deleted {
        query.push(("deleted", "true"));
    }
    let subject = asker.place(&candidate.subject);
    let answer = asker.json(Method::Post, &["subjects", &subject], &query, Some(&body))?;
    if candidate.json {
        return ask::print_json(&answer);
    }
    let told = |name| answer.get(name).map(ask::plain).unwrap_or_default();
    crate::cli::print(&format!(
        "{} version {} id {}\n",
        told("subject"),
        told("version"),
        told("id")
    ))
}
