//! The words of a schema registry: subject, context, id, version, level, mode, reference, metadata, rule set.
//!
//! Values only: nothing here parses a schema language, touches a store or knows HTTP.

mod config;
mod contract;
mod guid;
mod ids;
mod level;
mod names;
mod subject;

pub use config::{Config, ConfigPatch, Patch};
pub use contract::{
    CONFLUENT_RESERVED, CONFLUENT_VERSION, EnableAt, Metadata, Rule, RuleKind, RuleMode, RuleSet,
    Utf16,
};
pub use guid::{Guid, TextId, content_guid};
pub use ids::{SchemaId, Version, VersionSpec};
pub use level::{Level, Mode, Policy, VerdictPolicy};
pub use names::{Reference, SchemaType};
pub use subject::{Context, ContextError, Subject};
