//! What a store promises, checked on all three: each promise is written once.
//!
//! Postgres runs when `ACCORD_TEST_POSTGRES_URL` names a server (see `scripts/postgres`).

#[path = "store/durable.rs"]
mod durable;
#[path = "store/fold.rs"]
mod fold;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "store/promises.rs"]
mod promises;

use accord::store::{self, Store, memory::Memory};
use libtest_mimic::{Arguments, Trial};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A test that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Memory,
    Sqlite,
    Postgres,
}

use Engine::{Memory as InMemory, Postgres, Sqlite};

/// Where a test's store is; every call of `open` is another node, or the same one after a restart.
pub enum Place {
    Memory(Memory),
    Sqlite(TempDir),
    Postgres(Box<postgres::Database>),
}

impl Place {
    async fn new(engine: Engine) -> Self {
        match engine {
            Engine::Memory => Place::Memory(Memory::new()),
            Engine::Sqlite => Place::Sqlite(tempfile::tempdir().unwrap()),
            Engine::Postgres => Place::Postgres(Box::new(postgres::database().await.unwrap())),
        }
    }

    /// The URL of a store that is not in memory.
    pub fn url(&self) -> String {
        match self {
            Place::Memory(_) => panic!("only this process knows it"),
            Place::Sqlite(folder) => {
                format!("sqlite://{}", folder.path().join("accord.db").display())
            }
            Place::Postgres(database) => database.url(),
        }
    }

    pub async fn open(&self) -> Arc<dyn Store> {
        match self {
            Place::Memory(memory) => Arc::new(memory.clone()),
            _ => store::open(&self.url()).await.unwrap(),
        }
    }
}

type Run = Pin<Box<dyn Future<Output = ()>>>;

/// A promise and who makes it.
struct Promise {
    name: &'static str,
    engines: &'static [Engine],
    run: Box<dyn Fn(Place) -> Run + Send + Sync>,
}

fn promise<F: Future<Output = ()> + 'static>(
    name: &'static str,
    engines: &'static [Engine],
    run: impl Fn(Place) -> F + Send + Sync + 'static,
) -> Promise {
    Promise {
        name,
        engines,
        run: Box::new(move |place| Box::pin(run(place))),
    }
}

const EVERY: &[Engine] = &[InMemory, Sqlite, Postgres];
const KEPT: &[Engine] = &[Sqlite, Postgres];
const SHARED: &[Engine] = &[InMemory, Postgres];

fn promises() -> Vec<Promise> {
    vec![
        promise("starts_empty", EVERY, promises::starts_empty),
        promise("commits_in_order", EVERY, promises::commits_in_order),
        promise(
            "refuses_who_is_behind",
            EVERY,
            promises::refuses_who_is_behind,
        ),
        promise(
            "races_have_one_winner",
            EVERY,
            promises::races_have_one_winner,
        ),
        promise("all_or_nothing", EVERY, promises::all_or_nothing),
        promise(
            "loads_the_fold_of_the_log",
            EVERY,
            promises::loads_the_fold_of_the_log,
        ),
        promise("loads_in_order", EVERY, promises::loads_in_order),
        promise(
            "reads_the_log_in_parts",
            EVERY,
            promises::reads_the_log_in_parts,
        ),
        promise("keeps_any_text", EVERY, promises::keeps_any_text),
        promise("refuses_long_names", EVERY, promises::refuses_long_names),
        promise(
            "hints_after_a_commit",
            EVERY,
            promises::hints_after_a_commit,
        ),
        promise("hints_another_node", SHARED, promises::hints_another_node),
        promise(
            "answers_while_writing",
            EVERY,
            promises::answers_while_writing,
        ),
        promise(
            "survives_a_cancelled_commit",
            EVERY,
            promises::survives_a_cancelled_commit,
        ),
        promise("survives_a_restart", KEPT, durable::survives_a_restart),
        promise(
            "refuses_a_newer_format",
            KEPT,
            durable::refuses_a_newer_format,
        ),
        promise("refuses_newer_tables", KEPT, durable::refuses_newer_tables),
        promise(
            "reports_what_it_cannot_read",
            KEPT,
            durable::reports_what_it_cannot_read,
        ),
        promise("takes_one_process", &[Sqlite], durable::takes_one_process),
        promise("survives_a_kill", &[Sqlite], durable::survives_a_kill),
        promise("names_the_file", &[Sqlite], durable::names_the_file),
        promise("lives_in_memory", &[Sqlite], durable::lives_in_memory),
        promise(
            "migrates_once_for_many_nodes",
            &[Postgres],
            durable::migrates_once_for_many_nodes,
        ),
        promise("listens_again", &[Postgres], durable::listens_again),
        promise(
            "leaves_no_connection",
            &[Postgres],
            durable::leaves_no_connection,
        ),
        promise(
            "does_not_wait_for_ever",
            &[Postgres],
            durable::does_not_wait_for_ever,
        ),
    ]
}

fn main() {
    if let Some(url) = std::env::var_os(durable::CHILD) {
        durable::be_the_child(&url.into_string().unwrap());
    }
    let arguments = Arguments::from_args();
    let postgres = arguments.list || postgres::available();
    let trials = promises().into_iter().flat_map(|promise| {
        let run = Arc::new(promise.run);
        promise.engines.iter().map(move |&engine| {
            let run = Arc::clone(&run);
            let name = format!("{}::{}", format!("{engine:?}").to_lowercase(), promise.name);
            let skipped = engine == Postgres && !postgres;
            Trial::test(name, move || {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(2)
                    .enable_all()
                    .build()?;
                let done = runtime.block_on(async {
                    let place = Place::new(engine).await;
                    tokio::time::timeout(LIMIT, run(place)).await
                });
                done.map_err(|_| format!("not done within {LIMIT:?}").into())
            })
            .with_ignored_flag(skipped)
        })
    });
    let trials: Vec<Trial> = trials.collect();
    libtest_mimic::run(&arguments, trials).exit();
}
