//! `accord serve`: options, start and end of the server.

use super::exit::Failure;
use super::logging::Logging;
use crate::model::{Level, VerdictPolicy};
use crate::registry::Settings;
use crate::server::{self, Options};
use crate::service::{Fault, Service};
use crate::store;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use std::io::Write;
use std::time::Duration;
use tokio::net::TcpListener;

/// Schemas nest deeply and the engine recurses. Address space only: pages that are not touched cost nothing.
const STACK: usize = 64 * 1024 * 1024;
/// More threads than this do not make the engine's work on a few cores faster.
const BLOCKING_THREADS: usize = 64;
/// How long the store may take to finish.
const CLOSE: Duration = Duration::from_secs(10);

/// Everything an operator can set.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The address to listen on; port 0 takes any that is free.
    #[arg(long, env = "ACCORD_LISTEN", default_value = "127.0.0.1:8081")]
    listen: String,
    /// The database: sqlite://FILE, postgres://USER@HOST/NAME, or memory: to keep nothing.
    #[arg(
        long,
        env = "ACCORD_DATABASE_URL",
        default_value = "sqlite://accord.db",
        hide_env_values = true
    )]
    database_url: String,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    http: Http,
    #[command(flatten)]
    logging: Logging,
}

/// What the registry accepts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registry")]
struct Rules {
    /// The compatibility level where none is set.
    #[arg(long, env = "ACCORD_COMPATIBILITY_LEVEL", default_value = "BACKWARD", value_parser = level)]
    compatibility_level: Level,
    /// Which verdict decides where no setting says so: confluent (the rules of Confluent's registry), semantic
    /// (what is proved of the records; the rules where that is undecided) or strictest (both).
    #[arg(long, env = "ACCORD_VERDICT_POLICY", default_value = "confluent", value_parser = verdict_policy)]
    verdict_policy: VerdictPolicy,
    /// Whether modes may be changed.
    #[arg(long, env = "ACCORD_MODE_MUTABILITY", default_value = "true", action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = BoolishValueParser::new())]
    mode_mutability: bool,
    /// Whether the subjects "" and * are refused.
    #[arg(long, env = "ACCORD_REJECT_EMPTY_SUBJECT", default_value = "false", action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = BoolishValueParser::new())]
    reject_empty_subject: bool,
    /// Whether reserved fields are watched where no setting says so.
    #[arg(long, env = "ACCORD_VALIDATE_FIELDS", default_value = "false", action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = BoolishValueParser::new())]
    validate_fields: bool,
    /// Whether new schemas get the strict checks where no setting says so.
    #[arg(long, env = "ACCORD_VALIDATE_NEW_SCHEMAS", default_value = "true", action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = BoolishValueParser::new())]
    validate_new_schemas: bool,
    /// Whether one reference name may not stand for two versions.
    #[arg(long, env = "ACCORD_STRICT_REFERENCE_VERSIONS", default_value = "false", action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = BoolishValueParser::new())]
    strict_reference_versions: bool,
}

/// How requests are answered.
#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP")]
struct Http {
    /// The error_code of an incompatible registration.
    #[arg(long, env = "ACCORD_INCOMPATIBLE_CODE", default_value = "409", value_parser = incompatible_code)]
    incompatible_code: u32,
    /// The longest request body, in bytes.
    #[arg(long, env = "ACCORD_MAX_BODY_BYTES", default_value_t = Options::default().max_body_bytes)]
    max_body_bytes: usize,
    /// How much memory the bodies of all requests may take together, in bytes.
    #[arg(long, env = "ACCORD_MAX_BUFFERED_BYTES", default_value_t = Options::default().max_buffered_bytes)]
    max_buffered_bytes: usize,
    /// How long a request may take, in seconds.
    #[arg(long, env = "ACCORD_REQUEST_TIMEOUT", default_value = "60", value_name = "SECONDS", value_parser = seconds)]
    request_timeout: Duration,
    /// How long a client may take to send a body, in seconds.
    #[arg(long, env = "ACCORD_BODY_READ_TIMEOUT", default_value = "30", value_name = "SECONDS", value_parser = seconds)]
    body_read_timeout: Duration,
    /// How long a connection may take to send a request's head, and how long it may stay idle, in seconds.
    #[arg(long, env = "ACCORD_HEADER_READ_TIMEOUT", default_value = "75", value_name = "SECONDS", value_parser = seconds)]
    header_read_timeout: Duration,
    /// How long requests in flight may take to finish at the end, in seconds.
    #[arg(long, env = "ACCORD_SHUTDOWN_TIMEOUT", default_value = "20", value_name = "SECONDS", value_parser = seconds)]
    shutdown_timeout: Duration,
    /// How many requests are worked on at once; more get a 503.
    #[arg(long, env = "ACCORD_MAX_CONCURRENT_REQUESTS", default_value_t = Options::default().max_concurrent_requests)]
    max_concurrent_requests: usize,
    /// How many connections are open at once; more wait.
    #[arg(long, env = "ACCORD_MAX_CONNECTIONS", default_value_t = Options::default().max_connections)]
    max_connections: usize,
    /// A path in front of every resource, such as /api/registry; resources stay reachable without it.
    #[arg(
        long,
        env = "ACCORD_BASE_PATH",
        default_value = "",
        hide_default_value = true,
        value_name = "PATH"
    )]
    base_path: String,
    /// The registry's name in /v1/metadata/id.
    #[arg(long, env = "ACCORD_CLUSTER_ID", default_value = "schema-registry")]
    cluster_id: String,
    /// The Kafka cluster's id in /v1/metadata/id.
    #[arg(
        long,
        env = "ACCORD_KAFKA_CLUSTER_ID",
        default_value = "",
        hide_default_value = true
    )]
    kafka_cluster_id: String,
}

impl From<Rules> for Settings {
    fn from(rules: Rules) -> Self {
        Self {
            level: rules.compatibility_level,
            verdict_policy: rules.verdict_policy,
            mode_mutability: rules.mode_mutability,
            reject_empty_subject: rules.reject_empty_subject,
            validate_fields: rules.validate_fields,
            validate_new_schemas: rules.validate_new_schemas,
            strict_reference_versions: rules.strict_reference_versions,
        }
    }
}

impl From<Http> for Options {
    fn from(http: Http) -> Self {
        Self {
            incompatible_code: http.incompatible_code,
            max_body_bytes: http.max_body_bytes,
            max_buffered_bytes: http.max_buffered_bytes,
            request_timeout: http.request_timeout,
            body_read_timeout: http.body_read_timeout,
            header_read_timeout: http.header_read_timeout,
            shutdown_timeout: http.shutdown_timeout,
            max_concurrent_requests: http.max_concurrent_requests,
            max_connections: http.max_connections,
            base_path: http.base_path,
            cluster_id: http.cluster_id,
            kafka_cluster_id: http.kafka_cluster_id,
        }
    }
}

fn level(text: &str) -> Result<Level, String> {
    Level::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Level::ALL.iter().map(|level| level.as_str()).collect();
        format!("not one of {}", names.join(", "))
    })
}

fn verdict_policy(text: &str) -> Result<VerdictPolicy, String> {
    VerdictPolicy::parse(text).ok_or_else(|| {
        let names = VerdictPolicy::ALL.map(VerdictPolicy::as_str);
        format!("not one of {}", names.join(", "))
    })
}

fn incompatible_code(text: &str) -> Result<u32, String> {
    match text {
        "409" => Ok(409),
        "40901" => Ok(40901),
        _ => Err("neither 409 nor 40901".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        // A day is more than anybody waits, and far from what a clock cannot add.
        Ok(n) if n > 0.0 && n <= 86_400.0 => Ok(Duration::from_secs_f64(n)),
        _ => Err("not a number of seconds between 0 and 86400".to_owned()),
    }
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    arguments.logging.start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("accord")
        .thread_stack_size(STACK)
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(|error| Failure::outside(format!("threads cannot be started: {error}")))?;
    let served = runtime.block_on(serve(arguments));
    // Work that was given up at its deadline may still run; the process does not wait for it.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    // Handlers first: a signal that comes during a long start must not be lost.
    let shutdown = signals()?;
    let listener = TcpListener::bind(&arguments.listen)
        .await
        .map_err(|error| {
            Failure::outside(format!("cannot listen on {}: {error}", arguments.listen))
        })?;
    let address = listener.local_addr().map_err(Failure::outside)?;
    let store = store::open(&arguments.database_url)
        .await
        .map_err(|error| Failure::from(&error))?;
    let service = Service::start(store, arguments.rules.into())
        .await
        .map_err(|fault| match fault {
            Fault::Store(error) => error.as_ref().into(),
            other => Failure::outside(other),
        })?;

    let scheme = arguments.database_url.split(':').next().unwrap_or_default();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %address,
        store = scheme,
        subjects = service.stats().subjects,
        "Accord is ready"
    );
    // For whoever started the process and waits for the port; nobody may be reading.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());

    let served = server::run(listener, service.clone(), arguments.http.into(), shutdown).await;
    if tokio::time::timeout(CLOSE, service.stop()).await.is_err() {
        tracing::warn!("the database did not close in time");
    }
    served.map_err(Failure::outside)?;
    tracing::info!("stopped");
    Ok(())
}

/// Done when the process is asked to end.
#[cfg(unix)]
fn signals() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::outside)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::outside)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Done when the process is asked to end.
#[cfg(not(unix))]
fn signals() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
