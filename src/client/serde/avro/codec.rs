//! One Avro schema, ready to write and read records: typed ones through serde, others as JSON values.
//!
//! The fast path is serde_avro_fast; nothing else here knows that library. Whatever it refuses is looked at once more
//! by our own reading of the specification, which can say where and why.

use crate::client::serde::{Limits, Mismatch};
use crate::format::avro::data::{self, Bounds, Failure, Misfit, Notation};
use crate::format::{self, Resolved, Source, Strictness};
use serde::{Deserialize, Serialize};
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeserializerConfig, DeserializerState};
use serde_avro_fast::ser::{SerializerConfig, SerializerState};
use std::fmt;
use std::io::BufRead;

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

/// Values that each record of a type has, whatever its bytes say. The fast path's library counts them one by one when it
/// reads a schema; a few records inside each other can have any number.
const FIXED_VALUES: usize = 1_000_000;

/// An Avro schema with everything it refers to, ready for use.
pub struct AvroCodec {
    parsed: format::avro::Schema,
    fast: serde_avro_fast::Schema,
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
        let whole = format::avro::formatted(&parsed, "resolved").unwrap_or_else(|| text.to_owned());
        let fast = whole
            .parse()
            .map_err(|e: serde_avro_fast::schema::SchemaError| e.to_string())?;
        Ok(Self {
            weightless: data::has_weightless_items(&parsed),
            free: data::weightless_values(&parsed),
            floats: data::has_floats(&parsed),
            parsed,
            fast,
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
            config: SerializerConfig::new(&self.fast),
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
        let mut state = self.state(bytes, limits);
        match T::deserialize(state.deserializer()) {
            Ok(value) if is_spent(&mut state.into_reader()) => Ok(value),
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
    fn state<'s, 'a>(
        &'s self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> DeserializerState<'s, SliceRead<'a>> {
        let mut config = DeserializerConfig::new(&self.fast);
        config.allowed_depth = limits.depth;
        config.max_seq_size = if self.weightless {
            limits.values
        } else {
            // Every item takes a byte at least.
            bytes.len()
        };
        DeserializerState::with_config(SliceRead::new(bytes), config)
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
        error: &serde_avro_fast::de::DeError,
    ) -> Unreadable {
        if let Err(mismatch) = self.check(bytes, limits) {
            return Unreadable::Bytes(mismatch);
        }
        let mut state = self.state(bytes, limits);
        let again: Result<T, _> = serde_path_to_error::deserialize(state.deserializer());
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
    config: SerializerConfig<'a>,
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
        let mut state = SerializerState::from_writer(std::mem::take(out), &mut self.config);
        let written = value.serialize(state.serializer());
        *out = state.into_writer();
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
        format!(
            "{told}: a typed record has to have every field, those with a default too, which only JSON values may leave out (serialize_json)"
        )
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

fn is_spent(reader: &mut SliceRead<'_>) -> bool {
    reader.fill_buf().is_ok_and(<[u8]>::is_empty)
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
