//! One record against one parsed schema, in whatever form the record comes.

use super::{Misfit, Problem, TOLD};
use crate::format::avro::{self, Notation};
use crate::format::{Parsed, json, protobuf};
use serde_json::Value;

/// What checking one record may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep it may nest; records, unions, arrays and maps count one each. Protobuf's own limit of 100 messages
    /// stands beside it.
    pub depth: usize,
    /// How many values it may be made of (Avro), or how many schemas may be visited for it (JSON Schema).
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 128,
            steps: 1_000_000,
        }
    }
}

/// A record as somebody has it.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// JSON: for Avro in one of its notations, for Protobuf in the JSON mapping.
    Json(&'a str, Notation),
    /// The bytes of its encoding, without a frame.
    Bytes(&'a [u8]),
}

/// Which message of a Protobuf file a record is; the other languages have no choice.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// The first one.
    First,
    /// The one of this full name.
    Named(&'a str),
    /// The one at these indexes, as a frame has them.
    At(&'a [i32]),
}

/// What was found out about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What does not fit, at most [`TOLD`] things; none if the record is one of the schema.
    pub problems: Vec<Problem>,
    /// Whether there were more.
    pub truncated: bool,
}

/// Why nothing was found out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unchecked {
    /// It costs more than [`Limits`] allow: what there is too much of.
    #[error("the record costs too much to check: {0}")]
    TooMuch(String),
    /// The schema cannot be used for it.
    #[error("The schema cannot be used to check records: {0}")]
    Schema(String),
    /// The question does not go with the schema.
    #[error("{0}")]
    Question(String),
}

/// Checks a record. The same record gets the same answer from the client's codecs, within their limits.
///
/// # Errors
///
/// What kept the record from being checked. That it does not fit is no error.
pub fn check(
    schema: &Parsed,
    record: &Record<'_>,
    message: Message<'_>,
    limits: &Limits,
) -> Result<Checked, Unchecked> {
    if let (Parsed::Avro(_) | Parsed::Json(_), Message::Named(_)) = (schema, message) {
        return Err(Unchecked::Question(
            "Only a Protobuf schema has messages to choose from".to_owned(),
        ));
    }
    if let (Parsed::Json(_) | Parsed::Protobuf(_), Record::Json(_, Notation::Tagged)) =
        (schema, record)
    {
        return Err(Unchecked::Question(
            "Only an Avro schema has the JSON encoding of Avro".to_owned(),
        ));
    }
    let outcome = match (schema, record) {
        (Parsed::Avro(schema), Record::Json(text, notation)) => {
            avro::check_json(schema, &value(text)?, *notation, limits)
        }
        (Parsed::Avro(schema), Record::Bytes(bytes)) => avro::check_bytes(schema, bytes, limits),
        (Parsed::Json(schema), Record::Json(text, _)) => {
            json::check_record(schema, &value(text)?, limits)?
        }
        (Parsed::Json(schema), Record::Bytes(bytes)) => {
            match serde_json::from_slice::<Value>(bytes) {
                Ok(value) => json::check_record(schema, &value, limits)?,
                Err(error) if is_too_deep(&error) => Err(Misfit::TooMuch("its nesting")),
                Err(error) => Err(Misfit::Unfit(vec![Problem::new("JSON", error.to_string())])),
            }
        }
        (Parsed::Protobuf(schema), record) => {
            let json = match record {
                Record::Json(text, _) => Ok(value(text)?),
                Record::Bytes(bytes) => Err(*bytes),
            };
            protobuf::check_record(schema, json.as_ref().map_err(|bytes| *bytes), message)?
        }
    };
    let mut problems = match outcome {
        Ok(()) => Vec::new(),
        Err(Misfit::Unfit(problems)) => problems,
        Err(Misfit::TooMuch(what)) => return Err(Unchecked::TooMuch(what.to_owned())),
    };
    let truncated = problems.len() > TOLD;
    problems.truncate(TOLD);
    Ok(Checked {
        problems,
        truncated,
    })
}

/// A record's own text. It came as a part of a request, so what is wrong with it is the request's fault.
fn value(text: &str) -> Result<Value, Unchecked> {
    serde_json::from_str(text).map_err(|error| {
        if is_too_deep(&error) {
            Unchecked::TooMuch("its nesting".to_owned())
        } else {
            Unchecked::Question(format!("The record is no JSON: {error}"))
        }
    })
}

/// Whether the parser gave up at its own bound, which is no fault of the text.
fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit exceeded")
}
