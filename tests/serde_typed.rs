//! The typed Avro codec beside other implementations: the same bytes, and the same values from them.

use accord::client::serde::Limits;
use accord::client::serde::avro::{AvroCodec, JsonNotation};
use proptest::prelude::*;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;

fn codec(schema: &serde_json::Value) -> AvroCodec {
    AvroCodec::new(&schema.to_string(), &[]).expect("a schema")
}

fn written<T: Serialize>(codec: &AvroCodec, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    codec.encode(value, &mut out).expect("written");
    out
}

fn refused<T: Serialize>(codec: &AvroCodec, value: &T) -> String {
    let mut out = vec![7];
    let error = codec.encode(value, &mut out).expect_err("refused");
    assert_eq!(out, [7], "the buffer is as it was");
    error.to_string()
}

fn read<'a, T: Deserialize<'a>>(codec: &AvroCodec, bytes: &'a [u8]) -> Result<T, String> {
    (codec.decode(bytes, &Limits::default())).map_err(|error| error.to_string())
}

/// What serde_avro_fast writes.
fn theirs<T: Serialize>(schema: &serde_json::Value, value: &T) -> Vec<u8> {
    let schema: serde_avro_fast::Schema = schema.to_string().parse().expect("a schema");
    let mut config = serde_avro_fast::ser::SerializerConfig::new(&schema);
    serde_avro_fast::to_datum_vec(value, &mut config).expect("written")
}

/// What serde_avro_fast reads.
fn they_read<T: for<'a> Deserialize<'a>>(schema: &serde_json::Value, bytes: &[u8]) -> Option<T> {
    let schema: serde_avro_fast::Schema = schema.to_string().parse().expect("a schema");
    serde_avro_fast::from_datum_slice(bytes, &schema).ok()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Colour {
    Red,
    Green,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Choice {
    Null,
    Long(i64),
    String(String),
    Point(Point),
    #[serde(rename = "ns.Other")]
    Other {
        a: f64,
    },
    Array(Vec<i32>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    boolean: bool,
    int: i32,
    long: i64,
    float: f32,
    double: f64,
    string: String,
    #[serde(with = "bytes")]
    bytes: Vec<u8>,
    maybe: Option<Box<Everything>>,
    list: Vec<Option<String>>,
    map: BTreeMap<String, Point>,
    colour: Colour,
    maybe_colour: Option<Colour>,
    choice: Choice,
}

/// Bytes as bytes, and not as a list of numbers.
mod bytes {
    use super::*;

    pub fn serialize<S: serde::Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<u8>, D::Error> {
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

fn everything() -> serde_json::Value {
    json!({"type": "record", "name": "Everything", "fields": [
        {"name": "boolean", "type": "boolean"},
        {"name": "int", "type": "int"},
        {"name": "long", "type": "long"},
        {"name": "float", "type": "float"},
        {"name": "double", "type": "double"},
        {"name": "string", "type": "string"},
        {"name": "bytes", "type": "bytes"},
        {"name": "maybe", "type": ["null", "Everything"]},
        {"name": "list", "type": {"type": "array", "items": ["string", "null"]}},
        {"name": "map", "type": {"type": "map", "values":
            {"type": "record", "name": "Point", "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "long"}]}}},
        {"name": "colour", "type": {"type": "enum", "name": "Colour", "symbols": ["Red", "Green"]}},
        {"name": "maybe_colour", "type": ["null", "Colour"]},
        {"name": "choice", "type": ["null", "long", "string", "Point",
            {"type": "record", "name": "ns.Other", "fields": [{"name": "a", "type": "double"}]},
            {"type": "array", "items": "int"}]},
    ]})
}

fn choices() -> impl Strategy<Value = Choice> {
    // Without `Choice::Null`, of which serde_avro_fast makes the text "Null".
    prop_oneof![
        any::<i64>().prop_map(Choice::Long),
        ".{0,5}".prop_map(Choice::String),
        points().prop_map(Choice::Point),
        (-1e9..1e9f64).prop_map(|a| Choice::Other { a }),
        proptest::collection::vec(any::<i32>(), 0..3).prop_map(Choice::Array),
    ]
}

fn points() -> impl Strategy<Value = Point> {
    (any::<i32>(), any::<i64>()).prop_map(|(x, y)| Point { x, y })
}

fn colours() -> impl Strategy<Value = Colour> {
    prop_oneof![Just(Colour::Red), Just(Colour::Green)]
}

fn records() -> impl Strategy<Value = Everything> {
    let scalars = (
        any::<bool>(),
        any::<i32>(),
        any::<i64>(),
        -1e9..1e9f32,
        -1e9..1e9f64,
        ".{0,9}",
        proptest::collection::vec(any::<u8>(), 0..9),
    );
    let parts = (
        proptest::collection::vec(proptest::option::of(".{0,3}"), 0..4),
        proptest::collection::btree_map(".{0,3}", points(), 0..3),
        colours(),
        proptest::option::of(colours()),
        choices(),
    );
    let flat = (scalars, parts).prop_map(|(scalars, parts)| Everything {
        boolean: scalars.0,
        int: scalars.1,
        long: scalars.2,
        float: scalars.3,
        double: scalars.4,
        string: scalars.5,
        bytes: scalars.6,
        maybe: None,
        list: parts.0,
        map: parts.1,
        colour: parts.2,
        maybe_colour: parts.3,
        choice: parts.4,
    });
    flat.prop_recursive(3, 4, 1, |inner| {
        (inner.clone(), inner).prop_map(|(mut outer, inner)| {
            outer.maybe = Some(Box::new(inner));
            outer
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_bytes_and_values_as_serde_avro_fast(record in records()) {
        let schema = everything();
        let codec = codec(&schema);
        let ours = written(&codec, &record);
        prop_assert_eq!(&ours, &theirs(&schema, &record));
        let back: Everything = read(&codec, &ours).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&back, &record);
        prop_assert_eq!(they_read::<Everything>(&schema, &ours), Some(record));
    }

    #[test]
    fn damaged_bytes_are_read_as_others_read_them(record in records(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let schema = everything();
        let codec = codec(&schema);
        let mut bytes = written(&codec, &record);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let ours = read::<Everything>(&codec, &bytes);
        // Equal bytes, because a float may be no number, which is not equal to itself.
        if let (Ok(ours), Some(theirs)) = (&ours, they_read::<Everything>(&schema, &bytes)) {
            prop_assert_eq!(written(&codec, ours), written(&codec, &theirs));
        }
        // The exact reader agrees on what is a record.
        let exact = codec.decode_json(&bytes, JsonNotation::Avro, &Limits::default());
        if exact.is_err() {
            prop_assert!(ours.is_err());
        }
    }
}

#[test]
fn apache_avro_reads_what_is_written() {
    let schema = everything();
    let record = Everything {
        boolean: true,
        int: -3,
        long: 1 << 40,
        float: 1.5,
        double: -2.25,
        string: "é".to_owned(),
        bytes: vec![0, 255],
        maybe: None,
        list: vec![None, Some("x".to_owned())],
        map: BTreeMap::from([("k".to_owned(), Point { x: 1, y: 2 })]),
        colour: Colour::Green,
        maybe_colour: Some(Colour::Red),
        choice: Choice::Point(Point { x: 7, y: 8 }),
    };
    let bytes = written(&codec(&schema), &record);
    let schema = apache_avro::Schema::parse(&schema).expect("a schema");
    let reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema)
        .build()
        .expect("a reader");
    let value = reader.read_value(&mut &bytes[..]).expect("read");
    let apache_avro::types::Value::Record(fields) = value else {
        panic!("no record: {value:?}");
    };
    let field = |name: &str| &fields.iter().find(|(n, _)| n == name).expect(name).1;
    use apache_avro::types::Value;
    assert_eq!(field("long"), &Value::Long(1 << 40));
    assert_eq!(field("bytes"), &Value::Bytes(vec![0, 255]));
    assert_eq!(field("colour"), &Value::Enum(1, "Green".to_owned()));
    assert_eq!(
        field("choice"),
        &Value::Union(
            3,
            Box::new(Value::Record(vec![
                ("x".to_owned(), Value::Int(7)),
                ("y".to_owned(), Value::Long(8)),
            ]))
        )
    );
}

#[test]
fn fields_may_stand_in_any_order_and_defaults_may_be_left_out() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Turned {
        c: Vec<Inner>,
        a: i32,
        b: String,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        y: i32,
        x: String,
    }
    let codec = codec(&json!({"type": "record", "name": "R", "fields": [
        {"name": "a", "type": "int"},
        {"name": "b", "type": "string"},
        {"name": "d", "type": ["null", "string"], "default": null},
        {"name": "c", "type": {"type": "array", "items":
            {"type": "record", "name": "I", "fields": [{"name": "x", "type": "string"}, {"name": "y", "type": "int"}]}}},
        {"name": "e", "type": {"type": "array", "items": "int"}, "default": [1, 2]},
    ]}));
    let value = Turned {
        c: vec![
            Inner {
                y: 1,
                x: "i".to_owned(),
            },
            Inner {
                y: 2,
                x: "j".to_owned(),
            },
        ],
        a: 5,
        b: "b".to_owned(),
    };
    let bytes = written(&codec, &value);
    // By the specification: 5, "b", null, two items, and the default of two.
    let expected = [10, 2, b'b', 0, 4, 2, b'i', 2, 2, b'j', 4, 0, 4, 2, 4, 0];
    assert_eq!(bytes, expected);
    assert_eq!(read::<Turned>(&codec, &bytes), Ok(value));
}

#[test]
fn what_does_not_fit_is_told() {
    let point = codec(&everything()["fields"][9]["type"]["values"]);
    #[derive(Serialize)]
    struct More {
        x: i32,
        y: i64,
        z: i32,
    }
    let more = refused(&point, &More { x: 1, y: 2, z: 3 });
    assert!(more.contains('z'), "{more}");
    let less = refused(&point, &BTreeMap::from([("x", 1)]));
    assert!(less.contains('y'), "{less}");
    let large = refused(&codec(&json!("int")), &i64::MAX);
    assert!(large.contains("int"), "{large}");
    let symbol = refused(&codec(&everything()["fields"][10]["type"]), &"Blue");
    assert!(symbol.contains("Blue"), "{symbol}");
    let branch = refused(&codec(&json!(["null", "string"])), &1.5);
    assert!(
        branch.contains("string") || branch.contains("union"),
        "{branch}"
    );
    // The same encoder goes on after an error, also one in a field before its turn.
    let codec = codec(&json!({"type": "record", "name": "R", "fields": [
        {"name": "a", "type": "int"}, {"name": "b", "type": "int"}]}));
    let mut encoder = codec.encoder();
    let mut out = Vec::new();
    #[derive(Serialize)]
    struct Turned<B> {
        b: B,
        a: i32,
    }
    assert!(encoder.encode(&Turned { b: "no", a: 1 }, &mut out).is_err());
    encoder
        .encode(&Turned { b: 2, a: 1 }, &mut out)
        .expect("written");
    assert_eq!(out, [2, 4]);
}

#[test]
fn variants_are_branches_by_their_names() {
    let choice = codec(&json!(["null", "long", "string"]));
    assert_eq!(written(&choice, &Choice::Null), [0]);
    assert_eq!(written(&choice, &Choice::Long(-1)), [2, 1]);
    assert_eq!(read::<Choice>(&choice, &[0]), Ok(Choice::Null));
    assert_eq!(
        read::<Option<Choice>>(&choice, &[2, 1]),
        Ok(Some(Choice::Long(-1)))
    );
    assert!(!refused(&choice, &Choice::Array(Vec::new())).is_empty());
    // Also where there is one branch beside null.
    let maybe = codec(&json!(["null", "string"]));
    let text = Some(Choice::String("x".to_owned()));
    assert_eq!(written(&maybe, &text), [2, 2, b'x']);
    assert_eq!(read::<Option<Choice>>(&maybe, &[2, 2, b'x']), Ok(text));
    assert_eq!(written(&maybe, &None::<Choice>), [0]);
    assert_eq!(written(&maybe, &Some("x")), [2, 2, b'x']);
    // Two records of the same shape: only a name tells them apart.
    let point = |name: &str| json!({"type": "record", "name": name, "fields": [{"name": "x", "type": "int"}]});
    let both = codec(&json!([point("n.A"), point("n.B")]));
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct B {
        x: i32,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Either {
        #[serde(rename = "n.A")]
        A(B),
        B(B),
    }
    assert_eq!(written(&both, &B { x: 1 }), [2, 2]);
    assert_eq!(written(&both, &Either::A(B { x: 1 })), [0, 2]);
    assert_eq!(read::<Either>(&both, &[0, 2]), Ok(Either::A(B { x: 1 })));
    assert_eq!(read::<Either>(&both, &[2, 2]), Ok(Either::B(B { x: 1 })));
    assert!(refused(&both, &BTreeMap::from([("x", 1)])).contains("several"));
}

#[test]
fn decimals_are_texts_and_integers() {
    let money = json!({"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2});
    let ours = codec(&money);
    for (text, bytes) in [
        // Two's complement of the number without its point.
        ("12.50", vec![4, 0x04, 0xe2]),
        ("-0.01", vec![2, 0xff]),
        ("0.00", vec![2, 0]),
        ("1.28", vec![4, 0x00, 0x80]),
        ("-1.28", vec![2, 0x80]),
    ] {
        assert_eq!(written(&ours, &text), bytes, "{text}");
        assert_eq!(read::<String>(&ours, &bytes).as_deref(), Ok(text));
        assert_eq!(they_read::<String>(&money, &bytes).as_deref(), Some(text));
    }
    assert_eq!(written(&ours, &"12.5"), written(&ours, &"12.500"));
    assert_eq!(written(&ours, &3), written(&ours, &"3.00"));
    assert!(refused(&ours, &"0.001").contains("places"));
    assert!(refused(&ours, &"10000.00").contains("digits"));
    assert!(refused(&ours, &"1e999999999").contains("places"));
    assert!(refused(&ours, &"twelve").contains("twelve"));
    let whole = codec(
        &json!({"type": "fixed", "name": "D", "size": 4, "logicalType": "decimal", "precision": 9}),
    );
    assert_eq!(written(&whole, &-2), [0xff, 0xff, 0xff, 0xfe]);
    assert_eq!(read::<i64>(&whole, &[0xff, 0xff, 0xff, 0xfe]), Ok(-2));
    assert_eq!(read::<f64>(&ours, &[4, 0x04, 0xe2]), Ok(12.5));
    // Larger than any machine's integer.
    let large = codec(&json!({"type": "bytes", "logicalType": "decimal", "precision": 60}));
    let digits = "9".repeat(60);
    let bytes = written(&large, &digits);
    assert_eq!(read::<String>(&large, &bytes), Ok(digits));
}

#[test]
fn durations_are_three_numbers() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Duration {
        months: u32,
        days: u32,
        milliseconds: u32,
    }
    let codec =
        codec(&json!({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}));
    let bytes = [1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0];
    let value = Duration {
        months: 1,
        days: 2,
        milliseconds: 256,
    };
    assert_eq!(written(&codec, &value), bytes);
    assert_eq!(written(&codec, &(1u32, 2u32, 256u32)), bytes);
    assert_eq!(read(&codec, &bytes), Ok(value));
    assert_eq!(read(&codec, &bytes), Ok((1u32, 2u32, 256u32)));
    assert!(!refused(&codec, &(1u32, 2u32)).is_empty());
}

#[test]
fn lists_of_bytes_and_sequences_of_unknown_length_are_written() {
    let bytes = codec(&json!("bytes"));
    assert_eq!(written(&bytes, &vec![1u8, 2]), [4, 1, 2]);
    assert_eq!(read::<Vec<u8>>(&bytes, &[4, 1, 2]), Ok(vec![1, 2]));
    let fixed = codec(&json!({"type": "fixed", "name": "F", "size": 2}));
    assert_eq!(written(&fixed, &[1u8, 2]), [1, 2]);
    assert_eq!(read::<[u8; 2]>(&fixed, &[1, 2]), Ok([1, 2]));
    assert!(refused(&fixed, &vec![1u8, 2, 3]).contains('2'));
    struct Unknown;
    impl Serialize for Unknown {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = to.serialize_seq(None)?;
            seq.serialize_element(&1)?;
            seq.serialize_element(&2)?;
            seq.end()
        }
    }
    let ints = codec(&json!({"type": "array", "items": "int"}));
    let out = written(&ints, &Unknown);
    assert_eq!(read::<Vec<i32>>(&ints, &out), Ok(vec![1, 2]));
    // Blocks with a size in bytes, as other writers make them.
    assert_eq!(
        read::<Vec<i32>>(&ints, &[3, 4, 2, 4, 2, 6, 0]),
        Ok(vec![1, 2, 3])
    );
    assert!(
        read::<(i32,)>(&ints, &out).is_err(),
        "an item would be left over"
    );
}

/// A type that wants the names of its fields.
#[derive(Debug, PartialEq)]
struct ByHand(i64);

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = ByHand;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a point")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByHand, A::Error> {
                let mut sum = 0;
                while let Some((_, value)) = map.next_entry::<String, i64>()? {
                    sum += value;
                }
                Ok(ByHand(sum))
            }
        }
        from.deserialize_struct("Point", &["x", "y"], Names)
    }
}

#[test]
fn types_read_by_name_subsets_and_in_their_own_order() {
    let point = codec(&everything()["fields"][9]["type"]["values"]);
    let bytes = written(&point, &Point { x: 1, y: 2 });
    assert_eq!(read::<ByHand>(&point, &bytes), Ok(ByHand(3)));
    #[derive(Debug, PartialEq, Deserialize)]
    struct OnlyY {
        y: i64,
    }
    assert_eq!(read::<OnlyY>(&point, &bytes), Ok(OnlyY { y: 2 }));
    #[derive(Debug, PartialEq, Deserialize)]
    struct Turned {
        y: i64,
        x: i64,
        #[serde(default)]
        z: u8,
    }
    assert_eq!(
        read::<Turned>(&point, &bytes),
        Ok(Turned { y: 2, x: 1, z: 0 })
    );
    assert_eq!(
        read::<BTreeMap<String, i64>>(&point, &bytes),
        Ok(BTreeMap::from([("x".to_owned(), 1), ("y".to_owned(), 2)]))
    );
    #[derive(Debug, PartialEq, Deserialize)]
    struct Borrowed<'a> {
        #[serde(borrow)]
        s: &'a str,
    }
    let text =
        codec(&json!({"type": "record", "name": "T", "fields": [{"name": "s", "type": "string"}]}));
    assert_eq!(
        read::<Borrowed<'_>>(&text, &[2, b'x']),
        Ok(Borrowed { s: "x" })
    );
    #[derive(Debug, Deserialize)]
    struct Wrong {
        #[serde(rename = "s")]
        _s: i32,
    }
    let error = read::<Wrong>(&text, &[2, b'x']).expect_err("a text");
    assert!(error.contains("at s:"), "{error}");
}
