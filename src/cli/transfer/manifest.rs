//! What is to be moved, without the texts: where each can be had, and what it refers to.

use super::bundle::{At, Bundle, ContextLine, Line};
use super::endpoint::{Endpoint, is_absent};
use super::entry::{Digest, Key, Schema, Scope, context_of, in_path, scope_of};
use super::listing::{self, HasContexts, Listing, Selection};
use crate::cli::exit::Failure;
use crate::client::ClientError;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// How many bytes of texts are kept, so that small registries are read once.
const KEPT_BYTES: usize = 128 << 20;

/// A version without its text.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Item {
    pub subject: Arc<str>,
    pub version: i32,
    pub id: i32,
    pub deleted: bool,
    pub digest: Digest,
    pub references: Vec<Key>,
    place: Place,
}

/// Where the whole version is.
#[derive(Debug, Clone)]
enum Place {
    Kept(Arc<Schema>),
    Line(At),
    Registry,
}

impl Item {
    fn new(schema: &Schema, place: Place) -> Self {
        Self {
            subject: schema.subject.clone(),
            version: schema.version,
            id: schema.id,
            deleted: schema.deleted,
            digest: schema.digest(),
            references: schema.refers_to(),
            place,
        }
    }

    pub fn key(&self) -> Key {
        (self.subject.clone(), self.version)
    }

    /// Its id, which counts in its context.
    pub fn placed_id(&self) -> (String, i32) {
        (context_of(&self.subject), self.id)
    }
}

/// Everything that is to be moved.
#[derive(Debug, Default)]
pub(in crate::cli) struct Manifest {
    pub items: Vec<Item>,
    pub contexts: Vec<ContextLine>,
    /// By scope; scopes of which nothing is set are not in it.
    pub scopes: BTreeMap<Arc<str>, Scope>,
    /// Scopes that were looked at, whether anything is set or not.
    pub looked_at: BTreeSet<Arc<str>>,
}

/// Where whole versions come from.
#[derive(Debug)]
pub(in crate::cli) enum Supply {
    Bundle(Bundle),
    Registry(Endpoint, HasContexts),
}

impl Supply {
    /// The whole version.
    pub async fn fetch(&self, item: &Item) -> Result<Arc<Schema>, Failure> {
        let schema = match (&item.place, self) {
            (Place::Kept(schema), _) => return Ok(schema.clone()),
            (Place::Line(at), Supply::Bundle(bundle)) => bundle.schema(*at)?,
            (_, Supply::Registry(end, contexts)) => listing::version(end, *contexts, &item.key())
                .await?
                .ok_or_else(|| moved(item))?,
            (_, Supply::Bundle(_)) => return Err(moved(item)),
        };
        if schema.digest() != item.digest || schema.id != item.id {
            return Err(moved(item));
        }
        Ok(Arc::new(schema))
    }
}

fn moved(item: &Item) -> Failure {
    Failure::outside(format!(
        "{} version {} changed while it was read: run it again",
        item.subject, item.version
    ))
}

impl Manifest {
    /// What a bundle holds, after seeing that it is whole.
    pub fn of_bundle(bundle: &Bundle, selection: &Selection) -> Result<Self, Failure> {
        let mut manifest = Self::default();
        bundle.scan(|at, line| {
            match line {
                Line::Schema(schema) if selection.has(&schema.subject) => {
                    manifest.items.push(Item::new(&schema, Place::Line(at)));
                }
                Line::Context(context) if selection.has_context(&context.context) => {
                    manifest.contexts.push(context);
                }
                Line::Config(line) => {
                    let scope: Arc<str> = line.subject.unwrap_or_default().into();
                    if selection.has_scope(&scope) {
                        manifest.scope(scope).config = Some(line.config);
                    }
                }
                Line::Mode(line) => {
                    let scope: Arc<str> = line.subject.unwrap_or_default().into();
                    if selection.has_scope(&scope) {
                        manifest.scope(scope).mode = Some(line.mode);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        manifest.looked_at = manifest.items.iter().map(|i| i.subject.clone()).collect();
        manifest.looked_at.extend(manifest.scopes.keys().cloned());
        Ok(manifest)
    }

    fn scope(&mut self, scope: Arc<str>) -> &mut Scope {
        self.scopes.entry(scope.clone()).or_insert_with(|| Scope {
            scope,
            ..Scope::default()
        })
    }

    /// What a registry holds. `seen` is told how many versions were read so far.
    pub async fn of_registry(
        end: &Endpoint,
        selection: &Selection,
        seen: impl Fn(usize),
    ) -> Result<(Self, HasContexts), Failure> {
        let mut manifest = Self::default();
        let mut kept = 0;
        let contexts = read(end, selection, async |part| {
            match part {
                Part::Context(context) => manifest.contexts.push(context),
                Part::Schema(schema) => {
                    // An estimate of what it takes in memory.
                    let size = schema.schema.len() + 512;
                    let place = if kept + size <= KEPT_BYTES {
                        kept += size;
                        Place::Kept(Arc::new(schema.clone()))
                    } else {
                        Place::Registry
                    };
                    manifest.items.push(Item::new(&schema, place));
                    seen(manifest.items.len());
                }
                Part::Scope(scope) => {
                    manifest.looked_at.insert(scope.scope.clone());
                    if scope.config.is_some() || scope.mode.is_some() {
                        manifest.scopes.insert(scope.scope.clone(), scope);
                    }
                }
            }
            Ok(())
        })
        .await?;
        Ok((manifest, contexts))
    }
}

impl Selection {
    /// Whether a scope's settings belong to it: a subject's as the subject does, a context's if all of it does.
    pub fn has_scope(&self, scope: &str) -> bool {
        let subject = crate::model::Subject::parse(scope);
        if subject.context().is_global() {
            return self.is_whole() && self.contexts.is_empty();
        }
        if subject.name().is_empty() {
            return self.is_whole() && self.has_context(subject.context().as_str());
        }
        self.has(scope)
    }
}

/// Something of a registry.
#[derive(Debug)]
pub(super) enum Part {
    Context(ContextLine),
    Schema(Schema),
    /// Also for scopes of which nothing is set.
    Scope(Scope),
}

/// Goes through a registry: the settings of contexts, then versions, then what they refer to beyond the selection,
/// then the contexts themselves and the subjects' settings. Never holds more than a page of texts.
pub(super) async fn read(
    end: &Endpoint,
    selection: &Selection,
    mut each: impl AsyncFnMut(Part) -> Result<(), Failure>,
) -> Result<HasContexts, Failure> {
    let (has_contexts, names) = listing::contexts(end).await?;
    let chosen: Vec<&String> = names.iter().filter(|c| selection.has_context(c)).collect();
    if selection.is_whole() {
        let mut scopes: Vec<Arc<str>> = chosen.iter().map(|c| scope_of(c)).collect();
        if selection.contexts.is_empty() && has_contexts == HasContexts::Yes {
            scopes.insert(0, Arc::from(":.__GLOBAL:"));
        }
        for scope in scopes {
            let scope = of_scope(end, scope).await?;
            each(Part::Scope(scope)).await?;
        }
    }

    let mut seen: HashSet<Key> = HashSet::new();
    let mut wanted: BTreeSet<Key> = BTreeSet::new();
    let mut subjects: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut ids: BTreeMap<String, i32> = BTreeMap::new();
    let mut listing = Listing::new(end, selection, has_contexts);
    while let Some(found) = listing.next().await? {
        for schema in found {
            seen.insert(schema.key());
            subjects.insert(schema.subject.clone());
            wanted.extend(schema.refers_to());
            ids.insert(context_of(&schema.subject), schema.id);
            each(Part::Schema(schema)).await?;
        }
    }
    loop {
        wanted.retain(|key| !seen.contains(key));
        let Some(key) = wanted.pop_first() else {
            break;
        };
        // What is not there was deleted for good; whoever writes it elsewhere is told so.
        if let Some(schema) = listing::version(end, has_contexts, &key).await? {
            subjects.insert(schema.subject.clone());
            wanted.extend(schema.refers_to());
            each(Part::Schema(schema)).await?;
        }
        seen.insert(key);
    }

    for context in chosen {
        // The counter can only be asked for with an id that is there.
        let max_id = match ids.get(context) {
            Some(id) => max_id(end, context, *id).await?,
            None => None,
        };
        let context = context.clone();
        each(Part::Context(ContextLine { context, max_id })).await?;
    }
    let mut scopes = stream::iter(subjects.into_iter().filter(|s| !s.is_empty()))
        .map(|subject| of_scope(end, subject))
        .buffered(end.jobs);
    while let Some(scope) = scopes.try_next().await? {
        each(Part::Scope(scope)).await?;
    }
    Ok(has_contexts)
}

/// What is set for a scope itself.
pub(super) async fn of_scope(end: &Endpoint, scope: Arc<str>) -> Result<Scope, ClientError> {
    let config = match end.get(&path("config", &scope), &[]).await {
        Ok(config) => Some(config),
        Err(error) if is_absent(&error) => None,
        Err(error) => return Err(error),
    };
    let mode: Option<Map<String, Value>> = end.maybe(&path("mode", &scope), &[]).await?;
    let mode = mode.and_then(|mode| mode.get("mode")?.as_str().map(str::to_owned));
    Ok(Scope {
        scope,
        config,
        mode,
    })
}

/// The path of a scope's settings.
pub(super) fn path<'a>(what: &'a str, scope: &'a str) -> Vec<&'a str> {
    if scope.is_empty() {
        vec![what]
    } else {
        vec![what, in_path(scope)]
    }
}

/// The highest id that a context has handed out, if the registry tells.
async fn max_id(end: &Endpoint, context: &str, known: i32) -> Result<Option<i32>, ClientError> {
    let scope = scope_of(context);
    let id = known.to_string();
    let mut query = vec![("fetchMaxId", "true")];
    if !scope.is_empty() {
        query.push(("subject", &scope));
    }
    let found: Option<Value> = end.maybe(&["schemas", "ids", &id], &query).await?;
    Ok(found
        .and_then(|value| value.get("maxId")?.as_i64())
        .and_then(|id| i32::try_from(id).ok()))
}
