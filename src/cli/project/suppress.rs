//! Findings that are accepted for a while, and what day it is.

use super::settings::{Settings, Suppression, matches};
use std::time::{SystemTime, UNIX_EPOCH};
use toml::value::Date;

/// A day, as a number that grows: year, month, day.
pub type Today = (u16, u8, u8);

#[expect(
    clippy::disallowed_methods,
    reason = "a suppression ends on a day of the calendar, and the command line is where the clock is read"
)]
/// Today in UTC. `SOURCE_DATE_EPOCH` counts instead of the clock, so that a check can be repeated.
pub fn today() -> Today {
    let set = std::env::var("SOURCE_DATE_EPOCH").ok();
    let seconds = set.and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    });
    day(seconds)
}

/// The day of a second since 1970.
fn day(seconds: u64) -> Today {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut days = seconds / 86_400;
    let mut year = 1970;
    while year < 9999 {
        let long = 365 + u64::from(leap(year));
        if days < long {
            break;
        }
        days -= long;
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for long in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < long {
            break;
        }
        days -= long;
        month += 1;
    }
    // Each is bounded by the calendar.
    (
        u16::try_from(year).unwrap_or(u16::MAX),
        month,
        u8::try_from(days.min(30)).unwrap_or(30) + 1,
    )
}

impl Suppression {
    /// Whether it still counts on a day.
    pub fn counts(&self, today: Today) -> bool {
        let Date { year, month, day } = self.until;
        (year, month, day) >= today
    }
}

impl Settings {
    /// The suppression of a rule for a subject, whether it still counts or not; one that does comes first.
    pub fn suppression(&self, rule: &str, subject: &str, today: Today) -> Option<&Suppression> {
        let fits = |s: &&Suppression| matches(&s.rule, rule) && matches(&s.subject, subject);
        let all = || self.suppress.iter().filter(fits);
        all().find(|s| s.counts(today)).or_else(|| all().next())
    }
}

#[cfg(test)]
mod tests {
    use super::day;

    #[test]
    fn days() {
        assert_eq!(day(0), (1970, 1, 1));
        assert_eq!(day(951_782_399), (2000, 2, 28));
        assert_eq!(day(951_782_400), (2000, 2, 29));
        assert_eq!(day(1_798_761_599), (2026, 12, 31));
        assert_eq!(day(1_798_761_600), (2027, 1, 1));
    }
}
