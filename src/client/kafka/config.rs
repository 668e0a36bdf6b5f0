//! Settings that would break what the producer and the consumer promise.

use super::error::Side;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

/// Settings that cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// librdkafka refuses a setting.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A setting of librdkafka is one that we set ourselves.
    #[error("{name} must be {wanted} here, not {found}")]
    Fixed {
        /// The setting.
        name: &'static str,
        /// What it has to be; leave it out.
        wanted: &'static str,
        /// What was given.
        found: Box<str>,
    },
    /// A serializer or deserializer of values was given for keys, or the other way round: it would use the other
    /// subject and header.
    #[error(
        "what was given for the {side} is made for the other side (see `for_keys` of its settings)"
    )]
    Side {
        /// For which side it was given.
        side: Side,
    },
    /// A number that cannot be.
    #[error("{name} must be between {least} and {most}")]
    Range {
        /// Which.
        name: &'static str,
        /// The smallest.
        least: usize,
        /// The largest.
        most: usize,
    },
    /// A call that belongs to the other [`Commits`](super::Commits).
    #[error("{0}")]
    Commits(&'static str),
}

/// Sets what has to be so, unless it was given and is something else.
pub(super) fn fix(
    config: &mut ClientConfig,
    name: &'static str,
    wanted: &'static str,
) -> Result<(), ConfigError> {
    match config.get(name) {
        Some(found) if found != wanted => Err(ConfigError::Fixed {
            name,
            wanted,
            found: found.into(),
        }),
        _ => {
            config.set(name, wanted);
            Ok(())
        }
    }
}

/// Checks that what writes or reads one side is made for it. `header` is the one that it uses, if any.
pub(super) fn check_side(side: Side, header: Option<&str>) -> Result<(), ConfigError> {
    match header {
        Some(header) if header != side.header() => Err(ConfigError::Side { side }),
        _ => Ok(()),
    }
}
