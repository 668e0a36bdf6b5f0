//! Any bytes as a record of a schema that has everything: the fast reading and the exact one agree on what is one.
#![no_main]

use accord::client::serde::Limits;
use accord::client::serde::avro::{AvroCodec, JsonNotation};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static CODEC: LazyLock<AvroCodec> = LazyLock::new(|| {
    let text = r#"{"type":"record","name":"R","fields":[
        {"name":"u","type":["null","string","R",{"type":"enum","name":"E","symbols":["A","B"]}]},
        {"name":"a","type":{"type":"array","items":{"type":"map","values":"double"}}},
        {"name":"f","type":{"type":"fixed","name":"F","size":2}},
        {"name":"n","type":{"type":"array","items":"null"}},
        {"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"o","type":"boolean"},
        {"name":"g","type":"float"}]}"#;
    AvroCodec::new(text, &[]).expect("a schema")
});

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let shown = CODEC.decode_json(bytes, JsonNotation::Avro, &limits);
    if CODEC.decode::<serde_json::Value>(bytes, &limits).is_ok() {
        assert!(shown.is_ok());
    }
    if let Ok(value) = shown {
        let mut out = Vec::new();
        CODEC
            .encode_json(&value, JsonNotation::Avro, &limits, &mut out)
            .expect("what was read can be written");
    }
});
