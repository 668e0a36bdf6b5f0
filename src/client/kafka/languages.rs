//! The serializers and deserializers of Avro, JSON Schema and Protobuf as those of a producer and a consumer.
#![cfg(any(
    feature = "client-avro",
    feature = "client-json",
    feature = "client-protobuf"
))]

use super::codec::{Decoder, Encoded, Encoder, Origin, Source};
use super::error::{CodecError, Side};
use crate::client::serde::{Framed, Incoming, Part};
use crate::wire::frame;
use async_trait::async_trait;

#[cfg(feature = "client-avro")]
use crate::client::serde::avro::{AvroDeserializer, AvroSerializer};
#[cfg(feature = "client-json")]
use crate::client::serde::json::{JsonDeserializer, JsonSerializer};
#[cfg(feature = "client-protobuf")]
use crate::client::serde::protobuf::{ProtobufDeserializer, ProtobufSerializer};
#[cfg(any(feature = "client-avro", feature = "client-json"))]
use serde::{Serialize, de::DeserializeOwned};

/// Whether message indexes follow the schema's id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Indexes {
    #[cfg(any(feature = "client-avro", feature = "client-json"))]
    None,
    #[cfg(feature = "client-protobuf")]
    Message,
}

fn encoded(framed: Framed, indexes: Indexes) -> Result<Encoded, CodecError> {
    let (schema, payload_at) = match &framed.header {
        Some((_, value)) => (frame::split(value)?.0, 0),
        None => {
            let (schema, rest) = frame::split(&framed.bytes)?;
            let payload = match indexes {
                #[cfg(any(feature = "client-avro", feature = "client-json"))]
                Indexes::None => rest,
                #[cfg(feature = "client-protobuf")]
                Indexes::Message => frame::read_indexes(rest)?.1,
            };
            (schema, framed.bytes.len() - payload.len())
        }
    };
    Ok(Encoded {
        bytes: framed.bytes,
        header: framed.header,
        payload_at,
        schema: Some(schema),
    })
}

fn incoming<'a>(source: &Source<'a>) -> Incoming<'a> {
    Incoming {
        topic: source.topic,
        bytes: source.bytes,
        header: source.header,
    }
}

fn header(part: Part) -> Option<&'static str> {
    Some(match part {
        Part::Key => Side::Key.header(),
        Part::Value => Side::Value.header(),
    })
}

#[cfg(feature = "client-avro")]
#[async_trait]
impl<T: Serialize + ?Sized + Sync> Encoder<T> for AvroSerializer {
    async fn encode(&self, topic: &str, value: &T) -> Result<Encoded, CodecError> {
        encoded(self.serialize(topic, value).await?, Indexes::None)
    }

    fn encode_cached(&self, topic: &str, value: &T) -> Option<Result<Encoded, CodecError>> {
        let written = self.serialize_cached(topic, value)?;
        Some(
            written
                .map_err(CodecError::from)
                .and_then(|framed| encoded(framed, Indexes::None)),
        )
    }

    fn origin(&self, topic: &str, _value: &T) -> Option<Origin> {
        Some(Origin {
            client: self.client().clone(),
            subject: self.subject(topic),
        })
    }

    fn header_name(&self) -> Option<&'static str> {
        header(self.part())
    }
}

#[cfg(feature = "client-avro")]
#[async_trait]
impl<T: DeserializeOwned> Decoder<T> for AvroDeserializer {
    async fn decode(&self, source: &Source<'_>) -> Result<T, CodecError> {
        Ok(self.deserialize(&incoming(source)).await?)
    }

    fn decode_cached(&self, source: &Source<'_>) -> Option<Result<T, CodecError>> {
        let read = self.deserialize_cached(&incoming(source))?;
        Some(read.map_err(CodecError::from))
    }

    fn header_name(&self) -> Option<&'static str> {
        header(self.part())
    }
}

#[cfg(feature = "client-json")]
#[async_trait]
impl<T: Serialize + ?Sized + Sync> Encoder<T> for JsonSerializer {
    async fn encode(&self, topic: &str, value: &T) -> Result<Encoded, CodecError> {
        encoded(self.serialize(topic, value).await?, Indexes::None)
    }

    fn encode_cached(&self, topic: &str, value: &T) -> Option<Result<Encoded, CodecError>> {
        let written = self.serialize_cached(topic, value)?;
        Some(
            written
                .map_err(CodecError::from)
                .and_then(|framed| encoded(framed, Indexes::None)),
        )
    }

    fn origin(&self, topic: &str, _value: &T) -> Option<Origin> {
        Some(Origin {
            client: self.client().clone(),
            subject: self.subject(topic),
        })
    }

    fn header_name(&self) -> Option<&'static str> {
        header(self.part())
    }
}

#[cfg(feature = "client-json")]
#[async_trait]
impl<T: DeserializeOwned> Decoder<T> for JsonDeserializer {
    async fn decode(&self, source: &Source<'_>) -> Result<T, CodecError> {
        Ok(self.deserialize(&incoming(source)).await?)
    }

    fn decode_cached(&self, source: &Source<'_>) -> Option<Result<T, CodecError>> {
        let read = self.deserialize_cached(&incoming(source))?;
        Some(read.map_err(CodecError::from))
    }

    fn header_name(&self) -> Option<&'static str> {
        header(self.part())
    }
}

#[cfg(feature = "client-protobuf")]
#[async_trait]
impl<M: prost_reflect::ReflectMessage> Encoder<M> for ProtobufSerializer {
    async fn encode(&self, topic: &str, value: &M) -> Result<Encoded, CodecError> {
        encoded(self.serialize(topic, value).await?, Indexes::Message)
    }

    fn encode_cached(&self, topic: &str, value: &M) -> Option<Result<Encoded, CodecError>> {
        let written = self.serialize_cached(topic, value)?;
        Some(
            written
                .map_err(CodecError::from)
                .and_then(|framed| encoded(framed, Indexes::Message)),
        )
    }

    fn origin(&self, topic: &str, value: &M) -> Option<Origin> {
        Some(Origin {
            client: self.client().clone(),
            subject: self.subject(topic, &value.descriptor()),
        })
    }

    fn header_name(&self) -> Option<&'static str> {
        header(self.part())
    }
}

#[cfg(feature = "client-protobuf")]
#[async_trait]
impl<M: prost_reflect::ReflectMessage + Default> Decoder<M> for ProtobufDeserializer {
    async fn decode(&self, source: &Source<'_>) -> Result<M, CodecError> {
        Ok(self.deserialize(&incoming(source)).await?)
    }

    fn decode_cached(&self, source: &Source<'_>) -> Option<Result<M, CodecError>> {
        let read = self.deserialize_cached(&incoming(source))?;
        Some(read.map_err(CodecError::from))
    }

    fn header_name(&self) -> Option<&'static str> {
        header(self.part())
    }
}

/// Reads Protobuf messages of whatever type their writers' schemas say.
#[cfg(feature = "client-protobuf")]
pub struct DynamicProtobuf(pub ProtobufDeserializer);

#[cfg(feature = "client-protobuf")]
#[async_trait]
impl Decoder<prost_reflect::DynamicMessage> for DynamicProtobuf {
    async fn decode(
        &self,
        source: &Source<'_>,
    ) -> Result<prost_reflect::DynamicMessage, CodecError> {
        Ok(self.0.deserialize_dynamic(&incoming(source)).await?)
    }

    fn header_name(&self) -> Option<&'static str> {
        header(self.0.part())
    }
}
