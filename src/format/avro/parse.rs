//! Text to schema: one text after the other into one table of names, references first.

use super::comments::blank_out;
use super::model::{
    Enum, Field, Fixed, Kind, Named, Order, Origin, Primitive, Props, Record, Schema, Type, TypeId,
};
use super::name::{Name, check_word};
use super::{defaults, link};
use crate::format::json_text::{self, Node, Number, Value, java_double, line_column};
use crate::format::{InvalidSchema, Limits, Source, Strictness};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Members of a schema object that are not properties. They are dropped where they have no meaning.
const SCHEMA_MEMBERS: [&str; 10] = [
    "doc",
    "fields",
    "items",
    "name",
    "namespace",
    "size",
    "symbols",
    "values",
    "type",
    "aliases",
];
/// Members of a field that are not properties.
const FIELD_MEMBERS: [&str; 6] = ["default", "doc", "name", "order", "type", "aliases"];

/// What is known while texts are read.
pub(super) struct Reader {
    pub(super) types: Vec<Type>,
    pub(super) names: HashMap<Arc<str>, TypeId>,
    /// Second definitions of a name: allowed if they say the same as the first.
    pub(super) again: Vec<(TypeId, TypeId)>,
    strictness: Strictness,
    referenced: bool,
    texts: Vec<Origin>,
}

/// An error and the byte where it is.
pub(super) struct Flaw {
    pub(super) what: String,
    pub(super) at: usize,
}

type Parsed<T> = Result<T, Flaw>;

pub(super) fn flaw<T>(what: impl Into<String>, at: usize) -> Parsed<T> {
    Err(Flaw {
        what: what.into(),
        at,
    })
}

/// Reads a text and everything it refers to.
pub(super) fn parse(source: &Source<'_>) -> Result<Schema, InvalidSchema> {
    let mut reader = Reader {
        types: Vec::new(),
        names: HashMap::new(),
        again: Vec::new(),
        // What is referred to is stored already, and what was once accepted stays readable.
        strictness: Strictness::Existing,
        referenced: true,
        texts: Vec::new(),
    };
    for reference in source.references {
        reader
            .text(Some(&reference.name), &reference.text, &source.limits)
            .map_err(|e| InvalidSchema::new(format!("reference {}: {e}", reference.name)))?;
    }
    reader.strictness = source.strictness;
    reader.referenced = false;
    let root = reader.text(None, source.text, &source.limits)?;
    let schema = Schema {
        types: reader.types,
        root,
        texts: reader.texts,
    };
    link::check_depth(&schema, source.limits.depth)?;
    Ok(schema)
}

impl Reader {
    fn text(
        &mut self,
        reference: Option<&Arc<str>>,
        text: &str,
        limits: &Limits,
    ) -> Result<TypeId, InvalidSchema> {
        if text.starts_with('\u{feff}') {
            return Err(InvalidSchema::new(
                "the text starts with a byte order mark (line 1, column 1)",
            ));
        }
        let text = blank_out(text);
        let node = json_text::parse(&text, limits.depth)?;
        let first = self.types.len();
        self.texts.push(Origin {
            reference: reference.cloned(),
            text: Arc::from(&*text),
            first: TypeId(first),
        });
        let read = |reader: &mut Self| {
            let root = reader.schema(&node, None)?;
            let root = link::link(reader, first, root)?;
            if reader.strictness == Strictness::New {
                defaults::check(&reader.types, first, limits)?;
            }
            Ok(root)
        };
        read(self).map_err(|flaw: Flaw| {
            let (line, column) = line_column(&text, flaw.at);
            InvalidSchema::new(format!("{} (line {line}, column {column})", flaw.what))
        })
    }

    fn add(&mut self, kind: Kind, props: Props, at: usize) -> TypeId {
        self.types.push(Type { kind, props, at });
        TypeId(self.types.len() - 1)
    }

    /// A schema at a place where `namespace` is in force.
    fn schema(&mut self, node: &Node, namespace: Option<&str>) -> Parsed<TypeId> {
        let at = node.span.start;
        match &node.value {
            Value::String(word) => Ok(self.named(word, namespace, at)),
            Value::Array(items) => {
                let branches = items
                    .iter()
                    .map(|item| self.schema(item, namespace))
                    .collect::<Parsed<Vec<_>>>()?;
                Ok(self.add(Kind::Union(branches), Vec::new(), at))
            }
            Value::Object(_) => {
                let Some(word) = node.get("type").and_then(Node::as_str) else {
                    return flaw(
                        "No type: an object needs a member \"type\" that is a string",
                        at,
                    );
                };
                match word {
                    "record" | "error" => self.record(node, namespace, word == "error"),
                    "enum" => self.enumeration(node, namespace),
                    "fixed" => self.fixed(node, namespace),
                    "array" | "map" => {
                        let (member, what) = if word == "array" {
                            ("items", "Array has no items type")
                        } else {
                            ("values", "Map has no values type")
                        };
                        let Some(of) = node.get(member) else {
                            return flaw(what, at);
                        };
                        let of = self.schema(of, namespace)?;
                        let kind = if word == "array" {
                            Kind::Array(of)
                        } else {
                            Kind::Map(of)
                        };
                        Ok(self.add(kind, props(node, &SCHEMA_MEMBERS), at))
                    }
                    word => Ok(match Primitive::parse(word) {
                        Some(p) => self.add(Kind::Primitive(p), props(node, &SCHEMA_MEMBERS), at),
                        None => self.named(word, namespace, at),
                    }),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                flaw("A schema is a string, an object or an array", at)
            }
        }
    }

    /// The type that `word` stands for: a primitive, a known name (first in the namespace in force, then in
    /// none), or a name to be defined later in this text.
    fn named(&mut self, word: &str, namespace: Option<&str>, at: usize) -> TypeId {
        if let Some(p) = Primitive::parse(word) {
            return self.add(Kind::Primitive(p), Vec::new(), at);
        }
        let bare = word
            .strip_prefix('.')
            .filter(|rest| !rest.contains('.'))
            .unwrap_or(word);
        let full: Arc<str> = match namespace {
            Some(namespace) if !word.contains('.') => format!("{namespace}.{word}").into(),
            _ => bare.into(),
        };
        match self.names.get(&full).or_else(|| self.names.get(bare)) {
            Some(&known) => known,
            None => self.add(Kind::Unresolved(full), Vec::new(), at),
        }
    }

    /// Name, documentation and aliases of the definition in `node`.
    fn definition(&self, node: &Node, namespace: Option<&str>) -> Parsed<Named> {
        let at = node.span.start;
        let Some(written) = node.get("name").and_then(Node::as_str) else {
            return flaw("No name in schema", at);
        };
        let name_at = node.get("name").map_or(at, |n| n.span.start);
        let namespace = node.get("namespace").and_then(Node::as_str).or(namespace);
        let name = Name::new(written, namespace, self.strictness)
            .and_then(|name| match self.strictness {
                Strictness::New => name.check_namespace().map(|()| name),
                Strictness::Existing => Ok(name),
            })
            .or_else(|what| flaw(what, name_at))?;
        if Primitive::parse(name.full()).is_some() {
            return flaw(
                format!("Schemas may not be named after primitives: {}", name.full()),
                name_at,
            );
        }
        let aliases = aliases(node)?
            .iter()
            .map(|alias| {
                Name::new(alias, name.namespace(), self.strictness).or_else(|what| flaw(what, at))
            })
            .collect::<Parsed<Vec<_>>>()?;
        let mut seen = HashSet::new();
        Ok(Named {
            aliases: aliases
                .into_iter()
                .filter(|a| seen.insert(a.full().clone()))
                .collect(),
            doc: doc(node),
            referenced: self.referenced,
            name,
        })
    }

    /// Enters a definition under its name. A type is known from its own inside on.
    fn define(&mut self, kind: Kind, props: Props, at: usize) -> TypeId {
        let name = kind.named().map(|n| n.name.full().clone());
        let id = self.add(kind, props, at);
        if let Some(name) = name {
            let first = *self.names.entry(name).or_insert(id);
            if first != id {
                self.again.push((first, id));
            }
        }
        id
    }

    fn record(&mut self, node: &Node, namespace: Option<&str>, is_error: bool) -> Parsed<TypeId> {
        let at = node.span.start;
        let named = self.definition(node, namespace)?;
        let name = named.name.clone();
        let Some(items) = node.get("fields").and_then(Node::as_array) else {
            return flaw(format!("Record {} has no fields", name.full()), at);
        };
        let kind = Kind::Record(Record {
            named,
            is_error,
            fields: Vec::new(),
            index: HashMap::new(),
        });
        let id = self.define(kind, props(node, &SCHEMA_MEMBERS), at);
        let mut fields = Vec::with_capacity(items.len());
        let mut index = HashMap::with_capacity(items.len());
        for item in items {
            let field = self.field(item, &name)?;
            if index.insert(field.name.clone(), fields.len()).is_some() {
                return flaw(
                    format!("Duplicate field {} in record {}", field.name, name.full()),
                    item.span.start,
                );
            }
            fields.push(field);
        }
        if let Some(Type {
            kind: Kind::Record(record),
            ..
        }) = self.types.get_mut(id.0)
        {
            record.fields = fields;
            record.index = index;
        }
        Ok(id)
    }

    fn field(&mut self, node: &Node, record: &Name) -> Parsed<Field> {
        let at = node.span.start;
        let Some(name) = node.get("name").and_then(Node::as_str) else {
            return flaw(format!("No field name in record {}", record.full()), at);
        };
        let place = || format!("field {name} of record {}", record.full());
        check_word(name, self.strictness)
            .or_else(|what| flaw(format!("{what} ({})", place()), at))?;
        let Some(of) = node.get("type") else {
            return flaw(format!("No field type: {}", place()), at);
        };
        let of = self.schema(of, record.namespace())?;
        let order = match node.get("order") {
            None => Order::Ascending,
            Some(word) => match word.as_str().map(str::to_ascii_lowercase).as_deref() {
                Some("ascending") => Order::Ascending,
                Some("descending") => Order::Descending,
                Some("ignore") => Order::Ignore,
                _ => return flaw(format!("Unknown order of {}", place()), word.span.start),
            },
        };
        let floating = matches!(
            self.types.get(of.0).map(|t| &t.kind),
            Some(Kind::Primitive(Primitive::Float | Primitive::Double))
        );
        let default = match node.get("default") {
            Some(default) if floating => Some(number_from_string(default)?),
            default => default.cloned(),
        };
        Ok(Field {
            name: name.into(),
            of,
            doc: doc(node),
            default,
            order,
            aliases: aliases(node)?,
            props: props(node, &FIELD_MEMBERS),
            at,
        })
    }

    fn enumeration(&mut self, node: &Node, namespace: Option<&str>) -> Parsed<TypeId> {
        let at = node.span.start;
        let named = self.definition(node, namespace)?;
        let Some(items) = node.get("symbols").and_then(Node::as_array) else {
            return flaw(format!("Enum {} has no symbols", named.name.full()), at);
        };
        let mut symbols: Vec<Arc<str>> = Vec::with_capacity(items.len());
        let mut known = HashSet::with_capacity(items.len());
        for item in items {
            let at = item.span.start;
            let Some(symbol) = item.as_str() else {
                return flaw("A symbol is a string", at);
            };
            check_word(symbol, self.strictness).or_else(|what| flaw(what, at))?;
            let symbol: Arc<str> = symbol.into();
            if !known.insert(symbol.clone()) {
                return flaw(format!("Duplicate enum symbol: {symbol}"), at);
            }
            symbols.push(symbol);
        }
        let default = node.get("default").and_then(Node::as_str);
        if let Some(default) = default
            && !known.contains(default)
        {
            return flaw(
                format!(
                    "The Enum Default: {default} is not in the enum symbol set of {}",
                    named.name.full()
                ),
                at,
            );
        }
        let mut props = props(node, &SCHEMA_MEMBERS);
        props.retain(|(name, _)| name != "default");
        let kind = Kind::Enum(Enum {
            named,
            symbols,
            known,
            default: default.map(str::to_owned),
        });
        Ok(self.define(kind, props, at))
    }

    fn fixed(&mut self, node: &Node, namespace: Option<&str>) -> Parsed<TypeId> {
        let at = node.span.start;
        let named = self.definition(node, namespace)?;
        let size = node
            .get("size")
            .and_then(Node::as_number)
            .filter(|n| n.is_integer_literal())
            .and_then(Number::to_i64)
            .and_then(|n| i32::try_from(n).ok())
            .filter(|n| *n >= 0);
        let Some(size) = size else {
            return flaw(
                format!("Invalid or no size of fixed {}", named.name.full()),
                at,
            );
        };
        Ok(self.define(
            Kind::Fixed(Fixed { named, size }),
            props(node, &SCHEMA_MEMBERS),
            at,
        ))
    }
}

fn doc(node: &Node) -> Option<String> {
    node.get("doc").and_then(Node::as_str).map(str::to_owned)
}

fn props(node: &Node, members: &[&str]) -> Props {
    node.as_object()
        .unwrap_or_default()
        .iter()
        .filter(|(name, _)| !members.contains(&name.as_str()))
        .cloned()
        .collect()
}

fn aliases(node: &Node) -> Parsed<Vec<String>> {
    let Some(list) = node.get("aliases") else {
        return Ok(Vec::new());
    };
    let Some(items) = list.as_array() else {
        return flaw("aliases is not an array", list.span.start);
    };
    let mut seen = HashSet::new();
    let mut aliases = Vec::with_capacity(items.len());
    for item in items {
        let Some(alias) = item.as_str() else {
            return flaw("an alias is not a string", item.span.start);
        };
        if seen.insert(alias) {
            aliases.push(alias.to_owned());
        }
    }
    Ok(aliases)
}

/// The default of a float or double: a string is read as the JVM reads a double.
fn number_from_string(node: &Node) -> Parsed<Node> {
    let Some(text) = node.as_str() else {
        return Ok(node.clone());
    };
    let at = node.span.start;
    let Some(value) = java_parse_double(text) else {
        return flaw(format!("Not a number: {text}"), at);
    };
    // JSON has no spelling for NaN and the infinities: they stay strings.
    let spelt = java_double(value);
    Ok(Node {
        span: node.span.clone(),
        value: Number::new(&spelt).map_or(Value::String(spelt), Value::Number),
    })
}

fn java_parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    let (sign, word) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    match word {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(sign * f64::INFINITY),
        _ => {}
    }
    let digits = word.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(word);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !plain {
        return None;
    }
    digits.parse::<f64>().ok().map(|value| sign * value)
}
