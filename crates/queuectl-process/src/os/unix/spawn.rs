//! From a spec to a running leader: which program with which arguments, and what is held while it runs.

use std::borrow::Cow;
use std::env;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::fs;
use std::iter;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use super::exec::{Environment, Exec};
use super::group;
use super::trouble::explain;
use crate::os::native::{self, ExitWatch, Running};
use crate::os::script::Script;
use crate::os::unable::no_process;
use crate::{Leader, Program, Spec, StartError};

/// Linux takes at most 128 KiB in one argument; beyond this a line goes through a file.
const LONGEST_ARGUMENT: usize = 100 * 1024;

/// A leader that runs, and what is held for it.
pub(super) struct Started {
    pub(super) leader: Leader,
    pub(super) pid: Pid,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
    pub(super) exit: ExitWatch,
    pub(super) running: Running,
    pub(super) script: Option<Script>,
}

pub(super) fn start(spec: &Spec) -> Result<Started, StartError> {
    let (argv, script) = argv(spec)?;
    let program = argv.first().ok_or(StartError::Empty)?;
    let name = || program.to_string_lossy().into_owned();
    let exec = exec(spec, &argv).map_err(|_| StartError::Nul {
        program: name().replace('\0', "\u{fffd}"),
    })?;
    let starting = native::starting();
    let earliest = starting.earliest();
    let child = exec
        .spawn()
        .map_err(|fault| explain(&fault, program, spec))?;
    let latest = native::now();
    let pid = child.born.pid;
    let running = starting.noted(pid);
    let exit = ExitWatch::new(child.born).map_err(|error| {
        group::abandon(pid);
        no_process(&error)
    })?;
    let leader = Leader {
        pid: pid.as_raw_nonzero().get().unsigned_abs(),
        earliest,
        latest,
    };
    Ok(Started {
        leader,
        pid,
        stdout: child.stdout,
        stderr: child.stderr,
        exit,
        running,
        script,
    })
}

fn exec(spec: &Spec, argv: &[OsString]) -> Result<Exec, NulError> {
    let added = spec
        .env
        .iter()
        .map(|(name, value)| (name.as_os_str(), value.as_os_str()));
    let tag = spec
        .tag
        .iter()
        .map(|tag| (OsStr::new(&tag.name), OsStr::new(&tag.value)));
    let folder = folder(&spec.cwd);
    let pwd = iter::once((OsStr::new("PWD"), folder.as_os_str()));
    let program = argv.first().map_or(OsStr::new(""), OsString::as_os_str);
    // The system would search our own PATH, not one that the command is given.
    let found = own_path(spec)
        .filter(|_| !has_folder(program))
        .and_then(|path| find(program, path, &spec.cwd));
    Ok(Exec {
        program: CString::new(
            found
                .as_ref()
                .map_or(program, |path| path.as_os_str())
                .as_bytes(),
        )?,
        argv: argv
            .iter()
            .map(|argument| CString::new(argument.as_bytes()))
            .collect::<Result<_, _>>()?,
        cwd: CString::new(spec.cwd.as_os_str().as_bytes())?,
        environment: Environment::with(
            pwd.chain(added).chain(tag).collect::<Vec<_>>().into_iter(),
        )?,
    })
}

/// The value of PWD for a folder: its path as it was given, links included. Only `.` and `..` are
/// resolved, because shells don't accept a PWD with these.
fn folder(cwd: &Path) -> Cow<'_, Path> {
    let dots = [&b"."[..], b".."];
    let mut parts = cwd.as_os_str().as_bytes().split(|byte| *byte == b'/');
    if parts.any(|part| dots.contains(&part)) {
        // If the folder isn't there, the start fails and says so.
        return fs::canonicalize(cwd).map_or(Cow::Borrowed(cwd), Cow::Owned);
    }
    Cow::Borrowed(cwd)
}

fn argv(spec: &Spec) -> Result<(Vec<OsString>, Option<Script>), StartError> {
    match &spec.program {
        Program::Argv(argv) => Ok((argv.clone(), None)),
        Program::Shell { shell, line } => shell_argv(shell.as_deref(), line, &spec.scratch),
        Program::Script {
            interpreter,
            argument,
            text,
        } => {
            let script = Script::write(&spec.scratch, text, None)?;
            let words = iter::once(interpreter).chain(argument);
            let mut argv: Vec<_> = words.map(OsString::from).collect();
            argv.push(script.path().into());
            Ok((argv, Some(script)))
        }
    }
}

fn shell_argv(
    shell: Option<&str>,
    line: &str,
    scratch: &Path,
) -> Result<(Vec<OsString>, Option<Script>), StartError> {
    let shell = shell.unwrap_or("/bin/sh");
    let stem = Path::new(shell)
        .file_stem()
        .and_then(OsStr::to_str)
        .unwrap_or_default();
    let powershell = stem.eq_ignore_ascii_case("pwsh") || stem.eq_ignore_ascii_case("powershell");
    let mut argv = vec![OsString::from(shell)];
    if powershell {
        argv.extend(["-NoProfile", "-NonInteractive"].map(OsString::from));
    }
    if line.len() <= LONGEST_ARGUMENT {
        argv.push(if powershell { "-Command" } else { "-c" }.into());
        argv.push(line.into());
        return Ok((argv, None));
    }
    if line.contains('\0') {
        return Err(StartError::Nul {
            program: shell.to_owned(),
        });
    }
    let script = Script::write(scratch, line, Some(if powershell { "ps1" } else { "sh" }))?;
    if powershell {
        argv.push("-File".into());
    }
    argv.push(script.path().into());
    Ok((argv, Some(script)))
}

fn has_folder(program: &OsStr) -> bool {
    program.as_bytes().contains(&b'/')
}

/// The PATH that the command is given, if it is given one of its own.
fn own_path(spec: &Spec) -> Option<&OsStr> {
    spec.env
        .iter()
        .rev()
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| value.as_os_str())
}

/// The PATH in which the command's program was searched.
#[expect(
    clippy::disallowed_methods,
    reason = "explains a search that the system made in this very environment"
)]
pub(super) fn path(spec: &Spec) -> OsString {
    own_path(spec)
        .map(OsStr::to_owned)
        .or_else(|| env::var_os("PATH"))
        .unwrap_or_default()
}

/// Where in a PATH a program is; an entry that is not absolute counts from the command's own directory.
pub(super) fn find(program: &OsStr, path: &OsStr, cwd: &Path) -> Option<PathBuf> {
    let executable = |path: &PathBuf| {
        fs::metadata(path)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(path)
        .map(|folder| cwd.join(folder).join(program))
        .find(executable)
}
