//! A schema on its way in: what a request says of it, and what it says once read.

use super::change::StoredSchema;
use super::library::{Library, Reach, Reading, References, Spelling, Stop};
use super::refusal::Refusal;
use super::scope::Effective;
use crate::format::{Resolved, Strictness, json_text};
use crate::model::{
    CONFLUENT_VERSION, Guid, Metadata, Mode, Reference, RuleSet, SchemaType, Subject, TextId,
    content_guid,
};
use crate::wire::{ReferenceBody, RegisterRequest};
use std::sync::Arc;

/// How much of a schema's text an error message repeats, in characters.
const SHOWN: usize = 2_000;
/// How many references it repeats.
const SHOWN_REFERENCES: usize = 20;

/// What a request says of a schema, with the spellings of "nothing" made one.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    /// The text; `None` if absent or blank.
    pub text: Option<Arc<str>>,
    /// The language's name as sent.
    pub type_name: Option<String>,
    /// The references as sent.
    pub references: Vec<ReferenceBody>,
    /// The metadata; `None` inherits.
    pub metadata: Option<Metadata>,
    /// The rules; `None` inherits.
    pub rule_set: Option<RuleSet>,
    /// An explicit id.
    pub id: Option<i32>,
    /// 0 for any version, -1 for the latest, else an explicit one.
    pub version: i32,
}

impl From<&RegisterRequest> for Candidate {
    fn from(request: &RegisterRequest) -> Self {
        let mut rule_set = request.rule_set.clone();
        if let Some(rules) = &mut rule_set {
            rules.complete_encryption_params();
        }
        Self {
            text: request
                .schema
                .as_deref()
                .filter(|s| !s.trim().is_empty())
                .map(Arc::from),
            type_name: request.schema_type.clone().filter(|t| !t.is_empty()),
            references: request.references.clone().unwrap_or_default(),
            metadata: request.metadata.clone(),
            rule_set,
            id: request.id.filter(|id| *id >= 0),
            version: request.version.unwrap_or(0),
        }
    }
}

/// A schema as read, with everything that makes its identity.
#[derive(Debug, Clone)]
pub struct Content {
    /// The language.
    pub schema_type: SchemaType,
    /// The text to store.
    pub text: Arc<str>,
    /// Its key.
    pub text_id: TextId,
    /// Its shape, as in [`StoredSchema`].
    pub shape: TextId,
    /// The references to store.
    pub references: Vec<Reference>,
    /// The metadata.
    pub metadata: Option<Metadata>,
    /// The rules.
    pub rule_set: Option<RuleSet>,
    /// The schema.
    pub reading: Arc<Reading>,
    /// The text that was read.
    pub source: Arc<str>,
    /// The texts behind the references.
    pub resolved: Arc<[Resolved]>,
}

impl Content {
    /// The content's identity.
    pub fn guid(&self) -> Guid {
        content_guid(
            &self.text,
            &self.references,
            self.metadata.as_ref(),
            self.rule_set.as_ref(),
        )
    }

    /// Whether a stored schema has exactly this content.
    pub fn equals(&self, stored: &StoredSchema) -> bool {
        self.schema_type == stored.schema_type
            && self.references == stored.references
            && self.metadata == stored.metadata
            && self.rule_set == stored.rule_set
            && self.text_id == stored.text
    }
}

impl Candidate {
    /// The language, Avro if none is named.
    pub fn schema_type(&self) -> Result<SchemaType, Refusal> {
        match &self.type_name {
            None => Ok(SchemaType::Avro),
            Some(name) => SchemaType::from_name(name)
                .ok_or_else(|| Refusal::InvalidSchema(format!("Invalid schema type {name}"))),
        }
    }

    /// Reads the text as if it were stored already: leniently, and with references to soft-deleted versions.
    pub fn read(
        &self,
        library: &Library<'_>,
        subject: &Subject,
        spelling: Spelling,
    ) -> Result<Content, Stop> {
        self.read_as(library, subject, spelling, Strictness::Existing, Reach::Any)
    }

    /// Reads the text as a newcomer: content that the context has already keeps the rights it was accepted
    /// with, everything else gets the checks that `effective` asks for.
    pub fn read_new(
        &self,
        library: &Library<'_>,
        subject: &Subject,
        spelling: Spelling,
        effective: &Effective,
    ) -> Result<Content, Stop> {
        let content = self.read(library, subject, spelling)?;
        let known = library
            .index
            .ids_of(subject.context(), &content.guid())
            .iter()
            .any(|id| {
                library
                    .index
                    .schema(subject.context(), *id)
                    .is_some_and(|s| s.schema_type == content.schema_type)
            });
        if known {
            return Ok(content);
        }
        let strictness = if effective.validate_new_schemas {
            Strictness::New
        } else {
            Strictness::Existing
        };
        let content = self.read_as(library, subject, spelling, strictness, Reach::Live)?;
        if effective.validate_fields && content.schema_type == SchemaType::Json {
            let names = content.reading.parsed.field_names();
            if let Some(name) = names.iter().find(|n| n.starts_with("$$")) {
                let details = format!("Field names cannot start with $$ prefix: {name}");
                return Err(self.invalid(subject, SchemaType::Json, &details).into());
            }
        }
        Ok(content)
    }

    fn read_as(
        &self,
        library: &Library<'_>,
        subject: &Subject,
        spelling: Spelling,
        strictness: Strictness,
        reach: Reach,
    ) -> Result<Content, Stop> {
        let source = self.text.clone().ok_or_else(Refusal::empty_schema)?;
        let schema_type = self.schema_type()?;
        let wrap = |stop: Stop| match stop {
            Stop::Refused(Refusal::InvalidSchema(details)) => {
                Stop::Refused(self.invalid(subject, schema_type, &details))
            }
            other => other,
        };
        let References { declared, resolved } = self
            .complete_references()
            .map_err(Stop::from)
            .and_then(|references| library.resolve(subject.context(), &references, reach))
            .map_err(wrap)?;
        let reading = library
            .readings
            .read(schema_type, &source, &resolved, strictness)
            .map_err(|e| wrap(Stop::Refused(e.into())))?;
        let mut references = declared;
        if spelling == Spelling::Normalized {
            references.sort();
            references.dedup();
        }
        let text = reading.text(spelling).clone();
        Ok(Content {
            schema_type,
            text_id: TextId::of(&text),
            shape: shape(schema_type, &text, library.readings.limits().depth),
            text,
            references,
            metadata: self.metadata.clone(),
            rule_set: self.rule_set.clone().filter(|r| !r.is_empty()),
            reading,
            source,
            resolved: resolved.into(),
        })
    }

    fn complete_references(&self) -> Result<Vec<Reference>, Refusal> {
        self.references
            .iter()
            .map(|body| {
                body.complete()
                    .ok_or_else(|| Refusal::invalid_reference(&print_reference(body)))
            })
            .collect()
    }

    /// The contract's text around what a language's parser says (section 1.5.4).
    fn invalid(&self, subject: &Subject, schema_type: SchemaType, details: &str) -> Refusal {
        let references: Vec<_> = self
            .references
            .iter()
            .take(SHOWN_REFERENCES)
            .map(print_reference)
            .collect();
        let references = references.join(", ");
        Refusal::InvalidSchema(match schema_type {
            SchemaType::Avro => {
                let text = self.text.as_deref().unwrap_or_default();
                let shown: String = text.chars().take(SHOWN).collect();
                let more = if shown.len() < text.len() { "..." } else { "" };
                format!(
                    "Invalid schema of type AVRO, details: Invalid schema {{subject={subject},version={},id={},schemaType=AVRO,references=[{references}],schema={shown}{more}}} with refs [{references}] of type AVRO, details: {details}",
                    self.version,
                    self.id.unwrap_or(-1),
                )
            }
            other => format!(
                "Invalid schema of type {other}, details: Invalid schema of type {other}, details: {details}"
            ),
        })
    }

    /// The spelling in which a subject keeps its schemas.
    pub fn spelling(asked: bool, effective: &Effective, mode: Mode) -> Spelling {
        if (asked || effective.normalize) && !mode.is_import() {
            Spelling::Normalized
        } else {
            Spelling::Canonical
        }
    }

    /// The metadata and rules that a registration ends up with: the scope's defaults, the request's own or
    /// else the previous version's, and the scope's overrides.
    pub fn contract(
        &self,
        effective: &Effective,
        previous: Option<&StoredSchema>,
    ) -> (Option<Metadata>, Option<RuleSet>) {
        let config = &effective.config;
        let own = self
            .metadata
            .as_ref()
            .or_else(|| previous.and_then(|p| p.metadata.as_ref()));
        let metadata = Metadata::merge(
            Metadata::merge(config.default_metadata.as_ref(), own).as_ref(),
            config.override_metadata.as_ref(),
        );
        let own = self
            .rule_set
            .as_ref()
            .or_else(|| previous.and_then(|p| p.rule_set.as_ref()));
        let rule_set = RuleSet::merge(
            RuleSet::merge(config.default_rule_set.as_ref(), own).as_ref(),
            config.override_rule_set.as_ref(),
        );
        (metadata, rule_set.filter(|r| !r.is_empty()))
    }
}

/// The shape of a text, as in [`StoredSchema`]. Only Avro's equality does not care about the order of members.
fn shape(schema_type: SchemaType, text: &str, depth: usize) -> TextId {
    match schema_type {
        SchemaType::Avro => match json_text::parse(text, depth) {
            Ok(node) => TextId::of(&json_text::print_sorted(&node)),
            Err(_) => TextId::of(text),
        },
        SchemaType::Json | SchemaType::Protobuf => TextId::of(text),
    }
}

/// Whether two versions of a data contract are the same to a lookup: empty counts as absent, and
/// `confluent:version` only counts if both have it. `version` is the number of the stored side.
pub fn same_contract(
    new: (Option<&Metadata>, Option<&RuleSet>),
    stored: (Option<&Metadata>, Option<&RuleSet>),
    version: i32,
) -> bool {
    if new.1.filter(|r| !r.is_empty()) != stored.1.filter(|r| !r.is_empty()) {
        return false;
    }
    let empty = Metadata::default();
    let (new, stored) = (new.0.unwrap_or(&empty), stored.0.unwrap_or(&empty));
    match (
        new.property(CONFLUENT_VERSION),
        stored.property(CONFLUENT_VERSION),
    ) {
        (None, Some(_)) => *new == stored.without_property(CONFLUENT_VERSION),
        (Some(_), None) => {
            new.confluent_version() == Some(version)
                && new.without_property(CONFLUENT_VERSION) == *stored
        }
        _ => new == stored,
    }
}

fn print_reference(body: &ReferenceBody) -> String {
    format!(
        "{{name='{}', subject='{}', version={}}}",
        body.name.as_deref().unwrap_or("null"),
        body.subject.as_deref().unwrap_or("null"),
        body.version.map_or("null".to_owned(), |v| v.to_string()),
    )
}
