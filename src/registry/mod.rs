//! The registry's state machine: what is known, what is asked, what is refused, what is decided.

pub mod change;
pub mod refusal;

use crate::model::Level;

/// What an operator sets for the whole server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The level where no record sets one.
    pub level: Level,
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
            mode_mutability: true,
            reject_empty_subject: false,
            validate_fields: false,
            validate_new_schemas: true,
            strict_reference_versions: false,
        }
    }
}
