//! Serializers with a registry: definitions of one name, subjects, and records that are null.

use accord::client::RegistryClient;
use accord::client::serde::protobuf::{ProtobufDeserializer, ProtobufSerializer};
use accord::client::serde::{DeserializerSettings, Incoming, SerializerSettings};
use accord::testing::TestRegistry;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::json;

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
