//! Real schemas through the real router: everything that is registered is read back as the contract says.
//!
//! Every 40th subject by default, all of them with `ACCORD_CORPUS=all` (`scripts/corpus` does that, in release).
//! References are registered first, each as its own subject, as clients do. `ACCORD_CORPUS_ONLY` picks files by
//! a part of their name.

#[path = "support/corpus.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod corpus;
#[path = "support/corpus_refusals.rs"]
mod corpus_refusals;
#[path = "support/corpus_registry.rs"]
mod corpus_registry;
#[path = "support/postgres.rs"]
mod postgres;

use corpus::{Named, Subject};
use corpus_refusals::REFUSALS;
use corpus_registry::Registry;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
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

/// What became of one file.
#[derive(Default)]
struct Outcome {
    subjects: usize,
    versions: usize,
    registered: usize,
    references: usize,
    /// Subject, version, reason.
    refused: Vec<(String, usize, String)>,
}

/// A text as a reference, with the versions of its own references.
type Key = (Named, Vec<(String, i64)>);

/// One file on its way into the registry.
struct Load<'a> {
    registry: &'a mut Registry,
    /// References that were registered, with the version they got, or why not.
    known: HashMap<Key, Result<i64, String>>,
    outcome: Outcome,
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
        let outcome = load(&mut registry, &folder, file).await;
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

async fn load(registry: &mut Registry, folder: &Path, file: &str) -> Outcome {
    let step = if is_all() { 1 } else { STEP };
    let mut load = Load {
        registry,
        known: HashMap::new(),
        outcome: Outcome::default(),
    };
    for subject in corpus::read(folder, file, step) {
        load.subject(&subject).await;
    }
    load.outcome
}

impl Load<'_> {
    async fn subject(&mut self, subject: &Subject) {
        self.outcome.subjects += 1;
        for (at, version) in subject.versions.iter().enumerate() {
            self.outcome.versions += 1;
            let known = subject.references_of(version);
            let references = self
                .references(&subject.schema_type, None, &version.text, known)
                .await;
            let registered = match references {
                Ok(references) => {
                    let body = body(&subject.schema_type, &version.text, &references);
                    self.registry.register(&subject.subject, body).await
                }
                Err(reason) => Err(reason),
            };
            match registered {
                Ok(_) => self.outcome.registered += 1,
                Err(reason) => {
                    let subject = subject.subject.clone();
                    self.outcome.refused.push((subject, at + 1, reason));
                }
            }
        }
    }

    /// Registers what a text names, and gives the list of references for its own registration.
    async fn references(
        &mut self,
        schema_type: &str,
        own: Option<&str>,
        text: &str,
        known: &[Named],
    ) -> Result<Vec<(String, i64)>, String> {
        let mut references = Vec::new();
        for at in corpus::direct(schema_type, own, text, known) {
            let named = &known[at];
            // Who depends on a text cannot be among what it depends on.
            let below: Vec<Named> = known.iter().filter(|&n| n != named).cloned().collect();
            let version = Box::pin(self.reference(schema_type, named, &below)).await;
            let version = version.map_err(|e| format!("reference {}: {e}", named.name))?;
            references.push((named.name.clone(), version));
        }
        Ok(references)
    }

    async fn reference(
        &mut self,
        schema_type: &str,
        named: &Named,
        known: &[Named],
    ) -> Result<i64, String> {
        let references = self
            .references(schema_type, Some(&named.name), &named.text, known)
            .await?;
        let key = (named.clone(), references);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        self.outcome.references += 1;
        let body = body(schema_type, &named.text, &key.1);
        let version = self.registry.register(&named.name, body).await;
        self.known.insert(key, version.clone());
        version
    }
}

/// A request to register, as clients send it. A reference is a subject of its own, under the reference's name.
fn body(schema_type: &str, text: &str, references: &[(String, i64)]) -> Value {
    let references: Vec<Value> = references
        .iter()
        .map(|(name, version)| json!({"name": name, "subject": name, "version": version}))
        .collect();
    json!({"schemaType": schema_type, "schema": text, "references": references})
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
