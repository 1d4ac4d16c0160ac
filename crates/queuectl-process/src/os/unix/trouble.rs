//! Why a command could not be started. The system has one error number for several causes, so it is asked again which it
//! was; only on the way out.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::exec::Fault;
use super::spawn::{find, path};
use crate::os::plain::plain;
use crate::os::unable::{no_process, no_room};
use crate::{Spec, StartError};

pub(super) fn explain(fault: &Fault, program: &OsStr, spec: &Spec) -> StartError {
    match fault {
        Fault::Machine(error) => no_process(error),
        Fault::Command(error) => {
            no_room(error).unwrap_or_else(|| of_the_command(error, program, spec))
        }
    }
}

/// Returns what the machine or this process has run out of, if the error says so. Any other error with the command's folder or
/// program is the command's, even if a disk is to blame: other commands may not need that disk.
pub(in crate::os) fn lacks(error: &io::Error) -> Option<&'static str> {
    match Errno::from_io_error(error)? {
        Errno::AGAIN => Some("no room for another process (`ulimit -u`)"),
        Errno::NOMEM => Some("no memory for another process"),
        Errno::MFILE => Some("the worker can open no more files (`ulimit -n`)"),
        Errno::NFILE => Some("the machine can open no more files"),
        _ => None,
    }
}

fn of_the_command(error: &io::Error, program: &OsStr, spec: &Spec) -> StartError {
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

#[cfg(test)]
mod tests {
    use crate::Program;

    use super::*;

    fn explained(fault: &Fault) -> StartError {
        let spec = Spec {
            program: Program::Argv(Vec::new()),
            cwd: "/".into(),
            env: Vec::new(),
            timeout: None,
            grace: std::time::Duration::ZERO,
            scratch: "/".into(),
            tag: None,
        };
        explain(fault, OsStr::new("/bin/sh"), &spec)
    }

    fn is_of_the_machine(errno: Errno) -> bool {
        let explained = explained(&Fault::Command(errno.into()));
        matches!(explained, StartError::Unable(_))
    }

    #[test]
    fn numbers_that_tell_of_a_machine_without_room_are_not_the_commands() {
        for errno in [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE] {
            assert!(is_of_the_machine(errno), "{errno}");
        }
    }

    #[test]
    fn numbers_that_tell_of_the_program_or_its_folder_are_the_commands() {
        for errno in [
            Errno::NOENT,
            Errno::NOTDIR,
            Errno::ISDIR,
            Errno::ACCESS,
            Errno::PERM,
            Errno::NOEXEC,
            Errno::TOOBIG,
            Errno::TXTBSY,
            Errno::LOOP,
            Errno::NAMETOOLONG,
            Errno::INVAL,
            Errno::IO,
            Errno::NODEV,
            Errno::NXIO,
            Errno::STALE,
            Errno::TIMEDOUT,
            Errno::NOTCONN,
            Errno::FAULT,
        ] {
            assert!(!is_of_the_machine(errno), "{errno}");
        }
    }

    #[test]
    fn a_step_that_is_the_same_for_every_command_is_never_the_commands() {
        for errno in [Errno::PERM, Errno::NOENT, Errno::INVAL] {
            let explained = explained(&Fault::Machine(errno.into()));
            assert!(matches!(explained, StartError::Unable(_)), "{explained:?}");
        }
    }
}
