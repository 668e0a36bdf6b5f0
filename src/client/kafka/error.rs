//! What goes wrong between a program and Kafka.

use super::config::ConfigError;
use super::record::{Header, Position};
use crate::wire::frame::FrameError;
use rdkafka::error::KafkaError;
use std::fmt;

#[cfg(any(
    feature = "client-avro",
    feature = "client-json",
    feature = "client-protobuf"
))]
use crate::client::{ClientError, serde::SerdeError};

/// Which side of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Value => "value",
        })
    }
}

/// A key or value that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// A serializer or deserializer with a schema refuses it.
    #[cfg(any(
        feature = "client-avro",
        feature = "client-json",
        feature = "client-protobuf"
    ))]
    #[error(transparent)]
    Serde(#[from] SerdeError),
    /// A serializer wrote a frame that is none.
    #[error("the serializer's frame cannot be read: {0}")]
    Frame(#[from] FrameError),
    /// The bytes are no UTF-8.
    #[error("no text: {0}")]
    Text(#[from] std::str::Utf8Error),
    /// What a serializer or deserializer of the program's own says.
    #[error("{0}")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl CodecError {
    /// Whether it is not about the record: the registry is out of reach, or refuses to talk. The same record may be
    /// fine a little later.
    pub fn blames_registry(&self) -> bool {
        match self {
            #[cfg(any(
                feature = "client-avro",
                feature = "client-json",
                feature = "client-protobuf"
            ))]
            Self::Serde(SerdeError::Client(error)) => match error {
                ClientError::Refused { .. } => {
                    error.is_outage() || matches!(error.status(), Some(401 | 403 | 407))
                }
                ClientError::Unreachable { .. }
                | ClientError::Unreadable { .. }
                | ClientError::Credentials(_) => true,
                _ => false,
            },
            _ => false,
        }
    }
}

/// A record that was not sent, or of which it is not known whether it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The key or value cannot be written. Nothing was sent.
    #[error("the {side} of a record for topic {topic}: {error}")]
    Invalid {
        /// Which of them.
        side: Side,
        /// The topic.
        topic: Box<str>,
        /// Why.
        #[source]
        error: CodecError,
    },
    /// The topic's name is none, or the record's own headers or partition cannot be. Nothing was sent.
    #[error("a record for topic {topic}: {reason}")]
    Record {
        /// The topic.
        topic: Box<str>,
        /// What is wrong.
        reason: Box<str>,
    },
    /// It could not be found out how many partitions the topic has. Nothing was sent.
    #[error("the partitions of topic {topic} are not known: {reason}")]
    Partitions {
        /// The topic.
        topic: Box<str>,
        /// Why.
        reason: Box<str>,
    },
    /// librdkafka or a broker says no. After a timeout it may have been written all the same.
    #[error("topic {topic}: {error}")]
    Kafka {
        /// The topic.
        topic: Box<str>,
        /// What it says.
        #[source]
        error: KafkaError,
    },
    /// Time was up, and some records are still under way.
    #[error("{records} records are not delivered yet")]
    Undelivered {
        /// How many.
        records: usize,
    },
    /// The producer was closed.
    #[error("the producer is closed")]
    Closed,
}

/// A record that cannot be read, and no later attempt can change that: where it is, and everything it has.
#[derive(Debug)]
pub struct Poison {
    /// Where it is.
    pub position: Position,
    /// Whether the key or the value cannot be read.
    pub side: Side,
    /// Why.
    pub error: CodecError,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<Header>,
    /// Its time, in milliseconds since 1970, if it has one.
    pub timestamp: Option<i64>,
}

impl fmt::Display for Poison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            position,
            side,
            error,
            ..
        } = self;
        write!(f, "the {side} of {position} cannot be read: {error}")
    }
}

/// Why there is no next record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The record cannot be read. The next call goes on after it.
    #[error("{0}")]
    Poison(Box<Poison>),
    /// The registry could not be asked about the record. The next call tries the same record again.
    #[error("the {side} of {position} cannot be read yet: {error}")]
    Registry {
        /// Where the record is.
        position: Position,
        /// Whether it is about the key or the value.
        side: Side,
        /// Why.
        #[source]
        error: CodecError,
    },
    /// librdkafka or a broker says so. Most of it passes; what does not is
    /// [`KafkaError::MessageConsumptionFatal`].
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The call does not fit the settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
}
