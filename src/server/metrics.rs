//! What is measured, under the names that dashboards of the imitated server know. Source: section 8 of the API
//! contract; what it has no name for starts with `accord_`.

use super::error::ApiError;
use crate::model::SchemaType;
use crate::service::{Fault, Meters, Stats};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The type of the page.
pub(crate) const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds; from a read out of memory to a check against a long history.
const LATENCIES: [f64; 14] = [
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// Bytes.
const SIZES: [f64; 8] = [
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    1_048_576.0,
    16_777_216.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    path: &'static str,
    http_status_code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    path: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// One answered request.
pub(crate) struct Sample {
    pub endpoint: &'static str,
    pub status: u16,
    pub elapsed: Duration,
    pub bytes: u64,
}

/// The meters of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Histograms<Answered>,
    request_sizes: Histograms<Endpoint>,
    response_sizes: Histograms<Endpoint>,
    succeeded: Gauge,
    failed: Gauge,
    in_flight: Gauge,
    connections: Gauge,
    accepted: Counter,
    index: IndexGauges,
}

/// What the service reports, copied when the page is asked for.
#[derive(Debug, Default)]
struct IndexGauges {
    registered: Gauge,
    deleted: Gauge,
    /// In the order of [`SchemaType::ALL`].
    created: [Gauge; 3],
    schemas: Gauge,
    subjects: Gauge,
    contexts: Gauge,
    seq: Gauge,
    cache_bytes: Gauge,
    cache_hits: Gauge,
    cache_misses: Gauge,
}

/// A count of something going on, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn latencies() -> Histogram {
    Histogram::new(LATENCIES)
}

fn sizes() -> Histogram {
    Histogram::new(SIZES)
}

impl Metrics {
    pub fn new(meters: &Meters) -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            latency: Family::new_with_constructor(latencies),
            request_sizes: Family::new_with_constructor(sizes),
            response_sizes: Family::new_with_constructor(sizes),
            succeeded: Gauge::default(),
            failed: Gauge::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            accepted: Counter::default(),
            index: IndexGauges::default(),
        };
        metrics.register_requests();
        metrics.register_index();
        metrics.register_checks(meters);
        metrics
    }

    fn register_requests(&mut self) {
        let registry = self
            .registry
            .sub_registry_with_prefix("kafka_schema_registry");
        let counts = [
            (
                "api_success_count",
                "Requests answered with 2xx",
                &self.succeeded,
            ),
            (
                "api_failure_count",
                "Requests answered otherwise",
                &self.failed,
            ),
            (
                "jetty_metrics_busy_thread_count",
                "Requests being worked on",
                &self.in_flight,
            ),
            (
                "jetty_metrics_connections_active",
                "Open connections",
                &self.connections,
            ),
        ];
        for (name, help, gauge) in counts {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "jetty_metrics_connections_accepted",
            "Connections accepted",
            self.accepted.clone(),
        );
        registry.register(
            "jersey_metrics_request",
            "Requests by operation and status",
            self.requests.clone(),
        );
        registry.register(
            "jersey_metrics_request_latency_seconds",
            "Time from a request's head to its answer",
            self.latency.clone(),
        );
        registry.register(
            "jersey_metrics_request_size_bytes",
            "Lengths of request bodies",
            self.request_sizes.clone(),
        );
        registry.register(
            "jersey_metrics_response_size_bytes",
            "Lengths of answers before compression",
            self.response_sizes.clone(),
        );
        // Every node decides and commits for itself, so every node is what the imitated server calls leader.
        let leader = Gauge::<i64>::default();
        leader.set(1);
        registry.register("master_slave_role", "1: this node takes writes", leader);
    }

    fn register_index(&mut self) {
        let index = &self.index;
        let registry = self
            .registry
            .sub_registry_with_prefix("kafka_schema_registry");
        registry.register(
            "registered_count",
            "Versions, soft-deleted ones included",
            index.registered.clone(),
        );
        registry.register(
            "deleted_count",
            "Soft-deleted versions",
            index.deleted.clone(),
        );
        for (schema_type, gauge) in SchemaType::ALL.into_iter().zip(&index.created) {
            let language = schema_type.as_str().to_lowercase();
            registry.register(
                format!("{language}_schemas_created"),
                format!("{schema_type} schemas, removed ones excluded"),
                gauge.clone(),
            );
        }
        let gauges = [
            ("schemas", "Schema ids in use", &index.schemas),
            (
                "subjects",
                "Subjects, soft-deleted ones included",
                &index.subjects,
            ),
            ("contexts", "Contexts", &index.contexts),
            (
                "log_position",
                "The last entry of the log that this node has applied",
                &index.seq,
            ),
            (
                "text_cache_bytes",
                "Size of the schema texts kept in memory",
                &index.cache_bytes,
            ),
            (
                "text_cache_hits",
                "Texts found in memory",
                &index.cache_hits,
            ),
            (
                "text_cache_misses",
                "Texts read from the database",
                &index.cache_misses,
            ),
        ];
        let registry = self.registry.sub_registry_with_prefix("accord");
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
    }

    fn register_checks(&mut self, meters: &Meters) {
        let registry = self.registry.sub_registry_with_prefix("accord_semantic");
        registry.register(
            "checks",
            "Pairs of schemas that were checked for what is true of their records",
            meters.outcomes.clone(),
        );
        registry.register(
            "checks_repeated",
            "Pairs of schemas that had been checked before",
            meters.repeated.clone(),
        );
        registry.register(
            "check_seconds",
            "Time that one check took",
            meters.seconds.clone(),
        );
        registry.register(
            "witnesses_unreproduced",
            "Records that did not show what they should and were withheld: faults of a checker",
            meters.unreproduced.clone(),
        );
    }

    /// Counts a request as being worked on.
    pub fn enter(&self) -> Held {
        self.in_flight.inc();
        Held(self.in_flight.clone())
    }

    /// Counts a connection as open.
    pub fn connected(&self) -> Held {
        self.accepted.inc();
        self.connections.inc();
        Held(self.connections.clone())
    }

    /// Counts the body of a request.
    pub fn request_size(&self, endpoint: &'static str, bytes: usize) {
        self.request_sizes
            .get_or_create(&Endpoint { path: endpoint })
            .observe(bytes as f64);
    }

    /// Counts an answer.
    pub fn record(&self, sample: Sample) {
        if (200..300).contains(&sample.status) {
            self.succeeded.inc();
        } else {
            self.failed.inc();
        }
        let answered = Answered {
            path: sample.endpoint,
            http_status_code: sample.status,
        };
        self.requests.get_or_create(&answered).inc();
        self.latency
            .get_or_create(&answered)
            .observe(sample.elapsed.as_secs_f64());
        self.response_sizes
            .get_or_create(&Endpoint {
                path: sample.endpoint,
            })
            .observe(sample.bytes as f64);
    }

    /// The page.
    pub fn render(&self, stats: &Stats) -> Result<String, ApiError> {
        let index = &self.index;
        index.registered.set(count(stats.versions));
        index.deleted.set(count(stats.deleted_versions));
        for (gauge, number) in index.created.iter().zip(stats.schemas_by_type) {
            gauge.set(count(number));
        }
        index.schemas.set(count(stats.schemas));
        index.subjects.set(count(stats.subjects));
        index.contexts.set(count(stats.contexts));
        index.seq.set(stats.seq);
        index.cache_bytes.set(count(stats.text_cache_bytes));
        index.cache_hits.set(count(stats.text_cache_hits));
        index.cache_misses.set(count(stats.text_cache_misses));
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|error| {
            ApiError::Fault(Fault::Bug(format!(
                "the metrics cannot be written: {error}"
            )))
        })?;
        Ok(text)
    }
}

fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
