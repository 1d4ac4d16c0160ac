//! Starts the leader suspended, puts it into a Job Object of its own and lets it go: no child can escape in between.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::ptr;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED,
};

use super::facts::now;
use super::handle::{check, owned};
use crate::{Leader, Program, Spec, StartError};

#[link(name = "ntdll")]
unsafe extern "system" {
    /// Resumes all threads of a process. std keeps the handle of the first thread to itself.
    fn NtResumeProcess(process: HANDLE) -> i32;
}

/// A Job Object. All that is in it ends when it is closed.
pub(super) struct Job(OwnedHandle);

impl Job {
    fn new() -> io::Result<Self> {
        // SAFETY: both pointers may be null.
        let job = owned(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?;
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        let size = size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32;
        let kind = JobObjectExtendedLimitInformation;
        // SAFETY: the structure is the one that belongs to the kind, with its size.
        check(unsafe {
            SetInformationJobObject(job.as_raw_handle(), kind, (&raw const limits).cast(), size)
        })?;
        Ok(Self(job))
    }

    /// Ends everything in it.
    pub(super) fn end(&self) {
        // SAFETY: the handle is open.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
    }
}

pub(super) fn start(spec: &Spec) -> Result<(Child, Job, Leader), StartError> {
    let mut command = command(spec)?;
    let program = command.get_program().to_string_lossy().into_owned();
    let other = |error: io::Error| StartError::Other {
        program: program.clone(),
        reason: error.to_string(),
    };
    let job = Job::new().map_err(other)?;
    let earliest = now();
    let mut child = command
        .spawn()
        .map_err(|error| explain(&error, &program, spec))?;
    let leader = Leader {
        pid: child.id(),
        earliest,
        latest: now(),
    };
    // SAFETY: both handles are open.
    let assigned =
        check(unsafe { AssignProcessToJobObject(job.0.as_raw_handle(), child.as_raw_handle()) });
    // SAFETY: the handle is open; the process waits to be resumed.
    let resumed = assigned.and_then(
        |()| match unsafe { NtResumeProcess(child.as_raw_handle()) } {
            0.. => Ok(()),
            status => Err(io::Error::other(format!(
                "it can't be resumed ({status:#x})"
            ))),
        },
    );
    if let Err(error) = resumed {
        let _ = child.kill();
        let _ = child.wait();
        return Err(other(error));
    }
    Ok((child, job, leader))
}

fn command(spec: &Spec) -> Result<Command, StartError> {
    let mut command = match &spec.program {
        Program::Argv(argv) => {
            let (program, arguments) = argv.split_first().ok_or(StartError::Empty)?;
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        Program::Shell { shell, line } => shell_command(shell.as_deref().unwrap_or("cmd"), line)?,
    };
    command
        .current_dir(&spec.cwd)
        .envs(spec.env.iter().map(|(name, value)| (name, value)));
    if let Some(tag) = &spec.tag {
        command.env(&tag.name, &tag.value);
    }
    command.creation_flags(CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// `cmd` takes the line as ONE raw argument: it has quoting rules of its own, and several raw arguments add blanks.
fn shell_command(shell: &str, line: &str) -> Result<Command, StartError> {
    if line.contains('\0') {
        return Err(StartError::Nul {
            program: shell.to_owned(),
        });
    }
    let stem = Path::new(shell)
        .file_stem()
        .and_then(OsStr::to_str)
        .unwrap_or_default()
        .to_lowercase();
    let mut command = Command::new(shell);
    match stem.as_str() {
        "cmd" => command.raw_arg(format!("/D /S /C \"{line}\"")),
        "powershell" | "pwsh" => command
            .args(["-NoProfile", "-NonInteractive", "-Command"])
            .arg(line),
        _ => command.arg("-c").arg(line),
    };
    Ok(command)
}

fn explain(error: &io::Error, program: &str, spec: &Spec) -> StartError {
    const FILENAME_TOO_LONG: i32 = 206;
    let program = program.to_owned();
    let folder = |reason: &str| StartError::Directory {
        cwd: spec.cwd.clone(),
        reason: reason.to_owned(),
    };
    match std::fs::metadata(&spec.cwd) {
        Err(error) if error.kind() == ErrorKind::NotFound => return folder("no such directory"),
        Err(error) => return folder(&error.to_string()),
        Ok(found) if !found.is_dir() => return folder("not a directory"),
        Ok(_) => {}
    }
    match error.kind() {
        ErrorKind::NotFound if program.contains(['/', '\\']) => StartError::NoSuchFile { program },
        ErrorKind::NotFound => StartError::NotInPath { program },
        ErrorKind::PermissionDenied => StartError::NotExecutable {
            program,
            reason: error.to_string(),
        },
        ErrorKind::InvalidInput => StartError::Nul { program },
        _ if error.raw_os_error() == Some(FILENAME_TOO_LONG) => StartError::TooLong { program },
        _ => StartError::Other {
            program,
            reason: error.to_string(),
        },
    }
}
