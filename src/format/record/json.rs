//! What a JSON Schema validator objects to, in words.

use super::{Problem, short, shown};
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{PatternOptions, ValidationError};
use serde_json::Value;

/// Names and values that are listed.
const LISTED: usize = 10;
/// Steps of one match with look-around, which is matched by backtracking.
const BACKTRACKS: usize = 50_000;
/// Bytes of one compiled pattern.
const COMPILED_BYTES: usize = 4 << 20;

/// An objection in words. Costs no more than what is told of it: neither the whole record nor a whole schema.
pub(crate) fn problem(error: &ValidationError<'_>) -> Problem {
    let instance = error.instance();
    let (expected, found) = told(error.kind());
    Problem {
        path: tokens(error.instance_path().as_str()),
        expected,
        found: found.unwrap_or_else(|| shown(instance)),
        place: error.schema_path().to_string(),
    }
}

/// The tokens of a JSON pointer.
fn tokens(pointer: &str) -> Vec<String> {
    (pointer.split('/').skip(1))
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn told(kind: &Kind) -> (String, Option<String>) {
    let plain = |expected: &str| (expected.to_owned(), None);
    match kind {
        Kind::Type { kind } => {
            let names: Vec<&str> = match kind {
                TypeKind::Single(one) => vec![one.as_str()],
                TypeKind::Multiple(all) => all.iter().map(|one| one.as_str()).collect(),
            };
            (names.join(" or "), None)
        }
        Kind::Required { property } => (
            format!("the property {}", value(property)),
            Some("an object without it".to_owned()),
        ),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => (
            "only properties that the schema knows".to_owned(),
            Some(listed(unexpected.iter().map(|name| short(name)))),
        ),
        Kind::UnevaluatedItems { .. } => plain("only items that the schema knows"),
        Kind::AdditionalItems { limit } => (format!("at most {limit} items"), None),
        Kind::Enum { options } => match &**options {
            Value::Array(all) => (format!("one of {}", listed(all.iter().map(value))), None),
            other => (format!("one of {}", value(other)), None),
        },
        Kind::Constant { expected_value } => (value(expected_value), None),
        Kind::Minimum { limit } => (format!("a number of at least {limit}"), None),
        Kind::Maximum { limit } => (format!("a number of at most {limit}"), None),
        Kind::ExclusiveMinimum { limit } => (format!("a number above {limit}"), None),
        Kind::ExclusiveMaximum { limit } => (format!("a number below {limit}"), None),
        Kind::MultipleOf { multiple_of } => (format!("a multiple of {multiple_of}"), None),
        Kind::MinLength { limit } => (format!("a string of at least {limit} characters"), None),
        Kind::MaxLength { limit } => (format!("a string of at most {limit} characters"), None),
        Kind::MinItems { limit } => (format!("an array of at least {limit}"), None),
        Kind::MaxItems { limit } => (format!("an array of at most {limit}"), None),
        Kind::MinProperties { limit } => (format!("an object of at least {limit} members"), None),
        Kind::MaxProperties { limit } => (format!("an object of at most {limit} members"), None),
        Kind::Pattern { pattern } => (format!("a string that matches {:?}", short(pattern)), None),
        Kind::Format { format } => (format!("a string of the format {:?}", short(format)), None),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => (
            format!("a value of one of the {} alternatives", context.len()),
            None,
        ),
        Kind::OneOfMultipleValid { .. } => (
            "a value of exactly one of the alternatives".to_owned(),
            Some("one of several".to_owned()),
        ),
        Kind::Not { .. } => plain("a value that is not what is under \"not\""),
        Kind::Contains => plain("as many items of the schema under \"contains\" as it wants"),
        Kind::UniqueItems => plain("items that differ from each other"),
        Kind::PropertyNames { error } => {
            let (expected, _) = told(error.kind());
            let found = format!("the name {}", value(error.instance()));
            (format!("property names that fit: {expected}"), Some(found))
        }
        Kind::FalseSchema => plain("no value here"),
        _ => plain("another value"),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", short(text)),
        Value::Array(_) | Value::Object(_) => shown(value),
        plain => plain.to_string(),
    }
}

fn listed(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = if all.len() > LISTED { ", …" } else { "" };
    let names: Vec<String> = all.take(LISTED).collect();
    format!("{}{more}", names.join(", "))
}

/// Whether a value nests at most so deep.
pub(crate) fn is_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|v| is_within(v, depth - 1)),
        Value::Object(members) => depth > 0 && members.values().all(|v| is_within(v, depth - 1)),
        _ => true,
    }
}

/// Linear first: only look-around and back-references need an engine that backtracks.
pub(crate) fn engines() -> (
    PatternOptions<jsonschema::Regex>,
    PatternOptions<jsonschema::FancyRegex>,
) {
    let linear = PatternOptions::regex()
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(COMPILED_BYTES);
    let backtracking = PatternOptions::fancy_regex()
        .backtrack_limit(BACKTRACKS)
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(COMPILED_BYTES);
    (linear, backtracking)
}

/// Whether an objection is about the document, and not the validator giving up.
pub(crate) fn decided(error: &ValidationError<'_>) -> bool {
    match error.kind() {
        Kind::BacktrackLimitExceeded { .. }
        | Kind::RegexEngineFailure { .. }
        | Kind::Referencing(_) => false,
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            context.iter().flatten().all(decided)
        }
        Kind::PropertyNames { error } => decided(error),
        _ => true,
    }
}
