//! Data contracts: metadata and rule sets, how they merge, and what is valid.
//!
//! Source of the merge and validity rules: section 3.8 of the registry's API contract.

use serde::{Deserialize, Deserializer, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The metadata property in which a registration with an explicit version notes that version.
pub const CONFLUENT_VERSION: &str = "confluent:version";
/// The metadata property that lists reserved field names, separated by commas.
pub const CONFLUENT_RESERVED: &str = "confluent:reserved";

/// A string ordered by UTF-16 code units, as the maps of the API's JVM clients and servers are. It differs from
/// Rust's order for characters above U+FFFF, and GUIDs depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Utf16(pub String);

impl PartialOrd for Utf16 {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Utf16 {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.encode_utf16().cmp(other.0.encode_utf16())
    }
}

impl From<&str> for Utf16 {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Reads `null` as the empty value.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads `""` as absent, so that a value is the same before and after it was kept.
fn blank_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// What is known about a schema beside its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Metadata {
    /// Path patterns (`**.ssn`) and their tags.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub tags: BTreeMap<Utf16, BTreeSet<Utf16>>,
    /// Free properties.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub properties: BTreeMap<Utf16, String>,
    /// Names of properties that are secret at rest.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub sensitive: BTreeSet<Utf16>,
}

impl Metadata {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.properties.is_empty() && self.sensitive.is_empty()
    }

    /// One property.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(&Utf16::from(name)).map(String::as_str)
    }

    /// The same without one property.
    pub fn without_property(&self, name: &str) -> Self {
        let mut copy = self.clone();
        copy.properties.remove(&Utf16::from(name));
        copy
    }

    /// The value of `confluent:version`, if it is a number.
    pub fn confluent_version(&self) -> Option<i32> {
        self.property(CONFLUENT_VERSION)?.parse().ok()
    }

    /// The names listed in `confluent:reserved`.
    pub fn reserved_fields(&self) -> Vec<&str> {
        self.property(CONFLUENT_RESERVED)
            .map(|list| {
                list.split(',')
                    .map(str::trim)
                    .filter(|n| !n.is_empty())
                    .collect()
            })
            .unwrap_or_default()
    }

    /// `new` laid over `old`: tags and properties by key, `sensitive` as a union.
    pub fn merge(old: Option<&Self>, new: Option<&Self>) -> Option<Self> {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (one, other) => return one.or(other).cloned(),
        };
        let mut merged = old.clone();
        merged
            .tags
            .extend(new.tags.iter().map(|(k, v)| (k.clone(), v.clone())));
        merged
            .properties
            .extend(new.properties.iter().map(|(k, v)| (k.clone(), v.clone())));
        merged.sensitive.extend(new.sensitive.iter().cloned());
        Some(merged)
    }
}

/// Whether a rule changes data or tests it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RuleKind {
    /// Changes data.
    #[default]
    Transform,
    /// Tests data.
    Condition,
}

impl RuleKind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RuleKind::Transform => "TRANSFORM",
            RuleKind::Condition => "CONDITION",
        }
    }
}

/// When clients run a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RuleMode {
    /// From an older to a newer version.
    Upgrade,
    /// From a newer to an older version.
    Downgrade,
    /// Both of these.
    Updown,
    /// When a record is written.
    Write,
    /// When a record is read.
    Read,
    /// Both of these.
    #[default]
    Writeread,
}

impl RuleMode {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RuleMode::Upgrade => "UPGRADE",
            RuleMode::Downgrade => "DOWNGRADE",
            RuleMode::Updown => "UPDOWN",
            RuleMode::Write => "WRITE",
            RuleMode::Read => "READ",
            RuleMode::Writeread => "WRITEREAD",
        }
    }
}

/// One rule of a data contract. Stored and served; clients execute it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Unique over the whole rule set.
    #[serde(default, skip_serializing_if = "is_blank")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(
        default,
        deserialize_with = "blank_is_none",
        skip_serializing_if = "is_blank"
    )]
    pub doc: Option<String>,
    /// Transform or condition.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub kind: RuleKind,
    /// When it runs.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub mode: RuleMode,
    /// The executor, e.g. `CEL`; any name is kept.
    #[serde(rename = "type", default, skip_serializing_if = "is_blank")]
    pub rule_type: Option<String>,
    /// The tags of the fields it applies to.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub tags: BTreeSet<Utf16>,
    /// Arguments of the executor.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub params: BTreeMap<Utf16, String>,
    /// The executor's expression.
    #[serde(
        default,
        deserialize_with = "blank_is_none",
        skip_serializing_if = "is_blank"
    )]
    pub expr: Option<String>,
    /// The action on success; two joined by a comma for two-way modes.
    #[serde(
        default,
        deserialize_with = "blank_is_none",
        skip_serializing_if = "is_blank"
    )]
    pub on_success: Option<String>,
    /// The action on failure.
    #[serde(
        default,
        deserialize_with = "blank_is_none",
        skip_serializing_if = "is_blank"
    )]
    pub on_failure: Option<String>,
    /// Whether clients skip it.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub disabled: bool,
}

fn is_blank(text: &Option<String>) -> bool {
    text.as_deref().is_none_or(str::is_empty)
}

/// The rules of a data contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSet {
    /// Between versions.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub migration_rules: Vec<Rule>,
    /// On the record's fields.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub domain_rules: Vec<Rule>,
    /// On the encoded bytes.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub encoding_rules: Vec<Rule>,
    /// Where the rules run: `ALL`, `CLIENT`, `GATEWAY`, `SERVER` or `NONE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_at: Option<EnableAt>,
}

/// Where rules run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EnableAt {
    /// Everywhere.
    All,
    /// In clients.
    Client,
    /// In gateways.
    Gateway,
    /// In brokers.
    Server,
    /// Nowhere.
    None,
}

impl EnableAt {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EnableAt::All => "ALL",
            EnableAt::Client => "CLIENT",
            EnableAt::Gateway => "GATEWAY",
            EnableAt::Server => "SERVER",
            EnableAt::None => "NONE",
        }
    }
}

impl RuleSet {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.rules().next().is_none() && self.enable_at.is_none()
    }

    /// Every rule, list by list.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.migration_rules
            .iter()
            .chain(&self.domain_rules)
            .chain(&self.encoding_rules)
    }

    /// `new` laid over `old`: list by list, rules of `old` survive unless `new` has one of that name.
    pub fn merge(old: Option<&Self>, new: Option<&Self>) -> Option<Self> {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (one, other) => return one.or(other).cloned(),
        };
        let list = |old: &[Rule], new: &[Rule]| -> Vec<Rule> {
            let names: HashSet<_> = new.iter().map(|r| &r.name).collect();
            old.iter()
                .filter(|r| !names.contains(&r.name))
                .chain(new)
                .cloned()
                .collect()
        };
        Some(Self {
            migration_rules: list(&old.migration_rules, &new.migration_rules),
            domain_rules: list(&old.domain_rules, &new.domain_rules),
            encoding_rules: list(&old.encoding_rules, &new.encoding_rules),
            enable_at: new.enable_at.or(old.enable_at),
        })
    }

    /// The same without the rules of these names.
    pub fn without(&self, names: &[String]) -> Self {
        let keep = |rules: &[Rule]| -> Vec<Rule> {
            rules
                .iter()
                .filter(|r| !r.name.as_ref().is_some_and(|n| names.contains(n)))
                .cloned()
                .collect()
        };
        Self {
            migration_rules: keep(&self.migration_rules),
            domain_rules: keep(&self.domain_rules),
            encoding_rules: keep(&self.encoding_rules),
            enable_at: self.enable_at,
        }
    }

    /// The first reason for which it cannot be accepted, in the contract's words.
    pub fn validate(&self) -> Result<(), String> {
        let mut names = HashSet::new();
        for rule in self.rules() {
            if let Some(name) = &rule.name
                && !names.insert(name)
            {
                return Err(format!("Found rule with duplicate name '{name}'"));
            }
        }
        for rule in self.rules() {
            rule.validate()?;
        }
        let modes = |rules: &[Rule], allowed: &[RuleMode], message: &str| {
            if rules.iter().all(|r| allowed.contains(&r.mode)) {
                Ok(())
            } else {
                Err(message.to_owned())
            }
        };
        let migration = [RuleMode::Upgrade, RuleMode::Downgrade, RuleMode::Updown];
        let record = [RuleMode::Write, RuleMode::Read, RuleMode::Writeread];
        modes(
            &self.migration_rules,
            &migration,
            "Migration rules can only be UPGRADE, DOWNGRADE, UPDOWN",
        )?;
        modes(
            &self.domain_rules,
            &record,
            "Domain rules can only be WRITE, READ, WRITEREAD",
        )?;
        modes(
            &self.encoding_rules,
            &record,
            "Encoding rules can only be WRITE, READ, WRITEREAD",
        )
    }

    /// Fills in what an encryption rule leaves out: the KEK's name from its key id, and the KMS type.
    pub fn complete_encryption_params(&mut self) {
        let lists = [
            &mut self.migration_rules,
            &mut self.domain_rules,
            &mut self.encoding_rules,
        ];
        for rule in lists.into_iter().flatten() {
            let Some(key_id) = rule.params.get(&"encrypt.kms.key.id".into()).cloned() else {
                continue;
            };
            rule.params
                .entry("encrypt.kek.name".into())
                .or_insert_with(|| {
                    key_id
                        .strip_prefix("arn:")
                        .unwrap_or(&key_id)
                        .chars()
                        .map(|c| match c {
                            c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => c,
                            _ => '-',
                        })
                        .collect()
                });
            rule.params
                .entry("encrypt.kms.type".into())
                .or_insert_with(|| "aws-kms".to_owned());
        }
    }
}

impl Rule {
    fn validate(&self) -> Result<(), String> {
        let name = self.name.as_deref().ok_or("Missing rule name")?;
        let first = name.chars().next().ok_or("Empty rule name")?;
        if name.chars().count() > 256 {
            return Err("Rule name too long".to_owned());
        }
        if !(first.is_alphabetic() || first == '_') {
            return Err(format!("Illegal initial character in rule name: {name}"));
        }
        if !name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        {
            return Err(format!("Illegal character in rule name: {name}"));
        }
        if is_blank(&self.rule_type) {
            return Err("Missing rule type".to_owned());
        }
        let two_way = matches!(self.mode, RuleMode::Writeread | RuleMode::Updown);
        let is_pair = |action: &Option<String>| action.as_deref().is_some_and(|a| a.contains(','));
        if !two_way && (is_pair(&self.on_success) || is_pair(&self.on_failure)) {
            return Err("Multiple actions only valid with WRITEREAD and UPDOWN".to_owned());
        }
        Ok(())
    }
}
