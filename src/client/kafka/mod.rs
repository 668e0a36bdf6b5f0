//! A producer and a consumer of Kafka around the client: they frame, validate and partition records.
//!
//! Built on librdkafka through [`rdkafka`], whose settings they take. What they add: keys and values go through
//! serializers, a record that does not fit its schema is never sent, a record that cannot be read comes with its
//! place and its bytes, and **keys keep their partition when their schema gets a new id** (see [`Partitioning`]).
//!
//! ```no_run
//! # #[cfg(feature = "client-avro")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use accord::client::kafka::rdkafka::ClientConfig;
//! use accord::client::kafka::{Commits, Consumer, Producer, ReceiveError, Record, Text};
//! use accord::client::serde::avro::{AvroDeserializer, AvroSerializer};
//! use accord::client::serde::{DeserializerSettings, SerializerSettings};
//! use accord::client::{RegistryClient, Schema};
//! use std::time::Duration;
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Order {
//!     id: i64,
//! }
//!
//! let registry = RegistryClient::new("http://127.0.0.1:8081")?;
//! let schema = Schema::avro(
//!     r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}"#,
//! );
//! let mut settings = ClientConfig::new();
//! settings.set("bootstrap.servers", "127.0.0.1:9092");
//!
//! let values = AvroSerializer::new(registry.clone(), Some(schema), SerializerSettings::new());
//! let producer: Producer<str, Order> = Producer::builder(settings.clone(), Text, values).build()?;
//! let record = Record::to("orders").key("customer-7").value(&Order { id: 7 });
//! let place = producer.send(record).await?;
//! println!("partition {}, offset {}", place.partition, place.offset);
//! producer.close(Duration::from_secs(10)).await?;
//!
//! settings.set("group.id", "billing").set("auto.offset.reset", "earliest");
//! let values = AvroDeserializer::new(registry, DeserializerSettings::new())?;
//! let mut consumer: Consumer<String, Order> = Consumer::builder(settings, Text, values)
//!     .commits(Commits::Manual)
//!     .build()?;
//! consumer.subscribe(&["orders"])?;
//! loop {
//!     match consumer.next().await {
//!         Ok(record) => {
//!             // … work with record.key and record.value …
//!             consumer.commit(&[&record.position]).await?;
//!         }
//!         // Skip it, send it to another topic, or stop: the bytes are in `poison`.
//!         Err(ReceiveError::Poison(poison)) => eprintln!("{poison}"),
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # }
//! ```

mod codec;
mod config;
mod consumer;
mod counts;
mod error;
mod headers;
mod keys;
mod languages;
mod partition;
mod producer;
mod record;

pub use codec::{Decoder, Encoded, Encoder, Origin, Raw, Source, Text};
pub use config::ConfigError;
pub use consumer::{Commits, Consumer, ConsumerBuilder};
pub use error::{CodecError, Poison, ReceiveError, SendError, Side};
pub use keys::{KeyWarning, KeyWarningKind};
#[cfg(feature = "client-protobuf")]
pub use languages::DynamicProtobuf;
pub use partition::{Partitioning, murmur2, partition_of};
pub use producer::{Delivery, Producer, ProducerBuilder};
pub use rdkafka;
pub use record::{Delivered, Header, Position, Received, Record};
