//! One Avro schema, ready to write and read records: typed ones through serde, others as JSON values.
//!
//! Typed records go straight from and to bytes ([`typed`]). Whatever that refuses is looked at once more by the exact
//! reading of the specification, which can say where and why.

use super::typed::{self, Fields, Output};
use crate::client::serde::{Limits, Mismatch};
use crate::format::avro::data::{self, Bounds, Failure, Misfit, Notation};
use crate::format::avro::table::Table;
use crate::format::{self, Resolved, Source, Strictness};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a record is written as a JSON value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JsonNotation {
    /// As people write it: a value of a union stands bare, and takes the first branch that it fits; fields with a
    /// default may be left out.
    #[default]
    Plain,
    /// The "JSON encoding" of the Avro specification: `{"string": "x"}` for a value of a union, no field left out.
    Avro,
}

impl From<JsonNotation> for Notation {
    fn from(notation: JsonNotation) -> Self {
        match notation {
            JsonNotation::Plain => Notation::Plain,
            JsonNotation::Avro => Notation::Tagged,
        }
    }
}

/// Why bytes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// They are no record of the writer's schema.
    Bytes(Mismatch),
    /// They are, and the reader's schema or type does not take it.
    Reading(Mismatch),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Bytes(mismatch) | Self::Reading(mismatch)) = self;
        fmt::Display::fmt(mismatch, f)
    }
}

impl std::error::Error for Unreadable {}

/// Values that each record of a type has, whatever its bytes say: a few records inside each other can have any number.
const FIXED_VALUES: usize = 1_000_000;

/// An Avro schema with everything it refers to, ready for use.
pub struct AvroCodec {
    parsed: format::avro::Schema,
    table: Table,
    /// Whether a few bytes may claim any number of values.
    weightless: bool,
    /// How many values that take no bytes follow each byte at most.
    free: usize,
    /// Whether a double may stand where it has to fit into a float.
    floats: bool,
}

impl fmt::Debug for AvroCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AvroCodec")
            .field("root", &self.root_name())
            .finish_non_exhaustive()
    }
}

impl AvroCodec {
    /// Reads a schema. `references` are the texts that it refers to, directly or not, under their full names, each
    /// after all that it refers to itself. The error says what is wrong with the text.
    pub fn new(text: &str, references: &[(&str, &str)]) -> Result<Self, String> {
        let mut known: Vec<Resolved> = Vec::with_capacity(references.len());
        for (name, text) in references {
            // A text under two names defines its types once.
            if known.iter().all(|r| *r.text != **text) {
                known.push(Resolved {
                    name: (*name).into(),
                    text: (*text).into(),
                });
            }
        }
        let parsed = format::avro::parse(&Source {
            text,
            references: &known,
            strictness: Strictness::Existing,
            limits: format::Limits::default(),
        })
        .map_err(|e| e.details)?;
        let values = data::fixed_values(&parsed);
        if values > FIXED_VALUES {
            return Err(format!(
                "each record of it has more than {FIXED_VALUES} values"
            ));
        }
        Ok(Self {
            weightless: data::has_weightless_items(&parsed),
            free: data::weightless_values(&parsed),
            floats: data::has_floats(&parsed),
            table: Table::new(&parsed),
            parsed,
        })
    }

    /// The full name of the root type, if it is a record, an enum or a fixed.
    pub fn root_name(&self) -> Option<&str> {
        data::root_name(&self.parsed)
    }

    /// Whether both are the same text once references are written out, so that nothing has to be resolved.
    pub fn is_same(&self, other: &Self) -> bool {
        data::same_records(&self.parsed, &other.parsed)
    }

    /// Appends a record to `out`. After an error, `out` is as it was; after a panic of `T`'s, it is empty: what it
    /// held is lost.
    ///
    /// Allocates nothing but `out` if the fields of `T` stand in the schema's order; an [`AvroEncoder`] never does.
    #[inline]
    pub fn encode<T: Serialize + ?Sized>(
        &self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<(), Mismatch> {
        self.encoder().encode(value, out)
    }

    /// Something that keeps its buffers from record to record.
    pub fn encoder(&self) -> AvroEncoder<'_> {
        AvroEncoder {
            codec: self,
            output: Output::default(),
        }
    }

    /// Appends a JSON value as a record to `out`. After an error, `out` is as it was.
    pub fn encode_json(
        &self,
        value: &serde_json::Value,
        notation: JsonNotation,
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<(), Mismatch> {
        let record = data::from_json(&self.parsed, value, notation.into(), bounds(limits))
            .map_err(misfit)?;
        let bytes = record.encode(&self.parsed);
        let bytes = bytes.ok_or_else(|| Mismatch::one("", "a record of the schema", ""))?;
        out.extend_from_slice(&bytes);
        Ok(())
    }

    /// Reads a record that this schema wrote. `T` may borrow texts and bytes from `bytes`.
    #[inline]
    pub fn decode<'a, T: Deserialize<'a>>(
        &self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<T, Unreadable> {
        // The fast path counts only within one array.
        let most = self.free.saturating_mul(bytes.len().saturating_add(1));
        if self.weightless || most > limits.values {
            data::decode(&self.parsed, bytes, bounds(limits)).map_err(failure)?;
        }
        match typed::read(
            &self.table,
            bytes,
            self.bounds(bytes, limits),
            Fields::InOrder,
        ) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(self.left_over(bytes, limits)),
            Err(_) => self.decode_again(bytes, limits),
        }
    }

    /// For types that have to be told the names of their fields, and to say what is wrong.
    #[cold]
    fn decode_again<'a, T: Deserialize<'a>>(
        &self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<T, Unreadable> {
        match typed::read(
            &self.table,
            bytes,
            self.bounds(bytes, limits),
            Fields::ByName,
        ) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(self.left_over(bytes, limits)),
            Err(error) => Err(self.refused::<T>(bytes, limits, &error)),
        }
    }

    /// Reads a record that this schema wrote as a JSON value.
    pub fn decode_json(
        &self,
        bytes: &[u8],
        notation: JsonNotation,
        limits: &Limits,
    ) -> Result<serde_json::Value, Unreadable> {
        let record = data::decode(&self.parsed, bytes, bounds(limits)).map_err(failure)?;
        let value = record.to_json(&self.parsed, notation.into());
        value.ok_or_else(|| {
            Unreadable::Bytes(Mismatch::one("", "a record that can be shown as JSON", ""))
        })
    }

    /// Reads a record that `writer` wrote into what this schema makes of it, by the specification's "Schema
    /// Resolution": the bytes of the same record as this schema writes it.
    pub fn resolve(
        &self,
        writer: &AvroCodec,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Vec<u8>, Unreadable> {
        let record = data::resolve(&self.parsed, &writer.parsed, bytes, bounds(limits));
        let bytes = record.map_err(failure)?.encode(&self.parsed);
        bytes.ok_or_else(|| Unreadable::Reading(Mismatch::one("", "a record of the schema", "")))
    }

    /// The same as a JSON value.
    pub fn resolve_json(
        &self,
        writer: &AvroCodec,
        bytes: &[u8],
        notation: JsonNotation,
        limits: &Limits,
    ) -> Result<serde_json::Value, Unreadable> {
        let record = data::resolve(&self.parsed, &writer.parsed, bytes, bounds(limits));
        let value = record
            .map_err(failure)?
            .to_json(&self.parsed, notation.into());
        value.ok_or_else(|| {
            Unreadable::Reading(Mismatch::one("", "a record that can be shown as JSON", ""))
        })
    }

    /// Whether bytes are a record of this schema.
    pub fn check(&self, bytes: &[u8], limits: &Limits) -> Result<(), Mismatch> {
        match data::decode(&self.parsed, bytes, bounds(limits)).map_err(failure) {
            Ok(_) => Ok(()),
            Err(Unreadable::Bytes(mismatch) | Unreadable::Reading(mismatch)) => Err(mismatch),
        }
    }

    #[inline]
    fn bounds(&self, bytes: &[u8], limits: &Limits) -> typed::Bounds {
        typed::Bounds {
            depth: limits.depth,
            items: if self.weightless {
                limits.values
            } else {
                // Every item takes a byte at least.
                bytes.len()
            },
        }
    }

    #[cold]
    fn left_over(&self, bytes: &[u8], limits: &Limits) -> Unreadable {
        match self.check(bytes, limits) {
            Err(mismatch) => Unreadable::Bytes(mismatch),
            // The type that was read into did not want everything.
            Ok(()) => Unreadable::Reading(Mismatch::one(
                "",
                "a type that reads the whole record",
                "one that leaves a part of it",
            )),
        }
    }

    /// Says where and why: the bytes are at fault, or the type that was read into.
    #[cold]
    fn refused<'a, T: Deserialize<'a>>(
        &self,
        bytes: &'a [u8],
        limits: &Limits,
        error: &typed::Error,
    ) -> Unreadable {
        if let Err(mismatch) = self.check(bytes, limits) {
            return Unreadable::Bytes(mismatch);
        }
        let again = typed::read_with_path::<T>(&self.table, bytes, self.bounds(bytes, limits));
        let path = match again {
            Err(e) if e.path().iter().next().is_some() => e.path().to_string(),
            _ => String::new(),
        };
        Unreadable::Reading(Mismatch::one(
            path,
            "what the reading type wants",
            error.to_string(),
        ))
    }
}

/// Writes many records of one schema and keeps its buffers between them.
pub struct AvroEncoder<'a> {
    codec: &'a AvroCodec,
    output: Output,
}

impl AvroEncoder<'_> {
    /// Appends a record to `out`. After an error, `out` is as it was; after a panic of `T`'s, it is empty: what it
    /// held is lost.
    #[inline]
    pub fn encode<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<(), Mismatch> {
        let before = out.len();
        // The vector itself: behind a reference, each of the many small writes would take one step more.
        self.output.bytes = std::mem::take(out);
        let written = typed::write(&self.codec.table, value, &mut self.output);
        *out = std::mem::take(&mut self.output.bytes);
        match written {
            Ok(()) if self.codec.floats && holds_infinity(out.get(before..)) => {
                let checked = self.codec.overflowing(value);
                if checked.is_err() {
                    out.truncate(before);
                }
                checked
            }
            Ok(()) => Ok(()),
            Err(error) => {
                self.output.forget();
                out.truncate(before);
                Err(self.codec.misfitting(value, &error.to_string()))
            }
        }
    }
}

impl AvroCodec {
    /// Refuses a double that became an infinity; one that was an infinity is a float.
    #[cold]
    fn overflowing<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Mismatch> {
        let Ok(value) = serde_json::to_value(value) else {
            return Ok(());
        };
        let bounds = bounds(&Limits::default());
        match data::from_json(&self.parsed, &value, Notation::Plain, bounds) {
            Err(Misfit::Unfit(mut problems)) => {
                // Infinities are null in JSON, and only numbers are looked for.
                problems.retain(|p| p.expected.contains("float") && p.found.contains("number"));
                match problems.is_empty() {
                    true => Ok(()),
                    false => Err(problems.into()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Says where a typed record does not fit: looks at it as a JSON value.
    #[cold]
    fn misfitting<T: Serialize + ?Sized>(&self, value: &T, told: &str) -> Mismatch {
        let shown = serde_json::to_value(value).ok().and_then(|value| {
            let bounds = bounds(&Limits::default());
            data::from_json(&self.parsed, &value, Notation::Plain, bounds).err()
        });
        match shown {
            Some(found) => misfit(found),
            // As JSON it would fit: the types differ in what JSON does not tell apart.
            None => Mismatch::one("", "a record of the schema", hinted::<T>(told)),
        }
    }
}

/// What the library says, and the way out where there is one.
fn hinted<T: ?Sized>(told: &str) -> String {
    if told.to_ascii_lowercase().starts_with("missing field") {
        format!("{told}: a record may leave out fields with a default only")
    } else if std::any::type_name::<T>().ends_with("serde_json::value::Value") {
        format!("{told}: JSON values are written by serialize_json")
    } else {
        told.to_owned()
    }
}

/// The full name of a text's root, if the text alone tells it: no reference needs to be followed for it.
pub(super) fn name_in(text: &str) -> Option<String> {
    let root: serde_json::Value = serde_json::from_str(text).ok()?;
    let member = |name: &str| root.get(name).and_then(serde_json::Value::as_str);
    if !matches!(member("type")?, "record" | "error" | "enum" | "fixed") {
        return None;
    }
    let name = member("name")?;
    match member("namespace") {
        Some(space) if !space.is_empty() && !name.contains('.') => Some(format!("{space}.{name}")),
        _ => Some(name.to_owned()),
    }
}

/// Whether bytes may hold an infinite float, which is rare.
fn holds_infinity(bytes: Option<&[u8]>) -> bool {
    let infinite = |window: &[u8]| matches!(window, [0, 0, 0x80, 0x7f | 0xff]);
    bytes.is_some_and(|bytes| bytes.windows(4).any(infinite))
}

fn bounds(limits: &Limits) -> Bounds {
    Bounds {
        depth: limits.depth,
        values: limits.values,
    }
}

fn misfit(misfit: Misfit) -> Mismatch {
    match misfit {
        Misfit::Unfit(problems) => problems.into(),
        Misfit::TooMuch(what) => Mismatch::one("", "a record that costs less to match", what),
    }
}

fn failure(failure: Failure) -> Unreadable {
    match failure {
        Failure::Bytes { path, why } => {
            Unreadable::Bytes(Mismatch::one(path.join("."), why, "other bytes"))
        }
        Failure::Resolution { path, why } => Unreadable::Reading(Mismatch::one(
            path.join("."),
            "what the reader's schema can read",
            why,
        )),
    }
}
