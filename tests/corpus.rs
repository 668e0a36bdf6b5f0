//! Real schemas through the real router: everything that is registered is read back as the contract says.
//!
//! Every 40th subject by default, all of them with `ACCORD_CORPUS=all` (`scripts/corpus` does that, in release).
//! References are registered first, each as its own subject, as clients do. `ACCORD_CORPUS_ONLY` picks files by
//! a part of their name.

#[path = "support/corpus.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod corpus;
#[path = "support/corpus_load.rs"]
mod corpus_load;
#[path = "support/corpus_refusals.rs"]
mod corpus_refusals;
#[path = "support/corpus_registry.rs"]
mod corpus_registry;
#[path = "support/postgres.rs"]
mod postgres;

use corpus_load::Outcome;
use corpus_refusals::REFUSALS;
use corpus_registry::Registry;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;
use std::fmt::Write as _;
use tokio::time::Instant;

/// Schemas nest deeply and the engine recurses.
const STACK: usize = 64 << 20;
/// Of so many subjects, one is in the sample.
const STEP: usize = 40;

fn main() {
    let arguments = Arguments::from_args();
    let trials = vec![
        Trial::test("sqlite", || run(sqlite())),
        Trial::test("postgres", || run(on_postgres())),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn run(test: impl Future<Output = Result<(), String>>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .max_blocking_threads(16)
        .build()?;
    Ok(runtime.block_on(test)?)
}

async fn sqlite() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let url = format!("sqlite://{}", folder.path().join("accord.db").display());
    whole("sqlite", &url).await
}

async fn on_postgres() -> Result<(), String> {
    match postgres::database().await {
        Some(database) => whole("postgres", &database.url()).await,
        None => Ok(()),
    }
}

fn is_all() -> bool {
    std::env::var("ACCORD_CORPUS").is_ok_and(|v| v == "all")
}

async fn whole(store: &str, url: &str) -> Result<(), String> {
    let Some(folder) = corpus::folder() else {
        return Ok(());
    };
    let only = std::env::var("ACCORD_CORPUS_ONLY").unwrap_or_default();
    let files: Vec<&str> = corpus::FILES
        .into_iter()
        .filter(|file| file.contains(&only))
        .collect();
    let mut registry = Registry::open(url).await;
    let (status, answer) = registry
        .put("/config", &json!({"compatibility": "NONE"}))
        .await;
    assert_eq!(
        (status, answer),
        (200, json!({"compatibility": "NONE"})),
        "PUT /config"
    );

    let mut wrong = Vec::new();
    for file in &files {
        let started = Instant::now();
        let step = if is_all() { 1 } else { STEP };
        let outcome = corpus_load::load(&mut registry, &folder, file, step).await;
        let took = started.elapsed().as_secs_f64();
        println!(
            "{store} {file}: {} subjects, {} versions: {} registered, {} refused; {} reference texts; {took:.1} s",
            outcome.subjects,
            outcome.versions,
            outcome.registered,
            outcome.refused.len(),
            outcome.references
        );
        judge(file, &outcome, &mut wrong);
    }

    // What is read back comes from the database, not from what this process remembers of the writes.
    let known = registry.close().await;
    let registry = Registry::reopen(url, known).await;
    let started = Instant::now();
    let reads = registry.read_back(&mut wrong).await;
    println!(
        "{store}: after a restart {} subjects read back with {reads} requests; {:.1} s",
        registry.known().subjects.len(),
        started.elapsed().as_secs_f64()
    );
    registry.close().await;

    if wrong.is_empty() {
        return Ok(());
    }
    let mut text = format!("{} things are wrong:", wrong.len());
    for line in wrong.iter().take(200) {
        write!(text, "\n  {line}").map_err(|e| e.to_string())?;
    }
    Err(text)
}

/// Compares the refusals with the list of those that are right.
fn judge(file: &str, outcome: &Outcome, wrong: &mut Vec<String>) {
    let mut met = vec![0; REFUSALS.len()];
    for (subject, version, reason) in &outcome.refused {
        let right = REFUSALS.iter().zip(&mut met).find(|(known, _)| {
            known.file == file && known.subject == subject && reason.contains(known.cause.message)
        });
        let short: String = reason.chars().take(400).collect();
        match right {
            Some((known, count)) => {
                *count += 1;
                let why = known.cause.why;
                println!("  refused {subject} version {version}, rightly ({why}): {short}");
            }
            None => {
                println!("  refused {subject} version {version}, wrongly: {short}");
                wrong.push(format!(
                    "refused: {file} {subject} version {version}: {short}"
                ));
            }
        }
    }
    for (known, count) in REFUSALS.iter().zip(met) {
        if is_all() && known.file == file && known.versions != count {
            let (subject, versions) = (known.subject, known.versions);
            wrong.push(format!(
                "refused: {file} {subject}: {count} versions instead of {versions}"
            ));
        }
    }
}
