//! Who sees to it that nothing is left: a shell that waits until its owner is gone, stops what runs and removes the
//! folder. It hears that by the end of its input, which comes however the owner ends.

use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::Trouble;
use crate::account::Account;

/// The watcher over a folder.
#[derive(Debug)]
pub(crate) struct Watcher {
    shell: Child,
    input: Option<ChildStdin>,
}

impl Watcher {
    /// Watches over `folder`, with a server in `folder/data`, from now on.
    pub(crate) fn over(
        folder: &Path,
        pg_ctl: &Path,
        account: Option<Account>,
    ) -> Result<Self, Trouble> {
        Self::by(shell(folder, pg_ctl), folder, account)
    }

    /// The watcher over a folder and a program that it starts, with the settings that are in there; it ends both.
    #[cfg(unix)]
    pub(crate) fn with(
        folder: &Path,
        program: &Path,
        settings: &Path,
        account: Option<Account>,
    ) -> Result<Self, Trouble> {
        const WATCH: &str =
            "trap '' HUP INT TERM; \"$1\" -q \"$2\" & cat; kill $!; wait; rm -rf \"$3\"";
        let mut command = in_a_group_of_its_own(WATCH);
        command.arg(program).arg(settings).arg(folder);
        Self::by(command, folder, account)
    }

    fn by(mut command: Command, folder: &Path, account: Option<Account>) -> Result<Self, Trouble> {
        if let Some(account) = account {
            account.run(&mut command);
        }
        command
            .current_dir(std::env::temp_dir().ancestors().last().unwrap_or(folder))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut shell = command.spawn().map_err(|source| Trouble::Run {
            program: "the watcher's shell".into(),
            source,
        })?;
        let input = shell.stdin.take();
        Ok(Self { shell, input })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.input.take());
        // It can't be told anybody if that fails.
        let _ = self.shell.wait();
    }
}

#[cfg(unix)]
fn shell(folder: &Path, pg_ctl: &Path) -> Command {
    const WATCH: &str = "trap '' HUP INT TERM; cat; \
        \"$1\" -D \"$2/data\" -m immediate -s stop; \
        rm -rf \"$2\" || { sleep 1; rm -rf \"$2\"; }";
    let mut command = in_a_group_of_its_own(WATCH);
    command.arg(pg_ctl).arg(folder);
    command
}

/// A shell in a process group of its own, since all in the owner's may be killed together.
#[cfg(unix)]
fn in_a_group_of_its_own(watch: &str) -> Command {
    use std::os::unix::process::CommandExt as _;

    let mut command = Command::new("sh");
    command.args(["-c", watch, "watcher"]).process_group(0);
    command
}

#[cfg(windows)]
fn shell(folder: &Path, pg_ctl: &Path) -> Command {
    use std::os::windows::process::CommandExt as _;

    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let (folder, pg_ctl) = (folder.display(), pg_ctl.display());
    let watch = format!(
        "\"more >nul & \"{pg_ctl}\" -D \"{folder}\\data\" -m immediate -s stop & rmdir /s /q \"{folder}\"\""
    );
    let mut command = Command::new("cmd");
    command.args(["/D", "/S", "/C"]).raw_arg(watch);
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
    command
}
