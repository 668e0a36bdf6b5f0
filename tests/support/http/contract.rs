//! `openapi.yaml` as a judge of answers: which operation a request is, which statuses it may have, and whether
//! a body has the documented shape.

use super::wire::Answer;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
/// The response types that content negotiation chooses from; the document names the first.
const JSON_TYPES: [&str; 3] = [
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
];

/// The document.
pub struct Contract {
    document: Value,
    operations: Vec<Operation>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One method of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The `operationId`.
    pub id: String,
    /// In upper case.
    pub method: String,
    /// The path template.
    pub template: String,
    /// Documented statuses, and `default`.
    pub statuses: Vec<String>,
    /// The names of its query parameters.
    pub query: Vec<String>,
    responses: Map<String, Value>,
    request: Option<Value>,
}

impl Contract {
    /// Reads the document.
    pub fn new(document: Value) -> Result<Self, String> {
        let mut contract = Self {
            document,
            operations: Vec::new(),
            validators: Mutex::new(HashMap::new()),
        };
        let paths = contract.document["paths"]
            .as_object()
            .ok_or("no paths")?
            .clone();
        for (template, item) in &paths {
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    let operation = contract
                        .operation(template, method, item, operation)
                        .map_err(|e| format!("{method} {template}: {e}"))?;
                    contract.operations.push(operation);
                }
            }
        }
        Ok(contract)
    }

    fn operation(
        &self,
        template: &str,
        method: &str,
        item: &Value,
        operation: &Value,
    ) -> Result<Operation, String> {
        let mut responses = Map::new();
        for (status, response) in operation["responses"].as_object().ok_or("no responses")? {
            responses.insert(status.clone(), self.resolve(response)?.clone());
        }
        let mut query = Vec::new();
        for list in [item.get("parameters"), operation.get("parameters")] {
            for parameter in list.and_then(Value::as_array).into_iter().flatten() {
                let parameter = self.resolve(parameter)?;
                if parameter["in"] == "query" {
                    query.push(parameter["name"].as_str().ok_or("no name")?.to_owned());
                }
            }
        }
        let request = match operation.get("requestBody") {
            Some(body) => {
                let body = self.resolve(body)?;
                Some(body["content"][JSON_TYPES[0]]["schema"].clone())
            }
            None => None,
        };
        Ok(Operation {
            id: operation["operationId"]
                .as_str()
                .ok_or("no operationId")?
                .to_owned(),
            method: method.to_ascii_uppercase(),
            template: template.to_owned(),
            statuses: responses.keys().cloned().collect(),
            query,
            responses,
            request,
        })
    }

    /// Every operation, in the document's order of paths.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// What a `$ref` stands for.
    fn resolve<'a>(&'a self, value: &'a Value) -> Result<&'a Value, String> {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Ok(value);
        };
        reference
            .strip_prefix('#')
            .and_then(|pointer| self.document.pointer(pointer))
            .ok_or_else(|| format!("$ref to nothing: {reference}"))
    }

    /// The operation of a request, if the document has it. The prefix `/contexts/{context}` may stand before
    /// every path; `None` in place of the operation means that the path is known and the method is not.
    pub fn find(&self, method: &str, raw_path: &str) -> Option<Option<&Operation>> {
        let path = raw_path.split('?').next().unwrap_or_default();
        let mut segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        if let ["contexts", _, _, ..] = segments.as_slice() {
            segments.drain(..2);
        }
        let mut best: Option<(usize, &str)> = None;
        for operation in &self.operations {
            if let Some(literals) = fits(&operation.template, &segments)
                && best.is_none_or(|(most, _)| literals > most)
            {
                best = Some((literals, &operation.template));
            }
        }
        let (_, template) = best?;
        Some(
            self.operations
                .iter()
                .find(|o| o.template == template && o.method == method),
        )
    }

    /// What is wrong with an answer, as far as the document says.
    pub fn judge(&self, operation: &Operation, answer: &Answer) -> Result<(), String> {
        let status = answer.status.to_string();
        let (key, response) = match operation.responses.get(&status) {
            Some(response) => (status.as_str(), response),
            // The statuses that do not depend on the operation are documented once.
            None if matches!(
                answer.status,
                400 | 405 | 406 | 408 | 413 | 415 | 429 | 500 | 503 | 504
            ) =>
            {
                let response = operation.responses.get("default");
                (
                    "default",
                    response.ok_or(format!("status {status} is not documented"))?,
                )
            }
            None => {
                return Err(format!(
                    "{} does not document status {status}",
                    operation.id
                ));
            }
        };
        let Some(content) = response.get("content").and_then(Value::as_object) else {
            return if answer.body.is_empty() {
                Ok(())
            } else {
                Err(format!(
                    "{} {status} has no body in the document",
                    operation.id
                ))
            };
        };
        let media = answer
            .header("content-type")
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let name = if JSON_TYPES.contains(&media.as_str()) {
            JSON_TYPES[0]
        } else {
            media.as_str()
        };
        let Some(entry) = content.get(name) else {
            return Err(format!(
                "{} {status} does not document the type '{media}'",
                operation.id
            ));
        };
        let text = std::str::from_utf8(&answer.body).map_err(|e| e.to_string())?;
        // Some bodies are a text of their own although their type says JSON (surprise 10).
        let raw = entry.get("x-raw-text") == Some(&Value::Bool(true));
        let body = if raw || !name.ends_with("json") {
            Value::String(text.to_owned())
        } else {
            serde_json::from_str(text).map_err(|e| format!("the body is not JSON: {e}: {text}"))?
        };
        self.validate(
            &format!("{} {key} {name}", operation.id),
            &entry["schema"],
            &body,
        )
    }

    /// What is wrong with an error answer of a path that the document does not have.
    pub fn judge_error(&self, answer: &Answer) -> Result<(), String> {
        let body = serde_json::from_slice(&answer.body)
            .map_err(|e| format!("the body of an error is not JSON: {e}"))?;
        self.validate(
            "error",
            &json!({"$ref": "#/components/schemas/Error"}),
            &body,
        )
    }

    /// What is wrong with a request that was accepted.
    pub fn judge_request(&self, operation: &Operation, body: &Value) -> Result<(), String> {
        let Some(schema) = &operation.request else {
            return Ok(());
        };
        self.validate(&format!("{} request", operation.id), schema, body)
    }

    fn validate(&self, key: &str, schema: &Value, body: &Value) -> Result<(), String> {
        let validator = self.validator(key, schema)?;
        let errors: Vec<String> = validator
            .iter_errors(body)
            .take(5)
            .map(|e| format!("at '{}': {e}", e.instance_path()))
            .collect();
        if errors.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{key} is not as openapi.yaml says: {}",
            errors.join("; ")
        ))
    }

    fn validator(&self, key: &str, schema: &Value) -> Result<Arc<Validator>, String> {
        let mut validators = self.validators.lock().map_err(|e| e.to_string())?;
        if let Some(known) = validators.get(key) {
            return Ok(known.clone());
        }
        // OpenAPI 3.1 schemas are plain 2020-12; their references are pointers into the document.
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": self.document["components"],
        });
        let validator = jsonschema::validator_for(&whole)
            .map_err(|e| format!("the schema of {key} is wrong: {e}"))?;
        let validator = Arc::new(validator);
        validators.insert(key.to_owned(), validator.clone());
        Ok(validator)
    }

    /// Mistakes in the document itself: references to nothing, doubled ids, examples that do not fit.
    pub fn lint(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        self.lint_value(&self.document, "", &mut mistakes);
        let mut ids: Vec<&str> = self.operations.iter().map(|o| o.id.as_str()).collect();
        ids.sort_unstable();
        for pair in ids.windows(2) {
            if let [a, b] = pair
                && a == b
            {
                mistakes.push(format!("two operations are called {a}"));
            }
        }
        for operation in &self.operations {
            let named = operation
                .template
                .split('/')
                .filter(|s| s.starts_with('{'))
                .count();
            let item = &self.document["paths"][&operation.template];
            let own = &item[operation.method.to_ascii_lowercase()];
            let declared = [item.get("parameters"), own.get("parameters")]
                .into_iter()
                .flatten()
                .filter_map(Value::as_array)
                .flatten()
                .filter(|p| self.resolve(p).is_ok_and(|p| p["in"] == "path"))
                .count();
            if named != declared {
                mistakes.push(format!(
                    "{}: {named} path parameters, {declared} declared",
                    operation.id
                ));
            }
            if own.get("summary").is_none() {
                mistakes.push(format!("{} has no summary", operation.id));
            }
        }
        mistakes
    }

    fn lint_value(&self, value: &Value, at: &str, mistakes: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if members.get("$ref").is_some_and(Value::is_string)
                    && let Err(e) = self.resolve(value)
                {
                    mistakes.push(format!("{at}: {e}"));
                }
                if let (Some(schema), Some(examples)) =
                    (members.get("schema"), members.get("examples"))
                    && let Some(examples) = examples.as_object()
                {
                    for (name, example) in examples {
                        let key = format!("{at}/examples/{name}");
                        if let Err(e) = self.validate(&key, schema, &example["value"]) {
                            mistakes.push(e);
                        }
                    }
                }
                for (name, member) in members {
                    // A text with a comma in a flow mapping falls apart unseen.
                    if member.is_null() && name.contains(' ') {
                        mistakes.push(format!("{at}: '{name}' was meant as a text"));
                    }
                    self.lint_value(member, &format!("{at}/{name}"), mistakes);
                }
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.lint_value(item, &format!("{at}/{i}"), mistakes);
                }
            }
            _ => {}
        }
    }
}

/// How many segments of a template are literal, if it fits the path.
fn fits(template: &str, segments: &[&str]) -> Option<usize> {
    let parts: Vec<&str> = template.split('/').filter(|s| !s.is_empty()).collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut literals = 0;
    for (part, segment) in parts.iter().zip(segments) {
        if part.starts_with('{') {
            continue;
        }
        if part != segment {
            return None;
        }
        literals += 1;
    }
    Some(literals)
}
