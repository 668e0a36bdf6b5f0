//! A parsed Avro schema: types in an arena, tied together by numbers, so that recursion and sharing need no
//! reference counting and a type's number is its identity.

use super::name::Name;
use crate::format::json_text;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The number of a type in its schema's arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TypeId(pub(super) usize);

/// Properties that Avro gives no meaning, in the text's order.
pub(super) type Props = Vec<(String, json_text::Node)>;

/// One type.
#[derive(Debug, Clone)]
pub(super) struct Type {
    pub(super) kind: Kind,
    pub(super) props: Props,
    /// Where in its text it stands, for messages.
    pub(super) at: usize,
}

/// What a type is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Primitive(Primitive),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
    Record(Record),
    Enum(Enum),
    Fixed(Fixed),
    /// A name that was used before its definition. None is left once a text has been read.
    Unresolved(Arc<str>),
}

/// The types without parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Primitive {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

impl Primitive {
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "int" => Self::Int,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "bytes" => Self::Bytes,
            "string" => Self::String,
            _ => return None,
        })
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
        }
    }
}

/// What the three named kinds have in common.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: Name,
    pub(super) doc: Option<String>,
    pub(super) aliases: Vec<Name>,
    /// Whether a referenced text defines it: then it is written by name.
    pub(super) referenced: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) named: Named,
    /// Declared as `error` instead of `record`.
    pub(super) is_error: bool,
    pub(super) fields: Vec<Field>,
    /// The fields' places by name.
    pub(super) index: HashMap<Arc<str>, usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: Arc<str>,
    pub(super) of: TypeId,
    pub(super) doc: Option<String>,
    pub(super) default: Option<json_text::Node>,
    pub(super) order: Order,
    pub(super) aliases: Vec<String>,
    pub(super) props: Props,
    pub(super) at: usize,
}

/// How a field takes part in sorting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
    Ignore,
}

#[derive(Debug, Clone)]
pub(super) struct Enum {
    pub(super) named: Named,
    pub(super) symbols: Vec<Arc<str>>,
    pub(super) known: HashSet<Arc<str>>,
    pub(super) default: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Fixed {
    pub(super) named: Named,
    pub(super) size: i32,
}

impl Kind {
    /// Name, documentation and aliases of a record, enum or fixed.
    pub(super) fn named(&self) -> Option<&Named> {
        match self {
            Kind::Record(r) => Some(&r.named),
            Kind::Enum(e) => Some(&e.named),
            Kind::Fixed(f) => Some(&f.named),
            _ => None,
        }
    }

    /// The word for the kind.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Kind::Primitive(p) => p.as_str(),
            Kind::Array(_) => "array",
            Kind::Map(_) => "map",
            Kind::Union(_) => "union",
            Kind::Record(_) => "record",
            Kind::Enum(_) => "enum",
            Kind::Fixed(_) => "fixed",
            Kind::Unresolved(_) => "unresolved",
        }
    }

    /// The types directly inside.
    pub(super) fn children(&self) -> Vec<TypeId> {
        match self {
            Kind::Array(of) | Kind::Map(of) => vec![*of],
            Kind::Union(branches) => branches.clone(),
            Kind::Record(record) => record.fields.iter().map(|f| f.of).collect(),
            _ => Vec::new(),
        }
    }
}

/// A parsed schema with all it refers to.
#[derive(Debug, Clone)]
pub struct Schema {
    pub(super) types: Vec<Type>,
    pub(super) root: TypeId,
    /// The texts that the types were read from, references first.
    pub(super) texts: Vec<Origin>,
}

/// A text that types were read from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The reference's name; `None` for the schema's own text.
    pub(super) reference: Option<Arc<str>>,
    /// Without comments, which were blanked out.
    pub(super) text: Arc<str>,
    /// The first of its types: they are numbered text by text.
    pub(super) first: TypeId,
}

impl Schema {
    /// The type of a number. Numbers come from the same arena, so the fallback is never met; it stands here
    /// because nothing may panic.
    pub(super) fn get(&self, id: TypeId) -> &Type {
        static NULL: Type = Type {
            kind: Kind::Primitive(Primitive::Null),
            props: Vec::new(),
            at: 0,
        };
        self.types.get(id.0).unwrap_or(&NULL)
    }

    /// The kind of a type.
    pub(super) fn kind(&self, id: TypeId) -> &Kind {
        &self.get(id).kind
    }
}
