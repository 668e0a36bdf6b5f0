//! Avro records: typed ones through serde, others as JSON values.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use accord::client::serde::avro::{AvroDeserializer, AvroSerializer};
//! use accord::client::serde::{DeserializerSettings, Incoming, SerializerSettings};
//! use accord::client::{RegistryClient, Schema};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Order {
//!     id: i64,
//! }
//!
//! let client = RegistryClient::new("http://127.0.0.1:8081")?;
//! let schema = Schema::avro(
//!     r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}"#,
//! );
//! let writer = AvroSerializer::new(client.clone(), Some(schema), SerializerSettings::new());
//! let record = writer.serialize("orders", &Order { id: 7 }).await?;
//!
//! let reader = AvroDeserializer::new(client, DeserializerSettings::new())?;
//! let order: Order = reader.deserialize(&Incoming::new("orders", &record.bytes)).await?;
//! # Ok(())
//! # }
//! ```

mod codec;
mod typed;

pub use codec::{AvroCodec, AvroEncoder, JsonNotation, Unreadable};

use super::error::SerdeError;
use super::language::Language;
use super::read::{Reader, Readers};
use super::record::{Framed, Incoming};
use super::settings::{DeserializerSettings, Part, SerializerSettings};
use super::write::{ONLY, Writer, Writers};
use crate::client::{Format, RegistryClient, Schema};
use crate::model::{SchemaType, Subject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The language.
pub(super) struct Avro;

impl Language for Avro {
    type Codec = AvroCodec;
    const TYPE: SchemaType = SchemaType::Avro;
    const FORMAT: Format = Format::AsRegistered;

    fn compile(text: &str, references: &[(&str, &str)]) -> Result<AvroCodec, String> {
        AvroCodec::new(text, references)
    }
}

/// A record's first buffer; most fit, and larger ones grow it.
const ROOM: usize = 256;

/// Writes Avro records with the schema's id. Shared between threads by reference; everything found is kept.
pub struct AvroSerializer {
    writers: Writers<AvroCodec>,
    schema: Option<Schema>,
    /// The root's full name, found when it is first needed.
    name: tokio::sync::OnceCell<Option<String>>,
}

impl AvroSerializer {
    /// A serializer. `schema` is what records are written with; without one, the settings have to choose the latest
    /// version, an id or a GUID.
    pub fn new(
        client: RegistryClient,
        schema: Option<Schema>,
        settings: SerializerSettings,
    ) -> Self {
        Self {
            writers: Writers::new(client, settings),
            schema,
            name: tokio::sync::OnceCell::new(),
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

    /// Writes a record. Fields of the schema that it does not have are missing, with a default or not; and a JSON
    /// value's integers are no doubles: for those, see [`AvroSerializer::serialize_json`].
    ///
    /// # Errors
    ///
    /// [`SerdeError::Record`] if it does not fit the schema; else as [`AvroSerializer::prepare`].
    pub async fn serialize<T: Serialize + ?Sized>(
        &self,
        topic: &str,
        value: &T,
    ) -> Result<Framed, SerdeError> {
        match self.serialize_cached(topic, value) {
            Some(written) => written,
            None => write(&*self.writer(topic).await?, value),
        }
    }

    /// Writes a record without waiting; `None` if the topic's schema has yet to be found.
    pub fn serialize_cached<T: Serialize + ?Sized>(
        &self,
        topic: &str,
        value: &T,
    ) -> Option<Result<Framed, SerdeError>> {
        self.writers
            .with(topic, ONLY, |writer| write(writer, value))
    }

    /// The same at the end of a buffer that the caller keeps, which is as it was after an error. If `T` panics, all
    /// that the buffer held is lost. With [`Framing::Header`](super::Framing::Header), see [`AvroSerializer::header`] too.
    pub fn append_cached<T: Serialize + ?Sized>(
        &self,
        topic: &str,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Option<Result<(), SerdeError>> {
        self.writers.with(topic, ONLY, |writer| {
            writer.append(out, |codec, out| {
                codec
                    .encode(value, out)
                    .map_err(|mismatch| record_error(writer, mismatch))
            })
        })
    }

    /// The header that goes along with records of a topic, if the settings ask for one and it was found already.
    pub fn header(&self, topic: &str) -> Option<(&'static str, Arc<[u8]>)> {
        self.writers.with(topic, ONLY, Writer::header)?
    }

    /// Writes a JSON value as a record. In the plain notation, fields with a default may be left out.
    ///
    /// # Errors
    ///
    /// As [`AvroSerializer::serialize`].
    pub async fn serialize_json(
        &self,
        topic: &str,
        value: &serde_json::Value,
        notation: JsonNotation,
    ) -> Result<Framed, SerdeError> {
        let writer = match self.writers.get(topic, ONLY) {
            Some(writer) => writer,
            None => self.writer(topic).await?,
        };
        let limits = &self.writers.settings.limits;
        writer.record(ROOM, |codec, out| {
            codec
                .encode_json(value, notation, limits, out)
                .map_err(|mismatch| record_error(&writer, mismatch))
        })
    }

    async fn writer(&self, topic: &str) -> Result<Arc<Writer<AvroCodec>>, SerdeError> {
        if let Some(writer) = self.writers.get(topic, ONLY) {
            return Ok(writer);
        }
        let given = self.schema.as_ref();
        let name = match self.writers.settings.needs_name() {
            true => self.name.get_or_try_init(|| self.root_name()).await?,
            false => &None,
        };
        let chosen = self
            .writers
            .choose::<Avro>(topic, name.as_deref(), given)
            .await?;
        let codec = self.writers.codec::<Avro>(&chosen, given).await?;
        self.writers.put(topic, ONLY, &chosen, codec, None)
    }

    async fn root_name(&self) -> Result<Option<String>, SerdeError> {
        let Some(schema) = &self.schema else {
            return Ok(None);
        };
        if let Some(name) = codec::name_in(&schema.text) {
            return Ok(Some(name));
        }
        let codec = super::language::codec_of_local::<Avro>(
            &self.writers.client,
            schema,
            None,
            "the given schema",
        )
        .await?;
        Ok(codec.root_name().map(str::to_owned))
    }
}

#[inline]
fn write<T: Serialize + ?Sized>(
    writer: &Writer<AvroCodec>,
    value: &T,
) -> Result<Framed, SerdeError> {
    writer.record(ROOM, |codec, out| {
        codec
            .encode(value, out)
            .map_err(|mismatch| record_error(writer, mismatch))
    })
}

#[cold]
fn record_error(writer: &Writer<AvroCodec>, mismatch: super::Mismatch) -> SerdeError {
    SerdeError::Record {
        schema: writer.label.clone(),
        mismatch,
    }
}

/// Reads Avro records by the schema's id. Shared between threads by reference; everything found is kept.
pub struct AvroDeserializer {
    readers: Readers<Avro>,
}

impl AvroDeserializer {
    /// A deserializer.
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
    /// cannot be read into the reader's schema or `T`.
    pub async fn deserialize<T: DeserializeOwned>(
        &self,
        record: &Incoming<'_>,
    ) -> Result<T, SerdeError> {
        if let Some(read) = self.deserialize_cached(record) {
            return read;
        }
        let (reader, payload) = self.found(record).await?;
        self.read(&reader, payload)
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

    /// Reads a record without waiting into a type that may borrow from it (`&str`, `&[u8]`); `None` if its schema has
    /// yet to be found.
    ///
    /// Only what is read as it was written can be borrowed: with a reader's schema that is not the writer's, the error
    /// is [`SerdeError::Settings`].
    pub fn borrow_cached<'a, T: Deserialize<'a>>(
        &self,
        record: &Incoming<'a>,
    ) -> Option<Result<T, SerdeError>> {
        let opened = match self.readers.open(record) {
            Ok(opened) => opened,
            Err(error) => return Some(Err(error)),
        };
        let payload = opened.payload.unwrap_or(opened.rest);
        self.readers.with(opened.key, record.topic, |reader| {
            if reader.into.is_some() {
                return Err(SerdeError::settings(
                    "a record that is read into another schema than its writer's cannot be borrowed from",
                ));
            }
            let read = reader.writer.decode(payload, &self.readers.settings.limits);
            read.map_err(|error| told(reader, error))
        })
    }

    /// Reads a record as a JSON value.
    ///
    /// # Errors
    ///
    /// As [`AvroDeserializer::deserialize`].
    pub async fn deserialize_json(
        &self,
        record: &Incoming<'_>,
        notation: JsonNotation,
    ) -> Result<serde_json::Value, SerdeError> {
        let (reader, payload) = self.found(record).await?;
        let limits = &self.readers.settings.limits;
        let read = match &reader.into {
            None => reader.writer.decode_json(payload, notation, limits),
            Some(into) => into.resolve_json(&reader.writer, payload, notation, limits),
        };
        read.map_err(|error| told(&reader, error))
    }

    async fn found<'a>(
        &self,
        record: &Incoming<'a>,
    ) -> Result<(Arc<Reader<AvroCodec>>, &'a [u8]), SerdeError> {
        let opened = self.readers.open(record)?;
        let reader = self
            .readers
            .find(opened.key, record.topic, AvroCodec::is_same, |codec| {
                codec.root_name().map(str::to_owned)
            })
            .await?;
        Ok((reader, opened.payload.unwrap_or(opened.rest)))
    }

    #[inline]
    fn read<T: DeserializeOwned>(
        &self,
        reader: &Reader<AvroCodec>,
        payload: &[u8],
    ) -> Result<T, SerdeError> {
        let limits = &self.readers.settings.limits;
        let read = match &reader.into {
            None => reader.writer.decode(payload, limits),
            Some(into) => into
                .resolve(&reader.writer, payload, limits)
                .and_then(|bytes| into.decode(&bytes, limits)),
        };
        read.map_err(|error| told(reader, error))
    }
}

#[cold]
fn told(reader: &Reader<AvroCodec>, error: Unreadable) -> SerdeError {
    let schema = reader.label.clone();
    match error {
        Unreadable::Bytes(mismatch) => SerdeError::Bytes { schema, mismatch },
        Unreadable::Reading(mismatch) => SerdeError::Reading { schema, mismatch },
    }
}
