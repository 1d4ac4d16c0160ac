//! Passwords, and the file that has them.

use std::fmt;
use std::path::{Path, PathBuf};

use queuectl_process::os::access;
use queuectl_process::{Others, UserSettings};

use super::hosts::Host;

/// A password, which nothing shows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(String);

impl Password {
    /// It itself, for the driver.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The file that has the user's passwords, unless another is named.
pub(super) fn usual_file(settings: &UserSettings) -> PathBuf {
    match settings {
        UserSettings::Home(home) => home.join(".pgpass"),
        UserSettings::Roaming(folder) => folder.join("postgresql").join("pgpass.conf"),
    }
}

/// The password that a file has for a host. It is read each time, since it may be another by then.
///
/// # Errors
///
/// Why a file that is there isn't used. (One that isn't there has no passwords.)
pub(super) fn in_file(
    path: &Path,
    host: &Host,
    database: &str,
    user: &str,
) -> Result<Option<Password>, String> {
    let shown = path.display();
    let Ok(meta) = path.metadata() else {
        return Ok(None);
    };
    if !meta.is_file() {
        return Err(format!("the password file `{shown}` isn't a plain file"));
    }
    // What counts of a symbolic link is where it leads to.
    let real = path.canonicalize();
    if real
        .and_then(|real| access(&real))
        .is_ok_and(|access| access.others != Others::Nothing)
    {
        return Err(format!(
            "the password file `{shown}` isn't used, since others may get at it; `chmod 600` keeps them out"
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the password file `{shown}` can't be read: {error}"))?;
    let port = host.port.to_string();
    let wanted = [host.name_for_password(), &port, database, user];
    Ok(text.lines().find_map(|line| of_line(line, wanted)))
}

/// The password in a line, if the line is for these host, port, database and user.
fn of_line(line: &str, wanted: [&str; 4]) -> Option<Password> {
    if line.starts_with('#') {
        return None;
    }
    let mut rest = line;
    for wanted in wanted {
        let (field, after) = field(rest);
        if field != "*" && unescaped(field) != wanted {
            return None;
        }
        rest = after?;
    }
    Some(unescaped(rest))
        .filter(|password| !password.is_empty())
        .map(Password)
}

/// What is before the first `:` that isn't escaped, and what is after it.
fn field(text: &str) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            ':' if !escaped => return (&text[..at], Some(&text[at + 1..])),
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    (text, None)
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        // A `\` at the very end stands for itself.
        plain.push(if char == '\\' {
            chars.next().unwrap_or(char)
        } else {
            char
        });
    }
    plain
}
