//! A number in a line of JSON, kept as text: as an `f64`, `1e-400` would be 0, and
//! `2.9999999999999999999` would be 3.

use std::str::FromStr;

use queuectl_domain::InvalidValue;
use serde_json::value::RawValue;

/// A value that should be a number.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Figure<'line> {
    #[serde(borrow)]
    raw: &'line RawValue,
}

impl Figure<'_> {
    /// Reads it by the rules of the command line. A JSON string keeps its quotes, so it is never taken
    /// for the number in it.
    pub(super) fn number<T: FromStr<Err = InvalidValue>>(&self) -> Result<T, InvalidValue> {
        self.raw.get().parse()
    }

    /// Reads it as a whole number, which JSON may write as `20.0` or `2e1`, too.
    pub(super) fn whole<T: FromStr<Err = InvalidValue>>(
        &self,
        new: fn(i64) -> Result<T, InvalidValue>,
    ) -> Result<T, InvalidValue> {
        match whole(self.raw.get()) {
            Some(number) => new(number),
            None => self.number(),
        }
    }
}

/// Returns the value of a JSON number, if that is exactly a whole number and fits into an `i64`.
fn whole(text: &str) -> Option<i64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{after}");
    let significant = digits.trim_end_matches('0');
    if ["", "-"].contains(&significant) {
        return Some(0);
    }
    let zeros = (digits.len() - significant.len()) as i64 - after.len() as i64;
    let zeros = exponent.parse::<i64>().ok()?.checked_add(zeros)?;
    let scale = 10_i64.checked_pow(u32::try_from(zeros).ok()?)?;
    significant.parse::<i64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_whole_number_is_read_exactly_or_not_at_all() {
        for (text, number) in [
            ("0", 0),
            ("-0.0", 0),
            ("0e99999999999999999999", 0),
            ("-5", -5),
            ("100", 100),
            ("5.0", 5),
            ("1.5e1", 15),
            ("1500e-2", 15),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(whole(text), Some(number), "{text}");
        }
        for text in [
            "5.5",
            "2.9999999999999999999",
            "1e-1",
            "1e19",
            "1e99999999999999999999",
            "9223372036854775808",
            "\"5\"",
            "true",
            "[1]",
            "{}",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
