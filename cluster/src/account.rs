//! Who runs the server: whoever runs us, unless that is root.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Trouble;

/// An account that a program is run by, instead of root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    #[cfg(unix)]
    user: u32,
    #[cfg(unix)]
    group: u32,
}

#[cfg(unix)]
impl Account {
    /// The account for a server in a folder that we made: none if we needn't be somebody else.
    pub(crate) fn for_folder(folder: &Path) -> Result<Option<Self>, Trouble> {
        use std::os::unix::fs::MetadataExt as _;

        let owner = std::fs::metadata(folder).map_err(file_trouble("look at", folder))?;
        if owner.uid() != 0 {
            return Ok(None);
        }
        let account = Self {
            user: ask_id("-u")?,
            group: ask_id("-g")?,
        };
        Ok(Some(account))
    }

    /// Gives it a file or folder.
    pub(crate) fn own(self, path: &Path) -> Result<(), Trouble> {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
            .map_err(file_trouble("give away", path))
    }

    /// Has it run a command.
    pub(crate) fn run(self, command: &mut Command) {
        use std::os::unix::process::CommandExt as _;

        command.uid(self.user).gid(self.group);
    }
}

#[cfg(windows)]
impl Account {
    /// `pg_ctl` drops the rights of an administrator by itself.
    pub(crate) fn for_folder(_: &Path) -> Result<Option<Self>, Trouble> {
        Ok(None)
    }

    pub(crate) fn own(self, _: &Path) -> Result<(), Trouble> {
        Ok(())
    }

    pub(crate) fn run(self, _: &mut Command) {}
}

/// The number of `nobody`, who is everywhere and owns nothing.
#[cfg(unix)]
fn ask_id(option: &str) -> Result<u32, Trouble> {
    let program = format!("id {option} nobody");
    let said = Command::new("id").args([option, "nobody"]).output();
    let said = said.map_err(|source| Trouble::Run {
        program: program.clone(),
        source,
    })?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    text.trim().parse().map_err(|_| Trouble::Failed {
        program,
        said: text + &String::from_utf8_lossy(&said.stderr),
    })
}

/// What to say when something can't be done to a file.
pub(crate) fn file_trouble(
    what: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> Trouble + use<> {
    let path = PathBuf::from(path);
    move |source| Trouble::File { what, path, source }
}
