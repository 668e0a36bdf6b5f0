//! Reading and changing the settings and modes of scopes. Source: sections 2.10, 2.11 and 4.4 of the API
//! contract.

use super::change::Change;
use super::index::Index;
use super::refusal::Refusal;
use super::scope::{config_in_scope, global, mode_in_scope};
use super::{Decision, Settings, delete};
use crate::model::{Config, Context, Mode, Patch, Subject};
use crate::wire::{ConfigRequest, UnknownName};
use std::sync::Arc;

/// Whether a read falls back to wider scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Only what is stored for the scope itself.
    Own,
    /// What applies to the scope.
    Global,
}

/// A scope's name in messages: `null` where the scope is everything.
fn printed(scope: &Subject) -> String {
    if *scope == global() {
        "null".to_owned()
    } else {
        scope.to_string()
    }
}

fn writable(index: &Index, scope: &Subject) -> Result<(), Refusal> {
    if mode_in_scope(index, scope).is_read_only() {
        return Err(Refusal::ReadOnly {
            subject: printed(scope),
            context: scope.context().delimited(),
        });
    }
    Ok(())
}

/// A scope's name may be any but those with control characters or reserved ones.
fn admit(settings: &Settings, scope: &Subject) -> Result<(), Refusal> {
    let everywhere = scope.context().is_global() && scope.name().is_empty();
    let empty = settings.reject_empty_subject && scope.name() == "*";
    if (scope.is_invalid() && !everywhere) || empty {
        return Err(Refusal::InvalidSubject(scope.clone()));
    }
    Ok(())
}

/// The stored record as it is shown: without a level of its own, the server's.
fn shown(settings: &Settings, config: &Config) -> Config {
    Config {
        compatibility_level: Some(config.compatibility_level.unwrap_or(settings.level)),
        ..config.clone()
    }
}

/// Answers `GET /config[/{scope}]`.
pub fn config(
    index: &Index,
    settings: &Settings,
    scope: &Subject,
    fallback: Fallback,
) -> Result<Config, Refusal> {
    if fallback == Fallback::Global {
        return Ok(config_in_scope(index, settings, scope));
    }
    match index.config(scope) {
        Some(stored) => Ok(shown(settings, stored)),
        None if *scope == global() => Ok(shown(settings, &Config::default())),
        None => Err(Refusal::NoSubjectLevel(scope.clone())),
    }
}

/// Decides `PUT /config[/{scope}]`; replies with what is stored afterwards.
pub fn set_config(
    index: &Index,
    settings: &Settings,
    scope: &Subject,
    request: ConfigRequest,
) -> Result<Decision<Config>, Refusal> {
    let mut patch = request.into_patch().map_err(|name| match name {
        UnknownName::Level => Refusal::InvalidLevel,
        UnknownName::VerdictPolicy => Refusal::InvalidVerdictPolicy,
    })?;
    for rules in [&mut patch.default_rule_set, &mut patch.override_rule_set] {
        if let Patch::Set(rules) = rules {
            rules.complete_encryption_params();
            rules.validate().map_err(Refusal::InvalidRuleSet)?;
        }
    }
    admit(settings, scope)?;
    writable(index, scope)?;
    let stored = index
        .config(scope)
        .map_or_else(Config::default, |c| Config::clone(c));
    let config = patch.apply(&stored);
    // Written even if nothing changes: what is known here may be behind, and the caller's word is the last.
    let change = Change::ConfigSet {
        scope: scope.clone(),
        config: Some(Arc::new(config.clone())),
    };
    Ok(Decision::new(vec![change], config))
}

/// Decides `DELETE /config[/{scope}]`; replies with what was stored.
pub fn delete_config(
    index: &Index,
    settings: &Settings,
    scope: &Subject,
) -> Result<Decision<Config>, Refusal> {
    let Some(stored) = index.config(scope) else {
        if *scope == global() {
            writable(index, scope)?;
            return Ok(Decision::unchanged(shown(settings, &Config::default())));
        }
        return Err(Refusal::SubjectNotFound(scope.to_string()));
    };
    writable(index, scope)?;
    let change = Change::ConfigSet {
        scope: scope.clone(),
        config: None,
    };
    Ok(Decision::new(vec![change], shown(settings, stored)))
}

/// Answers `GET /mode[/{scope}]`.
pub fn mode(index: &Index, scope: &Subject, fallback: Fallback) -> Result<Mode, Refusal> {
    match (fallback, index.mode(scope)) {
        (Fallback::Global, _) => Ok(mode_in_scope(index, scope)),
        (Fallback::Own, Some(mode)) => Ok(mode),
        (Fallback::Own, None) if *scope == global() => Ok(Mode::default()),
        (Fallback::Own, None) => Err(Refusal::NoSubjectMode(scope.clone())),
    }
}

/// Whether going over to imports asks whether the scope is empty first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// It does.
    Checked,
    /// It does not.
    Forced,
}

/// Decides `PUT /mode[/{scope}]`; no name clears the mode.
pub fn set_mode(
    index: &Index,
    settings: &Settings,
    scope: &Subject,
    name: Option<&str>,
    force: Force,
) -> Result<Decision<()>, Refusal> {
    let mode = match name {
        None => None,
        Some(name) => Some(Mode::parse(name).ok_or(Refusal::InvalidMode)?),
    };
    let everywhere = scope.context().is_global() && scope.name().is_empty();
    if mode == Some(Mode::Forward) && !everywhere {
        return Err(Refusal::ForwardOnlyGlobal);
    }
    admit(settings, scope)?;
    if !settings.mode_mutability {
        return Err(Refusal::ModeImmutable);
    }
    let mut changes = Vec::new();
    if mode == Some(Mode::Import)
        && force == Force::Checked
        && mode_in_scope(index, scope) != Mode::Import
    {
        let matching: Vec<&Subject> = index
            .subjects()
            .map(|(s, _)| s)
            .filter(|s| matches(scope, s))
            .collect();
        if matching.iter().any(|s| index.live(s).next().is_some()) {
            return Err(Refusal::ImportNotEmpty);
        }
        changes = delete::purge(index, &matching)?;
    }
    changes.push(Change::ModeSet {
        scope: scope.clone(),
        mode,
    });
    Ok(Decision::new(changes, ()))
}

/// Whether a mode of `scope` covers `subject` when imports are to begin: the global scope covers every context.
fn matches(scope: &Subject, subject: &Subject) -> bool {
    let all = *scope == global() || (scope.context().is_global() && scope.name().is_empty());
    all || scope == subject || (scope.is_context() && scope.context() == subject.context())
}

/// Whether deleting a context's mode also deletes those of its subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recursive {
    /// Only the scope's own.
    No,
    /// Those of the context's subjects too.
    Yes,
}

/// Decides `DELETE /mode[/{scope}]`; replies with what was stored, or nothing if a recursive deletion found
/// none of the scope's own.
pub fn delete_mode(
    index: &Index,
    settings: &Settings,
    scope: &Subject,
    recursive: Recursive,
) -> Result<Decision<Option<Mode>>, Refusal> {
    if !settings.mode_mutability {
        return Err(Refusal::ModeImmutable);
    }
    let own = index.mode(scope);
    let reply = match own {
        Some(mode) => Some(mode),
        None if *scope == global() => Some(Mode::default()),
        None if recursive == Recursive::Yes => None,
        None => return Err(Refusal::SubjectNotFound(scope.to_string())),
    };
    let mut scopes: Vec<Subject> = own.iter().map(|_| scope.clone()).collect();
    if recursive == Recursive::Yes && scope.name().is_empty() {
        let context: &Context = scope.context();
        let mut inside: Vec<_> = index
            .mode_scopes()
            .filter(|s| s.context() == context && *s != scope)
            .cloned()
            .collect();
        inside.sort();
        scopes.extend(inside);
    }
    let changes = scopes
        .into_iter()
        .map(|scope| Change::ModeSet { scope, mode: None })
        .collect();
    Ok(Decision::new(changes, reply))
}
