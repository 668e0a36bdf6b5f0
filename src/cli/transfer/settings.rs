//! Settings and modes: what differs, and setting it.

use super::endpoint::Endpoint;
use super::entry::Scope;
use super::gates::{IMPORT, delete_mode, set_mode};
use super::manifest::{Manifest, of_scope, path};
use super::plan::Conflict;
use crate::cli::exit::Failure;
use crate::client::{ClientError, Method};
use crate::wire::ErrorCode;
use clap::ValueEnum;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The scope is read-only.
const READ_ONLY: ErrorCode = ErrorCode(42205);

/// What becomes of settings that the target has already, and other ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Differing {
    /// They are in the way: nothing is written.
    Refuse,
    /// The source's are set.
    Overwrite,
    /// The target's stay.
    Keep,
}

/// What is to be set for a scope.
#[derive(Debug, Default)]
pub(super) struct Change {
    scope: Arc<str>,
    /// Inner: the whole body of a request, or nothing to forget the record.
    config: Option<Option<Map<String, Value>>>,
    mode: Option<Option<String>>,
}

/// What has to be set.
#[derive(Debug, Default)]
pub(super) struct SettingsPlan {
    pub changes: Vec<Change>,
    pub conflicts: Vec<Conflict>,
    /// Settings that are there and equal.
    pub equal: usize,
    /// Differing ones that stay.
    pub kept: usize,
    /// What people should know.
    pub notes: Vec<String>,
}

impl Change {
    pub fn scope(&self) -> &str {
        &self.scope
    }
}

impl SettingsPlan {
    /// Records to write.
    pub fn writes(&self) -> usize {
        self.changes
            .iter()
            .map(|c| usize::from(c.config.is_some()) + usize::from(c.mode.is_some()))
            .sum()
    }
}

/// Compares the settings of all scopes. What the target has equal to `before`, which the source had earlier, was
/// written by an earlier round and follows the source.
pub(super) async fn plan(
    manifest: &Manifest,
    before: &BTreeMap<Arc<str>, Scope>,
    differing: Differing,
    target: &Endpoint,
) -> Result<SettingsPlan, Failure> {
    let mut plan = SettingsPlan::default();
    // Of the pseudo-subject with the empty name, the default context's settings are meant.
    let mut asked = stream::iter(
        manifest
            .looked_at
            .iter()
            .filter(|s| !s.is_empty() || manifest.scopes.contains_key(*s)),
    )
    .map(|scope| of_scope(target, scope.clone()))
    .buffered(target.jobs);
    let nothing = Scope::default();
    while let Some(there) = asked.try_next().await? {
        let source = manifest.scopes.get(&there.scope).unwrap_or(&nothing);
        let earlier = before.get(&there.scope);
        let mut change = Change {
            scope: there.scope.clone(),
            ..Change::default()
        };
        let is_global = there.scope.is_empty();

        let free = there.config.is_none()
            || (is_global && is_default(there.config.as_ref()))
            || (!before.is_empty()
                && earlier.and_then(|e| e.config.as_ref()) == there.config.as_ref());
        if source.config == there.config {
            plan.equal += usize::from(source.config.is_some());
        } else if free || differing == Differing::Overwrite {
            change.config = Some(
                source
                    .config
                    .as_ref()
                    .map(|c| body(c, there.config.as_ref())),
            );
        } else if differing == Differing::Keep {
            plan.kept += 1;
        } else {
            plan.conflicts.push(Conflict {
                subject: there.scope.to_string(),
                version: None,
                reason: format!(
                    "the settings differ: {} here, {} at the target",
                    shown(source.config.as_ref()),
                    shown(there.config.as_ref())
                ),
            });
        }

        let theirs = there.mode.as_ref().map(|mode| mode.to_uppercase());
        // A subject in mode IMPORT is what a run that was killed leaves behind.
        let left_behind = theirs.as_deref() == Some(IMPORT) && !is_scope(&there.scope);
        let free = theirs.is_none()
            || left_behind
            || (is_global && theirs.as_deref() == Some("READWRITE"))
            || (!before.is_empty() && earlier.and_then(|e| e.mode.as_ref()) == there.mode.as_ref());
        if source.mode.as_ref().map(|m| m.to_uppercase()) == theirs {
            plan.equal += usize::from(theirs.is_some());
        } else if theirs.as_deref() == Some(IMPORT) && differing != Differing::Overwrite && !free {
            // Somebody prepared it for the move, and knows when the move is over.
            plan.kept += 1;
            plan.notes.push(format!(
                "the target's {} stays in mode IMPORT until somebody ends it",
                if is_global {
                    "default context".to_owned()
                } else {
                    format!("context {}", there.scope)
                }
            ));
        } else if free || differing == Differing::Overwrite {
            change.mode = Some(source.mode.clone());
        } else if differing == Differing::Keep {
            plan.kept += 1;
        } else {
            let name = |mode: Option<&String>| mode.map_or("none", String::as_str).to_owned();
            plan.conflicts.push(Conflict {
                subject: there.scope.to_string(),
                version: None,
                reason: format!(
                    "the modes differ: {} here, {} at the target",
                    name(source.mode.as_ref()),
                    name(theirs.as_ref())
                ),
            });
        }
        if change.config.is_some() || change.mode.is_some() {
            plan.changes.push(change);
        }
    }
    Ok(plan)
}

/// Whether a scope is wider than a subject.
fn is_scope(scope: &str) -> bool {
    crate::model::Subject::parse(scope).name().is_empty()
}

/// What registries show where nothing was ever set.
fn is_default(config: Option<&Map<String, Value>>) -> bool {
    config.is_none_or(|config| {
        config.len() == 1 && config.get("compatibilityLevel") == Some(&"BACKWARD".into())
    })
}

fn shown(config: Option<&Map<String, Value>>) -> String {
    config.map_or_else(
        || "none".to_owned(),
        |config| Value::Object(config.clone()).to_string(),
    )
}

/// The request that makes one record of another: it is called differently in requests, and what is not named stays.
fn body(wanted: &Map<String, Value>, there: Option<&Map<String, Value>>) -> Map<String, Value> {
    let name = |name: &str| match name {
        "compatibilityLevel" => "compatibility".to_owned(),
        other => other.to_owned(),
    };
    let mut body: Map<String, Value> = there
        .into_iter()
        .flat_map(Map::keys)
        .map(|member| (name(member), Value::Null))
        .collect();
    for (member, value) in wanted {
        body.insert(name(member), value.clone());
    }
    body
}

/// Sets what is planned, and returns how many records that were. Settings come before modes, because a read-only scope
/// takes none.
pub(super) async fn apply(plan: &SettingsPlan, target: &Endpoint) -> Result<usize, Failure> {
    let configs = plan.changes.iter().filter_map(|change| {
        let config = change.config.as_ref()?;
        Some((&change.scope, config))
    });
    let modes = plan.changes.iter().filter_map(|change| {
        let mode = change.mode.as_ref()?;
        Some((&change.scope, mode))
    });
    stream::iter(configs)
        .map(async |(scope, config)| set_config(target, scope, config.as_ref()).await)
        .buffer_unordered(target.jobs)
        .try_collect::<()>()
        .await?;
    stream::iter(modes)
        .map(async |(scope, mode)| match mode {
            Some(mode) => set_mode(target, scope, mode).await,
            None => delete_mode(target, scope).await,
        })
        .buffer_unordered(target.jobs)
        .try_collect::<()>()
        .await?;
    Ok(plan.writes())
}

async fn set_config(
    target: &Endpoint,
    scope: &str,
    config: Option<&Map<String, Value>>,
) -> Result<(), ClientError> {
    match put_config(target, scope, config).await {
        Err(error) if error.code() == Some(READ_ONLY) => {
            let before = of_scope(target, Arc::from(scope)).await?.mode;
            set_mode(target, scope, IMPORT).await?;
            let done = put_config(target, scope, config).await;
            match before {
                Some(mode) => set_mode(target, scope, &mode).await?,
                None => delete_mode(target, scope).await?,
            }
            done
        }
        done => done,
    }
}

async fn put_config(
    target: &Endpoint,
    scope: &str,
    config: Option<&Map<String, Value>>,
) -> Result<(), ClientError> {
    let path = path("config", scope);
    match config {
        Some(config) => {
            let body = Value::Object(config.clone());
            target.ask(Method::Put, &path, &[], Some(&body)).await?;
        }
        None => match target.ask(Method::Delete, &path, &[], None).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        },
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_replaced_by_naming_what_goes() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let wanted = object(json!({"compatibilityLevel": "FULL", "normalize": true}));
        let there = object(json!({"compatibilityLevel": "NONE", "alias": "b"}));
        assert_eq!(
            Value::Object(body(&wanted, Some(&there))),
            json!({"compatibility": "FULL", "normalize": true, "alias": null})
        );
    }
}
