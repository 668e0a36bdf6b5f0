//! Codecs at their edges: numbers that do not fit, values without bytes, messages beside map fields.

use accord::client::serde::Limits;
use accord::client::serde::avro::{AvroCodec, JsonNotation};
use accord::client::serde::protobuf::ProtobufCodec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

fn avro(schema: &Value) -> AvroCodec {
    AvroCodec::new(&schema.to_string(), &[]).expect("a schema")
}

#[test]
fn a_number_beyond_float_is_refused_and_an_infinity_is_not() {
    let schema = json!({"type": "record", "name": "F", "fields": [{"name": "f", "type": "float"}]});
    let codec = avro(&schema);
    let limits = Limits::default();
    #[derive(serde::Serialize)]
    struct F {
        f: f64,
    }
    for beyond in [1e39, -1e39, f64::MAX] {
        let (mut out, mut typed) = (vec![9], vec![9]);
        let value = json!({ "f": beyond });
        let error = codec
            .encode_json(&value, JsonNotation::Plain, &limits, &mut out)
            .expect_err("too large");
        assert_eq!(error.problems[0].path, "f", "{error}");
        let error = codec
            .encode(&F { f: beyond }, &mut typed)
            .expect_err("too large");
        assert_eq!(error.problems[0].path, "f", "{error}");
        assert_eq!((out, typed), (vec![9], vec![9]));
    }
    // IEEE 754, little-endian, as the specification says.
    for (fits, bytes) in [
        (f64::from(f32::MAX), [0xff, 0xff, 0x7f, 0x7f]),
        (f64::INFINITY, [0, 0, 0x80, 0x7f]),
        (f64::NEG_INFINITY, [0, 0, 0x80, 0xff]),
        (0.1, [0xcd, 0xcc, 0xcc, 0x3d]),
    ] {
        let mut out = Vec::new();
        codec.encode(&F { f: fits }, &mut out).expect("a float");
        assert_eq!(out, bytes, "{fits}");
    }
}

#[test]
fn values_without_bytes_are_bounded_outside_of_arrays_too() {
    // Twice as many records for each level, in no bytes at all.
    let nested = |levels: i32| {
        let mut schema = json!({"type": "record", "name": "R0", "fields": []});
        for n in 1..=levels {
            let inner = format!("R{}", n - 1);
            schema = json!({"type": "record", "name": format!("R{n}"),
                "fields": [{"name": "a", "type": schema}, {"name": "b", "type": inner}]});
        }
        schema
    };
    let refused = AvroCodec::new(&nested(40).to_string(), &[]).expect_err("too many values");
    assert!(refused.contains("values"), "{refused}");
    let codec = avro(&nested(16));
    let limits = Limits {
        values: 10_000,
        ..Limits::default()
    };
    let error = codec.decode::<serde::de::IgnoredAny>(&[], &limits);
    assert!(error.is_err());
    assert!(codec.check(&[], &limits).is_err());
    let limits = Limits::default();
    assert!(codec.check(&[], &limits).is_ok());
    let small = avro(&json!({"type": "record", "name": "S", "fields": [
        {"name": "a", "type": "null"}, {"name": "n", "type": "int"}]}));
    assert!(small.decode::<Value>(&[2], &limits).is_ok());
}

/// Messages inside `M` in this order, where `FooEntry` is what its map field makes.
fn with_map(order: [&str; 3]) -> prost_reflect::FileDescriptor {
    let nested: Vec<Value> = (order.iter())
        .map(|name| match *name {
            "FooEntry" => json!({"name": name, "options": {"mapEntry": true}, "field": [
                {"name": "key", "number": 1, "label": "LABEL_OPTIONAL", "type": "TYPE_STRING"},
                {"name": "value", "number": 2, "label": "LABEL_OPTIONAL", "type": "TYPE_STRING"}]}),
            _ => json!({"name": name}),
        })
        .collect();
    let file = json!({"name": "m.proto", "syntax": "proto3", "messageType": [{"name": "M",
        "field": [{"name": "foo", "number": 1, "label": "LABEL_REPEATED", "type": "TYPE_MESSAGE",
            "typeName": ".M.FooEntry"}],
        "nestedType": nested}]});
    let descriptor = prost_reflect::DescriptorPool::global()
        .get_message_by_name("google.protobuf.FileDescriptorProto")
        .expect("known");
    let file = prost_reflect::DynamicMessage::deserialize(descriptor, file).expect("a file");
    let bytes = prost::Message::encode_to_vec(&file);
    let mut pool = prost_reflect::DescriptorPool::new();
    pool.decode_file_descriptor_proto(bytes.as_slice())
        .expect("a file");
    pool.get_file_by_name("m.proto").expect("it")
}

#[test]
fn entries_of_maps_have_no_message_index() {
    let orders = [
        ["A", "B", "FooEntry"],
        ["A", "FooEntry", "B"],
        ["FooEntry", "A", "B"],
    ];
    for written in orders {
        let writer = with_map(written);
        for read in orders {
            let file = with_map(read);
            let text = STANDARD.encode(prost::Message::encode_to_vec(file.file_descriptor_proto()));
            let codec = ProtobufCodec::new(&text, &[]).expect("a schema");
            for (name, expected) in [("M.A", [0, 0]), ("M.B", [0, 1])] {
                let pool = writer.parent_pool();
                let message = pool.get_message_by_name(name).expect("a message");
                // What Java's toMessageIndexes gives: places among the messages of the text.
                let indexes = accord::client::serde::protobuf::indexes_of(&message);
                assert_eq!(indexes, expected, "{written:?}");
                let found = codec.message(&indexes).expect("a message");
                assert_eq!(found.full_name(), name, "{written:?} {read:?}");
            }
            assert_eq!(codec.message(&[0, 3]), None);
        }
    }
    // Counted with the entry, as Python does, where nothing else can be meant.
    let text = with_map(["FooEntry", "A", "B"]);
    let text = STANDARD.encode(prost::Message::encode_to_vec(text.file_descriptor_proto()));
    let codec = ProtobufCodec::new(&text, &[]).expect("a schema");
    let found = codec.message(&[0, 2]).expect("a message");
    assert_eq!(found.full_name(), "M.B");
}
