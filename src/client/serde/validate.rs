//! Whether a record is one of a registered schema: asked without writing or reading it anywhere.

use super::cache::Warm;
use super::error::{Mismatch, SerdeError};
use super::language::{Language, codec_of, label};
use super::limits::Limits;
use crate::client::{Deleted, Format, Registered, RegistryClient};
use crate::model::{Context, SchemaType, Subject, VersionSpec};
use crate::wire::frame::{self, SchemaKey};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// Checks records against versions of subjects. Keeps the schemas it met ready; shared between threads by reference.
pub struct Validator {
    client: RegistryClient,
    limits: Limits,
    /// Ids count within a context.
    warm: Warm<(Context, SchemaKey), Codec>,
}

enum Codec {
    #[cfg(feature = "client-avro")]
    Avro(super::avro::AvroCodec),
    #[cfg(feature = "client-json")]
    Json(super::json::JsonCodec),
    #[cfg(feature = "client-protobuf")]
    Protobuf(super::protobuf::ProtobufCodec),
}

impl Validator {
    /// One with these limits.
    pub fn new(client: RegistryClient, limits: Limits) -> Self {
        Self {
            client,
            limits,
            warm: Warm::new(limits.schemas),
        }
    }

    /// Checks a record as a producer has it in memory.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Record`] with the places that do not fit; else what kept the schema from being used.
    pub async fn typed<T: Serialize + ?Sized>(
        &self,
        record: &T,
        subject: &Subject,
        version: VersionSpec,
    ) -> Result<(), SerdeError> {
        let (codec, schema) = self.find(subject, version).await?;
        match &*codec {
            #[cfg(feature = "client-avro")]
            Codec::Avro(codec) => codec.encode(record, &mut Vec::new()),
            #[cfg(feature = "client-json")]
            Codec::Json(codec) => {
                shown(record).and_then(|value| codec.check_value(&value, &self.limits))
            }
            #[cfg(feature = "client-protobuf")]
            Codec::Protobuf(codec) => shown(record).and_then(|value| codec.check_json(&value)),
        }
        .map_err(|mismatch| SerdeError::Record { schema, mismatch })
    }

    /// Checks a JSON value: for Avro in the plain notation, for Protobuf in its JSON mapping and as the file's first
    /// message.
    ///
    /// # Errors
    ///
    /// As [`Validator::typed`].
    pub async fn json(
        &self,
        record: &Value,
        subject: &Subject,
        version: VersionSpec,
    ) -> Result<(), SerdeError> {
        let (codec, schema) = self.find(subject, version).await?;
        match &*codec {
            #[cfg(feature = "client-avro")]
            Codec::Avro(codec) => {
                let notation = super::avro::JsonNotation::Plain;
                codec.encode_json(record, notation, &self.limits, &mut Vec::new())
            }
            #[cfg(feature = "client-json")]
            Codec::Json(codec) => codec.check_value(record, &self.limits),
            #[cfg(feature = "client-protobuf")]
            Codec::Protobuf(codec) => codec.check_json(record),
        }
        .map_err(|mismatch| SerdeError::Record { schema, mismatch })
    }

    /// Checks the bytes of a payload, without a frame; for Protobuf, as the file's first message.
    ///
    /// # Errors
    ///
    /// [`SerdeError::Bytes`] with the place that does not fit; else what kept the schema from being used.
    pub async fn payload(
        &self,
        bytes: &[u8],
        subject: &Subject,
        version: VersionSpec,
    ) -> Result<(), SerdeError> {
        self.fits(bytes)?;
        let (codec, schema) = self.find(subject, version).await?;
        self.check(&codec, &[0], bytes)
            .map_err(|mismatch| SerdeError::Bytes { schema, mismatch })
    }

    /// Checks the bytes of a record against the schema that they name.
    ///
    /// # Errors
    ///
    /// As [`Validator::payload`], and [`SerdeError::Frame`].
    pub async fn framed(&self, bytes: &[u8]) -> Result<(), SerdeError> {
        self.fits(bytes)?;
        if bytes.is_empty() {
            return Err(SerdeError::Null);
        }
        self.opened(bytes, None).await
    }

    /// Checks the bytes of a record against the schema that its header names (`__key_schema_id` or
    /// `__value_schema_id`).
    ///
    /// # Errors
    ///
    /// As [`Validator::framed`].
    pub async fn with_header(&self, header: &[u8], bytes: &[u8]) -> Result<(), SerdeError> {
        self.fits(bytes)?;
        self.opened(header, Some(bytes)).await
    }

    /// The payload stands behind the frame, or apart from it.
    async fn opened(&self, frame: &[u8], payload: Option<&[u8]>) -> Result<(), SerdeError> {
        let (key, rest) = frame::split(frame)?;
        let (codec, schema) = match self.warm.get(&place(key, None)) {
            Some(codec) => (codec, label(key, None)),
            None => {
                let registered = match key {
                    SchemaKey::Id(id) => self.client.schema_by_id(id, None).await?,
                    SchemaKey::Guid(guid) => self.client.schema_by_guid(guid).await?,
                };
                let registered = self.in_form(registered, key).await?;
                self.compiled(&registered, key, None).await?
            }
        };
        let (indexes, rest) = match &*codec {
            #[cfg(feature = "client-protobuf")]
            // A header without indexes means the first message.
            Codec::Protobuf(_) if payload.is_some() && rest.is_empty() => (vec![0], rest),
            #[cfg(feature = "client-protobuf")]
            Codec::Protobuf(_) => frame::read_indexes(rest)?,
            #[cfg(any(feature = "client-avro", feature = "client-json"))]
            _ => (vec![0], rest),
        };
        self.check(&codec, &indexes, payload.unwrap_or(rest))
            .map_err(|mismatch| SerdeError::Bytes { schema, mismatch })
    }

    fn fits(&self, bytes: &[u8]) -> Result<(), SerdeError> {
        let limit = self.limits.record_bytes;
        if bytes.len() > limit {
            let size = bytes.len();
            return Err(SerdeError::TooLarge { size, limit });
        }
        Ok(())
    }

    #[cfg_attr(
        not(feature = "client-protobuf"),
        expect(unused_variables, reason = "only Protobuf's frames have indexes")
    )]
    fn check(&self, codec: &Codec, indexes: &[i32], bytes: &[u8]) -> Result<(), Mismatch> {
        match codec {
            #[cfg(feature = "client-avro")]
            Codec::Avro(codec) => codec.check(bytes, &self.limits),
            #[cfg(feature = "client-json")]
            Codec::Json(codec) => codec.check(bytes, &self.limits).map(|_| ()),
            #[cfg(feature = "client-protobuf")]
            Codec::Protobuf(codec) => codec.check(indexes, bytes),
        }
    }

    async fn find(
        &self,
        subject: &Subject,
        version: VersionSpec,
    ) -> Result<(Arc<Codec>, Arc<str>), SerdeError> {
        let registered = match version {
            VersionSpec::Latest => self.client.latest(subject).await?,
            VersionSpec::Exact(version) => {
                self.client
                    .version(subject, version, Deleted::Hidden)
                    .await?
            }
        };
        let key = match (registered.id, registered.guid) {
            (Some(id), _) => SchemaKey::Id(id),
            (None, Some(guid)) => SchemaKey::Guid(guid),
            (None, None) => {
                return Err(SerdeError::settings(
                    "the registry told neither an id nor a GUID",
                ));
            }
        };
        if let Some(codec) = self.warm.get(&place(key, Some(subject))) {
            return Ok((codec, label(key, Some(subject))));
        }
        let registered = match registered.schema.schema_type {
            SchemaType::Protobuf => {
                let version = registered
                    .version
                    .ok_or_else(|| SerdeError::settings("the registry told no version"))?;
                self.client
                    .version_as(subject, version, Deleted::Hidden, Format::Serialized)
                    .await?
            }
            _ => registered,
        };
        self.compiled(&registered, key, Some(subject)).await
    }

    /// A schema in the form that its language's codec reads.
    async fn in_form(
        &self,
        registered: Arc<Registered>,
        key: SchemaKey,
    ) -> Result<Arc<Registered>, SerdeError> {
        if registered.schema.schema_type != SchemaType::Protobuf {
            return Ok(registered);
        }
        Ok(match key {
            SchemaKey::Id(id) => {
                self.client
                    .schema_by_id_as(id, None, Format::Serialized)
                    .await?
            }
            SchemaKey::Guid(guid) => {
                self.client
                    .schema_by_guid_as(guid, Format::Serialized)
                    .await?
            }
        })
    }

    async fn compiled(
        &self,
        registered: &Arc<Registered>,
        key: SchemaKey,
        subject: Option<&Subject>,
    ) -> Result<(Arc<Codec>, Arc<str>), SerdeError> {
        let schema = label(key, subject);
        let codec = match registered.schema.schema_type {
            #[cfg(feature = "client-avro")]
            SchemaType::Avro => Codec::Avro(
                self.codec::<super::avro::Avro>(registered, key, subject)
                    .await?,
            ),
            #[cfg(feature = "client-json")]
            SchemaType::Json => Codec::Json(
                self.codec::<super::json::Json>(registered, key, subject)
                    .await?,
            ),
            #[cfg(feature = "client-protobuf")]
            SchemaType::Protobuf => Codec::Protobuf(
                self.codec::<super::protobuf::Protobuf>(registered, key, subject)
                    .await?,
            ),
            #[cfg(not(all(
                feature = "client-avro",
                feature = "client-json",
                feature = "client-protobuf"
            )))]
            other => {
                return Err(SerdeError::settings(format!(
                    "{schema} is {other}, which this build leaves out"
                )));
            }
        };
        let codec = Arc::new(codec);
        self.warm
            .insert_for_good(place(key, subject), codec.clone());
        Ok((codec, schema))
    }

    async fn codec<L: Language>(
        &self,
        registered: &Arc<Registered>,
        key: SchemaKey,
        subject: Option<&Subject>,
    ) -> Result<L::Codec, SerdeError> {
        codec_of::<L>(&self.client, registered, key, subject).await
    }
}

#[cfg(any(feature = "client-json", feature = "client-protobuf"))]
fn shown<T: Serialize + ?Sized>(record: &T) -> Result<Value, Mismatch> {
    serde_json::to_value(record)
        .map_err(|e| Mismatch::one("", "a record that can be shown as JSON", e.to_string()))
}

fn place(key: SchemaKey, subject: Option<&Subject>) -> (Context, SchemaKey) {
    let context = subject.map_or_else(Context::default_context, |s| s.context().clone());
    (context, key)
}
