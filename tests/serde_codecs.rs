//! The codecs by themselves: evolution on read by the specification's rules, JSON notations, typed records, and
//! bytes that nobody wrote.

use accord::client::serde::Limits;
use accord::client::serde::avro::{AvroCodec, JsonNotation, Unreadable};
use accord::client::serde::json::JsonCodec;
use accord::client::serde::protobuf::ProtobufCodec;
use accord::wire::frame;
use base64::Engine as _;
use proptest::prelude::*;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

fn avro(schema: &Value) -> AvroCodec {
    AvroCodec::new(&schema.to_string(), &[]).expect("a schema")
}

fn write(codec: &AvroCodec, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    codec
        .encode_json(value, JsonNotation::Plain, &Limits::default(), &mut out)
        .unwrap_or_else(|e| panic!("{value}: {e}"));
    out
}

fn record(fields: Value) -> Value {
    json!({"type": "record", "name": "R", "fields": fields})
}

/// The reader's value, or the place where reading fails.
fn read(writer: &Value, reader: &Value, value: &Value) -> Result<Value, String> {
    let (writer, reader) = (avro(writer), avro(reader));
    let bytes = write(&writer, value);
    let limits = Limits::default();
    let shown = reader.resolve_json(&writer, &bytes, JsonNotation::Plain, &limits);
    let resolved = reader.resolve(&writer, &bytes, &limits);
    match (shown, resolved) {
        (Ok(shown), Ok(bytes)) => {
            let again = reader.decode_json(&bytes, JsonNotation::Plain, &limits);
            assert_eq!(again.as_ref(), Ok(&shown), "both ways are one");
            // What the fast codec reads from it is the same.
            match reader.decode::<Value>(&bytes, &limits) {
                Ok(fast) => assert_eq!(fast, shown),
                // serde_json has no bytes.
                Err(error) => assert!(error.to_string().contains("byte array"), "{error}"),
            }
            Ok(shown)
        }
        (Err(Unreadable::Reading(a)), Err(Unreadable::Reading(b))) => {
            assert_eq!(a, b);
            Err(a.problems[0].path.clone())
        }
        other => panic!("{other:?}"),
    }
}

/// "Schema Resolution" of the Avro 1.12 specification, rule by rule.
#[test]
fn evolution_on_read() {
    let int_field = |name: &str| json!({"name": name, "type": "int"});
    let enums = |symbols: Value, default: Option<&str>| {
        let mut of = json!({"type": "enum", "name": "E", "symbols": symbols});
        if let Some(default) = default {
            of["default"] = json!(default);
        }
        of
    };
    let fixed = |name: &str, size: u32| json!({"type": "fixed", "name": name, "size": size});
    let two = record(json!([int_field("a"), int_field("b")]));
    let named = |name: &str, more: Value| {
        let mut of = json!({"type": "record", "name": name, "fields": [int_field("a")]});
        if let (Value::Object(of), Value::Object(more)) = (&mut of, more) {
            of.extend(more);
        }
        of
    };
    let at = |path: &str| Err(path.to_owned());
    type Row = (&'static str, Value, Value, Value, Result<Value, String>);
    let rows: Vec<Row> = vec![
        // Promotions.
        (
            "int to long",
            json!("int"),
            json!("long"),
            json!(5),
            Ok(json!(5)),
        ),
        (
            "int to float",
            json!("int"),
            json!("float"),
            json!(5),
            Ok(json!(5.0)),
        ),
        (
            "int to double",
            json!("int"),
            json!("double"),
            json!(5),
            Ok(json!(5.0)),
        ),
        (
            "long to float",
            json!("long"),
            json!("float"),
            json!(5),
            Ok(json!(5.0)),
        ),
        (
            "long to double",
            json!("long"),
            json!("double"),
            json!(5),
            Ok(json!(5.0)),
        ),
        (
            "float to double",
            json!("float"),
            json!("double"),
            json!(0.5),
            Ok(json!(0.5)),
        ),
        (
            "string to bytes",
            json!("string"),
            json!("bytes"),
            json!("x"),
            Ok(json!("x")),
        ),
        (
            "bytes to string",
            json!("bytes"),
            json!("string"),
            json!("x"),
            Ok(json!("x")),
        ),
        ("long to int", json!("long"), json!("int"), json!(5), at("")),
        (
            "double to float",
            json!("double"),
            json!("float"),
            json!(0.5),
            at(""),
        ),
        (
            "string to int",
            json!("string"),
            json!("int"),
            json!("5"),
            at(""),
        ),
        (
            "in an array",
            json!({"type": "array", "items": "int"}),
            json!({"type": "array", "items": "double"}),
            json!([1, 2]),
            Ok(json!([1.0, 2.0])),
        ),
        (
            "in an array, not",
            json!({"type": "array", "items": ["int", "string"]}),
            json!({"type": "array", "items": "int"}),
            json!([1, "x"]),
            at("1"),
        ),
        (
            "in a map",
            json!({"type": "map", "values": "int"}),
            json!({"type": "map", "values": "long"}),
            json!({"k": 1}),
            Ok(json!({"k": 1})),
        ),
        // Records.
        (
            "fields in another order",
            two.clone(),
            record(json!([int_field("b"), int_field("a")])),
            json!({"a": 1, "b": 2}),
            Ok(json!({"a": 1, "b": 2})),
        ),
        (
            "a field dropped",
            two.clone(),
            record(json!([int_field("b")])),
            json!({"a": 1, "b": 2}),
            Ok(json!({"b": 2})),
        ),
        (
            "a field added with a default",
            two.clone(),
            record(json!([int_field("a"), {"name": "c", "type": "string", "default": "d"}])),
            json!({"a": 1, "b": 2}),
            Ok(json!({"a": 1, "c": "d"})),
        ),
        (
            "a field added without a default",
            two.clone(),
            record(json!([int_field("a"), int_field("c")])),
            json!({"a": 1, "b": 2}),
            at("c"),
        ),
        (
            "a field renamed by an alias",
            two.clone(),
            record(json!([{"name": "z", "type": "long", "aliases": ["a"]}])),
            json!({"a": 1, "b": 2}),
            Ok(json!({"z": 1})),
        ),
        (
            "a default of a record",
            two.clone(),
            record(
                json!([{"name": "n", "type": {"type": "record", "name": "N", "fields": [
                {"name": "x", "type": "int", "default": 3}, {"name": "y", "type": "int"}]},
                "default": {"y": 4}}]),
            ),
            json!({"a": 1, "b": 2}),
            Ok(json!({"n": {"x": 3, "y": 4}})),
        ),
        (
            "another namespace",
            named("one.R", json!({})),
            named("two.R", json!({})),
            json!({"a": 1}),
            Ok(json!({"a": 1})),
        ),
        (
            "another name",
            named("R", json!({})),
            named("S", json!({})),
            json!({"a": 1}),
            at(""),
        ),
        (
            "another name with an alias",
            named("R", json!({})),
            named("S", json!({"aliases": ["R"]})),
            json!({"a": 1}),
            Ok(json!({"a": 1})),
        ),
        // Enums and fixed.
        (
            "a symbol that is known",
            enums(json!(["A", "B"]), None),
            enums(json!(["B"]), None),
            json!("B"),
            Ok(json!("B")),
        ),
        (
            "a symbol that is not",
            enums(json!(["A", "B"]), None),
            enums(json!(["B"]), None),
            json!("A"),
            at(""),
        ),
        (
            "a symbol that is not, with a default",
            enums(json!(["A", "B"]), None),
            enums(json!(["B"]), Some("B")),
            json!("A"),
            Ok(json!("B")),
        ),
        (
            "a fixed of the same size",
            fixed("F", 2),
            fixed("F", 2),
            json!("ab"),
            Ok(json!("ab")),
        ),
        (
            "a fixed of another size",
            fixed("F", 2),
            fixed("F", 3),
            json!("ab"),
            at(""),
        ),
        // Unions.
        (
            "into a union",
            json!("int"),
            json!(["null", "int"]),
            json!(5),
            Ok(json!(5)),
        ),
        (
            "into a union that promotes",
            json!("int"),
            json!(["string", "double"]),
            json!(5),
            Ok(json!(5.0)),
        ),
        (
            "the same type before a promotion",
            json!("int"),
            json!(["double", "int"]),
            json!(5),
            Ok(json!(5)),
        ),
        (
            "into a union without it",
            json!("string"),
            json!(["null", "int"]),
            json!("x"),
            at(""),
        ),
        (
            "out of a union",
            json!(["null", "int"]),
            json!("int"),
            json!(5),
            Ok(json!(5)),
        ),
        (
            "out of a union, another branch",
            json!(["null", "int"]),
            json!("int"),
            json!(null),
            at(""),
        ),
        (
            "from union to union",
            json!(["null", "int"]),
            json!(["long", "null"]),
            json!(5),
            Ok(json!(5)),
        ),
        (
            "a nullable field out",
            record(json!([{"name": "a", "type": ["null", "string"]}])),
            record(json!([{"name": "a", "type": "string"}])),
            json!({"a": null}),
            at("a"),
        ),
    ];
    for (what, writer, reader, value, expected) in rows {
        assert_eq!(read(&writer, &reader, &value), expected, "{what}");
    }
}

#[test]
fn the_json_encoding_names_branches_and_the_plain_one_does_not() {
    let codec = avro(&json!({"type": "record", "name": "a.R", "fields": [
        {"name": "u", "type": ["null", "string", "long", {"type": "enum", "name": "E", "symbols": ["X"]}]},
        {"name": "b", "type": "bytes"},
        {"name": "d", "type": "double", "default": 1.5}]}));
    let limits = Limits::default();
    for (tagged, plain) in [
        (
            json!({"u": null, "b": "\u{ff}", "d": 2.0}),
            json!({"u": null, "b": "\u{ff}", "d": 2.0}),
        ),
        (
            json!({"u": {"string": "x"}, "b": "", "d": 1.5}),
            json!({"u": "x", "b": ""}),
        ),
        (
            json!({"u": {"long": 3}, "b": "", "d": "NaN"}),
            json!({"u": 3, "b": "", "d": "NaN"}),
        ),
    ] {
        let mut bytes = Vec::new();
        codec
            .encode_json(&tagged, JsonNotation::Avro, &limits, &mut bytes)
            .expect("the JSON encoding");
        assert_eq!(bytes, write(&codec, &plain));
        assert_eq!(
            codec.decode_json(&bytes, JsonNotation::Avro, &limits),
            Ok(tagged)
        );
    }
    let mut out = vec![1];
    for (wrong, path) in [
        (json!({"u": "x", "b": "", "d": 1.0}), "u"),
        (json!({"u": {"int": 3}, "b": "", "d": 1.0}), "u"),
        (json!({"u": null, "b": "\u{100}", "d": 1.0}), "b"),
        (json!({"u": null, "b": ""}), "d"),
        (json!({"u": null, "b": "", "d": 1.0, "z": 1}), "z"),
    ] {
        let refused = codec
            .encode_json(&wrong, JsonNotation::Avro, &limits, &mut out)
            .expect_err("refused");
        assert_eq!(refused.problems[0].path, path, "{wrong}");
    }
    assert_eq!(out, [1], "nothing of a refused record is left");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    A,
    B,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Typed {
    // Not in the schema's order.
    kind: Kind,
    id: i64,
    ratio: f32,
    name: Option<String>,
    list: Vec<i32>,
    map: BTreeMap<String, Typed>,
    #[serde(with = "serde_bytes_as")]
    raw: Vec<u8>,
}

/// `serde_bytes` in four lines.
mod serde_bytes_as {
    use serde::{Deserializer, Serializer, de::Visitor};
    use std::fmt;

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

fn typed_schema() -> Value {
    json!({"type": "record", "name": "Typed", "fields": [
        {"name": "id", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        {"name": "ratio", "type": "float"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "list", "type": {"type": "array", "items": "int"}},
        {"name": "map", "type": {"type": "map", "values": "Typed"}},
        {"name": "raw", "type": "bytes"}]})
}

#[test]
fn typed_records_are_the_same_bytes_as_json_ones() {
    let codec = avro(&typed_schema());
    let leaf = |id| Typed {
        kind: Kind::B,
        id,
        ratio: 0.5,
        name: None,
        list: vec![1, -2],
        map: BTreeMap::new(),
        raw: vec![0, 255],
    };
    let whole = Typed {
        map: [("x".to_owned(), leaf(2))].into(),
        name: Some("n".to_owned()),
        ..leaf(1)
    };
    let mut out = Vec::new();
    codec.encode(&whole, &mut out).expect("it fits");
    let shown = json!({"id": 1, "kind": "B", "ratio": 0.5, "name": "n", "list": [1, -2], "raw": "\u{0}\u{ff}",
        "map": {"x": {"id": 2, "kind": "B", "ratio": 0.5, "name": null, "list": [1, -2], "map": {},
            "raw": "\u{0}\u{ff}"}}});
    assert_eq!(out, write(&codec, &shown));
    assert_eq!(codec.decode::<Typed>(&out, &Limits::default()), Ok(whole));
    let mut encoder = codec.encoder();
    let mut again = Vec::new();
    for _ in 0..3 {
        again.clear();
        encoder
            .encode(&shown_typed(&shown), &mut again)
            .expect("it fits");
        assert_eq!(again.len(), out.len());
    }
}

fn shown_typed(shown: &Value) -> Typed {
    Typed {
        kind: Kind::B,
        id: shown["id"].as_i64().expect("a number"),
        ratio: 0.5,
        name: Some("n".to_owned()),
        list: vec![1, -2],
        map: [(
            "x".to_owned(),
            Typed {
                map: BTreeMap::new(),
                name: None,
                kind: Kind::B,
                id: 2,
                ratio: 0.5,
                list: vec![1, -2],
                raw: vec![0, 255],
            },
        )]
        .into(),
        raw: vec![0, 255],
    }
}

#[test]
fn depth_and_numbers_of_values_are_bounded() {
    let list = avro(
        &json!({"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}),
    );
    // Each byte 2 is one more level.
    let mut deep = vec![2; 100_000];
    deep.push(0);
    let limits = Limits::default();
    assert!(list.decode::<Value>(&deep, &limits).is_err());
    assert!(
        list.decode_json(&deep, JsonNotation::Plain, &limits)
            .is_err()
    );
    assert!(list.resolve(&list, &deep, &limits).is_err());
    let mut nested = Value::Null;
    for _ in 0..1_000 {
        nested = json!({"next": nested});
    }
    let mut out = Vec::new();
    assert!(
        list.encode_json(&nested, JsonNotation::Plain, &limits, &mut out)
            .is_err()
    );
    let fine = [2, 2, 2, 0];
    assert!(list.decode::<Value>(&fine, &limits).is_ok());

    // Ten bytes that claim 2^40 nulls, in one array and in many.
    let nulls = avro(&json!({"type": "array", "items": "null"}));
    let mut claim = vec![0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0];
    assert!(nulls.decode::<Value>(&claim, &limits).is_err());
    assert!(
        nulls
            .decode_json(&claim, JsonNotation::Plain, &limits)
            .is_err()
    );
    let many = avro(&json!({"type": "array", "items": {"type": "array", "items": "null"}}));
    claim = vec![0x80, 0x01];
    for _ in 0..64 {
        // 2^20 nulls each.
        claim.extend([0x80, 0x80, 0x80, 0x01, 0]);
    }
    claim.push(0);
    assert!(many.decode::<Value>(&claim, &limits).is_err());
    // A thousand messages inside each other.
    let mut message = Vec::new();
    for _ in 0..1_000 {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(message.len() as u64, &mut outer);
        outer.extend(&message);
        message = outer;
    }
    assert!(PROTOBUF.decode(&[0], &message).is_err());
    assert!(PROTOBUF.decode(&[0], &[0x0a, 0]).is_ok());
    assert!(PROTOBUF.decode(&[1], &[0x0a, 0]).is_err());
    // A length beyond the end allocates nothing.
    let strings = avro(&json!({"type": "array", "items": "string"}));
    let long = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert!(strings.decode::<Value>(&long, &limits).is_err());
}

#[test]
fn a_union_of_likes_is_matched_at_a_bounded_cost() {
    // Every level has two branches that look alike and only differ at the end.
    let mut inner = json!("int");
    for level in 0..25 {
        let branch = |side: &str, of: &Value| json!({"type": "record", "name": format!("{side}{level}"), "fields": [{"name": "x", "type": of}]});
        let left = branch("L", &inner);
        let name = format!("L{}", level - 1);
        let again = if level == 0 {
            json!("int")
        } else {
            json!([name, format!("R{}", level - 1)])
        };
        inner = json!([left, branch("R", &again)]);
    }
    let codec = avro(&inner);
    let mut value = json!("not an int");
    for _ in 0..25 {
        value = json!({"x": value});
    }
    let limits = Limits {
        values: 100_000,
        ..Limits::default()
    };
    let mut out = Vec::new();
    assert!(
        codec
            .encode_json(&value, JsonNotation::Plain, &limits, &mut out)
            .is_err()
    );
}

static CODECS: LazyLock<Vec<AvroCodec>> = LazyLock::new(|| {
    let schemas = [
        typed_schema(),
        json!({"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}, {"name": "v", "type": "int"}]}),
        json!({"type": "array", "items": ["null", "string", {"type": "map", "values": "double"}]}),
        json!({"type": "array", "items": "null"}),
        json!({"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}),
        json!({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}),
    ];
    schemas.iter().map(avro).collect()
});

static JSON: LazyLock<JsonCodec> = LazyLock::new(|| {
    let text = r##"{"type":"object","properties":{"a":{"type":"array","items":{"$ref":"#"}}}}"##;
    JsonCodec::new(text, &[]).expect("a schema")
});

/// `message M { M m = 1; repeated int32 n = 2 [packed]; map<string, M> k = 3; string s = 4; }`, in base64.
static PROTOBUF: LazyLock<ProtobufCodec> = LazyLock::new(|| {
    let field = |name: &str, number, label: Label, of: Type, type_name: Option<&str>| {
        FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            label: Some(label.into()),
            r#type: Some(of.into()),
            type_name: type_name.map(str::to_owned),
            ..FieldDescriptorProto::default()
        }
    };
    let entry = DescriptorProto {
        name: Some("KEntry".to_owned()),
        field: vec![
            field("key", 1, Label::Optional, Type::String, None),
            field("value", 2, Label::Optional, Type::Message, Some(".M")),
        ],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    };
    let message = DescriptorProto {
        name: Some("M".to_owned()),
        field: vec![
            field("m", 1, Label::Optional, Type::Message, Some(".M")),
            field("n", 2, Label::Repeated, Type::Int32, None),
            field("k", 3, Label::Repeated, Type::Message, Some(".M.KEntry")),
            field("s", 4, Label::Optional, Type::String, None),
        ],
        nested_type: vec![entry],
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("m.proto".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![message],
        ..FileDescriptorProto::default()
    };
    let text = base64::engine::general_purpose::STANDARD.encode(file.encode_to_vec());
    ProtobufCodec::new(&text, &[]).expect("a schema")
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let limits = Limits { values: 10_000, ..Limits::default() };
        for codec in &*CODECS {
            let shown = codec.decode_json(&bytes, JsonNotation::Plain, &limits);
            let fast = codec.decode::<Value>(&bytes, &limits);
            if shown.is_err() {
                prop_assert!(fast.is_err(), "{:?} {:?}", codec, bytes);
            }
            if let Ok(value) = &shown {
                // What was read can be written, and reads back.
                let mut out = Vec::new();
                codec.encode_json(value, JsonNotation::Plain, &limits, &mut out)
                    .map_err(|e| TestCaseError::fail(format!("{codec:?} {value}: {e}")))?;
            }
            // Reading and resolving agree on what is readable.
            prop_assert_eq!(codec.resolve(codec, &bytes, &limits).is_ok(), shown.is_ok());
        }
        let _typed = CODECS[0].decode::<Typed>(&bytes, &limits);
        let _checked = JSON.check(&bytes, &limits);
        let _message = PROTOBUF.decode(&[0], &bytes);
        let _split = frame::split(&bytes);
        let _indexes = frame::read_indexes(&bytes);
    }

    #[test]
    fn no_text_makes_a_schema_panic(text in ".{0,64}") {
        let _avro = AvroCodec::new(&text, &[]);
        let _json = JsonCodec::new(&text, &[]);
        let _protobuf = ProtobufCodec::new(&text, &[]);
    }
}
