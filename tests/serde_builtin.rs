//! The descriptors that the Protobuf client carries are those of the files that the registry carries.

use prost::Message;
use std::path::Path;

const FILES: [&str; 18] = [
    "confluent/meta.proto",
    "confluent/type/decimal.proto",
    "confluent/type/variant.proto",
    "google/type/calendar_period.proto",
    "google/type/color.proto",
    "google/type/date.proto",
    "google/type/datetime.proto",
    "google/type/dayofweek.proto",
    "google/type/decimal.proto",
    "google/type/expr.proto",
    "google/type/fraction.proto",
    "google/type/interval.proto",
    "google/type/latlng.proto",
    "google/type/localized_text.proto",
    "google/type/money.proto",
    "google/type/month.proto",
    "google/type/phone_number.proto",
    "google/type/postal_address.proto",
];

/// With `ACCORD_WRITE=1`, writes them instead.
#[test]
fn the_client_carries_the_registrys_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = root.join("format/protobuf/builtin");
    let mut compiler = protox::Compiler::new([&sources]).expect("a folder");
    compiler.include_imports(true).include_source_info(false);
    let mut files = FILES.to_vec();
    files.extend([
        "google/type/quaternion.proto",
        "google/type/timeofday.proto",
    ]);
    compiler.open_files(files).expect("they compile");
    let mut set = compiler.file_descriptor_set();
    set.file
        .retain(|f| !f.name().starts_with("google/protobuf/"));
    for file in &mut set.file {
        file.source_code_info = None;
    }
    let bytes = set.encode_to_vec();
    let carried = root.join("client/serde/protobuf/builtin.binpb");
    if std::env::var_os("ACCORD_WRITE").is_some() {
        std::fs::write(&carried, &bytes).expect("written");
    }
    assert!(
        std::fs::read(&carried).expect("the file") == bytes,
        "run it with ACCORD_WRITE=1"
    );
}
