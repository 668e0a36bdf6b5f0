//! What has to be written where: the difference between a manifest and a registry, in the order of references.

use super::endpoint::Endpoint;
use super::entry::{Digest, Key, Placed, in_path};
use super::listing::{self, Listing, Selection};
use super::manifest::{Item, Manifest, Supply};
use crate::cli::exit::Failure;
use crate::client::{ClientError, Method};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What a registry holds, as far as comparing needs it.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub versions: HashMap<Key, HeldVersion>,
    pub ids: HashMap<(String, i32), Digest>,
}

/// A version that is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldVersion {
    pub id: i32,
    pub digest: Digest,
    pub deleted: bool,
}

impl Held {
    pub async fn of(end: &Endpoint, seen: impl Fn(usize)) -> Result<Self, Failure> {
        let (contexts, _) = listing::contexts(end).await?;
        // Everything: ids are shared by a context's subjects.
        let selection = Selection::default();
        let mut held = Self::default();
        let mut listing = Listing::new(end, &selection, contexts);
        while let Some(found) = listing.next().await? {
            for schema in found {
                let digest = schema.digest();
                let id = (super::entry::context_of(&schema.subject), schema.id);
                held.ids.insert(id, digest);
                let version = HeldVersion {
                    id: schema.id,
                    digest,
                    deleted: schema.deleted,
                };
                held.versions.insert(schema.key(), version);
            }
            seen(held.versions.len());
        }
        Ok(held)
    }
}

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(in crate::cli) struct Conflict {
    /// The subject or scope.
    pub subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    pub reason: String,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.subject.as_str(), self.version) {
            ("", _) => write!(f, "the default context: {}", self.reason),
            (subject, Some(version)) => write!(f, "{subject} version {version}: {}", self.reason),
            (subject, None) => write!(f, "{subject}: {}", self.reason),
        }
    }
}

/// Versions of a subject that hold one id: the same content, so they are written together.
#[derive(Debug)]
pub(super) struct Group {
    pub subject: Arc<str>,
    /// Items to write, by version.
    pub write: Vec<usize>,
    /// Items to soft-delete afterwards, by version.
    pub delete: Vec<usize>,
    /// Groups that have to come first.
    pub after: Vec<usize>,
}

/// What has to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// By level: each level refers only to earlier ones.
    pub levels: Vec<Vec<usize>>,
    pub groups: Vec<Group>,
    pub conflicts: Vec<Conflict>,
    /// How many versions are there and equal.
    pub equal: usize,
    /// How many versions of the manifest's subjects are only at the target.
    pub extra: usize,
}

impl Plan {
    /// Versions that are not there.
    pub fn writes(&self) -> usize {
        self.groups.iter().map(|g| g.write.len()).sum()
    }

    /// Versions that are to be soft-deleted.
    pub fn deletes(&self) -> usize {
        self.groups.iter().map(|g| g.delete.len()).sum()
    }
}

/// What is to become of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Equal,
    Write,
    Delete,
    Conflict,
}

pub(super) async fn plan(
    manifest: &Manifest,
    supply: &Supply,
    held: &Held,
    target: &Endpoint,
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let alike = alike(manifest, supply, held, target).await?;
    let fates = fates(manifest, held, &alike, &mut plan);

    // By subject and id, in the order of versions.
    let mut sorted: Vec<usize> = (0..manifest.items.len()).collect();
    sorted.sort_by_key(|&i| item(manifest, i).map(|it| (it.subject.clone(), it.version)));
    let mut by_id: BTreeMap<(Arc<str>, i32), Vec<usize>> = BTreeMap::new();
    for at in sorted {
        if let Some(it) = item(manifest, at) {
            by_id
                .entry((it.subject.clone(), it.id))
                .or_default()
                .push(at);
        }
    }
    let mut group_of: HashMap<Key, usize> = HashMap::new();
    for ((subject, _), members) in by_id {
        let fate = |at: &usize| fates.get(*at).copied().unwrap_or(Fate::Conflict);
        let last_written = members.iter().rposition(|at| fate(at) == Fate::Write);
        let mut group = Group {
            subject,
            write: Vec::new(),
            delete: Vec::new(),
            after: Vec::new(),
        };
        for (place, at) in members.iter().enumerate() {
            let Some(it) = item(manifest, *at) else {
                continue;
            };
            // Writing a version removes earlier soft-deleted ones of its id, unless they are live at that moment.
            let revived = it.deleted
                && fate(at) == Fate::Equal
                && last_written.is_some_and(|last| place < last);
            if fate(at) == Fate::Write || revived {
                group.write.push(*at);
            }
            if it.deleted && (fate(at) != Fate::Equal || revived) && fate(at) != Fate::Conflict {
                group.delete.push(*at);
            }
        }
        if group.write.is_empty() && group.delete.is_empty() {
            continue;
        }
        for at in &members {
            if let Some(it) = item(manifest, *at) {
                group_of.insert(it.key(), plan.groups.len());
            }
        }
        plan.groups.push(group);
    }
    order(manifest, held, &group_of, &mut plan);
    let known: HashSet<Key> = manifest.items.iter().map(Item::key).collect();
    let subjects: HashSet<&str> = manifest.items.iter().map(|i| &*i.subject).collect();
    plan.extra = held
        .versions
        .keys()
        .filter(|key| subjects.contains(&*key.0) && !known.contains(*key))
        .count();
    plan.conflicts.sort();
    Ok(plan)
}

fn item(manifest: &Manifest, at: usize) -> Option<&Item> {
    manifest.items.get(at)
}

/// Which items are at the target in another spelling of the same content: a registry of another make prints texts in
/// its own way. The target knows; only versions whose spelling differs are asked for.
async fn alike(
    manifest: &Manifest,
    supply: &Supply,
    held: &Held,
    target: &Endpoint,
) -> Result<HashSet<Key>, Failure> {
    let differing = manifest.items.iter().filter(|item| {
        held.versions
            .get(&item.key())
            .is_some_and(|there| there.id == item.id && there.digest != item.digest)
    });
    let found: Vec<Option<Key>> = stream::iter(differing)
        .map(async |item| {
            let schema = supply.fetch(item).await?;
            let path = ["subjects", in_path(&item.subject)];
            let body = schema.body(Placed::No);
            let asked = target.ask(Method::Post, &path, &[("deleted", "true")], Some(&body));
            let same = match asked.await {
                Ok(answer) => serde_json::from_slice::<Value>(&answer)
                    .is_ok_and(|answer| answer.get("id") == Some(&item.id.into())),
                Err(ClientError::Refused {
                    status: 404 | 422, ..
                }) => false,
                Err(error) => return Err(Failure::from(error)),
            };
            Ok(same.then(|| item.key()))
        })
        .buffer_unordered(target.jobs)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

fn fates(manifest: &Manifest, held: &Held, alike: &HashSet<Key>, plan: &mut Plan) -> Vec<Fate> {
    // What each id stands for at the source, and which of that is known to be at the target.
    let mut contents: HashMap<(String, i32), Digest> = HashMap::new();
    let mut there: HashSet<((String, i32), Digest)> = HashSet::new();
    for item in &manifest.items {
        let equal = held
            .versions
            .get(&item.key())
            .is_some_and(|h| h.id == item.id && h.digest == item.digest);
        if equal || alike.contains(&item.key()) {
            there.insert((item.placed_id(), item.digest));
        }
    }
    let mut twice: HashSet<Key> = HashSet::new();
    let mut fates = Vec::with_capacity(manifest.items.len());
    for item in &manifest.items {
        let mut conflict = |reason: String| {
            plan.conflicts.push(Conflict {
                subject: item.subject.to_string(),
                version: Some(item.version),
                reason,
            });
            Fate::Conflict
        };
        let content = *contents.entry(item.placed_id()).or_insert(item.digest);
        let fate = if !twice.insert(item.key()) {
            conflict("it is there twice".into())
        } else if content != item.digest {
            conflict(format!("id {} stands for another schema, too", item.id))
        } else {
            match held.versions.get(&item.key()) {
                Some(h) if h.id != item.id => conflict(format!(
                    "it has id {} here and {} at the target",
                    item.id, h.id
                )),
                Some(h) if h.digest != item.digest && !alike.contains(&item.key()) => {
                    conflict("the target has another schema there".into())
                }
                Some(h) => match (item.deleted, h.deleted) {
                    (true, false) => Fate::Delete,
                    (false, true) => Fate::Write,
                    _ => Fate::Equal,
                },
                None => match held.ids.get(&item.placed_id()) {
                    Some(digest)
                        if *digest != item.digest
                            && !there.contains(&(item.placed_id(), item.digest)) =>
                    {
                        conflict(format!(
                            "the target has another schema under id {}",
                            item.id
                        ))
                    }
                    _ => Fate::Write,
                },
            }
        };
        if fate == Fate::Equal {
            plan.equal += 1;
        }
        fates.push(fate);
    }
    fates
}

/// Puts groups into levels, each after all that it refers to.
fn order(manifest: &Manifest, held: &Held, group_of: &HashMap<Key, usize>, plan: &mut Plan) {
    let present: HashSet<Key> = manifest.items.iter().map(Item::key).collect();
    let mut before: Vec<HashSet<usize>> = Vec::with_capacity(plan.groups.len());
    for (at, group) in plan.groups.iter().enumerate() {
        let mut needs = HashSet::new();
        let first = group.write.first().and_then(|&i| item(manifest, i));
        for key in first.into_iter().flat_map(|first| &first.references) {
            match group_of.get(key) {
                Some(&other) if other != at => drop(needs.insert(other)),
                Some(_) => {}
                None if present.contains(key) || held.versions.contains_key(key) => {}
                None => {
                    if let Some(first) = first {
                        plan.conflicts.push(Conflict {
                            subject: first.subject.to_string(),
                            version: Some(first.version),
                            reason: format!(
                                "it refers to {} version {}, which is neither in what is moved nor at the target",
                                key.0, key.1
                            ),
                        });
                    }
                }
            }
        }
        before.push(needs);
    }
    let mut open: Vec<usize> = before.iter().map(HashSet::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); before.len()];
    for (at, needs) in before.iter().enumerate() {
        for &need in needs {
            if let Some(list) = followers.get_mut(need) {
                list.push(at);
            }
        }
    }
    let mut level: Vec<usize> = (0..open.len())
        .filter(|&i| open.get(i) == Some(&0))
        .collect();
    let mut placed = 0;
    while !level.is_empty() {
        placed += level.len();
        let mut next = Vec::new();
        for at in &level {
            for &follower in followers.get(*at).into_iter().flatten() {
                if let Some(left) = open.get_mut(follower) {
                    *left -= 1;
                    if *left == 0 {
                        next.push(follower);
                    }
                }
            }
        }
        next.sort_unstable();
        plan.levels.push(std::mem::replace(&mut level, next));
    }
    if placed < plan.groups.len() {
        for (at, left) in open.iter().enumerate() {
            if *left > 0
                && let Some(group) = plan.groups.get(at)
            {
                plan.conflicts.push(Conflict {
                    subject: group.subject.to_string(),
                    version: None,
                    reason: "what it refers to refers back to it, so neither can be written first"
                        .into(),
                });
            }
        }
    }
    for (group, needs) in plan.groups.iter_mut().zip(before) {
        group.after = needs.into_iter().collect();
    }
}
