//! Inline tags: at registration, and as an operation of their own. Source: section 2.4.6 of the API contract.

use super::Decision;
use super::candidate::Candidate;
use super::change::StoredSchema;
use super::library::{Library, Spelling, Stop};
use super::query;
use super::refusal::Refusal;
use super::register::{self, Register, Registered};
use super::verdict::Detail;
use crate::format::{EntityType, TagEdit};
use crate::model::{CONFLUENT_VERSION, RuleSet, Subject, Version, VersionSpec};
use crate::wire::{ReferenceBody, SchemaTags, TagSchemaRequest};
use std::sync::Arc;

/// How many entities one request may edit; each propagated one is a walk over the schema.
const MAX_EDITS: usize = 1_000;

fn entity(tags: &SchemaTags) -> Result<(String, EntityType, Vec<String>), Refusal> {
    let entity = tags
        .schema_entity
        .as_ref()
        .ok_or_else(|| Refusal::InvalidSchema("A tag names no schema entity".into()))?;
    let kind = match entity.entity_type.to_ascii_lowercase().as_str() {
        "sr_record" => EntityType::Record,
        "sr_field" => EntityType::Field,
        other => {
            return Err(Refusal::InvalidSchema(format!(
                "Unknown entity type '{other}'; must be sr_record or sr_field"
            )));
        }
    };
    Ok((
        entity.entity_path.clone(),
        kind,
        tags.tags.clone().unwrap_or_default(),
    ))
}

fn edits(add: &[SchemaTags], remove: &[SchemaTags]) -> Result<Vec<TagEdit>, Refusal> {
    if add.len() + remove.len() > MAX_EDITS {
        return Err(Refusal::InvalidSchema(format!(
            "More than {MAX_EDITS} entities to tag"
        )));
    }
    let mut edits = Vec::with_capacity(add.len() + remove.len());
    for tags in add {
        let (path, entity, add) = entity(tags)?;
        edits.push(TagEdit {
            path,
            entity,
            add,
            remove: Vec::new(),
        });
    }
    for tags in remove {
        let (path, entity, remove) = entity(tags)?;
        edits.push(TagEdit {
            path,
            entity,
            add: Vec::new(),
            remove,
        });
    }
    Ok(edits)
}

/// The candidate's text with the inline tags that a registration asks for; `None` if it asks for none.
pub fn edited(
    library: &Library<'_>,
    command: &Register,
    candidate: &Candidate,
    previous: Option<&StoredSchema>,
) -> Result<Option<Arc<str>>, Stop> {
    let asked = edits(&command.tags_to_add, &command.tags_to_remove)?;
    let propagate = command.propagate_tags && previous.is_some();
    if asked.is_empty() && !propagate {
        return Ok(None);
    }
    let mut candidate = candidate.clone();
    let original = candidate.text.clone();
    if let Some(previous) = previous.filter(|_| propagate) {
        let inherited: Vec<TagEdit> = library
            .stored(previous)?
            .parsed
            .tags()
            .into_iter()
            .map(|tagged| TagEdit {
                path: tagged.path,
                entity: tagged.entity,
                add: tagged.tags,
                remove: Vec::new(),
            })
            .collect();
        if !inherited.is_empty() {
            let content = candidate.read(library, &command.subject, Spelling::Canonical)?;
            match content.reading.parsed.with_tags(&inherited) {
                Ok(text) => candidate.text = Some(Arc::from(text)),
                // An entity that is gone has nothing to inherit: find out which, one by one.
                Err(_) if inherited.len() > MAX_EDITS => {
                    return Err(Refusal::InvalidSchema(format!(
                        "More than {MAX_EDITS} tagged entities to take over"
                    ))
                    .into());
                }
                Err(_) => one_by_one(library, command, &mut candidate, &inherited)?,
            }
        }
    }
    if !asked.is_empty() {
        let content = candidate.read(library, &command.subject, Spelling::Canonical)?;
        let text = content
            .reading
            .parsed
            .with_tags(&asked)
            .map_err(|e| Stop::from(Refusal::from(e)))?;
        candidate.text = Some(Arc::from(text));
    }
    // What was not edited was not rewritten either.
    Ok(candidate
        .text
        .filter(|text| Some(text) != original.as_ref()))
}

fn one_by_one(
    library: &Library<'_>,
    command: &Register,
    candidate: &mut Candidate,
    edits: &[TagEdit],
) -> Result<(), Stop> {
    for edit in edits {
        let content = candidate.read(library, &command.subject, Spelling::Canonical)?;
        if let Ok(text) = content.reading.parsed.with_tags(std::slice::from_ref(edit)) {
            candidate.text = Some(Arc::from(text));
        }
    }
    Ok(())
}

/// Decides `POST …/tags`: a new version derived from the given one.
pub fn tag(
    library: &Library<'_>,
    subject: &Subject,
    version: VersionSpec,
    request: &TagSchemaRequest,
    now: i64,
) -> Result<Decision<Registered>, Stop> {
    let index = library.index;
    register::admit_subject(library, subject)?;
    let merging = request.rules_to_merge.is_some() || request.rules_to_remove.is_some();
    if request.rule_set.is_some() && merging {
        return Err(Refusal::InvalidRuleSet(
            "ruleSet should be omitted if specifying rulesToMerge or rulesToRemove".into(),
        )
        .into());
    }
    let base = query::version_anywhere(index, subject, version, query::Deleted::None)?;
    let new_version = request.new_version.unwrap_or(0);
    let mut rule_set = if let Some(rules) = &request.rule_set {
        Some(rules.clone())
    } else {
        let from = match new_version {
            n if n > 1 => index.record(&base.subject, Version(n - 1)),
            _ => index.live(&base.subject).next_back().copied(),
        };
        let previous = from
            .and_then(|r| index.schema(base.subject.context(), r.id))
            .and_then(|s| s.rule_set.clone());
        let merged = RuleSet::merge(previous.as_ref(), request.rules_to_merge.as_ref());
        merged.map(|rules| rules.without(request.rules_to_remove.as_deref().unwrap_or_default()))
    };
    if let Some(rules) = &mut rule_set {
        rules.complete_encryption_params();
    }
    let mut metadata = request
        .metadata
        .clone()
        .or_else(|| base.schema.metadata.clone())
        .unwrap_or_default();
    metadata
        .properties
        .insert(CONFLUENT_VERSION.into(), new_version.to_string());
    let candidate = Candidate {
        text: Some(library.text(base.schema.text)?),
        type_name: Some(base.schema.schema_type.to_string()),
        references: base
            .schema
            .references
            .iter()
            .map(|r| ReferenceBody {
                name: Some(r.name.clone()),
                subject: Some(r.subject.clone()),
                version: Some(r.version),
            })
            .collect(),
        metadata: Some(metadata),
        rule_set,
        id: None,
        version: new_version,
    };
    let mut decision = register::register(
        library,
        &Register {
            subject: base.subject,
            candidate,
            normalize: false,
            force: false,
            tags_to_add: request.tags_to_add.clone().unwrap_or_default(),
            tags_to_remove: request.tags_to_remove.clone().unwrap_or_default(),
            propagate_tags: false,
            detail: Detail::Messages,
        },
        now,
    )?;
    decision.reply.rewritten = true;
    Ok(decision)
}
