//! The settings of a scope, and a partial change to them.

use super::{Level, Metadata, Policy, RuleSet, VerdictPolicy};
use serde::{Deserialize, Serialize};

/// What is stored for a scope: a subject, a context, or everything. Absent members fall back as section 4.5
/// of the API contract says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Config {
    /// The subject that stands behind this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The same for encryption keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_for_deks: Option<String>,
    /// Whether to normalise at registration and lookup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
    /// Whether reserved fields are watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_fields: Option<bool>,
    /// Whether new schemas get the strict checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_new_schemas: Option<bool>,
    /// Stored and served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_rules: Option<bool>,
    /// The compatibility level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<Level>,
    /// The compatibility policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_policy: Option<Policy>,
    /// The metadata property that partitions versions into groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_group: Option<String>,
    /// Which verdict decides. A member of ours: the contract has none of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict_policy: Option<VerdictPolicy>,
    /// Laid under the metadata of each registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_metadata: Option<Metadata>,
    /// Laid over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_metadata: Option<Metadata>,
    /// Laid under the rules of each registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_rule_set: Option<RuleSet>,
    /// Laid over them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_rule_set: Option<RuleSet>,
}

/// One member of a partial change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Absent: keep what is stored.
    #[default]
    Keep,
    /// `null`: forget it.
    Clear,
    /// Replace it.
    Set(T),
}

impl<T: Clone> Patch<T> {
    fn apply(&self, stored: &mut Option<T>) {
        match self {
            Patch::Keep => {}
            Patch::Clear => *stored = None,
            Patch::Set(value) => *stored = Some(value.clone()),
        }
    }
}

/// A partial change to a [`Config`]; members as there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each member is the one of `Config` of its name"
)]
pub struct ConfigPatch {
    pub alias: Patch<String>,
    pub alias_for_deks: Patch<String>,
    pub normalize: Patch<bool>,
    pub validate_fields: Patch<bool>,
    pub validate_new_schemas: Patch<bool>,
    pub validate_rules: Patch<bool>,
    pub compatibility_level: Patch<Level>,
    pub compatibility_policy: Patch<Policy>,
    pub compatibility_group: Patch<String>,
    pub verdict_policy: Patch<VerdictPolicy>,
    pub default_metadata: Patch<Metadata>,
    pub override_metadata: Patch<Metadata>,
    pub default_rule_set: Patch<RuleSet>,
    pub override_rule_set: Patch<RuleSet>,
}

impl ConfigPatch {
    /// The stored settings after this change.
    pub fn apply(&self, stored: &Config) -> Config {
        let mut config = stored.clone();
        self.alias.apply(&mut config.alias);
        self.alias_for_deks.apply(&mut config.alias_for_deks);
        self.normalize.apply(&mut config.normalize);
        self.validate_fields.apply(&mut config.validate_fields);
        self.validate_new_schemas
            .apply(&mut config.validate_new_schemas);
        self.validate_rules.apply(&mut config.validate_rules);
        self.compatibility_level
            .apply(&mut config.compatibility_level);
        self.compatibility_policy
            .apply(&mut config.compatibility_policy);
        self.compatibility_group
            .apply(&mut config.compatibility_group);
        self.verdict_policy.apply(&mut config.verdict_policy);
        self.default_metadata.apply(&mut config.default_metadata);
        self.override_metadata.apply(&mut config.override_metadata);
        self.default_rule_set.apply(&mut config.default_rule_set);
        self.override_rule_set.apply(&mut config.override_rule_set);
        config
    }
}
