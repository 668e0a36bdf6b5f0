//! A schema as typed records need it: one flat table, in which a type is a number and nothing has to be looked up by
//! name that the schema alone can tell.

use super::codec::{self, default_value};
use super::logical::{Logical, logical};
use super::model::{Kind, Primitive, Schema, TypeId};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;

/// The number of a type.
pub(crate) type NodeId = u32;

/// The types of a schema.
pub(crate) struct Table {
    nodes: Vec<Node>,
    root: NodeId,
}

/// One type.
pub(crate) enum Node {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Array(NodeId),
    Map(NodeId),
    Union(Union),
    Record(Record),
    Enum(Enum),
    /// So many bytes.
    Fixed(usize),
    Decimal(Decimal),
    /// Twelve bytes: three numbers.
    Duration,
}

/// A union.
pub(crate) struct Union {
    pub branches: Vec<Branch>,
    /// Of a union of null and one other: the places of both.
    pub option: Option<(u32, u32)>,
}

/// A branch of a union.
pub(crate) struct Branch {
    pub of: NodeId,
    /// What a variant of a Rust enum is called that stands for it: a full name, or a word like `Long` or `Date`.
    pub name: Arc<str>,
    /// Other names of it: without the namespace, or of the type without its logical type.
    pub others: Vec<Arc<str>>,
}

impl Branch {
    /// Whether a variant of this name stands for it.
    pub fn is_called(&self, name: &str) -> bool {
        *self.name == *name || self.others.iter().any(|other| **other == *name)
    }
}

/// A record.
pub(crate) struct Record {
    pub name: Arc<str>,
    pub fields: Vec<Field>,
    /// The fields' places.
    pub index: HashMap<Arc<str>, usize>,
    /// The list of names, by its place in the program, that was found to be that of the fields.
    pub same_names: AtomicPtr<&'static str>,
}

/// A field.
pub(crate) struct Field {
    pub name: Arc<str>,
    pub of: NodeId,
    /// Its default, as it is written.
    pub default: Option<Box<[u8]>>,
}

/// An enum.
pub(crate) struct Enum {
    pub symbols: Vec<Arc<str>>,
    /// The symbols' places.
    pub index: HashMap<Arc<str>, usize>,
}

/// A number with decimal places.
pub(crate) struct Decimal {
    /// Digits at most.
    pub precision: u64,
    /// How many of them are decimal places.
    pub scale: i64,
    /// So many bytes; any number where it stands on bytes.
    pub size: Option<usize>,
}

/// How many values all defaults of a schema may be made of.
const DEFAULTS: usize = 1_000_000;
/// Decimal places and digits, beyond which a decimal is only bytes: each digit would be written out.
const DIGITS: i64 = 10_000;

impl Table {
    /// The table of a schema.
    pub fn new(schema: &Schema) -> Self {
        let mut left = DEFAULTS;
        let nodes = (0..schema.types.len())
            .map(|at| node(schema, TypeId(at), &mut left))
            .collect();
        Self {
            nodes,
            root: id(schema.root),
        }
    }

    /// The root's type.
    pub fn root(&self) -> &Node {
        self.node(self.root)
    }

    /// A type. The numbers come from the table, so the fallback is never met.
    #[inline]
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::Null)
    }
}

fn id(of: TypeId) -> NodeId {
    NodeId::try_from(of.0).unwrap_or(NodeId::MAX)
}

fn node(schema: &Schema, at: TypeId, left: &mut usize) -> Node {
    let of = schema.get(at);
    match (logical(of), &of.kind) {
        (Some(Logical::Decimal { precision, scale }), kind) if precision <= DIGITS => {
            return Node::Decimal(Decimal {
                precision: precision.unsigned_abs(),
                scale,
                size: match kind {
                    Kind::Fixed(fixed) => Some(size(fixed.size)),
                    _ => None,
                },
            });
        }
        (Some(Logical::Plain("duration")), _) => return Node::Duration,
        _ => {}
    }
    match &of.kind {
        Kind::Primitive(primitive) => match primitive {
            Primitive::Null => Node::Null,
            Primitive::Boolean => Node::Boolean,
            Primitive::Int => Node::Int,
            Primitive::Long => Node::Long,
            Primitive::Float => Node::Float,
            Primitive::Double => Node::Double,
            Primitive::Bytes => Node::Bytes,
            Primitive::String => Node::String,
        },
        Kind::Array(of) => Node::Array(id(*of)),
        Kind::Map(of) => Node::Map(id(*of)),
        Kind::Union(branches) => union(schema, branches),
        Kind::Record(record) => Node::Record(Record {
            name: Arc::clone(record.named.name.full()),
            fields: (record.fields.iter())
                .map(|field| Field {
                    name: Arc::clone(&field.name),
                    of: id(field.of),
                    default: (field.default.as_ref())
                        .and_then(|node| default_value(schema, field.of, node, 0, left))
                        .and_then(|value| codec::encode(schema, field.of, &value))
                        .map(Vec::into_boxed_slice),
                })
                .collect(),
            index: places(record.fields.iter().map(|field| &field.name)),
            same_names: AtomicPtr::default(),
        }),
        Kind::Enum(of) => Node::Enum(Enum {
            symbols: of.symbols.clone(),
            index: places(of.symbols.iter()),
        }),
        Kind::Fixed(fixed) => Node::Fixed(size(fixed.size)),
        Kind::Unresolved(_) => Node::Null,
    }
}

fn places<'n>(names: impl Iterator<Item = &'n Arc<str>>) -> HashMap<Arc<str>, usize> {
    let mut all = HashMap::new();
    for (at, name) in names.enumerate() {
        all.entry(Arc::clone(name)).or_insert(at);
    }
    all
}

fn size(bytes: i32) -> usize {
    usize::try_from(bytes).unwrap_or_default()
}

fn union(schema: &Schema, branches: &[TypeId]) -> Node {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let is_null = |of: &TypeId| matches!(schema.kind(*of), Kind::Primitive(Primitive::Null));
    let option = match branches {
        [a, b] if is_null(a) != is_null(b) => {
            let null = usize::from(is_null(b));
            Some((place(null), place(1 - null)))
        }
        _ => None,
    };
    Node::Union(Union {
        branches: branches.iter().map(|of| branch(schema, *of)).collect(),
        option,
    })
}

fn branch(schema: &Schema, at: TypeId) -> Branch {
    let of = schema.get(at);
    let plain = match &of.kind {
        Kind::Primitive(primitive) => match primitive {
            Primitive::Null => "Null",
            Primitive::Boolean => "Boolean",
            Primitive::Int => "Int",
            Primitive::Long => "Long",
            Primitive::Float => "Float",
            Primitive::Double => "Double",
            Primitive::Bytes => "Bytes",
            Primitive::String => "String",
        },
        Kind::Array(_) => "Array",
        Kind::Map(_) => "Map",
        _ => "Union",
    };
    let word: Option<Arc<str>> = logical(of).map(|logical| match logical {
        Logical::Decimal { .. } => Arc::from("Decimal"),
        Logical::Plain(word) => camel(word),
    });
    let mut others = Vec::new();
    let name: Arc<str> = match (of.kind.named(), word) {
        (Some(named), word) => {
            others.push(Arc::from(named.name.short()));
            others.extend(word);
            Arc::clone(named.name.full())
        }
        (None, Some(word)) => {
            others.push(Arc::from(plain));
            word
        }
        (None, None) => Arc::from(plain),
    };
    Branch {
        of: id(at),
        name,
        others,
    }
}

/// `timestamp-millis` as `TimestampMillis`.
fn camel(word: &str) -> Arc<str> {
    let mut out = String::with_capacity(word.len());
    for part in word.split('-') {
        let mut chars = part.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    Arc::from(out)
}
