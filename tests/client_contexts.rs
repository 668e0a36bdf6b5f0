//! The client and contexts: where a name is looked for that leaves its context out, and where its references are.

use accord::client::{
    Deleted, Format, Method, MockTransport, Normalize, RegistryClient, Reply, Schema,
};
use accord::model::{Context, Reference, SchemaId, Subject, Version};
use accord::testing::TestRegistry;
use serde_json::json;
use std::sync::Arc;

const EU: &str = r#"{"type":"record","name":"M","fields":[{"name":"eu","type":"long"}]}"#;
const US: &str = r#"{"type":"record","name":"M","fields":[{"name":"us","type":"string"}]}"#;
const ROOT: &str = r#"{"type":"record","name":"A","fields":[{"name":"m","type":"M"}]}"#;

fn eu() -> Context {
    Context::parse(".eu").unwrap()
}

fn to(subject: &str) -> Vec<Reference> {
    vec![Reference {
        name: "M".to_owned(),
        subject: subject.to_owned(),
        version: 1,
    }]
}

async fn register(client: &RegistryClient, subject: &str, schema: Schema) {
    client
        .register(&Subject::parse(subject), &schema, Normalize::default())
        .await
        .unwrap();
}

/// `:.eu:a-value` refers to `m`, which is another schema in the default context.
async fn two_of_a_name() -> (TestRegistry, RegistryClient) {
    let registry = TestRegistry::start().await.unwrap();
    let client = registry.client().unwrap();
    register(&client, "m", Schema::avro(US)).await;
    register(&client, ":.eu:m", Schema::avro(EU)).await;
    let root = Schema::avro(ROOT).with_references(to("m"));
    register(&client, ":.eu:a-value", root).await;
    (registry, client)
}

#[tokio::test]
async fn references_of_a_guid_are_in_the_context_it_was_asked_from() {
    let (_registry, client) = two_of_a_name().await;
    let subject = Subject::parse(":.eu:a-value");
    let guid = client.latest(&subject).await.unwrap().guid.unwrap();
    let root = client.schema_by_guid(guid).await.unwrap();
    let context = Subject::new(&eu(), "");
    for asked in [&subject, &context] {
        let resolved = client
            .resolve_from(root.clone(), Format::AsRegistered, Some(asked))
            .await
            .unwrap();
        assert_eq!(resolved.references[0].subject, Subject::parse(":.eu:m"));
        assert_eq!(resolved.references[0].schema.schema.text.as_ref(), EU);
    }
}

#[tokio::test]
async fn references_of_an_id_without_a_subject_are_in_the_context_it_was_asked_from() {
    let mock = MockTransport::new("http://silent");
    mock.on(
        Method::Get,
        "/schemas/ids/3",
        Reply::ok(json!({"schema": ROOT, "references": to("m")})),
    );
    let m = |subject: &str, text: &str| {
        Reply::ok(json!({"subject": subject, "version": 1, "id": 1, "schema": text}))
    };
    mock.on(Method::Get, "/subjects/m/versions/1", m("m", US));
    mock.on(
        Method::Get,
        "/subjects/%3A.eu%3Am/versions/1",
        m(":.eu:m", EU),
    );
    let client = of(&mock, Context::default_context());
    let asked = Subject::new(&eu(), "");
    let root = client
        .schema_by_id(SchemaId(3), Some(&asked))
        .await
        .unwrap();
    let resolved = client
        .resolve_from(root.clone(), Format::AsRegistered, Some(&asked))
        .await
        .unwrap();
    assert_eq!(resolved.references[0].schema.schema.text.as_ref(), EU);
    // Without a word about where, it is the client's context.
    let resolved = client.resolve(root, Format::AsRegistered).await.unwrap();
    assert_eq!(resolved.references[0].schema.schema.text.as_ref(), US);
}

fn of(mock: &Arc<MockTransport>, context: Context) -> RegistryClient {
    RegistryClient::builder("")
        .transport(mock.clone())
        .context(context)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_client_with_a_context_reaches_the_default_one() {
    let registry = TestRegistry::start().await.unwrap();
    let plain = registry.client().unwrap();
    register(&plain, "m", Schema::avro(US)).await;
    register(&plain, ":.eu:m", Schema::avro(EU)).await;
    let root = Schema::avro(ROOT).with_references(to(":.:m"));
    register(&plain, ":.eu:a-value", root).await;

    let client = registry.builder().context(eu()).build().unwrap();
    let text = async |subject: Subject| {
        let found = client.latest(&subject).await.unwrap();
        found.schema.text.clone()
    };
    assert_eq!(text(Subject::parse("m")).await.as_ref(), EU);
    assert_eq!(text(Subject::parse(":.eu:m")).await.as_ref(), EU);
    assert_eq!(text(Subject::parse(":.:m")).await.as_ref(), US);
    let default = Context::default_context();
    assert_eq!(text(Subject::new(&default, "m")).await.as_ref(), US);

    // So does a reference that names it.
    let root = client.latest(&Subject::parse("a-value")).await.unwrap();
    let resolved = client.resolve(root, Format::AsRegistered).await.unwrap();
    assert_eq!(resolved.references[0].schema.schema.text.as_ref(), US);

    // So does an id, and what the registry called by its name.
    let whole = Subject::new(&default, "");
    let found = client.schema_by_id(SchemaId(1), Some(&whole)).await;
    assert_eq!(found.unwrap().schema.text.as_ref(), US);
    let found = client.schema_by_id(SchemaId(1), None).await;
    assert_eq!(found.unwrap().schema.text.as_ref(), EU);
    let told = client.latest(&Subject::parse(":.:m")).await.unwrap();
    let again = client
        .version(told.subject.as_ref().unwrap(), Version(1), Deleted::Hidden)
        .await
        .unwrap();
    assert_eq!(again.schema.text.as_ref(), US);
}

#[cfg(feature = "client-avro")]
#[tokio::test]
async fn a_record_with_a_guid_is_read_in_the_deserializers_context() {
    use accord::client::serde::avro::AvroDeserializer;
    use accord::client::serde::{DeserializerSettings, Incoming, Part};

    let (_registry, client) = two_of_a_name().await;
    let subject = Subject::parse(":.eu:a-value");
    let latest = client.latest(&subject).await.unwrap();
    let guid = accord::wire::frame::header(latest.guid.unwrap());
    let settings = DeserializerSettings::new().context(".eu");
    let reader = AvroDeserializer::new(client, settings).unwrap();
    // 14 is 7 in zig-zag: M's only field, a long.
    let headers = [("__value_schema_id", guid.as_slice())];
    let record = Incoming::new("a", &[14]).with_headers(Part::Value, headers);
    let value: serde_json::Value = reader.deserialize(&record).await.unwrap();
    assert_eq!(value, json!({"m": {"eu": 7}}));
}

#[cfg(feature = "client-avro")]
#[tokio::test]
async fn a_deserializer_of_the_default_context_reads_its_ids() {
    use accord::client::serde::avro::AvroDeserializer;
    use accord::client::serde::{DeserializerSettings, Incoming};

    let registry = TestRegistry::start().await.unwrap();
    let plain = registry.client().unwrap();
    register(&plain, "m", Schema::avro(US)).await;
    register(&plain, ":.eu:m", Schema::avro(EU)).await;
    let client = registry.builder().context(eu()).build().unwrap();
    let settings = DeserializerSettings::new().context(".");
    let reader = AvroDeserializer::new(client, settings).unwrap();
    let record = Incoming::new("a", &[0, 0, 0, 0, 1, 2, b'x']);
    let value: serde_json::Value = reader.deserialize(&record).await.unwrap();
    assert_eq!(value, json!({"us": "x"}));
}
