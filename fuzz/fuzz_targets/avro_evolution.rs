//! Any bytes as a record of an older version, read into a newer one: what comes out is a record of the newer one.
#![no_main]

use accord::client::serde::Limits;
use accord::client::serde::avro::AvroCodec;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static CODECS: LazyLock<(AvroCodec, AvroCodec)> = LazyLock::new(|| {
    let old = r#"{"type":"record","name":"R","fields":[
        {"name":"a","type":"int"},{"name":"gone","type":["null","R"]},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B","C"]}},
        {"name":"list","type":{"type":"array","items":["int","string"]}}]}"#;
    let new = r#"{"type":"record","name":"R","fields":[
        {"name":"list","type":{"type":"array","items":["string","double"]}},
        {"name":"b","aliases":["a"],"type":["null","long"]},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["A"],"default":"A"}},
        {"name":"more","type":{"type":"map","values":"string"},"default":{"k":"v"}}]}"#;
    let codec = |text| AvroCodec::new(text, &[]).expect("a schema");
    (codec(old), codec(new))
});

fuzz_target!(|bytes: &[u8]| {
    let (old, new) = &*CODECS;
    let limits = Limits::default();
    if let Ok(resolved) = new.resolve(old, bytes, &limits) {
        assert!(new.check(&resolved, &limits).is_ok());
    }
});
