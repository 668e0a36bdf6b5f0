//! What is moved: versions with their content, settings, and how contents are told apart.

use crate::model::{Metadata, Reference, RuleSet, SchemaType, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// A version of a subject with all that it holds. Its name is as the API prints it: qualified outside the default
/// context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::cli) struct Schema {
    pub subject: Arc<str>,
    pub version: i32,
    pub id: i32,
    #[serde(default = "avro")]
    pub schema_type: SchemaType,
    pub schema: Arc<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    #[serde(default)]
    pub deleted: bool,
}

fn avro() -> SchemaType {
    SchemaType::Avro
}

/// What is set for a scope: a subject, a context (`:.a:`), all contexts (`:.__GLOBAL:`), or with an empty name the
/// default context.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::cli) struct Scope {
    pub scope: Arc<str>,
    /// As `GET /config` shows it; members that this program does not know are kept.
    pub config: Option<Map<String, Value>>,
    pub mode: Option<String>,
}

/// A subject and a version.
pub(in crate::cli) type Key = (Arc<str>, i32);

/// What a content is told by: equal exactly if language, text, references, metadata and rules are.
pub(in crate::cli) type Digest = [u8; 32];

impl Schema {
    pub fn key(&self) -> Key {
        (self.subject.clone(), self.version)
    }

    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(self.schema_type.as_str().as_bytes());
        part(self.schema.as_bytes());
        for reference in &self.references {
            part(reference.name.as_bytes());
            part(reference.subject.as_bytes());
            part(&reference.version.to_be_bytes());
        }
        part(b"");
        // An absent one is not the same as an empty one.
        part(contract(self.metadata.as_ref()).as_bytes());
        part(contract(self.rule_set.as_ref().filter(|r| !r.is_empty())).as_bytes());
        hash.finalize().into()
    }

    /// What it refers to, as qualified names.
    pub fn refers_to(&self) -> Vec<Key> {
        let context = Subject::parse(&self.subject).context().clone();
        self.references
            .iter()
            .map(|reference| {
                let subject = Subject::parse_in(&context, &reference.subject);
                (Arc::from(subject.as_str()), reference.version)
            })
            .collect()
    }

    /// The body that registers it with its id and version, or looks it up.
    pub fn body(&self, placed: Placed) -> Value {
        let mut body = Map::new();
        body.insert("schemaType".into(), self.schema_type.as_str().into());
        body.insert("schema".into(), (*self.schema).into());
        if !self.references.is_empty() {
            body.insert("references".into(), serde_json::json!(self.references));
        }
        if let Some(metadata) = &self.metadata {
            body.insert("metadata".into(), serde_json::json!(metadata));
        }
        if let Some(rules) = &self.rule_set {
            body.insert("ruleSet".into(), serde_json::json!(rules));
        }
        if placed == Placed::Yes {
            body.insert("id".into(), self.id.into());
            body.insert("version".into(), self.version.into());
        }
        Value::Object(body)
    }
}

/// Whether a request names the id and the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Placed {
    Yes,
    No,
}

/// Models print their maps in order, so equal ones print alike.
fn contract<T: Serialize>(value: Option<&T>) -> String {
    value.map_or_else(String::new, |value| {
        serde_json::to_string(value).unwrap_or_default()
    })
}

/// How a subject is written in a path, which cannot carry an empty segment.
pub(in crate::cli) fn in_path(subject: &str) -> &str {
    if subject.is_empty() { ":.:" } else { subject }
}

/// The context of a subject or scope, in dotted form.
pub(in crate::cli) fn context_of(subject: &str) -> String {
    Subject::parse(subject).context().as_str().to_owned()
}

/// The scope of a context given in dotted form.
pub(in crate::cli) fn scope_of(context: &str) -> Arc<str> {
    if context == "." {
        Arc::from("")
    } else {
        Arc::from(format!(":{context}:"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(value: Value) -> Schema {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn contents_are_told_apart() {
        let base =
            serde_json::json!({"subject": "a", "version": 1, "id": 1, "schema": "\"string\""});
        let with = |name: &str, value: Value| {
            let mut other = base.clone();
            other[name] = value;
            schema(other).digest()
        };
        let own = schema(base.clone()).digest();
        // Where it is, is not what it is.
        assert_eq!(with("subject", "b".into()), own);
        assert_eq!(with("id", 9.into()), own);
        assert_eq!(with("deleted", true.into()), own);
        assert_ne!(with("schema", "\"int\"".into()), own);
        assert_ne!(with("schemaType", "JSON".into()), own);
        assert_ne!(with("metadata", serde_json::json!({})), own);
        let reference = serde_json::json!([{"name": "n", "subject": "s", "version": 1}]);
        assert_ne!(with("references", reference), own);
    }

    #[test]
    fn references_are_relative_to_their_context() {
        let schema = schema(serde_json::json!({
            "subject": ":.c:a", "version": 1, "id": 1, "schema": "\"string\"",
            "references": [
                {"name": "n", "subject": "s", "version": 1},
                {"name": "m", "subject": ":.:t", "version": 2},
            ],
        }));
        let keys = schema.refers_to();
        assert_eq!(&*keys[0].0, ":.c:s");
        assert_eq!((&*keys[1].0, keys[1].1), ("t", 2));
    }
}
