//! Media types. Source: section 1.2 of the API contract.

/// The preferred type of answers.
pub const V1: &str = "application/vnd.schemaregistry.v1+json";
/// The same without a version.
pub const UNVERSIONED: &str = "application/vnd.schemaregistry+json";
/// Plain JSON.
pub const JSON: &str = "application/json";
/// What a body without a declared type counts as; read as JSON.
pub const OCTET_STREAM: &str = "application/octet-stream";
