//! A home of its own for each test, and the binary called in it.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;
use tempfile::TempDir;

#[cfg(target_os = "linux")]
use super::stuck::Stuck;
#[cfg(target_os = "linux")]
use super::{Account, Clock, Namespace};
use super::{Output, items, number, system, text, wait_for, wait_until};
use crate::program::program;

/// A temporary `QUEUECTL_HOME` and a folder to work in. Whatever runs in it is ended when it goes.
pub(crate) struct Home {
    _folder: TempDir,
    home: PathBuf,
    work: PathBuf,
    /// What `QUEUECTL_DB` is, and what else its calls are told.
    pub(super) variables: Vec<(String, OsString)>,
    #[cfg(target_os = "linux")]
    pub(super) namespace: Option<Namespace>,
    #[cfg(target_os = "linux")]
    pub(super) stuck: Option<Stuck>,
    #[cfg(target_os = "linux")]
    pub(super) clock: Option<Clock>,
    #[cfg(target_os = "linux")]
    pub(super) account: Option<Account>,
}

impl Home {
    /// A new one; the home itself isn't made yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("queuectl-e2e-").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        let path = system::plain(folder.path());
        let (home, work) = (path.join(".queuectl"), path.join("work"));
        for folder in [&work, &path.join("tmp")] {
            std::fs::create_dir(folder).expect("a folder can be made");
        }
        Self {
            _folder: folder,
            home,
            work,
            variables: Vec::new(),
            #[cfg(target_os = "linux")]
            namespace: None,
            #[cfg(target_os = "linux")]
            stuck: None,
            #[cfg(target_os = "linux")]
            clock: None,
            #[cfg(target_os = "linux")]
            account: None,
        }
    }

    /// The same, with its calls made in a namespace in which `mounts` (lines of `sh`, `$1` is the home) have been run.
    #[cfg(target_os = "linux")]
    pub(crate) fn with_mounts(mounts: &str) -> Self {
        let mut home = Self::new();
        home.remount(mounts);
        home
    }

    /// Makes all further calls in a namespace in which `mounts` have been run.
    #[cfg(target_os = "linux")]
    pub(crate) fn remount(&mut self, mounts: &str) {
        std::fs::create_dir_all(&self.home).expect("a folder can be made");
        self.namespace = Some(Namespace::new(mounts, &self.home));
    }

    /// What `QUEUECTL_HOME` is.
    pub(crate) fn path(&self) -> &Path {
        &self.home
    }

    /// The folder that has the home and all else of it.
    pub(crate) fn folder(&self) -> &Path {
        self.home.parent().expect("it is in a folder")
    }

    /// A path in the home, as it can be opened by the test.
    pub(crate) fn seen(&self, relative: &str) -> PathBuf {
        // Each system has its own sign between the parts.
        let path: PathBuf = std::iter::once(&*self.home)
            .chain(relative.split('/').map(Path::new))
            .collect();
        #[cfg(target_os = "linux")]
        if let Some(namespace) = &self.namespace {
            return namespace.outside(&path);
        }
        path
    }

    /// The default store's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.seen("data/queuectl.db")
    }

    /// A path in the folder in which the binary is called, and so the jobs run.
    pub(crate) fn work(&self, relative: &str) -> PathBuf {
        self.work.join(relative)
    }

    /// A call of the binary, to be adapted.
    pub(crate) fn command<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I) -> Command {
        let mut command = Command::new(program());
        #[cfg(target_os = "linux")]
        if let Some(namespace) = &self.namespace {
            command = namespace.command(program().as_os_str(), &self.work);
        }
        #[cfg(target_os = "linux")]
        if let Some(account) = &self.account {
            command = account.queuectl();
        }
        command.args(args);
        self.prepare(&mut command);
        command
    }

    pub(super) fn prepare(&self, command: &mut Command) {
        command
            .current_dir(&self.work)
            .env("QUEUECTL_HOME", &self.home)
            .env("PATH", path())
            .env("TZ", "UTC");
        for name in ["HOME", "USERPROFILE"] {
            command.env(name, self.folder());
        }
        for name in ["TMPDIR", "TMP", "TEMP"] {
            command.env(name, self.folder().join("tmp"));
        }
        for name in [
            "QUEUECTL_DB",
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "COLUMNS",
            "RUST_BACKTRACE",
        ] {
            command.env_remove(name);
        }
        self.tell(command);
        command.stdin(Stdio::null());
        #[cfg(target_os = "linux")]
        if let Some(clock) = &self.clock {
            clock.lend(command);
        }
    }

    /// Calls the binary and waits for it.
    #[track_caller]
    pub(crate) fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I) -> Output {
        finish(self.command(args), Vec::new())
    }

    /// Calls the binary, gives it `stdin` and waits for it.
    #[track_caller]
    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped());
        finish(command, stdin.to_vec())
    }

    /// Runs something else in this home to its end.
    #[cfg(windows)]
    #[track_caller]
    pub(crate) fn finish(&self, mut command: Command) -> Output {
        self.prepare(&mut command);
        finish(command, Vec::new())
    }

    /// What `queuectl args` printed; it has to succeed.
    #[track_caller]
    pub(crate) fn ok<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I) -> String {
        self.run(args).succeeded().to_owned()
    }

    /// Makes a store with no job in it, since looking doesn't.
    #[track_caller]
    pub(crate) fn make_store(&self) {
        self.ok(["config", "set", "priority", "5"]);
    }

    /// What `queuectl --json args` printed; it has to succeed.
    #[track_caller]
    pub(crate) fn json<I: IntoIterator<Item: AsRef<OsStr>>>(&self, args: I) -> Value {
        let mut all = vec![OsString::from("--json")];
        all.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self.run(all).json()
    }

    /// Enqueues a command line under an id, with further options.
    #[track_caller]
    pub(crate) fn enqueue(&self, id: &str, line: &str, options: &[&str]) {
        self.ok(["enqueue", "--id", id, "--command", line]
            .iter()
            .chain(options));
    }

    /// Enqueues a program and its arguments under an id, with further options.
    #[track_caller]
    pub(crate) fn enqueue_argv(&self, id: &str, argv: &[String], options: &[&str]) {
        let enqueue = ["enqueue", "--id", id].into_iter();
        let argv = argv.iter().map(String::as_str);
        self.ok(enqueue
            .chain(options.iter().copied())
            .chain(["--"])
            .chain(argv));
    }

    /// The job as `show --json` has it.
    #[track_caller]
    pub(crate) fn show(&self, id: &str) -> Value {
        self.json(["show", id])
    }

    /// How many jobs there are.
    #[track_caller]
    pub(crate) fn total(&self) -> i64 {
        number(&self.json(["status"]), "total")
    }

    /// What `worker list --json` has.
    #[track_caller]
    pub(crate) fn workers(&self) -> Vec<Value> {
        // Without a note if there is no store yet.
        items(&self.json(["--quiet", "worker", "list"])).clone()
    }

    /// Waits until the job is in `state`, and shows it.
    #[track_caller]
    pub(crate) fn wait_for_state(&self, id: &str, state: &str) -> Value {
        self.wait_for_job(id, state, |job| job["state"] == state)
    }

    /// Waits until `is_so` of the job, and shows it.
    #[track_caller]
    pub(crate) fn wait_for_job(
        &self,
        id: &str,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        wait_for(&format!("job {id} to be {what}"), || {
            let job = self.show(id);
            if is_so(&job) {
                Ok(job)
            } else {
                Err(job.to_string())
            }
        })
    }

    /// Runs one worker in the foreground until nothing is left to do.
    #[track_caller]
    pub(crate) fn work_off(&self) -> String {
        self.ok(["worker", "start", "--foreground", "--until-idle"])
    }

    /// The process ids in `workers.json`, in order.
    #[track_caller]
    pub(crate) fn tracked_pids(&self) -> Vec<i32> {
        let path = self.seen("data/workers.json");
        let tracked = std::fs::read_to_string(path).expect("workers.json is there");
        let tracked: Value = serde_json::from_str(&tracked).expect("workers.json is JSON");
        let pids = items(&tracked).iter().map(|entry| number(entry, "pid"));
        let pids = pids.map(|pid| pid.try_into().expect("a pid is small"));
        let mut pids: Vec<_> = pids.collect();
        pids.sort_unstable();
        pids
    }

    /// Starts background workers, with further options; returns their process ids.
    #[track_caller]
    pub(crate) fn start_workers(&self, options: &[&str]) -> Vec<i32> {
        let started = self.json(["worker", "start"].iter().chain(options));
        let pids = items(&started["pids"]).iter().map(|pid| pid.as_i64());
        let pids = pids.map(|pid| pid.and_then(|pid| pid.try_into().ok()));
        let pids: Option<Vec<_>> = pids.collect();
        let pids = pids.unwrap_or_else(|| panic!("odd pids: {started}"));
        assert_eq!(number(&started, "started"), pids.len() as i64, "{started}");
        pids
    }

    /// Waits until a job has left its process id in `file`.
    #[track_caller]
    pub(crate) fn wait_for_pid(&self, file: &str) -> i32 {
        let path = self.work(file);
        wait_for(&format!("a job to write {file}"), || {
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
            // There is a line for each time that it ran.
            let last = text.trim_end().rsplit('\n').next().unwrap_or_default();
            last.parse().map_err(|_| text.clone())
        })
    }

    /// Makes a file, for example one that a job waits for.
    pub(crate) fn touch(&self, file: &str) {
        std::fs::write(self.work(file), "").expect("a file can be written");
    }

    /// Makes a file that holds this.
    pub(crate) fn write(&self, file: &str, bytes: &[u8]) {
        std::fs::write(self.work(file), bytes).expect("a file can be written");
    }

    /// What a file in the folder of the jobs holds.
    #[track_caller]
    pub(crate) fn read(&self, file: &str) -> String {
        let path = self.work(file);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("can't read {file}: {e}"))
    }

    /// Runs statements that name its tables as `queuectl.…` in the store's file.
    pub(crate) fn sql(&self, text: &str) {
        let store = rusqlite::Connection::open(self.database()).expect("the store can be opened");
        store
            .execute_batch(&text.replace("queuectl.", ""))
            .expect("SQL");
    }

    /// Checks that the store's file is sound in itself; nobody may be writing to it.
    #[track_caller]
    pub(crate) fn check_store(&self) {
        // A copy, since SQLite finds no file by a path that leads into a namespace.
        let copy = self.work("copy.db");
        for suffix in ["", "-wal"] {
            let mut paths = [self.database(), copy.clone()];
            paths
                .iter_mut()
                .for_each(|path| path.as_mut_os_string().push(suffix));
            let [from, to] = paths;
            if from.exists() {
                std::fs::copy(from, to).expect("a file can be copied");
            }
        }
        let store = rusqlite::Connection::open(copy).expect("the store can be opened");
        let check = store.query_row("PRAGMA integrity_check", [], |row| row.get(0));
        let check: String = check.expect("the store can be checked");
        assert_eq!(check, "ok");
    }

    /// Waits until no process of this home is left; they were told to end already.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn wait_until_quiet(&self) {
        wait_for("the home's processes to end", || self.is_quiet());
    }

    /// Waits until no process of this home is left but its workers and those of its kind.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn wait_until_only_workers_are_left(&self) {
        let program = program().to_string_lossy().into_owned();
        wait_for("what jobs left running to end", || {
            let left = system::processes_of(&self.home).into_iter();
            let left = left.filter(|process| !process.command.starts_with(&*program));
            let left: Vec<_> = left.map(|process| process.command).collect();
            if left.is_empty() {
                Ok(())
            } else {
                Err(left.join(", "))
            }
        });
    }

    pub(super) fn is_quiet(&self) -> Result<(), String> {
        let left = system::processes_of(&self.home);
        if left.is_empty() {
            return Ok(());
        }
        let left = left
            .iter()
            .map(|process| format!("{} {}", process.pid, process.command));
        Err(left.collect::<Vec<_>>().join(", "))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        self.unstick();
        let mut left = self.end_processes();
        left.extend(self.files_left());
        if !left.is_empty() && !std::thread::panicking() {
            panic!("left behind: {}", left.join("; "));
        }
    }
}

/// Where programs are looked for: first of all where those of these tests are, and the binary.
fn path() -> OsString {
    let own = [fake_job::path("fake-job"), program()];
    let own = own.iter().filter_map(|program| program.parent());
    #[expect(
        clippy::disallowed_methods,
        reason = "what the tests were given is passed on"
    )]
    let given = std::env::var_os("PATH").unwrap_or_default();
    let folders = own.map(Path::to_owned).chain(std::env::split_paths(&given));
    std::env::join_paths(folders).expect("they came from a list")
}

/// Runs `command`, which is given `stdin`, to its end. Neither it nor anything that it has started may hold its
/// output open for long.
#[track_caller]
pub(super) fn finish(mut command: Command, stdin: Vec<u8>) -> Output {
    let call = format!("{command:?}");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = started(&mut command);
    if let Some(mut pipe) = child.stdin.take() {
        // It may well end without having read it all.
        std::thread::spawn(move || drop(pipe.write_all(&stdin)));
    }
    let (stdout, stderr) = (Arc::default(), Arc::default());
    let readers = vec![
        collect(
            child.stdout.take().expect("stdout is a pipe"),
            Arc::clone(&stdout),
        ),
        collect(
            child.stderr.take().expect("stderr is a pipe"),
            Arc::clone(&stderr),
        ),
    ];
    let mut status = None;
    wait_until(&format!("{call} to end and let go of its output"), || {
        status = status.or(child.try_wait().expect("a child can be waited for"));
        status.is_some() && readers.iter().all(JoinHandle::is_finished)
    });
    let status = status.expect("it has ended");
    result_of(call, status, readers, &stdout, &stderr)
}

/// Starts a command. Wine at times can't, for no reason of its own that it knows, and can the next moment.
#[track_caller]
fn started(command: &mut Command) -> Child {
    /// `ERROR_INTERNAL_ERROR`
    const WINE_GAVE_UP: i32 = 1359;
    match command.spawn() {
        Err(error) if cfg!(windows) && error.raw_os_error() == Some(WINE_GAVE_UP) => {
            command.spawn()
        }
        started => started,
    }
    .unwrap_or_else(|error| panic!("can't start {command:?}: {error}"))
}

/// Reads a pipe to its end, into `into`.
pub(crate) fn collect(
    mut pipe: impl Read + Send + 'static,
    into: Arc<Mutex<Vec<u8>>>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            into.lock()
                .expect("nobody panics with it")
                .extend(&buffer[..count]);
        }
    })
}

/// The output of a child that has ended.
pub(crate) fn result_of(
    call: String,
    status: ExitStatus,
    readers: Vec<JoinHandle<()>>,
    stdout: &Mutex<Vec<u8>>,
    stderr: &Mutex<Vec<u8>>,
) -> Output {
    for reader in readers {
        reader.join().expect("the reader doesn't panic");
    }
    let take =
        |from: &Mutex<Vec<u8>>| std::mem::take(&mut *from.lock().expect("nobody panics with it"));
    Output {
        call,
        stdout: take(stdout),
        stderr: take(stderr),
        code: status.code(),
    }
}

/// The names of the jobs in a list, in its order.
#[track_caller]
pub(crate) fn ids(list: &Value) -> Vec<String> {
    items(list)
        .iter()
        .map(|job| text(job, "id").to_owned())
        .collect()
}
