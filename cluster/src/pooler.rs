//! A temporary PgBouncer before a server: in a folder of its own, with a Unix socket there that only the folder's
//! owner can reach, for as long as somebody needs it.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::account::{Account, file_trouble};
use crate::programs::pgbouncer;
use crate::watcher::Watcher;
use crate::{Cluster, Trouble};

/// The port that its socket is named by. No other is in its folder.
const PORT: u16 = 6432;

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A pooler of one's own. It is gone when this is dropped, or when its owner ends in any other way.
#[derive(Debug)]
pub struct Pooler {
    folder: PathBuf,
    _watcher: Watcher,
}

/// For how long a client has one of the server's connections to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// As long as it stays.
    Session,
    /// As long as its transaction lasts.
    Transaction,
}

/// The server that lies behind a pooler.
#[derive(Debug, Clone)]
pub struct Behind {
    /// Its name, its address, or the folder of its Unix socket.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// As whom all clients are let in.
    pub user: String,
    /// With which password.
    pub password: String,
}

impl Pooler {
    /// Starts one that has so many connections to the server, for all its clients together.
    ///
    /// # Errors
    ///
    /// [`Trouble::NoPooler`] where there is none; else what it says.
    pub fn start(behind: &Behind, pooling: Pooling, connections: u32) -> Result<Self, Trouble> {
        let program = pgbouncer().ok_or(Trouble::NoPooler)?;
        let base = Path::new("/tmp");
        let made = tempfile::Builder::new()
            .prefix("queuectl-pooler-")
            .tempdir_in(base);
        let made = made.map_err(file_trouble("make a folder in", base))?;
        let settings = made.path().join("pgbouncer.ini");
        let text = settings_for(made.path(), behind, pooling, connections);
        std::fs::write(&settings, text).map_err(file_trouble("write", &settings))?;
        let account = Account::for_folder(made.path())?;
        if let Some(account) = account {
            account.own(made.path())?;
            account.own(&settings)?;
        }
        let watcher = Watcher::with(made.path(), &program, &settings, account)?;
        let pooler = Self {
            folder: made.keep(),
            _watcher: watcher,
        };
        pooler.wait_until_it_listens()?;
        Ok(pooler)
    }

    /// The URL of a database by way of it.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.to_string_lossy().replace('/', "%2F");
        format!("postgresql://postgres@{folder}:{PORT}/{database}")
    }

    /// The folder it is in, with its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn wait_until_it_listens(&self) -> Result<(), Trouble> {
        let socket = self.folder.join(format!(".s.PGSQL.{PORT}"));
        let begun = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err(Trouble::Failed {
                    program: "pgbouncer".into(),
                    said: self.log(),
                });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Cluster {
    /// Starts a pooler before it, with so many connections to it.
    ///
    /// # Errors
    ///
    /// [`Trouble::NoPooler`] where there is none; else what it says.
    pub fn pooler(&self, pooling: Pooling, connections: u32) -> Result<Pooler, Trouble> {
        let behind = Behind {
            host: "127.0.0.1".into(),
            port: self.port(),
            user: "postgres".into(),
            password: self.password().into(),
        };
        Pooler::start(&behind, pooling, connections)
    }
}

fn settings_for(folder: &Path, behind: &Behind, pooling: Pooling, connections: u32) -> String {
    let folder = folder.display();
    let Behind {
        host,
        port,
        user,
        password,
    } = behind;
    let pooling = match pooling {
        Pooling::Session => "session",
        Pooling::Transaction => "transaction",
    };
    let password = match &**password {
        "" => String::new(),
        password => format!(" password='{}'", password.replace('\'', "''")),
    };
    format!(
        "[databases]\n\
         * = host='{host}' port={port} user='{user}'{password}\n\
         [pgbouncer]\n\
         listen_addr =\n\
         listen_port = {PORT}\n\
         unix_socket_dir = {folder}\n\
         auth_type = any\n\
         logfile = {folder}/log\n\
         pool_mode = {pooling}\n\
         default_pool_size = {connections}\n\
         max_client_conn = 500\n"
    )
}
