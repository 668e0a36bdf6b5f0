//! `accord.toml`: what may be written there. The manual is docs/accord-toml.md.

use crate::model::{Level, Mode, SchemaType, VerdictPolicy};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// Everything that `accord.toml` says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The registry's URL.
    pub registry: Option<String>,
    /// Where schemas are and what they are called.
    pub schemas: SchemaSettings,
    /// What is wanted of subjects, by name or by pattern with `*`.
    pub subjects: BTreeMap<String, SubjectSettings>,
    /// What `accord check` does.
    pub check: CheckSettings,
    /// What `accord lint` does; read by it.
    pub lint: toml::Table,
    /// Findings that are known and accepted for a while.
    pub suppress: Vec<Suppression>,
}

/// Where schemas are and what they are called.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaSettings {
    /// Folders below the root; none stands for the root. Protobuf's import paths begin in them.
    pub paths: Vec<String>,
    /// Patterns of paths that are schemas; none stands for `.avsc`, `.proto` and the `.json` files that are JSON
    /// Schemas.
    pub include: Vec<String>,
    /// Patterns of paths that are none.
    pub exclude: Vec<String>,
    /// How a path makes a subject; see docs/accord-toml.md. `{stem}` if absent.
    pub subject: Option<String>,
    /// What is said of single files.
    pub files: Vec<FileSettings>,
}

/// What is said of a single file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// The path below the root.
    pub path: String,
    /// The subject.
    pub subject: Option<String>,
    /// The version, if it is not the newest state.
    pub version: Option<i32>,
    /// The language: `avro`, `json` or `protobuf`.
    #[serde(default, rename = "type", deserialize_with = "language")]
    pub schema_type: Option<SchemaType>,
    /// References that cannot be inferred.
    #[serde(default)]
    pub references: Vec<ReferenceSettings>,
}

/// A reference that cannot be inferred.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceSettings {
    /// The name that the text uses.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The version; the newest one if absent.
    pub version: Option<i32>,
}

/// What is wanted of the subjects that a pattern is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubjectSettings {
    /// The compatibility level.
    #[serde(deserialize_with = "level")]
    pub level: Option<Level>,
    /// Which verdict decides.
    #[serde(deserialize_with = "verdict")]
    pub verdict: Option<VerdictPolicy>,
    /// The mode.
    #[serde(deserialize_with = "mode")]
    pub mode: Option<Mode>,
    /// Whether schemas are normalised.
    pub normalize: Option<bool>,
    /// How undecided checks count.
    pub undecided: Option<Rating>,
}

/// What `accord check` does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSettings {
    /// What schemas are compared with, as `--against` takes it.
    pub against: Option<String>,
    /// How undecided checks count; an error if absent.
    pub undecided: Option<Rating>,
    /// How schemas count that are gone; a warning if absent.
    pub deleted: Option<Rating>,
}

/// How a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// It is not told.
    Ok,
    /// It is told, and the result is clean.
    Warn,
    /// The result is not clean.
    Error,
}

/// A finding that is known and accepted for a while.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// The rule, with `*` for any part of it.
    pub rule: String,
    /// The subjects, with `*` for any part.
    pub subject: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it counts.
    pub until: toml::value::Date,
}

/// What schemas are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// A registry at a URL.
    Registry(String),
    /// A commit of the repository that the schemas are in.
    Git(String),
    /// A folder of schemas.
    Folder(String),
    /// A file of `accord export`.
    Bundle(String),
}

/// The registry that an option, the environment or `registry` in accord.toml names.
pub(in crate::cli) const REGISTRY: &str = "registry";

impl Against {
    /// What a text means: a URL, `registry` for the one that is named elsewhere, `git:REF`, or a path of a folder or a
    /// file.
    ///
    /// # Errors
    ///
    /// A path that leads nowhere.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == REGISTRY || text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::Registry(text.to_owned()));
        }
        if let Some(reference) = text.strip_prefix("git:") {
            return match reference.trim() {
                "" => Err("'git:' lacks a commit, a branch or a tag: git:main".to_owned()),
                reference => Ok(Self::Git(reference.to_owned())),
            };
        }
        let path = std::path::Path::new(text);
        if path.is_dir() {
            return Ok(Self::Folder(text.to_owned()));
        }
        if path.is_file() {
            return Ok(Self::Bundle(text.to_owned()));
        }
        Err(format!(
            "'{text}' is no URL, no folder and no file, nor 'registry'; a commit or a branch is written git:{text}"
        ))
    }
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(reference) => write!(f, "git:{reference}"),
            Self::Registry(text) | Self::Folder(text) | Self::Bundle(text) => f.write_str(text),
        }
    }
}

impl Settings {
    /// Reads the text of `accord.toml`.
    ///
    /// # Errors
    ///
    /// What is wrong, where, and what was probably meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| suggested(&error))?;
        settings.verify()?;
        Ok(settings)
    }

    fn verify(&self) -> Result<(), String> {
        let schemas = &self.schemas;
        for pattern in schemas.include.iter().chain(&schemas.exclude) {
            glob::Pattern::new(pattern)
                .map_err(|error| format!("the pattern {pattern}: {error}"))?;
        }
        for path in &schemas.paths {
            if path.starts_with('/') || path.split('/').any(|part| part == "..") {
                return Err(format!("schemas.paths: '{path}' is not below accord.toml"));
            }
        }
        if let Some(template) = &schemas.subject {
            super::name::verify(template)?;
        }
        let patterns = self.subjects.keys();
        for pattern in patterns.chain(self.suppress.iter().flat_map(|s| [&s.rule, &s.subject])) {
            subject_pattern(pattern)?;
        }
        Ok(())
    }

    /// What is wanted of a subject. Where several patterns say something, the longest one counts.
    pub fn of_subject(&self, subject: &str) -> SubjectSettings {
        let mut matching: Vec<(&String, &SubjectSettings)> = self
            .subjects
            .iter()
            .filter(|(pattern, _)| matches(pattern, subject))
            .collect();
        matching.sort_by_key(|(pattern, _)| (pattern.as_str() == subject, pattern.len()));
        let mut all = SubjectSettings::default();
        for (_, settings) in matching {
            all.level = settings.level.or(all.level);
            all.verdict = settings.verdict.or(all.verdict);
            all.mode = settings.mode.or(all.mode);
            all.normalize = settings.normalize.or(all.normalize);
            all.undecided = settings.undecided.or(all.undecided);
        }
        all
    }

    /// How undecided checks of a subject count.
    pub fn undecided(&self, subject: &str) -> Rating {
        (self.of_subject(subject).undecided)
            .or(self.check.undecided)
            .unwrap_or(Rating::Error)
    }
}

/// Whether a name fits a pattern with `*`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    subject_pattern(pattern).is_ok_and(|pattern| pattern.matches(name))
}

/// Names have no folders and no classes of characters: `*` is all that is special.
fn subject_pattern(pattern: &str) -> Result<glob::Pattern, String> {
    let mut escaped = String::with_capacity(pattern.len());
    for (at, part) in pattern.split('*').enumerate() {
        // Several in a row say no more than one.
        if at > 0 && !escaped.ends_with('*') {
            escaped.push('*');
        }
        escaped.push_str(&glob::Pattern::escape(part));
    }
    glob::Pattern::new(&escaped).map_err(|error| format!("the pattern {pattern}: {error}"))
}

/// The error with what was probably meant, if a name is unknown.
fn suggested(error: &toml::de::Error) -> String {
    let mut text = error.to_string().trim_end().to_owned();
    let mut quoted = error.message().split('`').skip(1).step_by(2);
    if error.message().starts_with("unknown")
        && let Some(unknown) = quoted.next()
        && let Some(meant) = nearest(unknown, quoted)
    {
        text.push_str(&format!("\ndid you mean '{meant}'?"));
    }
    text
}

/// How alike two names are at least, of which one is proposed for the other.
const ALIKE: f64 = 0.7;

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(alike, _)| *alike > ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// One of several words, in any case.
fn word<'de, D, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Option<T>,
    words: &[&str],
) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    if let Some(value) = parse(&text) {
        return Ok(Some(value));
    }
    let meant = match nearest(&text.to_uppercase(), words.iter().copied()) {
        Some(word) => format!("; did you mean '{word}'?"),
        None => String::new(),
    };
    Err(serde::de::Error::custom(format!(
        "'{text}' is none of {}{meant}",
        words.join(", ")
    )))
}

fn level<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Level>, D::Error> {
    let words = Level::ALL.map(Level::as_str);
    word(deserializer, Level::parse, &words)
}

fn verdict<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<VerdictPolicy>, D::Error> {
    let words = VerdictPolicy::ALL.map(VerdictPolicy::as_str);
    word(deserializer, VerdictPolicy::parse, &words)
}

fn mode<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Mode>, D::Error> {
    let words = [
        "READWRITE",
        "READONLY",
        "READONLY_OVERRIDE",
        "IMPORT",
        "FORWARD",
    ];
    word(
        deserializer,
        |text| Mode::parse(&text.to_uppercase()),
        &words,
    )
}

fn language<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SchemaType>, D::Error> {
    let words = SchemaType::ALL.map(SchemaType::as_str);
    word(
        deserializer,
        |text| SchemaType::from_name(&text.to_uppercase()),
        &words,
    )
}
