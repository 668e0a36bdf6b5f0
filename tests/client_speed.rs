//! Prints how long a look-up in memory takes, and how long a registry in the process takes to start. Asserts
//! nothing about time:
//!
//! ```sh
//! cargo test --release --no-default-features --features client --test client_speed -- --nocapture
//! cargo test --release --features testing --test client_speed -- --nocapture
//! ```

use accord::client::{Method, MockTransport, RegistryClient, Reply};
use accord::model::{SchemaId, Subject};
use serde_json::json;
use std::hint::black_box;
use tokio::time::Instant;

const ROUNDS: u32 = 2_000_000;

fn look_up(what: &str, rounds: u32, mut one: impl FnMut() -> bool) {
    let started = Instant::now();
    let mut found = true;
    for _ in 0..rounds {
        found &= black_box(one());
    }
    let nanos = started.elapsed().as_nanos() / u128::from(rounds);
    println!("{what}: {nanos} ns");
    assert!(found);
}

async fn filled() -> RegistryClient {
    let mock = MockTransport::new("http://mock");
    let text = r#"{"type":"record","name":"R","fields":[{"name":"f","type":"long"}]}"#;
    mock.on(
        Method::Get,
        "/schemas/ids/",
        Reply::ok(json!({ "schema": text })),
    );
    mock.on(
        Method::Get,
        "/subjects/",
        Reply::ok(json!({"subject": "s", "version": 1, "id": 1, "schema": text})),
    );
    let client = RegistryClient::builder("").transport(mock).build().unwrap();
    for n in 1..=100 {
        client.schema_by_id(SchemaId(n), None).await.unwrap();
        let subject = Subject::parse(&format!("s{n}"));
        client.latest(&subject).await.unwrap();
    }
    client
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_registry_in_the_process() {
    use accord::testing::TestRegistry;
    for _ in 0..5 {
        let started = Instant::now();
        let registry = TestRegistry::start().await.unwrap();
        let client = registry.client().unwrap();
        println!("a registry and a client: {:?}", started.elapsed());
        let none = client.subjects(None, Default::default()).await.unwrap();
        println!("and its first answer: {:?}", started.elapsed());
        assert!(none.is_empty());
    }
}

#[tokio::test]
async fn look_ups_in_memory() {
    let client = filled().await;
    look_up("cached_by_id", ROUNDS, || {
        client.cached_by_id(black_box(SchemaId(42))).is_some()
    });
    let mut id = 0;
    look_up("cached_by_id, 100 ids in turn", ROUNDS, || {
        id = id % 100 + 1;
        client.cached_by_id(SchemaId(id)).is_some()
    });
    let subject = Subject::parse("s42");
    look_up("cached_latest", ROUNDS, || {
        client.cached_latest(black_box(&subject)).is_some()
    });
    let client = &client;
    let threads: Vec<u128> = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(move || {
                    let started = Instant::now();
                    for _ in 0..ROUNDS {
                        black_box(client.cached_by_id(black_box(SchemaId(42))));
                    }
                    started.elapsed().as_nanos() / u128::from(ROUNDS)
                })
            })
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    println!("cached_by_id, one id by two threads at once: {threads:?} ns");
}
