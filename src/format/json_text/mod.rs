//! JSON as a text: member order, places and the exact spelling of numbers are kept.
//!
//! Used by Avro and JSON Schema, whose canonical texts depend on all three. The parser is strict (RFC 8259, no
//! comments) and bounded in depth; a repeated member keeps the first one's place and the last one's value.

mod number;
mod parse;
mod print;

pub use number::{Number, java_double};
pub use parse::parse;
pub use print::{print, print_sorted, print_string};

use std::ops::Range;

/// A value and the bytes of the text it was read from.
#[derive(Debug, Clone)]
pub struct Node {
    /// Byte range in the text; empty for values that were made.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A JSON value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as spelt.
    Number(Number),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object in the text's order.
    Object(Vec<(String, Node)>),
}

/// Equality of meaning: places do not count, numbers compare by value, members in any order.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a.same_value(b),
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && {
                    let mut left: Vec<_> = a.iter().collect();
                    let mut right: Vec<_> = b.iter().collect();
                    left.sort_by(|x, y| x.0.cmp(&y.0));
                    right.sort_by(|x, y| x.0.cmp(&y.0));
                    left.iter()
                        .zip(&right)
                        .all(|(x, y)| x.0 == y.0 && x.1 == y.1)
                }
            }
            _ => false,
        }
    }
}

impl Node {
    /// A value that comes from no text.
    pub fn made(value: Value) -> Self {
        Self { span: 0..0, value }
    }

    /// The member `name` of an object.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.as_object()?
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v)
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&[(String, Node)]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// A string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// A number.
    pub fn as_number(&self) -> Option<&Number> {
        match &self.value {
            Value::Number(n) => Some(n),
            _ => None,
        }
    }

    /// The same as a `serde_json` value. Numbers that it cannot hold exactly become doubles.
    pub fn to_serde(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => n.to_serde(),
            Value::String(s) => s.as_str().into(),
            Value::Array(items) => items.iter().map(Node::to_serde).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(k, v)| (k.clone(), v.to_serde()))
                .collect(),
        }
    }
}

/// Where the value under a JSON pointer (RFC 6901) is in a text; `None` if the pointer leads nowhere.
pub fn locate(text: &str, pointer: &str) -> Option<Range<usize>> {
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let root = parse(text.get(mark..)?, MAX_DEPTH).ok()?;
    let mut node = &root;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        node = match &node.value {
            Value::Object(_) => node.get(&step)?,
            Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(node.span.start + mark..node.span.end + mark)
}

/// How deep a text may nest in which places are looked up.
const MAX_DEPTH: usize = 1_000;

/// Line and column (both from 1, columns in characters) of a byte offset.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |tail| tail.chars().count())
        + 1;
    (line, column)
}
