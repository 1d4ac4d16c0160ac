//! The directory that a job is to run in: checked, and made absolute.

use std::path::Path;

use queuectl_domain::NativeString;
use queuectl_store::Location;

use super::native;
use crate::environment;
use crate::error::CliError;

/// Which machines need a job's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folders {
    /// The store is a file, so its workers are on this machine, and the directory has to exist here.
    Here,
    /// The store is on a server. Only the worker's machine needs the directory, and may run another
    /// system.
    Anywhere,
}

impl Folders {
    /// Returns which machines need it for jobs of the store at `location`.
    pub(crate) fn of(location: &Location) -> Self {
        match location {
            Location::Sqlite(_) => Self::Here,
            Location::Postgres(_) => Self::Anywhere,
        }
    }

    /// Returns the directory as an absolute path; the current one if none is given.
    ///
    /// # Errors
    ///
    /// A directory that has to exist here and doesn't is wrong usage.
    pub(crate) fn resolve(self, given: Option<&Path>) -> Result<NativeString, CliError> {
        let Some(given) = given else {
            return native(environment::current_dir().map_err(no_current)?.into());
        };
        let is_foreign = self == Self::Anywhere && is_absolute_somewhere(given);
        if is_foreign && !given.is_absolute() {
            return native(given.into());
        }
        let absolute = std::path::absolute(given).ok();
        let directory = absolute.filter(|path| self == Self::Anywhere || path.is_dir());
        let directory = directory.ok_or_else(|| {
            CliError::usage(
                format!("`{}` is not a directory", given.display()),
                "give one that exists with --cwd",
            )
        })?;
        native(directory.into())
    }
}

fn no_current(reason: std::io::Error) -> CliError {
    CliError::usage(
        format!("can't tell the current directory: {reason}"),
        "change to one that exists, or name one with --cwd",
    )
}

/// Whether a path is absolute on Unix or on Windows: `/a`, `C:\a`, `C:/a`, `\\server\share`.
fn is_absolute_somewhere(path: &Path) -> bool {
    match path.as_os_str().as_encoded_bytes() {
        [b'/', ..] | [b'\\', b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(folders: Folders, given: &str) -> Result<String, String> {
        let resolved = folders.resolve(Some(Path::new(given)));
        resolved
            .map(|kept| String::from_utf8(kept.0).unwrap())
            .map_err(|error| error.message)
    }

    #[test]
    fn on_a_server_what_is_absolute_somewhere_stays_as_it_is_given() {
        for given in [
            "/srv/no/such/folder",
            "C:\\Jobs\\no such",
            "d:/jobs",
            "\\\\server\\share",
        ] {
            let kept = resolved(Folders::Anywhere, given);
            // On Windows the path has backslashes.
            let as_written = |path: &str| match Path::new(given).is_absolute() {
                true => path.replace(std::path::MAIN_SEPARATOR, "/"),
                false => path.to_owned(),
            };
            assert_eq!(kept.as_deref().map(as_written), Ok(as_written(given)));
        }
    }

    #[test]
    fn on_a_server_what_is_relative_is_meant_from_here() {
        let here = std::env::current_dir().unwrap().join("no-such-folder");
        let here = here.to_str().unwrap().to_owned();
        assert_eq!(resolved(Folders::Anywhere, "no-such-folder"), Ok(here));
        assert!(resolved(Folders::Anywhere, "").is_err());
    }

    #[test]
    fn for_a_file_it_has_to_be_there() {
        for given in ["/srv/no/such/folder", "no-such-folder", "", "Z:\\no\\such"] {
            let refused = format!("`{given}` is not a directory");
            assert_eq!(resolved(Folders::Here, given), Err(refused));
        }
        assert!(resolved(Folders::Here, ".").is_ok());
    }
}
