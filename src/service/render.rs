//! Schemas as clients see them: formats, reference spellings, inline tags.

use super::gather::Gathered;
use super::{Error, Fault, ReadOptions, Service};
use crate::format::EntityType;
use crate::model::{Reference, SchemaType, Subject};
use crate::registry::change::StoredSchema;
use crate::registry::lookup::Found;
use crate::wire::{SchemaEntity, SchemaResponse, SchemaTags};
use std::sync::Arc;

/// The output formats that need the schema to be read.
fn is_known_format(schema_type: SchemaType, format: &str) -> bool {
    let known: &[&str] = match schema_type {
        SchemaType::Avro => &["resolved"],
        SchemaType::Json => &[],
        SchemaType::Protobuf => &["serialized", "ignore_extensions"],
    };
    known.iter().any(|f| f.eq_ignore_ascii_case(format))
}

impl Service {
    /// The text of a schema in a format; unknown formats give the stored text.
    pub(super) async fn text_in(
        &self,
        schema: &Arc<StoredSchema>,
        format: &str,
    ) -> Result<Arc<str>, Error> {
        self.text_among(&Gathered::new(), schema, format).await
    }

    /// The same for a schema whose text may be among `texts` and nowhere else.
    pub(super) async fn text_among(
        &self,
        texts: &Gathered,
        schema: &Arc<StoredSchema>,
        format: &str,
    ) -> Result<Arc<str>, Error> {
        if !is_known_format(schema.schema_type, format) {
            return match texts.get(&schema.text) {
                Some(text) => Ok(text.clone()),
                None => Ok(self.text_of(schema.text).await?),
            };
        }
        let (schema, format) = (schema.clone(), format.to_owned());
        self.run_with(texts, move |library| {
            let reading = library.stored(&schema)?;
            match reading.parsed.formatted(&format) {
                Some(text) => Ok(Arc::from(text)),
                None => library.text(schema.text),
            }
        })
        .await
    }

    /// The inline tags that carry any of `wanted`; `*` stands for every tag.
    pub(super) async fn tags_in(
        &self,
        schema: &Arc<StoredSchema>,
        wanted: &[String],
    ) -> Result<Vec<SchemaTags>, Error> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let schema = schema.clone();
        let tagged = self
            .run(move |library| Ok(library.stored(&schema)?.parsed.tags()))
            .await?;
        let any = wanted.iter().any(|w| w == "*");
        Ok(tagged
            .into_iter()
            .filter(|t| any || t.tags.iter().any(|tag| wanted.contains(tag)))
            .map(|t| SchemaTags {
                schema_entity: Some(SchemaEntity {
                    entity_path: t.path,
                    entity_type: match t.entity {
                        EntityType::Record => "sr_record".to_owned(),
                        EntityType::Field => "sr_field".to_owned(),
                    },
                }),
                tags: Some(t.tags),
            })
            .collect())
    }

    /// A version as clients see it.
    pub(super) async fn render(
        &self,
        found: &Found,
        options: &ReadOptions,
    ) -> Result<SchemaResponse, Error> {
        let schema = &found.schema;
        Ok(SchemaResponse {
            subject: found.subject.clone(),
            version: found.record.version,
            id: found.record.id,
            guid: Some(schema.guid),
            schema_type: schema.schema_type,
            references: references_as(schema, &options.reference_format),
            metadata: schema.metadata.clone(),
            rule_set: schema.rule_set.clone(),
            schema: self.text_in(schema, &options.format).await?,
            schema_tags: self.tags_in(schema, &options.find_tags).await?,
            ts: found.record.at,
            deleted: found.record.deleted,
            aliases: Vec::new(),
        })
    }
}

/// The references of a schema; `qualified` spells out their context outside the default one.
pub(super) fn references_as(schema: &StoredSchema, format: &str) -> Vec<Reference> {
    if !format.eq_ignore_ascii_case("qualified") || schema.context.is_default() {
        return schema.references.clone();
    }
    schema
        .references
        .iter()
        .map(|r| Reference {
            subject: Subject::parse_in(&schema.context, &r.subject).to_string(),
            ..r.clone()
        })
        .collect()
}

impl From<crate::registry::index::Misfit> for Fault {
    fn from(misfit: crate::registry::index::Misfit) -> Self {
        Fault::Bug(misfit.to_string())
    }
}
