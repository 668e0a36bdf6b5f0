//! Whether bytes, or a value in the JSON mapping, are a Protobuf message; and which message of a file is meant.

use super::Problem;
use super::protobuf_place::place;
use prost_reflect::{DynamicMessage, FileDescriptor, MessageDescriptor, ReflectMessage, Value};
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde_path_to_error::{Segment, Track};

/// The message at these indexes: the first is among the file's messages, each further one among those inside.
///
/// Entries of maps are not counted: Java's serializers, and ours, write it so. Python's and Go's count them where their
/// own descriptors have them, which the registry's text does not tell; where there are too few messages without the
/// entries, that is what was meant.
pub(crate) fn message_at(file: &FileDescriptor, indexes: &[i32]) -> Option<MessageDescriptor> {
    let mut indexes = indexes.iter().map(|i| usize::try_from(*i).ok());
    let mut message = file.messages().nth(indexes.next()??)?;
    for index in indexes {
        let index = index?;
        let is_record = |child: &MessageDescriptor| !child.is_map_entry();
        let declared = message.child_messages().filter(is_record).nth(index);
        let child = declared.or_else(|| message.child_messages().nth(index).filter(is_record));
        message = child?;
    }
    Some(message)
}

/// The message of this full name, if the file itself defines it.
pub(crate) fn message_named(file: &FileDescriptor, name: &str) -> Option<MessageDescriptor> {
    let message = file.parent_pool().get_message_by_name(name)?;
    (message.parent_file() == *file).then_some(message)
}

/// Reads bytes. More than 100 messages inside each other are too many, here as for other readers.
pub(crate) fn read_bytes(
    descriptor: MessageDescriptor,
    bytes: &[u8],
) -> Result<DynamicMessage, Problem> {
    let what = format!("a message {}", descriptor.full_name());
    DynamicMessage::decode(descriptor.clone(), bytes).map_err(|error| Problem {
        path: place(&descriptor, bytes),
        ..broken(what, &error)
    })
}

/// What is wrong with bytes. The library's message names the fields it was in.
pub(crate) fn broken(what: String, error: &prost::DecodeError) -> Problem {
    let told = error.to_string();
    let told = told
        .strip_prefix("failed to decode Protobuf message: ")
        .unwrap_or(&told);
    // `Type.field: Type.field: what is wrong`, from the outside in.
    let mut path = Vec::new();
    let mut rest = told;
    while let Some((place, tail)) = rest.split_once(": ") {
        let Some((_, field)) = place.rsplit_once('.') else {
            break;
        };
        path.push(field.to_owned());
        rest = tail;
    }
    let found = match rest {
        "buffer underflow" => "fewer bytes than announced",
        other => other,
    };
    Problem {
        path,
        ..Problem::new(what, found)
    }
}

/// Reads a value in Protobuf's JSON mapping. Members that the message does not know are refused.
pub(crate) fn read_json(
    descriptor: MessageDescriptor,
    value: &serde_json::Value,
) -> Result<DynamicMessage, Problem> {
    let what = format!("a message {}", descriptor.full_name());
    let mut track = Track::new();
    let place = serde_path_to_error::Deserializer::new(value, &mut track);
    Seed(descriptor).deserialize(place).map_err(|error| {
        let path = track.path();
        let parts = path.iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        });
        Problem {
            path: parts.collect(),
            ..Problem::new(what, error.to_string())
        }
    })
}

struct Seed(MessageDescriptor);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = DynamicMessage;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<DynamicMessage, D::Error> {
        DynamicMessage::deserialize(self.0, from)
    }
}

/// The required fields (proto2) that a message, or one inside it, lacks: the library reads it all the same. At most
/// `most`. As deep as the reader went, which has a limit.
pub(crate) fn missing(message: &DynamicMessage, most: usize) -> Vec<Problem> {
    let mut found = Vec::new();
    look(message, &mut Vec::new(), most, &mut found);
    found
}

fn look(message: &DynamicMessage, path: &mut Vec<String>, most: usize, found: &mut Vec<Problem>) {
    let descriptor = message.descriptor();
    for field in descriptor.fields().filter(|field| field.is_required()) {
        if found.len() >= most {
            return;
        }
        if !message.has_field(&field) {
            let mut path = path.clone();
            path.push(field.name().to_owned());
            let what = format!("a value, as {} requires", descriptor.full_name());
            found.push(Problem {
                path,
                ..Problem::new(what, "nothing")
            });
        }
    }
    for (field, value) in message.fields() {
        path.push(field.name().to_owned());
        match value {
            Value::Message(inner) => look(inner, path, most, found),
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    let Value::Message(inner) = item else { break };
                    path.push(at.to_string());
                    look(inner, path, most, found);
                    path.pop();
                }
            }
            Value::Map(entries) => {
                for (key, item) in entries {
                    let Value::Message(inner) = item else { break };
                    path.push(key_shown(key));
                    look(inner, path, most, found);
                    path.pop();
                }
            }
            _ => {}
        }
        path.pop();
    }
}

fn key_shown(key: &prost_reflect::MapKey) -> String {
    use prost_reflect::MapKey;
    match key {
        MapKey::Bool(yes) => yes.to_string(),
        MapKey::I32(n) => n.to_string(),
        MapKey::I64(n) => n.to_string(),
        MapKey::U32(n) => n.to_string(),
        MapKey::U64(n) => n.to_string(),
        MapKey::String(text) => text.clone(),
    }
}
