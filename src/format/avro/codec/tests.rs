//! Single datums, by the specification's own examples and words.

use super::{Bounds, Datum, Failure, decode, encode, meaning, resolve, show};
use crate::format::avro::Schema;
use crate::format::{Limits, Source, Strictness};

fn schema(text: &str) -> Schema {
    crate::format::avro::parse(&Source {
        text,
        references: &[],
        strictness: Strictness::Existing,
        limits: Limits::default(),
    })
    .expect("a schema")
}

fn hex(schema: &Schema, datum: &Datum) -> String {
    let bytes = encode(schema, schema.root, datum).expect("it fits");
    assert_eq!(
        decode(schema, schema.root, &bytes, Bounds::WITNESS).as_ref(),
        Ok(datum)
    );
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The examples of the specification's section "Binary encoding".
#[test]
fn the_examples_of_the_specification() {
    let long = schema(r#""long""#);
    for (number, bytes) in [
        (0, "00"),
        (-1, "01"),
        (1, "02"),
        (-2, "03"),
        (2, "04"),
        (-64, "7f"),
        (64, "8001"),
    ] {
        assert_eq!(hex(&long, &Datum::Long(number)), bytes);
    }
    let record = schema(
        r#"{"type":"record","name":"test","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}"#,
    );
    let value = Datum::Record(vec![Datum::Long(27), Datum::String("foo".to_owned())]);
    assert_eq!(hex(&record, &value), "3606666f6f");
    let array = schema(r#"{"type":"array","items":"long"}"#);
    let value = Datum::Array(vec![Datum::Long(3), Datum::Long(27)]);
    assert_eq!(hex(&array, &value), "04063600");
    let union = schema(r#"["null","string"]"#);
    assert_eq!(hex(&union, &Datum::Union(0, Box::new(Datum::Null))), "00");
    let text = Datum::Union(1, Box::new(Datum::String("a".to_owned())));
    assert_eq!(hex(&union, &text), "020261");
    assert_eq!(
        show(&union, union.root, &text).as_deref(),
        Some(r#"{"string": "a"}"#)
    );
    let foo = schema(r#"{"type":"enum","name":"Foo","symbols":["A","B","C","D"]}"#);
    assert_eq!(hex(&foo, &Datum::Enum(3)), "06");
}

fn read(writer: &str, reader: &str, datum: &Datum) -> Result<Datum, Failure> {
    let (writer, reader) = (schema(writer), schema(reader));
    let bytes = encode(&writer, writer.root, datum).expect("it fits");
    resolve(&reader, &writer, &bytes, Bounds::WITNESS)
}

fn record(fields: &str) -> String {
    format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#)
}

/// "Schema Resolution": an alias acts as if the writer's field were called like the reader's.
#[test]
fn an_alias_renames_what_was_written() {
    let writer = record(r#"{"name":"a","type":"int"}"#);
    let one = Datum::Record(vec![Datum::Int(1)]);
    let renamed = record(r#"{"name":"b","type":"long","aliases":["a"]}"#);
    assert_eq!(
        read(&writer, &renamed, &one),
        Ok(Datum::Record(vec![Datum::Long(1)]))
    );
    let both = record(r#"{"name":"a","type":"int"},{"name":"b","type":"long","aliases":["a"]}"#);
    assert!(matches!(
        read(&writer, &both, &one),
        Err(Failure::Resolution { path, .. }) if path == ["a"]
    ));
    let with_default = record(
        r#"{"name":"a","type":"int","default":9},{"name":"b","type":"long","aliases":["a"]}"#,
    );
    assert_eq!(
        read(&writer, &with_default, &one),
        Ok(Datum::Record(vec![Datum::Int(9), Datum::Long(1)]))
    );
}

#[test]
fn the_first_branch_that_matches_is_taken() {
    let wide = r#"["float","long"]"#;
    assert_eq!(
        read(r#""long""#, wide, &Datum::Long(1)),
        Ok(Datum::Union(1, Box::new(Datum::Long(1)))),
        "the same type before a promotion"
    );
    assert_eq!(
        read(r#""int""#, wide, &Datum::Int(1)),
        Ok(Datum::Union(0, Box::new(Datum::Float(1.0))))
    );
}

#[test]
fn logical_types_are_spoken() {
    let price = schema(r#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#);
    let value = Datum::Bytes(vec![0x04, 0xd2]);
    assert_eq!(
        meaning(&price, price.root, &value).as_deref(),
        Some("12.34")
    );
    assert_eq!(
        show(&price, price.root, &value).as_deref(),
        Some(r#""\u0004\u00d2""#)
    );
}

#[test]
fn broken_bytes_are_not_the_schemas_fault() {
    let long = schema(r#""long""#);
    for bytes in [&[][..], &[0x80], &[0xff; 11], &[0, 0]] {
        let read = decode(&long, long.root, bytes, Bounds::WITNESS);
        assert!(matches!(read, Err(Failure::Bytes { .. })), "{read:?}");
    }
}
