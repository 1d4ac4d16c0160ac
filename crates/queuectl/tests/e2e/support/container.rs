//! A pid namespace with a `/proc` of its own, as a container has; all else is shared, as a volume is.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::home::finish;
use super::{Home, Output, system, wait_for};
use crate::program::program;

/// A pid namespace, whose processes end with this.
pub(crate) struct Container {
    holder: Child,
    /// Its process 1, as seen from outside.
    first: i32,
}

impl Container {
    /// A new one, which waits for what is to be run in it.
    ///
    /// # Panics
    ///
    /// If this user may not make one.
    pub(crate) fn new() -> Self {
        let mut holder = unshare();
        holder
            .args(["sh", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut container = Self::of(holder);
        let mut ready = String::new();
        let stdout = container.holder.stdout.take().expect("stdout is a pipe");
        let read = BufReader::new(stdout).read_line(&mut ready);
        read.expect("the holder can be heard");
        assert_eq!(
            ready, "ready\n",
            "this test needs the right to make a pid namespace"
        );
        container
    }

    /// One whose process 1 is the binary, called like this.
    pub(crate) fn running(home: &Home, args: &[&str]) -> Self {
        let mut holder = unshare();
        holder.arg(program()).args(args);
        home.prepare(&mut holder);
        holder.stdout(Stdio::null());
        Self::of(holder)
    }

    fn of(mut holder: Command) -> Self {
        let holder = holder
            .spawn()
            .expect("`unshare` of util-linux is installed");
        let pid = holder.id();
        let first = wait_for("the first process of a pid namespace", || {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            let children = children.unwrap_or_default();
            children.trim().parse().map_err(|_| children.clone())
        });
        Self { holder, first }
    }

    /// A command that will run `program` in here, in the directory `cwd`.
    pub(crate) fn command(&self, program: &Path, cwd: &Path) -> Command {
        let mut command = Command::new("nsenter");
        let first = self.first.to_string();
        command.args(["--target", &first, "--mount", "--pid"]);
        if !is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["sh", "-c", "cd \"$0\" && exec \"$@\""]);
        command.arg(cwd).arg(program);
        command
    }

    /// Ends a process of this number in here as `kill -9` does.
    pub(crate) fn kill_hard(&self, pid: i64) {
        let kill = format!("kill -9 {pid}");
        let mut command = self.command(Path::new("sh"), Path::new("/"));
        let killed = command.args(["-c", &kill]).status();
        assert!(killed.expect("`nsenter` can be started").success());
    }

    /// Ends all that runs in here, as `docker kill` does.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        if system::is_alive(self.first) {
            system::kill_hard(self.first);
        }
        let _ = self.holder.wait();
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Home {
    /// Calls the binary in a container and waits for it.
    #[track_caller]
    pub(crate) fn run_in(&self, container: &Container, args: &[&str]) -> Output {
        self.run_program_in(container, program(), args)
    }

    /// Runs another program in a container and waits for it.
    #[track_caller]
    pub(crate) fn run_program_in(
        &self,
        container: &Container,
        program: impl AsRef<Path>,
        args: &[&str],
    ) -> Output {
        let mut command = container.command(program.as_ref(), &self.work(""));
        command.args(args);
        self.prepare(&mut command);
        finish(command, Vec::new())
    }
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !is_root() {
        command.arg("-r");
    }
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
    // What is sent to the test's group isn't meant for it.
    command.process_group(0);
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
