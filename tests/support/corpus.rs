//! Real schemas and their histories, read where they lie: `../shared/corpus`, or the folder that
//! `ACCORD_CORPUS_DIR` names. Nothing of them is kept here.

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The files, without their ending.
pub const FILES: [&str; 6] = [
    "histories_avro",
    "singles_avro",
    "histories_json",
    "singles_json",
    "histories_protobuf",
    "singles_protobuf",
];

/// A subject with its versions, oldest first.
#[derive(Debug, Deserialize)]
pub struct Subject {
    /// `owner/repo:path`.
    pub subject: String,
    /// As the API spells it.
    pub schema_type: String,
    /// Everything the texts refer to, directly or not.
    #[serde(default)]
    pub references: Vec<Named>,
    /// What a text refers to and the data do not have.
    #[serde(default)]
    pub unresolved_references: Vec<String>,
    /// The texts.
    pub versions: Vec<Version>,
}

/// A text under the name by which others refer to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Named {
    /// An Avro full name, a `$ref` without its fragment, or an import path.
    pub name: String,
    /// The text.
    pub text: String,
}

/// One version.
#[derive(Debug, Deserialize)]
pub struct Version {
    /// The text.
    pub text: String,
    /// What this version refers to, where that differs from the subject's.
    pub references: Option<Vec<Named>>,
    /// The version that its author gave it.
    pub declared: Option<String>,
}

impl Subject {
    /// What a version may refer to.
    pub fn references_of<'a>(&'a self, version: &'a Version) -> &'a [Named] {
        version.references.as_deref().unwrap_or(&self.references)
    }
}

/// The folder with the data, or a plain word that there is none.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("ACCORD_CORPUS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!(
        "corpus tests not run: there is no folder {}",
        folder.display()
    );
    None
}

/// Every `step`th subject of a file.
pub fn read(folder: &Path, file: &str, step: usize) -> Vec<Subject> {
    let path = folder.join(format!("{file}.jsonl.gz"));
    let reader = File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    BufReader::new(GzDecoder::new(reader))
        .lines()
        .map(|line| line.expect("the file is text"))
        .step_by(step)
        .map(|line| serde_json::from_str(&line).expect("a line is a subject"))
        .collect()
}

/// Which of `known` a text itself names. Its own name does not count.
pub fn direct(schema_type: &str, own: Option<&str>, text: &str, known: &[Named]) -> Vec<usize> {
    if known.is_empty() {
        return Vec::new();
    }
    let words = match schema_type {
        "PROTOBUF" => imports(text),
        "JSON" => strings(text, Some("$ref")),
        _ => strings(text, None),
    };
    let named = |name: &str| match schema_type {
        // A type in the same namespace is named without it.
        "AVRO" => {
            let short = name.rsplit('.').next().unwrap_or(name);
            words.contains(name) || words.contains(short)
        }
        _ => words.contains(name),
    };
    (0..known.len())
        .filter(|&i| own != Some(known[i].name.as_str()) && named(&known[i].name))
        .collect()
}

/// The strings of a JSON text that are values, of one key or of all; without what follows a `#` if of one.
fn strings(text: &str, key: Option<&str>) -> BTreeSet<String> {
    fn walk(value: &Value, under: Option<&str>, key: Option<&str>, out: &mut BTreeSet<String>) {
        match value {
            Value::String(text) if key.is_none() => drop(out.insert(text.clone())),
            Value::String(text) if key == under => {
                out.insert(text.split('#').next().unwrap_or_default().to_owned());
            }
            Value::Array(items) => items.iter().for_each(|v| walk(v, None, key, out)),
            Value::Object(members) => members.iter().for_each(|(k, v)| walk(v, Some(k), key, out)),
            _ => {}
        }
    }
    let mut out = BTreeSet::new();
    // A text that is not JSON names nothing; the registry will say what is wrong with it.
    if let Ok(value) = serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        walk(&value, None, key, &mut out);
    }
    out
}

/// The paths that a `.proto` text imports.
fn imports(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut rest = text;
    let mut words: Vec<&str> = Vec::new();
    while let Some(c) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if c == '"' || c == '\'' {
            let mut escaped = false;
            let end = rest[1..].find(|x| {
                let ends = x == c && !escaped;
                escaped = x == '\\' && !escaped;
                ends
            });
            let Some(end) = end else { break };
            let statement = matches!(
                words.as_slice(),
                ["import"] | ["import", "public" | "weak" | "option"]
            );
            if statement {
                out.insert(rest[1..=end].to_owned());
            }
            words.push("");
            rest = &rest[end + 2..];
        } else if c.is_alphanumeric() || c == '_' {
            let end = rest
                .find(|x: char| !(x.is_alphanumeric() || x == '_'))
                .unwrap_or(rest.len());
            words.push(&rest[..end]);
            rest = &rest[end..];
        } else {
            if matches!(c, ';' | '{' | '}') {
                words.clear();
            } else if !c.is_whitespace() {
                words.push("");
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}
