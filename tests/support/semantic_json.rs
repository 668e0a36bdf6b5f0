//! JSON Schema's validator as the judge of labels: who is right when a label and the truth differ.

use jsonschema::Draft;
use serde_json::Value;

/// A schema's text with what it refers to.
pub struct Judge {
    validator: jsonschema::Validator,
}

impl Judge {
    /// `None` if the validator does not compile it.
    pub fn new(text: &str, references: &[(String, String)], formats: bool) -> Option<Self> {
        let plain = |text: &str| serde_json::from_str(text.trim_start_matches('\u{feff}')).ok();
        let schema: Value = plain(text)?;
        let known = references
            .iter()
            .filter_map(|(name, text)| Some((name.clone(), plain(text)?)))
            .collect();
        let validator = jsonschema::options()
            .with_draft(draft(schema["$schema"].as_str().unwrap_or_default()))
            .with_retriever(Known(known))
            .should_validate_formats(formats)
            .build(&schema)
            .ok()?;
        Some(Self { validator })
    }

    /// Whether it takes a document.
    pub fn takes(&self, document: &Value) -> bool {
        self.validator.is_valid(document)
    }
}

/// Whether a document is the writer's and not the reader's.
pub fn tells_apart(writer: &Judge, reader: &Judge, document: &Value) -> bool {
    writer.takes(document) && !reader.takes(document)
}

fn draft(uri: &str) -> Draft {
    if uri.contains("2020-12") {
        Draft::Draft202012
    } else if uri.contains("2019-09") {
        Draft::Draft201909
    } else if uri.contains("draft-06") {
        Draft::Draft6
    } else if uri.contains("draft-04") {
        Draft::Draft4
    } else {
        // As the registry reads a schema that says nothing, or something unknown.
        Draft::Draft7
    }
}

struct Known(Vec<(String, Value)>);

impl jsonschema::Retrieve for Known {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let uri = uri.as_str();
        self.0
            .iter()
            .find(|(name, _)| uri == name || uri.ends_with(&format!("/{name}")))
            .map(|(_, value)| value.clone())
            .ok_or_else(|| "not among the references".into())
    }
}

/// The documents of a schema that is nothing but a list of them.
pub fn all_documents(schema: &Value) -> Option<Vec<Value>> {
    let members = schema.as_object()?;
    let mut said = members.iter().filter(|(word, _)| *word != "$schema");
    let only = said.next()?;
    if said.next().is_some() {
        return None;
    }
    match (only.0.as_str(), only.1) {
        ("const", value) => Some(vec![value.clone()]),
        ("enum", Value::Array(values)) => Some(values.clone()),
        ("anyOf", Value::Array(parts)) => {
            let parts: Option<Vec<_>> = parts.iter().map(all_documents).collect();
            Some(parts?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// Some suites write `const` in draft 4 too, which has `enum` for it.
pub fn in_words_of_draft_4(value: &Value) -> Value {
    match value {
        Value::Object(members) => (members.iter())
            .map(|(name, value)| match name.as_str() {
                "const" => ("enum".to_owned(), Value::Array(vec![value.clone()])),
                "enum" => (name.clone(), value.clone()),
                _ => (name.clone(), in_words_of_draft_4(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(in_words_of_draft_4).collect(),
        other => other.clone(),
    }
}
