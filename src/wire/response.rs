//! What clients get. Empty strings, lists and maps are left out unless a member says otherwise.

use super::request::SchemaTags;
use crate::model::{
    Config, Guid, Level, Metadata, Policy, Reference, RuleSet, SchemaId, SchemaType, Subject,
    VerdictPolicy, Version,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an answer means that names no language.
fn avro() -> SchemaType {
    SchemaType::Avro
}

/// The answer to a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterResponse {
    /// The id.
    pub id: SchemaId,
    /// The version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The content's GUID; always there in answers of this program, not in those of older registries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<Guid>,
    /// The language; other registries leave it out for Avro.
    #[serde(default = "avro")]
    pub schema_type: SchemaType,
    /// The references as stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The metadata as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The rules as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// The text, when it is not the one that was sent (inherited, tagged, or asked for in a format): clients
    /// that register another spelling take this member for their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Arc<str>>,
    /// When it was registered, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// Whether it is soft-deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// A version of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaResponse {
    /// The qualified subject.
    pub subject: Subject,
    /// The version.
    pub version: Version,
    /// The id.
    pub id: SchemaId,
    /// The content's GUID; always there in answers of this program, not in those of older registries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<Guid>,
    /// The language; other registries leave it out for Avro.
    #[serde(default = "avro")]
    pub schema_type: SchemaType,
    /// The references.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// The text.
    pub schema: Arc<str>,
    /// Inline tags, if asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schema_tags: Vec<SchemaTags>,
    /// When it was registered, in milliseconds since 1970; 0 where a registry does not say.
    #[serde(default)]
    pub ts: i64,
    /// Whether it is soft-deleted.
    #[serde(default)]
    pub deleted: bool,
    /// The aliases of the subject, in the list of schemas and if asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// A schema by id or GUID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaStringResponse {
    /// A subject that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The version there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The id; absent in answers by GUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SchemaId>,
    /// The content's GUID; always there in answers of this program, not in those of older registries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<Guid>,
    /// The language; other registries leave it out for Avro.
    #[serde(default = "avro")]
    pub schema_type: SchemaType,
    /// The text.
    pub schema: Arc<str>,
    /// The references.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// Inline tags, if asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schema_tags: Vec<SchemaTags>,
    /// The highest id of the context, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_id: Option<i32>,
    /// When it was registered, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
    /// Whether it is soft-deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// A subject and a version that hold an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectVersionResponse {
    /// The qualified subject.
    pub subject: Subject,
    /// The version.
    pub version: Version,
}

/// A context, in dotted form, and an id in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextIdResponse {
    /// The context.
    pub context: String,
    /// The id.
    pub id: SchemaId,
}

/// The answer to a compatibility check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompatibilityResponse {
    /// The verdict.
    pub is_compatible: bool,
    /// The reasons; present exactly when asked for, even if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<String>>,
}

/// The answer to `POST …/validate`, which is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidateResponse {
    /// Whether the record is one of the schema.
    pub valid: bool,
    /// What is wrong with it: 100 things at most, none if it is valid.
    pub errors: Vec<RecordError>,
    /// Whether more is wrong than is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
    /// The schema's id.
    pub id: SchemaId,
    /// The version it was validated against.
    pub version: Version,
    /// The language.
    pub schema_type: SchemaType,
}

/// One thing that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordError {
    /// The way into the record: field names, array indexes and map keys as a JSON pointer (RFC 6901).
    pub path: String,
    /// What the schema wants there, in words.
    pub expected: String,
    /// What is there, in words; empty where that cannot be told.
    pub found: String,
    /// All of it in one sentence, for people.
    pub message: String,
}

/// The settings of a scope, as `GET` and `DELETE` show them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfigResponse(pub Config);

/// The settings of a scope as `PUT` answers: the level is called `compatibility` here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "each member is the one of `Config` of its name"
)]
pub struct ConfigUpdateResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_for_deks: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_new_schemas: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_rules: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<Policy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict_policy: Option<VerdictPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
}

impl From<Config> for ConfigUpdateResponse {
    fn from(config: Config) -> Self {
        Self {
            alias: config.alias,
            alias_for_deks: config.alias_for_deks,
            normalize: config.normalize,
            validate_fields: config.validate_fields,
            validate_new_schemas: config.validate_new_schemas,
            validate_rules: config.validate_rules,
            compatibility: config.compatibility_level,
            compatibility_policy: config.compatibility_policy,
            compatibility_group: config.compatibility_group,
            verdict_policy: config.verdict_policy,
            default_metadata: config.default_metadata,
            override_metadata: config.override_metadata,
            default_rule_set: config.default_rule_set,
            override_rule_set: config.override_rule_set,
        }
    }
}

/// A mode, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeResponse {
    /// The name; absent when a recursive delete found none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// `GET /v1/metadata/id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerClusterResponse {
    /// The scope as RBAC tools read it.
    pub scope: serde_json::Value,
}

/// `GET /v1/metadata/version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionResponse {
    /// This program's version.
    pub version: String,
    /// The commit it was built from, or `unknown`.
    pub commit_id: String,
}

/// `GET /v1/metadata/deployment`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentResponse {
    /// Free strings; present even if empty.
    pub attributes: Vec<String>,
}
