//! Any bytes as a JSON record: checked, or refused with at least one reason.
#![no_main]

use accord::client::serde::Limits;
use accord::client::serde::json::JsonCodec;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static CODEC: LazyLock<JsonCodec> = LazyLock::new(|| {
    let text = r##"{"type":"object","required":["a"],"properties":{
        "a":{"type":"array","items":{"anyOf":[{"$ref":"#"},{"type":"string","pattern":"^x*$"}]}},
        "n":{"type":"number","multipleOf":0.01}}}"##;
    JsonCodec::new(text, &[]).expect("a schema")
});

fuzz_target!(|bytes: &[u8]| {
    if let Err(mismatch) = CODEC.check(bytes, &Limits::default()) {
        assert!(!mismatch.problems.is_empty());
    }
});
