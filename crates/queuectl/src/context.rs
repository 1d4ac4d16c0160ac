//! What every command is given: where things are, and how to reach them.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use queuectl_domain::WorkerId;
use queuectl_store::{Location, Store};
use queuectl_worker::DataFolder;

use crate::cli::Global;
use crate::console::Console;
use crate::environment::{self, Environment};
use crate::error::CliError;

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

    /// The store, opened.
    pub(crate) fn store(&self) -> Result<Box<dyn Store>, CliError> {
        let location = self.location()?;
        if self.given_location().is_none() {
            let folder = self.data_path()?;
            if !folder.is_dir() {
                self.data_folder()?;
            }
        }
        if self.global.verbose > 0 {
            self.console.remark(&format!("the store is {location}"));
        }
        Ok(queuectl_store::open(
            &location,
            &queuectl_store::Options::default(),
        )?)
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
            Location::Sqlite(path) => Ok(Location::Sqlite(absolute(path)?)),
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

    /// The folder for what belongs to this machine, made if it isn't there.
    pub(crate) fn data_folder(&self) -> Result<DataFolder, CliError> {
        let path = self.data_path()?;
        DataFolder::create(path.clone()).map_err(|reason| {
            CliError::unavailable(
                format!("can't make the data folder `{}`: {reason}", path.display()),
                "choose another place with the environment variable QUEUECTL_HOME",
            )
        })
    }

    /// Where that folder is.
    pub(crate) fn data_path(&self) -> Result<PathBuf, CliError> {
        Ok(self.home()?.join("data"))
    }

    /// What `~/.queuectl` stands for; absolute.
    pub(crate) fn home(&self) -> Result<PathBuf, CliError> {
        if let Some(home) = &self.environment.home {
            return absolute(PathBuf::from(home));
        }
        let user = environment::user_home().ok_or_else(|| {
            CliError::unavailable(
                "can't tell where your home folder is",
                "set HOME, or QUEUECTL_HOME for the folder that queuectl may use",
            )
        })?;
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

fn absolute(path: PathBuf) -> Result<PathBuf, CliError> {
    std::path::absolute(&path).map_err(|reason| {
        CliError::unavailable(
            format!("can't make `{}` an absolute path: {reason}", path.display()),
            "give an absolute path, or change to a folder that exists",
        )
    })
}
