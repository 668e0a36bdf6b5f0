//! Plays the scenarios of `tests/http` against the router, on every store; or, with `REGISTRY_URL`, against a
//! running server. `tests/http/README.md` says how they are written.

#[path = "support/http/mod.rs"]
mod http;

use http::contract::Contract;
use http::coverage::Coverage;
use http::own;
use http::run::{Judges, play};
use http::scenario::{Scenario, read_all, read_yaml};
use http::stores::{KINDS, Postgres, Registry};
use http::target::{Remote, Target};
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What one thread of the engine may need for a schema as deep as the limits allow.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(101)
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let mut arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenarios = read_all(&root.join("tests/http"))?;
    let contract = Contract::new(read_yaml(&root.join("openapi.yaml"))?)?;
    let judges = Arc::new(Judges {
        contract,
        coverage: Coverage::default(),
    });
    let runtime = Arc::new(
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(STACK)
            .enable_all()
            .build()
            .map_err(|e| e.to_string())?,
    );
    let postgres = match std::env::var("ACCORD_TEST_POSTGRES_URL") {
        Ok(url) if !url.is_empty() => Some(Arc::new(Postgres::new(&url))),
        _ => None,
    };
    let mut trials = own::trials();
    trials.extend(document_trials(&judges));
    let remote = std::env::var("REGISTRY_URL").ok();
    let with_postgres = postgres.is_some();
    if let Some(url) = &remote {
        // One registry for all: they take turns.
        arguments.test_threads = Some(1);
        trials.extend(remote_trials(url, &scenarios, &judges, &runtime)?);
    } else {
        if !with_postgres {
            println!("Postgres tests not run: ACCORD_TEST_POSTGRES_URL is not set");
            if std::env::var("ACCORD_REQUIRE_POSTGRES").as_deref() == Ok("1") {
                return Err("ACCORD_REQUIRE_POSTGRES=1, and there is none".to_owned());
            }
        }
        for kind in KINDS {
            if kind == "postgres" && !with_postgres {
                continue;
            }
            trials.extend(store_trials(
                kind,
                postgres.as_ref(),
                &scenarios,
                &judges,
                &runtime,
            ));
        }
    }
    let whole = arguments.filter.is_none()
        && arguments.skip.is_empty()
        && !arguments.list
        && !arguments.ignored;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Some(postgres) = &postgres {
        runtime.block_on(postgres.tidy())?;
    }
    println!("{} scenarios", scenarios.len());
    for scenario in &scenarios {
        if let Some(reason) = &scenario.fails {
            println!("known to fail: {}: {reason}", scenario.name);
        }
    }
    if !whole || remote.is_some() {
        return Ok(conclusion.exit_code());
    }
    let list = root.join("tests/http/unexercised.yaml");
    let complaints = judges
        .coverage
        .verdict(&judges.contract, &scenarios, &list)?;
    for complaint in &complaints {
        println!("{complaint}");
    }
    if conclusion.has_failed() || complaints.is_empty() {
        return Ok(conclusion.exit_code());
    }
    Err(format!("{} gaps in the scenarios", complaints.len()))
}

/// The document in itself, and against the server's table of routes.
fn document_trials(judges: &Arc<Judges>) -> Vec<Trial> {
    let (lint, routes) = (judges.clone(), judges.clone());
    vec![
        Trial::test("openapi.yaml is in order", move || {
            let mistakes = lint.contract.lint();
            if mistakes.is_empty() {
                Ok(())
            } else {
                Err(mistakes.join("\n").into())
            }
        })
        .with_kind("contract"),
        Trial::test("openapi.yaml has the server's routes", move || {
            let documented: BTreeSet<(&str, &str)> = routes
                .contract
                .operations()
                .iter()
                .map(|o| (o.method.as_str(), o.template.as_str()))
                .collect();
            let served: BTreeSet<(&str, &str)> = accord::server::ROUTES
                .iter()
                .map(|r| (r.method, r.template))
                .collect();
            let odd: Vec<_> = documented.symmetric_difference(&served).collect();
            if odd.is_empty() {
                Ok(())
            } else {
                Err(format!("in one and not in the other: {odd:?}").into())
            }
        })
        .with_kind("contract"),
    ]
}

fn store_trials(
    kind: &'static str,
    postgres: Option<&Arc<Postgres>>,
    scenarios: &[Scenario],
    judges: &Arc<Judges>,
    runtime: &Arc<Runtime>,
) -> Vec<Trial> {
    let wanted = scenarios.iter().filter(|s| {
        s.stores
            .as_ref()
            .is_none_or(|stores| stores.iter().any(|s| s == kind))
    });
    wanted
        .map(|scenario| {
            let (scenario, judges, runtime) = (scenario.clone(), judges.clone(), runtime.clone());
            let postgres = postgres.cloned();
            Trial::test(scenario.name.clone(), move || {
                runtime.block_on(on_store(kind, postgres.as_deref(), &scenario, &judges))
            })
            .with_kind(kind)
        })
        .collect()
}

async fn on_store(
    kind: &str,
    postgres: Option<&Postgres>,
    scenario: &Scenario,
    judges: &Judges,
) -> Result<(), Failed> {
    let registry = Registry::start(kind, postgres, &scenario.server).await?;
    let result = play(scenario, &registry.target, judges).await;
    registry.stop(postgres).await;
    result.map_err(Failed::from)
}

/// Scenarios that need a server option, or a registry that never had a schema, are not for a running server.
fn remote_trials(
    url: &str,
    scenarios: &[Scenario],
    judges: &Arc<Judges>,
    runtime: &Arc<Runtime>,
) -> Result<Vec<Trial>, String> {
    let remote = Arc::new(Remote::new(url)?);
    let wanted = scenarios
        .iter()
        .filter(|s| s.server.is_empty() && !s.fresh && s.stores.is_none() && s.fails.is_none());
    Ok(wanted
        .map(|scenario| {
            let (scenario, judges, runtime) = (scenario.clone(), judges.clone(), runtime.clone());
            let remote = remote.clone();
            Trial::test(scenario.name.clone(), move || {
                remote.clear()?;
                let target = Target::Server(remote);
                let result = runtime.block_on(play(&scenario, &target, &judges));
                result.map_err(Failed::from)
            })
            .with_kind("remote")
        })
        .collect())
}
