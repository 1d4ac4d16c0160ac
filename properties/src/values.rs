//! Values as users write them: what is read can be written, and is read as the same again.

use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::time::Duration;

use queuectl_domain::{
    BackoffBase, InvalidValue, JobId, Key, MaxRetries, Outcome, Priority, Settings, State, Timeout,
    WorkerId, parse_seconds, seconds_text,
};

use crate::check_error;

/// Lengths of time, as text and as a number.
pub(crate) fn seconds(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        let read = parse_seconds("it", text);
        if read == Ok(Duration::ZERO) {
            let digits = text.split(['e', 'E']).next().unwrap_or_default();
            assert!(
                !digits.contains(|digit| ('1'..='9').contains(&digit)),
                "{text} isn't 0"
            );
        }
        check_seconds(read);
        check_value::<Timeout>(text);
    }
    if let Some(number) = bytes.first_chunk() {
        let number = f64::from_le_bytes(*number);
        check_seconds(queuectl_domain::seconds("it", number));
    }
}

fn check_seconds(read: Result<Duration, InvalidValue>) {
    match read {
        Ok(length) => {
            let allowed = Duration::from_millis(1)..=Duration::from_secs(1_000_000_000);
            assert!(length.is_zero() || allowed.contains(&length), "{length:?}");
            let again = parse_seconds("it", &seconds_text(length));
            assert_eq!(again, Ok(length));
        }
        Err(error) => check_error(&error),
    }
}

/// Names of jobs, workers, states and settings, and numbers in a range.
pub(crate) fn ids(bytes: &[u8]) {
    if let Some(number) = bytes.first_chunk() {
        let number = u64::from_le_bytes(*number);
        let (id, next) = (JobId::generated(number), JobId::generated(number | 1));
        assert_eq!(id.as_str().parse().as_ref(), Ok(&id));
        assert!(id <= next, "{id} isn't before {next}");
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Some(id) = check_value::<JobId>(text) {
        assert_eq!(id.as_str(), text);
        assert!((1..=200).contains(&text.len()) && text.chars().all(JobId::allows));
        // Nothing in it controls a terminal, and it is no option.
        assert_eq!(queuectl::exposed::on_one_line(text), text);
        assert!(!text.starts_with('-') && !text.contains(char::is_whitespace));
    }
    if let Ok(id) = JobId::given(text) {
        assert_eq!(id.as_str().parse().as_ref(), Ok(&id));
    }
    if let Some(id) = check_value::<WorkerId>(text) {
        assert_eq!(id.as_str(), text);
        // It becomes the name of a file.
        assert!(!text.contains(['/', '\\', '.', '\0', ':']) && text.len() <= 64);
    }
    check_value::<State>(text);
    check_value::<Outcome>(text);
    check_value::<Key>(text);
    check_value::<Priority>(text);
    check_value::<MaxRetries>(text);
    check_value::<BackoffBase>(text);
}

/// What is read is written so that it is read as the same; an error can be shown.
fn check_value<T>(text: &str) -> Option<T>
where
    T: FromStr<Err = InvalidValue> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(value) => {
            assert_eq!(value.to_string().parse().as_ref(), Ok(&value));
            Some(value)
        }
        Err(error) => {
            check_error(&error);
            None
        }
    }
}

/// Settings: the first byte picks one, the rest is the value. One that is refused changes nothing.
pub(crate) fn settings(bytes: &[u8]) {
    let Some((pick, value)) = bytes.split_first() else {
        return;
    };
    let Ok(value) = str::from_utf8(value) else {
        return;
    };
    let key = Key::ALL[usize::from(*pick) % Key::ALL.len()];
    let mut settings = Settings::default();
    match settings.set(key, value) {
        Ok(()) => {
            let mut again = Settings::default();
            let read = again.set(key, &settings.get(key));
            assert_eq!((read, &again), (Ok(()), &settings));
            for other in Key::ALL.into_iter().filter(|other| *other != key) {
                assert_eq!(settings.get(other), Settings::default().get(other));
            }
        }
        Err(error) => {
            assert_eq!(settings, Settings::default());
            check_error(&error);
        }
    }
}
