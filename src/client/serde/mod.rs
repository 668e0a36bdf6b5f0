//! Serializers and deserializers: records in, bytes with a schema's id out, and back.
//!
//! One pair per language ([`avro`], [`json`], [`protobuf`]), each on top of a codec that knows one schema and no
//! registry. A serializer finds the schema's id through a [`RegistryClient`](crate::client::RegistryClient) the first
//! time; from then on `*_cached` calls do everything without waiting. The bytes are those of Confluent's serializers,
//! and whatever those write is read.

#[cfg(feature = "client-avro")]
pub mod avro;
mod cache;
mod error;
#[cfg(feature = "client-json")]
pub mod json;
mod language;
mod limits;
#[cfg(feature = "client-protobuf")]
pub mod protobuf;
mod read;
mod record;
mod settings;
mod subject;
mod validate;
mod write;

pub use error::{Mismatch, Problem, SerdeError};
pub use limits::Limits;
pub use record::{Framed, Incoming};
pub use settings::{
    DeserializerSettings, Framing, Part, ReaderSchema, SchemaChoice, SerializerSettings,
    SubjectStrategy,
};
pub use validate::Validator;
