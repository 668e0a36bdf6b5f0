//! A report: both verdicts, what was compared, and every finding as data. Somebody else prints it.

use crate::format::truth::{Arguments, Effect, Outcome};
use crate::model::Version;

pub use crate::model::VerdictPolicy;

/// What a check of one candidate came to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Which verdict decides.
    pub policy: VerdictPolicy,
    /// The level in scope, as it was used.
    pub level: String,
    /// Whether the candidate may join under the policy.
    pub compatible: bool,
    /// The verdicts over everything that was compared.
    pub verdicts: Verdicts,
    /// Whether `semantic` was asked to decide, could not, and the reference's verdict stood in.
    pub fell_back: bool,
    /// The versions that were compared, newest first.
    pub compared: Vec<Version>,
    /// The live versions that the level or the group kept out, and those that the budget did not reach: these
    /// make the semantic verdict `undecided` unless something is broken.
    pub not_compared: Vec<Version>,
    /// Everything found, what breaks first; newest version first, then in the order of the reader's text.
    pub findings: Vec<Finding>,
    /// How many more findings there are than a report tells.
    #[serde(skip_serializing_if = "is_zero")]
    pub findings_left_out: usize,
    /// What could not be decided.
    pub undecided: Vec<Undecided>,
    /// How many witnesses did not reproduce and were withheld: bugs of the checker, to be logged and counted.
    #[serde(skip)]
    pub unreproduced: u32,
}

/// The verdicts side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Verdicts {
    /// By the reference's rules.
    pub confluent: Ruling,
    /// The truth: the worst of all pairs compared, `broken` before `undecided` before `proved`.
    pub semantic: Outcome,
    /// For Protobuf, the truth of the JSON mapping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_mapping: Option<Outcome>,
}

/// The verdict of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ruling {
    /// No rule is violated.
    Compatible,
    /// Some rule is.
    Incompatible,
}

/// Which way a record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Written with the old schema, read with the new one.
    Backward,
    /// Written with the new schema, read with the old one.
    Forward,
}

/// How a finding is meant.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A record breaks, and is shown.
    Broken,
    /// The reference's rules refuse it; no record was found that breaks.
    Rule,
    /// Read, but as something else by the language's own rules.
    Warning,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The rule: `avro/field-without-default`; its text is in `rules/`.
    pub rule: String,
    /// How it is meant.
    pub severity: Severity,
    /// Whether the reference's rules refuse it too.
    pub confluent: bool,
    /// Which mapping it is about where a language has two: `json` for Protobuf's JSON mapping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<&'static str>,
    /// The earlier version; absent if it is about the candidate alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Version>,
    /// Which way.
    pub direction: Direction,
    /// What happens to the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// The place in the reader's schema.
    pub reader: Site,
    /// The place in the writer's schema.
    pub writer: Site,
    /// The field's own name for the difference, e.g. `READER_FIELD_MISSING_DEFAULT_VALUE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The path in the reference's notation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the rule's sentences speak of.
    pub arguments: Arguments,
    /// One sentence that says what is wrong.
    pub message: String,
    /// Concrete edits that would help.
    pub ways_out: Vec<String>,
    /// The record that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<ShownWitness>,
}

/// A place in a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Site {
    /// The name of the reference in whose text it is; absent for the schema's own text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// See [`Place`](crate::format::truth::Place).
    pub pointer: String,
    /// From 1; absent if the pointer leads nowhere in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// From 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Where it ends: the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<usize>,
    /// Where it ends: the column after the last character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<usize>,
}

/// A witness as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ShownWitness {
    /// The record, as JSON text that a person would write.
    pub record: String,
    /// The type it is of, where the schema has several roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The encoded bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// What the reader made of it, or why it fails.
    pub reading: String,
}

/// What stopped the checker for one pair.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Undecided {
    /// The earlier version.
    pub against: Version,
    /// Which way.
    pub direction: Direction,
    /// Which mapping it is about where a language has two: `json` for Protobuf's JSON mapping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<&'static str>,
    /// The construct.
    pub construct: String,
    /// The name of the reference in whose text it is; absent for the schema's own text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Where.
    pub pointer: String,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
