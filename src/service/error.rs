//! What can go wrong: the registry says no, or we fail.

use crate::registry::refusal::Refusal;
use crate::store::StoreError;
use std::sync::Arc;

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The registry says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// We failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A failure of ours: logged where it is handled, never described to the caller.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// The store failed.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// It took too long.
    #[error("the operation timed out")]
    Timeout,
    /// The store has not answered for a while.
    #[error("the database is away")]
    Away,
    /// Other nodes kept committing first, or too much is waiting.
    #[error("too busy to write")]
    Busy,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
    /// Something that cannot happen.
    #[error("a fault in this program: {0}")]
    Bug(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(Arc::new(error))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Error::Fault(error.into())
    }
}
