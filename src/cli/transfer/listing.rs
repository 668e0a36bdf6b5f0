//! All versions of a registry, page by page.
//!
//! `GET /schemas` gives a page of whole versions; registries without it are asked subject by subject. A registry that
//! is written to while it is read moves what comes after: each page begins with the last version of the one before,
//! and if that is not where it was, reading begins anew and what was seen is passed over.

use super::endpoint::{Endpoint, is_absent};
use super::entry::{Key, Schema, in_path};
use crate::cli::exit::Failure;
use crate::client::ClientError;
use crate::model::{Metadata, Reference, RuleSet, SchemaType, Subject};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many versions the first page has; it grows and shrinks with the size of the answers.
const PAGE: usize = 200;
/// The most that registries give at once.
const LARGEST_PAGE: usize = 1_000;
/// Pages shorter than this may be larger.
const SMALL_ANSWER: usize = 4 << 20;
/// How often reading begins anew.
const RESTARTS: u32 = 20;

/// Which part of a registry is meant.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Selection {
    /// How names begin, without their contexts; none for all.
    pub prefixes: Vec<String>,
    /// Contexts in dotted form; none for all.
    pub contexts: Vec<String>,
}

impl Selection {
    /// Whether a subject belongs to it.
    pub fn has(&self, subject: &str) -> bool {
        let subject = Subject::parse(subject);
        let named =
            self.prefixes.is_empty() || self.prefixes.iter().any(|p| subject.name().starts_with(p));
        named && self.has_context(subject.context().as_str())
    }

    /// Whether a context belongs to it.
    pub fn has_context(&self, context: &str) -> bool {
        self.contexts.is_empty() || self.contexts.iter().any(|c| c == context)
    }

    /// Whether it is everything in its contexts, so that their own settings belong to it.
    pub fn is_whole(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// The same with each name's beginning in each context: lists of names are compared for each of them.
    pub(super) fn asked_whole(&self) -> Vec<String> {
        if self.prefixes.len() < 2 {
            return self.asked();
        }
        let one = |prefix: &String| Self {
            prefixes: vec![prefix.clone()],
            contexts: self.contexts.clone(),
        };
        self.prefixes.iter().flat_map(|p| one(p).asked()).collect()
    }

    /// What to ask a registry for, as values of `subjectPrefix`. A name's beginning is only sent if there is one.
    fn asked(&self) -> Vec<String> {
        let name = match self.prefixes.as_slice() {
            [one] => one.as_str(),
            _ => "",
        };
        if self.contexts.is_empty() {
            return vec![format!(":*:{name}")];
        }
        let prefix = |context: &String| match context.as_str() {
            "." => name.to_owned(),
            other => format!(":{other}:{name}"),
        };
        self.contexts.iter().map(prefix).collect()
    }
}

/// A version as registries of all ages print it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    subject: Arc<str>,
    version: i32,
    id: i32,
    schema_type: Option<SchemaType>,
    schema: Arc<str>,
    references: Option<Vec<Reference>>,
    metadata: Option<Metadata>,
    rule_set: Option<RuleSet>,
    deleted: Option<bool>,
}

impl Listed {
    pub fn complete(self, live: impl FnOnce(&str, i32) -> bool) -> Schema {
        let deleted = self
            .deleted
            .unwrap_or_else(|| !live(&self.subject, self.version));
        Schema {
            subject: self.subject,
            version: self.version,
            id: self.id,
            schema_type: self.schema_type.unwrap_or(SchemaType::Avro),
            schema: self.schema,
            references: self.references.unwrap_or_default(),
            metadata: self.metadata,
            rule_set: self.rule_set,
            deleted,
        }
    }
}

/// How a registry is read.
#[derive(Debug)]
enum Way {
    Pages,
    /// The subjects still to be read, the last one first.
    Subjects(Vec<String>),
}

/// The versions of a registry, soft-deleted ones included.
#[derive(Debug)]
pub(super) struct Listing<'a> {
    end: &'a Endpoint,
    selection: &'a Selection,
    /// What is still to be asked for, the last one first; none where a registry has no contexts.
    prefixes: Vec<Option<String>>,
    way: Way,
    offset: usize,
    page: usize,
    last: Option<Key>,
    seen: HashSet<Key>,
    restarts: u32,
}

impl<'a> Listing<'a> {
    /// `contexts` says whether the registry has any.
    pub fn new(end: &'a Endpoint, selection: &'a Selection, contexts: HasContexts) -> Self {
        let mut prefixes: Vec<_> = match contexts {
            HasContexts::Yes => selection.asked().into_iter().map(Some).collect(),
            HasContexts::No => vec![None],
        };
        prefixes.reverse();
        Self {
            end,
            selection,
            prefixes,
            way: Way::Pages,
            offset: 0,
            page: PAGE,
            last: None,
            seen: HashSet::new(),
            restarts: 0,
        }
    }

    /// Some more versions, those of a subject in ascending order; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Schema>>, Failure> {
        loop {
            if let Way::Subjects(left) = &mut self.way {
                let Some(subject) = left.pop() else {
                    return Ok(None);
                };
                let found = of_subject(self.end, &subject).await?;
                return Ok(Some(self.fresh(found)));
            }
            let Some(prefix) = self.prefixes.last().cloned() else {
                return Ok(None);
            };
            match self.page(prefix.as_deref()).await {
                Ok(Some(listed)) => {
                    let found = completed(self.end, listed).await?;
                    return Ok(Some(self.fresh(found)));
                }
                Ok(None) => {}
                Err(error) if is_absent(&error) && self.seen.is_empty() => {
                    let mut subjects = subjects(self.end, self.selection, &self.prefixes).await?;
                    subjects.reverse();
                    self.way = Way::Subjects(subjects);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What is selected and was not given before.
    fn fresh(&mut self, found: Vec<Schema>) -> Vec<Schema> {
        found
            .into_iter()
            .filter(|schema| self.selection.has(&schema.subject))
            .filter(|schema| self.seen.insert(schema.key()))
            .collect()
    }

    /// A page; nothing if there is more to ask for, in another place or size.
    async fn page(&mut self, prefix: Option<&str>) -> Result<Option<Vec<Listed>>, ClientError> {
        // The last version of the page before comes again.
        let overlap = usize::from(self.last.is_some());
        let offset = (self.offset - overlap.min(self.offset)).to_string();
        let limit = (self.page + overlap).min(LARGEST_PAGE);
        let limit_text = limit.to_string();
        let mut query = vec![
            ("deleted", "true"),
            ("offset", offset.as_str()),
            ("limit", limit_text.as_str()),
        ];
        if let Some(prefix) = prefix {
            query.insert(0, ("subjectPrefix", prefix));
        }
        let asked = self
            .end
            .ask(crate::client::Method::Get, &["schemas"], &query, None);
        let body = match asked.await {
            Ok(body) => body,
            Err(ClientError::TooLarge { .. }) if self.page > 1 => {
                self.page /= 2;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut listed: Vec<Listed> = serde_json::from_slice(&body).map_err(|error| {
            ClientError::Invalid(
                format!("the answer of /schemas is not as expected: {error}").into(),
            )
        })?;
        if let Some(last) = self.last.take() {
            let first = listed
                .first()
                .map(|first| (first.subject.clone(), first.version));
            if first.as_ref() != Some(&last) {
                self.restarts += 1;
                if self.restarts > RESTARTS {
                    return Err(ClientError::Invalid(
                        "the registry is written to faster than it can be read".into(),
                    ));
                }
                self.offset = 0;
                return Ok(None);
            }
            listed.remove(0);
        }
        if listed.is_empty() {
            self.prefixes.pop();
            self.offset = 0;
            return Ok(Some(listed));
        }
        self.offset += listed.len();
        self.last = listed
            .last()
            .map(|last| (last.subject.clone(), last.version));
        if body.len() < SMALL_ANSWER {
            self.page = (self.page * 2).min(LARGEST_PAGE - 1);
        }
        Ok(Some(listed))
    }
}

/// Whether a registry has contexts; the oldest have none, and some products never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HasContexts {
    Yes,
    No,
}

/// The contexts in dotted form, the default one first.
pub(super) async fn contexts(end: &Endpoint) -> Result<(HasContexts, Vec<String>), Failure> {
    match end.maybe::<Vec<String>>(&["contexts"], &[]).await? {
        Some(found) => Ok((HasContexts::Yes, found)),
        None => Ok((HasContexts::No, vec![".".to_owned()])),
    }
}

/// The names of subjects, soft-deleted ones included.
async fn subjects(
    end: &Endpoint,
    selection: &Selection,
    prefixes: &[Option<String>],
) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for prefix in prefixes {
        let mut query = vec![("deleted", "true")];
        if let Some(prefix) = prefix {
            query.push(("subjectPrefix", prefix));
        }
        let found: Vec<String> = end.get(&["subjects"], &query).await?;
        all.extend(found.into_iter().filter(|subject| selection.has(subject)));
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// The versions of a subject, one by one.
async fn of_subject(end: &Endpoint, subject: &str) -> Result<Vec<Schema>, Failure> {
    let path = ["subjects", in_path(subject), "versions"];
    let versions: Vec<i32> = end.get(&path, &[("deleted", "true")]).await?;
    let live = live(end, subject).await?;
    let found = stream::iter(versions)
        .map(async |version| {
            let number = version.to_string();
            let path = ["subjects", in_path(subject), "versions", &number];
            let listed: Option<Listed> = end.maybe(&path, &[("deleted", "true")]).await?;
            Ok::<_, ClientError>(listed.map(|l| l.complete(|_, version| live.contains(&version))))
        })
        .buffered(end.jobs)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// The live versions of a subject.
async fn live(end: &Endpoint, subject: &str) -> Result<HashSet<i32>, ClientError> {
    let path = ["subjects", in_path(subject), "versions"];
    Ok(end.maybe(&path, &[]).await?.unwrap_or_default())
}

/// Versions of a list. Registries that do not say which are soft-deleted are asked for the live ones.
async fn completed(end: &Endpoint, listed: Vec<Listed>) -> Result<Vec<Schema>, Failure> {
    let mut unknown: Vec<Arc<str>> = listed
        .iter()
        .filter(|l| l.deleted.is_none())
        .map(|l| l.subject.clone())
        .collect();
    unknown.dedup();
    let live: HashMap<Arc<str>, HashSet<i32>> = stream::iter(unknown)
        .map(async |subject| {
            let versions = live(end, &subject).await?;
            Ok::<_, ClientError>((subject, versions))
        })
        .buffer_unordered(end.jobs)
        .try_collect()
        .await?;
    let is_live = |subject: &str, version| live.get(subject).is_some_and(|v| v.contains(&version));
    Ok(listed.into_iter().map(|l| l.complete(is_live)).collect())
}

/// One version, whether soft-deleted or not; nothing if there is none. A subject with an alias is read from the list,
/// because its own path leads elsewhere.
pub(super) async fn version(
    end: &Endpoint,
    contexts: HasContexts,
    key: &Key,
) -> Result<Option<Schema>, Failure> {
    let (subject, version) = key;
    let number = version.to_string();
    let path = ["subjects", in_path(subject), "versions", &number];
    let listed: Option<Listed> = end.maybe(&path, &[("deleted", "true")]).await?;
    if let Some(listed) = listed
        && listed.subject == *subject
    {
        let completed = completed(end, vec![listed]).await?;
        return Ok(completed.into_iter().next());
    }
    let parsed = Subject::parse(subject);
    let selection = Selection {
        prefixes: vec![parsed.name().to_owned()],
        contexts: vec![parsed.context().as_str().to_owned()],
    };
    let mut listing = Listing::new(end, &selection, contexts);
    while let Some(found) = listing.next().await? {
        if let Some(schema) = found.into_iter().find(|schema| schema.key() == *key) {
            return Ok(Some(schema));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Method, MockTransport, RegistryClient, Reply};
    use serde_json::{Value, json};

    fn endpoint(mock: &Arc<MockTransport>) -> Endpoint {
        let client = RegistryClient::builder("").transport(mock.clone()).build();
        Endpoint {
            client: client.unwrap(),
            jobs: 2,
        }
    }

    fn version(subject: &str, version: i32) -> Value {
        json!({"subject": subject, "version": version, "id": 1, "schema": "\"string\""})
    }

    async fn all(end: &Endpoint, contexts: HasContexts) -> Vec<(String, i32, bool)> {
        let selection = Selection::default();
        let mut listing = Listing::new(end, &selection, contexts);
        let mut all = Vec::new();
        while let Some(page) = listing.next().await.unwrap() {
            all.extend(
                page.into_iter()
                    .map(|s| (s.subject.to_string(), s.version, s.deleted)),
            );
        }
        all
    }

    #[tokio::test]
    async fn old_registries_are_read_subject_by_subject() {
        let mock = MockTransport::new("http://old");
        mock.on(
            Method::Get,
            "/subjects?deleted=true",
            Reply::ok(json!(["a"])),
        );
        mock.on(Method::Get, "/subjects/a/versions", Reply::ok(json!([2])));
        let with_deleted = "/subjects/a/versions?deleted=true";
        mock.on(Method::Get, with_deleted, Reply::ok(json!([1, 2])));
        for number in [1, 2] {
            let target = format!("/subjects/a/versions/{number}");
            mock.on(Method::Get, &target, Reply::ok(version("a", number)));
        }
        let found = all(&endpoint(&mock), HasContexts::No).await;
        assert_eq!(found, [("a".into(), 1, true), ("a".into(), 2, false)]);
    }

    #[tokio::test]
    async fn a_list_that_moves_is_read_again() {
        let mock = MockTransport::new("http://busy");
        let end = endpoint(&mock);
        let page = |versions: &[(&str, i32)]| {
            let listed = versions.iter().map(|(s, v)| {
                let mut one = version(s, *v);
                one["deleted"] = false.into();
                one
            });
            Reply::ok(listed.collect())
        };
        // The first page, then one that begins elsewhere because `a` is gone, then all of it, then nothing more.
        mock.once(page(&[("a", 1), ("b", 1)]));
        mock.once(page(&[("c", 1)]));
        mock.once(page(&[("b", 1), ("c", 1)]));
        mock.once(page(&[("c", 1)]));
        let found = all(&end, HasContexts::Yes).await;
        let names: Vec<&str> = found.iter().map(|(name, _, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
