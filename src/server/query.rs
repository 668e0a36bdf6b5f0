//! The query string, read as leniently as clients write it. Source: section 1.1 of the API contract.

use super::error::ApiError;
use crate::registry::query::{Deleted, Page};
use crate::registry::refusal::Refusal;
use crate::registry::verdict::Detail;
use percent_encoding::percent_decode_str;

/// The parameters, decoded, in the order of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a raw query string; every string is one.
    pub fn parse(raw: &str) -> Self {
        Self(
            raw.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The first value of a parameter.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value, unless it is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.first(name).filter(|value| !value.is_empty())
    }

    /// The first value, or the empty string.
    pub fn text(&self, name: &str) -> String {
        self.first(name).unwrap_or_default().to_owned()
    }

    /// Every value of a parameter.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a parameter says `true`, in any case.
    pub fn flag(&self, name: &str) -> bool {
        self.first(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// `report`, a parameter of ours: how much to tell of a check. A slip in its value must not pass for "none".
    pub fn detail(&self) -> Result<Detail, ApiError> {
        match self.first("report") {
            None | Some("") => Ok(Detail::Messages),
            Some(value) if value.eq_ignore_ascii_case("none") => Ok(Detail::Messages),
            Some(value) if value.eq_ignore_ascii_case("full") => Ok(Detail::Report),
            Some(_) => Err(Refusal::InvalidReport.into()),
        }
    }

    /// `dryRun`, a parameter of ours: whether a write is only tried. A slip in its value must not write.
    pub fn dry_run(&self) -> Result<bool, ApiError> {
        match self.first("dryRun") {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Refusal::InvalidDryRun.into()),
        }
    }

    /// Gives a parameter a single value.
    pub fn set(&mut self, name: &str, value: String) {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), value));
    }

    /// An int32; what is not one names nothing, as the contract has it.
    fn int(&self, name: &str, default: i32) -> Result<i32, ApiError> {
        match self.first(name).map(str::trim) {
            None | Some("") => Ok(default),
            Some(value) => value.parse().map_err(|_| ApiError::not_found()),
        }
    }

    /// `offset` and `limit`. A negative offset, on which the imitated server fails, counts as none.
    pub fn page(&self) -> Result<Page, ApiError> {
        let offset = self.int("offset", 0)?;
        let limit = self.int("limit", -1)?;
        Ok(Page {
            offset: usize::try_from(offset).unwrap_or(0),
            limit: limit.into(),
        })
    }

    /// `deleted` and `deletedOnly`, of which the latter wins.
    pub fn deleted(&self) -> Deleted {
        if self.flag("deletedOnly") {
            Deleted::Only
        } else if self.flag("deleted") {
            Deleted::Include
        } else {
            Deleted::None
        }
    }
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_reading() {
        let query = Query::parse("deleted=True&&x=a+b%2B&x=c&flag&offset=&%6eame=v");
        assert!(query.flag("deleted"));
        assert_eq!(query.first("x"), Some("a b+"));
        assert_eq!(query.all("x").collect::<Vec<_>>(), ["a b+", "c"]);
        assert!(!query.flag("flag"));
        assert_eq!(query.first("name"), Some("v"));
        assert!(
            query
                .page()
                .is_ok_and(|page| page.offset == 0 && page.limit == -1)
        );
        assert!(!Query::parse("deleted=1").flag("deleted"));
    }

    #[test]
    fn numbers_that_are_none_name_nothing() {
        for raw in ["limit=abc", "offset=2147483648", "limit=1.0"] {
            assert!(Query::parse(raw).page().is_err(), "{raw}");
        }
        assert!(
            Query::parse("offset=-5&limit=-7")
                .page()
                .is_ok_and(|page| page.offset == 0)
        );
    }

    #[test]
    fn deleted_only_wins() {
        assert!(matches!(
            Query::parse("deleted=true&deletedOnly=TRUE").deleted(),
            Deleted::Only
        ));
        assert!(matches!(
            Query::parse("deleted=yes").deleted(),
            Deleted::None
        ));
    }
}
