//! Times as the Python program wrote them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use queuectl_domain::Timestamp;

/// Reads a time as Python's `isoformat` and SQLite's `CURRENT_TIMESTAMP` write it. Without a zone it is
/// UTC: both take that for it.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let moment = match text.parse::<jiff::Timestamp>() {
        Ok(moment) => moment,
        Err(_) => {
            let moment = text.parse::<DateTime>().ok()?;
            TimeZone::UTC.to_timestamp(moment).ok()?
        }
    };
    Some(Timestamp(moment.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_each_form_that_was_written() {
        let half_past_ten = 1_762_684_215_000_000;
        for (text, micros) in [
            ("2025-11-09T10:30:15", 0),
            ("2025-11-09T10:30:15.123456", 123_456),
            ("2025-11-09T10:30:15.5", 500_000),
            ("2025-11-09 10:30:15", 0),
            ("2025-11-09 10:30:15.000001", 1),
            ("2025-11-09T10:30:15Z", 0),
            ("2025-11-09T10:30:15.123456+00:00", 123_456),
            ("2025-11-09T12:30:15+02:00", 0),
            (" 2025-11-09 05:00:15-05:30 ", 0),
        ] {
            let expected = Some(Timestamp(half_past_ten + micros));
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "10:30:15",
            "2025-13-09T10:30:15",
            "99999-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
