//! One cluster: made, started, stopped, asked.

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::account::{Account, file_trouble};
use crate::held::Held;
use crate::watcher::Watcher;
use crate::{Config, Programs, Trouble};

/// How often another port is tried, when somebody else took the free one first.
const PORTS_TRIED: u32 = 5;

/// A server of one's own. It is gone when this is dropped, or when its owner ends in any other way.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    folder: PathBuf,
    account: Option<Account>,
    port: u16,
    password: String,
    _watcher: Watcher,
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It breaks off what its clients do, and closes in order.
    Fast,
    /// At once, as if it had crashed.
    Immediate,
}

impl Cluster {
    /// Makes and starts one.
    ///
    /// # Errors
    ///
    /// [`Trouble::NotInstalled`] where there is no PostgreSQL; else what its programs say.
    pub fn start(config: &Config) -> Result<Self, Trouble> {
        let mut cluster = Self::in_new_folder(random_word(), config.durable)?;
        cluster.initialize()?;
        cluster.configure(config)?;
        cluster.start_on_free_port()?;
        Ok(cluster)
    }

    /// Makes and starts a standby that follows this one.
    ///
    /// # Errors
    ///
    /// What the programs of PostgreSQL say.
    pub fn standby(&self) -> Result<Self, Trouble> {
        let mut standby = Self::in_new_folder(self.password.clone(), false)?;
        let mut backup = standby.program("pg_basebackup");
        backup
            .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
            .arg("--pgdata")
            .arg(standby.data())
            .arg("--dbname")
            .arg(self.url());
        standby.run(backup)?;
        standby.start_on_free_port()?;
        Ok(standby)
    }

    /// The URL by which its owner reaches it: over its Unix socket where there is one.
    pub fn url(&self) -> String {
        if cfg!(unix) {
            let folder = self.folder.to_string_lossy().replace('/', "%2F");
            format!("postgresql://postgres@{folder}:{}/postgres", self.port)
        } else {
            self.tcp_url()
        }
    }

    /// The URL over the network, with the password.
    pub fn tcp_url(&self) -> String {
        let Self { password, port, .. } = self;
        format!("postgresql://postgres:{password}@127.0.0.1:{port}/postgres")
    }

    /// The port it listens on, on the loopback interface.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder it is in, with its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The password of its superuser `postgres`.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The process that all others of the server descend from.
    ///
    /// # Errors
    ///
    /// If the server's note of it can't be read, as when it doesn't run.
    pub fn pid(&self) -> Result<u32, Trouble> {
        let path = self.data().join("postmaster.pid");
        let text = std::fs::read_to_string(&path).map_err(file_trouble("read", &path))?;
        let first = text.lines().next().and_then(|line| line.parse().ok());
        first.ok_or_else(|| Trouble::Failed {
            program: "postgres".into(),
            said: text,
        })
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Runs SQL as its superuser, and returns what that printed: columns by `|`, rows by lines.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub fn sql(&self, text: &str) -> Result<String, Trouble> {
        let mut psql = self.program("psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url())
            .args(["-c", text]);
        let printed = self.run(psql)?;
        Ok(printed.trim_end().to_owned())
    }

    /// Holds one of its connections, for as long as what is returned is there.
    ///
    /// # Errors
    ///
    /// If `psql` can't be started, or the server doesn't let it in.
    pub fn hold(&self) -> Result<Held, Trouble> {
        let mut psql = self.program("psql");
        psql.args(["-XAtq", "-d"]).arg(self.url());
        Held::by(psql)
    }

    /// Stops it; what it has stays.
    ///
    /// # Errors
    ///
    /// What `pg_ctl` says.
    pub fn stop(&self, how: Stop) -> Result<(), Trouble> {
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        self.control(&["stop", "-m", mode])
    }

    /// Starts it again after a [`stop`](Self::stop), where it was.
    ///
    /// # Errors
    ///
    /// What `pg_ctl` says, and the server's log.
    pub fn start_again(&self) -> Result<(), Trouble> {
        let mut options = format!("-p {}", self.port);
        if cfg!(unix) {
            let _ = write!(options, " -k {}", self.folder.display());
        }
        let log = self.log_path();
        let log = log.to_string_lossy();
        self.control(&["start", "-l", &log, "-o", &options])
    }

    /// Makes a standby a server of its own.
    ///
    /// # Errors
    ///
    /// What `pg_ctl` says.
    pub fn promote(&self) -> Result<(), Trouble> {
        self.control(&["promote"])
    }

    fn in_new_folder(password: String, durable: bool) -> Result<Self, Trouble> {
        let programs = Programs::find()?;
        let base = base_folder(durable);
        let made = tempfile::Builder::new()
            .prefix("queuectl-postgres-")
            .tempdir_in(&base);
        let made = made.map_err(file_trouble("make a folder in", &base))?;
        let account = Account::for_folder(made.path())?;
        if let Some(account) = account {
            account.own(made.path())?;
        }
        let watcher = Watcher::over(made.path(), &programs.path("pg_ctl"), account)?;
        Ok(Self {
            programs,
            folder: made.keep(),
            account,
            port: 0,
            password,
            _watcher: watcher,
        })
    }

    fn initialize(&self) -> Result<(), Trouble> {
        let password = self.folder.join("password");
        self.write(&password, &self.password)?;
        let mut initdb = self.program("initdb");
        initdb
            .args([
                "--no-sync",
                "--no-instructions",
                "--locale=C",
                "--encoding=UTF8",
            ])
            .args(["--username=postgres", "--auth=scram-sha-256", "--pwfile"])
            .arg(&password)
            .arg("--pgdata")
            .arg(self.data());
        let done = self.run(initdb);
        std::fs::remove_file(&password).map_err(file_trouble("remove", &password))?;
        done.map(|_| ())
    }

    fn configure(&self, config: &Config) -> Result<(), Trouble> {
        let data = self.data();
        let settings = data.join("postgresql.conf");
        let given = std::fs::read_to_string(&settings).map_err(file_trouble("read", &settings))?;
        self.write(&settings, &(given + &config.lines()))?;
        self.write(&data.join("pg_hba.conf"), &config.access_lines())?;
        let mut files = config.files.iter();
        files.try_for_each(|(name, text)| self.write(&data.join(name), text))
    }

    fn start_on_free_port(&mut self) -> Result<(), Trouble> {
        let mut started = Ok(());
        for _ in 0..PORTS_TRIED {
            self.port = free_port()?;
            started = self.start_again();
            if started.is_ok() || !self.log().contains("Address already in use") {
                break;
            }
        }
        started
    }

    /// Writes a file that the server may read, and nobody else.
    fn write(&self, path: &Path, text: &str) -> Result<(), Trouble> {
        let written = (|| {
            std::fs::write(path, "")?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
            }
            std::fs::write(path, text)
        })();
        written.map_err(file_trouble("write", path))?;
        self.account.map_or(Ok(()), |account| account.own(path))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn control(&self, words: &[&str]) -> Result<(), Trouble> {
        let mut pg_ctl = self.program("pg_ctl");
        pg_ctl.args(words).args(["-s", "-w", "-D"]).arg(self.data());
        self.run(pg_ctl).map(|_| ())
    }

    /// A call of one of PostgreSQL's programs, by who runs the server, in its folder.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.path(name));
        // What is set for the user's own servers must not lead there.
        for variable in [
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGPASSWORD",
            "PGDATABASE",
            "PGSERVICE",
            "PGOPTIONS",
            "PGSSLMODE",
            "PGDATA",
        ] {
            command.env_remove(variable);
        }
        command
            .env("LC_ALL", "C")
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        command
    }

    /// Runs a call, and returns what it printed. That goes through files, since a server that a program has
    /// started holds what that was given.
    fn run(&self, mut command: Command) -> Result<String, Trouble> {
        let program = Path::new(command.get_program())
            .file_stem()
            .unwrap_or_default();
        let program = program.to_string_lossy().into_owned();
        let file =
            || tempfile::tempfile().map_err(file_trouble("make a file in", &std::env::temp_dir()));
        let (mut printed, mut errors) = (file()?, file()?);
        let given = |file: &std::fs::File| file.try_clone().map(Stdio::from);
        let status = given(&printed)
            .and_then(|out| Ok(command.stdout(out).stderr(given(&errors)?)))
            .and_then(Command::status);
        let status = status.map_err(|source| Trouble::Run {
            program: program.clone(),
            source,
        })?;
        let printed = all_of(&mut printed);
        if status.success() {
            return Ok(printed);
        }
        let log = if program == "pg_ctl" {
            self.log()
        } else {
            String::new()
        };
        let said = printed + &all_of(&mut errors) + &log;
        Err(Trouble::Failed { program, said })
    }
}

fn all_of(file: &mut std::fs::File) -> String {
    use std::io::{Read as _, Seek as _};

    let mut bytes = Vec::new();
    // What can't be read isn't shown; that the call failed is known without.
    let _ = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A folder whose path is short enough for a Unix socket, and which everybody may enter. What is to last is
/// on a disk, which `/tmp` needn't be.
fn base_folder(durable: bool) -> PathBuf {
    if cfg!(unix) {
        PathBuf::from(if durable { "/var/tmp" } else { "/tmp" })
    } else {
        std::env::temp_dir()
    }
}

fn free_port() -> Result<u16, Trouble> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    let port = port.map_err(|source| Trouble::Run {
        program: "a listener on 127.0.0.1".into(),
        source,
    });
    port.map(|address| address.port())
}

/// A word that nobody guesses: the standard library draws its hashers' keys from the system's randomness.
fn random_word() -> String {
    let mut word = String::new();
    for part in 0..2 {
        let _ = write!(word, "{:016x}", RandomState::new().hash_one(part));
    }
    word
}
