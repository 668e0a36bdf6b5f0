//! The registry's state machine: what is known, what is asked, what is refused, what is decided.

pub mod candidate;
pub mod change;
pub mod check;
pub mod delete;
pub mod index;
pub mod library;
pub mod lookup;
pub mod query;
pub mod refusal;
pub mod register;
pub mod scope;
pub mod settings;
pub mod tags;
pub mod validate;
pub mod verdict;

use crate::model::{Level, TextId, VerdictPolicy};
use change::Change;
use std::sync::Arc;

/// What a write comes to: the changes to commit, the texts they name, and the answer once they are committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<T> {
    /// The changes, in order; none if the state already is as asked.
    pub changes: Vec<Change>,
    /// The texts that may be new.
    pub texts: Vec<(TextId, Arc<str>)>,
    /// The answer.
    pub reply: T,
}

impl<T> Decision<T> {
    /// A decision without texts.
    pub fn new(changes: Vec<Change>, reply: T) -> Self {
        Self {
            changes,
            texts: Vec::new(),
            reply,
        }
    }

    /// An answer that changes nothing.
    pub fn unchanged(reply: T) -> Self {
        Self::new(Vec::new(), reply)
    }
}

/// What an operator sets for the whole server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The level where no record sets one.
    pub level: Level,
    /// Which verdict decides where no record says so.
    pub verdict_policy: VerdictPolicy,
    /// Whether modes may be changed.
    pub mode_mutability: bool,
    /// Whether the subjects `""` and `*` are refused.
    pub reject_empty_subject: bool,
    /// The default of `validateFields`.
    pub validate_fields: bool,
    /// The default of `validateNewSchemas`.
    pub validate_new_schemas: bool,
    /// Whether one reference name may not stand for two versions.
    pub strict_reference_versions: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: Level::Backward,
            verdict_policy: VerdictPolicy::default(),
            mode_mutability: true,
            reject_empty_subject: false,
            validate_fields: false,
            validate_new_schemas: true,
            strict_reference_versions: false,
        }
    }
}
