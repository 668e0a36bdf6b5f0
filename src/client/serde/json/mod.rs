//! JSON records, checked against their JSON Schema when they are written and when they are read.

mod codec;
mod cost;

pub use codec::JsonCodec;

use super::error::SerdeError;
use super::language::Language;
use super::read::{Reader, Readers};
use super::record::{Framed, Incoming};
use super::settings::{DeserializerSettings, Part, SerializerSettings};
use super::write::{ONLY, Writer, Writers};
use crate::client::{Format, RegistryClient, Schema};
use crate::model::{SchemaType, Subject};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// The language.
pub(super) struct Json;

impl Language for Json {
    type Codec = JsonCodec;
    const TYPE: SchemaType = SchemaType::Json;
    const FORMAT: Format = Format::AsRegistered;

    fn compile(text: &str, references: &[(&str, &str)]) -> Result<JsonCodec, String> {
        JsonCodec::new(text, references)
    }
}

const ROOM: usize = 256;

/// Checks JSON records and writes them with the schema's id. Shared between threads by reference.
pub struct JsonSerializer {
    writers: Writers<JsonCodec>,
    schema: Option<Schema>,
}

impl JsonSerializer {
    /// A serializer. `schema` is what records are checked against; without one, the settings have to choose the
    /// latest version, an id or a GUID.
    pub fn new(
        client: RegistryClient,
        schema: Option<Schema>,
        settings: SerializerSettings,
    ) -> Self {
        Self {
            writers: Writers::new(client, settings),
            schema,
        }
    }

    /// The client of its registry.
    pub fn client(&self) -> &RegistryClient {
        &self.writers.client
    }

    /// The part of Kafka records that it writes.
    pub fn part(&self) -> Part {
        self.writers.settings.part
    }

    /// The subject of records of a topic, if it was found already. There is none where the settings choose an id or a GUID.
    pub fn subject(&self, topic: &str) -> Option<Subject> {
        self.writers.get(topic, ONLY)?.subject.clone()
    }

    /// Finds everything that records of a topic need; from then on, the `*_cached` calls answer.
    ///
    /// # Errors
    ///
    /// Whatever keeps the schema from being found, registered or used.
    pub async fn prepare(&self, topic: &str) -> Result<(), SerdeError> {
        self.writer(topic).await.map(|_| ())
    }

    /// Checks and writes a record.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Record`] if it does not fit the schema; else as [`JsonSerializer::prepare`].
    pub async fn serialize<T: Serialize + ?Sized>(
        &self,
        topic: &str,
        value: &T,
    ) -> Result<Framed, SerdeError> {
        match self.serialize_cached(topic, value) {
            Some(written) => written,
            None => self.write(&*self.writer(topic).await?, value),
        }
    }

    /// Checks and writes a record without waiting; `None` if the topic's schema has yet to be found.
    pub fn serialize_cached<T: Serialize + ?Sized>(
        &self,
        topic: &str,
        value: &T,
    ) -> Option<Result<Framed, SerdeError>> {
        self.writers
            .with(topic, ONLY, |writer| self.write(writer, value))
    }

    /// Checks and writes a JSON value; faster than [`JsonSerializer::serialize`] for one.
    ///
    /// # Errors
    ///
    /// As [`JsonSerializer::serialize`].
    pub async fn serialize_value(&self, topic: &str, value: &Value) -> Result<Framed, SerdeError> {
        match self.serialize_value_cached(topic, value) {
            Some(written) => written,
            None => self.write_value(&*self.writer(topic).await?, value),
        }
    }

    /// Checks and writes a JSON value without waiting; `None` if the topic's schema has yet to be found.
    pub fn serialize_value_cached(
        &self,
        topic: &str,
        value: &Value,
    ) -> Option<Result<Framed, SerdeError>> {
        self.writers
            .with(topic, ONLY, |writer| self.write_value(writer, value))
    }

    fn write<T: Serialize + ?Sized>(
        &self,
        writer: &Writer<JsonCodec>,
        value: &T,
    ) -> Result<Framed, SerdeError> {
        let limits = &self.writers.settings.limits;
        writer.record(ROOM, |codec, out| {
            codec
                .encode(value, limits, out)
                .map_err(|mismatch| record_error(writer, mismatch))
        })
    }

    fn write_value(&self, writer: &Writer<JsonCodec>, value: &Value) -> Result<Framed, SerdeError> {
        let limits = &self.writers.settings.limits;
        writer.record(ROOM, |codec, out| {
            codec
                .encode_value(value, limits, out)
                .map_err(|mismatch| record_error(writer, mismatch))
        })
    }

    async fn writer(&self, topic: &str) -> Result<Arc<Writer<JsonCodec>>, SerdeError> {
        if let Some(writer) = self.writers.get(topic, ONLY) {
            return Ok(writer);
        }
        let given = self.schema.as_ref();
        let title = match self.writers.settings.needs_name() {
            true => self.title(),
            false => None,
        };
        let chosen = self
            .writers
            .choose::<Json>(topic, title.as_deref(), given)
            .await?;
        let codec = self.writers.codec::<Json>(&chosen, given).await?;
        self.writers.put(topic, ONLY, &chosen, codec, None)
    }

    /// The title of the given schema, as the text says it: no reference needs to be followed for it.
    fn title(&self) -> Option<String> {
        let schema = self.schema.as_ref()?;
        let root: Value = serde_json::from_str(&schema.text).ok()?;
        root.get("title").and_then(Value::as_str).map(str::to_owned)
    }
}

#[cold]
fn record_error(writer: &Writer<JsonCodec>, mismatch: super::Mismatch) -> SerdeError {
    SerdeError::Record {
        schema: writer.label.clone(),
        mismatch,
    }
}

/// Reads JSON records by the schema's id, and checks them. Shared between threads by reference.
pub struct JsonDeserializer {
    readers: Readers<Json>,
}

impl JsonDeserializer {
    /// A deserializer. A reader's schema is one that records have to fit as well: JSON Schema knows no resolution.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Settings`] for a context that is none.
    pub fn new(client: RegistryClient, settings: DeserializerSettings) -> Result<Self, SerdeError> {
        Ok(Self {
            readers: Readers::new(client, settings)?,
        })
    }

    /// The part of Kafka records that it reads.
    pub fn part(&self) -> Part {
        self.readers.settings.part
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Bytes`] if the bytes are none of the schema they name, [`SerdeError::Reading`] if the record
    /// does not fit the reader's schema or `T`.
    pub async fn deserialize<T: DeserializeOwned>(
        &self,
        record: &Incoming<'_>,
    ) -> Result<T, SerdeError> {
        if let Some(read) = self.deserialize_cached(record) {
            return read;
        }
        let opened = self.readers.open(record)?;
        let reader = self
            .readers
            // Checking twice is no mistake; whether two schemas mean the same is not asked.
            .find(
                opened.key,
                record.topic,
                |_, _| false,
                |codec| codec.title().map(str::to_owned),
            )
            .await?;
        self.read(&reader, opened.payload.unwrap_or(opened.rest))
    }

    /// Reads a record without waiting; `None` if its schema has yet to be found.
    pub fn deserialize_cached<T: DeserializeOwned>(
        &self,
        record: &Incoming<'_>,
    ) -> Option<Result<T, SerdeError>> {
        let opened = match self.readers.open(record) {
            Ok(opened) => opened,
            Err(error) => return Some(Err(error)),
        };
        let payload = opened.payload.unwrap_or(opened.rest);
        self.readers.with(opened.key, record.topic, |reader| {
            self.read(reader, payload)
        })
    }

    fn read<T: DeserializeOwned>(
        &self,
        reader: &Reader<JsonCodec>,
        payload: &[u8],
    ) -> Result<T, SerdeError> {
        let bytes = |mismatch| SerdeError::Bytes {
            schema: reader.label.clone(),
            mismatch,
        };
        let reading = |mismatch| SerdeError::Reading {
            schema: reader.label.clone(),
            mismatch,
        };
        let settings = &self.readers.settings;
        if !settings.validate {
            return codec::parse(payload).map_err(bytes);
        }
        let value = reader
            .writer
            .check(payload, &settings.limits)
            .map_err(bytes)?;
        if let Some(into) = &reader.into {
            into.check_value(&value, &settings.limits)
                .map_err(reading)?;
        }
        codec::read(value, payload).map_err(reading)
    }
}
