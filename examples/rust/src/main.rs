//! A producer and a consumer in Rust, with Accord's own client and serializers. See README.md.

mod story;

use accord::client::serde::avro::{AvroDeserializer, AvroSerializer};
use accord::client::serde::{DeserializerSettings, Incoming, ReaderSchema, SerializerSettings};
use accord::client::{Deleted, Normalize, RegistryClient};
use accord::model::Subject;
use anyhow::{Context, anyhow, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use serde::Serialize;
use std::collections::HashMap;
use std::time::Duration;
use story::{BEFORE_HUMIDITY, COUNT, PARTITIONS, Reading, SENSORS};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bootstrap = story::setting("KAFKA_BOOTSTRAP")?;
    let topic = story::setting("TOPIC")?;
    // One client for everything: it remembers each schema, and asks the registry once for it.
    let registry = RegistryClient::new(&story::setting("REGISTRY_URL")?)?;

    println!("\n== Produce with two versions of the schema");
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &bootstrap)
        .create()?;
    let wanted = NewTopic::new(&topic, PARTITIONS, TopicReplication::Fixed(1));
    for made in admin.create_topics(&[wanted], &AdminOptions::new()).await? {
        made.map_err(|(name, code)| anyhow!("topic {name}: {code}"))?;
    }
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &bootstrap)
        // How Java clients choose a partition, so that one key is in one place whoever writes it.
        .set("partitioner", "murmur2_random")
        .set("acks", "all")
        .create()?;
    let old: Vec<_> = (0..BEFORE_HUMIDITY).map(story::old_reading).collect();
    let old = old.iter().map(|each| (each.sensor, each));
    produce(&producer, &registry, &topic, "v1", old).await?;
    let new: Vec<_> = (BEFORE_HUMIDITY..COUNT).map(story::reading).collect();
    let new = new.iter().map(|each| (each.sensor.as_str(), each));
    produce(&producer, &registry, &topic, "v2", new).await?;
    producer.flush(LIMIT)?;

    println!("\n== A change that would break readers");
    refused(&registry, &subject(&topic)).await?;

    println!("\n== Consume");
    let right = consume(&bootstrap, &registry, &topic).await?;
    if right != COUNT {
        bail!("FAILED: {right} of {COUNT} records are as they should be");
    }
    println!("OK: {right} of {COUNT} records, in order within each sensor");
    Ok(())
}

/// Where the registry keeps the versions of a topic's values.
fn subject(topic: &str) -> Subject {
    Subject::parse(&format!("{topic}-value"))
}

/// Writes records, given with their keys. The serializer registers its schema when it meets the first.
async fn produce<'a, T: Serialize + 'a>(
    producer: &FutureProducer,
    registry: &RegistryClient,
    topic: &str,
    version: &str,
    records: impl Iterator<Item = (&'a str, &'a T)>,
) -> anyhow::Result<()> {
    let schema = story::schema(version)?;
    let settings = SerializerSettings::new();
    let serializer = AvroSerializer::new(registry.clone(), Some(schema.clone()), settings);
    let mut written = 0;
    for (key, record) in records {
        let value = serializer.serialize(topic, record).await?;
        // The key decides on the partition: all readings of a sensor go to one, and stay in order there.
        let message = FutureRecord::to(topic)
            .key(key)
            .payload(&value.bytes)
            // Headers tell about a message without a look into it.
            .headers(OwnedHeaders::new().insert(Header {
                key: "site",
                value: Some("north"),
            }));
        let sent = producer.send(message, LIMIT).await;
        sent.map_err(|(error, _)| error)?;
        written += 1;
    }
    let known = registry
        .lookup(
            &subject(topic),
            &schema,
            Normalize::AsConfigured,
            Deleted::Hidden,
        )
        .await?;
    let (version, id) = known.version.zip(known.id).context("no version or id")?;
    println!("wrote {written} readings with version {version}, schema id {id}");
    Ok(())
}

/// Tries to register a schema that could not read what the topic holds already.
async fn refused(registry: &RegistryClient, subject: &Subject) -> anyhow::Result<()> {
    let schema = story::schema("refused")?;
    match registry
        .register(subject, &schema, Normalize::AsConfigured)
        .await
    {
        Err(error) if error.is_incompatible() => println!("refused: {error}"),
        Err(error) => return Err(error.into()),
        Ok(_) => bail!("the registry took a schema that breaks readers"),
    }
    Ok(())
}

/// Reads all readings with the second version of the schema, whichever version wrote them, and counts the right ones.
async fn consume(bootstrap: &str, registry: &RegistryClient, topic: &str) -> anyhow::Result<usize> {
    // The schema given here is the reader's. The writer's is fetched by the id in front of each record.
    let settings = DeserializerSettings::new().reader(ReaderSchema::Given(story::schema("v2")?));
    let deserializer = AvroDeserializer::new(registry.clone(), settings)?;
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", format!("{topic}-check"))
        .set("auto.offset.reset", "earliest")
        .create()?;
    consumer.subscribe(&[topic])?;
    let mut check = Check::default();
    let all = async {
        while check.got < COUNT {
            let message = consumer.recv().await?.detach();
            let bytes = message.payload().context("a message without a value")?;
            let reading: Reading = deserializer
                .deserialize(&Incoming::new(topic, bytes))
                .await?;
            check.take(&message, &reading)?;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(LIMIT, all).await {
        Ok(read) => read?,
        Err(_) => println!("no more within {LIMIT:?}"),
    }
    for sensor in SENSORS {
        if let Some((partition, number)) = check.sensors.get(sensor) {
            println!("{sensor}: {number} readings, all on partition {partition}");
        }
    }
    println!(
        "{} of them were written before there was a humidity, and read as none",
        check.old
    );
    Ok(check.right)
}

/// What was read so far.
#[derive(Default)]
struct Check {
    got: usize,
    right: usize,
    old: usize,
    /// By sensor: its partition, and the number of its last reading.
    sensors: HashMap<String, (i32, i32)>,
}

impl Check {
    fn take(&mut self, message: &OwnedMessage, reading: &Reading) -> anyhow::Result<()> {
        self.got += 1;
        self.old += usize::from(reading.humidity.is_none());
        let key = message.key().context("a message without a key")?;
        let sensor = std::str::from_utf8(key)?;
        let first = (message.partition(), 0);
        let (partition, last) = self.sensors.entry(sensor.to_owned()).or_insert(first);
        let in_place = *partition == message.partition() && reading.number == *last + 1;
        *last = reading.number;
        let from_north = message.headers().is_some_and(|all| {
            all.iter()
                .any(|h| h.key == "site" && h.value == Some(b"north"))
        });
        let place = SENSORS.iter().position(|each| *each == sensor);
        let index = place.map(|place| place + (reading.number.max(1) as usize - 1) * SENSORS.len());
        let as_written = index.is_some_and(|i| i < COUNT && *reading == story::reading(i));
        if in_place && from_north && as_written {
            self.right += 1;
        } else {
            let (partition, offset) = (message.partition(), message.offset());
            println!("wrong: partition {partition}, offset {offset}: {reading:?}");
        }
        Ok(())
    }
}
