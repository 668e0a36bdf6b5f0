//! Random commands: a node that ran them, a node that followed the log, and a node that starts from the stored
//! state must know the same, and the laws of versions and ids must hold at every moment.

#![cfg(feature = "server")]

use accord::model::{Subject, VersionSpec};
use accord::registry::Settings;
use accord::registry::query::{Deleted, Page};
use accord::service::{Error, Intent, LookupOptions, ReadOptions, RegisterOptions, Service};
use accord::store::Store;
use accord::store::memory::Memory;
use accord::wire::{ConfigRequest, RegisterRequest};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Debug, Clone)]
enum Command {
    Register {
        subject: usize,
        schema: usize,
        refer: Option<usize>,
    },
    DeleteVersion {
        subject: usize,
        version: i32,
        permanent: bool,
    },
    DeleteSubject {
        subject: usize,
        permanent: bool,
    },
    Import {
        subject: usize,
        schema: usize,
        id: i32,
        version: i32,
    },
    Mode {
        scope: usize,
        mode: usize,
    },
    Config {
        scope: usize,
        level: usize,
    },
}

const SUBJECTS: [&str; 4] = ["a", "b", ":.ctx:a", ":.ctx:c"];
const SCOPES: [&str; 4] = ["", "a", ":.ctx:", ":.ctx:a"];
const MODES: [&str; 3] = ["READWRITE", "READONLY", "IMPORT"];
const LEVELS: [&str; 3] = ["NONE", "BACKWARD", "FULL_TRANSITIVE"];

fn schema(n: usize) -> String {
    let fields: Vec<String> = (0..n)
        .map(|i| format!(r#"{{"name":"f{i}","type":"int","default":{i}}}"#))
        .collect();
    format!(
        r#"{{"type":"record","name":"R{}","fields":[{}]}}"#,
        n % 2,
        fields.join(",")
    )
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => (0..4usize, 0..6usize, proptest::option::of(0..4usize))
            .prop_map(|(subject, schema, refer)| Command::Register { subject, schema, refer }),
        3 => (0..4usize, 1..6i32, any::<bool>())
            .prop_map(|(subject, version, permanent)| Command::DeleteVersion { subject, version, permanent }),
        2 => (0..4usize, any::<bool>())
            .prop_map(|(subject, permanent)| Command::DeleteSubject { subject, permanent }),
        2 => (0..4usize, 0..6usize, 1..12i32, 0..8i32)
            .prop_map(|(subject, schema, id, version)| Command::Import { subject, schema, id, version }),
        1 => (0..4usize, 0..3usize).prop_map(|(scope, mode)| Command::Mode { scope, mode }),
        1 => (0..4usize, 0..3usize).prop_map(|(scope, level)| Command::Config { scope, level }),
    ]
}

fn request(value: serde_json::Value) -> RegisterRequest {
    serde_json::from_value(value).unwrap()
}

async fn apply(service: &Service, command: &Command) -> Result<(), Error> {
    let writes = service.writes(Intent::Commit);
    match command {
        Command::Register {
            subject,
            schema: n,
            refer,
        } => {
            let references: Vec<_> = refer
                .iter()
                .map(|r| serde_json::json!({"name": "x.Y", "subject": SUBJECTS[*r], "version": 1}))
                .collect();
            let body = serde_json::json!({"schema": schema(*n), "references": references});
            writes
                .register(
                    Subject::parse(SUBJECTS[*subject]),
                    request(body),
                    RegisterOptions::default(),
                )
                .await
                .map(drop)
        }
        Command::DeleteVersion {
            subject,
            version,
            permanent,
        } => writes
            .delete_version(
                Subject::parse(SUBJECTS[*subject]),
                VersionSpec::parse(&version.to_string()).unwrap(),
                *permanent,
            )
            .await
            .map(drop),
        Command::DeleteSubject { subject, permanent } => writes
            .delete_subject(Subject::parse(SUBJECTS[*subject]), *permanent)
            .await
            .map(drop),
        Command::Import {
            subject,
            schema: n,
            id,
            version,
        } => {
            let body = serde_json::json!({"schema": schema(*n), "id": id, "version": version});
            writes
                .register(
                    Subject::parse(SUBJECTS[*subject]),
                    request(body),
                    RegisterOptions::default(),
                )
                .await
                .map(drop)
        }
        Command::Mode { scope, mode } => {
            writes
                .set_mode(
                    Subject::parse(SCOPES[*scope]),
                    Some(MODES[*mode].to_owned()),
                    true,
                )
                .await
        }
        Command::Config { scope, level } => {
            let body: ConfigRequest =
                serde_json::from_value(serde_json::json!({"compatibility": LEVELS[*level]}))
                    .unwrap();
            writes
                .set_config(Subject::parse(SCOPES[*scope]), body)
                .await
                .map(drop)
        }
    }
}

/// Everything that can be read, as lines.
async fn dump(service: &Service) -> Vec<String> {
    let mut lines = Vec::new();
    let subjects = service
        .subjects(None, Deleted::Include, Page::default())
        .await
        .unwrap();
    let contexts = service
        .contexts(String::new(), Page::default())
        .await
        .unwrap();
    lines.push(format!("{contexts:?}"));
    for subject in subjects {
        let versions = service
            .versions(subject.clone(), Deleted::Include, true, Page::default())
            .await
            .unwrap();
        lines.push(format!("{subject} {versions:?}"));
        for version in versions {
            let spec = VersionSpec::parse(&version.abs().to_string()).unwrap();
            let options = ReadOptions {
                deleted: true,
                ..ReadOptions::default()
            };
            let shown = service
                .version(subject.clone(), spec, options)
                .await
                .unwrap();
            lines.push(serde_json::to_string(&shown).unwrap());
            let referrers = service
                .referenced_by(subject.clone(), spec, true, Page::default())
                .await
                .unwrap();
            lines.push(format!("{subject} {version} <- {referrers:?}"));
        }
    }
    for scope in SCOPES {
        let scope = Subject::parse(scope);
        let config = service.config(scope.clone(), true).await.unwrap();
        let mode = service.mode(scope.clone(), true).await.unwrap();
        lines.push(format!("{scope} {config:?} {mode}"));
    }
    lines
}

/// Ids stand for one content for ever; a lookup of what a live version holds finds it.
async fn laws(service: &Service, contents: &mut BTreeMap<(String, i32), String>) {
    let subjects = service
        .subjects(None, Deleted::None, Page::default())
        .await
        .unwrap();
    for subject in subjects {
        let versions = service
            .versions(subject.clone(), Deleted::None, false, Page::default())
            .await
            .unwrap();
        assert_eq!(
            versions.iter().collect::<BTreeSet<_>>().len(),
            versions.len()
        );
        for version in versions {
            let spec = VersionSpec::parse(&version.to_string()).unwrap();
            let shown = service
                .version(subject.clone(), spec, ReadOptions::default())
                .await
                .unwrap();
            let body =
                serde_json::json!({"schema": &*shown.schema, "references": shown.references});
            let found = service
                .lookup(subject.clone(), request(body), LookupOptions::default())
                .await
                .unwrap();
            assert_eq!(found.schema, shown.schema);
            let key = (subject.context().to_string(), shown.id.0);
            let content = format!("{} {:?}", shown.schema, shown.references);
            let first = contents
                .entry(key.clone())
                .or_insert_with(|| content.clone());
            assert_eq!(*first, content, "{key:?}");
        }
    }
}

async fn run(commands: Vec<Command>) {
    let store = Arc::new(Memory::new());
    let start = |store: &Arc<Memory>| {
        let store: Arc<dyn Store> = Arc::new(Memory::clone(store));
        Service::start(store, Settings::default())
    };
    let node = start(&store).await.unwrap();
    let follower = start(&store).await.unwrap();
    let mut contents = BTreeMap::new();
    for command in &commands {
        match apply(&node, command).await {
            Ok(()) | Err(Error::Refused(_)) => {}
            Err(Error::Fault(fault)) => panic!("{command:?}: {fault}"),
        }
        // Imports may give an id that a permanent deletion freed another content; nothing else may.
        if let Command::Import { .. } = command {
            contents.clear();
        }
        laws(&node, &mut contents).await;
    }
    let head = store.head().await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(10), async {
        while follower.stats().seq != head {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the follower arrives");
    let fresh = start(&store).await.unwrap();
    let known = dump(&node).await;
    assert_eq!(known, dump(&follower).await, "follower");
    assert_eq!(known, dump(&fresh).await, "fresh start");
    for service in [node, follower, fresh] {
        service.stop().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nodes_agree_after_any_commands(commands in proptest::collection::vec(command(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(run(commands));
    }
}
