//! The story that all examples tell: four sensors of a greenhouse, five readings each.

use accord::client::Schema;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The sensors.
pub const SENSORS: [&str; 4] = ["bench-a", "bench-b", "bench-c", "bench-d"];
/// How many readings there are.
pub const COUNT: usize = 20;
/// The first readings are written before anybody measures humidity.
pub const BEFORE_HUMIDITY: usize = 10;
/// How many logs the topic consists of.
pub const PARTITIONS: i32 = 3;
/// Midnight of 2026-01-01, UTC, in milliseconds.
const START: i64 = 1_767_225_600_000;

/// What one sensor measured at one time, before there was a humidity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OldReading {
    /// Which sensor.
    pub sensor: &'static str,
    /// The sensor's own count of its readings, from 1.
    pub number: i32,
    /// In milliseconds since 1970, UTC.
    pub at: i64,
    /// The temperature.
    pub celsius: f64,
}

/// The same with a humidity in percent, where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Which sensor.
    pub sensor: String,
    /// The sensor's own count of its readings, from 1.
    pub number: i32,
    /// In milliseconds since 1970, UTC.
    pub at: i64,
    /// The temperature.
    pub celsius: f64,
    /// In percent.
    pub humidity: Option<f64>,
}

/// The reading of this index, from 0 to `COUNT - 1`, without its humidity.
pub fn old_reading(index: usize) -> OldReading {
    OldReading {
        sensor: SENSORS[index % SENSORS.len()],
        number: (index / SENSORS.len() + 1) as i32,
        at: START + index as i64 * 60_000,
        celsius: 18.0 + index as f64 / 4.0,
    }
}

/// The reading of this index.
pub fn reading(index: usize) -> Reading {
    let old = old_reading(index);
    Reading {
        sensor: old.sensor.to_owned(),
        number: old.number,
        at: old.at,
        celsius: old.celsius,
        humidity: (index >= BEFORE_HUMIDITY).then_some(40.0 + index as f64),
    }
}

/// An address or a name from the environment; examples/rust/run sets them.
pub fn setting(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("set {name}, or start this with `run`"))
}

/// A schema that all examples share.
pub fn schema(version: &str) -> anyhow::Result<Schema> {
    let file = Path::new(&setting("SCHEMAS")?).join(format!("reading-{version}.avsc"));
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    Ok(Schema::avro(text))
}
