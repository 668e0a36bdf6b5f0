//! What the client takes and gives: schemas, versions of them, and what they refer to.

use crate::model::{
    Guid, Metadata, Reference, RuleSet, SchemaId, SchemaType, Subject, TextId, Version,
};
use crate::wire::{ReferenceBody, RegisterRequest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The content of a schema, as it is registered and looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The language.
    pub schema_type: SchemaType,
    /// The text.
    pub text: Arc<str>,
    /// What the text refers to. Subjects without a context are in the context of the referring schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Metadata; none takes over the previous version's, the empty one does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Rules; none takes over the previous version's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
}

impl Schema {
    /// A text without references, metadata or rules.
    pub fn new(schema_type: SchemaType, text: impl Into<Arc<str>>) -> Self {
        Self {
            schema_type,
            text: text.into(),
            references: Vec::new(),
            metadata: None,
            rule_set: None,
        }
    }

    /// An Avro schema.
    pub fn avro(text: impl Into<Arc<str>>) -> Self {
        Self::new(SchemaType::Avro, text)
    }

    /// A JSON Schema.
    pub fn json(text: impl Into<Arc<str>>) -> Self {
        Self::new(SchemaType::Json, text)
    }

    /// A `.proto` file, or its `FileDescriptorProto` in base64.
    pub fn protobuf(text: impl Into<Arc<str>>) -> Self {
        Self::new(SchemaType::Protobuf, text)
    }

    /// The same with these references.
    #[must_use]
    pub fn with_references(mut self, references: Vec<Reference>) -> Self {
        self.references = references;
        self
    }

    /// The body that asks a registry about it.
    pub(super) fn request(&self) -> RegisterRequest {
        RegisterRequest {
            schema: Some(self.text.as_ref().to_owned()),
            schema_type: Some(self.schema_type.as_str().to_owned()),
            references: (!self.references.is_empty()).then(|| {
                self.references
                    .iter()
                    .map(|reference| ReferenceBody {
                        name: Some(reference.name.clone()),
                        subject: Some(reference.subject.clone()),
                        version: Some(reference.version),
                    })
                    .collect()
            }),
            metadata: self.metadata.clone(),
            rule_set: self.rule_set.clone(),
            ..RegisterRequest::default()
        }
    }

    /// What stands for the whole content in the keys of caches: equal exactly if all members are.
    pub(super) fn fingerprint(&self) -> Result<TextId, serde_json::Error> {
        Ok(TextId::of(&serde_json::to_string(self)?))
    }
}

/// A schema as a registry knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The id; absent only in answers by GUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SchemaId>,
    /// The content's GUID; absent where the registry does not know GUIDs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<Guid>,
    /// The subject, where the answer or the question names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The version in that subject, where the registry tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The content.
    pub schema: Schema,
    /// Whether the version is soft-deleted.
    #[serde(default)]
    pub deleted: bool,
}

/// In which form the registry prints a schema's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// As it was registered.
    #[default]
    AsRegistered,
    /// Protobuf only: the `FileDescriptorProto` in base64, so that a reader needs no parser of `.proto` files.
    Serialized,
    /// Avro only: with everything referred to put in its place.
    Resolved,
}

impl Format {
    /// The value of the parameter `format`; none for the default.
    pub(super) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::AsRegistered => None,
            Self::Serialized => Some("serialized"),
            Self::Resolved => Some("resolved"),
        }
    }
}

/// Whether the registry normalises a text before it compares or keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Normalize {
    /// As the subject's setting says.
    #[default]
    AsConfigured,
    /// It does.
    Yes,
}

/// Whether soft-deleted versions count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deleted {
    /// They do not.
    #[default]
    Hidden,
    /// They do.
    Included,
}

/// How a delete leaves things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deletion {
    /// Marked as deleted: ids keep working, and the version can be registered again.
    Soft,
    /// Gone; the version must have been soft-deleted before.
    Permanent,
}

/// What ties a resource, such as a topic, to a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Association {
    /// The subject.
    pub subject: Subject,
    /// The resource's name, e.g. the topic's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// The resource's namespace, e.g. the Kafka cluster's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_namespace: Option<String>,
    /// The resource's kind, e.g. `topic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// `key` or `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association_type: Option<String>,
    /// `STRONG` or `WEAK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// Whether it may not be changed.
    #[serde(default)]
    pub frozen: bool,
}

/// A schema with everything it refers to, directly or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The schema.
    pub root: Arc<Registered>,
    /// What it refers to: each comes after all that it refers to itself. One subject and version under two names
    /// is listed under both.
    pub references: Vec<ResolvedReference>,
}

/// Something referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedReference {
    /// The name by which the referring text knows it.
    pub name: String,
    /// The subject, with its context.
    pub subject: Subject,
    /// The version.
    pub version: Version,
    /// The schema.
    pub schema: Arc<Registered>,
}
