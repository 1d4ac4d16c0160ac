//! A user without privileges: `ulimit -u` doesn't hold for root.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::Home;
use crate::program::program;

/// A user for one test alone: the system counts processes by user.
pub(crate) struct Account {
    id: u32,
    /// Has the programs of the tests in it: the checkout may be closed to others, as one below `/root` or in a folder of `mktemp -d` is.
    programs: TempDir,
}

impl Home {
    /// A new home that belongs to a user other than root, and whose calls are made by that user.
    ///
    /// # Panics
    ///
    /// If the test isn't run by root: only root may run something as another user.
    pub(crate) fn of_another_user() -> Self {
        let mut home = Self::new();
        let account = Account::new();
        for folder in [home.folder(), &home.work(""), &home.folder().join("tmp")] {
            chown(folder, Some(account.id), Some(account.id)).expect("root gives folders away");
        }
        let folders = [
            account.programs.path(),
            Path::new("/usr/bin"),
            Path::new("/bin"),
        ];
        let path = std::env::join_paths(folders).expect("no folder has a colon in it");
        home.variables.push(("PATH".into(), path));
        home.account = Some(account);
        home
    }

    /// A command that takes long and becomes a user to whom nothing of this home belongs.
    pub(crate) fn becomes_another_user(&self) -> String {
        let program = self.work("become");
        std::fs::copy("/usr/bin/setpriv", &program).expect("the program can be copied");
        std::fs::set_permissions(&program, Permissions::from_mode(0o4755))
            .expect("root may let others become root");
        let id = another_id();
        format!("./become --reuid={id} --regid={id} --clear-groups /bin/sleep 600")
    }

    /// Changes a limit of a process in it, as the options of `prlimit` say.
    #[track_caller]
    pub(crate) fn limit(&self, pid: i32, limit: &str) {
        let account = self.account.as_ref().expect("it is of another user");
        let mut command = account.command("prlimit");
        let status = command.args(["--pid", &pid.to_string(), limit]).status();
        assert!(status.is_ok_and(|status| status.success()), "{limit}");
    }
}

impl Account {
    fn new() -> Self {
        let programs = tempfile::Builder::new()
            .prefix("queuectl-programs-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .expect("a temporary folder can be made");
        for program in [program(), fake_job::path("fake-job")] {
            let name = program.file_name().expect("it is a file");
            std::fs::copy(&program, programs.path().join(name)).expect("the program can be copied");
        }
        Self {
            id: another_id(),
            programs,
        }
    }

    /// A call of queuectl as this user.
    pub(crate) fn queuectl(&self) -> Command {
        self.command(self.programs.path().join("queuectl"))
    }

    /// A call of a program as this user.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        let id = self.id.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
        command.arg(program);
        command
    }
}

/// The id of a user that no other test has.
fn another_id() -> u32 {
    static IDS: AtomicU32 = AtomicU32::new(0);
    assert!(
        rustix::process::geteuid().is_root(),
        "this test calls the program as another user: run it as root"
    );
    let number = IDS.fetch_add(1, Ordering::Relaxed);
    20_000 + (std::process::id() + number * 9_973) % 40_000
}
