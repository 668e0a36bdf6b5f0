//! Several real `accord serve` processes on one database: writers on all of them at once, `kill -9` in the
//! middle, lost hints. What was acknowledged is there afterwards, on every node, and was given out once.
//!
//! The Postgres tests want `ACCORD_TEST_POSTGRES_URL` (`scripts/postgres start`).

#[path = "support/node.rs"]
mod node;
#[path = "support/postgres.rs"]
mod postgres;

use node::{Acknowledged, Node, Until, snapshot, verify};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Writers per node.
const WRITERS: usize = 8;
/// Registrations per writer.
const WRITES: usize = 30;
/// How many different schemas the writers have between them.
const SCHEMAS: usize = 60;
/// Subjects that all writers write to.
const SHARED: usize = 4;

/// An Avro record that is different for each number.
fn schema(number: usize) -> Value {
    let text = json!({"type": "record", "name": format!("R{number}"), "fields": [{"name": "f", "type": "long"}]});
    json!({"schema": text.to_string()})
}

/// What a writer registers at a step: subject and schema. Writers meet in the shared subjects and schemas.
fn task(writer: usize, step: usize) -> (String, usize) {
    let number = (writer * 7 + step * 11) % SCHEMAS;
    let subject = match step % 3 {
        0 => format!("own-{writer}"),
        _ => format!("shared-{}", (writer + step) % SHARED),
    };
    (subject, number)
}

/// Runs the writers of some nodes until they are done, or their node is gone. Returns what was acknowledged.
async fn write(
    nodes: &[&Node],
    enough: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> Vec<Acknowledged> {
    let enough = Arc::new(enough);
    let count = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS * nodes.len() {
        let client = nodes[writer % nodes.len()].client();
        let (count, enough) = (count.clone(), enough.clone());
        writers.spawn(async move {
            let mut acknowledged = Vec::new();
            for step in 0..WRITES {
                let (subject, number) = task(writer, step);
                match client.register(&subject, &schema(number)).await {
                    Ok((id, version)) => {
                        acknowledged.push(Acknowledged {
                            subject,
                            schema: schema(number),
                            id,
                            version,
                        });
                        if enough(count.fetch_add(1, Ordering::SeqCst) + 1) {
                            break;
                        }
                    }
                    // Its node was killed: what it asked for last may or may not have happened.
                    Err(None) => break,
                    Err(Some(refusal)) => panic!("{subject}, schema {number}: {refusal}"),
                }
            }
            acknowledged
        });
    }
    let mut all = Vec::new();
    while let Some(done) = writers.join_next().await {
        all.extend(done.expect("a writer ends well"));
    }
    all
}

/// Two nodes, started at the same moment: both find the database empty and want to make its tables.
async fn two(database: &postgres::Database) -> (Node, Node) {
    let url = database.url();
    tokio::join!(Node::start(&url), Node::start(&url))
}

async fn allow_everything(node: &Node) {
    let (status, answer) = node
        .client()
        .call("PUT", "/config", Some(&json!({"compatibility": "NONE"})))
        .await
        .expect("the node answers");
    assert_eq!(status, 200, "{answer}");
}

/// One id per schema, one schema per id; per subject, one version per schema.
fn given_out_once(acknowledged: &[Acknowledged]) {
    let mut ids: BTreeMap<String, i64> = BTreeMap::new();
    let mut schemas: BTreeMap<i64, String> = BTreeMap::new();
    let mut versions: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut places: BTreeMap<(String, i64), String> = BTreeMap::new();
    for a in acknowledged {
        let text = a.schema.to_string();
        assert_eq!(
            *ids.entry(text.clone()).or_insert(a.id),
            a.id,
            "two ids for {text}"
        );
        let other = schemas.entry(a.id).or_insert_with(|| text.clone());
        assert_eq!(*other, text, "two schemas for id {}", a.id);
        let key = (a.subject.clone(), text.clone());
        assert_eq!(
            *versions.entry(key).or_insert(a.version),
            a.version,
            "two versions for {a:?}"
        );
        let key = (a.subject.clone(), a.version);
        assert_eq!(
            *places.entry(key).or_insert_with(|| text.clone()),
            text,
            "two schemas for {a:?}"
        );
    }
}

/// Waits until two nodes say the same about everything, and returns that.
async fn agreed(a: &Node, b: &Node) -> node::Snapshot {
    let until = Until::seconds(20);
    loop {
        let (of_a, of_b) = (snapshot(a).await, snapshot(b).await);
        if of_a == of_b {
            return of_a;
        }
        until
            .or_fail(&format!("the nodes differ: {of_a:?}\nand {of_b:?}"))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_on_two_nodes_get_one_order() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let (a, b) = two(&database).await;
    allow_everything(&a).await;
    let acknowledged = write(&[&a, &b], |_| false).await;
    assert_eq!(
        acknowledged.len(),
        2 * WRITERS * WRITES,
        "every write is acknowledged"
    );
    given_out_once(&acknowledged);
    let all = agreed(&a, &b).await;
    all.is_without_gaps();
    // Nothing is there that nobody registered.
    let mut places: Vec<_> = acknowledged
        .iter()
        .map(|x| (x.subject.clone(), x.version))
        .collect();
    places.sort();
    places.dedup();
    assert_eq!(all.places(), places);
    verify(&a, &acknowledged).await;
    verify(&b, &acknowledged).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_write_is_read_at_once_on_the_other_node() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let (a, b) = two(&database).await;
    allow_everything(&a).await;
    for number in 0..50 {
        let (here, there) = if number % 2 == 0 { (&a, &b) } else { (&b, &a) };
        let subject = format!("s-{}", number % 10);
        let registered = here.client().register(&subject, &schema(number)).await;
        let (id, version) = registered.expect("it is registered");
        let text = schema(number)["schema"].clone();
        let paths = match number % 3 {
            0 => [
                format!("/subjects/{subject}/versions/latest"),
                format!("/schemas/ids/{id}"),
            ],
            1 => [
                format!("/subjects/{subject}/versions/{version}"),
                format!("/schemas/ids/{id}/versions"),
            ],
            _ => [
                format!("/schemas/ids/{id}/subjects"),
                format!("/schemas/ids/{id}"),
            ],
        };
        for path in paths {
            let (status, answer) = there
                .client()
                .call("GET", &path, None)
                .await
                .expect("an answer");
            assert_eq!(status, 200, "GET {path}: {answer}");
            if let Some(read) = answer.get("schema") {
                assert_eq!(same(read), same(&text), "GET {path}");
            }
        }
        // An alias that the other node has never heard of.
        let alias = format!("alias-{number}");
        let (status, answer) = here
            .client()
            .call(
                "PUT",
                &format!("/config/{alias}"),
                Some(&json!({"alias": subject})),
            )
            .await
            .expect("an answer");
        assert_eq!(status, 200, "{answer}");
        let (status, answer) = there
            .client()
            .call("GET", &format!("/subjects/{alias}/versions/latest"), None)
            .await
            .expect("an answer");
        assert_eq!((status, &answer["id"]), (200, &json!(id)), "{answer}");
        // A lookup by content on a node that has not asked before.
        let (status, found) = there
            .client()
            .call(
                "POST",
                &format!("/subjects/{subject}"),
                Some(&schema(number)),
            )
            .await
            .expect("an answer");
        assert_eq!((status, &found["id"]), (200, &json!(id)), "{found}");
    }
    a.stop().await;
    b.stop().await;
}

/// A schema's text as data: the order of members is the registry's choice.
fn same(text: &Value) -> Value {
    serde_json::from_str(text.as_str().expect("a text")).expect("a schema is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_takes_no_acknowledged_write_with_it() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let (mut a, b) = two(&database).await;
    allow_everything(&a).await;
    // A third of the writes, so that both nodes are in the middle of them.
    let kill = a.killer();
    let third = 2 * WRITERS * WRITES / 3;
    let acknowledged = write(&[&a, &b], move |count| {
        if count == third {
            kill.kill();
        }
        false
    })
    .await;
    assert!(a.is_dead().await, "the node was killed");
    assert!(acknowledged.len() >= third, "{}", acknowledged.len());
    assert!(
        acknowledged.len() < 2 * WRITERS * WRITES,
        "the kill came too late to show anything"
    );
    given_out_once(&acknowledged);
    verify(&b, &acknowledged).await;

    let a = Node::start(&database.url()).await;
    verify(&a, &acknowledged).await;
    agreed(&a, &b).await.is_without_gaps();
    let more = write(&[&a, &b], |_| false).await;
    assert_eq!(
        more.len(),
        2 * WRITERS * WRITES,
        "the restarted node takes writes"
    );
    let both: Vec<_> = acknowledged.into_iter().chain(more).collect();
    given_out_once(&both);
    agreed(&a, &b).await.is_without_gaps();
    verify(&a, &both).await;
    verify(&b, &both).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_on_sqlite_takes_no_acknowledged_write_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("accord.db").display());
    let mut acknowledged: Vec<Acknowledged> = Vec::new();
    for round in 1..=4 {
        let mut node = Node::start(&url).await;
        allow_everything(&node).await;
        verify(&node, &acknowledged).await;
        snapshot(&node).await.is_without_gaps();
        let kill = node.killer();
        let after = round * WRITERS * WRITES / 6;
        acknowledged.extend(
            write(&[&node], move |count| {
                if count == after {
                    kill.kill();
                }
                false
            })
            .await,
        );
        assert!(node.is_dead().await, "the node was killed");
        given_out_once(&acknowledged);
    }
    let node = Node::start(&url).await;
    verify(&node, &acknowledged).await;
    snapshot(&node).await.is_without_gaps();
    node.stop().await;
}

/// Registers new versions on one node and waits until the other has applied them without being asked for them.
async fn follows(from: &Node, to: &Node, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let registered = from.client().register("followed", &schema(number)).await;
        registered.expect("it is registered");
        let written = position(from).await;
        let until = Until::seconds(15);
        loop {
            let known = position(to).await;
            if known >= written {
                break;
            }
            until
                .or_fail(&format!("entry {written} does not arrive, only {known}"))
                .await;
        }
    }
}

/// The last entry of the log that a node has applied. Measures are taken without asking the store.
async fn position(node: &Node) -> u64 {
    let text = node.client().text("/metrics").await;
    text.lines()
        .find_map(|line| line.strip_prefix("accord_log_position "))
        .and_then(|number| number.parse().ok())
        .expect("the measure is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_follows_when_hints_are_lost_without_a_word() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let mut connection = PgConnection::connect(&database.url())
        .await
        .expect("a connection");
    // A function that is found before the real one, and does nothing.
    connection
        .execute("CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''")
        .await
        .expect("a function is made");
    let name: String = sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(&mut connection)
        .await
        .expect("a name");
    let first = format!("ALTER DATABASE {name} SET search_path = public, pg_catalog");
    connection
        .execute(sqlx::AssertSqlSafe(first))
        .await
        .expect("the path is set");
    let (a, b) = two(&database).await;
    allow_everything(&a).await;
    let mut listening = PgConnection::connect(&database.url())
        .await
        .expect("a connection");
    let lost: bool = sqlx::query_scalar(
        "SELECT 'pg_notify'::regproc::oid <> 'pg_catalog.pg_notify'::regproc::oid",
    )
    .fetch_one(&mut listening)
    .await
    .expect("an answer");
    assert!(lost, "new connections find the function that does nothing");
    follows(&a, &b, 0..4).await;
    follows(&b, &a, 4..8).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_follows_while_its_listener_is_killed_again_and_again() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let (a, b) = two(&database).await;
    allow_everything(&a).await;
    let done = Arc::new(AtomicBool::new(false));
    let mut connection = PgConnection::connect(&database.url())
        .await
        .expect("a connection");
    let killer = tokio::spawn({
        let done = done.clone();
        async move {
            let mut killed = 0_i64;
            let mut tick = tokio::time::interval(Duration::from_millis(10));
            while !done.load(Ordering::SeqCst) {
                tick.tick().await;
                killed += sqlx::query_scalar::<_, i64>(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE datname = current_database() AND query ILIKE 'LISTEN%'",
                )
                .fetch_one(&mut connection)
                .await
                .expect("the killer's own connection lives");
            }
            killed
        }
    });
    follows(&a, &b, 0..10).await;
    follows(&b, &a, 10..20).await;
    let acknowledged = write(&[&a, &b], |_| false).await;
    given_out_once(&acknowledged);
    agreed(&a, &b).await.is_without_gaps();
    done.store(true, Ordering::SeqCst);
    let killed = killer.await.expect("the killer ends well");
    assert!(killed >= 2, "listeners were killed: {killed}");
    // And hints come again once they are left alone.
    follows(&a, &b, 20..24).await;
    a.stop().await;
    b.stop().await;
}
