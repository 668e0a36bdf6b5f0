//! The broker that the tests use, and what they ask it for besides records.

use accord::client::kafka::rdkafka::ClientConfig;
use accord::client::kafka::rdkafka::admin::{
    AdminClient, AdminOptions, NewTopic, TopicReplication,
};
use accord::client::kafka::rdkafka::client::DefaultClientContext;
use accord::client::kafka::rdkafka::consumer::{BaseConsumer, Consumer as _};
use std::future::Future;
use std::time::Duration;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A broker.
pub struct Broker {
    address: String,
}

impl Broker {
    /// The one that `ACCORD_TEST_KAFKA` names; says so and answers none without it.
    pub fn given(test: &str) -> Option<Self> {
        match std::env::var("ACCORD_TEST_KAFKA") {
            Ok(address) if !address.is_empty() => Some(Self { address }),
            _ => {
                // Past the test harness, which shows nothing of tests that pass.
                let line = format!("{test}: NOT RUN, ACCORD_TEST_KAFKA names no broker\n");
                std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes())
                    .expect("stderr takes it");
                None
            }
        }
    }

    /// Settings of a producer.
    pub fn producer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        config
    }

    /// Settings of a consumer that starts with the oldest record.
    pub fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.producer();
        config
            .set("group.id", group)
            .set("auto.offset.reset", "earliest");
        config
    }

    /// A new topic with a name of its own.
    pub async fn topic(&self, name: &str, partitions: i32) -> String {
        let topic = unique(name);
        let admin: AdminClient<DefaultClientContext> =
            self.producer().create().expect("an admin client");
        let wanted = NewTopic::new(&topic, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let made = admin.create_topics([&wanted], &options).await;
        made.expect("an answer")
            .pop()
            .expect("one topic")
            .expect("it was made");
        topic
    }

    /// How many records partition 0 of a topic has had.
    pub async fn end(&self, topic: &str) -> i64 {
        let consumer: BaseConsumer = self.producer().create().expect("a consumer");
        let topic = topic.to_owned();
        tokio::task::spawn_blocking(move || consumer.fetch_watermarks(&topic, 0, PATIENCE))
            .await
            .expect("no panic")
            .expect("an answer")
            .1
    }
}

/// A name that no other test or run has.
pub fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4())
}

/// Something that has to happen soon enough.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("it takes too long")
}
