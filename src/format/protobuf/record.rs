//! Whether a record is a message of a schema.
//!
//! Read by the library that clients written in Rust read with, which is stricter than others in one point: a field
//! of another wire type than the schema's is an error, where most readers take it for an unknown field.

use super::{Schema, serialized};
use crate::format::record::protobuf as shared;
use crate::format::record::{Message, Misfit, Problem, TOLD, Unchecked};
use serde_json::Value;

/// A value in the JSON mapping, or bytes. Required fields have to be there; fields that the schema does not know may
/// be in bytes, as readers have it, and may not be in JSON. What cannot be read has one problem.
pub(in crate::format) fn check_record(
    schema: &Schema,
    record: Result<&Value, &[u8]>,
    message: Message<'_>,
) -> Result<Result<(), Misfit>, Unchecked> {
    let file = serialized::linked(schema)
        .ok_or_else(|| Unchecked::Schema("not all of its types are there".to_owned()))?;
    let found = match message {
        Message::First => shared::message_at(&file, &[0])
            .ok_or_else(|| Unchecked::Question("The schema has no message".to_owned()))?,
        Message::Named(name) => shared::message_named(&file, name).ok_or_else(|| {
            let known = (file.messages().take(10))
                .map(|m| m.full_name().to_owned())
                .collect::<Vec<_>>()
                .join(", ");
            let name = crate::format::record::short(name);
            Unchecked::Question(format!(
                "The schema defines no message {name:?}; it defines {known}"
            ))
        })?,
        Message::At(indexes) => match shared::message_at(&file, indexes) {
            Some(message) => message,
            None => {
                let shown: Vec<String> = indexes.iter().take(10).map(i32::to_string).collect();
                let problem = Problem::new(
                    "message indexes of the schema",
                    format!("the message indexes {}", shown.join(", ")),
                );
                return Ok(Err(Misfit::Unfit(vec![problem])));
            }
        },
    };
    let read = match record {
        Ok(value) => shared::read_json(found, value),
        Err(bytes) => shared::read_bytes(found, bytes),
    };
    Ok(match read {
        Err(problem) => Err(Misfit::Unfit(vec![problem])),
        Ok(message) => {
            let missing = shared::missing(&message, TOLD + 1);
            match missing.is_empty() {
                true => Ok(()),
                false => Err(Misfit::Unfit(missing)),
            }
        }
    })
}
