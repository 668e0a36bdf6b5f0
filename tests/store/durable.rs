//! The promises of stores that outlive their process, and of one engine alone.

use crate::Place;
use crate::fold::{Dice, Fold, random_entry};
use crate::promises::{hinted, registration, whole_log};
use accord::registry::change::FORMAT;
use accord::store::{self, Entry, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Set for a copy of this program that only holds a store open.
pub const CHILD: &str = "ACCORD_TEST_CHILD";
const SOON: Duration = Duration::from_secs(20);

/// A way past the store, to the tables.
async fn tamper(place: &Place, statement: &str) {
    match place {
        Place::Memory(_) => panic!("there are no tables"),
        Place::Sqlite(_) => {
            let options: SqliteConnectOptions = place.url().parse().unwrap();
            let mut connection = options.connect().await.unwrap();
            connection
                .execute(AssertSqlSafe(statement.to_owned()))
                .await
                .unwrap();
            connection.close().await.unwrap();
        }
        Place::Postgres(_) => {
            let mut connection = PgConnection::connect(&place.url()).await.unwrap();
            connection
                .execute(AssertSqlSafe(statement.to_owned()))
                .await
                .unwrap();
            connection.close().await.unwrap();
        }
    }
}

pub async fn survives_a_restart(place: Place) {
    let mut fold = Fold::default();
    let mut head = 0;
    for seed in 100..106 {
        let store = place.open().await;
        let loaded = store.load().await.unwrap();
        assert_eq!((loaded.seq, Fold::of(&loaded.state)), (head, fold.clone()));
        let mut dice = Dice::new(seed);
        let batch: Vec<Entry> = (0..6).map(|_| random_entry(&mut dice, &mut fold)).collect();
        head = store.commit(head, &batch).await.unwrap();
        assert_eq!(
            whole_log(&*store).await.len(),
            usize::try_from(head).unwrap()
        );
        store.close().await;
    }
}

pub async fn refuses_a_newer_format(place: Place) {
    let store = place.open().await;
    store.commit(0, &[registration("a", 1, "a")]).await.unwrap();
    let newer = FORMAT + 1;
    tamper(&place, &format!("UPDATE head SET format = {newer}")).await;
    let too_new = |error| {
        let known = matches!(
            error,
            StoreError::TooNew {
                found,
                known: FORMAT
            } if found == newer
        );
        assert!(known, "{error}");
    };
    too_new(store.head().await.unwrap_err());
    too_new(store.load().await.unwrap_err());
    too_new(store.changes_since(0, 9).await.unwrap_err());
    too_new(store.commit(1, &[]).await.unwrap_err());
    too_new(
        store
            .commit(0, &[registration("b", 1, "a")])
            .await
            .unwrap_err(),
    );
    store.close().await;
    too_new(store::open(&place.url()).await.unwrap_err());
    tamper(&place, "UPDATE head SET format = 1").await;
    let store = place.open().await;
    assert_eq!(store.head().await.unwrap(), 1);
    store.close().await;
}

pub async fn refuses_newer_tables(place: Place) {
    place.open().await.close().await;
    tamper(&place, "UPDATE _sqlx_migrations SET version = 99").await;
    for error in [
        store::open(&place.url()).await.unwrap_err(),
        store::migrate(&place.url()).await.unwrap_err(),
    ] {
        assert!(
            matches!(
                error,
                StoreError::TooNew {
                    found: 99,
                    known: 1
                }
            ),
            "{error}"
        );
    }
}

pub async fn reports_what_it_cannot_read(place: Place) {
    let store = place.open().await;
    let batch = [registration("a", 1, "a"), registration("b", 2, "b")];
    store.commit(0, &batch).await.unwrap();
    let corrupt = |error| assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    for (harm, repair) in [
        (
            "UPDATE schemas SET guid = 'x' WHERE id = 1",
            "UPDATE schemas SET guid = '00000000000000000000000000000000' WHERE id = 1",
        ),
        (
            "UPDATE schemas SET metadata = '{' WHERE id = 2",
            "UPDATE schemas SET metadata = NULL WHERE id = 2",
        ),
        (
            "UPDATE contexts SET max_id = 4294967296",
            "UPDATE contexts SET max_id = 2",
        ),
    ] {
        tamper(&place, harm).await;
        corrupt(store.load().await.unwrap_err());
        tamper(&place, repair).await;
        store.load().await.unwrap();
    }
    tamper(&place, "UPDATE changes SET payload = '[{}]' WHERE seq = 2").await;
    assert_eq!(store.changes_since(0, 1).await.unwrap().len(), 1);
    corrupt(store.changes_since(0, 2).await.unwrap_err());
    tamper(&place, "DELETE FROM changes WHERE seq = 1").await;
    corrupt(store.changes_since(0, 2).await.unwrap_err());
    store.close().await;
}

pub async fn takes_one_process(place: Place) {
    let store = place.open().await;
    let Place::Sqlite(folder) = &place else {
        panic!("SQLite only");
    };
    let detour = folder.path().join(".").join("accord.db");
    for url in [place.url(), format!("sqlite:{}", detour.display())] {
        for error in [
            store::open(&url).await.unwrap_err(),
            store::migrate(&url).await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::InUse(_)), "{error}");
            assert!(error.to_string().contains("accord.db"), "{error}");
        }
    }
    store.close().await;
    place.open().await.close().await;
    // Without a farewell.
    drop(place.open().await);
    place.open().await.close().await;
}

pub async fn survives_a_kill(place: Place) {
    for round in 0..3 {
        let child = Command::new(std::env::current_exe().unwrap())
            .env(CHILD, place.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = Killed(child.unwrap());
        let mut said = String::new();
        let mut lines = BufReader::new(child.0.stdout.take().unwrap());
        lines.read_line(&mut said).unwrap();
        let head: i64 = said.trim().parse().unwrap();
        let refused = store::open(&place.url()).await.unwrap_err();
        assert!(matches!(refused, StoreError::InUse(_)), "{refused}");
        drop(child);
        let store = place.open().await;
        // It may have written more after it spoke, never less.
        let loaded = store.load().await.unwrap();
        assert!(loaded.seq >= head && head > 0, "round {round}");
        let log = whole_log(&*store).await;
        assert_eq!(log.len(), usize::try_from(loaded.seq).unwrap());
        let changes = log.iter().flat_map(|entry| &entry.changes);
        assert_eq!(Fold::of(changes), Fold::of(&loaded.state));
        store.close().await;
    }
}

/// A process that ends, without a chance to say farewell, with this value.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Writes for ever, and says after ten commits how far it got.
pub fn be_the_child(url: &str) -> ! {
    // Ends with its parent, should that be killed itself.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = store::open(url).await.unwrap();
        let first = store.head().await.unwrap();
        let mut head = first;
        loop {
            let id = i32::try_from(head + 1).unwrap();
            let entry = registration(&format!("s{head}"), id, &format!("text {head}"));
            head = store.commit(head, &[entry]).await.unwrap();
            if head == first + 10 {
                println!("{head}");
            }
        }
    })
}

pub async fn names_the_file(place: Place) {
    for url in [
        "sqlite:",
        "sqlite://",
        "sqlite://?mode=rwc",
        "sqlite://a.db?x=y",
        "mysql://x",
    ] {
        let error = store::open(url).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Unsupported(_)),
            "{url}: {error}"
        );
    }
    let Place::Sqlite(folder) = &place else {
        panic!("SQLite only");
    };
    let missing = folder.path().join("missing").join("accord.db");
    let error = store::open(&format!("sqlite://{}", missing.display())).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("database failed"), "{error}");
    let StoreError::Failed(cause) = error else {
        panic!("{error}");
    };
    assert!(cause.to_string().contains("missing"), "{cause}");
}

pub async fn lives_in_memory(_: Place) {
    let (one, two) = (
        store::open("sqlite::memory:").await.unwrap(),
        store::open("sqlite::memory:").await.unwrap(),
    );
    one.commit(0, &[registration("a", 1, "a")]).await.unwrap();
    assert_eq!(one.head().await.unwrap(), 1);
    assert_eq!(two.head().await.unwrap(), 0);
    one.close().await;
    two.close().await;
}

pub async fn migrates_once_for_many_nodes(place: Place) {
    let steps: Vec<_> = (0..8)
        .map(|_| {
            let url = place.url();
            tokio::spawn(async move { store::migrate(&url).await.unwrap() })
        })
        .collect();
    let mut taken = 0;
    for step in steps {
        taken += step.await.unwrap();
    }
    assert_eq!(taken, 1);
}

/// How many connections this program has to the database, as the database sees it.
async fn connections(place: &Place) -> i64 {
    let mut connection = PgConnection::connect(&place.url()).await.unwrap();
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'accord'",
    );
    let count = count.fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

async fn until_connections(place: &Place, wanted: impl Fn(i64) -> bool) {
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let count = connections(place).await;
        if wanted(count) {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{count} connections"
        );
        tokio::task::yield_now().await;
    }
}

/// Its connections are cut, again and again: hints come back, and the cut itself is a hint.
pub async fn listens_again(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    hinted(&*one, &*two).await;
    for _ in 0..3 {
        let mut hints = two.hints();
        hints.mark_unchanged();
        tamper(
            &place,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'accord'",
        )
        .await;
        let hint = tokio::time::timeout(SOON, hints.changed()).await;
        hint.unwrap().unwrap();
        hinted(&*one, &*two).await;
    }
    one.close().await;
    two.close().await;
}

/// Neither after closing nor after a drop without it.
pub async fn leaves_no_connection(place: Place) {
    let store = place.open().await;
    until_connections(&place, |count| count >= 2).await;
    store.close().await;
    until_connections(&place, |count| count == 0).await;
    drop(place.open().await);
    until_connections(&place, |count| count == 0).await;
}

/// A writer that holds the head and does not go on stops the others for a bounded time.
pub async fn does_not_wait_for_ever(place: Place) {
    place.open().await.close().await;
    let patient = place.url() + "&options[statement_timeout]=300ms";
    let store = store::open(&patient).await.unwrap();
    let mut other = PgConnection::connect(&place.url()).await.unwrap();
    let mut held = other.begin().await.unwrap();
    held.execute("SELECT seq FROM head FOR UPDATE")
        .await
        .unwrap();
    let refused = store.commit(0, &[registration("a", 1, "a")]).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    held.rollback().await.unwrap();
    let done = store.commit(0, &[registration("a", 1, "a")]).await;
    assert_eq!(done.unwrap(), 1);
    other.close().await.unwrap();
    store.close().await;
}
