//! What one record, and one serializer, may cost.

/// Bounds on what strangers can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest record, in bytes, with its frame; for both directions. 16 MiB by default, far above what brokers
    /// take (1 MiB as they come).
    pub record_bytes: usize,
    /// How deep a record may nest; records, unions, arrays and maps count one each. 128 by default: readers written
    /// with serde recurse, and threads have small stacks. Protobuf's own limit of 100 messages stands beside it.
    pub depth: usize,
    /// How many values a record may be made of, where values may take no bytes at all. 4 million by default.
    pub values: usize,
    /// How many schemas a serializer or deserializer keeps ready. 1,000 by default; the least used give way.
    pub schemas: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 16 << 20,
            depth: 128,
            values: 4_000_000,
            schemas: 1_000,
        }
    }
}
