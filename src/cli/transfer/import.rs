//! `accord import`: a file into a registry.

use super::bundle::Bundle;
use super::endpoint::Endpoint;
use super::listing::Selection;
use super::manifest::{Manifest, Supply};
use super::round::{Intent, round};
use super::settings::Differing;
use super::stop::Stop;
use super::{contexts, print_json};
use crate::cli::exit::Failure;
use crate::cli::remote::{Remote, block_on};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What goes where.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord import registry.ndjson --dry-run
  accord import registry.ndjson
  accord import registry.ndjson --prefix orders
  accord import registry.ndjson --settings keep

Every version keeps its subject, its version number and its id. Versions that are there and equal are passed over, so
the same command goes on after an interruption. If anything that is there differs, nothing is written and every
conflict is told. The registry takes ids in mode IMPORT only: each subject is put into it for as long as it is written
to, and gets its mode back also when the import fails. In the end, the registry is read again and compared.

Exit codes: 0 everything is there, 1 conflicts, or the registry did not take something, 2 usage, or the file is no
whole bundle, 3 the registry could not be asked, or the import was interrupted.")]
pub(in crate::cli) struct Arguments {
    /// The bundle, as `accord export` writes it.
    file: PathBuf,
    /// Only subjects whose names, without their contexts, begin so; may be given several times.
    #[arg(long, value_name = "PREFIX")]
    prefix: Vec<String>,
    /// What becomes of settings that the registry has already, and other ones.
    #[arg(long, value_enum, default_value_t = Differing::Refuse)]
    settings: Differing,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// How many requests are sent at a time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: Remote,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let context: Vec<String> = arguments.remote.context.iter().cloned().collect();
    let selection = Selection {
        prefixes: arguments.prefix.clone(),
        contexts: contexts(&context)?,
    };
    let target = Endpoint {
        client: arguments.remote.client(None)?,
        jobs: arguments.jobs.into(),
    };
    let bundle = Bundle::open(&arguments.file)?;
    let manifest = Manifest::of_bundle(&bundle, &selection)?;
    let supply = Supply::Bundle(bundle);
    let intent = if arguments.dry_run {
        Intent::Try
    } else {
        Intent::Write
    };
    let before = BTreeMap::new();
    let outcome = block_on(async {
        let stop = Stop::listen();
        let differing = arguments.settings;
        let work = round(
            &manifest, &supply, &target, differing, &before, intent, &stop,
        );
        stop.guard(work).await
    })??;
    if arguments.json {
        print_json(&outcome)?;
    } else {
        crate::cli::print(&outcome.text())?;
    }
    if outcome.is_clean() {
        Ok(())
    } else {
        Err(Failure::findings())
    }
}
