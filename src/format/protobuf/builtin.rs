//! The files that every registry provides: `google/protobuf/*`, `google/type/*`, `confluent/*`.

use super::ast::File;
use super::{descriptor, read};
use crate::format::Limits;
use prost::Message as _;
use prost_reflect::DescriptorPool;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

pub(super) const TEXTS: [(&str, &str); 21] = [
    (
        "confluent/meta.proto",
        include_str!("builtin/confluent/meta.proto"),
    ),
    (
        "confluent/type/decimal.proto",
        include_str!("builtin/confluent/type/decimal.proto"),
    ),
    (
        "confluent/type/variant.proto",
        include_str!("builtin/confluent/type/variant.proto"),
    ),
    (
        "google/type/calendar_period.proto",
        include_str!("builtin/google/type/calendar_period.proto"),
    ),
    (
        "google/type/color.proto",
        include_str!("builtin/google/type/color.proto"),
    ),
    (
        "google/type/date.proto",
        include_str!("builtin/google/type/date.proto"),
    ),
    (
        "google/type/datetime.proto",
        include_str!("builtin/google/type/datetime.proto"),
    ),
    (
        "google/type/dayofweek.proto",
        include_str!("builtin/google/type/dayofweek.proto"),
    ),
    (
        "google/type/decimal.proto",
        include_str!("builtin/google/type/decimal.proto"),
    ),
    (
        "google/type/expr.proto",
        include_str!("builtin/google/type/expr.proto"),
    ),
    (
        "google/type/fraction.proto",
        include_str!("builtin/google/type/fraction.proto"),
    ),
    (
        "google/type/interval.proto",
        include_str!("builtin/google/type/interval.proto"),
    ),
    (
        "google/type/latlng.proto",
        include_str!("builtin/google/type/latlng.proto"),
    ),
    (
        "google/type/money.proto",
        include_str!("builtin/google/type/money.proto"),
    ),
    (
        "google/type/month.proto",
        include_str!("builtin/google/type/month.proto"),
    ),
    (
        "google/type/phone_number.proto",
        include_str!("builtin/google/type/phone_number.proto"),
    ),
    (
        "google/type/postal_address.proto",
        include_str!("builtin/google/type/postal_address.proto"),
    ),
    (
        "google/type/quaternion.proto",
        include_str!("builtin/google/type/quaternion.proto"),
    ),
    (
        "google/type/timeofday.proto",
        include_str!("builtin/google/type/timeofday.proto"),
    ),
    (
        "google/type/localized_text.proto",
        include_str!("builtin/google/type/localized_text.proto"),
    ),
    // The path under which another registry provides the decimal.
    (
        "confluent/types/decimal.proto",
        include_str!("builtin/confluent/type/decimal.proto"),
    ),
];

/// Read once each; the number of entries is bounded by the number of built-in files.
static READ: LazyLock<Mutex<HashMap<String, Arc<File>>>> = LazyLock::new(Mutex::default);

/// The text of a built-in file that has one.
pub(super) fn text(path: &str) -> Option<&'static str> {
    TEXTS
        .iter()
        .find(|(name, _)| *name == path)
        .map(|(_, text)| *text)
}

/// The built-in file with this import path.
pub(super) fn file(path: &str) -> Option<Arc<File>> {
    let mut read_files = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = read_files.get(path) {
        return Some(file.clone());
    }
    let file = Arc::new(load(path)?);
    read_files.insert(path.to_owned(), file.clone());
    Some(file)
}

fn load(path: &str) -> Option<File> {
    if let Some(text) = text(path) {
        return read::read(text, &Limits::default()).ok();
    }
    if !path.starts_with("google/protobuf/") {
        return None;
    }
    let known = DescriptorPool::global().get_file_by_name(path)?;
    let bytes = known.file_descriptor_proto().encode_to_vec();
    descriptor::read(&bytes, None).ok()
}
