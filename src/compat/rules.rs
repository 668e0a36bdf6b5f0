//! The rules as data: what each file in `rules/` says, and how its sentences are filled.
//!
//! The files are embedded when the program is built and parsed once. A test sees to it that each of them parses.

use crate::format::truth::Arguments;
use crate::model::SchemaType;
use include_dir::{Dir, include_dir};
use std::sync::OnceLock;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// The folder of the rules that belong to no language.
pub const REGISTRY: &str = "registry";

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rule {
    /// The folder: `avro`, `json`, `protobuf` or `registry`.
    pub format: String,
    /// The name of its file.
    pub id: String,
    /// What its file says.
    #[serde(flatten)]
    pub text: RuleText,
}

/// The contents of a rule's file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// One line.
    pub title: String,
    /// The reference's difference names that it covers.
    pub kinds: Vec<String>,
    /// How findings of this rule are meant.
    pub severity: super::report::Severity,
    /// The sentence about one finding, with `{name}` for its arguments.
    pub message: String,
    /// What happens and why, for somebody new to it.
    pub why: String,
    /// Concrete edits that help.
    pub ways_out: Vec<String>,
    /// A pair of schemas, and a record that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
}

/// A small pair of schemas to which a rule applies.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The schema that the record is written with.
    pub writer: String,
    /// The schema that it is read with.
    pub reader: String,
    /// The record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

impl Rule {
    /// The id with its folder: `avro/field-without-default`.
    pub fn full_id(&self) -> String {
        format!("{}/{}", self.format, self.id)
    }
}

/// The folder of a language's rules.
pub fn folder(schema_type: SchemaType) -> &'static str {
    match schema_type {
        SchemaType::Avro => "avro",
        SchemaType::Json => "json",
        SchemaType::Protobuf => "protobuf",
    }
}

/// The folder's heading for people.
pub fn language(folder: &str) -> &str {
    match folder {
        "avro" => "Avro",
        "json" => "JSON Schema",
        "protobuf" => "Protobuf",
        REGISTRY => "Every language",
        other => other,
    }
}

/// Every rule, by folder and id.
pub fn all() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules: Vec<Rule> = files()
            .filter_map(|(format, id, text)| {
                Some(Rule {
                    text: parse(text).ok()?,
                    format: format.to_owned(),
                    id: id.to_owned(),
                })
            })
            .collect();
        rules.sort_by(|a, b| (&a.format, &a.id).cmp(&(&b.format, &b.id)));
        rules
    })
}

/// Every embedded file: folder, id, text.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    FILES.dirs().flat_map(|dir| {
        let format = dir.path().to_str().unwrap_or_default();
        dir.files().filter_map(move |file| {
            let path = file.path();
            (path.extension()? == "toml").then_some((
                format,
                path.file_stem()?.to_str()?,
                file.contents_utf8()?,
            ))
        })
    })
}

/// Reads a rule's file.
pub fn parse(text: &str) -> Result<RuleText, toml::de::Error> {
    toml::from_str(text)
}

/// The rule with this id.
pub fn rule(format: &str, id: &str) -> Option<&'static Rule> {
    all()
        .binary_search_by(|rule| (rule.format.as_str(), rule.id.as_str()).cmp(&(format, id)))
        .ok()
        .and_then(|at| all().get(at))
}

/// The rule that covers a difference name of a language.
pub fn rule_of_kind(format: &str, kind: &str) -> Option<&'static Rule> {
    all()
        .iter()
        .find(|rule| rule.format == format && rule.text.kinds.iter().any(|k| k == kind))
}

/// The sentence of a rule for these arguments. A rule without a file speaks by its name.
pub fn message(schema_type: SchemaType, id: &str, arguments: &Arguments) -> String {
    match rule(folder(schema_type), id) {
        Some(rule) => fill(&rule.text.message, arguments).text,
        None => format!("A record is not read as it was written ({id})."),
    }
}

/// The ways out of a rule whose words are all known.
pub fn ways_out(rule: &Rule, arguments: &Arguments) -> Vec<String> {
    rule.text
        .ways_out
        .iter()
        .map(|way| fill(way, arguments))
        .filter(|filled| filled.missing.is_empty())
        .map(|filled| filled.text)
        .collect()
}

/// A filled sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The sentence; a word that is not known is replaced by its name.
    pub text: String,
    /// The names of the words that are not known.
    pub missing: Vec<String>,
}

/// Puts the arguments in the places of `{name}`. Other braces are left alone, so sentences may quote JSON.
pub fn fill(template: &str, arguments: &Arguments) -> Filled {
    walk(template, |name| arguments.0.get(name).cloned())
}

fn walk(template: &str, word: impl Fn(&str) -> Option<String>) -> Filled {
    let mut text = String::with_capacity(template.len());
    let mut missing = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) if is_name(name) => {
                match word(name) {
                    Some(word) => text.push_str(&word),
                    None => {
                        text.push_str(&name.replace('_', " "));
                        missing.push(name.to_owned());
                    }
                }
                rest = tail;
            }
            _ => {
                text.push('{');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    Filled { text, missing }
}

/// A sentence about no pair in particular: the words' names stand for them, in capitals.
pub fn in_general(template: &str) -> String {
    walk(template, |name| Some(name.to_ascii_uppercase())).text
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_filled_and_quoted_json_is_left_alone() {
        let arguments = Arguments::of([("field", "a{b}".to_owned())]);
        let filled = fill("`{field}`: {\"default\": {value}}, {", &arguments);
        assert_eq!(filled.text, "`a{b}`: {\"default\": value}, {");
        assert_eq!(filled.missing, ["value"]);
    }

    #[test]
    fn every_embedded_file_parses() {
        for (format, id, text) in files() {
            if let Err(error) = parse(text) {
                panic!("rules/{format}/{id}.toml: {error}");
            }
            assert!(rule(format, id).is_some());
        }
    }
}
