//! Serializers with a registry: definitions of one name, subjects, and records that are null.

use accord::client::serde::avro::{AvroDeserializer, AvroSerializer};
use accord::client::serde::json::JsonSerializer;
use accord::client::serde::protobuf::{ProtobufDeserializer, ProtobufSerializer};
use accord::client::serde::{
    DeserializerSettings, Framing, Incoming, Limits, Part, SerdeError, SerializerSettings,
    SubjectStrategy, Validator,
};
use accord::client::{Method, MockTransport, Normalize, RegistryClient, Reply, Schema};
use accord::model::{Guid, Reference, Subject};
use accord::testing::TestRegistry;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::{Value, json};

async fn start() -> (TestRegistry, RegistryClient) {
    let registry = TestRegistry::start().await.expect("a registry");
    let client = registry.client().expect("a client");
    (registry, client)
}

fn order(text: &str) -> MessageDescriptor {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("o.proto"), text).expect("written");
    let mut compiler = protox::Compiler::new([folder.path()]).expect("a compiler");
    compiler.open_file("o.proto").expect("it compiles");
    let set = compiler.file_descriptor_set();
    let pool = DescriptorPool::from_file_descriptor_set(set).expect("a pool");
    pool.get_message_by_name("p.Order").expect("a message")
}

#[tokio::test]
async fn two_definitions_of_one_name_are_two_schemas() {
    let (_registry, client) = start().await;
    let a = order(r#"syntax = "proto3"; package p; message Order { int32 x = 1; }"#);
    let b = order(
        r#"syntax = "proto3"; package p; message Other {} message Order { int32 x = 1; int32 y = 2; }"#,
    );
    let writer = ProtobufSerializer::new(client.clone(), SerializerSettings::new());
    let reader = ProtobufDeserializer::new(client, DeserializerSettings::new()).expect("one");
    let mut ids = Vec::new();
    for (descriptor, value) in [
        (&a, json!({"x": 1})),
        (&b, json!({"x": 1, "y": 2})),
        (&a, json!({"x": 3})),
        (&b, json!({"x": 3, "y": 4})),
    ] {
        let message =
            DynamicMessage::deserialize(descriptor.clone(), value.clone()).expect("a message");
        let written = match writer.serialize_cached("t", &message) {
            Some(written) => written.expect("written"),
            None => writer.serialize("t", &message).await.expect("written"),
        };
        let record = Incoming::new("t", &written.bytes);
        let read = reader.deserialize_dynamic(&record).await.expect("read");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), value);
        ids.push(written.bytes[..5].to_vec());
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[..2], ids[2..]);
    assert!(writer.subject("t", &a).is_some());
}

#[tokio::test]
async fn references_are_followed_where_the_subject_is() {
    let mock = MockTransport::new("http://mock");
    mock.on(
        Method::Get,
        "/associations/resources/-/orders",
        Reply::ok(json!([{"subject": ":.eu:orders", "associationType": "value"}])),
    );
    mock.on(
        Method::Post,
        "/subjects/%3A.eu%3Aorders/versions",
        Reply::ok(json!({"id": 9})),
    );
    let money = r#"{"type":"record","name":"m","fields":[{"name":"cents","type":"long"}]}"#;
    // Of the default context, nothing is known.
    mock.on(
        Method::Get,
        "/subjects/%3A.eu%3Am/versions/1",
        Reply::ok(json!({"id": 8, "subject": ":.eu:m", "version": 1, "schema": money})),
    );
    let client = RegistryClient::builder("http://mock")
        .transport(mock)
        .build()
        .expect("a client");
    let settings = SerializerSettings::new().strategy(SubjectStrategy::Associated {
        namespace: "-".to_owned(),
    });
    let schema = r#"{"type":"record","name":"o","fields":[{"name":"m","type":"m"}]}"#;
    let schema = Schema::avro(schema).with_references(vec![Reference {
        name: "m".to_owned(),
        subject: "m".to_owned(),
        version: 1,
    }]);
    let writer = AvroSerializer::new(client, Some(schema), settings);
    let written = writer
        .serialize("orders", &json!({"m": {"cents": 7}}))
        .await;
    assert_eq!(written.expect("written").bytes, [0, 0, 0, 0, 9, 14]);
}

#[tokio::test]
async fn settings_that_cannot_work_are_told_before_the_registry_is_asked() {
    // Nothing answers there.
    let client = RegistryClient::builder("http://mock")
        .transport(MockTransport::new("http://mock"))
        .build()
        .expect("a client");
    for (settings, told) in [
        (
            SerializerSettings::new()
                .use_latest()
                .strategy(SubjectStrategy::Record),
            "without a schema nothing tells",
        ),
        (
            SerializerSettings::new().use_guid(Guid([1; 16])),
            "can only be named in a header",
        ),
    ] {
        let writer = AvroSerializer::new(client.clone(), None, settings);
        let error = writer.prepare("t").await.expect_err("refused");
        assert!(matches!(error, SerdeError::Settings(_)), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn ids_count_from_one() {
    for id in [0, -1] {
        let mock = MockTransport::new("http://mock");
        mock.on(
            Method::Post,
            "/subjects/t-value/versions",
            Reply::ok(json!({"id": id})),
        );
        let client = RegistryClient::builder("http://mock")
            .transport(mock)
            .build()
            .expect("a client");
        let schema = Some(Schema::avro(r#""long""#));
        let writer = AvroSerializer::new(client, schema, SerializerSettings::new());
        assert!(writer.serialize("t", &1_i64).await.is_err(), "{id}");
    }
}

#[tokio::test]
async fn a_null_record_is_called_one_and_headers_can_be_checked() {
    let (_registry, client) = start().await;
    let reader = AvroDeserializer::new(client.clone(), DeserializerSettings::new()).expect("one");
    let null = reader.deserialize::<Value>(&Incoming::new("t", &[])).await;
    assert!(matches!(null, Err(SerdeError::Null)), "{null:?}");
    let validator = Validator::new(client.clone(), Limits::default());
    let null = validator.framed(&[]).await;
    assert!(matches!(null, Err(SerdeError::Null)), "{null:?}");

    let settings = SerializerSettings::new().framing(Framing::Header);
    let schema = Some(Schema::json(r#"{"type":"integer"}"#));
    let writer = JsonSerializer::new(client.clone(), schema, settings.clone());
    let written = writer.serialize("j", &1).await.expect("written");
    let (_, header) = written.header.expect("a header");
    let good = validator.with_header(&header, &written.bytes).await;
    assert!(good.is_ok(), "{good:?}");
    let bad = validator.with_header(&header, b"true").await;
    assert!(matches!(bad, Err(SerdeError::Bytes { .. })), "{bad:?}");

    // A message without fields takes no bytes, and is no null.
    let descriptor = order(r#"syntax = "proto3"; package p; message Order { int32 x = 1; }"#);
    let message = DynamicMessage::new(descriptor);
    let writer = ProtobufSerializer::new(client.clone(), settings);
    let written = writer.serialize("p", &message).await.expect("written");
    let (name, header) = written.header.expect("a header");
    assert!(written.bytes.is_empty());
    let good = validator.with_header(&header, &written.bytes).await;
    assert!(good.is_ok(), "{good:?}");
    let reader = ProtobufDeserializer::new(client, DeserializerSettings::new()).expect("one");
    let record = Incoming::new("p", &[]).with_headers(Part::Value, [(name, &*header)]);
    assert!(reader.deserialize_dynamic(&record).await.is_ok());
}

#[tokio::test]
async fn what_a_typed_record_may_leave_out() {
    let (_registry, client) = start().await;
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"d","type":"double"},
        {"name":"note","type":"string","default":""}]}"#;
    let subject = Subject::parse("t-value");
    client
        .register(&subject, &Schema::avro(schema), Normalize::default())
        .await
        .expect("registered");
    let writer = AvroSerializer::new(client, None, SerializerSettings::new().use_latest());
    #[derive(serde::Serialize)]
    struct Old {
        d: f64,
    }
    // The default of what an older type does not know is written.
    let written = writer.serialize("t", &Old { d: 1.0 }).await;
    let written = written.expect("written").bytes;
    assert_eq!(written[5..], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0]);
    #[derive(serde::Serialize)]
    struct Other {
        note: &'static str,
    }
    let missing = writer.serialize("t", &Other { note: "" }).await;
    let missing = missing.expect_err("a field is missing").to_string();
    assert!(missing.contains("at d:"), "{missing}");
    let value = json!({"d": 1, "note": ""});
    let integer = writer.serialize("t", &value).await.expect_err("no double");
    assert!(integer.to_string().contains("serialize_json"), "{integer}");
    let notation = accord::client::serde::avro::JsonNotation::Plain;
    let written = writer.serialize_json("t", &json!({"d": 1}), notation).await;
    assert_eq!(written.expect("written").bytes.len(), 5 + 8 + 1);
}
