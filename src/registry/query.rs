//! Reading the state: what there is, under which names, in which order. Source: sections 2.2 to 2.7 and 4.3 of
//! the API contract.

use super::change::StoredSchema;
use super::index::{Index, VersionRecord};
use super::lookup::Found;
use super::refusal::Refusal;
use crate::model::{Context, Guid, SchemaId, Subject, Version, VersionSpec};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which of live and soft-deleted things are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deleted {
    /// Live ones.
    #[default]
    None,
    /// All.
    Include,
    /// Soft-deleted ones.
    Only,
}

impl Deleted {
    fn shows(self, record: &VersionRecord) -> bool {
        match self {
            Deleted::None => !record.deleted,
            Deleted::Include => true,
            Deleted::Only => record.deleted,
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many items to skip.
    pub offset: usize,
    /// How many to show; out of `1..=max` means the maximum.
    pub limit: i64,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            offset: 0,
            limit: -1,
        }
    }
}

/// The most that lists of whole schemas and of referrers show at once.
pub const SEARCH_LIMIT: usize = 1_000;
/// The most that lists of names and numbers show at once.
pub const LIST_LIMIT: usize = i32::MAX as usize;

impl Page {
    /// The part of `items`, of at most `max` items.
    pub fn of<T>(self, items: impl IntoIterator<Item = T>, max: usize) -> Vec<T> {
        let limit = usize::try_from(self.limit)
            .ok()
            .filter(|l| (1..=max).contains(l))
            .unwrap_or(max);
        items.into_iter().skip(self.offset).take(limit).collect()
    }
}

/// Whether a qualified subject is meant by the prefix of a listing: `:*:foo` is `foo…` in every context, a
/// qualified one is that context's, and anything else is the default context's.
pub fn subjects_with_prefix<'a>(
    index: &'a Index,
    prefix: &'a str,
) -> Box<dyn Iterator<Item = (&'a Subject, &'a [VersionRecord])> + 'a> {
    if let Some(name) = prefix.strip_prefix(":*:") {
        return if name.is_empty() {
            Box::new(index.subjects())
        } else {
            Box::new(
                index
                    .subjects()
                    .filter(move |(s, _)| s.name().starts_with(name)),
            )
        };
    }
    if prefix.starts_with(":.") {
        let wanted = Subject::parse(prefix);
        if wanted.context().is_default() {
            return Box::new(index.subjects().filter(move |(s, _)| {
                s.context().is_default() && s.name().starts_with(wanted.name())
            }));
        }
        return Box::new(index.subjects().filter(move |(s, _)| {
            s.context() == wanted.context() && s.name().starts_with(wanted.name())
        }));
    }
    Box::new(
        index
            .subjects_from(prefix)
            .filter(|(s, _)| s.context().is_default()),
    )
}

/// The names of subjects, in order.
pub fn subjects(index: &Index, prefix: &str, deleted: Deleted, page: Page) -> Vec<Subject> {
    let names = subjects_with_prefix(index, prefix)
        .filter(|(_, versions)| match deleted {
            Deleted::None => versions.iter().any(|r| !r.deleted),
            Deleted::Include => true,
            Deleted::Only => versions.iter().all(|r| r.deleted),
        })
        .map(|(s, _)| s.clone());
    page.of(names, LIST_LIMIT)
}

/// The versions of a subject, ascending; soft-deleted ones as negative numbers if `as_negative`.
pub fn versions(
    index: &Index,
    subject: &Subject,
    deleted: Deleted,
    as_negative: bool,
    page: Page,
) -> Result<Vec<i32>, Refusal> {
    let all = index.versions(subject);
    let exists = match deleted {
        Deleted::None => all.iter().any(|r| !r.deleted),
        Deleted::Include | Deleted::Only => !all.is_empty(),
    };
    if !exists {
        return Err(Refusal::SubjectNotFound(subject.to_string()));
    }
    let numbers = all
        .iter()
        .filter(|r| as_negative || deleted.shows(r))
        .map(|r| {
            if as_negative && r.deleted {
                -r.version.0
            } else {
                r.version.0
            }
        });
    Ok(page.of(numbers, LIST_LIMIT))
}

/// One version of a subject, without a search elsewhere. `latest` is the highest live one in any case.
pub fn version_here(
    index: &Index,
    subject: &Subject,
    version: VersionSpec,
    deleted: Deleted,
) -> Result<Found, Refusal> {
    let all = index.versions(subject);
    let exists = match deleted {
        Deleted::None => all.iter().any(|r| !r.deleted),
        Deleted::Include | Deleted::Only => !all.is_empty(),
    };
    if !exists {
        return Err(Refusal::SubjectNotFound(subject.to_string()));
    }
    let record = match version {
        VersionSpec::Latest => index.live(subject).next_back().copied(),
        VersionSpec::Exact(v) => index.record(subject, v).filter(|r| deleted.shows(r)),
    };
    record
        .and_then(|record| found(index, subject, record))
        .ok_or(Refusal::VersionNotFound(version.number()))
}

fn found(index: &Index, subject: &Subject, record: VersionRecord) -> Option<Found> {
    Some(Found {
        subject: subject.clone(),
        record,
        schema: index.schema(subject.context(), record.id)?.clone(),
    })
}

/// One version of a subject; an unqualified one that is not in the default context is looked for in all
/// others.
pub fn version_anywhere(
    index: &Index,
    subject: &Subject,
    version: VersionSpec,
    deleted: Deleted,
) -> Result<Found, Refusal> {
    let here = version_here(index, subject, version, deleted);
    if here.is_ok() || !subject.context().is_default() {
        return here;
    }
    index
        .contexts()
        .iter()
        .skip(1)
        .map(|c| version_here(index, &Subject::new(c, subject.name()), version, deleted))
        .find(Result::is_ok)
        .unwrap_or(here)
}

/// The highest version whose metadata has all these properties; without any, the highest that has metadata.
pub fn latest_with_metadata(
    index: &Index,
    subject: &Subject,
    pairs: &[(String, String)],
    deleted: Deleted,
) -> Result<Found, Refusal> {
    let mut any = false;
    for record in index.versions(subject).iter().rev() {
        if !deleted.shows(record) {
            continue;
        }
        any = true;
        let Some(found) = found(index, subject, *record) else {
            continue;
        };
        let matches = found.schema.metadata.as_ref().is_some_and(|metadata| {
            pairs
                .iter()
                .all(|(key, value)| metadata.property(key) == Some(value))
        });
        if matches {
            return Ok(found);
        }
    }
    Err(if any {
        Refusal::SchemaNotFound
    } else {
        Refusal::SubjectNotFound(subject.to_string())
    })
}

/// The ids of schemas that refer to a version, by context and id.
pub fn referenced_by(
    index: &Index,
    subject: &Subject,
    version: VersionSpec,
    deleted: bool,
    page: Page,
) -> Result<Vec<SchemaId>, Refusal> {
    let target = version_anywhere(index, subject, version, Deleted::Include)?;
    let ids = index
        .referrers(&target.subject, target.record.version)
        .filter(|(context, id)| {
            deleted
                || index
                    .holders(context, *id)
                    .any(|(_, record)| !record.deleted)
        })
        .map(|(_, id)| *id);
    Ok(page.of(ids, SEARCH_LIMIT))
}

/// A version of a subject together with how it was found.
#[derive(Debug, Clone)]
pub struct ById {
    /// The context in which the id was found.
    pub context: Context,
    /// The content.
    pub schema: Arc<StoredSchema>,
    /// A version that holds it, if any does.
    pub holder: Option<(Subject, VersionRecord)>,
}

/// A schema by id, with the contract's resolution of the `subject` parameter (section 2.6.1).
pub fn by_id(index: &Index, id: SchemaId, subject: Option<&Subject>) -> Result<ById, Refusal> {
    let unknown = || Refusal::SchemaUnknown(id.to_string());
    let any_in = |context: &Context| {
        let schema = index.schema(context, id)?.clone();
        let holder = best_holder(index, context, id, None);
        Some(ById {
            context: context.clone(),
            schema,
            holder,
        })
    };
    let exact = |subject: &Subject| {
        let schema = index.schema(subject.context(), id)?.clone();
        let holder = best_holder(index, subject.context(), id, Some(subject))?;
        Some(ById {
            context: subject.context().clone(),
            schema,
            holder: Some(holder),
        })
    };
    let default = Context::default_context();
    match subject {
        None => any_in(&default).ok_or_else(unknown),
        Some(subject) if subject.name().is_empty() => any_in(subject.context()).ok_or_else(unknown),
        Some(subject) if !subject.context().is_default() => exact(subject).ok_or_else(unknown),
        Some(subject) => exact(subject)
            .or_else(|| {
                index
                    .contexts()
                    .iter()
                    .skip(1)
                    .find_map(|c| exact(&Subject::new(c, subject.name())))
            })
            .or_else(|| any_in(&default))
            .ok_or_else(unknown),
    }
}

/// The version to name for an id, of `subject` if one is given, else of the first subject that has it live:
/// live before soft-deleted, newer before older.
fn best_holder(
    index: &Index,
    context: &Context,
    id: SchemaId,
    subject: Option<&Subject>,
) -> Option<(Subject, VersionRecord)> {
    let of = |subject: &Subject| {
        let mut newest = None;
        for record in index.versions(subject).iter().rev().filter(|r| r.id == id) {
            if !record.deleted {
                return Some(*record);
            }
            newest.get_or_insert(*record);
        }
        newest
    };
    if let Some(subject) = subject {
        return Some((subject.clone(), of(subject)?));
    }
    let mut first = None;
    for (subject, record) in index.holders(context, id) {
        if !record.deleted {
            return Some((subject.clone(), of(subject)?));
        }
        first.get_or_insert((subject, record));
    }
    first.and_then(|(subject, _)| Some((subject.clone(), of(subject)?)))
}

/// The last registered version of each subject that holds an id, by subject.
pub fn versions_of_id(
    index: &Index,
    id: SchemaId,
    subject: Option<&Subject>,
    deleted: bool,
) -> Result<Vec<(Subject, Version)>, Refusal> {
    let found = by_id(index, id, subject).map_err(|_| Refusal::SchemaNotFound)?;
    let subjects: BTreeSet<_> = index.holders(&found.context, id).map(|(s, _)| s).collect();
    Ok(subjects
        .into_iter()
        .filter_map(|s| {
            let last = index
                .versions(s)
                .iter()
                .rev()
                .find(|r| r.id == id && (deleted || !r.deleted))?;
            Some((s.clone(), last.version))
        })
        .collect())
}

/// Every context that has this content, with the ids, by context and id.
pub fn ids_of_guid(index: &Index, guid: &Guid) -> Vec<(Context, SchemaId)> {
    let mut all: Vec<_> = index
        .contexts()
        .into_iter()
        .flat_map(|context| {
            let ids: Vec<_> = index.ids_of(&context, guid).to_vec();
            ids.into_iter().map(move |id| (context.clone(), id))
        })
        .collect();
    all.sort();
    all
}

/// A schema by GUID: from the default context, else from the first other one that has it.
pub fn by_guid(index: &Index, text: &str) -> Result<ById, Refusal> {
    Guid::parse(text)
        .and_then(|guid| {
            index.contexts().into_iter().find_map(|context| {
                let id = *index.ids_of(&context, &guid).last()?;
                Some(ById {
                    schema: index.schema(&context, id)?.clone(),
                    holder: best_holder(index, &context, id, None),
                    context,
                })
            })
        })
        .ok_or_else(|| Refusal::SchemaUnknown(text.to_owned()))
}

/// What `GET /schemas` asks for.
#[derive(Debug, Clone, Default)]
pub struct SchemasQuery {
    /// As for subjects; empty means the default context.
    pub prefix: String,
    /// Whether to follow aliases.
    pub aliases: bool,
    /// Whether to show soft-deleted versions.
    pub deleted: bool,
    /// Whether to show only the highest version of each subject.
    pub latest_only: bool,
    /// Only schemas that have a rule of this type; empty for all.
    pub rule_type: String,
    /// The part of the list.
    pub page: Page,
    /// Whether only schemas bound to a resource are wanted; there are none yet.
    pub require_association: bool,
}

/// Versions of subjects, by subject and version, each with the aliases of its subject if asked for.
pub fn schemas(index: &Index, query: &SchemasQuery) -> Vec<(Found, Vec<Subject>)> {
    if query.require_association {
        return Vec::new();
    }
    let deleted = if query.deleted {
        Deleted::Include
    } else {
        Deleted::None
    };
    let mut subjects: BTreeSet<Subject> = subjects_with_prefix(index, &query.prefix)
        .map(|(s, _)| s.clone())
        .collect();
    if query.aliases {
        // A subject is also shown if one of its aliases is meant by the prefix.
        let reached: Vec<_> = index
            .subjects()
            .filter(|(s, _)| {
                index
                    .aliases_of(s)
                    .any(|alias| prefix_means(&query.prefix, alias))
            })
            .map(|(s, _)| s.clone())
            .collect();
        subjects.extend(reached);
    }
    let items = subjects.iter().flat_map(|subject| {
        let count = if query.latest_only { 1 } else { usize::MAX };
        let mut records: Vec<_> = index
            .versions(subject)
            .iter()
            .rev()
            .filter(|r| deleted.shows(r))
            .filter_map(|record| found(index, subject, *record))
            .filter(|f| query.rule_type.is_empty() || has_rule(&f.schema, &query.rule_type))
            .take(count)
            .collect();
        records.reverse();
        records.into_iter()
    });
    query
        .page
        .of(items, SEARCH_LIMIT)
        .into_iter()
        .map(|found| {
            let aliases = if query.aliases {
                index.aliases_of(&found.subject).cloned().collect()
            } else {
                Vec::new()
            };
            (found, aliases)
        })
        .collect()
}

fn has_rule(schema: &StoredSchema, rule_type: &str) -> bool {
    schema.rule_set.as_ref().is_some_and(|rules| {
        rules
            .rules()
            .any(|r| r.rule_type.as_deref() == Some(rule_type))
    })
}

fn prefix_means(prefix: &str, subject: &Subject) -> bool {
    if let Some(name) = prefix.strip_prefix(":*:") {
        return subject.name().starts_with(name);
    }
    let wanted = Subject::parse(prefix);
    subject.context() == wanted.context() && subject.name().starts_with(wanted.name())
}

/// The contexts in dotted form whose form starts with `prefix`.
pub fn contexts(index: &Index, prefix: &str, page: Page) -> Vec<Context> {
    let all = index
        .contexts()
        .into_iter()
        .filter(|c| c.as_str().starts_with(prefix));
    page.of(all, LIST_LIMIT)
}
