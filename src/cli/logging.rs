//! Where log lines go: standard error, for people or for machines.

use super::exit::Failure;
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// How to log.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logging")]
pub(super) struct Logging {
    /// The form of log lines.
    #[arg(long, env = "ACCORD_LOG_FORMAT", value_enum, default_value_t = Format::Human)]
    log_format: Format,
    /// What is logged: error, warn, info, debug or trace, or a filter such as `info,accord::server=debug`.
    #[arg(long, env = "ACCORD_LOG_LEVEL", default_value = "info")]
    log_level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

impl Logging {
    /// Starts logging for the whole process, panics included.
    pub fn start(&self) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(&self.log_level)
            .map_err(|error| Failure::usage(format!("--log-level: {error}")))?;
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr);
        let started = match self.log_format {
            Format::Human => lines
                .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
                .try_init(),
            Format::Json => lines.json().flatten_event(true).try_init(),
        };
        started.map_err(|error| Failure::usage(format!("logging cannot be started: {error}")))?;
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            let text = panic.payload_as_str().unwrap_or("of an unknown kind");
            tracing::error!(place, "panic: {text}");
        }));
        Ok(())
    }
}
