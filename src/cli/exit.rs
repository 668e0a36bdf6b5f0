//! Exit codes: 0 done · 2 wrong usage or configuration · 3 something outside could not be reached or failed.

use std::fmt;
use std::process::ExitCode;

/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// A database, an address or another server could not be used.
pub const OUTSIDE: u8 = 3;

/// Why the program ends without success.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The user has to call it differently.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self {
            code: USAGE,
            message: message.to_string(),
        }
    }

    /// Something outside does not do its part.
    pub fn outside(message: impl fmt::Display) -> Self {
        Self {
            code: OUTSIDE,
            message: message.to_string(),
        }
    }

    /// What the process ends with.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(feature = "server")]
impl From<&crate::store::StoreError> for Failure {
    fn from(error: &crate::store::StoreError) -> Self {
        match error {
            crate::store::StoreError::Unsupported(_) => Self::usage(error),
            _ => Self::outside(error),
        }
    }
}
