//! Times and lengths of time, for people and for programs.

use std::time::Duration;

use jiff::tz::TimeZone;
use queuectl_domain::Timestamp;
pub(crate) use queuectl_domain::measured_text as exact;
use serde::{Serialize, Serializer};

/// A point in time for programs: RFC 3339, UTC, with microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Utc(pub(crate) Timestamp);

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.6}", of(self.0)))
    }
}

/// A length of time for programs: a number of seconds, whole if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.subsec_micros() {
            0 => serializer.serialize_u64(self.0.as_secs()),
            _ => serializer.serialize_f64(self.0.as_micros() as f64 / 1e6),
        }
    }
}

/// A point in time for people: by the clock on their wall.
pub(crate) fn local(time: Timestamp) -> String {
    in_zone(time, TimeZone::system())
}

fn in_zone(time: Timestamp, zone: TimeZone) -> String {
    let zoned = of(time).to_zoned_datetime(zone);
    zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn of(time: Timestamp) -> jiff::Timestamp {
    let nearest = if time.0 < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    };
    jiff::Timestamp::from_microsecond(time.0).unwrap_or(nearest)
}

/// How long something has been going on, in its two largest units: `3m 5s`.
pub(crate) fn rough(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days}d {}h", hours % 24),
        () if hours > 0 => format!("{hours}h {}m", minutes % 60),
        () if minutes > 0 => format!("{minutes}m {}s", seconds % 60),
        () => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Timestamp = Timestamp(1_762_684_215_000_001);

    #[test]
    fn programs_are_told_the_microsecond_in_utc() {
        let json = serde_json::to_string(&Utc(TIME)).unwrap();
        assert_eq!(json, r#""2025-11-09T10:30:15.000001Z""#);
        for end in [i64::MIN, i64::MAX] {
            assert!(serde_json::to_string(&Utc(Timestamp(end))).is_ok());
        }
    }

    #[test]
    fn people_are_told_the_time_on_their_wall() {
        assert_eq!(in_zone(TIME, TimeZone::UTC), "2025-11-09 10:30:15");
        assert!(!local(Timestamp(i64::MAX)).is_empty());
    }

    /// Also on a system that has no list of them.
    #[test]
    fn the_zones_of_the_world_are_known() {
        let berlin = jiff::tz::db().get("Europe/Berlin").unwrap();
        assert_eq!(in_zone(TIME, berlin), "2025-11-09 11:30:15");
    }

    #[test]
    fn seconds_are_numbers_and_whole_if_they_can_be() {
        let json = |micros| serde_json::to_string(&Seconds(Duration::from_micros(micros))).unwrap();
        assert_eq!(json(20_000_000), "20");
        assert_eq!(json(234_000), "0.234");
        assert_eq!(json(0), "0");
    }

    #[test]
    fn a_wait_has_two_units() {
        let text = |seconds| rough(Duration::from_secs(seconds));
        let texts = [0, 59, 185, 3600, 90_061].map(text);
        assert_eq!(texts, ["0s", "59s", "3m 5s", "1h 0m", "1d 1h"]);
    }
}
