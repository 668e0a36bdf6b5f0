//! Whether two registries answer everything alike: every list, every version, every id and GUID, every setting.

use super::answers::{Likeness, compare};
use super::endpoint::{Endpoint, Told};
use super::entry::{context_of, in_path, scope_of};
use super::listing::{self, Listing, Selection};
use super::manifest::path;
use crate::cli::exit::Failure;
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many differences are kept to be shown; all are counted.
const KEPT: usize = 100;
/// How many whole versions are compared at once.
const PAGE: usize = 200;

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) enum Class {
    Lists,
    Versions,
    Ids,
    Guids,
    Settings,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Lists => "lists",
            Self::Versions => "by version",
            Self::Ids => "by id",
            Self::Guids => "by GUID",
            Self::Settings => "settings",
        }
    }
}

/// How many answers of a class there were.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(in crate::cli) struct Count {
    pub equal: usize,
    pub alike: usize,
    pub different: usize,
}

/// An answer that differs.
#[derive(Debug, Clone, Serialize)]
pub(in crate::cli) struct Difference {
    pub request: String,
    pub reason: String,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Comparison {
    pub subjects: usize,
    pub versions: usize,
    pub soft_deleted: usize,
    pub ids: usize,
    pub contexts: usize,
    pub answers: BTreeMap<Class, Count>,
    /// The first ones.
    pub differences: Vec<Difference>,
}

impl Comparison {
    pub fn different(&self) -> usize {
        self.answers.values().map(|count| count.different).sum()
    }

    fn add(&mut self, class: Class, request: &str, likeness: Likeness) {
        let count = self.answers.entry(class).or_default();
        match likeness {
            Likeness::Equal => count.equal += 1,
            Likeness::Alike => count.alike += 1,
            Likeness::Different(reason) => {
                count.different += 1;
                if self.differences.len() < KEPT {
                    let request = request.to_owned();
                    self.differences.push(Difference { request, reason });
                }
            }
        }
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "compared: {} subjects, {} versions ({} soft-deleted), {} ids, {} contexts",
            self.subjects, self.versions, self.soft_deleted, self.ids, self.contexts
        )?;
        for (class, count) in &self.answers {
            write!(f, "  {:10}  {} equal", class.name(), count.equal)?;
            if count.alike > 0 {
                write!(f, ", {} the same in other words", count.alike)?;
            }
            if count.different > 0 {
                write!(f, ", {} different", count.different)?;
            }
            writeln!(f)?;
        }
        for difference in &self.differences {
            writeln!(f, "  GET {}: {}", difference.request, difference.reason)?;
        }
        let more = self.different().saturating_sub(self.differences.len());
        if more > 0 {
            writeln!(f, "  and {more} more")?;
        }
        writeln!(f, "differences: {}", self.different())
    }
}

/// What one of the registries holds, as far as questions are made of it.
#[derive(Debug, Default)]
struct Contents {
    contexts: Vec<String>,
    versions: BTreeMap<Arc<str>, BTreeSet<i32>>,
    ids: BTreeSet<(String, i32)>,
    guids: BTreeSet<String>,
    deleted: usize,
}

async fn contents(end: &Endpoint, selection: &Selection) -> Result<Contents, Failure> {
    let (has_contexts, contexts) = listing::contexts(end).await?;
    let mut all = Contents {
        contexts,
        ..Contents::default()
    };
    let mut listing = Listing::new(end, selection, has_contexts);
    while let Some(found) = listing.next().await? {
        for schema in found {
            all.ids.insert((context_of(&schema.subject), schema.id));
            all.deleted += usize::from(schema.deleted);
            all.guids.insert(guid(&schema));
            let versions = all.versions.entry(schema.subject).or_default();
            versions.insert(schema.version);
        }
    }
    Ok(all)
}

/// The GUID by the contract's rule, so that registries that do not print it are asked for the same.
fn guid(schema: &super::entry::Schema) -> String {
    crate::model::content_guid(
        &schema.schema,
        &schema.references,
        schema.metadata.as_ref(),
        schema.rule_set.as_ref(),
    )
    .to_string()
}

/// A question for both.
struct Question {
    class: Class,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
}

fn question(class: Class, path: &[&str], query: &[(&'static str, &str)]) -> Question {
    Question {
        class,
        path: path.iter().map(|&segment| segment.to_owned()).collect(),
        query: query
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
    }
}

impl Question {
    fn shown(&self) -> String {
        let mut text = format!("/{}", self.path.join("/"));
        for (at, (name, value)) in self.query.iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
        text
    }

    async fn ask(&self, end: &Endpoint) -> Result<Told, Failure> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let query: Vec<(&str, &str)> = self.query.iter().map(|(n, v)| (*n, v.as_str())).collect();
        end.told(&path, &query).await
    }
}

/// Asks both for everything that either has.
pub(super) async fn verify(
    from: &Endpoint,
    to: &Endpoint,
    selection: &Selection,
    bar: &ProgressBar,
) -> Result<Comparison, Failure> {
    let (source, target) = tokio::try_join!(contents(from, selection), contents(to, selection))?;
    let mut comparison = Comparison {
        subjects: source.versions.len(),
        versions: source.versions.values().map(BTreeSet::len).sum(),
        soft_deleted: source.deleted,
        ids: source.ids.len(),
        contexts: source.contexts.len(),
        ..Comparison::default()
    };
    let questions = questions(&source, &target, selection);
    bar.set_length(questions.len() as u64);
    let mut answered = stream::iter(questions)
        .map(async |question| {
            let (a, b) = tokio::try_join!(question.ask(from), question.ask(to))?;
            Ok::<_, Failure>((question.class, question.shown(), compare(&a, &b)))
        })
        .buffered(from.jobs);
    while let Some((class, request, likeness)) = answered.try_next().await? {
        comparison.add(class, &request, likeness);
        bar.inc(1);
    }
    if selection.is_whole() && selection.contexts.is_empty() {
        comparison.add(Class::Lists, "/contexts", contexts(&source, &target));
    }
    Ok(comparison)
}

/// A context comes into being with its first version: one in which there is nothing cannot be made.
fn contexts(source: &Contents, target: &Contents) -> Likeness {
    if source.contexts == target.contexts {
        return Likeness::Equal;
    }
    let used: BTreeSet<String> = source.versions.keys().map(|s| context_of(s)).collect();
    let missing: Vec<&str> = source
        .contexts
        .iter()
        .filter(|context| used.contains(*context) && !target.contexts.contains(context))
        .map(String::as_str)
        .collect();
    let extra = target
        .contexts
        .iter()
        .filter(|c| !source.contexts.contains(c));
    let extra: Vec<&str> = extra.map(String::as_str).collect();
    if missing.is_empty() && extra.is_empty() {
        return Likeness::Alike;
    }
    Likeness::Different(format!(
        "only at the source: {}; only at the target: {}",
        missing.join(", "),
        extra.join(", ")
    ))
}

fn questions(source: &Contents, target: &Contents, selection: &Selection) -> Vec<Question> {
    let mut all = Vec::new();
    let deleted = ("deleted", "true");
    for prefix in selection.asked_whole() {
        let prefix = ("subjectPrefix", prefix.as_str());
        for more in [None, Some(deleted), Some(("deletedOnly", "true"))] {
            let query: Vec<_> = std::iter::once(prefix).chain(more).collect();
            all.push(question(Class::Lists, &["subjects"], &query));
        }
        let count =
            |contents: &Contents| -> usize { contents.versions.values().map(BTreeSet::len).sum() };
        let versions = count(source).max(count(target));
        for offset in (0..versions).step_by(PAGE) {
            let (offset, limit) = (offset.to_string(), PAGE.to_string());
            let page = [("offset", offset.as_str()), ("limit", limit.as_str())];
            let query = [prefix, deleted, page[0], page[1]];
            all.push(question(Class::Lists, &["schemas"], &query));
            let query = [prefix, ("latestOnly", "true"), page[0], page[1]];
            all.push(question(Class::Lists, &["schemas"], &query));
        }
    }
    let mut subjects: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for (subject, versions) in source.versions.iter().chain(&target.versions) {
        subjects.entry(subject).or_default().extend(versions);
    }
    let mut scopes: BTreeSet<Arc<str>> = subjects.keys().map(|s| Arc::from(*s)).collect();
    for (subject, versions) in &subjects {
        let path = ["subjects", in_path(subject), "versions"];
        all.push(question(Class::Lists, &path, &[]));
        all.push(question(Class::Lists, &path, &[deleted]));
        let negative = [deleted, ("deletedAsNegative", "true")];
        all.push(question(Class::Lists, &path, &negative));
        let latest = [path[0], path[1], path[2], "latest"];
        all.push(question(Class::Versions, &latest, &[]));
        for version in versions {
            let number = version.to_string();
            let path = [path[0], path[1], path[2], number.as_str()];
            all.push(question(Class::Versions, &path, &[deleted]));
            let text = [path[0], path[1], path[2], path[3], "schema"];
            all.push(question(Class::Versions, &text, &[deleted]));
            // Lists that go beyond a part of a registry say nothing about the part.
            if selection.is_whole() {
                let referrers = [path[0], path[1], path[2], path[3], "referencedby"];
                all.push(question(Class::Lists, &referrers, &[deleted]));
            }
        }
    }
    for (context, id) in source.ids.union(&target.ids) {
        let (scope, id) = (scope_of(context), id.to_string());
        let of: Vec<_> = Some(("subject", &*scope))
            .filter(|_| !scope.is_empty())
            .into_iter()
            .collect();
        all.push(question(Class::Ids, &["schemas", "ids", &id], &of));
        all.push(question(
            Class::Ids,
            &["schemas", "ids", &id, "schema"],
            &of,
        ));
        let with_deleted: Vec<_> = of.iter().copied().chain([deleted]).collect();
        if selection.is_whole() {
            for list in ["subjects", "versions"] {
                let path = ["schemas", "ids", &id, list];
                all.push(question(Class::Lists, &path, &with_deleted));
            }
        }
    }
    for guid in source.guids.union(&target.guids) {
        all.push(question(Class::Guids, &["schemas", "guids", guid], &[]));
        if selection.is_whole() && selection.contexts.is_empty() {
            all.push(question(
                Class::Lists,
                &["schemas", "guids", guid, "ids"],
                &[],
            ));
        }
    }
    if selection.is_whole() {
        let contexts = source.contexts.iter().filter(|c| selection.has_context(c));
        scopes.extend(contexts.map(|context| scope_of(context)));
        if selection.contexts.is_empty() {
            scopes.insert(Arc::from(":.__GLOBAL:"));
        }
    }
    for scope in &scopes {
        for what in ["config", "mode"] {
            let path = path(what, scope);
            all.push(question(Class::Settings, &path, &[]));
            let effective = [("defaultToGlobal", "true")];
            all.push(question(Class::Settings, &path, &effective));
        }
    }
    all
}
