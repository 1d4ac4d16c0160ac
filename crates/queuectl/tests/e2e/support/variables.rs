//! What the calls in a home are told by their environment about its store.

use std::ffi::OsStr;
use std::process::Command;

use super::Home;

/// What the user's own servers are reached by.
const OF_SERVERS: [&str; 9] = [
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGDATABASE",
    "PGSERVICE",
    "PGSSLMODE",
    "PGSSLROOTCERT",
];

impl Home {
    /// A new one, on the store at this place: a URL.
    #[cfg(unix)]
    pub(crate) fn on(place: &str) -> Self {
        Self::new().with_variable("QUEUECTL_DB", place)
    }

    /// The same, with a variable for all further calls.
    pub(crate) fn with_variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref().to_owned();
        self.variables.push((name.to_owned(), value));
        self
    }

    /// Tells a call what those of this home are told, and nothing else.
    pub(super) fn tell(&self, command: &mut Command) {
        for name in OF_SERVERS {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}
