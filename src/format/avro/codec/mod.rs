//! Reads and writes single datums, by the letter of the specification: what a witness is executed with, and how
//! a consumer reads records of another version of its schema.
//!
//! Encoding follows "Binary encoding", reading with two schemas follows "Schema Resolution" of the Avro 1.12
//! specification, with names compared without namespaces as that text has it. Shares nothing with the checker
//! that finds witnesses but the parsed schema. Exact rather than fast.

mod encode;
#[cfg(any(feature = "client-avro", feature = "engine"))]
mod json;
mod resolve;
#[cfg(feature = "engine")]
mod show;
#[cfg(all(test, feature = "engine"))]
mod tests;

pub(super) use encode::encode;
#[cfg(any(feature = "client-avro", feature = "engine"))]
pub use json::Notation;
#[cfg(any(feature = "client-avro", feature = "engine"))]
pub(crate) use json::from_json;
#[cfg(feature = "client-avro")]
pub(crate) use json::to_json;
#[cfg(feature = "client-avro")]
pub(super) use resolve::default_value;
pub(crate) use resolve::{Bounds, Failure};
#[cfg(feature = "engine")]
pub(crate) use resolve::{FEWER_VALUES, LESS_NESTING};
pub(super) use resolve::{decode, resolve};
#[cfg(feature = "engine")]
pub(super) use show::{meaning, show};

/// A value of some schema. What it is a value of is known beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
    String(String),
    Array(Vec<Datum>),
    Map(Vec<(String, Datum)>),
    /// The branch's place and the value.
    Union(usize, Box<Datum>),
    /// In the order of the schema's fields.
    Record(Vec<Datum>),
    /// The symbol's place.
    Enum(usize),
    Fixed(Vec<u8>),
}

/// How deep a datum may nest; stacks grow as needed until then.
const DEPTH: usize = 20_000;
/// How much stack must be left before one more level, and how much is added.
const RED_ZONE: usize = 64 << 10;
const GROWTH: usize = 1 << 20;

/// Runs one more level, on a stack that is large enough for it.
fn deeper<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, GROWTH, work)
}
