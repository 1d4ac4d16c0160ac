//! An environment of a test's own, and stores that are opened in it.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use queuectl_cluster::{Cluster, Config};
use queuectl_store::{Location, Options, ServerTrouble, Store, StoreError, open};

/// An environment with a home of its own.
pub(crate) struct Scene {
    home: tempfile::TempDir,
    variables: HashMap<String, OsString>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        // By the first it is found on Unix, by the second on Windows.
        let variables = ["HOME", "APPDATA"].map(|name| (name.to_owned(), home.path().into()));
        Self {
            variables: variables.into(),
            home,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.insert(name.into(), value.as_ref().into());
        self
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        queuectl_process::os::make_private(&path).unwrap();
        path
    }

    /// The file that has the user's passwords.
    pub(crate) fn password_file(&self, text: &str) -> PathBuf {
        self.file(
            if cfg!(unix) {
                ".pgpass"
            } else {
                "postgresql/pgpass.conf"
            },
            text,
        )
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn parse(&self, url: &str) -> Result<Location, StoreError> {
        Location::parse(url.as_ref(), &|name| self.variables.get(name).cloned())
    }

    /// A location as it is shown, or what is wrong with it.
    pub(crate) fn shown(&self, url: &str) -> String {
        self.parse(url)
            .map_or_else(|error| error.to_string(), |location| location.to_string())
    }

    pub(crate) fn open(&self, url: &str) -> Result<Box<dyn Store>, StoreError> {
        let options = Options {
            patience: Duration::from_secs(5),
            ..Options::default()
        };
        open(&self.parse(url)?, &options)
    }

    /// Why a server can't be used.
    #[track_caller]
    pub(crate) fn refused(&self, url: &str) -> (ServerTrouble, String) {
        match self.open(url) {
            Err(StoreError::Server {
                reason, trouble, ..
            }) => (trouble, reason),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it was let in"),
        }
    }
}

/// A server that asks for a password, and one user who has one.
pub(crate) fn with_password() -> Cluster {
    let cluster = Cluster::start(&Config::new()).unwrap();
    let user = "CREATE USER alice PASSWORD 's3cret:\\?@/' SUPERUSER";
    cluster.sql(user).unwrap();
    cluster
}
