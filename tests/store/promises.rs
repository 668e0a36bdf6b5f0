//! The promises that every store makes.

use crate::Place;
use crate::fold::{Dice, Fold, random_entry};
use accord::model::*;
use accord::registry::change::{Change, StoredSchema};
use accord::store::{Committed, Entry, LONGEST_NAME, Store, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// A first version of `subject`, with an id and a text of its own.
pub fn registration(subject: &str, id: i32, text: &str) -> Entry {
    let subject = Subject::parse(subject);
    let text: Arc<str> = Arc::from(text);
    let schema = StoredSchema {
        context: subject.context().clone(),
        id: SchemaId(id),
        schema_type: SchemaType::Avro,
        text: TextId::of(&text),
        shape: TextId::of(&text),
        guid: content_guid(&text, &[], None, None),
        references: Vec::new(),
        metadata: None,
        rule_set: None,
    };
    Entry {
        at: 1_000,
        changes: vec![
            Change::Context {
                context: subject.context().clone(),
                max_id: id,
            },
            Change::SchemaStored(Arc::new(schema)),
            Change::VersionStored {
                subject,
                version: Version(1),
                id: SchemaId(id),
                deleted: false,
                at: 1_000,
            },
        ],
        texts: vec![(TextId::of(&text), text)],
    }
}

fn mode(scope: &str) -> Entry {
    Entry {
        at: 1,
        changes: vec![Change::ModeSet {
            scope: Subject::parse(scope),
            mode: Some(Mode::Readonly),
        }],
        texts: Vec::new(),
    }
}

pub async fn whole_log(store: &dyn Store) -> Vec<Committed> {
    store.changes_since(0, u32::MAX).await.unwrap()
}

pub async fn starts_empty(place: Place) {
    let store = place.open().await;
    let loaded = store.load().await.unwrap();
    assert_eq!((loaded.seq, loaded.state), (0, Vec::new()));
    assert_eq!(store.head().await.unwrap(), 0);
    assert_eq!(whole_log(&*store).await, []);
    assert_eq!(store.texts(&[TextId::of("x")]).await.unwrap(), []);
    assert_eq!(store.texts(&[]).await.unwrap(), []);
    store.ping().await.unwrap();
    store.close().await;
}

pub async fn commits_in_order(place: Place) {
    let store = place.open().await;
    let batch = [
        registration("a", 1, "one"),
        registration(":.c:b", 1, "two"),
        mode("a"),
    ];
    assert_eq!(store.commit(0, &batch).await.unwrap(), 3);
    assert_eq!(store.head().await.unwrap(), 3);
    assert_eq!(store.commit(3, &[]).await.unwrap(), 3);
    assert_eq!(store.commit(3, &batch[2..]).await.unwrap(), 4);
    let log = whole_log(&*store).await;
    let expected: Vec<Committed> = (1..)
        .zip(batch.iter().chain(&batch[2..]))
        .map(|(seq, entry)| Committed {
            seq,
            at: entry.at,
            changes: entry.changes.clone(),
        })
        .collect();
    assert_eq!(log, expected);
    store.close().await;
}

pub async fn refuses_who_is_behind(place: Place) {
    let store = place.open().await;
    store.commit(0, &[mode("a"), mode("b")]).await.unwrap();
    for after in [0, 1, 3, -1, i64::MAX, i64::MIN] {
        let refused = store.commit(after, &[registration("c", 1, "c")]).await;
        assert!(
            matches!(refused, Err(StoreError::Behind)),
            "{after}: {refused:?}"
        );
        let refused = store.commit(after, &[]).await;
        assert!(
            matches!(refused, Err(StoreError::Behind)),
            "{after}: {refused:?}"
        );
    }
    assert_eq!(store.head().await.unwrap(), 2);
    assert_eq!(store.texts(&[TextId::of("c")]).await.unwrap(), []);
    store.close().await;
}

/// Eight writers add ten entries each, two at a time, while a reader follows: nothing is lost, nothing is
/// doubled, and the reader never meets a gap.
pub async fn races_have_one_winner(place: Place) {
    let store = place.open().await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut lost = 0;
                for round in 0..5 {
                    let name = |half| format!("{writer}-{round}-{half}");
                    let batch = [mode(&name(0)), mode(&name(1))];
                    loop {
                        let after = store.head().await.unwrap();
                        match store.commit(after, &batch).await {
                            Ok(last) => {
                                assert_eq!(last, after + 2);
                                break;
                            }
                            Err(StoreError::Behind) => lost += 1,
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
                lost
            })
        })
        .collect();
    let reader = Arc::clone(&store);
    let follower = tokio::spawn(async move {
        let mut seen: Vec<Committed> = Vec::new();
        while seen.len() < 80 {
            let after = seen.last().map_or(0, |entry| entry.seq);
            // The store itself refuses a gap; an entry in front of the others would show below.
            seen.extend(reader.changes_since(after, 7).await.unwrap());
            tokio::task::yield_now().await;
        }
        seen
    });
    for writer in writers {
        writer.await.unwrap();
    }
    let seen = follower.await.unwrap();
    let places: Vec<i64> = seen.iter().map(|entry| entry.seq).collect();
    assert_eq!(places, (1..=80).collect::<Vec<_>>());
    let names: BTreeSet<String> = seen
        .iter()
        .map(|entry| match &entry.changes[..] {
            [Change::ModeSet { scope, .. }] => scope.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names.len(), 80);
    assert_eq!(store.head().await.unwrap(), 80);
    store.close().await;
}

/// A batch of which one part cannot be kept leaves nothing of the other parts.
pub async fn all_or_nothing(place: Place) {
    let store = place.open().await;
    store
        .commit(0, &[registration("a", 1, "one")])
        .await
        .unwrap();
    let before = store.load().await.unwrap();

    let mut textless = registration("c", 3, "three");
    textless.texts.clear();
    let mut schemaless = registration("c", 3, "three");
    schemaless.changes.remove(1);
    let removal = Entry {
        at: 2,
        changes: vec![Change::SchemaRemoved {
            context: Context::default_context(),
            id: SchemaId(1),
        }],
        texts: Vec::new(),
    };
    for broken in [textless, schemaless, removal] {
        let batch = [registration("b", 2, "two"), mode("a"), broken];
        let refused = store.commit(1, &batch).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
        assert_eq!(store.load().await.unwrap(), before);
        assert_eq!(store.head().await.unwrap(), 1);
        assert_eq!(whole_log(&*store).await.len(), 1);
        assert_eq!(store.texts(&[TextId::of("two")]).await.unwrap(), []);
    }
    store
        .commit(1, &[registration("b", 2, "two")])
        .await
        .unwrap();
    store.close().await;
}

pub async fn loads_the_fold_of_the_log(place: Place) {
    let store = place.open().await;
    let mut fold = Fold::default();
    let mut changes = Vec::new();
    let mut texts = Vec::new();
    let mut head = 0;
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let count = dice.below(8);
        let batch: Vec<Entry> = (0..count)
            .map(|_| random_entry(&mut dice, &mut fold))
            .collect();
        head = store.commit(head, &batch).await.unwrap();
        for entry in batch {
            changes.extend(entry.changes);
            texts.extend(entry.texts);
        }
        let loaded = store.load().await.unwrap();
        assert_eq!(loaded.seq, head, "seed {seed}");
        assert_eq!(Fold::of(&loaded.state), fold, "seed {seed}");
    }
    assert!(
        fold.versions.len() > 10 && fold.schemas.len() > 10,
        "{fold:?}"
    );
    let log = whole_log(&*store).await;
    let logged: Vec<&Change> = log.iter().flat_map(|entry| &entry.changes).collect();
    assert_eq!(logged, changes.iter().collect::<Vec<_>>());
    assert_eq!(Fold::of(logged), fold);
    for (id, text) in texts {
        assert_eq!(store.texts(&[id]).await.unwrap(), [(id, text)]);
    }
    store.close().await;
}

/// Contexts, schemas, versions, settings; schemas in the order they were stored, the others in that of their keys.
pub async fn loads_in_order(place: Place) {
    let store = place.open().await;
    let mut batch = vec![
        mode("z"),
        registration(":.b:x", 7, "one"),
        registration("b", 2, "two"),
        registration("B", 1, "three"),
        registration("ä", 10, "four"),
    ];
    batch[0].changes.push(Change::ContextRemoved {
        context: Context::parse("b").unwrap(),
    });
    batch.push(Entry {
        at: 3,
        changes: vec![
            Change::ContextRemoved {
                context: Context::parse("b").unwrap(),
            },
            Change::ConfigSet {
                scope: Subject::parse(""),
                config: Some(Arc::default()),
            },
        ],
        texts: Vec::new(),
    });
    store.commit(0, &batch).await.unwrap();
    let state = store.load().await.unwrap().state;
    let shape: Vec<String> = state
        .iter()
        .map(|change| match change {
            Change::Context { context, max_id } => format!("context {context} {max_id}"),
            Change::ContextRemoved { context } => format!("removed {context}"),
            Change::SchemaStored(schema) => format!("schema {} {}", schema.context, schema.id),
            Change::VersionStored {
                subject, version, ..
            } => format!("version {subject} {version}"),
            Change::ConfigSet { scope, .. } => format!("config '{scope}'"),
            Change::ModeSet { scope, .. } => format!("mode '{scope}'"),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        "context . 10",
        "context .b 7",
        "removed .b",
        "schema .b 7",
        "schema . 2",
        "schema . 1",
        "schema . 10",
        "version :.b:x 1",
        "version B 1",
        "version b 1",
        "version ä 1",
        "config ''",
        "mode 'z'",
    ];
    assert_eq!(shape, expected);
    store.close().await;
}

pub async fn reads_the_log_in_parts(place: Place) {
    let store = place.open().await;
    let batch: Vec<Entry> = (0..25).map(|n| mode(&n.to_string())).collect();
    store.commit(0, &batch).await.unwrap();
    let places = |after: i64, limit: u32| {
        let store = Arc::clone(&store);
        async move {
            let log = store.changes_since(after, limit).await.unwrap();
            log.iter().map(|entry| entry.seq).collect::<Vec<_>>()
        }
    };
    assert_eq!(places(0, 10).await, (1..=10).collect::<Vec<_>>());
    assert_eq!(places(10, 10).await, (11..=20).collect::<Vec<_>>());
    assert_eq!(places(20, 10).await, (21..=25).collect::<Vec<_>>());
    assert_eq!(places(24, 1).await, [25]);
    assert_eq!(places(0, 0).await, Vec::<i64>::new());
    assert_eq!(places(25, 10).await, Vec::<i64>::new());
    assert_eq!(places(1_000, 10).await, Vec::<i64>::new());
    assert_eq!(places(i64::MAX, 10).await, Vec::<i64>::new());
    store.close().await;
}

pub async fn keeps_any_text(place: Place) {
    let store = place.open().await;
    let long = "ä😀 \"x\",".repeat(5 << 20 >> 3);
    assert!(long.len() > 5_000_000);
    let texts = [
        "",
        "\0",
        "a\0b\u{10FFFF}c\u{10FFFF}0",
        "\u{FEFF}\r\n\t\\'\"$1?",
        "e\u{301}\u{e9}\u{202e}😀",
        &long,
    ];
    let mut batch = Vec::new();
    for (n, text) in (1..).zip(texts) {
        batch.push(registration(&format!("s{n}"), n, text));
    }
    // The same text under another subject and in another context is kept once.
    batch.push(registration("again", 1, texts[0]));
    batch.push(registration(":.c:again", 1, &long));
    store.commit(0, &batch).await.unwrap();
    store
        .commit(8, &[registration("more", 9, &long)])
        .await
        .unwrap();
    let mut ids: Vec<TextId> = texts.iter().map(|text| TextId::of(text)).collect();
    ids.push(TextId::of("unknown"));
    ids.push(TextId::of(""));
    let found = store.texts(&ids).await.unwrap();
    assert_eq!(found.len(), texts.len());
    for text in texts {
        let same = |found: &&(TextId, Arc<str>)| found.0 == TextId::of(text) && &*found.1 == text;
        assert_eq!(found.iter().filter(same).count(), 1, "{} bytes", text.len());
    }
    store.close().await;
}

pub async fn refuses_long_names(place: Place) {
    let store = place.open().await;
    // Nothing that compression makes short.
    let mut dice = Dice::new(1);
    let name: String = (0..LONGEST_NAME)
        .map(|_| char::from(b'a' + u8::try_from(dice.below(26)).unwrap()))
        .collect();
    let entry = registration(&name, 1, "one");
    assert_eq!(store.commit(0, &[entry, mode(&name)]).await.unwrap(), 2);
    let config = Change::ConfigSet {
        scope: Subject::parse(&format!("{name}x")),
        config: None,
    };
    let setting = Entry {
        at: 1,
        changes: vec![config],
        texts: Vec::new(),
    };
    let context = registration(&format!(":.{name}:x"), 1, "two");
    for entry in [
        registration(&format!("{name}x"), 2, "two"),
        context,
        setting,
    ] {
        let refused = store.commit(2, &[mode("x"), entry]).await;
        assert!(
            matches!(refused, Err(StoreError::NameTooLong(_))),
            "{refused:?}"
        );
    }
    assert_eq!(store.head().await.unwrap(), 2);
    store.close().await;
}

pub async fn hints_after_a_commit(place: Place) {
    let store = place.open().await;
    hinted(&*store, &*store).await;
    store.close().await;
}

pub async fn hints_another_node(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    hinted(&*one, &*two).await;
    hinted(&*two, &*one).await;
    one.close().await;
    two.close().await;
}

/// Every commit of `one` is followed by a hint at `two`, once that listens.
pub async fn hinted(one: &dyn Store, two: &dyn Store) {
    let mut hints = two.hints();
    let deadline = tokio::time::Instant::now() + SOON;
    let mut heard = 0;
    while heard < 5 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "heard {heard} hints"
        );
        hints.mark_unchanged();
        let head = one.head().await.unwrap();
        one.commit(head, &[mode("x")]).await.unwrap();
        let wait = tokio::time::timeout(Duration::from_millis(500), hints.changed()).await;
        if wait.is_ok() {
            assert_eq!(two.head().await.unwrap(), head + 1);
            heard += 1;
        }
    }
}

pub async fn answers_while_writing(place: Place) {
    let store = place.open().await;
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for n in 0..30 {
            let entry = registration(&format!("s{n}"), n + 1, &format!("text {n}"));
            writer.commit(n.into(), &[entry]).await.unwrap();
        }
    });
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for _ in 0..10 {
                    // One moment: as many versions as entries, and every text there.
                    let loaded = store.load().await.unwrap();
                    let versions = loaded
                        .state
                        .iter()
                        .filter(|change| matches!(change, Change::VersionStored { .. }));
                    assert_eq!(i64::try_from(versions.count()).unwrap(), loaded.seq);
                    let ids: Vec<TextId> = (0..loaded.seq)
                        .map(|n| TextId::of(&format!("text {n}")))
                        .collect();
                    assert_eq!(store.texts(&ids).await.unwrap().len(), ids.len());
                    store.ping().await.unwrap();
                }
            })
        })
        .collect();
    writing.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
    store.close().await;
}

/// A caller that stops waiting leaves a whole commit or none, now or a moment later, and a store that works.
pub async fn survives_a_cancelled_commit(place: Place) {
    let store = place.open().await;
    let mut done = 0;
    for round in 0..60_u64 {
        let head = store.head().await.unwrap();
        let batch: Vec<Entry> = (0..5)
            .map(|n| registration(&format!("s{round}-{n}"), 1, "text"))
            .collect();
        let limit = Duration::from_micros(round * 100);
        match tokio::time::timeout(limit, store.commit(head, &batch)).await {
            Ok(Ok(last)) => {
                assert_eq!(last, head + 5);
                done += 1;
            }
            // The one before, whose end nobody waited for, came in between.
            Ok(Err(StoreError::Behind)) | Err(_) => {}
            Ok(Err(error)) => panic!("{error}"),
        }
        let loaded = store.load().await.unwrap();
        let versions = loaded
            .state
            .iter()
            .filter(|change| matches!(change, Change::VersionStored { .. }));
        assert_eq!(i64::try_from(versions.count()).unwrap(), loaded.seq);
        assert_eq!(loaded.seq % 5, 0);
        assert!(loaded.seq >= done * 5);
    }
    store.close().await;
}
