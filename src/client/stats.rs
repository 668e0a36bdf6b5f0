//! What a client counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Figures of a client since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests that were sent or tried.
    pub requests: u64,
    /// Rounds over the base URLs after the first of a call.
    pub retries: u64,
    /// How often a call was answered by another base URL than the one before.
    pub failovers: u64,
    /// Answers from something older because the registry was out of reach.
    pub fallbacks: u64,
    /// Schemas that were read from the disk.
    pub disk_reads: u64,
    /// Reads, writes and removals of the disk cache that failed, or took too long.
    pub disk_errors: u64,
    /// Files of the disk cache that were not usable, and removed.
    pub disk_corrupt: u64,
    /// Files in the disk cache.
    pub disk_files: u64,
    /// Bytes in the disk cache.
    pub disk_bytes: u64,
    /// Schemas in memory, apart from latest versions.
    pub cached_schemas: u64,
    /// Bytes of them, by estimate.
    pub cached_bytes: u64,
    /// Latest versions in memory.
    pub cached_latest: u64,
    /// Names in memory that the registry did not know.
    pub cached_unknown: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub requests: AtomicU64,
    pub retries: AtomicU64,
    pub failovers: AtomicU64,
    pub fallbacks: AtomicU64,
    pub disk_reads: AtomicU64,
    pub disk_errors: AtomicU64,
    pub disk_corrupt: AtomicU64,
}

impl Counters {
    pub fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            requests: read(&self.requests),
            retries: read(&self.retries),
            failovers: read(&self.failovers),
            fallbacks: read(&self.fallbacks),
            disk_reads: read(&self.disk_reads),
            disk_errors: read(&self.disk_errors),
            disk_corrupt: read(&self.disk_corrupt),
            ..Stats::default()
        }
    }
}
