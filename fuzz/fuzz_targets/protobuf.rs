//! Any bytes as a serialised schema, and as a message of a schema that is at hand.
#![no_main]

use accord::client::serde::protobuf::ProtobufCodec;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// `syntax = "proto3"; message M { M m = 1; repeated int32 n = 2; string s = 3; }`
const FILE: &str =
    "CgdtLnByb3RvIigKAU0SDQoBbRgBIAEoCzICLk0SCQoBbhgCIAMoBRIJCgFzGAMgASgJYgZwcm90bzM=";

static CODEC: LazyLock<ProtobufCodec> =
    LazyLock::new(|| ProtobufCodec::new(FILE, &[]).expect("a schema"));

fuzz_target!(|bytes: &[u8]| {
    let _message = CODEC.decode(&[0], bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _schema = ProtobufCodec::new(text, &[]);
    }
});
