//! The client against a whole registry, in the process and over HTTP.

use accord::client::{
    ClientError, Deleted, Deletion, Format, Normalize, RegistryClient, Schema, Tuning,
};
use accord::model::{
    ConfigPatch, Context, Level, Metadata, Mode, Patch, Reference, SchemaId, Subject, Version,
    VersionSpec,
};
use accord::testing::TestRegistry;
use accord::wire::ErrorCode;
use accord::wire::frame::SchemaKey;
use std::sync::Arc;

const ORDER: &str = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}"#;
const ORDER_WITH_NOTE: &str = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"note","type":"string","default":""}]}"#;
const ORDER_BROKEN: &str = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"price","type":"double"}]}"#;

fn subject(name: &str) -> Subject {
    Subject::parse(name)
}

async fn started() -> (TestRegistry, RegistryClient) {
    let registry = TestRegistry::start().await.unwrap();
    let client = registry.client().unwrap();
    (registry, client)
}

/// Everything that a client may ask, on whatever way leads to an empty registry.
async fn tour(client: RegistryClient) {
    let orders = subject("orders-value");
    let no = Normalize::default();
    assert!(client.latest(&orders).await.unwrap_err().is_not_found());

    let first = client
        .register(&orders, &Schema::avro(ORDER), no)
        .await
        .unwrap();
    assert_eq!(first.version, Some(Version(1)));
    assert_eq!(first.schema.text.as_ref(), ORDER);
    let second = client
        .register(&orders, &Schema::avro(ORDER_WITH_NOTE), no)
        .await
        .unwrap();
    assert_eq!(second.version, Some(Version(2)));

    let id = second.id.unwrap();
    let by_id = client.schema_by_id(id, None).await.unwrap();
    assert_eq!(by_id.schema.text.as_ref(), ORDER_WITH_NOTE);
    let by_guid = client.schema_by_guid(second.guid.unwrap()).await.unwrap();
    assert_eq!(by_guid.schema, by_id.schema);
    let seen_from = client.schema_by_id(id, Some(&orders)).await.unwrap();
    assert_eq!(seen_from.subject, Some(orders.clone()));
    let latest = client.latest(&orders).await.unwrap();
    assert_eq!((latest.id, latest.version), (second.id, second.version));
    let old = client
        .version(&orders, Version(1), Deleted::Hidden)
        .await
        .unwrap();
    assert_eq!(old.id, first.id);
    let found = client
        .lookup(&orders, &Schema::avro(ORDER), no, Deleted::Hidden)
        .await
        .unwrap();
    assert_eq!((found.id, found.version), (first.id, first.version));

    let versions = client.versions(&orders, Deleted::Hidden).await.unwrap();
    assert_eq!(versions, [Version(1), Version(2)]);
    let subjects = client.subjects(None, Deleted::Hidden).await.unwrap();
    assert_eq!(subjects, vec![orders.clone()]);
    let holders = client
        .versions_by_id(id, None, Deleted::Hidden)
        .await
        .unwrap();
    assert_eq!(
        (holders[0].subject.clone(), holders[0].version),
        (orders.clone(), Version(2))
    );
    let ids = client.ids_by_guid(second.guid.unwrap()).await.unwrap();
    assert_eq!((ids[0].context.as_str(), ids[0].id), (".", id));

    let broken = Schema::avro(ORDER_BROKEN);
    let verdict = client
        .is_compatible(&orders, &broken, None, no)
        .await
        .unwrap();
    assert!(!verdict.is_compatible);
    assert!(!verdict.messages.unwrap().is_empty());
    let verdict = client
        .is_compatible(&orders, &broken, Some(VersionSpec::Latest), no)
        .await
        .unwrap();
    assert!(!verdict.is_compatible);
    let refused = client.register(&orders, &broken, no).await.unwrap_err();
    assert!(refused.is_incompatible(), "{refused}");

    assert_eq!(
        client.config(None, true).await.unwrap().compatibility_level,
        Some(Level::Backward)
    );
    let change = ConfigPatch {
        compatibility_level: Patch::Set(Level::None),
        ..ConfigPatch::default()
    };
    client
        .set_config(Some(&orders), change.clone())
        .await
        .unwrap();
    let config = client.config(Some(&orders), false).await.unwrap();
    assert_eq!(config.compatibility_level, Some(Level::None));
    client.register(&orders, &broken, no).await.unwrap();
    client.delete_config(Some(&orders)).await.unwrap();
    let gone = client.config(Some(&orders), false).await.unwrap_err();
    assert_eq!(gone.code(), Some(ErrorCode::NO_SUBJECT_LEVEL));

    client
        .set_mode(Some(&orders), Mode::Readonly, false)
        .await
        .unwrap();
    let mode = client.mode(Some(&orders), false).await.unwrap();
    assert_eq!(mode, Mode::Readonly);
    client.delete_mode(Some(&orders)).await.unwrap();
    assert_eq!(client.mode(None, true).await.unwrap(), Mode::Readwrite);

    let deleted = client
        .delete_version(&orders, VersionSpec::Exact(Version(3)), Deletion::Soft)
        .await
        .unwrap();
    assert_eq!(deleted, Version(3));
    let latest = client.latest(&orders).await.unwrap();
    assert_eq!(latest.version, Some(Version(2)));
    let mut gone = client
        .delete_subject(&orders, Deletion::Soft)
        .await
        .unwrap();
    gone.sort_unstable();
    assert_eq!(gone, [Version(1), Version(2)]);
    assert!(client.latest(&orders).await.unwrap_err().is_not_found());
    client
        .delete_subject(&orders, Deletion::Permanent)
        .await
        .unwrap();
    let left = client.subjects(None, Deleted::Included).await.unwrap();
    assert_eq!(left, []);
    assert!(!client.cluster().await.unwrap().scope.is_null());
    let none = client.associations("cluster", "orders").await.unwrap();
    assert_eq!(none, []);
}

#[tokio::test]
async fn everything_in_the_process() {
    let (_registry, client) = started().await;
    tour(client).await;
}

#[tokio::test]
async fn everything_over_http() {
    let registry = TestRegistry::start().await.unwrap();
    let listening = registry.listen().await.unwrap();
    tour(RegistryClient::new(&listening.url()).unwrap()).await;
    listening.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_in_the_url_is_kept() {
    let registry = TestRegistry::start().await.unwrap();
    let listening = registry.listen().await.unwrap();
    // The registry serves each context under a path of its own.
    let url = format!("{}/contexts/.blue/", listening.url());
    let client = RegistryClient::new(&url).unwrap();
    let schema = Schema::avro(ORDER);
    client
        .register(&subject("orders"), &schema, Normalize::default())
        .await
        .unwrap();
    let all = registry.client().unwrap();
    let found = all.latest(&subject(":.blue:orders")).await.unwrap();
    assert_eq!(found.schema.text.as_ref(), ORDER);
    let subjects = all.subjects(None, Deleted::Hidden).await.unwrap();
    assert_eq!(subjects, [subject(":.blue:orders")]);
}

#[tokio::test]
async fn subjects_with_every_kind_of_character() {
    let registry = TestRegistry::start().await.unwrap();
    let listening = registry.listen().await.unwrap();
    let client = RegistryClient::new(&listening.url()).unwrap();
    for name in [
        "a/b",
        "a b",
        "a%2Fb",
        "a?b#c",
        "ü+€",
        "a:b",
        ":.ctx:a/b",
        "*",
    ] {
        let subject = subject(name);
        let schema = Schema::avro(ORDER);
        client
            .register(&subject, &schema, Normalize::default())
            .await
            .unwrap();
        let found = client.latest(&subject).await.unwrap();
        assert_eq!(found.subject, Some(subject), "{name}");
    }
    // No URL can carry these as a name.
    for name in ["..", "."] {
        let refused = client.latest(&subject(name)).await.unwrap_err();
        assert!(matches!(refused, ClientError::Invalid(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_context_has_ids_of_its_own() {
    let (registry, client) = started().await;
    let blue = registry
        .builder()
        .context(Context::parse("blue").unwrap())
        .build()
        .unwrap();
    let no = Normalize::default();
    let one = client
        .register(&subject("orders"), &Schema::avro(r#""string""#), no)
        .await
        .unwrap();
    let other = blue
        .register(&subject("orders"), &Schema::avro(r#""long""#), no)
        .await
        .unwrap();
    assert_eq!(one.id, other.id);
    let id = one.id.unwrap();
    let here = client.schema_by_id(id, None).await.unwrap();
    assert_eq!(here.schema.text.as_ref(), r#""string""#);
    let there = blue.schema_by_id(id, None).await.unwrap();
    assert_eq!(there.schema.text.as_ref(), r#""long""#);
    assert_eq!(blue.cached_by_id(id), Some(there.clone()));
    let seen_from = Some(subject(":.blue:orders"));
    let asked = client.schema_by_id(id, seen_from.as_ref()).await.unwrap();
    assert_eq!(asked.schema, there.schema);
    assert_eq!(
        blue.subjects(None, Deleted::Hidden).await.unwrap(),
        [subject(":.blue:orders")]
    );
    let contexts = client.contexts().await.unwrap();
    assert!(
        contexts.iter().any(|c| c.as_str() == ".blue"),
        "{contexts:?}"
    );
}

fn reference(name: &str, subject: &str, version: i32) -> Reference {
    Reference {
        name: name.to_owned(),
        subject: subject.to_owned(),
        version,
    }
}

#[tokio::test]
async fn references_come_before_what_refers_to_them() {
    let (_registry, client) = started().await;
    let no = Normalize::default();
    let money =
        Schema::protobuf("syntax = \"proto3\"; package m; message Money { int64 cents = 1; }");
    let item = Schema::protobuf(
        "syntax = \"proto3\"; package i; import \"money.proto\"; message Item { m.Money price = 1; }",
    )
    .with_references(vec![reference("money.proto", "money", 1)]);
    let order = Schema::protobuf(
        "syntax = \"proto3\"; package o; import \"item.proto\"; import \"money.proto\"; \
         message Order { repeated i.Item items = 1; m.Money total = 2; }",
    )
    .with_references(vec![
        reference("item.proto", "item", 1),
        reference("money.proto", "money", 1),
    ]);
    client
        .register(&subject("money"), &money, no)
        .await
        .unwrap();
    client.register(&subject("item"), &item, no).await.unwrap();
    let root = client
        .register(&subject("order"), &order, no)
        .await
        .unwrap();

    for format in [Format::AsRegistered, Format::Serialized] {
        let resolved = client.resolve(root.clone(), format).await.unwrap();
        let names: Vec<&str> = resolved
            .references
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["money.proto", "item.proto"]);
        assert_eq!(resolved.references[0].version, Version(1));
        assert_eq!(resolved.references[0].subject, subject("money"));
        let is_text = resolved.references[0].schema.schema.text.contains("cents");
        assert_eq!(is_text, format == Format::AsRegistered);
    }
    let ids = client
        .referenced_by(&subject("item"), Version(1))
        .await
        .unwrap();
    assert_eq!(ids, [root.id.unwrap()]);
}

#[tokio::test]
async fn formats_are_kept_apart() {
    let (_registry, client) = started().await;
    let schema = Schema::protobuf("syntax = \"proto3\"; message M { int32 a = 1; }");
    let registered = client
        .register(&subject("m"), &schema, Normalize::default())
        .await
        .unwrap();
    let id = registered.id.unwrap();
    let text = client.schema_by_id(id, None).await.unwrap();
    let binary = client
        .schema_by_id_as(id, None, Format::Serialized)
        .await
        .unwrap();
    assert!(text.schema.text.contains("message M"));
    assert!(!binary.schema.text.contains("message M"));
    assert_eq!(client.cached_by_id(id), Some(text));
    assert_eq!(
        client.cached_by_id_as(id, None, Format::Serialized),
        Some(binary)
    );
}

#[tokio::test]
async fn the_latest_with_metadata() {
    let (_registry, client) = started().await;
    let orders = subject("orders");
    let of_team = |text: &str, team: &str| {
        let mut metadata = Metadata::default();
        metadata.properties.insert("team".into(), team.into());
        Schema {
            metadata: Some(metadata),
            ..Schema::avro(text)
        }
    };
    let no = Normalize::default();
    let red = of_team(ORDER, "red");
    client.register(&orders, &red, no).await.unwrap();
    let blue = of_team(ORDER_WITH_NOTE, "blue");
    client.register(&orders, &blue, no).await.unwrap();
    let wanted = [("team".to_owned(), "red".to_owned())];
    let found = client
        .latest_with_metadata(&orders, &wanted, Format::AsRegistered)
        .await
        .unwrap();
    assert_eq!(found.version, Some(Version(1)));
    assert_eq!(found.schema.metadata, red.metadata);
}

#[tokio::test]
async fn what_is_asked_twice_is_sent_once() {
    let (_registry, client) = started().await;
    let orders = subject("orders");
    let schema = Schema::avro(ORDER);
    let no = Normalize::default();
    let first = client.register(&orders, &schema, no).await.unwrap();
    let id = first.id.unwrap();
    assert_eq!(client.cached_by_id(id), None);
    client.schema_by_id(id, None).await.unwrap();
    client.latest(&orders).await.unwrap();
    let before = client.stats().requests;
    for _ in 0..10 {
        let again = client.register(&orders, &schema, no).await.unwrap();
        assert!(Arc::ptr_eq(&again, &first));
        client.schema_by_id(id, None).await.unwrap();
        client.latest(&orders).await.unwrap();
    }
    assert_eq!(client.stats().requests, before);
    assert!(client.cached_by_id(id).is_some());
    assert!(client.cached_latest(&orders).is_some());
    assert_eq!(
        client.cached_registration(&orders, &schema, no),
        Some(first)
    );
}

#[tokio::test]
async fn a_registration_makes_the_latest_version_news() {
    let (_registry, client) = started().await;
    let orders = subject("orders");
    let no = Normalize::default();
    assert!(client.latest(&orders).await.is_err());
    client
        .register(&orders, &Schema::avro(ORDER), no)
        .await
        .unwrap();
    assert_eq!(
        client.latest(&orders).await.unwrap().version,
        Some(Version(1))
    );
    client
        .register(&orders, &Schema::avro(ORDER_WITH_NOTE), no)
        .await
        .unwrap();
    assert_eq!(
        client.latest(&orders).await.unwrap().version,
        Some(Version(2))
    );
}

#[tokio::test(start_paused = true)]
async fn unusable_schemas_are_refused_for_a_while() {
    let (_registry, client) = started().await;
    let key = SchemaKey::Id(SchemaId(7));
    let orders = subject("orders");
    client.usable(key, Some(&orders)).unwrap();
    client.mark_bad(key, Some(&orders), "it is not JSON");
    let refused = client.usable(key, Some(&orders)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the schema 7 of orders cannot be used: it is not JSON"
    );
    client.usable(key, None).unwrap();
    tokio::time::advance(Tuning::default().bad_schema_ttl).await;
    client.usable(key, Some(&orders)).unwrap();
}
