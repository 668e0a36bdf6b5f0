//! The log's vocabulary in golden files: what was written must mean the same for ever.
//!
//! A file is added when `change.rs` learns something; none is ever edited.

use accord::model::*;
use accord::registry::change::{Change, StoredSchema};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/log_format")
}

fn context(name: &str) -> Context {
    Context::parse(name).unwrap()
}

fn guid(text: &str) -> Guid {
    Guid::parse(text).unwrap()
}

fn utf16<const N: usize>(words: [&str; N]) -> BTreeSet<Utf16> {
    words.into_iter().map(Utf16::from).collect()
}

/// The key with these last digits.
fn text_id() -> TextId {
    let mut bytes = [0; 32];
    bytes[30] = 0x0a;
    bytes[31] = 0xbc;
    TextId(bytes)
}

fn full_schema() -> StoredSchema {
    let reference = |name: &str, subject: &str, version| Reference {
        name: name.to_owned(),
        subject: subject.to_owned(),
        version,
    };
    let some = |text: &str| Some(text.to_owned());
    StoredSchema {
        context: context(".billing"),
        id: SchemaId(100_003),
        schema_type: SchemaType::Protobuf,
        text: text_id(),
        shape: text_id(),
        guid: guid("a3d8f88a-9756-7b65-8ee2-5c9472fa6c7d"),
        references: vec![
            reference("money.proto", "money", 3),
            reference("shop/item.proto", ":.:item", 1),
        ],
        metadata: Some(Metadata {
            tags: [("**.ssn".into(), utf16(["PII", "PRIVATE"]))].into(),
            properties: [
                ("owner".into(), "team \"ä\"".to_owned()),
                (CONFLUENT_VERSION.into(), "2".to_owned()),
            ]
            .into(),
            sensitive: utf16(["owner"]),
        }),
        rule_set: Some(RuleSet {
            migration_rules: vec![Rule {
                name: some("split"),
                doc: some("names became two"),
                mode: RuleMode::Upgrade,
                rule_type: some("JSONATA"),
                expr: some("$"),
                ..Rule::default()
            }],
            domain_rules: vec![Rule {
                name: some("encrypt"),
                rule_type: some("ENCRYPT"),
                tags: utf16(["PII"]),
                params: [("encrypt.kek.name".into(), "key".to_owned())].into(),
                on_success: some("NONE,NONE"),
                on_failure: some("ERROR,NONE"),
                ..Rule::default()
            }],
            encoding_rules: vec![Rule {
                name: some("sealed"),
                kind: RuleKind::Condition,
                mode: RuleMode::Write,
                rule_type: some("CEL"),
                expr: some("true"),
                disabled: true,
                ..Rule::default()
            }],
            enable_at: Some(EnableAt::Client),
        }),
    }
}

fn full_config() -> Config {
    Config {
        alias: Some("orders".to_owned()),
        alias_for_deks: Some("keys".to_owned()),
        normalize: Some(true),
        validate_fields: Some(false),
        validate_new_schemas: Some(true),
        validate_rules: Some(false),
        compatibility_level: Some(Level::FullTransitive),
        compatibility_policy: Some(Policy::Lenient),
        compatibility_group: Some("major".to_owned()),
        verdict_policy: None,
        default_metadata: Some(Metadata {
            properties: [("a".into(), "b".to_owned())].into(),
            ..Metadata::default()
        }),
        override_metadata: Some(Metadata {
            sensitive: utf16(["a"]),
            ..Metadata::default()
        }),
        default_rule_set: Some(RuleSet {
            enable_at: Some(EnableAt::All),
            ..RuleSet::default()
        }),
        override_rule_set: Some(RuleSet::default()),
    }
}

/// Each file and what it means.
fn meanings() -> Vec<(&'static str, Change)> {
    let orders = || Subject::parse("orders-value");
    let bare_schema = |id, schema_type, text, guid| StoredSchema {
        context: context("."),
        id: SchemaId(id),
        schema_type,
        text,
        shape: text,
        guid,
        references: Vec::new(),
        metadata: None,
        rule_set: None,
    };
    vec![
        (
            "context",
            Change::Context {
                context: context(".billing"),
                max_id: 100_003,
            },
        ),
        (
            "schema_stored",
            Change::SchemaStored(Arc::new(bare_schema(
                7,
                SchemaType::Avro,
                TextId::of("\"string\""),
                guid("095d71cf-1255-6b9d-5e33-0ad575b3df5d"),
            ))),
        ),
        (
            "schema_stored_empty",
            Change::SchemaStored(Arc::new(StoredSchema {
                metadata: Some(Metadata::default()),
                rule_set: Some(RuleSet::default()),
                ..bare_schema(
                    8,
                    SchemaType::Json,
                    text_id(),
                    guid("cecc02e2-232b-87f1-1b0c-aa0e70dbb74d"),
                )
            })),
        ),
        (
            "schema_stored_full",
            Change::SchemaStored(Arc::new(full_schema())),
        ),
        (
            "schema_removed",
            Change::SchemaRemoved {
                context: context("."),
                id: SchemaId(7),
            },
        ),
        (
            "version_stored",
            Change::VersionStored {
                subject: Subject::parse(":.billing:orders-value"),
                version: Version(2),
                id: SchemaId(100_003),
                deleted: false,
                at: 1_767_225_600_123,
            },
        ),
        (
            "versions_deleted",
            Change::VersionsDeleted {
                subject: orders(),
                versions: vec![Version(1), Version(2), Version(5)],
            },
        ),
        (
            "versions_removed",
            Change::VersionsRemoved {
                subject: orders(),
                versions: vec![Version(1)],
            },
        ),
        (
            "config_set",
            Change::ConfigSet {
                scope: Subject::parse(":.billing:"),
                config: Some(Arc::new(full_config())),
            },
        ),
        (
            "config_set_verdict_policy",
            Change::ConfigSet {
                scope: orders(),
                config: Some(Arc::new(Config {
                    verdict_policy: Some(VerdictPolicy::Strictest),
                    ..Config::default()
                })),
            },
        ),
        (
            "config_forgotten",
            Change::ConfigSet {
                scope: orders(),
                config: None,
            },
        ),
        (
            "mode_set",
            Change::ModeSet {
                scope: Subject::parse(""),
                mode: Some(Mode::ReadonlyOverride),
            },
        ),
        (
            "mode_forgotten",
            Change::ModeSet {
                scope: Subject::parse(":.__GLOBAL:"),
                mode: None,
            },
        ),
        (
            "context_removed",
            Change::ContextRemoved {
                context: context("billing"),
            },
        ),
    ]
}

/// Fails to compile when a variant is added, and says so in `every_variant_has_a_file` when it has no file.
fn variant(change: &Change) -> &'static str {
    match change {
        Change::Context { .. } => "context",
        Change::SchemaStored(_) => "schema_stored",
        Change::SchemaRemoved { .. } => "schema_removed",
        Change::VersionStored { .. } => "version_stored",
        Change::VersionsDeleted { .. } => "versions_deleted",
        Change::VersionsRemoved { .. } => "versions_removed",
        Change::ConfigSet { .. } => "config_set",
        Change::ModeSet { .. } => "mode_set",
        Change::ContextRemoved { .. } => "context_removed",
    }
}

const VARIANTS: usize = 9;

#[test]
fn golden_files_keep_their_meaning() {
    for (name, meaning) in meanings() {
        let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let read: Change = serde_json::from_str(&text).unwrap();
        assert_eq!(read, meaning, "{name}");
        let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_value(&meaning).unwrap(), golden, "{name}");
        assert_eq!(golden["change"], variant(&meaning), "{name}");
    }
}

#[test]
fn every_variant_has_a_file() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let meanings = meanings();
    let listed: BTreeSet<String> = meanings.iter().map(|m| m.0.to_owned()).collect();
    assert_eq!(files, listed);
    let variants: BTreeSet<&str> = meanings.iter().map(|m| variant(&m.1)).collect();
    assert_eq!(variants.len(), VARIANTS);
}

/// An older program must notice a change that it does not know, rather than pass it over.
#[test]
fn unknown_changes_are_refused() {
    for text in [r#"{"change":"compacted"}"#, r#"{"context":".","max_id":1}"#] {
        assert!(serde_json::from_str::<Change>(text).is_err(), "{text}");
    }
}
