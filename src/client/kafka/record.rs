//! Records: to send, sent, and received.

use super::error::Side;
use crate::wire::frame;
use std::fmt;

/// A record to send.
#[derive(Debug)]
pub struct Record<'a, K: ?Sized, V: ?Sized> {
    pub(super) topic: &'a str,
    pub(super) key: Option<&'a K>,
    pub(super) value: Option<&'a V>,
    pub(super) partition: Option<i32>,
    pub(super) timestamp: Option<i64>,
    pub(super) headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

impl<'a, K: ?Sized, V: ?Sized> Record<'a, K, V> {
    /// A record for a topic, so far without a key and without a value (a tombstone).
    pub fn to(topic: &'a str) -> Self {
        Self {
            topic,
            key: None,
            value: None,
            partition: None,
            timestamp: None,
            headers: Vec::new(),
        }
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: &'a K) -> Self {
        self.key = Some(key);
        self
    }

    /// With this value.
    #[must_use]
    pub fn value(mut self, value: &'a V) -> Self {
        self.value = Some(value);
        self
    }

    /// For this partition, whatever the key.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Of this time, in milliseconds since 1970; 0 stands for now, as for librdkafka.
    #[must_use]
    pub fn timestamp(mut self, milliseconds: i64) -> Self {
        self.timestamp = Some(milliseconds);
        self
    }

    /// With one more header. One name may come several times.
    #[must_use]
    pub fn header(mut self, name: &'a str, value: Option<&'a [u8]>) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Where a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The partition.
    pub partition: i32,
    /// The offset; -1 if the settings ask brokers for no confirmation (`acks=0`).
    pub offset: i64,
    /// Its time, in milliseconds since 1970, if it has one.
    pub timestamp: Option<i64>,
}

/// A record's place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    /// The topic.
    pub topic: Box<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            topic,
            partition,
            offset,
        } = self;
        write!(f, "{topic}, partition {partition}, offset {offset}")
    }
}

/// A record's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name; what is no UTF-8 in it is replaced.
    pub name: String,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

/// A record that was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Received<K, V> {
    /// Where it is.
    pub position: Position,
    /// The key, if it has one.
    pub key: Option<K>,
    /// The value; none in a tombstone.
    pub value: Option<V>,
    /// Its time, in milliseconds since 1970, if it has one.
    pub timestamp: Option<i64>,
    /// The headers, with those that hold schema ids.
    pub headers: Vec<Header>,
}

impl Side {
    /// The header that holds the id of its schema.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Key => frame::KEY_HEADER,
            Self::Value => frame::VALUE_HEADER,
        }
    }
}
