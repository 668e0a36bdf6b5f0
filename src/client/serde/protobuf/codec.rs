//! One `.proto` file as the registry serialises it, ready to read its messages.

use crate::client::serde::Mismatch;
use crate::format::record::protobuf as record;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, MessageDescriptor, Value};
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use std::collections::HashSet;

/// The files that every registry of this kind brings along, beside `google/protobuf/`.
const BUILTIN: &[u8] = include_bytes!("builtin.binpb");

/// The name of the file itself among those it imports; the registry does not tell one.
const ROOT: &str = "\u{1}root.proto";

/// A Protobuf schema with everything it imports, ready for use.
#[derive(Debug, Clone)]
pub struct ProtobufCodec {
    file: FileDescriptor,
}

impl ProtobufCodec {
    /// Reads a file descriptor in base64, as `format=serialized` gives it. `references` are the descriptors that it
    /// imports, directly or not, under their import paths, each after all that it imports itself. The error says
    /// what is wrong.
    pub fn new(text: &str, references: &[(&str, &str)]) -> Result<Self, String> {
        let mut pool = DescriptorPool::new();
        let mut given = Vec::with_capacity(references.len() + 1);
        for (name, text) in references {
            if given
                .iter()
                .all(|f: &FileDescriptorProto| f.name() != *name)
            {
                given.push(descriptor(name, text)?);
            }
        }
        given.push(descriptor(ROOT, text)?);
        let builtin = FileDescriptorSet::decode(BUILTIN).map_err(|e| e.to_string())?;
        let well_known: Vec<FileDescriptorProto> = DescriptorPool::global()
            .files()
            .map(|file| file.file_descriptor_proto().clone())
            .filter(|file| file.name().starts_with("google/protobuf/"))
            .collect();
        // Only what is imported and not given: given ones may be versions of their own.
        let mut files = given;
        let mut at = 0;
        while let Some(file) = files.get(at) {
            for path in file.dependency.clone() {
                if files.iter().any(|f| f.name() == path) {
                    continue;
                }
                let found = well_known
                    .iter()
                    .chain(&builtin.file)
                    .find(|f| f.name() == path);
                match found {
                    Some(found) => files.push(found.clone()),
                    None => return Err(format!("{path} is imported and not among the references")),
                }
            }
            at += 1;
        }
        pool.add_file_descriptor_protos(files)
            .map_err(|e| e.to_string())?;
        let file = pool.get_file_by_name(ROOT).ok_or("the file is lost")?;
        Ok(Self { file })
    }

    /// The message at these indexes: the first is among the file's messages, each further one among those inside.
    pub fn message(&self, indexes: &[i32]) -> Option<MessageDescriptor> {
        record::message_at(&self.file, indexes)
    }

    /// The message of this full name.
    pub fn message_named(&self, name: &str) -> Option<MessageDescriptor> {
        record::message_named(&self.file, name)
    }

    /// Reads a message; the indexes say which.
    ///
    /// # Errors
    ///
    /// What is wrong with the indexes or the bytes. More than 100 messages inside each other are too many.
    pub fn decode(&self, indexes: &[i32], bytes: &[u8]) -> Result<DynamicMessage, Mismatch> {
        let message = self.message(indexes).ok_or_else(|| {
            let found = format!("{indexes:?}");
            Mismatch::one("", "message indexes of the schema", found)
        })?;
        decode_dynamic(message, bytes)
    }

    /// Whether bytes are a message, required fields included; the indexes say which.
    ///
    /// # Errors
    ///
    /// As [`ProtobufCodec::decode`], and the required fields that are missing.
    pub fn check(&self, indexes: &[i32], bytes: &[u8]) -> Result<(), Mismatch> {
        complete(&self.decode(indexes, bytes)?)
    }

    /// Whether a JSON value is the file's first message in Protobuf's JSON mapping, required fields included.
    ///
    /// # Errors
    ///
    /// The place that does not fit.
    pub fn check_json(&self, value: &serde_json::Value) -> Result<(), Mismatch> {
        let message = self
            .message(&[0])
            .ok_or_else(|| Mismatch::one("", "a file with a message", "one without"))?;
        let message = record::read_json(message, value).map_err(|p| Mismatch::from(vec![p]))?;
        complete(&message)
    }

    /// The full names of the file's outermost messages.
    pub fn message_names(&self) -> Vec<String> {
        let messages = self.file.messages();
        messages.map(|m| m.full_name().to_owned()).collect()
    }
}

fn complete(message: &DynamicMessage) -> Result<(), Mismatch> {
    let missing = record::missing(message, Mismatch::LIMIT);
    match missing.is_empty() {
        true => Ok(()),
        false => Err(missing.into()),
    }
}

/// Reads a message of a type that is known only now.
pub(super) fn decode_dynamic(
    descriptor: MessageDescriptor,
    bytes: &[u8],
) -> Result<DynamicMessage, Mismatch> {
    record::read_bytes(descriptor, bytes).map_err(|p| vec![p].into())
}

/// What is wrong with bytes.
pub(super) fn broken(what: String, error: &prost::DecodeError) -> Mismatch {
    vec![record::broken(what, error)].into()
}

/// Whether the schema knows every field of a message.
pub(super) fn check_known(descriptor: &MessageDescriptor, bytes: &[u8]) -> Result<(), Mismatch> {
    let message = decode_dynamic(descriptor.clone(), bytes)?;
    match unknown_in(&message) {
        None => Ok(()),
        Some((mut path, number)) => {
            path.reverse();
            Err(Mismatch::one(
                path.join("."),
                "only fields that are known",
                format!("field number {number}"),
            ))
        }
    }
}

/// Whether two files, and all they import, define the same messages. A "no" costs time and nothing else.
pub(super) fn is_same(a: &FileDescriptor, b: &FileDescriptor) -> bool {
    let mut open = vec![(a.clone(), b.clone())];
    let mut seen = HashSet::new();
    while let Some((a, b)) = open.pop() {
        let (left, right) = (a.file_descriptor_proto(), b.file_descriptor_proto());
        if left.message_type != right.message_type
            || left.enum_type != right.enum_type
            || left.dependency != right.dependency
        {
            return false;
        }
        for pair in a.dependencies().zip(b.dependencies()) {
            if seen.insert(pair.0.name().to_owned()) {
                open.push(pair);
            }
        }
    }
    true
}

/// The first field that a message's descriptor does not know: the way to it, from the inside out, and its number.
/// As deep as the decoder went, which has a limit.
fn unknown_in(message: &DynamicMessage) -> Option<(Vec<String>, u32)> {
    if let Some(field) = message.unknown_fields().next() {
        return Some((Vec::new(), field.number()));
    }
    fn inside(value: &Value) -> Option<(Vec<String>, u32)> {
        match value {
            Value::Message(message) => unknown_in(message),
            Value::List(items) => items.iter().find_map(inside),
            Value::Map(entries) => entries.values().find_map(inside),
            _ => None,
        }
    }
    message.fields().find_map(|(field, value)| {
        let (mut path, number) = inside(value)?;
        path.push(field.name().to_owned());
        Some((path, number))
    })
}

/// The place of a message in its file: among the file's messages, then among those inside. Entries of maps are not
/// counted, as in Java: they stand in no `.proto` text, and where they stand among a descriptor's messages depends on
/// who made it.
pub fn indexes_of(message: &MessageDescriptor) -> Vec<i32> {
    let mut indexes = Vec::new();
    let mut inner = message.clone();
    while let Some(parent) = inner.parent_message() {
        let place = (parent.child_messages())
            .filter(|child| !child.is_map_entry())
            .position(|child| child == inner);
        // An entry has no place among the others.
        let place = place.and_then(|place| i32::try_from(place).ok());
        indexes.push(place.unwrap_or_else(|| own_place(&inner)));
        inner = parent;
    }
    indexes.push(own_place(&inner));
    indexes.reverse();
    indexes
}

/// The last step of a descriptor's path, which alternates between a field's number and a place.
fn own_place(message: &MessageDescriptor) -> i32 {
    message.path().last().copied().unwrap_or_default()
}

fn descriptor(name: &str, text: &str) -> Result<FileDescriptorProto, String> {
    let what = if name == ROOT { "the schema" } else { name };
    let bytes = STANDARD
        .decode(text.trim())
        .map_err(|e| format!("{what} is no base64: {e}"))?;
    let mut file = FileDescriptorProto::decode(bytes.as_slice())
        .map_err(|e| format!("{what} is no file descriptor: {e}"))?;
    file.name = Some(name.to_owned());
    Ok(file)
}

/// The text under which a file is registered: its descriptor in base64, without source positions.
pub(super) fn text_of(file: &FileDescriptor) -> String {
    let mut descriptor = file.file_descriptor_proto().clone();
    descriptor.source_code_info = None;
    STANDARD.encode(descriptor.encode_to_vec())
}

/// Whether an import is known to every registry and needs no reference.
pub(super) fn is_builtin(path: &str) -> bool {
    ["google/protobuf/", "google/type/", "confluent/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}
