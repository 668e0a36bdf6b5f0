//! The bytes are those of Confluent's Python serializers, and those are read: `tests/serde/golden.json`, which
//! `tests/oracles/serde_golden.py` wrote with a registry in which the schemas were registered in this order.

use accord::client::serde::avro::{AvroDeserializer, AvroSerializer, JsonNotation};
use accord::client::serde::json::{JsonDeserializer, JsonSerializer};
use accord::client::serde::protobuf::{ProtobufDeserializer, ProtobufSerializer};
use accord::client::serde::{
    DeserializerSettings, Framed, Framing, Incoming, Part, SerializerSettings,
};
use accord::client::{Normalize, RegistryClient, Schema};
use accord::model::{Reference, Subject};
use accord::testing::TestRegistry;
use base64::Engine as _;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use prost_types::FileDescriptorProto;
use serde_json::Value;

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What Python wrote with the id in front, or in a header.
struct Theirs {
    framing: Framing,
    payload: Vec<u8>,
    header: Option<(String, Vec<u8>)>,
}

fn theirs(record: &Value) -> Vec<Theirs> {
    [("prefix", Framing::Prefix), ("header", Framing::Header)]
        .into_iter()
        .filter(|(name, _)| record.get(name).is_some())
        .map(|(name, framing)| {
            let made = &record[name];
            Theirs {
                framing,
                payload: unhex(text(&made["payload"])),
                header: made
                    .get("header")
                    .map(|h| (text(&h["name"]).to_owned(), unhex(text(&h["value"])))),
            }
        })
        .collect()
}

fn is_equal(ours: &Framed, theirs: &Theirs, what: &Value) {
    assert_eq!(ours.bytes, theirs.payload, "{what}");
    let header = ours.header.as_ref();
    let header = header.map(|(name, value)| ((*name).to_owned(), value.to_vec()));
    assert_eq!(header, theirs.header, "{what}");
}

fn incoming<'a>(topic: &'a str, theirs: &'a Theirs) -> Incoming<'a> {
    let headers = theirs.header.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_slice()));
    Incoming::new(topic, &theirs.payload).with_headers(Part::Value, headers)
}

fn settings(theirs: &Theirs) -> SerializerSettings {
    SerializerSettings::new().framing(theirs.framing)
}

async fn avro(client: &RegistryClient, case: &Value) {
    let topic = text(&case["topic"]);
    let mut references = Vec::new();
    for reference in case["references"].as_array().unwrap() {
        let subject = Subject::parse(text(&reference[1]));
        let schema = Schema::avro(text(&reference[2]));
        let registered = client
            .register(&subject, &schema, Normalize::default())
            .await
            .unwrap();
        references.push(Reference {
            name: text(&reference[0]).to_owned(),
            subject: text(&reference[1]).to_owned(),
            version: registered.version.map_or(1, |v| v.0),
        });
    }
    let schema = Schema::avro(text(&case["schema"])).with_references(references);
    for record in case["records"].as_array().unwrap() {
        for theirs in theirs(record) {
            let writer =
                AvroSerializer::new(client.clone(), Some(schema.clone()), settings(&theirs));
            let value = &record["json"];
            let ours = writer
                .serialize_json(topic, value, JsonNotation::Plain)
                .await
                .unwrap();
            is_equal(&ours, &theirs, value);
            let reader = AvroDeserializer::new(client.clone(), DeserializerSettings::new());
            let read = reader
                .unwrap()
                .deserialize_json(&incoming(topic, &theirs), JsonNotation::Plain)
                .await
                .unwrap();
            assert_eq!(read, *value);
        }
    }
}

async fn json(client: &RegistryClient, case: &Value) {
    let topic = text(&case["topic"]);
    let schema = Schema::json(text(&case["schema"]));
    for record in case["records"].as_array().unwrap() {
        for theirs in theirs(record) {
            let writer =
                JsonSerializer::new(client.clone(), Some(schema.clone()), settings(&theirs));
            let value = &record["json"];
            let ours = writer.serialize_value(topic, value).await.unwrap();
            let start = ours.bytes.len().min(5);
            if theirs.framing == Framing::Prefix {
                assert_eq!(ours.bytes[..start], theirs.payload[..start]);
            } else {
                let header = ours.header.as_ref().map(|(_, value)| value.to_vec());
                assert_eq!(
                    header,
                    theirs.header.as_ref().map(|(_, value)| value.clone())
                );
            }
            // The order of members is not part of the value, and `serde_json::Value` has its own.
            let body = |bytes: &[u8]| {
                let at = if theirs.framing == Framing::Prefix {
                    5
                } else {
                    0
                };
                assert!(!bytes.contains(&b' '), "compact");
                serde_json::from_slice::<Value>(&bytes[at..]).unwrap()
            };
            assert_eq!(body(&ours.bytes), body(&theirs.payload));
            let reader = JsonDeserializer::new(client.clone(), DeserializerSettings::new());
            let read: Value = reader
                .unwrap()
                .deserialize(&incoming(topic, &theirs))
                .await
                .unwrap();
            assert_eq!(read, *value);
        }
    }
}

async fn protobuf(client: &RegistryClient, case: &Value) {
    let topic = text(&case["topic"]);
    let global = DescriptorPool::global();
    let mut files: Vec<FileDescriptorProto> = global
        .files()
        .map(|file| file.file_descriptor_proto().clone())
        .collect();
    for file in case["references"].as_array().unwrap() {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text(&file[1]))
            .unwrap();
        files.push(FileDescriptorProto::decode(bytes.as_slice()).unwrap());
    }
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files).unwrap();
    for record in case["records"].as_array().unwrap() {
        let descriptor = pool.get_message_by_name(text(&record["message"])).unwrap();
        let value = &record["json"];
        let message = DynamicMessage::deserialize(descriptor, value).unwrap();
        for theirs in theirs(record) {
            let writer = ProtobufSerializer::new(client.clone(), settings(&theirs));
            let ours = writer.serialize(topic, &message).await.unwrap();
            is_equal(&ours, &theirs, value);
            let reader = ProtobufDeserializer::new(client.clone(), DeserializerSettings::new());
            let read = reader
                .unwrap()
                .deserialize_dynamic(&incoming(topic, &theirs))
                .await
                .unwrap();
            let options = SerializeOptions::new();
            let shown = read
                .serialize_with_options(serde_json::value::Serializer, &options)
                .unwrap();
            assert_eq!(shown, *value);
        }
    }
}

#[tokio::test]
async fn the_bytes_are_those_of_the_python_client() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("serde/golden.json")).unwrap();
    let registry = TestRegistry::start().await.unwrap();
    let client = registry.client().unwrap();
    for case in &cases {
        match text(&case["language"]) {
            "AVRO" => avro(&client, case).await,
            "JSON" => json(&client, case).await,
            _ => protobuf(&client, case).await,
        }
    }
    assert_eq!(cases.len(), 14);
}
