//! Times and sizes of a client.

use std::time::Duration;

/// Times and sizes; the defaults suit producers and consumers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// How long a connection may take to be made. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long one request may take, from sending to the end of its answer. Default: 10 s.
    pub request_timeout: Duration,
    /// How long a call may take with all its retries and pauses. Default: 30 s.
    pub call_timeout: Duration,
    /// How often all base URLs are tried again after a network error or one of the statuses 408, 429 and 5xx.
    /// Default: 3.
    pub retries: u32,
    /// The longest pause before the first retry; it doubles with each. The actual pause is random below it.
    /// Default: 100 ms.
    pub retry_pause: Duration,
    /// The longest pause, also where the registry asks for a longer one with `Retry-After`. Default: 5 s.
    pub max_retry_pause: Duration,
    /// After the registry was found out of reach or failed, for how long calls that have something older to give do
    /// so without asking it again. Default: 5 s.
    pub outage_pause: Duration,
    /// The longest answer, in bytes. Default: 32 MiB.
    pub max_answer_bytes: usize,
    /// How many bytes of schemas to keep in memory; a quarter of it is the largest schema that is kept.
    /// Default: 128 MiB.
    pub cache_bytes: u64,
    /// How many latest versions to keep in memory, and how many names that are unknown, and how many schemas that
    /// are unusable. Default: 10,000 of each.
    pub cache_entries: usize,
    /// How long a latest version is used before the registry is asked for a newer one. Default: 60 s.
    pub latest_ttl: Duration,
    /// How long something that the registry does not know, or cannot tell in readable form, is not asked for again.
    /// Default: 5 s.
    pub negative_ttl: Duration,
    /// How long a schema that was found unusable is refused without another try. Default: 30 s.
    pub bad_schema_ttl: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(30),
            retries: 3,
            retry_pause: Duration::from_millis(100),
            max_retry_pause: Duration::from_secs(5),
            outage_pause: Duration::from_secs(5),
            max_answer_bytes: 32 << 20,
            cache_bytes: 128 << 20,
            cache_entries: 10_000,
            latest_ttl: Duration::from_secs(60),
            negative_ttl: Duration::from_secs(5),
            bad_schema_ttl: Duration::from_secs(30),
        }
    }
}
