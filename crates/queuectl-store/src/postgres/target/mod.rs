//! Which server, database and schema a store is in, and by what means it is reached.
//!
//! A URL says it, as `psql` reads one; what it leaves open a service file says, then the environment, then what is usual.
//! The environment comes in as an argument. Nothing here shows a password.

mod attempt;
mod connect;
mod files;
mod hosts;
mod parameters;
mod password;
mod service;
mod stream;
mod tls;
mod url;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use queuectl_process::UserSettings;
use queuectl_process::os::user_settings;
use tokio_postgres::Config;

use crate::StoreError;
use hosts::Host;
use parameters::Parameters;
use password::Password;
use tls::Tls;

pub(super) use attempt::Connection;
pub(crate) use files::{rooted_url, rooted_variables};

/// An environment: the value of a variable.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The schema that a store has all to itself, unless the URL names another.
const SCHEMA: &str = "queuectl";

/// The longest name that PostgreSQL doesn't cut off, in bytes.
const LONGEST_NAME: usize = 63;

/// Which server, database and schema a store is in, and by what means it is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    hosts: Vec<Host>,
    user: String,
    database: String,
    schema: String,
    password: Option<Password>,
    password_file: Option<PathBuf>,
    tls: Tls,
    /// How long to wait for each host; as long as there is patience if none is given.
    timeout: Option<Duration>,
    /// Whether a server will do that can't be written to; it is told so by its own words, then.
    any_session: bool,
    shuffled: bool,
    /// What is the same for every host.
    config: Config,
}

impl Target {
    /// Reads a URL that begins with `postgres://` or `postgresql://`, and what it leaves open.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadLocation`] if it isn't one, or asks for something that isn't known here. Its words have
    /// nothing of what may be a password.
    pub(crate) fn parse(url: &str, env: Environment<'_>) -> Result<Self, StoreError> {
        let wrong = StoreError::BadLocation;
        let settings = user_settings(env);
        let mut given = url::parameters(url).map_err(wrong)?;
        service::complete(&mut given, env, settings.as_ref()).map_err(wrong)?;
        given.complete_from(env).map_err(wrong)?;
        if given.get("sslrootcert") == Some("system")
            && let Some(file) = env("SSL_CERT_FILE")
        {
            // It replaces the certificates of the system.
            files::plain(file.as_ref()).map_err(wrong)?;
        }
        Self::new(&given, settings.as_ref()).map_err(wrong)
    }

    fn new(given: &Parameters, settings: Option<&UserSettings>) -> Result<Self, String> {
        let user = match given.get("user") {
            Some(user) => user.to_owned(),
            None => whoami::username()
                .map_err(|error| format!("the URL names no user, and you have no name: {error}"))?,
        };
        let database = given.get("dbname").unwrap_or(&user).to_owned();
        let password_file = given.file("passfile");
        Ok(Self {
            hosts: hosts::all(given)?,
            schema: schema(given.get("schema").unwrap_or(SCHEMA))?,
            password: given.get("password").map(Password::from),
            password_file: password_file.or_else(|| settings.map(password::usual_file)),
            tls: Tls::new(given, settings)?,
            timeout: parameters::connect_timeout(given)?,
            any_session: any_session(given)?,
            shuffled: given.one_of("load_balance_hosts", &["disable", "random"])? == Some("random"),
            config: parameters::config(given, &user, &database)?,
            user,
            database,
        })
    }

    /// The files that hold a secret of the user's, as far as they are there.
    pub(crate) fn secret_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = self
            .password_file
            .iter()
            .chain(self.tls.key())
            .cloned()
            .collect();
        files.retain(|file| file.is_file());
        files
    }

    /// What is set for each session.
    pub(super) fn options(&self) -> Option<&str> {
        self.config.get_options()
    }

    /// The schema that has the store's tables.
    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }
}

/// Whether any server is asked for. A queue is of no use where nothing can be written, so that isn't the default.
fn any_session(given: &Parameters) -> Result<bool, String> {
    match given.get("target_session_attrs") {
        None | Some("read-write" | "primary") => Ok(false),
        Some("any") => Ok(true),
        Some(_) => Err(
            "`target_session_attrs` can be `read-write`, `primary` or `any`, since a queue is written to".into(),
        ),
    }
}

fn schema(name: &str) -> Result<String, String> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(format!("a schema's name has 1 to {LONGEST_NAME} bytes"));
    }
    if name.chars().any(char::is_control) {
        return Err("a schema's name has no control characters".into());
    }
    if name.starts_with("pg_") || name == "information_schema" {
        return Err(format!("the schema `{name}` is PostgreSQL's own"));
    }
    Ok(name.to_owned())
}

impl fmt::Display for Target {
    /// The URL as it may be shown: without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(Host::to_string).collect();
        let encoded = url::encoded;
        let (user, database) = (encoded(&self.user), encoded(&self.database));
        write!(f, "postgresql://{user}@{}/{database}", hosts.join(","))?;
        match &*self.schema {
            SCHEMA => Ok(()),
            other => write!(f, "?schema={}", encoded(other)),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}
