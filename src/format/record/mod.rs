//! Whether a record is one of a schema: what does not fit, where, in the same words at the registry and in the client.
//!
//! The parts here know one library each and no schema of ours, so that the client's codecs say the same without the
//! engine; [`check()`] is the engine's, which knows the schemas.

#[cfg(feature = "engine")]
mod check;
#[cfg(feature = "json-records")]
pub(crate) mod json;
#[cfg(feature = "protobuf-records")]
pub(crate) mod protobuf;
#[cfg(feature = "protobuf-records")]
mod protobuf_place;

#[cfg(feature = "engine")]
pub use check::{Checked, Limits, Message, Record, Unchecked, check};

/// One thing in a record that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The way into the record: field names, array indexes and map keys; empty for the whole.
    pub path: Vec<String>,
    /// What the schema wants there, in words.
    pub expected: String,
    /// What is there, in words; empty where that cannot be told.
    pub found: String,
    /// The place in the schema that wants it, as a JSON pointer; empty where the path says it all.
    pub place: String,
}

impl Problem {
    /// One that the path says all about.
    #[cfg(any(feature = "avro", feature = "protobuf-records"))]
    pub(crate) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            expected: expected.into(),
            found: found.into(),
            place: String::new(),
        }
    }

    /// The problem of a part, told by the whole: such a path is built from the inside out.
    #[cfg(feature = "avro")]
    pub(crate) fn inside(mut self, part: &str) -> Self {
        self.path.push(part.to_owned());
        self
    }
}

/// Why a record is not accepted.
#[cfg(any(feature = "avro", feature = "engine"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It is none of the schema: why, at least one reason and not many more than [`TOLD`].
    Unfit(Vec<Problem>),
    /// Finding out costs more than allowed: what there is too much of.
    TooMuch(&'static str),
}

/// How many problems of one record are told. Whoever looks for them may stop after one more.
pub const TOLD: usize = 100;

/// Characters of a text that are told.
#[cfg(any(feature = "avro", feature = "json-records"))]
const SHOWN: usize = 40;

/// A JSON value in words; of long ones only the beginning.
#[cfg(any(feature = "avro", feature = "json-records"))]
pub(crate) fn shown(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(yes) => format!("the boolean {yes}"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(text) => format!("the string {:?}", short(text)),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(members) => format!("an object of {} members", members.len()),
    }
}

/// The beginning of a text.
#[cfg(any(feature = "avro", feature = "json-records"))]
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
