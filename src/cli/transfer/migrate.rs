//! `accord migrate`: from one registry to another, once or until it is stopped.

use super::endpoint::Endpoint;
use super::entry::Scope;
use super::listing::Selection;
use super::manifest::{Manifest, Supply};
use super::round::{Intent, Outcome, round};
use super::settings::Differing;
use super::stop::Stop;
use super::verify::{Comparison, verify};
use super::{contexts, print_json, progress};
use crate::cli::exit::Failure;
use crate::cli::remote::{Remote, block_on};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// From where to where.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord migrate http://old:8081 http://new:8081 --dry-run
  accord migrate http://old:8081 http://new:8081 --verify
  accord migrate http://old:8081 http://new:8081 --follow --interval 5
  accord migrate https://old https://new --from-user reader:secret --to-token \"$TOKEN\"
  accord migrate http://old:8081 http://new:8081 --verify-only

Versions keep their subjects, numbers and ids; soft-deleted ones are soft-deleted again; settings, modes, contexts,
metadata and rules come along. What is at the target and equal is passed over, so the same command goes on after it was
killed at any moment. If anything at the target differs, nothing is written and every conflict is told.

--verify asks both registries for every list, version, id, GUID and setting, and compares the answers byte for byte,
apart from the times of registration, which the API cannot carry over. docs/migrate.md tells the rest that it cannot.

--follow goes on copying what is new at the source until it is stopped with Ctrl-C. Nothing is deleted for good at the
target.

Exit codes: 0 everything is there (and answered alike), 1 conflicts, something was not taken, or answers differ, 2 usage,
3 one of the registries could not be asked, or the move was interrupted.")]
pub(in crate::cli) struct Arguments {
    /// The source's base URL.
    #[arg(env = "ACCORD_FROM", hide_env_values = true)]
    from: String,
    /// The target's base URL.
    #[arg(env = "ACCORD_TO", hide_env_values = true)]
    to: String,
    /// Only subjects whose names, without their contexts, begin so, and what they refer to; may be given several times.
    #[arg(long, value_name = "PREFIX")]
    prefix: Vec<String>,
    /// Only this context; may be given several times. The default one is called '.'.
    #[arg(long, value_name = "NAME")]
    context: Vec<String>,
    /// What becomes of settings that the target has already, and other ones.
    #[arg(long, value_enum, default_value_t = Differing::Refuse)]
    settings: Differing,
    /// Compare every answer of both in the end.
    #[arg(long, conflicts_with_all = ["follow", "dry_run"])]
    verify: bool,
    /// Compare, and copy nothing.
    #[arg(long, conflicts_with_all = ["follow", "dry_run", "verify"])]
    verify_only: bool,
    /// Go on copying what is new until stopped.
    #[arg(long, conflicts_with = "dry_run")]
    follow: bool,
    /// How many seconds to wait between two looks at the source.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    interval: u32,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// How many requests are sent at a time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// How long one request may take, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ACCORD_TIMEOUT",
        default_value_t = 30
    )]
    timeout: u64,
    /// Print what was done as JSON; with --follow, a line for each round.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    target: Target,
}

/// Who asks the source.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source")]
struct Source {
    /// USER:PASSWORD of basic authentication.
    #[arg(
        long,
        env = "ACCORD_FROM_USER",
        value_name = "USER:PASSWORD",
        hide_env_values = true
    )]
    from_user: Option<String>,
    /// A bearer token.
    #[arg(
        long,
        env = "ACCORD_FROM_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        conflicts_with = "from_user"
    )]
    from_token: Option<String>,
    /// A header of every request, as NAME: VALUE.
    #[arg(long = "from-header", value_name = "NAME: VALUE")]
    from_headers: Vec<String>,
    /// The authorities to trust instead of the system's: a PEM file.
    #[arg(long, value_name = "FILE")]
    from_ca: Option<PathBuf>,
    /// The certificate to show: a PEM file with the chain and its private key.
    #[arg(long, value_name = "FILE")]
    from_cert: Option<PathBuf>,
}

/// Who asks the target.
#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
struct Target {
    /// USER:PASSWORD of basic authentication.
    #[arg(
        long,
        env = "ACCORD_TO_USER",
        value_name = "USER:PASSWORD",
        hide_env_values = true
    )]
    to_user: Option<String>,
    /// A bearer token.
    #[arg(
        long,
        env = "ACCORD_TO_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        conflicts_with = "to_user"
    )]
    to_token: Option<String>,
    /// A header of every request, as NAME: VALUE.
    #[arg(long = "to-header", value_name = "NAME: VALUE")]
    to_headers: Vec<String>,
    /// The authorities to trust instead of the system's: a PEM file.
    #[arg(long, value_name = "FILE")]
    to_ca: Option<PathBuf>,
    /// The certificate to show: a PEM file with the chain and its private key.
    #[arg(long, value_name = "FILE")]
    to_cert: Option<PathBuf>,
}

/// What the command came to.
#[derive(Debug, Default, Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Comparison>,
    seconds: f64,
}

impl Report {
    fn is_clean(&self) -> bool {
        self.moved.as_ref().is_none_or(Outcome::is_clean)
            && self.compared.as_ref().is_none_or(|c| c.different() == 0)
    }
}

impl Arguments {
    fn ends(&self) -> Result<(Endpoint, Endpoint), Failure> {
        let source = Remote {
            registry: None,
            user: self.source.from_user.clone(),
            token: self.source.from_token.clone(),
            headers: self.source.from_headers.clone(),
            ca: self.source.from_ca.clone(),
            cert: self.source.from_cert.clone(),
            context: None,
            timeout: self.timeout,
        };
        let target = Remote {
            registry: None,
            user: self.target.to_user.clone(),
            token: self.target.to_token.clone(),
            headers: self.target.to_headers.clone(),
            ca: self.target.to_ca.clone(),
            cert: self.target.to_cert.clone(),
            context: None,
            timeout: self.timeout,
        };
        let jobs = self.jobs.into();
        let end = |client| Endpoint { client, jobs };
        Ok((
            end(source.client_of(&self.from)?),
            end(target.client_of(&self.to)?),
        ))
    }
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.from.trim_end_matches('/') == arguments.to.trim_end_matches('/') {
        return Err(Failure::usage("both URLs are the same"));
    }
    let (from, to) = arguments.ends()?;
    let selection = Selection {
        prefixes: arguments.prefix.clone(),
        contexts: contexts(&arguments.context)?,
    };
    block_on(async {
        let stop = Stop::listen();
        if arguments.follow {
            follow(arguments, &from, &to, &selection, &stop).await
        } else {
            stop.guard(once(arguments, &from, &to, &selection, &stop))
                .await
        }
    })?
}

async fn once(
    arguments: &Arguments,
    from: &Endpoint,
    to: &Endpoint,
    selection: &Selection,
    stop: &Stop,
) -> Result<(), Failure> {
    let started = Instant::now();
    let mut report = Report::default();
    if !arguments.verify_only {
        let (manifest, supply) = read(from, selection).await?;
        let intent = if arguments.dry_run {
            Intent::Try
        } else {
            Intent::Write
        };
        let before = BTreeMap::new();
        let differing = arguments.settings;
        let outcome = round(&manifest, &supply, to, differing, &before, intent, stop).await?;
        if !arguments.json {
            crate::cli::print(&outcome.text())?;
        }
        report.moved = Some(outcome);
    }
    if (arguments.verify && report.is_clean()) || arguments.verify_only {
        let bar = progress::bar("compared", 0);
        let comparison = verify(from, to, selection, &bar).await?;
        bar.finish_and_clear();
        if !arguments.json {
            crate::cli::print(&comparison.to_string())?;
        }
        report.compared = Some(comparison);
    }
    report.seconds = started.elapsed().as_secs_f64();
    if arguments.json {
        print_json(&report)?;
    } else {
        crate::cli::print(&format!("{:.1} s\n", report.seconds))?;
    }
    if report.is_clean() {
        Ok(())
    } else {
        Err(Failure::findings())
    }
}

async fn read(from: &Endpoint, selection: &Selection) -> Result<(Manifest, Supply), Failure> {
    let counter = progress::counter("at source");
    let seen = |count: usize| counter.set_position(count as u64);
    let (manifest, contexts) = Manifest::of_registry(from, selection, seen).await?;
    counter.finish_and_clear();
    Ok((manifest, Supply::Registry(from.clone(), contexts)))
}

/// Copies until somebody stops it. A registry that tells its revision is only read when that has moved.
async fn follow(
    arguments: &Arguments,
    from: &Endpoint,
    to: &Endpoint,
    selection: &Selection,
    stop: &Stop,
) -> Result<(), Failure> {
    let interval = Duration::from_secs(arguments.interval.into());
    let mut settings: BTreeMap<Arc<str>, Scope> = BTreeMap::new();
    let mut last = None;
    let mut first = true;
    loop {
        let work = look(arguments, from, to, selection, last, &settings, stop);
        let looked = stop.guard(work).await;
        if stop.is_asked() {
            if let Err(failure) = looked {
                eprintln!("accord: {failure}");
            }
            eprintln!("accord: stopped");
            return Ok(());
        }
        match looked {
            Ok(None) => {}
            Ok(Some(look)) => {
                (last, settings) = (look.revision, look.settings);
                let outcome = look.outcome;
                if arguments.json {
                    let line = serde_json::to_string(&outcome).map_err(Failure::outside)?;
                    crate::cli::print(&format!("{line}\n"))?;
                } else if first || !outcome.is_nothing() {
                    crate::cli::print(&outcome.text())?;
                }
                if !outcome.is_clean() {
                    return Err(Failure::findings());
                }
                first = false;
            }
            // The first look tells whether it can work at all; later, registries may be away for a while.
            Err(failure) if first => return Err(failure),
            Err(failure) => eprintln!(
                "accord: {failure}; trying again in {} s",
                arguments.interval
            ),
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = stop.asked() => {}
        }
    }
}

/// What a look at the source found and did.
struct Look {
    outcome: Outcome,
    revision: Option<i64>,
    settings: BTreeMap<Arc<str>, Scope>,
}

/// Nothing, if the source has not changed.
async fn look(
    arguments: &Arguments,
    from: &Endpoint,
    to: &Endpoint,
    selection: &Selection,
    last: Option<i64>,
    settings: &BTreeMap<Arc<str>, Scope>,
    stop: &Stop,
) -> Result<Option<Look>, Failure> {
    // Before reading: what is written meanwhile makes another look.
    let revision = from.revision().await?;
    if revision.is_some() && revision == last {
        return Ok(None);
    }
    let (manifest, supply) = read(from, selection).await?;
    let differing = arguments.settings;
    let outcome = round(
        &manifest,
        &supply,
        to,
        differing,
        settings,
        Intent::Write,
        stop,
    )
    .await?;
    Ok(Some(Look {
        outcome,
        revision,
        settings: manifest.scopes,
    }))
}
