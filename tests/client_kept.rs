//! What the client keeps of topics, apart for each registry, and what it does not take from one.

#[path = "support/raw.rs"]
#[expect(dead_code, reason = "these tests need answers only")]
mod raw;

use accord::client::{
    Association, ClientError, DiskOptions, Method, MockTransport, Normalize, RegistryClient, Reply,
    Schema, TokenSource, Tuning,
};
use accord::model::{SchemaId, Subject};
use async_trait::async_trait;
use bytes::Bytes;
use raw::Raw;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::advance;

const ANSWER: &str =
    "HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{\"schema\": \"{}\"}";
const TOPIC: &str = "/associations/resources/cluster/orders?";

fn on_disk(mock: &Arc<MockTransport>, folder: &Path) -> RegistryClient {
    RegistryClient::builder("")
        .transport(mock.clone())
        .disk(DiskOptions::new(folder))
        .build()
        .unwrap()
}

fn tied(subject: &str) -> Reply {
    Reply::ok(json!([{
        "subject": subject,
        "resourceName": "orders",
        "associationType": "value",
    }]))
}

async fn associations(client: &RegistryClient) -> Result<Vec<Association>, ClientError> {
    client.associations("cluster", "orders").await
}

async fn subjects(client: &RegistryClient) -> Vec<String> {
    let found = associations(client).await.unwrap();
    found.iter().map(|one| one.subject.to_string()).collect()
}

// Associations.

#[tokio::test(start_paused = true)]
async fn associations_are_asked_for_once_and_again_when_they_are_old() {
    let mock = MockTransport::new("http://here");
    let late = Reply::After(Duration::from_secs(1), Box::new(tied("one")));
    mock.on(Method::Get, TOPIC, late);
    let client = RegistryClient::builder("")
        .transport(mock.clone())
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { subjects(&client).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), ["one"]);
    }
    assert_eq!(subjects(&client).await, ["one"]);
    assert_eq!(mock.requests().len(), 1);

    mock.on(Method::Get, TOPIC, tied("two"));
    advance(Tuning::default().latest_ttl).await;
    assert_eq!(subjects(&client).await, ["two"]);
    assert_eq!(mock.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn associations_outlive_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://here");
    mock.on(Method::Get, TOPIC, tied("one"));
    let client = on_disk(&mock, folder.path());
    assert_eq!(subjects(&client).await, ["one"]);
    let page = |status| Reply::Bytes(status, Bytes::from_static(b"<html>No</html>"));
    for reply in [page(404), page(403), page(200), page(503), Reply::Refuse] {
        mock.always(reply.clone());
        advance(Tuning::default().latest_ttl).await;
        assert_eq!(subjects(&client).await, ["one"], "{reply:?}");
        let restarted = on_disk(&mock, folder.path());
        assert_eq!(subjects(&restarted).await, ["one"], "{reply:?}");
    }
    // Who never heard of them is not told that there are none.
    mock.always(page(404));
    let other = tempfile::tempdir().unwrap();
    let stranger = on_disk(&mock, other.path());
    assert!(associations(&stranger).await.unwrap_err().is_outage());
}

#[tokio::test(start_paused = true)]
async fn a_registry_without_associations_is_asked_once_too() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://old");
    mock.on(
        Method::Get,
        TOPIC,
        Reply::error(404, 404, "HTTP 404 Not Found"),
    );
    let client = on_disk(&mock, folder.path());
    for _ in 0..3 {
        assert!(associations(&client).await.unwrap().is_empty());
    }
    assert_eq!(mock.requests().len(), 1);
    mock.always(Reply::Refuse);
    advance(Tuning::default().latest_ttl).await;
    assert!(associations(&client).await.unwrap().is_empty());
    let restarted = on_disk(&mock, folder.path());
    assert!(associations(&restarted).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_subject_is_asked_for_its_topics_again() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://here");
    mock.on(Method::Get, TOPIC, tied("one"));
    mock.on(Method::Delete, "/subjects/one", Reply::ok(json!([1])));
    let client = on_disk(&mock, folder.path());
    assert_eq!(subjects(&client).await, ["one"]);
    client
        .delete_subject(&Subject::parse("one"), accord::client::Deletion::Soft)
        .await
        .unwrap();
    assert_eq!(client.stats().disk_files, 0);
    mock.on(Method::Get, TOPIC, Reply::ok(json!([])));
    assert!(associations(&client).await.unwrap().is_empty());
}

#[tokio::test]
async fn associations_have_a_number() {
    let mock = MockTransport::new("http://mad");
    let one = json!({"subject": "one", "associationType": "value"});
    mock.on(Method::Get, TOPIC, Reply::ok(json!(vec![one; 101])));
    let client = RegistryClient::builder("").transport(mock).build().unwrap();
    let error = associations(&client).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreadable { .. }), "{error}");
}

// Several registries, and several clients, in one folder.

#[tokio::test]
async fn tenants_of_one_host_do_not_mix_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let raw = Raw::start(ANSWER).await;
    let plain = raw.url();
    let with_user = plain.replace("http://", "http://key-c:secret@");
    let header = |value| RegistryClient::builder(&plain).header("Target-SR-Cluster", value);
    // Each is another registry, and asks; the second of each finds what the first has kept.
    let tenants = [
        (header("a"), header("a")),
        (header("b"), header("b")),
        (
            RegistryClient::builder(&plain).basic_auth("key-a", "secret"),
            RegistryClient::builder(&plain).basic_auth("key-a", "changed since"),
        ),
        (
            RegistryClient::builder(&plain).basic_auth("key-b", "secret"),
            RegistryClient::builder(&plain).basic_auth("key-b", "secret"),
        ),
        (
            RegistryClient::builder(&with_user),
            RegistryClient::builder(&with_user),
        ),
        (
            RegistryClient::builder(&plain).bearer("one"),
            RegistryClient::builder(&plain).bearer("the next"),
        ),
    ];
    for (n, (first, second)) in tenants.into_iter().enumerate() {
        for builder in [first, second] {
            let client = builder
                .disk(DiskOptions::new(folder.path()))
                .build()
                .unwrap();
            client.schema_by_id(SchemaId(1), None).await.unwrap();
            assert_eq!(raw.heads().len(), n + 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_share_a_folder_do_not_spoil_each_others_files() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://here");
    // Of different lengths, so that one over the other shows.
    for n in 1..=400 {
        let text = format!("\"{}\"", "x".repeat(n));
        let target = format!("/schemas/ids/{n}");
        mock.on(Method::Get, &target, Reply::ok(json!({"schema": text})));
    }
    let tasks: Vec<_> = [1, 101, 201, 301]
        .map(|first| {
            let client = on_disk(&mock, folder.path());
            tokio::spawn(async move {
                for n in first..first + 100 {
                    client.schema_by_id(SchemaId(n), None).await.unwrap();
                }
                client.stats()
            })
        })
        .into();
    for task in tasks {
        assert_eq!(task.await.unwrap().disk_errors, 0);
    }
    mock.always(Reply::Refuse);
    let client = on_disk(&mock, folder.path());
    for n in 1..=400_i32 {
        let found = client.schema_by_id(SchemaId(n), None).await.unwrap();
        assert_eq!(found.schema.text.len(), n as usize + 2);
    }
    assert_eq!(client.stats().disk_corrupt, 0);
}

#[tokio::test]
async fn a_file_that_somebody_is_writing_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://here");
    mock.on(
        Method::Get,
        "/schemas/ids/",
        Reply::ok(json!({"schema": "{}"})),
    );
    let ask = async |id: i32| {
        let client = on_disk(&mock, folder.path());
        client.schema_by_id(SchemaId(id), None).await.unwrap();
    };
    ask(1).await;
    let registry = std::fs::read_dir(folder.path()).unwrap().next().unwrap();
    // What a program with the same process id in another container may have begun.
    let begun: Vec<_> = (0..3)
        .map(|n| format!("tmp-{}-{n}", std::process::id()))
        .map(|name| registry.as_ref().unwrap().path().join(name))
        .collect();
    for path in &begun {
        std::fs::write(path, "half").unwrap();
    }
    for id in 2..5 {
        ask(id).await;
    }
    for path in &begun {
        assert_eq!(std::fs::read(path).unwrap(), b"half");
    }
}

// What is not taken from a registry, or from an issuer of tokens.

#[tokio::test]
async fn ids_that_no_schema_has_are_refused() {
    let text = "\"string\"";
    let orders = Subject::parse("orders");
    for id in [0, -1, i32::MIN] {
        let mock = MockTransport::new("http://mad");
        let version = json!({"subject": "orders", "version": 1, "id": id, "schema": text});
        mock.on(Method::Get, "/subjects/", Reply::ok(version.clone()));
        mock.on(Method::Post, "/subjects/orders", Reply::ok(version));
        let client = RegistryClient::builder("").transport(mock).build().unwrap();
        let schema = Schema::avro(text);
        let no = Normalize::default();
        let answers = [
            client.register(&orders, &schema, no).await,
            client
                .lookup(&orders, &schema, no, accord::client::Deleted::Hidden)
                .await,
            client.latest(&orders).await,
        ];
        for answer in answers {
            let is_refused = matches!(answer, Err(ClientError::Unreadable { status: 200, .. }));
            assert!(is_refused, "{id}: {answer:?}");
        }
        assert_eq!(client.cached_registration(&orders, &schema, no), None);
    }
}

/// Tokens that cannot be had the first time.
#[derive(Default)]
struct Late(AtomicUsize);

#[async_trait]
impl TokenSource for Late {
    async fn token(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => Err("the issuer is away".into()),
            _ => Ok("here".to_owned()),
        }
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_had_at_once_is_asked_for_again() {
    let raw = Raw::start(ANSWER).await;
    let client = RegistryClient::builder(&raw.url())
        .bearer_from(Arc::new(Late::default()))
        .build()
        .unwrap();
    client.schema_by_id(SchemaId(1), None).await.unwrap();
    assert_eq!(client.stats().retries, 1);
    // Or for the next URL.
    let both = format!("{0},{0}/other", raw.url());
    let client = RegistryClient::builder(&both)
        .bearer_from(Arc::new(Late::default()))
        .build()
        .unwrap();
    client.schema_by_id(SchemaId(1), None).await.unwrap();
    assert_eq!(client.stats().retries, 0);
    assert!(raw.heads()[1].starts_with("GET /other/"));
}
