//! Prints how long a look-up in memory takes, and how long a registry in the process takes to start. Asserts
//! nothing about time:
//!
//! ```sh
//! cargo test --release --features testing --test client_speed -- --nocapture
//! ```

use accord::client::{Normalize, RegistryClient, Schema};
use accord::model::{SchemaId, Subject};
use accord::testing::TestRegistry;
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

async fn filled(registry: &TestRegistry) -> RegistryClient {
    let client = registry.client().unwrap();
    for n in 1..=100 {
        let schema = Schema::avro(format!(
            r#"{{"type":"record","name":"R{n}","fields":[{{"name":"f","type":"long"}}]}}"#
        ));
        let subject = Subject::parse(&format!("s{n}"));
        let no = Normalize::default();
        client.register(&subject, &schema, no).await.unwrap();
        client.schema_by_id(SchemaId(n), None).await.unwrap();
        client.latest(&subject).await.unwrap();
    }
    client
}

#[tokio::test]
async fn look_ups_in_memory() {
    let started = Instant::now();
    let registry = TestRegistry::start().await.unwrap();
    println!("a registry in the process: {:?}", started.elapsed());
    let client = filled(&registry).await;
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
