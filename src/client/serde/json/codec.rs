//! One JSON Schema, ready to check, write and read records.

use super::cost::Cost;
use crate::client::serde::{Limits, Mismatch};
use crate::format::record::json::{decided, engines, is_within, problem};
use jsonschema::{Draft, Retrieve, Uri, Validator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What a schema without an id of its own is called, so that relative references mean something.
const BASE: &str = "registry:///";

/// A JSON Schema with everything it refers to, ready for use.
pub struct JsonCodec {
    validator: Validator,
    cost: Cost,
    title: Option<String>,
}

impl fmt::Debug for JsonCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonCodec")
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

impl JsonCodec {
    /// Reads a schema. `references` are the texts that it refers to, directly or not, under the URIs by which it
    /// does; nothing else is fetched from anywhere. The error says what is wrong with the text.
    pub fn new(text: &str, references: &[(&str, &str)]) -> Result<Self, String> {
        let parse = |what: &str, text: &str| {
            serde_json::from_str::<Value>(text).map_err(|e| format!("{what} is no JSON: {e}"))
        };
        let schema = parse("the schema", text)?;
        let mut documents = HashMap::new();
        let mut parts = Vec::with_capacity(references.len());
        let mut bases = vec![BASE.to_owned()];
        bases.extend(folder_of(&schema));
        for (name, text) in references {
            let document = parse(&format!("the reference {name}"), text)?;
            if let Some(id) = document.get("$id").and_then(Value::as_str) {
                documents.insert(id.to_owned(), document.clone());
            }
            bases.extend(folder_of(&document));
            parts.push(((*name).to_owned(), document.clone()));
            documents.insert((*name).to_owned(), document);
        }
        // Draft 7 is what the registry's other clients take a schema for that does not say.
        let retriever = Arc::new(Referenced { documents, bases });
        let options = || {
            jsonschema::options()
                .with_draft(draft_of(&schema))
                .with_base_uri(BASE)
                .with_retriever(Shared(retriever.clone()))
        };
        let (linear, backtracking) = engines();
        let (validator, backtracks) = match options().with_pattern_options(linear).build(&schema) {
            Ok(validator) => (validator, false),
            Err(_) => {
                let options = options().with_pattern_options(backtracking);
                let validator = options.build(&schema).map_err(|e| e.to_string())?;
                (validator, true)
            }
        };
        let title = schema.get("title").and_then(Value::as_str);
        Ok(Self {
            title: title.map(str::to_owned),
            validator,
            cost: Cost::new(schema, parts, backtracks),
        })
    }

    /// The schema's title, which stands for the record's name.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Checks a record and appends its JSON to `out`. After an error, `out` is as it was.
    pub fn encode<T: Serialize + ?Sized>(
        &self,
        value: &T,
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<(), Mismatch> {
        let tree = serde_json::to_value(value).map_err(|e| {
            Mismatch::one("", "a record that can be written as JSON", e.to_string())
        })?;
        self.check_value(&tree, limits)?;
        let before = out.len();
        // From the record and not from the tree, which has lost the order of its members.
        serde_json::to_writer(&mut *out, value).map_err(|e| {
            out.truncate(before);
            Mismatch::one("", "a record that can be written as JSON", e.to_string())
        })
    }

    /// Checks a JSON value and appends it to `out`.
    pub fn encode_value(
        &self,
        value: &Value,
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<(), Mismatch> {
        self.check_value(value, limits)?;
        let before = out.len();
        serde_json::to_writer(&mut *out, value).map_err(|e| {
            out.truncate(before);
            Mismatch::one("", "a record that can be written as JSON", e.to_string())
        })
    }

    /// Checks a JSON value: everything that is wrong with it, up to [`Mismatch::LIMIT`].
    pub fn check_value(&self, value: &Value, limits: &Limits) -> Result<(), Mismatch> {
        if !is_within(value, limits.depth) {
            return Err(Mismatch::one("", "less nesting", "more"));
        }
        if !self.cost.can_afford(value) {
            return Err(too_much("the schemas to visit for its values"));
        }
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let mut problems = Vec::new();
        for error in self.validator.iter_errors(value).take(Mismatch::LIMIT) {
            // The validator gave up, which says nothing about the record.
            if !decided(&error) {
                return Err(too_much("the patterns to match"));
            }
            problems.push(problem(&error));
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(problems.into())
    }

    /// Checks bytes and reads them as a JSON value.
    pub fn check(&self, bytes: &[u8], limits: &Limits) -> Result<Value, Mismatch> {
        let value = parse(bytes)?;
        self.check_value(&value, limits)?;
        Ok(value)
    }
}

/// Reads bytes as JSON; the parser bounds their depth.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Mismatch> {
    serde_json::from_slice(bytes).map_err(|e| {
        if e.is_data() {
            typed::<T>(bytes, &e)
        } else {
            Mismatch::one("", "JSON", e.to_string())
        }
    })
}

/// Reads a value into a type. `bytes` are where it comes from; an error looks there for the place.
pub(super) fn read<T: DeserializeOwned>(value: Value, bytes: &[u8]) -> Result<T, Mismatch> {
    T::deserialize(value).map_err(|e| typed::<T>(bytes, &e))
}

#[cold]
fn typed<T: DeserializeOwned>(bytes: &[u8], first: &serde_json::Error) -> Mismatch {
    let mut again = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut again) {
        Err(e) => unwanted(&e),
        Ok(_) => Mismatch::one("", "what the reading type wants", first.to_string()),
    }
}

fn unwanted(error: &serde_path_to_error::Error<serde_json::Error>) -> Mismatch {
    let path = match error.path().iter().next() {
        Some(_) => error.path().to_string(),
        None => String::new(),
    };
    Mismatch::one(
        path,
        "what the reading type wants",
        error.inner().to_string(),
    )
}

fn draft_of(schema: &Value) -> Draft {
    if schema.get("$schema").is_some() {
        Draft::default().detect(schema)
    } else {
        Draft::Draft7
    }
}

fn too_much(what: &str) -> Mismatch {
    Mismatch::one("", "a record that costs less to match", what)
}

/// Where names relative to a document's own id begin.
fn folder_of(document: &Value) -> Option<String> {
    let id = document.get("$id").or_else(|| document.get("id"));
    let id = id.and_then(Value::as_str)?.split('#').next()?;
    let (folder, _) = id.rsplit_once('/')?;
    (!folder.is_empty()).then(|| format!("{folder}/"))
}

/// The documents that a schema refers to, by the URI it uses: whole, or relative to the referring document, which may
/// have an id.
struct Referenced {
    documents: HashMap<String, Value>,
    bases: Vec<String>,
}

struct Shared(Arc<Referenced>);

impl Retrieve for Shared {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let whole = uri.as_str();
        let documents = &self.0.documents;
        if let Some(document) = documents.get(whole) {
            return Ok(document.clone());
        }
        // Relative names are resolved against where the referring document is; the name itself is what is left.
        for base in &self.0.bases {
            let mut rest = whole.strip_prefix(base.as_str());
            while let Some(name) = rest {
                for spelling in [name.to_owned(), format!("/{name}"), format!("./{name}")] {
                    if let Some(document) = documents.get(&spelling) {
                        return Ok(document.clone());
                    }
                }
                rest = name.split_once('/').map(|(_, tail)| tail);
            }
        }
        Err(format!("{whole} is not among the schema's references, and nothing is fetched").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(codec: &JsonCodec, value: &Value) -> Vec<(String, String)> {
        match codec.check_value(value, &Limits::default()) {
            Ok(()) => Vec::new(),
            Err(mismatch) => mismatch
                .problems
                .into_iter()
                .map(|p| (p.path, p.found))
                .collect(),
        }
    }

    #[test]
    fn references_come_from_the_registry_and_from_nowhere_else() {
        let text = r#"{"type":"object","properties":{"a":{"$ref":"money.json"},"b":{"$ref":"https://example.test/zip"}}}"#;
        let money = r#"{"type":"object","required":["cents"],"properties":{"cents":{"$ref":"cents.json"}}}"#;
        let codec = JsonCodec::new(
            text,
            &[
                ("cents.json", r#"{"type":"integer"}"#),
                ("money.json", money),
                (
                    "https://example.test/zip",
                    r#"{"type":"string","maxLength":5}"#,
                ),
            ],
        )
        .expect("a schema");
        assert!(problems(&codec, &json!({"a": {"cents": 3}, "b": "12345"})).is_empty());
        let found = problems(&codec, &json!({"a": {"cents": "x"}, "b": "123456"}));
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a.cents", "b"]);
        let missing =
            JsonCodec::new(r#"{"$ref":"http://127.0.0.1:9/x.json"}"#, &[]).expect_err("no");
        assert!(
            missing.contains("not among the schema's references"),
            "{missing}"
        );
    }

    #[test]
    fn references_are_found_beside_a_document_with_an_id() {
        let text = r#"{"$id":"http://example.com/a/root.json","$ref":"money.json"}"#;
        let codec = JsonCodec::new(text, &[("money.json", r#"{"type":"integer"}"#)]).expect("one");
        assert!(problems(&codec, &json!(3)).is_empty());
        assert_eq!(problems(&codec, &json!("x")).len(), 1);
    }

    #[test]
    fn work_is_bounded() {
        let reason = |codec: &JsonCodec, value: &Value| {
            let found = codec.check_value(value, &Limits::default());
            let mismatch = found.expect_err("too much");
            mismatch.problems[0].expected.clone()
        };
        // Each definition visits the next one twice.
        let mut definitions = json!({"d30": {"type": "integer"}});
        for n in 0..30 {
            let next = json!({"$ref": format!("#/definitions/d{}", n + 1)});
            definitions[format!("d{n}")] = json!({"allOf": [next, next]});
        }
        for root in ["d0", "d22"] {
            let text = json!({"$ref": format!("#/definitions/{root}"), "definitions": definitions});
            let codec = JsonCodec::new(&text.to_string(), &[]).expect("a schema");
            match root {
                "d0" => assert_eq!(
                    reason(&codec, &json!(1)),
                    "a record that costs less to match"
                ),
                _ => assert!(problems(&codec, &json!(1)).is_empty()),
            }
        }
        // A schema that refers to itself once for each level costs little.
        let list = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        let codec = JsonCodec::new(&list.to_string(), &[]).expect("a schema");
        let mut value = json!({});
        for _ in 0..100 {
            value = json!({"next": value});
        }
        assert!(problems(&codec, &value).is_empty());
        // Twice for each level: two to the power of the depth.
        let twice = json!({"properties": {"next": {"$ref": "#"}},
            "allOf": [{"properties": {"next": {"$ref": "#"}}}]});
        let codec = JsonCodec::new(&twice.to_string(), &[]).expect("a schema");
        assert_eq!(reason(&codec, &value), "a record that costs less to match");
        // A pattern that backtracks too much is no verdict.
        let pattern = json!({"pattern": "^(?:(?!x)(a|aa))+c|^a*b$"});
        let codec = JsonCodec::new(&pattern.to_string(), &[]).expect("a schema");
        let text = format!("{}b", "a".repeat(60));
        assert_eq!(
            reason(&codec, &json!(text)),
            "a record that costs less to match"
        );
        assert!(problems(&codec, &json!("aab")).is_empty());
    }

    #[test]
    fn nesting_is_bounded() {
        let codec = JsonCodec::new("true", &[]).expect("a schema");
        let mut value = json!(1);
        for _ in 0..200 {
            value = json!([value]);
        }
        assert_eq!(problems(&codec, &value).len(), 1);
    }
}
