//! The registry saying no: one variant per documented situation, with the contract's code and words.
//!
//! Source: sections 1.5.2 to 1.5.5 of the API contract. Clients read some of these texts; the odd spellings
//! (a missing space, a doubled one, "is not a valid.") are theirs.

use crate::compat::report::Report;
use crate::format::InvalidSchema;
use crate::model::{Context, Reference, Subject, Version};
use crate::wire::ErrorCode;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what it is")]
pub enum Refusal {
    #[error("Subject '{0}' not found.")]
    SubjectNotFound(String),
    /// The version as printed: -1 for the latest.
    #[error("Version {0} not found.")]
    VersionNotFound(i32),
    #[error("Schema not found")]
    SchemaNotFound,
    /// An id or a GUID as given.
    #[error("Schema {0} not found")]
    SchemaUnknown(String),
    #[error("Subject '{0}' was soft deleted.Set permanent=true to delete permanently")]
    SubjectSoftDeleted(Subject),
    #[error("Subject '{0}' was not deleted first before being permanently deleted")]
    SubjectNotSoftDeleted(Subject),
    #[error("Subject '{0}' Version {1} was soft deleted.Set permanent=true to delete permanently")]
    VersionSoftDeleted(Subject, i32),
    #[error("Subject '{0}' Version {1} was not deleted first before being permanently deleted")]
    VersionNotSoftDeleted(Subject, i32),
    #[error("Subject '{0}' does not have subject-level compatibility configured")]
    NoSubjectLevel(Subject),
    #[error("Subject '{0}' does not have subject-level mode configured")]
    NoSubjectMode(Subject),
    #[error("Schema being registered is incompatible with an earlier schema for subject \"{subject}\", details: [{}]", messages.join(", "))]
    Incompatible {
        subject: Subject,
        messages: Vec<String>,
        report: Option<Box<Report>>,
    },
    /// A text of section 1.5.4.
    #[error("{0}")]
    InvalidSchema(String),
    #[error(
        "The specified version '{0}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""
    )]
    InvalidVersion(String),
    #[error(
        "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive"
    )]
    InvalidLevel,
    #[error("Invalid verdict policy. Valid values are confluent, semantic and strictest.")]
    InvalidVerdictPolicy,
    #[error("Invalid report. Valid values are none and full.")]
    InvalidReport,
    #[error("Invalid dryRun. Valid values are true and false.")]
    InvalidDryRun,
    /// What is wrong with the question whether a record is valid.
    #[error("Invalid validation. {0}")]
    InvalidValidation(String),
    /// What there is too much of.
    #[error("The record costs too much to check: {0}")]
    RecordTooComplex(String),
    #[error("Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")]
    InvalidMode,
    #[error("Forward mode only supported on global level")]
    ForwardOnlyGlobal,
    /// The subject is `null` for global scopes.
    #[error("Subject {subject} in context {context} is in read-only mode")]
    ReadOnly { subject: String, context: String },
    #[error("Subject {subject} in context {context} is not in import mode")]
    NotImport { subject: String, context: String },
    #[error("Subject {subject} in context {context} is not in read-write mode")]
    NotReadWrite { subject: String, context: String },
    #[error("Mode changes are not allowed")]
    ModeImmutable,
    #[error("Cannot import since found existing subjects")]
    ImportNotEmpty,
    #[error("Overwrite new schema with id {id} in context {context} is not permitted.")]
    IdTaken { id: i32, context: String },
    #[error(
        "One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={subject},version={version}}}."
    )]
    Referenced { subject: Subject, version: Version },
    #[error("The specified subject '{0}' is not a valid.")]
    InvalidSubject(Subject),
    #[error("Register operation failed because schema is too large")]
    TooLarge,
    #[error("{0}")]
    InvalidRuleSet(String),
    #[error("The specified context '{0}' is not empty.")]
    ContextNotEmpty(String),
    /// No id is left in the context.
    #[error("Error while registering schema: the ids of context {0} are used up")]
    NoIdLeft(Context),
}

impl Refusal {
    /// The documented code. An incompatible schema's is 40901 here; the server may be told to send 409.
    pub fn code(&self) -> ErrorCode {
        match self {
            Refusal::SubjectNotFound(_) => ErrorCode::SUBJECT_NOT_FOUND,
            Refusal::VersionNotFound(_) => ErrorCode::VERSION_NOT_FOUND,
            Refusal::SchemaNotFound | Refusal::SchemaUnknown(_) => ErrorCode::SCHEMA_NOT_FOUND,
            Refusal::SubjectSoftDeleted(_) => ErrorCode::SUBJECT_SOFT_DELETED,
            Refusal::SubjectNotSoftDeleted(_) => ErrorCode::SUBJECT_NOT_SOFT_DELETED,
            Refusal::VersionSoftDeleted(..) => ErrorCode::VERSION_SOFT_DELETED,
            Refusal::VersionNotSoftDeleted(..) => ErrorCode::VERSION_NOT_SOFT_DELETED,
            Refusal::NoSubjectLevel(_) => ErrorCode::NO_SUBJECT_LEVEL,
            Refusal::NoSubjectMode(_) => ErrorCode::NO_SUBJECT_MODE,
            Refusal::Incompatible { .. } => ErrorCode::INCOMPATIBLE,
            Refusal::InvalidSchema(_) => ErrorCode::INVALID_SCHEMA,
            Refusal::InvalidVersion(_) => ErrorCode::INVALID_VERSION,
            Refusal::InvalidLevel => ErrorCode::INVALID_LEVEL,
            Refusal::InvalidVerdictPolicy => ErrorCode::INVALID_VERDICT_POLICY,
            Refusal::InvalidReport => ErrorCode::INVALID_REPORT,
            Refusal::InvalidDryRun => ErrorCode::INVALID_DRY_RUN,
            Refusal::InvalidValidation(_) => ErrorCode::INVALID_VALIDATION,
            Refusal::RecordTooComplex(_) => ErrorCode::RECORD_TOO_COMPLEX,
            Refusal::InvalidMode | Refusal::ForwardOnlyGlobal => ErrorCode::INVALID_MODE,
            Refusal::ReadOnly { .. }
            | Refusal::NotImport { .. }
            | Refusal::NotReadWrite { .. }
            | Refusal::ModeImmutable
            | Refusal::ImportNotEmpty
            | Refusal::IdTaken { .. } => ErrorCode::NOT_PERMITTED,
            Refusal::Referenced { .. } => ErrorCode::REFERENCED,
            Refusal::InvalidSubject(_) => ErrorCode::INVALID_SUBJECT,
            Refusal::TooLarge => ErrorCode::TOO_LARGE,
            Refusal::InvalidRuleSet(_) => ErrorCode::INVALID_RULE_SET,
            Refusal::ContextNotEmpty(_) => ErrorCode::CONTEXT_NOT_EMPTY,
            Refusal::NoIdLeft(_) => ErrorCode::STORE,
        }
    }

    /// "Empty schema".
    pub fn empty_schema() -> Self {
        Refusal::InvalidSchema("Empty schema".into())
    }

    /// An incomplete reference.
    pub fn invalid_reference(reference: &str) -> Self {
        Refusal::InvalidSchema(format!("Invalid reference: {reference}"))
    }

    /// A reference to a version that is not there.
    pub fn missing_reference(reference: &Reference) -> Self {
        Refusal::InvalidSchema(format!(
            "No schema reference found for subject \"{}\" and version {}",
            reference.subject, reference.version
        ))
    }
}

impl From<InvalidSchema> for Refusal {
    fn from(error: InvalidSchema) -> Self {
        Refusal::InvalidSchema(error.details)
    }
}
