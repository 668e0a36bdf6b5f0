//! Which settings and which mode apply to a subject. Source: section 4.5 of the API contract.

use super::Settings;
use super::index::Index;
use crate::model::{Config, Context, Level, Mode, Policy, Subject, VerdictPolicy};

/// The settings that apply to a subject, with everything filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The record the members came from, with inherited members filled in; the level may still be absent.
    pub config: Config,
    /// The level.
    pub level: Level,
    /// The policy.
    pub policy: Policy,
    /// Which verdict decides.
    pub verdict_policy: VerdictPolicy,
    /// Whether to normalise.
    pub normalize: bool,
    /// Whether reserved fields are watched.
    pub validate_fields: bool,
    /// Whether new schemas get the strict checks.
    pub validate_new_schemas: bool,
}

/// The scope of everything in the default context.
pub fn global() -> Subject {
    Subject::parse("")
}

/// The scope of everything in all contexts.
fn everywhere() -> Subject {
    Subject::new(&Context::global(), "")
}

/// The scope of a whole context.
fn whole(context: &Context) -> Subject {
    Subject::new(context, "")
}

/// The record in scope of `subject`, by the contract's chain: the subject's own with some members inherited
/// from the default context's, else its context's, else everybody's, else nothing but the server's level.
pub fn config_in_scope(index: &Index, settings: &Settings, subject: &Subject) -> Config {
    Config {
        verdict_policy: verdict_policy_in_scope(index, subject),
        ..contract_config_in_scope(index, settings, subject)
    }
}

/// The verdict policy is ours, so its chain has none of the contract's odd ends: the subject's, else its
/// context's, else everybody's, else the one of the global record.
fn verdict_policy_in_scope(index: &Index, subject: &Subject) -> Option<VerdictPolicy> {
    let set = |scope: &Subject| index.config(scope)?.verdict_policy;
    set(subject)
        .or_else(|| set(&whole(subject.context())))
        .or_else(|| set(&everywhere()))
        .or_else(|| set(&global()))
}

fn contract_config_in_scope(index: &Index, settings: &Settings, subject: &Subject) -> Config {
    let server = || Config {
        compatibility_level: Some(settings.level),
        ..Config::default()
    };
    if *subject != global()
        && let Some(own) = index.config(subject)
    {
        let mut config = Config::clone(own);
        if let Some(parent) = index.config(&global()) {
            let parent = Config::clone(parent);
            config.normalize = config.normalize.or(parent.normalize);
            config.validate_fields = config.validate_fields.or(parent.validate_fields);
            config.validate_new_schemas =
                config.validate_new_schemas.or(parent.validate_new_schemas);
            config.validate_rules = config.validate_rules.or(parent.validate_rules);
            config.compatibility_policy =
                config.compatibility_policy.or(parent.compatibility_policy);
            config.compatibility_group = config.compatibility_group.or(parent.compatibility_group);
        }
        config.compatibility_level.get_or_insert(settings.level);
        return config;
    }
    let stored = index
        .config(&whole(subject.context()))
        .or_else(|| index.config(&everywhere()));
    match stored {
        Some(stored) => {
            let mut config = Config::clone(stored);
            config.compatibility_level.get_or_insert(settings.level);
            config
        }
        None => server(),
    }
}

/// The settings that apply to `subject`, with everything filled in.
pub fn effective(index: &Index, settings: &Settings, subject: &Subject) -> Effective {
    let config = config_in_scope(index, settings, subject);
    Effective {
        level: config.compatibility_level.unwrap_or(settings.level),
        policy: config.compatibility_policy.unwrap_or_default(),
        verdict_policy: config.verdict_policy.unwrap_or(settings.verdict_policy),
        normalize: config.normalize.unwrap_or(false),
        validate_fields: config.validate_fields.unwrap_or(settings.validate_fields),
        validate_new_schemas: config
            .validate_new_schemas
            .unwrap_or(settings.validate_new_schemas),
        config,
    }
}

/// The mode in scope of `subject`.
pub fn mode_in_scope(index: &Index, subject: &Subject) -> Mode {
    index
        .mode(subject)
        .or_else(|| index.mode(&whole(subject.context())))
        .or_else(|| index.mode(&everywhere()))
        .unwrap_or_default()
}
