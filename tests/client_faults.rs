//! The client when things go wrong: registries that are down, slow, full or mad, and disks that fail.

#[path = "support/raw.rs"]
mod raw;

use accord::client::{
    ClientError, Deleted, DiskOptions, Format, Method, MockTransport, Normalize, RegistryClient,
    Reply, Schema, TokenSource, Tuning,
};
use accord::model::{SchemaId, Subject, Version};
use accord::wire::ErrorCode;
use async_trait::async_trait;
use bytes::Bytes;
use raw::Raw;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, advance};

const TEXT: &str = "\"string\"";

fn orders() -> Subject {
    Subject::parse("orders")
}

fn by_id() -> Reply {
    Reply::ok(json!({"schema": TEXT}))
}

fn version(number: i32, text: &str) -> Reply {
    Reply::ok(json!({"subject": "orders", "version": number, "id": number, "schema": text}))
}

fn of(mock: &Arc<MockTransport>) -> RegistryClient {
    with(mock, Tuning::default())
}

fn with(mock: &Arc<MockTransport>, tuning: Tuning) -> RegistryClient {
    RegistryClient::builder("")
        .transport(mock.clone())
        .tuning(tuning)
        .build()
        .unwrap()
}

fn on_disk(mock: &Arc<MockTransport>, folder: &Path) -> RegistryClient {
    RegistryClient::builder("")
        .transport(mock.clone())
        .disk(DiskOptions::new(folder))
        .build()
        .unwrap()
}

/// Quick enough for real sockets, which know no paused time.
fn quick() -> Tuning {
    Tuning {
        retries: 0,
        ..Tuning::default()
    }
}

fn http(urls: &str) -> RegistryClient {
    RegistryClient::builder(urls)
        .tuning(quick())
        .build()
        .unwrap()
}

// What registries answer.

#[tokio::test]
async fn answers_of_older_registries_are_understood() {
    let mock = MockTransport::new("http://old");
    mock.on(Method::Post, "/subjects/", Reply::ok(json!({"id": 5})));
    mock.on(Method::Get, "/schemas/ids/5", by_id());
    let client = of(&mock);
    let schema = Schema::avro(TEXT);
    let no = Normalize::default();
    let registered = client.register(&orders(), &schema, no).await.unwrap();
    assert_eq!(registered.id, Some(SchemaId(5)));
    assert_eq!((registered.guid, registered.version), (None, None));
    assert_eq!(registered.schema, schema);
    let found = client.schema_by_id(SchemaId(5), None).await.unwrap();
    assert_eq!((found.id, &found.schema), (Some(SchemaId(5)), &schema));
}

#[tokio::test]
async fn what_is_sent_leaves_out_what_is_absent() {
    let mock = MockTransport::new("http://strict");
    mock.on(Method::Post, "/subjects/", Reply::ok(json!({"id": 5})));
    let client = of(&mock);
    client
        .register(&orders(), &Schema::json("{}"), Normalize::Yes)
        .await
        .unwrap();
    let requests = mock.requests();
    assert_eq!(
        requests[0].target,
        "/subjects/orders/versions?normalize=true"
    );
    let body: serde_json::Value =
        serde_json::from_slice(requests[0].body.as_ref().unwrap()).unwrap();
    assert_eq!(body, json!({"schema": "{}", "schemaType": "JSON"}));
}

#[tokio::test]
async fn a_refusal_is_told_with_status_code_and_message() {
    let mock = MockTransport::new("http://no");
    mock.always(Reply::error(422, 42201, "Invalid schema"));
    let refused = of(&mock)
        .register(&orders(), &Schema::avro("{"), Normalize::default())
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        ClientError::Refused {
            url: "http://no/subjects/orders/versions".into(),
            status: 422,
            code: ErrorCode::INVALID_SCHEMA,
            message: "Invalid schema".into(),
        }
    );
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn garbage_is_named_and_not_asked_for_again() {
    let garbage: [&'static [u8]; 7] = [
        b"",
        b"<html>Welcome</html>",
        b"\xff\xfe\x00",
        b"[]",
        b"{\"schema\":",
        b"{\"schema\": 7}",
        b"{\"schema\": \"x\", \"schemaType\": \"XML\"}",
    ];
    for body in garbage {
        let mock = MockTransport::new("http://mad");
        mock.always(Reply::Bytes(200, Bytes::from_static(body)));
        let client = of(&mock);
        let error = client.schema_by_id(SchemaId(1), None).await.unwrap_err();
        let is_named = matches!(&error, ClientError::Unreadable { status: 200, url, .. }
            if url.as_ref() == "http://mad/schemas/ids/1");
        assert!(is_named, "{body:?}: {error}");
        assert!(!error.is_not_found());
        assert_eq!(mock.requests().len(), 1);
        assert_eq!(client.cached_by_id(SchemaId(1)), None);
    }
}

#[tokio::test]
async fn an_answer_to_another_question_is_not_believed() {
    let mock = MockTransport::new("http://mixed");
    mock.on(
        Method::Get,
        "/schemas/ids/1",
        Reply::ok(json!({"schema": TEXT, "id": 2})),
    );
    mock.on(Method::Get, "/subjects/orders/versions/1", version(2, TEXT));
    let client = of(&mock);
    let error = client.schema_by_id(SchemaId(1), None).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreadable { .. }), "{error}");
    let error = client
        .version(&orders(), Version(1), Deleted::Hidden)
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Unreadable { .. }), "{error}");
}

#[tokio::test]
async fn errors_that_are_no_registrys_keep_their_status() {
    let mock = MockTransport::new("http://proxy");
    mock.always(Reply::Bytes(
        403,
        Bytes::from_static(b"<html>Forbidden</html>"),
    ));
    let error = of(&mock).schema_by_id(SchemaId(1), None).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(403), None));
    assert!(!error.to_string().contains("html"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_without_a_registry_is_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://proxy");
    let path = "/subjects/orders/versions/latest";
    mock.on(Method::Get, path, version(1, TEXT));
    let client = on_disk(&mock, folder.path());
    client.latest(&orders()).await.unwrap();
    let pages: [(u16, &'static [u8]); 6] = [
        (302, b"<html>Sign on</html>"),
        (403, b"<html>Forbidden</html>"),
        (404, b"default backend - 404"),
        (407, b"<html>Who are you?</html>"),
        (200, b"<html>Welcome</html>"),
        (503, b"<html>Busy</html>"),
    ];
    for (status, page) in pages {
        mock.always(Reply::Bytes(status, Bytes::from_static(page)));
        advance(Tuning::default().latest_ttl).await;
        let old = client.latest(&orders()).await.unwrap();
        assert_eq!(old.version, Some(Version(1)), "{status}");
        let restarted = on_disk(&mock, folder.path());
        let old = restarted.latest(&orders()).await.unwrap();
        assert_eq!(old.version, Some(Version(1)), "{status}");
    }
}

#[tokio::test]
async fn answers_have_a_size() {
    let text = "x".repeat(2_000);
    let mock = MockTransport::new("http://big");
    mock.always(Reply::ok(json!({ "schema": text })));
    let tuning = Tuning {
        max_answer_bytes: 1_000,
        ..Tuning::default()
    };
    let error = with(&mock, tuning)
        .schema_by_id(SchemaId(1), None)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ClientError::TooLarge { limit: 1_000, .. }),
        "{error}"
    );
}

// Retries and failover.

#[tokio::test(start_paused = true)]
async fn passing_failures_are_tried_again() {
    let failures = [
        Reply::error(500, 50001, "Error in the backend store"),
        Reply::error(503, 503, "busy"),
        Reply::error(429, 429, "slow down"),
        Reply::error(408, 408, "too slow"),
        Reply::Refuse,
        Reply::Break,
        Reply::Silence,
    ];
    for failure in failures {
        let mock = MockTransport::new("http://shaky");
        mock.on(Method::Get, "/schemas/ids/1", by_id());
        mock.once(failure.clone());
        mock.once(failure.clone());
        let client = of(&mock);
        let found = client.schema_by_id(SchemaId(1), None).await;
        assert_eq!(found.unwrap().schema.text.as_ref(), TEXT, "{failure:?}");
        assert_eq!(mock.requests().len(), 3);
        assert_eq!(client.stats().retries, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn retries_and_their_time_are_bounded() {
    let mock = MockTransport::new("http://down");
    mock.always(Reply::Refuse);
    let client = of(&mock);
    let error = client.schema_by_id(SchemaId(1), None).await.unwrap_err();
    let ClientError::Unreachable { attempts, url, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((*attempts, url.as_ref()), (4, "http://down/schemas/ids/1"));
    assert!(error.is_outage());

    mock.reset();
    mock.always(Reply::Silence);
    let started = Instant::now();
    let error = client.schema_by_id(SchemaId(2), None).await.unwrap_err();
    assert!(error.is_outage(), "{error}");
    assert!(started.elapsed() <= Tuning::default().call_timeout);
}

#[tokio::test(start_paused = true)]
async fn the_registry_says_how_long_to_wait_within_the_cap() {
    let cap = Tuning::default().max_retry_pause;
    for (asked, least) in [
        (Duration::from_secs(3), Duration::from_secs(3)),
        (Duration::from_secs(3_600), cap),
    ] {
        let mock = MockTransport::new("http://busy");
        mock.on(Method::Get, "/schemas/ids/1", by_id());
        mock.once(Reply::RetryAfter(429, asked));
        let started = Instant::now();
        of(&mock).schema_by_id(SchemaId(1), None).await.unwrap();
        let waited = started.elapsed();
        assert!(
            waited >= least && waited <= cap + Duration::from_secs(1),
            "{waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_is_lost_is_not_sent_twice() {
    use accord::client::Deletion::Soft;
    let mock = MockTransport::new("http://lossy");
    mock.on(Method::Delete, "/subjects/orders", Reply::ok(json!([1])));
    mock.once(Reply::Break);
    let client = of(&mock);
    let error = client.delete_subject(&orders(), Soft).await.unwrap_err();
    assert!(error.is_outage());
    assert_eq!(mock.requests().len(), 1);
    // It did not get there, so it may be sent again.
    mock.once(Reply::Refuse);
    let deleted = client.delete_subject(&orders(), Soft).await.unwrap();
    assert_eq!(deleted, [Version(1)]);
}

#[tokio::test(start_paused = true)]
async fn the_other_url_is_used_and_preferred_from_then_on() {
    let (first, second) = (
        MockTransport::new("http://a"),
        MockTransport::new("http://b"),
    );
    first.always(Reply::Refuse);
    second.on(Method::Get, "/schemas/ids/", by_id());
    let client = RegistryClient::builder("")
        .transport(first.clone())
        .transport(second.clone())
        .build()
        .unwrap();
    client.schema_by_id(SchemaId(1), None).await.unwrap();
    client.schema_by_id(SchemaId(2), None).await.unwrap();
    assert_eq!((first.requests().len(), second.requests().len()), (1, 2));
    assert_eq!(client.stats().failovers, 1);
    // And back, when the second one fails.
    first.reset();
    first.on(Method::Get, "/schemas/ids/", by_id());
    second.always(Reply::error(500, 50001, "Error in the backend store"));
    client.schema_by_id(SchemaId(3), None).await.unwrap();
    client.schema_by_id(SchemaId(4), None).await.unwrap();
    assert_eq!((first.requests().len(), second.requests().len()), (3, 3));
}

// Caches.

#[tokio::test]
async fn a_thousand_tasks_make_one_request() {
    let mock = MockTransport::new("http://calm");
    mock.on(
        Method::Get,
        "/schemas/ids/1",
        Reply::After(Duration::from_millis(20), Box::new(by_id())),
    );
    let client = of(&mock);
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.schema_by_id(SchemaId(1), None).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().schema.text.as_ref(), TEXT);
    }
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tasks_fail_with_one_call() {
    let mock = MockTransport::new("http://down");
    mock.always(Reply::Refuse);
    let client = of(&mock);
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.schema_by_id(SchemaId(1), None).await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap_err().is_outage());
    }
    assert_eq!(mock.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_does_not_take_the_others_along() {
    let mock = MockTransport::new("http://slow");
    let slow = Reply::After(Duration::from_secs(5), Box::new(by_id()));
    mock.on(Method::Get, "/schemas/ids/1", slow);
    let client = of(&mock);
    let impatient = client.clone();
    let first = tokio::spawn(async move {
        let asked = impatient.schema_by_id(SchemaId(1), None);
        tokio::time::timeout(Duration::from_secs(1), asked).await
    });
    let second = tokio::spawn(async move { client.schema_by_id(SchemaId(1), None).await });
    assert!(first.await.unwrap().is_err());
    assert!(second.await.unwrap().is_ok());
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_not_asked_for_again_for_a_while() {
    let mock = MockTransport::new("http://new");
    mock.always(Reply::error(404, 40403, "Schema 1 not found"));
    let client = of(&mock);
    for _ in 0..10 {
        let error = client.schema_by_id(SchemaId(1), None).await.unwrap_err();
        assert!(error.is_not_found());
    }
    assert_eq!(mock.requests().len(), 1);
    mock.reset();
    mock.on(Method::Get, "/schemas/ids/1", by_id());
    advance(Tuning::default().negative_ttl).await;
    client.schema_by_id(SchemaId(1), None).await.unwrap();
    assert_eq!(mock.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_latest_version_is_asked_for_when_it_is_old() {
    let mock = MockTransport::new("http://moving");
    let path = "/subjects/orders/versions/latest";
    mock.on(Method::Get, path, version(1, TEXT));
    let client = of(&mock);
    client.latest(&orders()).await.unwrap();
    mock.on(Method::Get, path, version(2, "\"long\""));
    let known = client.latest(&orders()).await.unwrap();
    assert_eq!(known.version, Some(Version(1)));
    assert_eq!(client.cached_latest(&orders()), Some(known));
    advance(Tuning::default().latest_ttl).await;
    assert_eq!(client.cached_latest(&orders()), None);
    let news = client.latest(&orders()).await.unwrap();
    assert_eq!(news.version, Some(Version(2)));
    assert_eq!(mock.requests().len(), 2);
}

#[tokio::test]
async fn memory_is_bounded() {
    let mock = MockTransport::new("http://endless");
    let text = format!("\"{}\"", "x".repeat(1_000));
    mock.on(
        Method::Get,
        "/schemas/ids/",
        Reply::ok(json!({ "schema": text })),
    );
    mock.on(Method::Get, "/subjects/", version(1, TEXT));
    let tuning = Tuning {
        cache_bytes: 200_000,
        cache_entries: 50,
        ..Tuning::default()
    };
    let client = with(&mock, tuning);
    for n in 1..=1_000 {
        client.schema_by_id(SchemaId(n), None).await.unwrap();
        let subject = Subject::parse(&format!("s{n}"));
        client.latest(&subject).await.unwrap();
    }
    mock.reset();
    for n in 1..=1_000 {
        let subject = Subject::parse(&format!("t{n}"));
        client.latest(&subject).await.unwrap_err();
    }
    let stats = client.stats();
    assert!(stats.cached_schemas > 50, "{stats:?}");
    assert!(stats.cached_bytes <= 200_000, "{stats:?}");
    // Shards round up.
    assert!(stats.cached_latest <= 100, "{stats:?}");
    assert!(stats.cached_unknown <= 100, "{stats:?}");
}

// Outages.

#[tokio::test(start_paused = true)]
async fn ten_minutes_without_a_registry() {
    let mock = MockTransport::new("http://gone");
    mock.on(Method::Get, "/schemas/ids/1", by_id());
    mock.on(
        Method::Get,
        "/subjects/orders/versions/latest",
        version(1, TEXT),
    );
    mock.on(
        Method::Post,
        "/subjects/orders/versions",
        Reply::ok(json!({"id": 1})),
    );
    let client = of(&mock);
    let schema = Schema::avro(TEXT);
    let no = Normalize::default();
    client.register(&orders(), &schema, no).await.unwrap();
    client.schema_by_id(SchemaId(1), None).await.unwrap();
    client.latest(&orders()).await.unwrap();

    mock.reset();
    mock.always(Reply::Refuse);
    let before = mock.requests().len();
    for _ in 0..600 {
        advance(Duration::from_secs(1)).await;
        client.register(&orders(), &schema, no).await.unwrap();
        client.schema_by_id(SchemaId(1), None).await.unwrap();
        let latest = client.latest(&orders()).await.unwrap();
        assert_eq!(latest.version, Some(Version(1)));
    }
    let asked = mock.requests().len() - before;
    // From the end of its minute on, the latest version is asked for about every five seconds.
    assert!((50..=120).contains(&asked), "{asked}");
    assert!(client.stats().fallbacks > 500);
    // Only what was never heard fails.
    let error = client.schema_by_id(SchemaId(2), None).await.unwrap_err();
    assert!(error.is_outage());

    mock.reset();
    mock.on(
        Method::Get,
        "/subjects/orders/versions/latest",
        version(2, TEXT),
    );
    let deadline = Instant::now() + Duration::from_secs(60);
    while client.latest(&orders()).await.unwrap().version != Some(Version(2)) {
        assert!(Instant::now() < deadline, "the news never came");
        advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_id_does_not_keep_the_others_from_news() {
    for poison in [
        Reply::Bytes(200, Bytes::from_static(b"garbage")),
        Reply::error(500, 50001, "Error in the backend store"),
        Reply::Break,
    ] {
        let mock = MockTransport::new("http://half");
        let path = "/subjects/orders/versions/latest";
        mock.on(Method::Get, path, version(1, TEXT));
        mock.on(Method::Get, "/schemas/ids/666", poison);
        let client = of(&mock);
        client.latest(&orders()).await.unwrap();
        mock.on(Method::Get, path, version(2, TEXT));
        let started = Instant::now();
        let mut seen = client.latest(&orders()).await.unwrap().version;
        while seen != Some(Version(2)) {
            assert!(started.elapsed() < Duration::from_secs(120), "no news");
            client.schema_by_id(SchemaId(666), None).await.unwrap_err();
            advance(Duration::from_millis(100)).await;
            seen = client.latest(&orders()).await.unwrap().version;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_fails_is_not_asked_for_every_record() {
    let mock = MockTransport::new("http://ill");
    let path = "/subjects/orders/versions/latest";
    mock.on(Method::Get, path, version(1, TEXT));
    let client = of(&mock);
    client.latest(&orders()).await.unwrap();
    mock.always(Reply::error(500, 50001, "Error in the backend store"));
    advance(Tuning::default().latest_ttl).await;
    for _ in 0..1_000 {
        let old = client.latest(&orders()).await.unwrap();
        assert_eq!(old.version, Some(Version(1)));
    }
    assert_eq!(mock.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_start_during_an_outage_lives_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://gone");
    mock.on(Method::Get, "/schemas/ids/1", by_id());
    mock.on(
        Method::Get,
        "/subjects/orders/versions/latest",
        version(1, TEXT),
    );
    mock.on(
        Method::Post,
        "/subjects/orders/versions",
        Reply::ok(json!({"id": 1})),
    );
    let schema = Schema::avro(TEXT);
    let no = Normalize::default();
    let warm = on_disk(&mock, folder.path());
    warm.register(&orders(), &schema, no).await.unwrap();
    warm.schema_by_id(SchemaId(1), None).await.unwrap();
    warm.latest(&orders()).await.unwrap();
    let stats = warm.stats();
    assert_eq!((stats.disk_files, stats.disk_errors), (3, 0));
    drop(warm);

    mock.reset();
    mock.always(Reply::Refuse);
    let client = on_disk(&mock, folder.path());
    let found = client.schema_by_id(SchemaId(1), None).await.unwrap();
    assert_eq!(found.schema, schema);
    let registered = client.register(&orders(), &schema, no).await.unwrap();
    assert_eq!(registered.id, Some(SchemaId(1)));
    let latest = client.latest(&orders()).await.unwrap();
    assert_eq!(latest.version, Some(Version(1)));
    assert_eq!(client.stats().disk_reads, 3);
    // What is not there is still an outage.
    let other = Schema::avro("\"long\"");
    let error = client.register(&orders(), &other, no).await.unwrap_err();
    assert!(error.is_outage());
}

#[tokio::test(start_paused = true)]
async fn the_disk_does_not_answer_for_a_registry_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://here");
    let path = "/subjects/orders/versions/latest";
    mock.on(Method::Get, path, version(1, TEXT));
    on_disk(&mock, folder.path())
        .latest(&orders())
        .await
        .unwrap();
    mock.on(Method::Get, path, version(2, TEXT));
    let client = on_disk(&mock, folder.path());
    let latest = client.latest(&orders()).await.unwrap();
    assert_eq!(latest.version, Some(Version(2)));
    // Nor when the registry says that there is nothing.
    mock.on(
        Method::Get,
        path,
        Reply::error(404, 40401, "Subject 'orders' not found."),
    );
    let client = on_disk(&mock, folder.path());
    assert!(client.latest(&orders()).await.unwrap_err().is_not_found());
    mock.always(Reply::Refuse);
    let client = on_disk(&mock, folder.path());
    assert!(client.latest(&orders()).await.unwrap_err().is_outage());
}

#[tokio::test(start_paused = true)]
async fn registries_do_not_mix_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let one = MockTransport::new("http://one");
    one.on(Method::Get, "/schemas/ids/1", by_id());
    on_disk(&one, folder.path())
        .schema_by_id(SchemaId(1), None)
        .await
        .unwrap();
    let other = MockTransport::new("http://other");
    other.on(
        Method::Get,
        "/schemas/ids/1",
        Reply::ok(json!({"schema": "\"long\""})),
    );
    let found = on_disk(&other, folder.path())
        .schema_by_id(SchemaId(1), None)
        .await
        .unwrap();
    assert_eq!(found.schema.text.as_ref(), "\"long\"");
    // Under one name they are one.
    let named = |mock: &Arc<MockTransport>| {
        let mut options = DiskOptions::new(folder.path());
        options.identity = Some("cluster-7".to_owned());
        RegistryClient::builder("")
            .transport(mock.clone())
            .disk(options)
            .build()
            .unwrap()
    };
    named(&one).schema_by_id(SchemaId(1), None).await.unwrap();
    let found = named(&other).schema_by_id(SchemaId(1), None).await.unwrap();
    assert_eq!(found.schema.text.as_ref(), TEXT);
}

/// All files of the cache.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let registries = std::fs::read_dir(folder).unwrap();
    registries
        .flat_map(|registry| std::fs::read_dir(registry.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn damaged_files_are_removed_and_reported() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [Damage; 6] = [
        // One that looks well.
        |text| {
            let text = String::from_utf8(text).unwrap();
            assert!(text.contains("string"));
            text.replace("string", "double").into_bytes()
        },
        |_| Vec::new(),
        |text| text[..text.len() / 2].to_vec(),
        |mut text| {
            let last = text.len() - 20;
            text[last] ^= 1;
            text
        },
        |_| b"\xff\xff\xff".to_vec(),
        |_| b"accord-schema-1 \n{}".to_vec(),
    ];
    for damage in damages {
        let folder = tempfile::tempdir().unwrap();
        let mock = MockTransport::new("http://here");
        mock.on(Method::Get, "/schemas/ids/1", by_id());
        let client = on_disk(&mock, folder.path());
        client.schema_by_id(SchemaId(1), None).await.unwrap();
        let file = files(folder.path()).pop().unwrap();
        let text = std::fs::read(&file).unwrap();
        std::fs::write(&file, damage(text.clone())).unwrap();

        let client = on_disk(&mock, folder.path());
        let found = client.schema_by_id(SchemaId(1), None).await.unwrap();
        assert_eq!(found.schema.text.as_ref(), TEXT);
        let stats = client.stats();
        assert_eq!((stats.disk_corrupt, stats.disk_errors), (1, 0));
        assert_eq!(mock.requests().len(), 2);
        // It was written anew.
        assert_eq!(std::fs::read(&file).unwrap(), text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "not a folder").unwrap();
    let mock = MockTransport::new("http://here");
    mock.on(Method::Get, "/schemas/ids/1", by_id());
    let client = on_disk(&mock, &in_the_way);
    client.schema_by_id(SchemaId(1), None).await.unwrap();
    // One failed read and one failed write.
    assert_eq!(client.stats().disk_errors, 2);
}

#[tokio::test(start_paused = true)]
async fn the_disk_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://endless");
    mock.on(Method::Get, "/schemas/ids/", by_id());
    let mut options = DiskOptions::new(folder.path());
    options.max_files = 10;
    let client = RegistryClient::builder("")
        .transport(mock.clone())
        .disk(options.clone())
        .build()
        .unwrap();
    for n in 1..=50 {
        client.schema_by_id(SchemaId(n), None).await.unwrap();
    }
    assert_eq!(files(folder.path()).len(), 10);
    let total: u64 = files(folder.path())
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert_eq!(client.stats().disk_bytes, total);

    options.max_bytes = total / 2;
    let client = RegistryClient::builder("")
        .transport(mock)
        .disk(options)
        .build()
        .unwrap();
    client.schema_by_id(SchemaId(51), None).await.unwrap();
    let stats = client.stats();
    assert!(stats.disk_bytes <= total / 2, "{stats:?}");
    assert_eq!(stats.disk_files as usize, files(folder.path()).len());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_subject_is_not_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let mock = MockTransport::new("http://here");
    mock.on(Method::Get, "/schemas/ids/1", by_id());
    mock.on(
        Method::Get,
        "/subjects/orders/versions/latest",
        version(1, TEXT),
    );
    mock.on(Method::Delete, "/subjects/orders", Reply::ok(json!([1])));
    let client = on_disk(&mock, folder.path());
    client.latest(&orders()).await.unwrap();
    client
        .schema_by_id(SchemaId(1), Some(&orders()))
        .await
        .unwrap();
    client
        .delete_subject(&orders(), accord::client::Deletion::Soft)
        .await
        .unwrap();
    mock.always(Reply::Refuse);
    assert!(client.latest(&orders()).await.unwrap_err().is_outage());
    // Records with its ids are still read.
    client
        .schema_by_id(SchemaId(1), Some(&orders()))
        .await
        .unwrap();
}

#[tokio::test]
async fn references_in_a_circle_end() {
    let mock = MockTransport::new("http://circle");
    let refers = |subject: &str, to: &str| {
        Reply::ok(
            json!({"subject": subject, "version": 1, "id": 1, "schema": TEXT,
            "references": [{"name": to, "subject": to, "version": 1}]}),
        )
    };
    mock.on(Method::Get, "/subjects/a/versions/", refers("a", "b"));
    mock.on(Method::Get, "/subjects/b/versions/", refers("b", "a"));
    let client = of(&mock);
    let root = client
        .version(&Subject::parse("a"), Version(1), Deleted::Included)
        .await
        .unwrap();
    let error = client
        .resolve(root, Format::AsRegistered)
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Reference { .. }), "{error}");
}

// Real sockets.

#[tokio::test]
async fn half_a_body_is_no_answer() {
    let body = "{\"schema\": \"\\\"str";
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n";
    let raw = Raw::start(&format!("{head}{body}")).await;
    let error = http(&raw.url())
        .schema_by_id(SchemaId(1), None)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ClientError::Unreachable { attempts: 1, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_connection_that_closes_without_a_word_is_no_answer() {
    let raw = Raw::start("").await;
    let error = http(&raw.url())
        .schema_by_id(SchemaId(1), None)
        .await
        .unwrap_err();
    assert!(error.is_outage(), "{error}");
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let raw = Raw::start("SSH-2.0-OpenSSH_9.0\r\n").await;
    let error = http(&raw.url())
        .schema_by_id(SchemaId(1), None)
        .await
        .unwrap_err();
    assert!(error.is_outage(), "{error}");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    // Chunks as long as the client listens.
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let raw = Raw::endless(head, "400\r\n", 1_024).await;
    let client = RegistryClient::builder(&raw.url())
        .tuning(Tuning {
            max_answer_bytes: 100_000,
            ..quick()
        })
        .build()
        .unwrap();
    let error = client.schema_by_id(SchemaId(1), None).await.unwrap_err();
    assert!(
        matches!(error, ClientError::TooLarge { limit: 100_000, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_registry_that_never_answers_is_given_up() {
    let raw = Raw::silent().await;
    let client = RegistryClient::builder(&raw.url())
        .tuning(Tuning {
            request_timeout: Duration::from_millis(50),
            ..quick()
        })
        .build()
        .unwrap();
    let error = client.schema_by_id(SchemaId(1), None).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn failover_between_two_urls() {
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{\"schema\": \"{}\"}";
    let raw = Raw::start(answer).await;
    let nobody = Raw::closed_port().await;
    let urls = format!("{nobody}, {}/base/", raw.url());
    let client = http(&urls);
    client.schema_by_id(SchemaId(1), None).await.unwrap();
    client.schema_by_id(SchemaId(2), None).await.unwrap();
    assert_eq!(client.stats().requests, 3);
    let heads = raw.heads();
    assert!(
        heads[0].starts_with("GET /base/schemas/ids/1 HTTP/1.1\r\n"),
        "{heads:?}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Raw::start("").await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        target.url()
    );
    let raw = Raw::start(&answer).await;
    let error = http(&raw.url())
        .schema_by_id(SchemaId(1), None)
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(302));
    assert!(target.heads().is_empty());
}

// Credentials.

struct Tokens;

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok("s3cret-from".to_owned())
    }
}

struct NoTokens;

#[async_trait]
impl TokenSource for NoTokens {
    async fn token(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Err("the issuer is away".into())
    }
}

#[tokio::test]
async fn credentials_are_sent_and_never_shown() {
    let answer = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let raw = Raw::start(answer).await;
    let plain = raw.url();
    let with_user = plain.replace("http://", "http://us%40er:s3cret@");
    let builders = [
        (
            RegistryClient::builder(&with_user),
            "Basic dXNAZXI6czNjcmV0",
        ),
        (
            RegistryClient::builder(&plain).basic_auth("us@er", "s3cret"),
            "Basic dXNAZXI6czNjcmV0",
        ),
        // What is given explicitly comes first.
        (
            RegistryClient::builder(&with_user).bearer("s3cret-token"),
            "Bearer s3cret-token",
        ),
        (
            RegistryClient::builder(&plain).bearer_from(Arc::new(Tokens)),
            "Bearer s3cret-from",
        ),
        (
            RegistryClient::builder(&plain).header("Authorization", "Custom s3cret"),
            "Custom s3cret",
        ),
    ];
    for (builder, sent) in builders {
        let builder = builder.tuning(quick());
        let shown = format!("{builder:?}");
        let client = builder.build().unwrap();
        let error = client.schema_by_id(SchemaId(1), None).await.unwrap_err();
        assert_eq!(error.status(), Some(401));
        for text in [shown, format!("{client:?}"), format!("{error:?} {error}")] {
            assert!(!text.contains("s3cret"), "{text}");
        }
        let heads = raw.heads();
        let head = heads.last().unwrap();
        let line = format!("authorization: {}\r\n", sent.to_lowercase());
        assert!(head.to_lowercase().contains(&line), "{head}");
    }
    // Nor by URLs that cannot be used.
    for url in [
        "http://us:s3cret@",
        "ftp://us:s3cret@host",
        "http//us:s3cret@host",
    ] {
        let error = RegistryClient::new(url).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_had_is_named() {
    let raw = Raw::start("").await;
    let client = RegistryClient::builder(&raw.url())
        .bearer_from(Arc::new(NoTokens))
        .build()
        .unwrap();
    let error = client.schema_by_id(SchemaId(1), None).await.unwrap_err();
    assert_eq!(error, ClientError::Credentials("the issuer is away".into()));
    assert!(raw.heads().is_empty());
}

#[tokio::test]
async fn what_every_request_says() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
    let raw = Raw::start(answer).await;
    http(&raw.url())
        .subjects(None, Deleted::Hidden)
        .await
        .unwrap();
    let heads = raw.heads();
    let head = heads[0].to_lowercase();
    assert!(head.starts_with("get /subjects http/1.1\r\n"), "{head}");
    assert!(
        head.contains("confluent-accept-unknown-properties: true\r\n"),
        "{head}"
    );
    assert!(head.contains("user-agent: accord-client/"), "{head}");
    assert!(
        head.contains("accept: application/vnd.schemaregistry.v1+json"),
        "{head}"
    );
}
