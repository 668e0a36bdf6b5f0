//! How a serializer or deserializer behaves. The defaults are those of Confluent's, but for the subject's name, see
//! [`SubjectStrategy::Topic`].

use super::limits::Limits;
use crate::model::{Guid, SchemaId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Which part of a Kafka record it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    #[default]
    Value,
}

/// Under which subject a record's schema is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SubjectStrategy {
    /// `<topic>-key` or `<topic>-value`. The default: of Confluent's clients, the older ones have it, and the current
    /// ones ask for [`Associated`](Self::Associated) with the namespace `-`, which comes to the same where nothing is
    /// associated. A producer whose subjects hang on what the registry says at the time should have asked for it.
    #[default]
    Topic,
    /// The record's full name: an Avro or Protobuf full name, a JSON Schema's title.
    Record,
    /// `<topic>-<full name>`.
    TopicRecord,
    /// As the registry's associations say for the topic; [`SubjectStrategy::Topic`] where it knows none, or no
    /// associations at all.
    Associated {
        /// The namespace of the topics, e.g. the Kafka cluster's id; `-` stands for any.
        namespace: String,
    },
}

/// Which schema a record is written with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SchemaChoice {
    /// The one given, registered under the subject if it is not there yet. Confluent's default, and ours.
    #[default]
    AutoRegister,
    /// The one given, which has to be registered under the subject already.
    Registered,
    /// The subject's latest version. The record is checked against it.
    Latest,
    /// The subject's latest version whose metadata has these properties. The record is checked against it.
    LatestWithMetadata(BTreeMap<String, String>),
    /// The one with this id.
    Id(SchemaId),
    /// The one with this GUID.
    Guid(Guid),
}

/// Where the schema's id stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Framing {
    /// In front of the payload: a zero and four bytes.
    #[default]
    Prefix,
    /// In a header of the Kafka record: a one and the GUID. The payload stands alone.
    Header,
}

/// How a serializer behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerializerSettings {
    pub(super) part: Part,
    pub(super) strategy: SubjectStrategy,
    pub(super) choice: SchemaChoice,
    pub(super) normalize: bool,
    pub(super) framing: Framing,
    pub(super) latest_for: Duration,
    pub(super) limits: Limits,
}

impl Default for SerializerSettings {
    fn default() -> Self {
        Self {
            part: Part::Value,
            strategy: SubjectStrategy::Topic,
            choice: SchemaChoice::AutoRegister,
            normalize: false,
            framing: Framing::Prefix,
            latest_for: LATEST_FOR,
            limits: Limits::default(),
        }
    }
}

/// How long the latest version stays the latest before the client is asked again, which has a time of its own.
const LATEST_FOR: Duration = Duration::from_secs(60);

impl SerializerSettings {
    /// The defaults: values, subjects by topic, auto-registration, ids in front of the payload.
    pub fn new() -> Self {
        Self::default()
    }

    /// For keys instead of values.
    #[must_use]
    pub fn for_keys(mut self) -> Self {
        self.part = Part::Key;
        self
    }

    /// How subjects are named.
    #[must_use]
    pub fn strategy(mut self, strategy: SubjectStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Whether the schema is registered if it is not there yet (the default).
    #[must_use]
    pub fn auto_register(mut self, yes: bool) -> Self {
        self.choice = if yes {
            SchemaChoice::AutoRegister
        } else {
            SchemaChoice::Registered
        };
        self
    }

    /// Which schema records are written with.
    #[must_use]
    pub fn choice(mut self, choice: SchemaChoice) -> Self {
        self.choice = choice;
        self
    }

    /// Writes with the subject's latest version.
    #[must_use]
    pub fn use_latest(self) -> Self {
        self.choice(SchemaChoice::Latest)
    }

    /// Writes with the subject's latest version whose metadata has these properties.
    #[must_use]
    pub fn use_latest_with_metadata<K: Into<String>, V: Into<String>>(
        self,
        properties: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let properties = properties.into_iter().map(|(k, v)| (k.into(), v.into()));
        self.choice(SchemaChoice::LatestWithMetadata(properties.collect()))
    }

    /// Writes with the schema of this id.
    #[must_use]
    pub fn use_id(self, id: SchemaId) -> Self {
        self.choice(SchemaChoice::Id(id))
    }

    /// Writes with the schema of this GUID. Goes with [`Framing::Header`] only: a registry that is asked for a GUID
    /// does not tell the id.
    #[must_use]
    pub fn use_guid(self, guid: Guid) -> Self {
        self.choice(SchemaChoice::Guid(guid))
    }

    /// Whether the registry normalises the schema before it registers it or looks it up.
    #[must_use]
    pub fn normalize(mut self, yes: bool) -> Self {
        self.normalize = yes;
        self
    }

    /// Where the schema's id stands.
    #[must_use]
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// How long the latest version, and what associations say, stay as they are before the client is asked again (60
    /// seconds). The client keeps the latest version for its own `latest_ttl`, so a new one is used after both at most.
    #[must_use]
    pub fn latest_for(mut self, time: Duration) -> Self {
        self.latest_for = time;
        self
    }

    /// What a record may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl SerializerSettings {
    /// Whether the subject's name has the record's in it.
    #[cfg(any(feature = "client-avro", feature = "client-json"))]
    pub(super) fn needs_name(&self) -> bool {
        matches!(
            self.strategy,
            SubjectStrategy::Record | SubjectStrategy::TopicRecord
        )
    }
}

/// What a record is read into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReaderSchema {
    /// As its writer wrote it.
    #[default]
    Writers,
    /// Into this schema.
    Given(crate::client::Schema),
    /// Into the subject's latest version.
    Latest,
    /// Into the subject's latest version whose metadata has these properties.
    LatestWithMetadata(BTreeMap<String, String>),
}

/// How a deserializer behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeserializerSettings {
    pub(super) part: Part,
    pub(super) strategy: SubjectStrategy,
    pub(super) context: Option<String>,
    pub(super) reader: ReaderSchema,
    pub(super) validate: bool,
    pub(super) latest_for: Duration,
    pub(super) limits: Limits,
}

impl Default for DeserializerSettings {
    fn default() -> Self {
        Self {
            part: Part::Value,
            strategy: SubjectStrategy::Topic,
            context: None,
            reader: ReaderSchema::Writers,
            validate: true,
            latest_for: LATEST_FOR,
            limits: Limits::default(),
        }
    }
}

impl DeserializerSettings {
    /// The defaults: values, subjects by topic, records as their writers wrote them, JSON validated.
    pub fn new() -> Self {
        Self::default()
    }

    /// For keys instead of values.
    #[must_use]
    pub fn for_keys(mut self) -> Self {
        self.part = Part::Key;
        self
    }

    /// How subjects are named: matters for readers' schemas of the latest version.
    #[must_use]
    pub fn strategy(mut self, strategy: SubjectStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// The context in which ids are looked up, e.g. `.eu`.
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// What records are read into.
    #[must_use]
    pub fn reader(mut self, reader: ReaderSchema) -> Self {
        self.reader = reader;
        self
    }

    /// Whether JSON records are checked against their schemas, and Protobuf messages for their name (the default). Avro
    /// cannot be read without its schema.
    #[must_use]
    pub fn validate(mut self, yes: bool) -> Self {
        self.validate = yes;
        self
    }

    /// How long the latest version stays the latest before the client is asked again (60 seconds); the client's own
    /// `latest_ttl` comes on top.
    #[must_use]
    pub fn latest_for(mut self, time: Duration) -> Self {
        self.latest_for = time;
        self
    }

    /// What a record may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
