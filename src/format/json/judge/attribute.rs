//! Says why a document is refused: the rule, the keyword in the reader, and what the writer has there instead.

use super::walk::{Found, Walk};
use super::{Removal, rule_of, rules};
use crate::format::Difference;
use crate::format::json_text::{self, Node};
use crate::format::truth::{Arguments, Break, Effect, Place, Witness};
use crate::model::Policy;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;

/// Characters of a value or a reason that are told.
const SHOWN: usize = 120;

/// A break, and what to take away to find the next one.
pub(super) struct Attributed {
    pub(super) told: Break,
    pub(super) remove: Removal,
    /// The name that tells breaks of one keyword apart.
    pub(super) name: String,
}

/// The tokens of a JSON pointer.
pub(super) fn tokens(pointer: &str) -> Vec<String> {
    (pointer.split('/').skip(1))
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Attributes a document that is refused, by one of its errors.
pub(super) fn attribute(
    reader: &mut Walk<'_>,
    writer: &mut Walk<'_>,
    document: &serde_json::Value,
    error: &ValidationError<'_>,
    differences: &[Difference],
) -> Attributed {
    let path = tokens(error.evaluation_path().as_str());
    let instance = tokens(error.instance_path().as_str());
    let (found, _) = reader.evaluate(&path);
    let keyword = keyword_of(&found);
    let remove = removal(&found, document, error);
    let (value_at, known) = writer.speaks_of(&instance);
    let is_declared = known == instance.len();
    let subject = match instance.last() {
        Some(token) if token.parse::<usize>().is_ok() => format!("item {token}"),
        Some(token) => token.clone(),
        None => "the record".to_owned(),
    };
    let mut words = Arguments::of([
        ("property", subject.clone()),
        ("value", shown(&error.instance().to_string())),
        ("keyword", keyword.clone()),
    ]);
    let has_value = found.value.as_object().is_none() && found.value.as_array().is_none();
    if has_value
        || matches!(
            error.kind(),
            Kind::Enum { .. } | Kind::Type { .. } | Kind::Constant { .. }
        )
    {
        words.0.insert("reader", shown(&print(found.value)));
    }
    let mut in_writer = value_at.clone();
    if let Some(same) = writer.below(&value_at, &[&keyword]).filter(|_| is_declared) {
        words.0.insert("writer", shown(&print(same.value)));
        in_writer = same;
    }
    let mut name = String::new();
    let mut rule = rules::rule_of_keyword(&keyword);
    // Which keyword let the error in, when it is none of the document's own.
    let through = |wanted: &str| path.iter().rev().skip(1).any(|token| token == wanted);
    match error.kind() {
        Kind::Required { property } => {
            name = property.as_str().unwrap_or_default().to_owned();
            let declared = writer.child(&value_at, &name);
            if is_dependency(&keyword) {
                rule = Some("dependent-required-added");
            } else {
                rule = Some(match declared {
                    Some(_) => "required-added",
                    None => "required-property-added",
                });
                if let Some(declared) = declared {
                    in_writer = declared;
                }
            }
            words.0.insert("property", name.clone());
            words.0.insert("record", subject.clone());
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let extra = unexpected.first().cloned().unwrap_or_default();
            let extra = extra.trim_matches(['\'', '"']).to_owned();
            closed(&mut rule, &mut in_writer, writer, &value_at, &extra);
            words.0.insert("property", extra);
        }
        Kind::FalseSchema => {
            if keyword == "additionalProperties" || keyword == "unevaluatedProperties" {
                let members = document_at(document, &instance).and_then(|v| v.as_object());
                let extra = members
                    .and_then(|m| m.keys().next())
                    .cloned()
                    .unwrap_or_default();
                closed(&mut rule, &mut in_writer, writer, &value_at, &extra);
                words.0.insert("property", extra);
            } else if matches!(remove, Removal::Schema(_)) {
                rule = Some("schema-false");
            }
        }
        Kind::OneOfMultipleValid { .. } => rule = Some("one-of-overlap"),
        Kind::PropertyNames { .. } => rule = Some("property-names-narrowed"),
        _ => {
            let plain = matches!(keyword.as_str(), "anyOf" | "oneOf" | "not" | "contains");
            let parent = path.iter().rev().nth(1).map_or("", String::as_str);
            if through("then") || through("else") {
                rule = Some("condition-changed");
            } else if through("dependentSchemas") || through("dependencies") {
                rule = Some("dependent-schema-added");
            } else if !plain && through("patternProperties") {
                rule = Some("pattern-properties-narrowed");
            } else if !plain
                && (parent == "additionalProperties" || parent == "unevaluatedProperties")
            {
                rule = Some("additional-properties-narrowed");
            } else if !plain && !is_declared && instance.len() == known + 1 {
                let is_item = instance.last().is_some_and(|t| t.parse::<usize>().is_ok());
                rule = Some(match is_item {
                    true if parent == "items" || parent == "additionalItems" => "items-narrowed",
                    true => "item-added-to-open",
                    false => "property-added-to-open",
                });
            }
        }
    }
    if through("then") || through("else") {
        rule = Some("condition-changed");
    }
    let rule = rule.unwrap_or("schema-changed");
    let subject_name = words.0.get("property").cloned().unwrap_or_default();
    let difference = difference(differences, rule, &path, &subject_name);
    let reason = shown(&error.to_string());
    let instance_path = error.instance_path().as_str();
    Attributed {
        told: Break {
            rule,
            effect: Effect::Fails,
            reader: found.place,
            writer: in_writer.place,
            difference,
            arguments: words,
            witness: Witness {
                record: document.to_string(),
                root: None,
                hex: None,
                reading: match instance_path {
                    "" => format!("refused: {reason}"),
                    at => format!("refused at {at}: {reason}"),
                },
            },
        },
        remove,
        name,
    }
}

/// The error that says most: a plain keyword before a combination of many.
pub(super) fn plainest<'e>(
    errors: impl IntoIterator<Item = &'e ValidationError<'static>>,
) -> Option<&'e ValidationError<'static>> {
    (errors.into_iter()).min_by_key(|error| match error.kind() {
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } | Kind::Not { .. } => 2,
        Kind::OneOfMultipleValid { .. } | Kind::UnevaluatedProperties { .. } => 1,
        _ => 0,
    })
}

/// What to take from the reader so that an error does not occur.
pub(super) fn removal_of(
    reader: &mut Walk<'_>,
    document: &serde_json::Value,
    error: &ValidationError<'_>,
) -> Removal {
    let (found, _) = reader.evaluate(&tokens(error.evaluation_path().as_str()));
    removal(&found, document, error)
}

fn removal(
    found: &Found<'_>,
    document: &serde_json::Value,
    error: &ValidationError<'_>,
) -> Removal {
    let place = &found.place;
    if place.pointer.is_empty() {
        return Removal::Schema(place.clone());
    }
    let keyword = keyword_of(found);
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            if is_dependency(&keyword) {
                let instance = tokens(error.instance_path().as_str());
                let entry = dependency(found, document_at(document, &instance), name);
                return entry.unwrap_or_else(|| Removal::Keyword(place.clone()));
            }
            Removal::Item(place.clone(), name.to_owned())
        }
        Kind::FalseSchema if !closes(&keyword) => Removal::Schema(place.clone()),
        _ => Removal::Keyword(place.clone()),
    }
}

fn keyword_of(found: &Found<'_>) -> String {
    tokens(&found.place.pointer).pop().unwrap_or_default()
}

fn is_dependency(keyword: &str) -> bool {
    matches!(keyword, "dependencies" | "dependentRequired")
}

/// Keywords that are `false` where no more members or items are allowed.
fn closes(keyword: &str) -> bool {
    matches!(
        keyword,
        "additionalProperties"
            | "unevaluatedProperties"
            | "items"
            | "additionalItems"
            | "unevaluatedItems"
    )
}

/// A member that a closed reader does not allow: the writer's own, or one that it merely did not forbid.
fn closed<'a>(
    rule: &mut Option<&'static str>,
    in_writer: &mut Found<'a>,
    walk: &mut Walk<'a>,
    at: &Found<'a>,
    name: &str,
) {
    if let Some(declared) = walk.child(at, name) {
        *in_writer = declared;
        if *rule == Some("additional-properties-closed") {
            *rule = Some("property-removed-from-closed");
        }
    }
}

/// The entry of `dependencies` that wants a member.
fn dependency(
    found: &Found<'_>,
    instance: Option<&serde_json::Value>,
    wanted: &str,
) -> Option<Removal> {
    let members = found.value.as_object()?;
    let (name, _) = members.iter().find(|(name, list)| {
        instance.is_some_and(|value| value.get(name).is_some())
            && (list.as_array().into_iter().flatten()).any(|item| item.as_str() == Some(wanted))
    })?;
    let name = name.replace('~', "~0").replace('/', "~1");
    let place = Place {
        reference: found.place.reference.clone(),
        pointer: format!("{}/{name}", found.place.pointer),
    };
    Some(Removal::Item(place, wanted.to_owned()))
}

fn document_at<'v>(
    document: &'v serde_json::Value,
    path: &[String],
) -> Option<&'v serde_json::Value> {
    path.iter().try_fold(document, |at, token| match at {
        serde_json::Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        other => other.get(token),
    })
}

/// The reference's own difference at the same place, of the same rule.
fn difference(
    all: &[Difference],
    rule: &str,
    path: &[String],
    name: &str,
) -> Option<(&'static str, String)> {
    let plain: Vec<&str> = path
        .iter()
        .map(String::as_str)
        .filter(|t| !t.starts_with('$'))
        .collect();
    let spelt = |tokens: &[&str]| format!("#/{}", tokens.join("/"));
    let parent = plain.split_last().map_or(&[][..], |(_, rest)| rest);
    let places = [
        spelt(&plain),
        spelt(parent),
        spelt(&[&plain[..], &[name]].concat()),
        spelt(&[parent, &["properties", name]].concat()),
    ];
    (all.iter())
        .filter(|d| d.breaks(Policy::Strict) && rule_of(d.kind) == Some(rule))
        .find(|d| places.contains(&d.path))
        .map(|d| (d.kind, d.path.clone()))
}

fn print(node: &Node) -> String {
    json_text::print(node, &|number| number.as_spelt().to_owned())
}

/// So much of a text as is told.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
