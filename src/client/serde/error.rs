//! Why a record cannot be written or read: what is wrong, where in the record, and with which schema.

use crate::client::ClientError;
#[cfg(any(
    feature = "client-avro",
    feature = "client-json",
    feature = "client-protobuf"
))]
use crate::format;
use crate::model::SchemaType;
use crate::wire::frame::FrameError;
use std::fmt;
use std::sync::Arc;

/// One thing in a record that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The way into the record: field names, array indexes and map keys, with dots between; empty for the whole.
    pub path: String,
    /// What the schema, or the type that is read into, wants there.
    pub expected: String,
    /// What is there; empty where that cannot be told.
    pub found: String,
}

impl Problem {
    pub(super) fn new(
        path: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "at {}: ", self.path)?;
        }
        write!(f, "expected {}", self.expected)?;
        if !self.found.is_empty() {
            write!(f, ", found {}", self.found)?;
        }
        Ok(())
    }
}

/// A record that does not fit: what is wrong with it, at most [`Mismatch::LIMIT`] things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What is wrong; never empty.
    pub problems: Vec<Problem>,
}

impl Mismatch {
    /// How many problems of one record are told.
    pub const LIMIT: usize = 20;

    pub(super) fn one(
        path: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            problems: vec![Problem::new(path, expected, found)],
        }
    }
}

#[cfg(any(
    feature = "client-avro",
    feature = "client-json",
    feature = "client-protobuf"
))]
impl From<Vec<format::record::Problem>> for Mismatch {
    fn from(found: Vec<format::record::Problem>) -> Self {
        let told = found.into_iter().take(Self::LIMIT).map(|problem| {
            let expected = match problem.place.as_str() {
                "" => problem.expected,
                place => format!("{} (schema {place})", problem.expected),
            };
            Problem::new(problem.path.join("."), expected, problem.found)
        });
        Self {
            problems: told.collect(),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            fmt::Display::fmt(problem, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mismatch {}

/// A record that cannot be written or read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SerdeError {
    /// The registry was asked in vain.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The bytes do not start with a schema's id.
    #[error("the record does not say which schema it has: {0}")]
    Frame(#[from] FrameError),
    /// There is no record: Kafka's null value (a tombstone), or no bytes at all, which no serializer writes without a
    /// header.
    #[error("the record is null (a tombstone) or empty, and has no schema")]
    Null,
    /// The record is larger than [`Limits::record_bytes`](super::Limits::record_bytes).
    #[error("the record has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The schema cannot be used: its text cannot be read, or not as this language. Remembered, so that it is not
    /// fetched and read for every record.
    #[error("{schema} cannot be used: {reason}")]
    Unusable {
        /// Which schema: its id or GUID, and the subject.
        schema: Arc<str>,
        /// What is wrong with it.
        reason: Arc<str>,
    },
    /// The schema is of another language.
    #[error("{schema} is {found}, not {expected}")]
    Language {
        /// Which schema.
        schema: Arc<str>,
        /// Its language.
        found: SchemaType,
        /// The language wanted.
        expected: SchemaType,
    },
    /// The record is none of the schema that it is to be written with.
    #[error("the record does not fit {schema}: {mismatch}")]
    Record {
        /// Which schema.
        schema: Arc<str>,
        /// What is wrong.
        mismatch: Mismatch,
    },
    /// The bytes are none of the schema that they name.
    #[error("the bytes are no record of {schema}: {mismatch}")]
    Bytes {
        /// Which schema.
        schema: Arc<str>,
        /// What is wrong.
        mismatch: Mismatch,
    },
    /// The record fits its schema, and not what it is read into: the reader's schema or type.
    #[error("a record of {schema} cannot be read: {mismatch}")]
    Reading {
        /// Which schema wrote it.
        schema: Arc<str>,
        /// What is wrong.
        mismatch: Mismatch,
    },
    /// The settings do not fit together, or to what is asked.
    #[error("{0}")]
    Settings(Arc<str>),
}

impl SerdeError {
    pub(super) fn settings(message: impl Into<Arc<str>>) -> Self {
        Self::Settings(message.into())
    }
}
