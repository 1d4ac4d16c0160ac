//! A Debian with nothing installed: what its packages call essential, and no more.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::root;
use crate::needs;
use crate::trouble::Trouble;

/// A Debian below `target`, made once. Only root can go into it.
pub(crate) struct BareDebian(PathBuf);

impl BareDebian {
    /// Sees to it that it is there.
    pub(crate) fn supply() -> Result<Self, Trouble> {
        needs::supply_debootstrap()?;
        let folder = root().join("target/bare-debian");
        let mark = folder.join("ready");
        if !mark.exists() {
            let trouble = |source| Trouble::File {
                what: "make a bare Debian",
                source,
            };
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(trouble)?;
            }
            let place = folder.display().to_string();
            needs::run(&["debootstrap", "--variant=minbase", "bookworm", &place])?;
            fs::write(&mark, "").map_err(trouble)?;
        }
        Ok(Self(folder))
    }

    /// Where a folder of its own is, seen from outside.
    pub(crate) fn outside(&self, inside: &Path) -> PathBuf {
        self.0.join(inside.strip_prefix("/").unwrap_or(inside))
    }

    /// A command that runs a program in it, with an environment and with processes of its own: as on every Linux, `/proc` tells
    /// of them. All of it ends with the program.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut proc = OsString::from("--mount-proc=");
        proc.push(self.0.join("proc"));
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child"])
            .arg(proc);
        command.arg("chroot").arg(&self.0).arg(program);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }
}
