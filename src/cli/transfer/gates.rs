//! Subjects open for imports: a version with a given id is only taken in mode IMPORT.
//!
//! A subject is opened before its first write and closed after its last one, so that everybody else's registrations
//! are refused as shortly as can be, and no wider scope is touched. What was set before is set again, also when the
//! move fails or is interrupted. A process that is killed leaves some subjects in mode IMPORT; the next run takes such
//! a mode for its own and sets the source's.

use super::endpoint::Endpoint;
use super::entry::{context_of, in_path, scope_of};
use super::manifest::path;
use crate::cli::exit::Failure;
use crate::client::{ClientError, Method};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Mutex;

/// The mode in which ids are given.
pub(super) const IMPORT: &str = "IMPORT";

/// The subjects that are written to.
#[derive(Debug)]
pub(super) struct Gates<'a> {
    end: &'a Endpoint,
    gates: HashMap<Arc<str>, Gate>,
    /// The modes of whole contexts.
    contexts: Mutex<HashMap<String, String>>,
}

#[derive(Debug, Default)]
struct Gate {
    /// How often it is still to be entered.
    left: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Open(Before),
}

/// What to set again.
#[derive(Debug, Default)]
struct Before {
    /// Outer: whether the mode was changed. Inner: whether the subject had one of its own.
    mode: Option<Option<String>>,
    alias: Option<Value>,
}

impl<'a> Gates<'a> {
    /// `subjects` names each as often as it is going to be entered.
    pub fn new(end: &'a Endpoint, subjects: impl Iterator<Item = Arc<str>>) -> Self {
        let mut gates: HashMap<Arc<str>, Gate> = HashMap::new();
        for subject in subjects {
            *gates.entry(subject).or_default().left.get_mut() += 1;
        }
        Self {
            end,
            gates,
            contexts: Mutex::default(),
        }
    }

    /// Opens a subject, if it is not open.
    pub async fn enter(&self, subject: &Arc<str>) -> Result<(), ClientError> {
        let Some(gate) = self.gates.get(subject) else {
            return Ok(());
        };
        let mut state = gate.state.lock().await;
        if matches!(*state, State::Open(_)) {
            return Ok(());
        }
        let own = mode(self.end, &["mode", in_path(subject)], &[]).await?;
        let effective = match &own {
            Some(own) => own.clone(),
            None => self.of_context(&context_of(subject)).await?,
        };
        let alias = self.alias(subject).await?;
        let is_import = effective == IMPORT || effective == "FORWARD";
        // Noted before it is done: this may be dropped while it waits for the answer.
        *state = State::Open(Before {
            mode: (!is_import).then_some(own),
            alias: alias.clone(),
        });
        if !is_import {
            set_mode(self.end, subject, IMPORT).await?;
        }
        if alias.is_some() {
            // Otherwise its path would lead to the subject behind it.
            set_alias(self.end, subject, &Value::Null).await?;
        }
        Ok(())
    }

    /// Closes a subject after the last time that it was entered.
    pub async fn leave(&self, subject: &Arc<str>) -> Result<(), ClientError> {
        let Some(gate) = self.gates.get(subject) else {
            return Ok(());
        };
        if gate.left.fetch_sub(1, Ordering::Relaxed) > 1 {
            return Ok(());
        }
        self.close(subject, gate).await
    }

    async fn close(&self, subject: &Arc<str>, gate: &Gate) -> Result<(), ClientError> {
        let mut state = gate.state.lock().await;
        let State::Open(before) = &*state else {
            return Ok(());
        };
        if let Some(alias) = &before.alias {
            set_alias(self.end, subject, alias).await?;
        }
        match &before.mode {
            None => {}
            Some(Some(mode)) => set_mode(self.end, subject, mode).await?,
            Some(None) => delete_mode(self.end, subject).await?,
        }
        *state = State::Closed;
        Ok(())
    }

    /// Closes everything that is open.
    pub async fn close_all(&self) -> Result<(), Failure> {
        let mut failed = Vec::new();
        for (subject, gate) in &self.gates {
            if let Err(error) = self.close(subject, gate).await {
                failed.push(format!("{subject} ({error})"));
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        failed.sort();
        Err(Failure::outside(format!(
            "these subjects were left in mode IMPORT; run the same command again, or set their modes: {}",
            failed.join(", ")
        )))
    }

    async fn of_context(&self, context: &str) -> Result<String, ClientError> {
        let mut known = self.contexts.lock().await;
        if let Some(mode) = known.get(context) {
            return Ok(mode.clone());
        }
        let scope = scope_of(context);
        let path = path("mode", &scope);
        let found = mode(self.end, &path, &[("defaultToGlobal", "true")]).await?;
        let found = found.unwrap_or_default();
        known.insert(context.to_owned(), found.clone());
        Ok(found)
    }

    async fn alias(&self, subject: &str) -> Result<Option<Value>, ClientError> {
        let config: Option<Map<String, Value>> =
            self.end.maybe(&path("config", subject), &[]).await?;
        Ok(config.and_then(|mut config| config.remove("alias")))
    }
}

async fn mode(
    end: &Endpoint,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Option<String>, ClientError> {
    let found: Option<Value> = end.maybe(path, query).await?;
    Ok(found.and_then(|value| Some(value.get("mode")?.as_str()?.to_uppercase())))
}

/// Sets the mode of a scope, whatever is in it.
pub(super) async fn set_mode(end: &Endpoint, scope: &str, mode: &str) -> Result<(), ClientError> {
    let body = json!({ "mode": mode });
    let path = path("mode", scope);
    let query = [("force", "true")];
    end.ask(Method::Put, &path, &query, Some(&body)).await?;
    Ok(())
}

/// Forgets the mode of a scope. That there is none is as good.
pub(super) async fn delete_mode(end: &Endpoint, scope: &str) -> Result<(), ClientError> {
    match end
        .ask(Method::Delete, &path("mode", scope), &[], None)
        .await
    {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

async fn set_alias(end: &Endpoint, subject: &str, alias: &Value) -> Result<(), ClientError> {
    let body = json!({ "alias": alias });
    let path = path("config", subject);
    end.ask(Method::Put, &path, &[], Some(&body)).await?;
    Ok(())
}
