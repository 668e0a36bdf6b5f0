//! What the producer and the consumer need of serializers and deserializers; bytes and text as such.

use super::error::CodecError;
use crate::client::RegistryClient;
use crate::model::Subject;
use crate::wire::frame::SchemaKey;
use async_trait::async_trait;
use std::sync::Arc;

/// A key or value that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The bytes to send.
    pub bytes: Vec<u8>,
    /// The header to send along.
    pub header: Option<(&'static str, Arc<[u8]>)>,
    /// Where in the bytes the payload begins: what stands before it tells the schema.
    pub payload_at: usize,
    /// The schema that it was written with.
    pub schema: Option<SchemaKey>,
}

impl Encoded {
    /// Bytes that name no schema.
    pub fn plain(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            header: None,
            payload_at: 0,
            schema: None,
        }
    }

    /// The bytes without what stands in front of the payload.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(self.payload_at..).unwrap_or_default()
    }
}

/// Where the schema of a key or value comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client of its registry.
    pub client: RegistryClient,
    /// Its subject; none if it is chosen by its id or GUID.
    pub subject: Option<Subject>,
}

/// Writes keys or values of a type.
///
/// The serializers of this crate do; a program may add its own, e.g. for keys that are written as Java's
/// `LongSerializer` does.
#[async_trait]
pub trait Encoder<T: ?Sized + Sync>: Send + Sync {
    /// Writes one.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being written; then nothing is sent.
    async fn encode(&self, topic: &str, value: &T) -> Result<Encoded, CodecError>;

    /// Writes one without waiting; `None` if that needs [`Encoder::encode`].
    fn encode_cached(&self, topic: &str, value: &T) -> Option<Result<Encoded, CodecError>> {
        let _ = (topic, value);
        None
    }

    /// Where the schema comes from that a value was just written with, if there is one.
    fn origin(&self, topic: &str, value: &T) -> Option<Origin> {
        let _ = (topic, value);
        None
    }

    /// The header that schema ids go to if they go to one; tells keys from values. None for what knows no schemas.
    fn header_name(&self) -> Option<&'static str> {
        None
    }
}

/// The bytes of a received key or value.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
    /// The header with the schema's GUID, if the record has it.
    pub header: Option<&'a [u8]>,
}

/// Reads keys or values as a type.
#[async_trait]
pub trait Decoder<T>: Send + Sync {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being read.
    async fn decode(&self, source: &Source<'_>) -> Result<T, CodecError>;

    /// Reads one without waiting; `None` if that needs [`Decoder::decode`].
    fn decode_cached(&self, source: &Source<'_>) -> Option<Result<T, CodecError>> {
        let _ = source;
        None
    }

    /// The header that it is made for; tells keys from values. None for what knows no schemas.
    fn header_name(&self) -> Option<&'static str> {
        None
    }
}

/// Bytes as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Raw;

/// UTF-8 text, as Java's `StringSerializer` writes it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Text;

#[async_trait]
impl<T: AsRef<[u8]> + ?Sized + Sync> Encoder<T> for Raw {
    async fn encode(&self, _topic: &str, value: &T) -> Result<Encoded, CodecError> {
        Ok(Encoded::plain(value.as_ref().to_vec()))
    }

    fn encode_cached(&self, _topic: &str, value: &T) -> Option<Result<Encoded, CodecError>> {
        Some(Ok(Encoded::plain(value.as_ref().to_vec())))
    }
}

#[async_trait]
impl<T: AsRef<str> + ?Sized + Sync> Encoder<T> for Text {
    async fn encode(&self, _topic: &str, value: &T) -> Result<Encoded, CodecError> {
        Ok(Encoded::plain(value.as_ref().as_bytes().to_vec()))
    }

    fn encode_cached(&self, _topic: &str, value: &T) -> Option<Result<Encoded, CodecError>> {
        Some(Ok(Encoded::plain(value.as_ref().as_bytes().to_vec())))
    }
}

#[async_trait]
impl Decoder<Vec<u8>> for Raw {
    async fn decode(&self, source: &Source<'_>) -> Result<Vec<u8>, CodecError> {
        Ok(source.bytes.to_vec())
    }
}

#[async_trait]
impl Decoder<String> for Text {
    async fn decode(&self, source: &Source<'_>) -> Result<String, CodecError> {
        Ok(std::str::from_utf8(source.bytes)?.to_owned())
    }
}

#[async_trait]
impl<T: ?Sized + Sync, E: Encoder<T> + ?Sized> Encoder<T> for Arc<E> {
    async fn encode(&self, topic: &str, value: &T) -> Result<Encoded, CodecError> {
        (**self).encode(topic, value).await
    }

    fn encode_cached(&self, topic: &str, value: &T) -> Option<Result<Encoded, CodecError>> {
        (**self).encode_cached(topic, value)
    }

    fn origin(&self, topic: &str, value: &T) -> Option<Origin> {
        (**self).origin(topic, value)
    }

    fn header_name(&self) -> Option<&'static str> {
        (**self).header_name()
    }
}

#[async_trait]
impl<T, D: Decoder<T> + ?Sized> Decoder<T> for Arc<D> {
    async fn decode(&self, source: &Source<'_>) -> Result<T, CodecError> {
        (**self).decode(source).await
    }

    fn decode_cached(&self, source: &Source<'_>) -> Option<Result<T, CodecError>> {
        (**self).decode_cached(source)
    }

    fn header_name(&self) -> Option<&'static str> {
        (**self).header_name()
    }
}
