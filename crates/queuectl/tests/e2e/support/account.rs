//! A user without privileges: `ulimit -u` doesn't hold for root.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Home;

/// A user for one test alone: the system counts processes by user.
pub(crate) struct Account(u32);

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
            chown(folder, Some(account.0), Some(account.0)).expect("root gives folders away");
        }
        home.account = Some(account);
        home
    }

    /// A command that takes long and becomes a user to whom nothing of this home belongs.
    pub(crate) fn becomes_another_user(&self) -> String {
        let program = self.work("become");
        std::fs::copy("/usr/bin/setpriv", &program).expect("the program can be copied");
        std::fs::set_permissions(&program, Permissions::from_mode(0o4755))
            .expect("root may let others become root");
        let id = Account::new().0;
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
        static ACCOUNTS: AtomicU32 = AtomicU32::new(0);
        assert!(
            rustix::process::geteuid().is_root(),
            "this test calls the program as another user: run it as root"
        );
        let number = ACCOUNTS.fetch_add(1, Ordering::Relaxed);
        Self(20_000 + (std::process::id() + number * 9_973) % 40_000)
    }

    /// A call of a program as this user.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        let id = self.0.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
        command.arg(program);
        command
    }
}
