//! The producer and the consumer, against a real broker: `ACCORD_TEST_KAFKA` names it, `scripts/test-kafka` starts one.
//!
//! Without a broker, the tests that need one say that they did not run; those of settings run everywhere.

#[path = "kafka/broker.rs"]
mod broker;
#[path = "kafka/offsets.rs"]
mod offsets;

use accord::client::kafka::rdkafka::ClientConfig;
use accord::client::kafka::rdkafka::message::OwnedHeaders;
use accord::client::kafka::rdkafka::producer::{FutureProducer, FutureRecord};
use accord::client::kafka::{
    CodecError, Commits, Consumer, Decoder, DynamicProtobuf, Encoder, KeyWarningKind, Partitioning,
    Producer, Raw, ReceiveError, Received, Record, SendError, Side, Text, partition_of,
};
use accord::client::serde::avro::{AvroDeserializer, AvroSerializer};
use accord::client::serde::json::{JsonDeserializer, JsonSerializer};
use accord::client::serde::protobuf::{ProtobufDeserializer, ProtobufSerializer};
use accord::client::serde::{DeserializerSettings, Framing, SerdeError, SerializerSettings};
use accord::client::{RegistryClient, Schema, Tuning};
use accord::testing::TestRegistry;
use accord::wire::frame::{KEY_HEADER, SchemaKey, VALUE_HEADER};
use broker::{Broker, PATIENCE, soon, unique};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

const PARTITIONS: i32 = 12;
const KEY: &str = r#"{"type":"record","name":"Device","fields":[{"name":"name","type":"string"}]}"#;
/// The same keys, byte for byte; the text is another, so that the registry gives another id.
const KEY_WITH_COMMENT: &str = r#"{"type":"record","name":"Device","doc":"A sensor.","fields":[{"name":"name","type":"string"}]}"#;
const VALUE: &str =
    r#"{"type":"record","name":"Reading","fields":[{"name":"value","type":"long"}]}"#;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Device {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Reading {
    value: i64,
}

fn device(number: i64) -> Device {
    Device {
        name: format!("sensor-{number}"),
    }
}

async fn registry() -> (TestRegistry, RegistryClient) {
    let registry = TestRegistry::start().await.expect("a registry");
    let client = registry.client().expect("a client");
    (registry, client)
}

fn keys() -> SerializerSettings {
    SerializerSettings::new().for_keys()
}

fn avro(client: &RegistryClient, text: &str, settings: SerializerSettings) -> AvroSerializer {
    AvroSerializer::new(client.clone(), Some(Schema::avro(text)), settings)
}

fn reads_avro(client: &RegistryClient, settings: DeserializerSettings) -> AvroDeserializer {
    AvroDeserializer::new(client.clone(), settings).expect("a deserializer")
}

fn consumer<K, V>(
    config: ClientConfig,
    topic: &str,
    key: impl Decoder<K> + 'static,
    value: impl Decoder<V> + 'static,
    commits: Commits,
) -> Consumer<K, V> {
    let consumer = Consumer::builder(config, key, value)
        .commits(commits)
        .build()
        .expect("a consumer");
    consumer.subscribe(&[topic]).expect("subscribed");
    consumer
}

async fn take<K, V>(consumer: &mut Consumer<K, V>, count: usize) -> Vec<Received<K, V>> {
    let mut all = Vec::new();
    while all.len() < count {
        all.push(soon(consumer.next()).await.expect("a record"));
    }
    all
}

/// What a topic has, unread: partition, key, value and headers, in the order of values.
async fn raw(broker: &Broker, topic: &str, count: usize) -> Vec<Received<Vec<u8>, Vec<u8>>> {
    let mut consumer = consumer(
        broker.consumer(&unique("raw")),
        topic,
        Raw,
        Raw,
        Commits::Manual,
    );
    let mut all = take(&mut consumer, count).await;
    consumer.close().await.expect("closed");
    all.sort_by(|a, b| a.value.cmp(&b.value));
    all
}

/// Sends pairs through a producer, receives them, and compares; and looks where they are.
async fn goes_around<K, V>(
    broker: &Broker,
    writes: (impl Encoder<K> + 'static, impl Encoder<V> + 'static),
    reads: (impl Decoder<K> + 'static, impl Decoder<V> + 'static),
    pairs: &[(K, V)],
    payload: impl Fn(&K) -> Vec<u8>,
) where
    K: std::fmt::Debug + Sync,
    V: std::fmt::Debug + Sync,
{
    let topic = broker.topic("around", PARTITIONS).await;
    let producer = Producer::builder(broker.producer(), writes.0, writes.1)
        .build()
        .expect("a producer");
    let mut places = BTreeMap::new();
    for (i, (key, value)) in pairs.iter().enumerate() {
        let record = Record::to(&topic)
            .key(key)
            .value(value)
            .timestamp(i as i64 + 1);
        let place = soon(producer.send(record)).await.expect("delivered");
        assert_eq!(place.partition, partition_of(&payload(key), PARTITIONS));
        places.insert(i as i64 + 1, (place.partition, place.offset));
    }
    soon(producer.close(PATIENCE)).await.expect("closed");

    let config = broker.consumer(&unique("around"));
    let mut consumer = consumer(config, &topic, reads.0, reads.1, Commits::Manual);
    for record in take(&mut consumer, pairs.len()).await {
        let i = record.timestamp.expect("a time");
        let place = (record.position.partition, record.position.offset);
        assert_eq!(places.remove(&i), Some(place));
        let (key, value) = &pairs[usize::try_from(i - 1).expect("small")];
        // Dynamic messages are equal only where their descriptors are the same object.
        assert_eq!(format!("{:?}", record.key), format!("{:?}", Some(key)));
        assert_eq!(format!("{:?}", record.value), format!("{:?}", Some(value)));
    }
    consumer.close().await.expect("closed");
}

fn pairs() -> Vec<(Device, Reading)> {
    (0..24)
        .map(|i| (device(i), Reading { value: i * i }))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn avro_goes_around() {
    let Some(broker) = Broker::given("avro_goes_around") else {
        return;
    };
    let (_registry, client) = registry().await;
    goes_around::<Device, Reading>(
        &broker,
        (
            avro(&client, KEY, keys()),
            avro(&client, VALUE, SerializerSettings::new()),
        ),
        (
            reads_avro(&client, DeserializerSettings::new().for_keys()),
            reads_avro(&client, DeserializerSettings::new()),
        ),
        &pairs(),
        // A record of one string: the length twice, and the text.
        |key| [&[key.name.len() as u8 * 2], key.name.as_bytes()].concat(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_goes_around() {
    let Some(broker) = Broker::given("json_goes_around") else {
        return;
    };
    let (_registry, client) = registry().await;
    let key = Schema::json(r#"{"type":"object","properties":{"name":{"type":"string"}}}"#);
    let value = Schema::json(r#"{"type":"object","properties":{"value":{"type":"integer"}}}"#);
    let settings = DeserializerSettings::new();
    goes_around::<Device, Reading>(
        &broker,
        (
            JsonSerializer::new(client.clone(), Some(key), keys()),
            JsonSerializer::new(client.clone(), Some(value), SerializerSettings::new()),
        ),
        (
            JsonDeserializer::new(client.clone(), settings.clone().for_keys()).expect("keys"),
            JsonDeserializer::new(client, settings).expect("values"),
        ),
        &pairs(),
        |key| format!(r#"{{"name":"{}"}}"#, key.name).into_bytes(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_batches_are_read() {
    let Some(broker) = Broker::given("compressed_batches_are_read") else {
        return;
    };
    let topic = broker.topic("compressed", 1).await;
    let text = "compressible ".repeat(100);
    let kinds = ["gzip", "snappy", "lz4", "zstd"];
    for kind in kinds {
        let mut config = broker.producer();
        config.set("compression.type", kind);
        let producer: Producer<str, str> = Producer::builder(config, Text, Text)
            .build()
            .expect("a producer");
        let record = Record::to(&topic).key(kind).value(text.as_str());
        soon(producer.send(record)).await.expect("delivered");
    }
    let all = raw(&broker, &topic, kinds.len()).await;
    for record in all {
        assert_eq!(record.value.as_deref(), Some(text.as_bytes()));
    }
}

/// The second message of a file, so that the indexes in front of the payload are more than a zero.
fn message(source: &str) -> MessageDescriptor {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("k.proto"), source).expect("written");
    let set = protox::compile(["k.proto"], [folder.path()]).expect("it compiles");
    let pool = DescriptorPool::from_file_descriptor_set(set).expect("a pool");
    pool.get_message_by_name("t.Device").expect("a message")
}

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_goes_around() {
    let Some(broker) = Broker::given("protobuf_goes_around") else {
        return;
    };
    let (_registry, client) = registry().await;
    let descriptor = message(
        r#"syntax = "proto3"; package t; message First { int32 x = 1; } message Device { string name = 1; }"#,
    );
    let make = |name: String| {
        DynamicMessage::deserialize(descriptor.clone(), json!({"name": name})).expect("a message")
    };
    let pairs: Vec<_> = (0..24)
        .map(|i| (make(format!("sensor-{i}")), make(format!("value {i}"))))
        .collect();
    let settings = DeserializerSettings::new();
    let reads = |settings| {
        DynamicProtobuf(ProtobufDeserializer::new(client.clone(), settings).expect("a reader"))
    };
    goes_around::<DynamicMessage, DynamicMessage>(
        &broker,
        (
            ProtobufSerializer::new(client.clone(), keys()),
            ProtobufSerializer::new(client.clone(), SerializerSettings::new()),
        ),
        (reads(settings.clone().for_keys()), reads(settings)),
        &pairs,
        // Field 1, a text of so many bytes.
        |key| {
            let name = key.get_field_by_name("name").expect("a field");
            let name = name.as_str().expect("a text");
            [&[0x0a, name.len() as u8], name.as_bytes()].concat()
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_in_headers_leave_the_bytes_alone() {
    let Some(broker) = Broker::given("ids_in_headers_leave_the_bytes_alone") else {
        return;
    };
    let (_registry, client) = registry().await;
    let topic = broker.topic("headers", PARTITIONS).await;
    let values = SerializerSettings::new().framing(Framing::Header);
    let producer: Producer<Device, Reading> = Producer::builder(
        broker.producer(),
        avro(&client, KEY, keys().framing(Framing::Header)),
        avro(&client, VALUE, values),
    )
    .build()
    .expect("a producer");
    let (key, value) = (device(0), Reading { value: 3 });
    let record = Record::to(&topic)
        .key(&key)
        .value(&value)
        .header("trace", Some(b"t"))
        .header("empty", None);
    let place = soon(producer.send(record)).await.expect("delivered");
    // murmur2 of 0x10 "sensor-0" among 12, as Java's client has it.
    assert_eq!(place.partition, 0);

    let [sent] = raw(&broker, &topic, 1).await.try_into().expect("one");
    assert_eq!(sent.key.as_deref(), Some(&b"\x10sensor-0"[..]));
    assert_eq!(sent.value.as_deref(), Some(&b"\x06"[..]));
    let names: Vec<&str> = sent.headers.iter().map(|h| h.name.as_str()).collect();
    assert_eq!(names, ["trace", "empty", KEY_HEADER, VALUE_HEADER]);
    assert_eq!(sent.headers[0].value.as_deref(), Some(&b"t"[..]));
    assert_eq!(sent.headers[1].value, None);
    for header in &sent.headers[2..] {
        // A one, and a GUID of 16 bytes.
        let value = header.value.as_deref().expect("a value");
        assert_eq!((value.len(), value[0]), (17, 1));
    }

    let mut consumer: Consumer<Device, Reading> = consumer(
        broker.consumer(&unique("headers")),
        &topic,
        reads_avro(&client, DeserializerSettings::new().for_keys()),
        reads_avro(&client, DeserializerSettings::new()),
        Commits::Manual,
    );
    let read = soon(consumer.next()).await.expect("a record");
    assert_eq!((read.key, read.value), (Some(key), Some(value)));
}

/// Sends the same keys, and says in which partition each is.
async fn places(producer: &Producer<Device, str>, topic: &str) -> Vec<i32> {
    let mut places = Vec::new();
    for i in 0..24 {
        let key = device(i);
        let record = Record::to(topic).key(&key).value("v");
        let place = soon(producer.send(record)).await.expect("delivered");
        places.push(place.partition);
    }
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_stay_where_they_are_when_their_schema_gets_a_new_id() {
    let Some(broker) = Broker::given("keys_stay_where_they_are_when_their_schema_gets_a_new_id")
    else {
        return;
    };
    let (_registry, client) = registry().await;
    let topic = broker.topic("keys", PARTITIONS).await;
    let with = |schema: &str, partitioning| -> Producer<Device, str> {
        Producer::builder(broker.producer(), avro(&client, schema, keys()), Text)
            .partitioning(partitioning)
            .build()
            .expect("a producer")
    };
    let first = with(KEY, Partitioning::Payload);
    let before = places(&first, &topic).await;
    let framed_before = places(&with(KEY, Partitioning::Framed), &topic).await;
    assert!(first.key_warnings().is_empty());

    let second = with(KEY_WITH_COMMENT, Partitioning::Payload);
    let after = places(&second, &topic).await;
    let framed_after = places(&with(KEY_WITH_COMMENT, Partitioning::Framed), &topic).await;
    assert_eq!(before, after);
    let moved = framed_before
        .iter()
        .zip(&framed_after)
        .filter(|(a, b)| a != b);
    assert!(moved.count() > 12, "{framed_before:?} {framed_after:?}");

    // librdkafka, told to do as Java does, puts the unframed keys where we do ...
    let mut config = broker.producer();
    config.set("partitioner", "murmur2_random");
    let unframed: Producer<[u8], str> = Producer::builder(config.clone(), Raw, Text)
        .partitioning(Partitioning::Native)
        .build()
        .expect("a producer");
    for (i, partition) in (0..24).zip(&before) {
        let name = device(i).name;
        let key = [&[name.len() as u8 * 2], name.as_bytes()].concat();
        let record = Record::to(&topic).key(&key[..]).value("v");
        let place = soon(unframed.send(record)).await.expect("delivered");
        assert_eq!(place.partition, *partition, "{name}");
    }
    // ... and the framed ones, where `Framed` does.
    let framed: Producer<Device, str> = Producer::builder(config, avro(&client, KEY, keys()), Text)
        .partitioning(Partitioning::Native)
        .build()
        .expect("a producer");
    assert_eq!(places(&framed, &topic).await, framed_before);

    soon(async {
        while second.key_warnings().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let [warning] = second.key_warnings().try_into().expect("one");
    assert_eq!(*warning.topic, *topic);
    let subject = warning.subject.expect("a subject");
    assert_eq!(subject.as_str(), format!("{topic}-key"));
    assert_eq!(warning.kind, KeyWarningKind::Versions { count: 2 });
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_written_with_another_schema_all_at_once_are_told() {
    let Some(broker) =
        Broker::given("keys_that_are_written_with_another_schema_all_at_once_are_told")
    else {
        return;
    };
    let (registry, client) = registry().await;
    let topic = broker.topic("latest", PARTITIONS).await;
    let register = avro(&client, KEY, keys());
    register.prepare(&topic).await.expect("registered");
    // A client and a serializer that remember no latest version.
    let eager = registry
        .builder()
        .tuning(Tuning {
            latest_ttl: Duration::ZERO,
            ..Tuning::default()
        })
        .build()
        .expect("a client");
    let settings = keys().use_latest().latest_for(Duration::ZERO);
    let writer = AvroSerializer::new(eager, None, settings);
    let producer: Producer<Device, str> = Producer::builder(broker.producer(), writer, Text)
        .build()
        .expect("a producer");
    let send = async || {
        let key = device(1);
        let record = Record::to(&topic).key(&key).value("v");
        soon(producer.send(record))
            .await
            .expect("delivered")
            .partition
    };
    let before = send().await;
    let register = avro(&client, KEY_WITH_COMMENT, keys());
    register.prepare(&topic).await.expect("registered");
    assert_eq!(send().await, before);
    let kinds: Vec<_> = producer
        .key_warnings()
        .into_iter()
        .map(|warning| warning.kind)
        .collect();
    let id = |id| SchemaKey::Id(accord::model::SchemaId(id));
    assert!(
        kinds.contains(&KeyWarningKind::Changed {
            from: id(1),
            to: id(2)
        }),
        "{kinds:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_record_is_not_sent() {
    let Some(broker) = Broker::given("an_invalid_record_is_not_sent") else {
        return;
    };
    let (_registry, client) = registry().await;
    let topic = broker.topic("invalid", 1).await;
    let schema = Schema::json(r#"{"type":"object","properties":{"value":{"minimum":0}}}"#);
    let values = JsonSerializer::new(client.clone(), Some(schema), SerializerSettings::new());
    let producer: Producer<serde_json::Value, Reading> =
        Producer::builder(broker.producer(), avro(&client, KEY, keys()), values)
            .build()
            .expect("a producer");
    let good = json!({"name": "n"});
    let record = Record::to(&topic).key(&good).value(&Reading { value: -1 });
    let refused = soon(producer.send(record)).await.expect_err("too small");
    let SendError::Invalid {
        side: Side::Value,
        error: CodecError::Serde(SerdeError::Record { mismatch, .. }),
        ..
    } = &refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(mismatch.problems[0].path, "value");

    let bad = json!({"name": 7});
    let record = Record::to(&topic).key(&bad).value(&Reading { value: 1 });
    let refused = soon(producer.send(record)).await.expect_err("no text");
    assert!(
        matches!(
            &refused,
            SendError::Invalid {
                side: Side::Key,
                ..
            }
        ),
        "{refused:?}"
    );
    soon(producer.flush(PATIENCE)).await.expect("flushed");
    assert_eq!(broker.end(&topic).await, 0);
    assert_eq!(producer.in_flight(), 0);

    let record = Record::to(&topic).key(&good).value(&Reading { value: 1 });
    let place = soon(producer.send(record)).await.expect("delivered");
    assert_eq!(place.offset, 0);
}

/// Headers with a name that is no UTF-8, which rdkafka itself cannot make.
fn odd_headers() -> OwnedHeaders {
    use accord::client::kafka::rdkafka::bindings::rd_kafka_header_add;
    let headers = OwnedHeaders::new();
    let list = std::ptr::from_ref(headers.as_borrowed()).cast_mut().cast();
    // SAFETY: a list's borrowed form is at its own address; the bytes are copied.
    let error = unsafe { rd_kafka_header_add(list, c"\xff\xfe".as_ptr(), -1, std::ptr::null(), 0) };
    assert_eq!(error as i32, 0);
    headers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_comes_with_its_place_and_its_bytes() {
    let Some(broker) = Broker::given("a_poison_record_comes_with_its_place_and_its_bytes") else {
        return;
    };
    let (_registry, client) = registry().await;
    let topic = broker.topic("poison", 1).await;
    let producer: Producer<str, Reading> = Producer::builder(
        broker.producer(),
        Text,
        avro(&client, VALUE, SerializerSettings::new()),
    )
    .build()
    .expect("a producer");
    let good = |value| Reading { value };
    let stranger: FutureProducer = broker.producer().create().expect("a producer");
    let slip = async |key: &[u8], value: &[u8]| {
        let record = FutureRecord::to(&topic)
            .key(key)
            .payload(value)
            .headers(odd_headers());
        stranger.send(record, PATIENCE).await.expect("delivered");
    };
    let value = good(1);
    soon(producer.send(Record::to(&topic).key("k").value(&value)))
        .await
        .expect("delivered");
    slip(b"k", b"no frame").await;
    slip(b"\xff", b"\0\0\0\0\x01\x02").await;
    // The id of no schema.
    slip(b"k", b"\0\0\0\x03\xe7\x02").await;
    let value = good(2);
    soon(producer.send(Record::to(&topic).key("k").value(&value)))
        .await
        .expect("delivered");
    // A tombstone is no poison.
    soon(producer.send(Record::to(&topic).key("k")))
        .await
        .expect("delivered");

    let mut consumer: Consumer<String, Reading> = consumer(
        broker.consumer(&unique("poison")),
        &topic,
        Text,
        reads_avro(&client, DeserializerSettings::new()),
        Commits::Manual,
    );
    let mut next = async || match soon(consumer.next()).await {
        Ok(record) => Ok(record.value.map(|reading| reading.value)),
        Err(ReceiveError::Poison(poison)) => Err(poison),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(next().await.expect("good"), Some(1));
    for (offset, side, key, value) in [
        (1, Side::Value, &b"k"[..], &b"no frame"[..]),
        (2, Side::Key, b"\xff", b"\0\0\0\0\x01\x02"),
        (3, Side::Value, b"k", b"\0\0\0\x03\xe7\x02"),
    ] {
        let poison = next().await.expect_err("poison");
        assert_eq!(
            (&*poison.position.topic, poison.position.partition),
            (&*topic, 0)
        );
        assert_eq!((poison.position.offset, poison.side), (offset, side));
        assert_eq!(poison.key.as_deref(), Some(key));
        assert_eq!(poison.value.as_deref(), Some(value));
        assert_eq!(poison.headers.len(), 1);
        assert!(poison.timestamp.is_some());
    }
    assert_eq!(next().await.expect("good"), Some(2));
    assert_eq!(next().await.expect("a tombstone"), None);
}
