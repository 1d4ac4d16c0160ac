//! A view of the file system that only some processes have: for a small disk or a file that even root can't write.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A mount namespace, alive as long as this is. Its mounts go with it, whatever happens to the test.
pub(crate) struct Namespace {
    holder: Child,
    as_root: bool,
}

impl Namespace {
    /// A new one, in which `mounts` (lines of `sh`, with `$1` being `path`) have been run.
    ///
    /// # Panics
    ///
    /// If this user may not mount: says how it can be had.
    pub(crate) fn new(mounts: &str, path: &Path) -> Self {
        let as_root = rustix::process::geteuid().is_root();
        let script = format!("set -e; {mounts}; echo ready; exec cat");
        let mut holder = Command::new("unshare")
            .args(if as_root { &["-m"][..] } else { &["-r", "-m"] })
            .args(["--propagation", "private", "sh", "-c", &script, "sh"])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("`unshare` of util-linux is installed");
        let mut ready = String::new();
        let stdout = holder.stdout.take().expect("stdout is a pipe");
        let read = BufReader::new(stdout).read_line(&mut ready);
        read.expect("the holder can be heard");
        assert_eq!(
            ready, "ready\n",
            "this test needs the right to mount: run it as root (in a container with `--cap-add SYS_ADMIN`), or allow user \
             namespaces with `sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`"
        );
        Self { holder, as_root }
    }

    /// A command that will run `program` in here, in the directory `cwd`.
    pub(crate) fn command(&self, program: &OsStr, cwd: &Path) -> Command {
        let mut command = Command::new("nsenter");
        let pid = self.holder.id().to_string();
        command.args(["--target", &pid, "--mount"]);
        if !self.as_root {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["sh", "-c", "cd \"$0\" && exec \"$@\""]);
        command.arg(cwd).arg(program);
        command
    }

    /// The process that holds it.
    pub(super) fn holder(&self) -> i32 {
        self.holder.id().cast_signed()
    }

    /// Where `path` of in here is seen from outside.
    pub(crate) fn outside(&self, path: &Path) -> PathBuf {
        let relative = path.strip_prefix("/").expect("the path is absolute");
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(relative)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Without its stdin `cat` ends, and with the last process the mounts.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
