//! Compatibility levels, policies and modes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which earlier versions a new schema must agree with, and in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// Anything goes.
    None,
    /// The new schema reads what the latest wrote.
    Backward,
    /// The new schema reads what every live version wrote.
    BackwardTransitive,
    /// The latest reads what the new schema writes.
    Forward,
    /// Every live version reads what the new schema writes.
    ForwardTransitive,
    /// Both directions, against the latest.
    Full,
    /// Both directions, against every live version.
    FullTransitive,
}

impl Level {
    /// Every level, in the order in which messages list them.
    pub const ALL: [Level; 7] = [
        Level::None,
        Level::Backward,
        Level::Forward,
        Level::Full,
        Level::BackwardTransitive,
        Level::ForwardTransitive,
        Level::FullTransitive,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::None => "NONE",
            Level::Backward => "BACKWARD",
            Level::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Level::Forward => "FORWARD",
            Level::ForwardTransitive => "FORWARD_TRANSITIVE",
            Level::Full => "FULL",
            Level::FullTransitive => "FULL_TRANSITIVE",
        }
    }

    /// Reads a level name in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|l| l.as_str().eq_ignore_ascii_case(text))
    }

    /// Whether the new schema must read old data.
    pub fn needs_backward(self) -> bool {
        matches!(
            self,
            Level::Backward | Level::BackwardTransitive | Level::Full | Level::FullTransitive
        )
    }

    /// Whether old schemas must read new data.
    pub fn needs_forward(self) -> bool {
        matches!(
            self,
            Level::Forward | Level::ForwardTransitive | Level::Full | Level::FullTransitive
        )
    }

    /// Whether every live version counts, and not the latest alone.
    pub fn is_transitive(self) -> bool {
        matches!(
            self,
            Level::BackwardTransitive | Level::ForwardTransitive | Level::FullTransitive
        )
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How strictly differences are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Policy {
    /// The default.
    #[default]
    Strict,
    /// JSON Schema only: open content models may evolve.
    Lenient,
    /// Stored and shown; judged as [`Policy::Strict`].
    Logical,
}

impl Policy {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::Strict => "STRICT",
            Policy::Lenient => "LENIENT",
            Policy::Logical => "LOGICAL",
        }
    }

    /// Reads a policy name in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Policy::Strict, Policy::Lenient, Policy::Logical]
            .into_iter()
            .find(|p| p.as_str().eq_ignore_ascii_case(text))
    }
}

/// Which verdict decides whether a schema may join.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerdictPolicy {
    /// The reference's rules.
    #[default]
    Confluent,
    /// The truth; where it is undecided, the reference's rules.
    Semantic,
    /// Both must agree that nothing breaks; undecided counts as breaking.
    Strictest,
}

impl VerdictPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Confluent, Self::Semantic, Self::Strictest];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confluent => "confluent",
            Self::Semantic => "semantic",
            Self::Strictest => "strictest",
        }
    }

    /// Reads a name in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|p| p.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for VerdictPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which writes a scope accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// Registrations without explicit ids, deletes and settings.
    #[default]
    Readwrite,
    /// Only what is known already.
    Readonly,
    /// As [`Mode::Readonly`]; kept because clients still send it.
    ReadonlyOverride,
    /// Registrations with explicit ids, unchecked.
    Import,
    /// As [`Mode::Import`], global only.
    Forward,
}

impl Mode {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Readwrite => "READWRITE",
            Mode::Readonly => "READONLY",
            Mode::ReadonlyOverride => "READONLY_OVERRIDE",
            Mode::Import => "IMPORT",
            Mode::Forward => "FORWARD",
        }
    }

    /// Reads a mode name in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Mode::Readwrite,
            Mode::Readonly,
            Mode::ReadonlyOverride,
            Mode::Import,
            Mode::Forward,
        ]
        .into_iter()
        .find(|m| m.as_str().eq_ignore_ascii_case(text))
    }

    /// Whether writes are refused.
    pub fn is_read_only(self) -> bool {
        matches!(self, Mode::Readonly | Mode::ReadonlyOverride)
    }

    /// Whether registrations carry their own ids and skip the checks.
    pub fn is_import(self) -> bool {
        matches!(self, Mode::Import | Mode::Forward)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
