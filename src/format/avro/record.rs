//! Whether a record is one of a schema.

use super::Schema;
use super::codec::{self, Bounds, FEWER_VALUES, Failure, LESS_NESTING, Notation};
use crate::format::record::{Limits, Misfit, Problem};

/// A JSON value in one of the notations.
pub(in crate::format) fn check_json(
    schema: &Schema,
    value: &serde_json::Value,
    notation: Notation,
    limits: &Limits,
) -> Result<(), Misfit> {
    codec::from_json(schema, value, notation, bounds(limits)).map(drop)
}

/// The bytes of the binary encoding, to the last one. They are read until something does not fit, so that there is
/// one problem at most.
pub(in crate::format) fn check_bytes(
    schema: &Schema,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(), Misfit> {
    codec::decode(schema, schema.root, bytes, bounds(limits))
        .map(drop)
        .map_err(|failure| match failure {
            Failure::Bytes {
                why: LESS_NESTING, ..
            } => Misfit::TooMuch("its nesting"),
            Failure::Bytes {
                why: FEWER_VALUES, ..
            } => Misfit::TooMuch("the number of its values"),
            Failure::Bytes { path, why } => Misfit::Unfit(vec![Problem {
                path,
                ..Problem::new(why, "other bytes")
            }]),
            Failure::Resolution { path, why } => Misfit::Unfit(vec![Problem {
                path,
                ..Problem::new("what the schema can read", why)
            }]),
        })
}

fn bounds(limits: &Limits) -> Bounds {
    Bounds {
        depth: limits.depth,
        values: limits.steps,
    }
}
