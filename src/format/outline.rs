//! What a text defines and what it refers to, without resolving anything: enough to find out which files belong
//! together before any of them can be read as a schema.

use super::json::uri;
use super::json_text::{self, Node, Value};
use super::{InvalidSchema, Limits, protobuf};
use crate::model::SchemaType;
use std::collections::HashSet;

/// The names of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// What it is known by: full names of Avro types, ids of JSON documents, the package of a Protobuf file. The root's
    /// comes first, if it has one.
    pub defines: Vec<String>,
    /// What it needs from elsewhere, each once, in the text's order.
    pub refers: Vec<Referral>,
}

/// A name that a text uses and does not define.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Referral {
    /// As it is written; for JSON without the fragment.
    pub written: String,
    /// The full name: an Avro full name, an absolute URI where there is a base, an import path.
    pub name: String,
}

/// The outline of a text.
///
/// # Errors
///
/// The text is not even of the language's grammar.
pub fn outline(
    schema_type: SchemaType,
    text: &str,
    limits: &Limits,
) -> Result<Outline, InvalidSchema> {
    match schema_type {
        SchemaType::Avro => Ok(avro(&json_text::parse(text, limits.depth)?)),
        SchemaType::Json => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            Ok(json(&json_text::parse(text, limits.depth)?))
        }
        SchemaType::Protobuf => {
            let (package, imports) = protobuf::imports(text, limits)?;
            Ok(Outline {
                defines: package.into_iter().collect(),
                refers: imports
                    .into_iter()
                    .map(|path| Referral {
                        written: path.clone(),
                        name: path,
                    })
                    .collect(),
            })
        }
    }
}

const PRIMITIVES: [&str; 8] = [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
];

#[derive(Default)]
struct Found {
    defined: Vec<String>,
    used: Vec<Referral>,
}

impl Found {
    fn finish(self) -> Outline {
        let mut seen: HashSet<String> = self.defined.iter().cloned().collect();
        let refers = self
            .used
            .into_iter()
            .filter(|used| seen.insert(used.name.clone()))
            .collect();
        Outline {
            defines: self.defined,
            refers,
        }
    }
}

fn avro(root: &Node) -> Outline {
    let mut found = Found::default();
    avro_type(root, None, &mut found);
    found.finish()
}

/// The parser bounds how deep a text nests, and with it this walk.
fn avro_type(node: &Node, namespace: Option<&str>, found: &mut Found) {
    match &node.value {
        Value::String(name) if !PRIMITIVES.contains(&name.as_str()) => {
            let (full, _) = full_name(name, None, namespace);
            found.used.push(Referral {
                written: name.clone(),
                name: full,
            });
        }
        Value::Array(branches) => {
            for branch in branches {
                avro_type(branch, namespace, found);
            }
        }
        Value::Object(_) => avro_object(node, namespace, found),
        _ => {}
    }
}

fn avro_object(node: &Node, namespace: Option<&str>, found: &mut Found) {
    let Some(kind) = node.get("type") else {
        return;
    };
    match kind.as_str() {
        Some("record" | "error" | "enum" | "fixed") => {
            let name = node.get("name").and_then(Node::as_str).unwrap_or_default();
            let own = node.get("namespace").and_then(Node::as_str);
            let (full, inside) = full_name(name, own, namespace);
            found.defined.push(full);
            for field in node.get("fields").and_then(Node::as_array).unwrap_or(&[]) {
                if let Some(of) = field.get("type") {
                    avro_type(of, inside.as_deref(), found);
                }
            }
        }
        Some("array") => {
            if let Some(items) = node.get("items") {
                avro_type(items, namespace, found);
            }
        }
        Some("map") => {
            if let Some(values) = node.get("values") {
                avro_type(values, namespace, found);
            }
        }
        _ => avro_type(kind, namespace, found),
    }
}

/// The full name, and the namespace inside the type.
fn full_name(name: &str, own: Option<&str>, around: Option<&str>) -> (String, Option<String>) {
    let namespace = match name.rsplit_once('.') {
        Some((space, _)) => Some(space),
        None => own.or(around),
    };
    let short = name.rsplit_once('.').map_or(name, |(_, short)| short);
    match namespace.filter(|n| !n.is_empty()) {
        Some(space) => (format!("{space}.{short}"), Some(space.to_owned())),
        None => (short.to_owned(), None),
    }
}

/// Members whose values are data, not schemas.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "examples"];

fn json(root: &Node) -> Outline {
    let mut found = Found::default();
    json_value(root, "", &mut found);
    found.finish()
}

fn json_value(node: &Node, base: &str, found: &mut Found) {
    match &node.value {
        Value::Array(items) => {
            for item in items {
                json_value(item, base, found);
            }
        }
        Value::Object(members) => {
            let id = ["$id", "id"]
                .iter()
                .find_map(|key| node.get(key).and_then(Node::as_str))
                .map(|id| uri::split_fragment(id).0)
                .filter(|id| !id.is_empty());
            let mut inside = base.to_owned();
            if let Some(id) = id {
                inside = uri::resolve(base, id);
                found.defined.push(inside.clone());
            }
            for (key, value) in members {
                match (key.as_str(), value.as_str()) {
                    ("$ref" | "$dynamicRef", Some(reference)) => {
                        let (written, _) = uri::split_fragment(reference);
                        let name = uri::resolve(&inside, written);
                        if !written.is_empty() && name != inside {
                            found.used.push(Referral {
                                written: written.to_owned(),
                                name,
                            });
                        }
                    }
                    (key, _) if DATA.contains(&key) => {}
                    _ => json_value(value, &inside, found),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(schema_type: SchemaType, text: &str) -> (Vec<String>, Vec<String>) {
        let outline = outline(schema_type, text, &Limits::default()).unwrap();
        let names = outline.refers.into_iter().map(|r| r.name).collect();
        (outline.defines, names)
    }

    #[test]
    fn avro_names_follow_their_namespaces() {
        let text = r#"{"type":"record","name":"a.Order","fields":[
            {"name":"x","type":"Money"},
            {"name":"y","type":["null",{"type":"map","values":"b.Tag"}]},
            {"name":"z","type":{"type":"enum","name":"Kind","symbols":["A"]}},
            {"name":"k","type":"Kind"},{"name":"again","type":"a.Money"}]}"#;
        let (defines, refers) = of(SchemaType::Avro, text);
        assert_eq!(defines, ["a.Order", "a.Kind"]);
        assert_eq!(refers, ["a.Money", "b.Tag"]);
    }

    #[test]
    fn json_references_are_seen_from_the_id() {
        let text = r##"{"$id":"https://e.org/s/order.json","properties":{
            "a":{"$ref":"money.json#/definitions/x"},"b":{"$ref":"#/definitions/y"},
            "c":{"default":{"$ref":"no.json"}}},"definitions":{"y":{"$id":"inner.json"},"z":{"$ref":"inner.json"}}}"##;
        let (defines, refers) = of(SchemaType::Json, text);
        assert_eq!(
            defines,
            ["https://e.org/s/order.json", "https://e.org/s/inner.json"]
        );
        assert_eq!(refers, ["https://e.org/s/money.json"]);
    }

    #[test]
    fn protobuf_imports_without_what_is_built_in() {
        let text = "syntax = \"proto3\"; package a.b; import \"c/d.proto\"; \
            import public \"google/protobuf/timestamp.proto\"; message M {}";
        let (defines, refers) = of(SchemaType::Protobuf, text);
        assert_eq!(defines, ["a.b"]);
        assert_eq!(refers, ["c/d.proto"]);
    }
}
