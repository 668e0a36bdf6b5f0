//! The error body and its codes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The number clients switch on.
    pub error_code: ErrorCode,
    /// For people.
    pub message: String,
}

/// A number whose first three digits are the HTTP status. Source: section 1.5.2 of the API contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorCode(pub u32);

#[expect(missing_docs, reason = "the names are the contract's situations")]
impl ErrorCode {
    pub const SUBJECT_NOT_FOUND: Self = Self(40401);
    pub const VERSION_NOT_FOUND: Self = Self(40402);
    pub const SCHEMA_NOT_FOUND: Self = Self(40403);
    pub const SUBJECT_SOFT_DELETED: Self = Self(40404);
    pub const SUBJECT_NOT_SOFT_DELETED: Self = Self(40405);
    pub const VERSION_SOFT_DELETED: Self = Self(40406);
    pub const VERSION_NOT_SOFT_DELETED: Self = Self(40407);
    pub const NO_SUBJECT_LEVEL: Self = Self(40408);
    pub const NO_SUBJECT_MODE: Self = Self(40409);
    pub const INCOMPATIBLE: Self = Self(40901);
    pub const INCOMPATIBLE_LEGACY: Self = Self(409);
    pub const INVALID_SCHEMA: Self = Self(42201);
    pub const INVALID_VERSION: Self = Self(42202);
    pub const INVALID_LEVEL: Self = Self(42203);
    pub const INVALID_MODE: Self = Self(42204);
    pub const NOT_PERMITTED: Self = Self(42205);
    pub const REFERENCED: Self = Self(42206);
    pub const INVALID_SUBJECT: Self = Self(42208);
    pub const TOO_LARGE: Self = Self(42209);
    pub const INVALID_RULE_SET: Self = Self(42210);
    pub const CONTEXT_NOT_EMPTY: Self = Self(42211);
    /// Ours: the contract has no verdict policies.
    pub const INVALID_VERDICT_POLICY: Self = Self(42290);
    /// Ours: the contract has no reports.
    pub const INVALID_REPORT: Self = Self(42291);
    /// Ours: the contract has no dry runs.
    pub const INVALID_DRY_RUN: Self = Self(42292);
    /// Ours: the contract validates no records.
    pub const INVALID_VALIDATION: Self = Self(42293);
    /// Ours: the contract validates no records.
    pub const RECORD_TOO_COMPLEX: Self = Self(42294);
    pub const STORE: Self = Self(50001);
    pub const TIMEOUT: Self = Self(50002);
}

impl ErrorCode {
    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        let mut n = self.0;
        while n >= 1000 {
            n /= 10;
        }
        u16::try_from(n).unwrap_or(500)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_three_digits_are_the_status() {
        assert_eq!(ErrorCode::INCOMPATIBLE.status(), 409);
        assert_eq!(ErrorCode::INCOMPATIBLE_LEGACY.status(), 409);
        assert_eq!(ErrorCode::STORE.status(), 500);
    }
}
