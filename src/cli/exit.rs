//! Exit codes: 0 done and clean · 1 findings · 2 wrong usage or configuration · 3 something outside could not be asked ·
//! 4 a candidate is no valid schema.

use std::fmt;
use std::process::ExitCode;

/// What was asked about is not clean: a break, a lint, a record that does not fit, something undecided.
pub const FINDINGS: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// A database, an address or another server could not be used.
pub const OUTSIDE: u8 = 3;
/// A candidate is no valid schema, so it was compared with nothing.
pub const INVALID: u8 = 4;

/// Why the program ends without success.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    /// Empty, when everything has been said on standard output.
    message: String,
}

impl Failure {
    /// There are findings, and they have been printed.
    pub fn findings() -> Self {
        Self {
            code: FINDINGS,
            message: String::new(),
        }
    }

    /// Something that was asked about is not as it should be.
    pub fn found(message: impl fmt::Display) -> Self {
        Self {
            code: FINDINGS,
            message: message.to_string(),
        }
    }

    /// A schema cannot be read.
    pub fn invalid(message: impl fmt::Display) -> Self {
        Self {
            code: INVALID,
            message: message.to_string(),
        }
    }

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

    /// Whether there is nothing left to say.
    pub fn is_silent(&self) -> bool {
        self.message.is_empty()
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

impl From<crate::client::ClientError> for Failure {
    fn from(error: crate::client::ClientError) -> Self {
        use crate::client::ClientError as E;
        match &error {
            E::Invalid(_) => Self::usage(error),
            // 409: it would break somebody. 422 with this code: no schema.
            E::Refused { status: 409, .. } => Self::found(error),
            E::Refused { code, .. } if code.0 == 42201 => Self::invalid(error),
            // The registry understood, and there is no such thing or it may not be done.
            E::Refused {
                status: 404 | 405 | 422,
                ..
            } => Self::found(error),
            E::Refused { status: 400, .. } => Self::usage(error),
            _ => Self::outside(error),
        }
    }
}
