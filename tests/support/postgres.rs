//! A Postgres database per test, on the server that `ACCORD_TEST_POSTGRES_URL` names.
//!
//! Use it with `#[path = "support/postgres.rs"] mod postgres;`. `scripts/postgres start` gives a server.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

const SERVER: &str = "ACCORD_TEST_POSTGRES_URL";
const REQUIRE: &str = "ACCORD_REQUIRE_POSTGRES";

/// Whether there is a server. If not, says so once; panics if tests must not go without.
pub fn available() -> bool {
    static SAID: Once = Once::new();
    let there = std::env::var_os(SERVER).is_some_and(|url| !url.is_empty());
    if !there {
        if std::env::var_os(REQUIRE).is_some_and(|required| required == "1") {
            panic!("{REQUIRE}=1, but {SERVER} is not set");
        }
        SAID.call_once(|| println!("Postgres tests not run: {SERVER} is not set"));
    }
    there
}

/// A fresh database, dropped with this value.
#[derive(Debug)]
pub struct Database {
    server: PgConnectOptions,
    name: String,
}

impl Database {
    /// The URL of the database.
    pub fn url(&self) -> String {
        self.server
            .clone()
            .database(&self.name)
            .to_url_lossy()
            .into()
    }
}

/// A fresh, empty database; `None` without a server.
pub async fn database() -> Option<Database> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if !available() {
        return None;
    }
    let server: PgConnectOptions = std::env::var(SERVER)
        .expect("the URL is text")
        .parse()
        .expect("the URL names a server");
    #[expect(
        clippy::disallowed_methods,
        reason = "only makes a name that no earlier run used"
    )]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let name = format!(
        "accord_test_{}_{:x}_{}",
        std::process::id(),
        now.unwrap_or_default().as_nanos(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
    run(&server, create).await.expect("a database is made");
    Some(Database { server, name })
}

async fn run(server: &PgConnectOptions, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = server.clone().disable_statement_logging().connect().await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    connection.close().await
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A thread, because the runtime of the test may be the one that is ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let limit = Duration::from_secs(30);
            runtime.block_on(async { tokio::time::timeout(limit, run(&server, drop)).await })??;
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        });
        match dropped.join() {
            Ok(Ok(())) => {}
            other => eprintln!("database {} was left behind: {other:?}", self.name),
        }
    }
}
