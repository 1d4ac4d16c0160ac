//! Why a command could not be started. The system has one error number for several causes, so it is asked again which it
//! was; only on the way out.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::spawn::{find, path};
use crate::os::plain::plain;
use crate::{Spec, StartError};

pub(super) fn explain(error: &io::Error, program: &OsStr, spec: &Spec) -> StartError {
    let name = program.to_string_lossy().into_owned();
    if let Some(reason) = cwd_trouble(&spec.cwd) {
        return StartError::Directory {
            cwd: spec.cwd.clone(),
            reason,
        };
    }
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::TOOBIG) => StartError::TooLong { program: name },
        Some(Errno::NOENT | Errno::NOTDIR) => not_found(program, spec, name),
        Some(Errno::ACCESS | Errno::PERM | Errno::NOEXEC) => StartError::NotExecutable {
            program: name,
            reason: plain(error),
        },
        _ => StartError::Other {
            program: name,
            reason: plain(error),
        },
    }
}

fn not_found(program: &OsStr, spec: &Spec, name: String) -> StartError {
    if program.as_encoded_bytes().contains(&b'/') {
        if spec.cwd.join(program).exists() {
            return StartError::NoInterpreter { program: name };
        }
        return StartError::NoSuchFile { program: name };
    }
    match find(program, &path(spec), &spec.cwd) {
        Some(_) => StartError::NoInterpreter { program: name },
        None => StartError::NotInPath { program: name },
    }
}

fn cwd_trouble(cwd: &Path) -> Option<String> {
    match fs::metadata(cwd) {
        Err(error) if error.kind() == ErrorKind::NotFound => Some("no such directory".to_owned()),
        Err(error) => Some(plain(&error)),
        Ok(found) if !found.is_dir() => Some("not a directory".to_owned()),
        Ok(_) => access(cwd, Access::EXEC_OK)
            .err()
            .map(|error| plain(&error.into())),
    }
}
