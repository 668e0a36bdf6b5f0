//! `accord export`: a registry into a file.

use super::bundle::{End, Writer};
use super::endpoint::Endpoint;
use super::listing::Selection;
use super::manifest::{Part, read};
use super::round::things;
use super::{contexts, print_json, progress};
use crate::cli::exit::Failure;
use crate::cli::remote::{Remote, block_on};
use clap::Args;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What goes where.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord export registry.ndjson
  accord export --prefix orders orders.ndjson       these subjects, and what they refer to
  accord export --context staging staging.ndjson
  accord export - | gzip > registry.ndjson.gz

The file is a bundle: a line of JSON for each version, setting and mode, with ids, soft-deleted versions, metadata and
rules. Its last line tells how many there are and what their SHA-256 is, so that a file that was cut off is noticed.
`accord import` reads it. The format is described in docs/bundle.md.

The registry may be of any make that speaks Confluent's API. Settings of subjects without any version cannot be found
through that API, and the time at which a version was registered is not kept.

Exit codes: 0 written, 2 usage or the file cannot be written, 3 the registry could not be asked.")]
pub(in crate::cli) struct Arguments {
    /// The file; - is standard output.
    file: PathBuf,
    /// How the subjects' names begin, without their contexts; may be given several times. The settings of contexts
    /// are left out then.
    #[arg(long, value_name = "PREFIX")]
    prefix: Vec<String>,
    /// How many requests are sent at a time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Replace the file if it is there.
    #[arg(long)]
    overwrite: bool,
    /// Print what was written as JSON; on standard error if the bundle goes to standard output.
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
    let end = Endpoint {
        client: arguments.remote.client(None)?,
        jobs: arguments.jobs.into(),
    };
    let to_stdout = arguments.file == Path::new("-");
    let written = if to_stdout {
        let out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
        block_on(write(&end, &selection, out))??.1
    } else {
        into_file(arguments, &end, &selection)?
    };
    let told = format!(
        "{}, {} and {} of {} written\n",
        things(count(written.schemas), "version", "versions"),
        things(count(written.configs), "setting", "settings"),
        things(count(written.modes), "mode", "modes"),
        things(count(written.contexts), "context", "contexts"),
    );
    match (to_stdout, arguments.json) {
        (false, true) => print_json(&written),
        (false, false) => crate::cli::print(&told),
        (true, true) => {
            eprintln!(
                "{}",
                serde_json::to_string(&written).map_err(Failure::outside)?
            );
            Ok(())
        }
        (true, false) => {
            eprint!("accord: {told}");
            Ok(())
        }
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Writes beside the file and puts it in its place at the end, so that half a bundle never has its name.
fn into_file(arguments: &Arguments, end: &Endpoint, selection: &Selection) -> Result<End, Failure> {
    let file = &arguments.file;
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", file.display()));
    if file.exists() && !arguments.overwrite {
        return Err(Failure::usage(format!(
            "{} is there already: give --overwrite to replace it",
            file.display()
        )));
    }
    let mut part = file.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let out = BufWriter::with_capacity(1 << 20, File::create(&part).map_err(failed)?);
    let done = block_on(write(end, selection, out))
        .and_then(|done| done)
        .and_then(|(out, written)| {
            let file = out
                .into_inner()
                .map_err(|error| failed(error.into_error()))?;
            file.sync_all().map_err(failed)?;
            Ok(written)
        })
        .and_then(|written| {
            std::fs::rename(&part, file).map_err(failed)?;
            Ok(written)
        });
    if done.is_err() {
        // The reason that is told is the first one.
        drop(std::fs::remove_file(&part));
    }
    done
}

async fn write<W: Write>(
    end: &Endpoint,
    selection: &Selection,
    out: W,
) -> Result<(W, End), Failure> {
    let counter = progress::counter("exported");
    let mut writer = Writer::new(out)?;
    read(end, selection, async |part| match part {
        Part::Context(context) => writer.context(&context),
        Part::Scope(scope) => writer.scope(&scope),
        Part::Schema(schema) => {
            counter.inc(1);
            writer.schema(schema)
        }
    })
    .await?;
    counter.finish_and_clear();
    writer.finish()
}
