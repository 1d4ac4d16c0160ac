//! Where a program is. The system would look in the folder of our own program and in our own folder first, and not in a
//! PATH that the command is given; so it is told the whole path.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::iter;
use std::path::{Path, PathBuf};

use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;

use super::trouble::lacks;
use crate::Spec;

/// What the name of a program may lack.
const EXTENSIONS: [&str; 4] = ["com", "exe", "bat", "cmd"];

/// The file that a program's name means: that of a path, which counts from the command's own folder, or the first in the
/// system's folder and those of PATH.
///
/// # Errors
///
/// Fails if the machine has no room to look.
pub(super) fn find(program: &OsStr, spec: &Spec) -> io::Result<Option<PathBuf>> {
    if has_folder(program) {
        return complete(spec.cwd.join(program));
    }
    let path = path(spec);
    let folders = iter::once(system_folder()).chain(env::split_paths(&path));
    folders
        .filter(|folder| !folder.as_os_str().is_empty())
        .find_map(|folder| complete(spec.cwd.join(folder).join(program)).transpose())
        .transpose()
}

/// Whether a program is named by a path.
pub(super) fn has_folder(program: &OsStr) -> bool {
    let bytes = program.as_encoded_bytes();
    bytes.iter().any(|byte| b"/\\:".contains(byte))
}

/// Whether a file is for `cmd` to read, not a program. The system takes dots and blanks off the end of its name.
pub(super) fn is_batch(path: &Path) -> bool {
    let name = path.as_os_str().to_string_lossy();
    let name = Path::new(name.trim_end_matches(['.', ' ']));
    name.extension()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("bat") || kind.eq_ignore_ascii_case("cmd"))
}

fn complete(path: PathBuf) -> io::Result<Option<PathBuf>> {
    let whole = path.extension().is_some().then(|| path.clone());
    let longer = EXTENSIONS.iter().map(|extension| {
        let mut name = path.clone().into_os_string();
        name.push(".");
        name.push(extension);
        PathBuf::from(name)
    });
    whole
        .into_iter()
        .chain(longer)
        .find_map(|candidate| match fs::metadata(&candidate) {
            Ok(found) => found.is_file().then_some(Ok(candidate)),
            Err(error) => lacks(&error).map(|_| Err(error)),
        })
        .transpose()
}

/// The PATH of the command: its own, if it is given one.
#[expect(
    clippy::disallowed_methods,
    reason = "the system searches this very variable where it is left to it"
)]
fn path(spec: &Spec) -> OsString {
    let own = spec.env.iter().rev();
    let own = own.filter(|(name, _)| name.eq_ignore_ascii_case("PATH"));
    own.map(|(_, value)| value.clone())
        .next()
        .or_else(|| env::var_os("PATH"))
        .unwrap_or_default()
}

fn system_folder() -> PathBuf {
    let mut name = [0_u16; 260];
    // SAFETY: the buffer is a local that has the length passed with it, and isn't kept.
    let length = unsafe { GetSystemDirectoryW(name.as_mut_ptr(), name.len() as u32) };
    let name = name.get(..length as usize).unwrap_or_default();
    String::from_utf16_lossy(name).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The system takes blanks and dots off the end of a name before it looks for the file.
    #[test]
    fn a_batch_file_is_known_whatever_its_name_trails() {
        for name in [
            "x.bat",
            "x.CMD",
            "x.bat.",
            "x.bat ",
            "x.cmd. .",
            r"C:\a b\x.bat ..  ",
        ] {
            assert!(is_batch(Path::new(name)), "{name:?}");
        }
        for name in ["x.exe", "x.bat.exe", "x", "bat", "x.bat .exe", r"x.bat\y"] {
            assert!(!is_batch(Path::new(name)), "{name:?}");
        }
    }
}
