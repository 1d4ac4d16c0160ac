//! How these tests drive the binary, and how they wait for what it does.

#[cfg(target_os = "linux")]
mod account;
mod checkup;
#[cfg(target_os = "linux")]
mod clock;
#[cfg(target_os = "linux")]
mod container;
#[cfg(target_os = "linux")]
mod disk;
mod home;
mod leftovers;
#[cfg(target_os = "linux")]
mod namespace;
mod output;
mod redact;
mod running;
mod session;
#[cfg(target_os = "linux")]
mod stuck;
pub(crate) mod system;
#[cfg(unix)]
mod terminal;
mod variables;
mod wait;

#[cfg(target_os = "linux")]
pub(crate) use account::Account;
pub(crate) use checkup::{findings, finds, finds_nothing};
#[cfg(target_os = "linux")]
pub(crate) use clock::Clock;
#[cfg(target_os = "linux")]
pub(crate) use container::Container;
pub(crate) use home::{Home, ids};
pub(crate) use leftovers::names;
#[cfg(target_os = "linux")]
pub(crate) use namespace::Namespace;
pub(crate) use output::Output;
pub(crate) use redact::redacted;
pub(crate) use running::Running;
#[cfg(unix)]
pub(crate) use terminal::{Terminal, on_a_terminal};
pub(crate) use wait::{look_for, moment, seconds_between, wait_for, wait_until};

use serde_json::Value;

/// A text field of a JSON object.
#[track_caller]
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text `{field}` in {object}"))
}

/// A whole number field of a JSON object.
#[track_caller]
pub(crate) fn number(object: &Value, field: &str) -> i64 {
    object[field]
        .as_i64()
        .unwrap_or_else(|| panic!("no whole number `{field}` in {object}"))
}

/// A number field of a JSON object.
#[track_caller]
pub(crate) fn float(object: &Value, field: &str) -> f64 {
    object[field]
        .as_f64()
        .unwrap_or_else(|| panic!("no number `{field}` in {object}"))
}

/// The elements of a JSON array.
#[track_caller]
pub(crate) fn items(array: &Value) -> &Vec<Value> {
    array
        .as_array()
        .unwrap_or_else(|| panic!("no array: {array}"))
}
