//! The program of the package `queuectl-dist`, and what it needs to build for other systems.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::{build, root};
use crate::needs;
use crate::trouble::Trouble;
use crate::{wine, zig};

/// Builds programs for other systems, and packs them.
pub(crate) struct Packer {
    dist: PathBuf,
    /// Where zig is, if a target needs it.
    zig: Option<PathBuf>,
}

impl Packer {
    /// Installs what is needed to build programs for these targets.
    pub(crate) fn supply(targets: &[&str]) -> Result<Self, Trouble> {
        for target in targets {
            needs::supply_rust_for(target)?;
        }
        if targets.contains(&wine::TARGET) {
            needs::supply_mingw()?;
        }
        let linked_by_zig = targets.iter().any(|target| *target != wine::TARGET);
        Ok(Self {
            zig: linked_by_zig.then(zig::supply).transpose()?,
            dist: build("queuectl-dist")?,
        })
    }

    /// The command that makes the archives for these targets in `out`; with `quick`, of the programs that the
    /// tests run.
    pub(super) fn command(&self, targets: &[&str], quick: bool, out: &Path) -> Command {
        let mut command = self.call(targets, quick);
        command.arg("--out").arg(out);
        command
    }

    /// Builds the program that the tests run, and returns where it is.
    pub(crate) fn program(&self, target: &'static str) -> Result<PathBuf, Trouble> {
        let mut command = self.call(&[target], true);
        command.stderr(Stdio::inherit());
        let built = command
            .output()
            .map_err(|source| self.cannot_start(source))?;
        if !built.status.success() {
            return Err(Trouble::Failed {
                command: format!("queuectl-dist --target {target}"),
                status: built.status,
            });
        }
        let printed = String::from_utf8_lossy(&built.stdout);
        let path = printed.lines().next_back();
        path.map(PathBuf::from).ok_or(Trouble::NoProgram(target))
    }

    fn call(&self, targets: &[&str], quick: bool) -> Command {
        let mut command = Command::new(&self.dist);
        command.current_dir(root());
        if let Some(zig) = &self.zig {
            command.arg("--zig").arg(zig);
        }
        for target in targets {
            command.args(["--target", target]);
        }
        if quick {
            command.arg("--quick");
        }
        command
    }

    pub(super) fn cannot_start(&self, source: std::io::Error) -> Trouble {
        Trouble::Start {
            program: self.dist.display().to_string(),
            source,
        }
    }
}
