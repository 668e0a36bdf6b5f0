//! Which records come again, and what happens to them while the registry or the broker is away.

use super::broker::{Broker, PATIENCE, soon, unique};
use super::{KEY, Reading, VALUE, avro, consumer, keys, reads_avro, registry, take};
use accord::client::kafka::rdkafka::ClientConfig;
use accord::client::kafka::rdkafka::consumer::Consumer as _;
use accord::client::kafka::{
    Commits, ConfigError, Consumer, Partitioning, Producer, Raw, ReceiveError, Record, SendError,
    Side, Text,
};
use accord::client::serde::{DeserializerSettings, SerializerSettings};
use accord::client::{Method, MockTransport, RegistryClient, Reply, Tuning};
use accord::wire::frame::VALUE_HEADER;
use serde_json::json;
use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn texts(config: ClientConfig) -> Producer<str, str> {
    Producer::builder(config, Text, Text)
        .build()
        .expect("a producer")
}

async fn fill(broker: &Broker, topic: &str, values: &[&str]) {
    let producer = texts(broker.producer());
    for value in values {
        let record = Record::to(topic).key("k").value(*value);
        soon(producer.send(record)).await.expect("delivered");
    }
    soon(producer.close(PATIENCE)).await.expect("closed");
}

fn values(broker: &Broker, group: &str, topic: &str, how: Commits) -> Consumer<String, String> {
    consumer(broker.consumer(group), topic, Text, Text, how)
}

async fn next(consumer: &mut Consumer<String, String>) -> String {
    let record = soon(consumer.next()).await.expect("a record");
    record.value.expect("a value")
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_committed_by_word_only() {
    let Some(broker) = Broker::given("offsets_are_committed_by_word_only") else {
        return;
    };
    let topic = broker.topic("manual", 1).await;
    fill(&broker, &topic, &["a", "b", "c", "d"]).await;
    let group = unique("manual");
    let mut first = values(&broker, &group, &topic, Commits::Manual);
    let read = take(&mut first, 3).await;
    let wrong = first.processed().expect_err("the other way");
    assert!(
        matches!(wrong, ReceiveError::Config(ConfigError::Commits(_))),
        "{wrong}"
    );
    // The order does not count; nothing goes back.
    let done = [&read[1].position, &read[0].position];
    soon(first.commit(&done)).await.expect("committed");
    soon(first.close()).await.expect("closed");

    let mut second = values(&broker, &group, &topic, Commits::Manual);
    assert_eq!(next(&mut second).await, "c");
    assert_eq!(next(&mut second).await, "d");
    soon(second.close()).await.expect("closed");
    let mut third = values(&broker, &group, &topic, Commits::Manual);
    assert_eq!(next(&mut third).await, "c");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_worked_through_comes_again() {
    let Some(broker) = Broker::given("what_was_not_worked_through_comes_again") else {
        return;
    };
    let topic = broker.topic("auto", 1).await;
    fill(&broker, &topic, &["a", "b", "c", "d"]).await;
    let group = unique("auto");
    let mut first = values(&broker, &group, &topic, Commits::AfterProcessing);
    for value in ["a", "b", "c"] {
        assert_eq!(next(&mut first).await, value);
    }
    let wrong = soon(first.commit(&[])).await.expect_err("the other way");
    assert!(
        matches!(wrong, ReceiveError::Config(ConfigError::Commits(_))),
        "{wrong}"
    );
    // In the middle of "c".
    soon(first.close()).await.expect("closed");

    let mut second = values(&broker, &group, &topic, Commits::AfterProcessing);
    assert_eq!(next(&mut second).await, "c");
    second.processed().expect("stored");
    soon(second.close()).await.expect("closed");
    let mut third = values(&broker, &group, &topic, Commits::AfterProcessing);
    assert_eq!(next(&mut third).await, "d");
    // Nothing new to commit is no error.
    soon(third.close()).await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_may_go_to_somebody_else_in_the_middle_of_a_record() {
    let Some(broker) =
        Broker::given("a_partition_may_go_to_somebody_else_in_the_middle_of_a_record")
    else {
        return;
    };
    let topic = broker.topic("moved", 1).await;
    fill(&broker, &topic, &["a", "b"]).await;
    let group = unique("moved");
    let mut first = values(&broker, &group, &topic, Commits::AfterProcessing);
    assert_eq!(next(&mut first).await, "a");
    first.native().unassign().expect("given away");
    // Nobody's mistake, and nothing is committed.
    first.processed().expect("no error");
    soon(first.close()).await.expect("closed");
    let mut second = values(&broker, &group, &topic, Commits::AfterProcessing);
    assert_eq!(next(&mut second).await, "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_waits_for_the_registry_takes_part_in_its_group() {
    let Some(broker) =
        Broker::given("a_consumer_that_waits_for_the_registry_takes_part_in_its_group")
    else {
        return;
    };
    let topic = broker.topic("alive", 2).await;
    let producer = texts(broker.producer());
    for partition in [0, 1] {
        let record = Record::to(&topic)
            .value("\0\0\0\0\x01\x02")
            .partition(partition);
        soon(producer.send(record)).await.expect("delivered");
    }
    let (mock, client) = away();
    let group = unique("alive");
    let mut waits: Consumer<Vec<u8>, Reading> = consumer(
        broker.consumer(&group),
        &topic,
        Raw,
        reads_avro(&client, DeserializerSettings::new()),
        Commits::Manual,
    );
    let error = soon(waits.next()).await.expect_err("nobody there");
    assert!(matches!(error, ReceiveError::Registry { .. }), "{error}");
    // The group can only give one of the partitions to another member if the first one answers.
    let mut other = values(&broker, &group, &topic, Commits::Manual);
    let theirs = {
        let mut theirs = pin!(other.next());
        soon(async {
            loop {
                tokio::select! {
                    biased;
                    record = &mut theirs => break record.expect("a record"),
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
                let mut call = pin!(waits.next());
                tokio::select! {
                    biased;
                    record = &mut call => assert!(record.is_err(), "{record:?}"),
                    // Its record was given away, and it has none of its own yet.
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
            }
        })
        .await
    };
    mock.reset();
    let answer = Reply::ok(json!({"schema": VALUE}));
    mock.on(Method::Get, "/schemas/ids/1", answer);
    let [ours] = take(&mut waits, 1).await.try_into().expect("one");
    assert_eq!(ours.value, Some(Reading { value: 1 }));
    assert_ne!(ours.position.partition, theirs.position.partition);
    soon(waits.commit(&[&ours.position])).await.expect("ours");
}

/// A registry that answers 503 until it is told otherwise.
fn away() -> (Arc<MockTransport>, RegistryClient) {
    let mock = MockTransport::new("http://mock");
    mock.always(Reply::error(503, 50301, "not now"));
    let client = RegistryClient::builder("http://mock")
        .transport(mock.clone())
        .tuning(Tuning {
            retries: 0,
            outage_pause: Duration::ZERO,
            ..Tuning::default()
        })
        .build()
        .expect("a client");
    (mock, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_record_is_lost_while_the_registry_is_away() {
    let Some(broker) = Broker::given("no_record_is_lost_while_the_registry_is_away") else {
        return;
    };
    let topic = broker.topic("outage", 1).await;
    let bytes: Producer<[u8], [u8]> = Producer::builder(broker.producer(), Raw, Raw)
        .build()
        .expect("a producer");
    for value in [2, 4] {
        let record = [0, 0, 0, 0, 1, value];
        let record = Record::to(&topic).value(&record[..]);
        soon(bytes.send(record)).await.expect("delivered");
    }
    let (mock, client) = away();
    let mut consumer: Consumer<Vec<u8>, Reading> = consumer(
        broker.consumer(&unique("outage")),
        &topic,
        Raw,
        reads_avro(&client, DeserializerSettings::new()),
        Commits::AfterProcessing,
    );
    for _ in 0..2 {
        let error = soon(consumer.next()).await.expect_err("nobody there");
        let ReceiveError::Registry { position, side, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((position.offset, *side), (0, Side::Value));
    }
    // A call that is given up while the registry is silent loses nothing either.
    mock.reset();
    mock.always(Reply::Silence);
    {
        let asked = mock.requests().len();
        let mut call = pin!(consumer.next());
        soon(async {
            while mock.requests().len() == asked {
                tokio::select! {
                    _ = &mut call => panic!("there is no answer"),
                    () = tokio::time::sleep(Duration::from_millis(5)) => {}
                }
            }
        })
        .await;
    }
    mock.reset();
    let answer = Reply::ok(json!({"schema": VALUE}));
    mock.on(Method::Get, "/schemas/ids/1", answer);
    for (value, record) in [1, 2].into_iter().zip(take(&mut consumer, 2).await) {
        assert_eq!(record.value, Some(Reading { value }));
    }
}

/// Whether a delivery is in already.
fn is_in(delivery: &mut accord::client::kafka::Delivery) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    matches!(pin!(delivery).poll(&mut context), Poll::Ready(Ok(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_waits() {
    let Some(broker) = Broker::given("who_sends_too_much_waits") else {
        return;
    };
    let topic = broker.topic("room", 1).await;
    let producer: Producer<str, str> = Producer::builder(broker.producer(), Text, Text)
        .max_in_flight(1)
        .build()
        .expect("a producer");
    let mut before = None;
    for value in ["a", "b", "c"] {
        let record = Record::to(&topic).key("k").value(value);
        let delivery = soon(producer.enqueue(record)).await.expect("taken");
        assert!(producer.in_flight() <= 1);
        // There was room for one, so the one before is in.
        if let Some(mut before) = before.replace(delivery) {
            assert!(is_in(&mut before));
        }
    }
    soon(producer.close(PATIENCE)).await.expect("closed");
    assert!(is_in(before.as_mut().expect("the last")));
    soon(producer.close(PATIENCE)).await.expect("closed again");
    let refused = soon(producer.send(Record::to(&topic).value("d"))).await;
    assert!(matches!(refused, Err(SendError::Closed)), "{refused:?}");
    assert_eq!(broker.end(&topic).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_may_name_its_partition() {
    let Some(broker) = Broker::given("a_record_may_name_its_partition") else {
        return;
    };
    let topic = broker.topic("explicit", 3).await;
    let producer = texts(broker.producer());
    for partition in [2, 0, 1] {
        let record = Record::to(&topic).key("k").value("v").partition(partition);
        let place = soon(producer.send(record)).await.expect("delivered");
        assert_eq!(place.partition, partition);
    }
    let record = Record::to(&topic).key("k").value("v").partition(3);
    let refused = soon(producer.send(record))
        .await
        .expect_err("there is none");
    assert!(matches!(refused, SendError::Kafka { .. }), "{refused}");
    // Without a key, somewhere.
    let place = soon(producer.send(Record::to(&topic).value("v"))).await;
    assert!((0..3).contains(&place.expect("delivered").partition));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there() {
    let Some(broker) = Broker::given("a_topic_that_is_not_there") else {
        return;
    };
    let producer: Producer<str, str> = Producer::builder(broker.producer(), Text, Text)
        .partitions_timeout(Duration::from_millis(300))
        .build()
        .expect("a producer");
    let record = Record::to("no-such-topic").key("k").value("v");
    let refused = soon(producer.send(record)).await.expect_err("no topic");
    assert!(matches!(refused, SendError::Partitions { .. }), "{refused}");
}

// From here on, no broker is needed.

/// Settings of a broker that is not there.
fn nowhere() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", "127.0.0.1:1");
    config.set("group.id", "g");
    config
}

#[tokio::test]
async fn without_a_broker_a_key_has_no_partition() {
    let producer: Producer<str, str> = Producer::builder(nowhere(), Text, Text)
        .partitions_timeout(Duration::from_millis(100))
        .build()
        .expect("a producer");
    let record = Record::to("t").key("k").value("v");
    let refused = soon(producer.send(record)).await.expect_err("no broker");
    assert!(matches!(refused, SendError::Partitions { .. }), "{refused}");
    assert_eq!(producer.in_flight(), 0);
}

#[tokio::test]
async fn what_is_under_way_when_time_is_up_is_told() {
    let producer: Producer<str, str> = Producer::builder(nowhere(), Text, Text)
        .partitioning(Partitioning::Native)
        .build()
        .expect("a producer");
    let record = Record::to("t").key("k").value("v");
    let delivery = soon(producer.enqueue(record)).await.expect("taken");
    let left = producer.close(Duration::from_millis(10)).await;
    assert!(
        matches!(left, Err(SendError::Undelivered { records: 1 })),
        "{left:?}"
    );
    drop(producer);
    let given_up = soon(delivery).await.expect_err("no broker");
    assert!(matches!(given_up, SendError::Kafka { .. }), "{given_up}");
}

#[tokio::test]
async fn records_that_no_broker_would_take_as_they_are_meant() {
    let (_registry, client) = registry().await;
    let producer: Producer<str, Reading> = Producer::builder(
        nowhere(),
        Text,
        avro(&client, VALUE, SerializerSettings::new()),
    )
    .build()
    .expect("a producer");
    let value = Reading { value: 1 };
    let long = "t".repeat(250);
    for record in [
        Record::to(""),
        Record::to("a b"),
        Record::to("a\0"),
        Record::to(&long),
        Record::to("t").partition(-1),
        Record::to("t").header("a\0b", None),
        // Whoever reads it would take this for the schema's id.
        Record::to("t").header(VALUE_HEADER, Some(b"\0\0\0\0\x09")),
    ] {
        let refused = soon(producer.send(record.value(&value))).await;
        assert!(
            matches!(refused, Err(SendError::Record { .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn settings_that_cannot_be() {
    let (_registry, client) = registry().await;
    let as_value = || avro(&client, KEY, SerializerSettings::new());
    let built = Producer::<Reading, str>::builder(nowhere(), as_value(), Text).build();
    let refused = built.err().expect("a serializer of values for keys");
    assert!(
        matches!(refused, ConfigError::Side { side: Side::Key }),
        "{refused}"
    );
    let as_key = avro(&client, KEY, keys());
    let built = Producer::<str, Reading>::builder(nowhere(), Text, as_key).build();
    let refused = built.err().expect("a serializer of keys for values");
    assert!(
        matches!(refused, ConfigError::Side { side: Side::Value }),
        "{refused}"
    );
    let built = Producer::<str, str>::builder(nowhere(), Text, Text)
        .max_in_flight(0)
        .build();
    let refused = built.err().expect("room for nothing");
    assert!(matches!(refused, ConfigError::Range { .. }), "{refused}");

    let reads_values = reads_avro(&client, DeserializerSettings::new());
    let built = Consumer::<Reading, String>::builder(nowhere(), reads_values, Text).build();
    let refused = built.err().expect("a deserializer of values for keys");
    assert!(matches!(refused, ConfigError::Side { .. }), "{refused}");
    let mut config = nowhere();
    config.set("enable.auto.commit", "true");
    let built = Consumer::<String, String>::builder(config, Text, Text).build();
    let refused = built.err().expect("commits behind our back");
    assert!(
        matches!(
            refused,
            ConfigError::Fixed {
                name: "enable.auto.commit",
                ..
            }
        ),
        "{refused}"
    );
    let mut config = nowhere();
    config.set("no.such.setting", "1");
    let built = Producer::<str, str>::builder(config, Text, Text).build();
    let refused = built.err().expect("librdkafka knows none");
    assert!(matches!(refused, ConfigError::Kafka(_)), "{refused}");
}
