//! Typed records through serde, straight from and to bytes: no value stands between them.
//!
//! Encoding follows "Binary encoding" of the Avro 1.12 specification. A struct is a record, by the names of its fields
//! in any order; an enum of unit variants is an enum, or a union's branches by their names. Logical types are their base
//! types, but for decimals, which are texts (`"12.50"`) or, without decimal places, integers, and durations, which are
//! three numbers.

mod decimal;
mod input;
mod read;
mod read_parts;
mod write;
mod write_parts;

use crate::format::avro::table::Node;
use std::fmt;

pub(super) use input::{Bounds, Fields};
pub(super) use read::{read, read_with_path};
pub(super) use write::{Output, write};

/// Why a typed record cannot be written or read.
#[derive(Debug)]
pub(super) struct Error(Box<str>);

impl Error {
    #[cold]
    fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string().into())
    }

    /// Something else than the schema has.
    #[cold]
    fn other(node: &Node, found: impl fmt::Display) -> Self {
        Self::new(format_args!("{found} where the schema has {}", named(node)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl serde::ser::Error for Error {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}

impl serde::de::Error for Error {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}

/// A type, for messages.
fn named(node: &Node) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Boolean => "a boolean".to_owned(),
        Node::Int => "an int".to_owned(),
        Node::Long => "a long".to_owned(),
        Node::Float => "a float".to_owned(),
        Node::Double => "a double".to_owned(),
        Node::Bytes => "bytes".to_owned(),
        Node::String => "a string".to_owned(),
        Node::Array(_) => "an array".to_owned(),
        Node::Map(_) => "a map".to_owned(),
        Node::Union(union) => {
            let names: Vec<&str> = union.branches.iter().map(|b| &*b.name).collect();
            format!("a union of {}", names.join(", "))
        }
        Node::Record(record) => format!("the record {}", record.name),
        Node::Enum(of) => {
            let symbols: Vec<&str> = of.symbols.iter().take(10).map(|s| &**s).collect();
            format!("an enum of {}", symbols.join(", "))
        }
        Node::Fixed(size) => format!("{size} bytes"),
        Node::Decimal(of) => format!("a decimal of scale {}", of.scale),
        Node::Duration => "a duration".to_owned(),
    }
}
