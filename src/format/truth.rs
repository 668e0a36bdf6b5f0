//! What is true of a reader and a writer, whatever a rule says: proved, broken by a record, or undecided.
//!
//! "Compatible" means: a reader with the reader's schema reads everything that a writer with the writer's
//! schema may write. The languages' checkers answer with the types of this file; nothing here judges.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;

/// What one comparison may cost. There is no clock here, so time is counted in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Steps of a checker; it says `undecided` when they are used up.
    pub steps: u64,
    /// Bytes of one witness.
    pub witness_bytes: usize,
    /// How many breaks, warnings and obstacles are told, each.
    pub told: usize,
    /// Whether formats are assertions (JSON Schema; annotations otherwise).
    pub assert_formats: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            steps: 200_000,
            witness_bytes: 64 << 10,
            told: 100,
            assert_formats: false,
        }
    }
}

/// The short answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every record that the writer may write is read.
    Proved,
    /// A record was found, and executed, that is not read, or not as what was written.
    Broken,
    /// Neither was shown.
    Undecided,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Proved => "proved",
            Outcome::Broken => "broken",
            Outcome::Undecided => "undecided",
        })
    }
}

/// What a checker found out.
#[derive(Debug, Clone)]
pub struct Truth {
    /// The short answer: `Broken` if and only if there are breaks.
    pub outcome: Outcome,
    /// Records that are not read as what was written, one for each place. In order of the reader's text.
    pub breaks: Vec<Break>,
    /// Records that are read, by the language's own rules, but as something else: a long as a double.
    pub warnings: Vec<Break>,
    /// What stopped the checker. None if the outcome is `Proved`; a broken pair may have some.
    pub obstacles: Vec<Obstacle>,
    /// The same question for the language's JSON mapping (Protobuf).
    pub json_mapping: Option<Box<Truth>>,
    /// Witnesses that the checker found and that did not reproduce when they were executed: our bugs.
    pub unreproduced: u32,
}

impl Truth {
    /// The answer without a break.
    pub fn proved() -> Self {
        Self {
            outcome: Outcome::Proved,
            breaks: Vec::new(),
            warnings: Vec::new(),
            obstacles: Vec::new(),
            json_mapping: None,
            unreproduced: 0,
        }
    }

    /// The answer of a checker that was stopped.
    pub fn undecided(obstacle: Obstacle) -> Self {
        Self {
            outcome: Outcome::Undecided,
            obstacles: vec![obstacle],
            ..Self::proved()
        }
    }
}

/// A place in a schema's text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The name of the reference in whose text the place is; `None` for the schema's own text.
    pub reference: Option<Arc<str>>,
    /// Avro and JSON Schema: a JSON pointer into the text (RFC 6901). Protobuf: the full name of the element
    /// without its package, parts joined by `/` and with a leading one, e.g. `/Order/Line/price`.
    pub pointer: String,
}

impl Place {
    /// A place in the schema's own text.
    pub fn here(pointer: impl Into<String>) -> Self {
        Self {
            reference: None,
            pointer: pointer.into(),
        }
    }
}

/// What happens to the record.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Reading fails.
    Fails,
    /// It is read without something that was written.
    Lost,
    /// It is read as another value.
    Changed,
    /// What was written stays in the bytes and is not shown to the reader.
    Hidden,
}

/// One way in which a record is not read as it was written.
#[derive(Debug, Clone)]
pub struct Break {
    /// The rule's id: the name of its file, e.g. `field-without-default`.
    pub rule: &'static str,
    /// What happens.
    pub effect: Effect,
    /// Where in the reader's schema.
    pub reader: Place,
    /// Where in the writer's schema.
    pub writer: Place,
    /// The difference's own name and path as [`Difference`](super::Difference) has them, if it has one.
    pub difference: Option<(&'static str, String)>,
    /// What the rule's sentences speak of, by the names that its file uses.
    pub arguments: Arguments,
    /// The record that shows it. It was executed.
    pub witness: Witness,
}

/// The words that fill a rule's sentences, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Arguments(pub std::collections::BTreeMap<&'static str, String>);

impl Arguments {
    /// These words.
    pub fn of<const N: usize>(words: [(&'static str, String); N]) -> Self {
        Self(words.into_iter().collect())
    }
}

/// A record that was written with the writer's schema, and what the reader made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The record as JSON, as a person would write it. Avro: in Avro's JSON encoding. Protobuf: in its JSON
    /// mapping, under the writer's schema.
    pub record: String,
    /// The type that the record is of, where the schema has several roots (Protobuf: the message's full name).
    pub root: Option<String>,
    /// The encoded bytes in hex, where the language has an encoding (Avro, Protobuf).
    pub hex: Option<String>,
    /// What the reader made of it: the value it sees, or why it fails.
    pub reading: String,
}

/// What stopped a checker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Obstacle {
    /// The construct in a few words, e.g. `pattern with look-ahead`, `steps used up`.
    pub construct: String,
    /// Where it is, in the reader's or the writer's text.
    pub place: Place,
}

/// How much of a budget is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Steps(pub u64);

impl AddAssign<u64> for Steps {
    fn add_assign(&mut self, more: u64) {
        self.0 = self.0.saturating_add(more);
    }
}
