//! The log's vocabulary. Every write is a list of changes; folding all of them gives the registry's state.
//!
//! Kept for ever and read by other versions of this program: a variant or a member may be added under a new
//! [`FORMAT`], never renamed or given another meaning. The golden files in `tests/log_format` are never edited.

use crate::model::{
    Config, Context, Guid, Metadata, Mode, Reference, RuleSet, SchemaId, SchemaType, Subject,
    TextId, Version,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The number of this vocabulary. A node that meets a higher one stops being ready rather than guess.
///
/// 2: settings may have a verdict policy, which a program that knows 1 would pass over and decide otherwise.
pub const FORMAT: i64 = 2;

/// One step from a state of the registry to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A context exists, and its ids up to `max_id` are used up. Written when a context gets its first
    /// schema, and when its counter moves without a schema being stored.
    Context {
        /// The context.
        context: Context,
        /// The highest id handed out or imported so far; 0 for none.
        max_id: i32,
    },
    /// An id got its content. Raises the context's counter to `id`.
    SchemaStored(Arc<StoredSchema>),
    /// An id is no longer held by any version, not even a soft-deleted one.
    SchemaRemoved {
        /// The context of the id.
        context: Context,
        /// The id.
        id: SchemaId,
    },
    /// A version of a subject holds an id; replaces what the version held.
    VersionStored {
        /// The subject.
        subject: Subject,
        /// The version.
        version: Version,
        /// The id in the subject's context.
        id: SchemaId,
        /// Whether it is soft-deleted.
        deleted: bool,
        /// When it was registered, in milliseconds since 1970.
        at: i64,
    },
    /// Versions were soft-deleted.
    VersionsDeleted {
        /// The subject.
        subject: Subject,
        /// The versions, ascending.
        versions: Vec<Version>,
    },
    /// Versions were removed for good.
    VersionsRemoved {
        /// The subject.
        subject: Subject,
        /// The versions, ascending.
        versions: Vec<Version>,
    },
    /// The settings of a scope were replaced, or forgotten.
    ConfigSet {
        /// The scope: a subject, or a whole context as its empty subject. The default context's is `""`,
        /// which is also the name of that context's empty subject, as in the API.
        scope: Subject,
        /// What is stored now.
        config: Option<Arc<Config>>,
    },
    /// The mode of a scope was replaced, or forgotten.
    ModeSet {
        /// The scope, as in [`Change::ConfigSet`].
        scope: Subject,
        /// What is stored now.
        mode: Option<Mode>,
    },
    /// A context was removed from the listing. Its counter stays, so that ids are never reused.
    ContextRemoved {
        /// The context.
        context: Context,
    },
}

/// The content of a schema id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSchema {
    /// The context of the id.
    pub context: Context,
    /// The id.
    pub id: SchemaId,
    /// The language.
    #[serde(rename = "type")]
    pub schema_type: SchemaType,
    /// The key of the canonical text.
    pub text: TextId,
    /// The key of the text with the members of objects in order: two texts of one language that a lookup takes
    /// for the same have the same shape.
    pub shape: TextId,
    /// The identity of the content.
    pub guid: Guid,
    /// References as declared, with versions resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The metadata; `None` is not the same as empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
}
