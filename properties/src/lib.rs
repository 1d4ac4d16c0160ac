//! What holds of everything that reads what others wrote, whatever it is given. Each function takes any bytes, and panics if its
//! promise is broken.
//!
//! `fuzz/` throws random bytes at them, and the test of this package the kept ones: `fuzz/seeds`, a folder for each.

mod command;
mod lines;
mod output;
mod roster;
mod store;
mod terminal;
mod values;
mod workers;

/// A promise: its name, and what holds it against some bytes.
pub type Property = (&'static str, fn(&[u8]));

/// All of them, as they are named in `fuzz/`.
pub const ALL: [Property; 10] = [
    ("command", command::command),
    ("ids", values::ids),
    ("lines", lines::lines),
    ("output", output::output),
    ("roster", roster::roster),
    ("seconds", values::seconds),
    ("settings", values::settings),
    ("store", store::store),
    ("terminal", terminal::terminal),
    ("workers", workers::workers),
];

/// Holds the promise of this name against some bytes.
///
/// # Panics
///
/// If it is broken, or there is none of this name.
pub fn hold(name: &str, bytes: &[u8]) {
    let found = ALL.iter().find(|(known, _)| *known == name);
    let (_, hold) = found.expect("a property of this name");
    hold(bytes);
}

/// Fails unless `error` can be shown on a terminal as it is.
fn check_error(error: &impl std::fmt::Display) {
    let text = error.to_string();
    assert!(
        !text.is_empty() && !text.contains(char::is_control),
        "{text:?}"
    );
}
