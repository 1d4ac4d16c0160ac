//! Starts the leader: own process group, empty stdin, a pipe for each stream. And says why when it can't.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::process::Pid;

use super::facts::native_pid;
use super::group;
use super::script::{LONGEST_ARGUMENT, Script};
use crate::os::native::{self, ExitWatch, Running};
use crate::{Leader, Program, Spec, StartError};

/// A leader that runs, and what is held for it.
pub(super) struct Started {
    pub(super) leader: Leader,
    pub(super) pid: Pid,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
    pub(super) exit: ExitWatch,
    pub(super) running: Running,
    pub(super) script: Option<Script>,
}

pub(super) fn start(spec: &Spec) -> Result<Started, StartError> {
    let (mut command, script) = command(spec)?;
    let spawning = native::spawning();
    let earliest = native::now();
    let mut child = command.spawn().map_err(|error| explain(&error, command.get_program(), spec))?;
    let latest = native::now();
    let pid = native_pid(child.id()).map_err(|error| other(&command, &error))?;
    let running = Running::note(pid);
    drop(spawning);
    let exit = ExitWatch::new(pid).map_err(|error| {
        group::abandon(pid);
        other(&command, &error)
    })?;
    Ok(Started {
        leader: Leader { pid: child.id(), earliest, latest },
        pid,
        stdout: child.stdout.take().map(OwnedFd::from),
        stderr: child.stderr.take().map(OwnedFd::from),
        exit,
        running,
        script,
    })
}

fn command(spec: &Spec) -> Result<(Command, Option<Script>), StartError> {
    let (mut command, script) = match &spec.program {
        Program::Argv(argv) => {
            let (program, arguments) = argv.split_first().ok_or(StartError::Empty)?;
            let mut command = Command::new(program);
            command.args(arguments);
            (command, None)
        }
        Program::Shell { shell, line } => shell_command(shell.as_deref(), line, &spec.scratch)?,
    };
    command.current_dir(&spec.cwd).envs(spec.env.iter().map(|(name, value)| (name, value)));
    if let Some(tag) = &spec.tag {
        command.env(&tag.name, &tag.value);
    }
    // A group of its own through `process_group`, and no `pre_exec`: with these std takes posix_spawn, not fork.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok((command, script))
}

fn shell_command(shell: Option<&str>, line: &str, scratch: &Path) -> Result<(Command, Option<Script>), StartError> {
    let shell = shell.unwrap_or("/bin/sh");
    let stem = Path::new(shell).file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let powershell = stem.eq_ignore_ascii_case("pwsh") || stem.eq_ignore_ascii_case("powershell");
    let mut command = Command::new(shell);
    if powershell {
        command.args(["-NoProfile", "-NonInteractive"]);
    }
    if line.len() <= LONGEST_ARGUMENT {
        command.arg(if powershell { "-Command" } else { "-c" }).arg(line);
        return Ok((command, None));
    }
    if line.contains('\0') {
        return Err(StartError::Nul { program: shell.to_owned() });
    }
    let script = Script::write(scratch, line, if powershell { "ps1" } else { "sh" })?;
    if powershell {
        command.arg("-File");
    }
    command.arg(script.path());
    Ok((command, Some(script)))
}

/// The system has one error number for several causes, so ask again which it was. Only on the way out.
fn explain(error: &io::Error, program: &OsStr, spec: &Spec) -> StartError {
    let name = program.to_string_lossy().into_owned();
    if let Some(reason) = cwd_trouble(&spec.cwd) {
        return StartError::Directory { cwd: spec.cwd.clone(), reason };
    }
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::TOOBIG) => StartError::TooLong { program: name },
        Some(Errno::NOENT | Errno::NOTDIR) => not_found(program, spec, name),
        Some(Errno::ACCESS | Errno::PERM | Errno::NOEXEC) => {
            StartError::NotExecutable { program: name, reason: plain(error) }
        }
        _ if error.kind() == ErrorKind::InvalidInput => StartError::Nul { program: name },
        _ => StartError::Other { program: name, reason: plain(error) },
    }
}

fn not_found(program: &OsStr, spec: &Spec, name: String) -> StartError {
    if program.as_encoded_bytes().contains(&b'/') {
        if spec.cwd.join(program).exists() {
            return StartError::NoInterpreter { program: name };
        }
        return StartError::NoSuchFile { program: name };
    }
    let asked = spec.env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
    let path = asked.or_else(inherited_path).unwrap_or_default();
    let there = env::split_paths(&path).any(|folder| executable(&folder.join(program)));
    if there { StartError::NoInterpreter { program: name } } else { StartError::NotInPath { program: name } }
}

/// The child would have inherited it, so it is read here and not passed in.
#[expect(clippy::disallowed_methods, reason = "explains a search that the system made in this very environment")]
fn inherited_path() -> Option<OsString> {
    env::var_os("PATH")
}

fn executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn cwd_trouble(cwd: &Path) -> Option<String> {
    match fs::metadata(cwd) {
        Err(error) if error.kind() == ErrorKind::NotFound => Some("no such directory".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Some("not a directory".to_owned()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Some("permission denied".to_owned()),
        Err(error) => Some(plain(&error)),
        Ok(found) if !found.is_dir() => Some("not a directory".to_owned()),
        Ok(_) if rustix::fs::access(cwd, rustix::fs::Access::EXEC_OK).is_err() => Some("permission denied".to_owned()),
        Ok(_) => None,
    }
}

fn other(command: &Command, error: &io::Error) -> StartError {
    StartError::Other { program: command.get_program().to_string_lossy().into_owned(), reason: plain(error) }
}

/// The system's words, in the case of a sentence's middle and without the number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
