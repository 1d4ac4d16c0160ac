//! What every command is given: where things are, and how to reach them.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, Write};
use std::path::{Component, Path, PathBuf};

use queuectl_domain::WorkerId;
use queuectl_store::{Location, Store, StoreError};
use queuectl_worker::DataFolder;

use crate::cli::Global;
use crate::console::Console;
use crate::environment::{self, Environment};
use crate::error::CliError;
use crate::missing;

/// What every command is given.
pub(crate) struct Context<'a> {
    /// Where to tell of things as they happen. What a command shows in the end, it returns.
    pub(crate) console: &'a Console,
    environment: &'a Environment,
    global: &'a Global,
}

impl<'a> Context<'a> {
    /// The context of one invocation.
    pub(crate) fn new(
        environment: &'a Environment,
        console: &'a Console,
        global: &'a Global,
    ) -> Self {
        Self {
            console,
            environment,
            global,
        }
    }

    /// The store, opened; created if it doesn't exist.
    pub(crate) fn store(&self) -> Result<Box<dyn Store>, CliError> {
        let location = self.location()?;
        if self.is_default() {
            let folder = self.data_path()?;
            if !folder.is_dir() {
                self.data_folder()?;
            }
        }
        self.tell_location(&location);
        let options = queuectl_store::Options::default();
        Ok(queuectl_store::open(&location, &options)?)
    }

    /// The store for a command that only looks, removes or stops, and so creates none. A store that was named has to exist. A missing
    /// default store counts as empty: no job has been enqueued yet.
    pub(crate) fn store_to_look_at(&self) -> Result<Box<dyn Store>, CliError> {
        let location = self.location()?;
        self.tell_location(&location);
        match missing::open_existing(&location) {
            Err(StoreError::Missing(_)) if self.is_default() => {
                self.note_missing(&location);
                Ok(queuectl_store::nothing(&location))
            }
            opened => opened.map_err(|error| missing::said(&location, error)),
        }
    }

    /// The store for a command that needs an existing one, whether or not it was named.
    pub(crate) fn store_that_is_there(&self) -> Result<Box<dyn Store>, CliError> {
        let location = self.location()?;
        self.tell_location(&location);
        missing::open_existing(&location).map_err(|error| missing::said(&location, error))
    }

    /// Notes on stderr that the default store doesn't exist, unless `--quiet` is given.
    pub(crate) fn note_missing(&self, location: &Location) {
        if !self.console.quiet() {
            self.console.remark(&missing::note(location));
        }
    }

    fn tell_location(&self, location: &Location) {
        if self.global.verbose > 0 {
            self.console.remark(&format!("the store is {location}"));
        }
    }

    /// Returns true if neither `--db` nor `QUEUECTL_DB` names a store.
    pub(crate) fn is_default(&self) -> bool {
        self.given_location().is_none()
    }

    /// Where the store is; a path is absolute.
    pub(crate) fn location(&self) -> Result<Location, CliError> {
        match self.given_location() {
            Some(given) => self.location_of(given),
            None => Ok(Location::Sqlite(self.data_path()?.join("queuectl.db"))),
        }
    }

    /// Where the store is that a user names; a path is absolute.
    pub(crate) fn location_of(&self, given: &OsStr) -> Result<Location, CliError> {
        match Location::parse(given, &environment::for_servers)? {
            Location::Sqlite(path) => Ok(Location::Sqlite(absolute(from_home(path)?)?)),
            server @ Location::Postgres(_) => Ok(server),
        }
    }

    /// Where the store is, as the user would write it: with `~` for their home, and without a password.
    pub(crate) fn short_location(&self) -> Result<String, CliError> {
        let location = self.location()?;
        let home = environment::user_home();
        let below_home = match (&location, &home) {
            (Location::Sqlite(path), Some(home)) => path.strip_prefix(home).ok(),
            _ => None,
        };
        Ok(match below_home {
            Some(rest) => Path::new("~").join(rest).display().to_string(),
            None => location.to_string(),
        })
    }

    /// Returns the variables by which another process finds the same store and folder, wherever it runs: a background
    /// worker, or what a job calls. A URL may have a password, and other users can read arguments but not variables.
    pub(crate) fn variables_to_hand_on(&self) -> Result<Vec<(OsString, OsString)>, CliError> {
        let mut variables = vec![("QUEUECTL_HOME", self.home()?.into())];
        let db = match self.location()? {
            Location::Sqlite(path) => path.into(),
            Location::Postgres(_) => {
                let given = self.given_location().unwrap_or_default();
                // Without a current folder, relative paths mean nothing to us either.
                let folder = environment::current_dir().unwrap_or_default();
                let (url, others) =
                    Location::hand_on_server(given, &environment::for_servers, &folder);
                variables.extend(others);
                url
            }
        };
        variables.push(("QUEUECTL_DB", db));
        let named = variables.into_iter();
        Ok(named.map(|(name, value)| (name.into(), value)).collect())
    }

    fn given_location(&self) -> Option<&OsStr> {
        let given = self.global.db.as_ref().or(self.environment.db.as_ref());
        given.map(AsRef::as_ref)
    }

    /// The folder for what belongs to this machine, created if it doesn't exist.
    pub(crate) fn data_folder(&self) -> Result<DataFolder, CliError> {
        let path = self.data_path()?;
        DataFolder::create(path.clone()).map_err(|reason| no_data_folder("make", &path, &reason))
    }

    /// The folder for what belongs to this machine, to read only: it isn't created if it doesn't exist.
    pub(crate) fn data_folder_to_look_at(&self) -> Result<DataFolder, CliError> {
        let path = self.data_path()?;
        DataFolder::open(path.clone()).map_err(|reason| no_data_folder("use", &path, &reason))
    }

    /// The path of that folder.
    pub(crate) fn data_path(&self) -> Result<PathBuf, CliError> {
        Ok(self.home()?.join("data"))
    }

    /// What `~/.queuectl` stands for; absolute.
    pub(crate) fn home(&self) -> Result<PathBuf, CliError> {
        if let Some(home) = &self.environment.home {
            return absolute(from_home(PathBuf::from(home))?);
        }
        let user = environment::user_home().ok_or_else(no_home)?;
        absolute(user.join(".queuectl"))
    }

    /// Returns the worker whose job calls us, if one does. A value that is no worker's name is ignored.
    pub(crate) fn worker_we_run_in(&self) -> Option<WorkerId> {
        self.environment.worker.as_ref()?.to_str()?.parse().ok()
    }

    /// Asks for leave to do something that can't be undone.
    pub(crate) fn confirm(&self, question: &str, yes: bool) -> Result<bool, CliError> {
        if yes {
            return Ok(true);
        }
        if !environment::stdin_is_terminal() {
            return Err(CliError::usage(
                format!("can't ask for a confirmation: {question}"),
                "stdin is no terminal, so say --yes if you mean it",
            ));
        }
        let mut stderr = std::io::stderr().lock();
        // If the question can't be seen, the answer won't be yes.
        let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES"))
    }
}

/// Replaces a `~` at the beginning of a path by the user's home. Shells leave it as it is in `--db=~/jobs.db`, and so do files of
/// variables.
fn from_home(path: PathBuf) -> Result<PathBuf, CliError> {
    let mut parts = path.components();
    let first = match parts.next() {
        Some(Component::Normal(first)) => first.as_encoded_bytes(),
        _ => return Ok(path),
    };
    if first == b"~" {
        let home = environment::user_home().ok_or_else(no_home)?;
        return Ok(home.join(parts));
    }
    // `~jobs.db` may be a file. `~name/…` is more likely the home of a user.
    if first.starts_with(b"~") && parts.next().is_some() {
        return Err(CliError::usage(
            format!(
                "`{}` begins with the home of another user, which isn't looked up",
                path.display()
            ),
            "give an absolute path; a folder of this name here begins with `./`",
        ));
    }
    Ok(path)
}

fn no_home() -> CliError {
    CliError::unavailable(
        "can't tell where your home folder is",
        "set HOME, or QUEUECTL_HOME for the folder that queuectl may use",
    )
}

fn no_data_folder(verb: &str, path: &Path, reason: &std::io::Error) -> CliError {
    CliError::unavailable(
        format!(
            "can't {verb} the data folder `{}`: {reason}",
            path.display()
        ),
        "choose another place with the environment variable QUEUECTL_HOME",
    )
}

fn absolute(path: PathBuf) -> Result<PathBuf, CliError> {
    std::path::absolute(&path).map_err(|reason| {
        CliError::unavailable(
            format!("can't make `{}` an absolute path: {reason}", path.display()),
            "give an absolute path, or change to a folder that exists",
        )
    })
}
