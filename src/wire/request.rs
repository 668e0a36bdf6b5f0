//! What clients send. Unknown members are ignored everywhere.

use crate::model::{
    ConfigPatch, Level, Metadata, Patch, Policy, Reference, RuleSet, VerdictPolicy,
};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// The body of a registration, a lookup and a compatibility check.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegisterRequest {
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The language's wire name; absent means Avro.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_type: Option<String>,
    /// What the text refers to.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub references: Option<Vec<ReferenceBody>>,
    /// Metadata; absent inherits, `{}` does not.
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Rules.
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<RuleSet>,
    /// An explicit id, when importing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
    /// An explicit version; 0 for any, -1 for the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// Inline tags to add.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub schema_tags_to_add: Option<Vec<SchemaTags>>,
    /// Inline tags to remove.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub schema_tags_to_remove: Option<Vec<SchemaTags>>,
    /// Whether to take over the previous version's inline tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagate_schema_tags: Option<bool>,
}

/// A reference as sent: any member may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReferenceBody {
    /// The name used in the text.
    pub name: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The version; -1 for the latest.
    pub version: Option<i32>,
}

impl ReferenceBody {
    /// The reference, if it is complete.
    pub fn complete(&self) -> Option<Reference> {
        Some(Reference {
            name: self.name.clone()?,
            subject: self.subject.clone()?,
            version: self.version?,
        })
    }
}

/// Tags of one entity of a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SchemaTags {
    /// The entity.
    #[serde(deserialize_with = "object")]
    pub schema_entity: Option<SchemaEntity>,
    /// The tags.
    pub tags: Option<Vec<String>>,
}

/// A place in a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SchemaEntity {
    /// The path, in the language's notation.
    pub entity_path: String,
    /// `sr_record` or `sr_field`.
    pub entity_type: String,
}

/// The body of `POST …/tags`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TagSchemaRequest {
    /// The version to create.
    pub new_version: Option<i32>,
    /// Tags to add.
    #[serde(deserialize_with = "objects")]
    pub tags_to_add: Option<Vec<SchemaTags>>,
    /// Tags to remove.
    #[serde(deserialize_with = "objects")]
    pub tags_to_remove: Option<Vec<SchemaTags>>,
    /// Metadata in place of the old.
    #[serde(deserialize_with = "object")]
    pub metadata: Option<Metadata>,
    /// Rules in place of the old.
    #[serde(deserialize_with = "object")]
    pub rule_set: Option<RuleSet>,
    /// Rules to lay over the old.
    #[serde(deserialize_with = "object")]
    pub rules_to_merge: Option<RuleSet>,
    /// Names of rules to drop.
    pub rules_to_remove: Option<Vec<String>>,
}

/// The body of `PUT /mode`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeRequest {
    /// The mode's name; `null` clears it; absent is a mistake.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub mode: Option<Option<String>>,
}

/// The body of `POST …/validate`, which is ours: exactly one of `record`, `payload` and `framed`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ValidateRequest {
    /// The record as JSON; `null` is one too.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<RawValue>>,
    /// The bytes of the record's encoding without a frame, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The bytes as they are in Kafka, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framed: Option<String>,
    /// How `record` is written: `json` (the default) or `avro-json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The full name of the message of a Protobuf schema; its first one by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A member that is there, `null` or not.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// A value that is an object: serde alone would read a list as an object's members in order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }
        deserializer
            .deserialize_map(Members(PhantomData))
            .map(Object)
    }
}

/// An object or `null`.
fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|object| object.0))
}

/// A list of objects, or `null`.
fn objects<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(list.map(|list| list.into_iter().map(|object| object.0).collect()))
}

/// As [`present`] for an object.
fn present_object<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    object(deserializer).map(Some)
}

/// Tells a member that is `null` from one that is absent.
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The body of `PUT /config`: absent keeps, `null` clears.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "each member is the one of `Config` of its name"
)]
pub struct ConfigRequest {
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub alias: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub alias_for_deks: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Option<bool>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<Option<bool>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub validate_new_schemas: Option<Option<bool>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub validate_rules: Option<Option<bool>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub compatibility: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub verdict_policy: Option<Option<String>>,
    #[serde(
        deserialize_with = "present_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub default_metadata: Option<Option<Metadata>>,
    #[serde(
        deserialize_with = "present_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub override_metadata: Option<Option<Metadata>>,
    #[serde(
        deserialize_with = "present_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub default_rule_set: Option<Option<RuleSet>>,
    #[serde(
        deserialize_with = "present_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub override_rule_set: Option<Option<RuleSet>>,
}

/// A name in a [`ConfigRequest`] that stands for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownName {
    /// A level that is none of the seven.
    Level,
    /// A verdict policy that is none of the three.
    VerdictPolicy,
}

impl<T> From<Patch<T>> for Option<Option<T>> {
    fn from(patch: Patch<T>) -> Self {
        match patch {
            Patch::Keep => None,
            Patch::Clear => Some(None),
            Patch::Set(value) => Some(Some(value)),
        }
    }
}

impl From<ConfigPatch> for ConfigRequest {
    fn from(patch: ConfigPatch) -> Self {
        fn name<T>(patch: Patch<T>, name: fn(T) -> &'static str) -> Option<Option<String>> {
            Option::from(patch).map(|value: Option<T>| value.map(|v| name(v).to_owned()))
        }
        Self {
            alias: patch.alias.into(),
            alias_for_deks: patch.alias_for_deks.into(),
            normalize: patch.normalize.into(),
            validate_fields: patch.validate_fields.into(),
            validate_new_schemas: patch.validate_new_schemas.into(),
            validate_rules: patch.validate_rules.into(),
            compatibility: name(patch.compatibility_level, Level::as_str),
            compatibility_policy: name(patch.compatibility_policy, Policy::as_str),
            compatibility_group: patch.compatibility_group.into(),
            verdict_policy: name(patch.verdict_policy, VerdictPolicy::as_str),
            default_metadata: patch.default_metadata.into(),
            override_metadata: patch.override_metadata.into(),
            default_rule_set: patch.default_rule_set.into(),
            override_rule_set: patch.override_rule_set.into(),
        }
    }
}

fn patch<T>(member: Option<Option<T>>) -> Patch<T> {
    match member {
        None => Patch::Keep,
        Some(None) => Patch::Clear,
        Some(Some(value)) => Patch::Set(value),
    }
}

impl ConfigRequest {
    /// The change it asks for. An unknown compatibility policy clears the stored one, as the contract has it; the
    /// verdict policy is ours, and a slip in its name must not change who decides.
    pub fn into_patch(self) -> Result<ConfigPatch, UnknownName> {
        let level = match self.compatibility {
            None => Patch::Keep,
            Some(None) => Patch::Clear,
            Some(Some(name)) => Patch::Set(Level::parse(&name).ok_or(UnknownName::Level)?),
        };
        let policy = match self.compatibility_policy {
            None => Patch::Keep,
            Some(name) => name
                .and_then(|n| Policy::parse(&n))
                .map_or(Patch::Clear, Patch::Set),
        };
        let verdict_policy = match self.verdict_policy {
            None => Patch::Keep,
            Some(None) => Patch::Clear,
            Some(Some(name)) => {
                Patch::Set(VerdictPolicy::parse(&name).ok_or(UnknownName::VerdictPolicy)?)
            }
        };
        Ok(ConfigPatch {
            alias: patch(self.alias),
            alias_for_deks: patch(self.alias_for_deks),
            normalize: patch(self.normalize),
            validate_fields: patch(self.validate_fields),
            validate_new_schemas: patch(self.validate_new_schemas),
            validate_rules: patch(self.validate_rules),
            compatibility_level: level,
            compatibility_policy: policy,
            compatibility_group: patch(self.compatibility_group),
            verdict_policy,
            default_metadata: patch(self.default_metadata),
            override_metadata: patch(self.override_metadata),
            default_rule_set: patch(self.default_rule_set),
            override_rule_set: patch(self.override_rule_set),
        })
    }
}
