//! From a spec to a running leader: it is started suspended, put into a Job Object of its own and let go, so that no child
//! can escape in between.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::OwnedHandle;
use std::path::Path;

use super::exec::{Exec, environment};
use super::facts::{now, start_of};
use super::find::{find, has_folder, is_batch};
use super::job::Job;
use super::pipe::Pipe;
use super::polite::{Polite, VARIABLE};
use super::trouble::explain;
use super::{interpreter, quote, shell};
use crate::os::plain::plain;
use crate::os::script::Script;
use crate::os::unable::{no_process, no_room};
use crate::{Leader, Program, Spec, StartError};

/// More than this the system takes of no command.
const LONGEST: usize = 32_766;

/// A leader that runs, and what is held for it.
pub(super) struct Started {
    pub(super) leader: Leader,
    pub(super) process: OwnedHandle,
    pub(super) job: Job,
    pub(super) polite: Polite,
    pub(super) stdout: Pipe,
    pub(super) stderr: Pipe,
    pub(super) script: Option<Script>,
}

pub(super) fn start(spec: &Spec) -> Result<Started, StartError> {
    let what = what(spec)?;
    let name = what.program.to_string_lossy().replace('\0', "\u{fffd}");
    let polite = Polite::new().map_err(|error| no_process(&error))?;
    let (exec, script) = exec(spec, what, &name, &polite)?;
    let job = Job::new().map_err(|error| no_process(&error))?;
    let child = exec.spawn(&job).map_err(|fault| explain(&fault, &name))?;
    let (before, started) = (now(), start_of(&child.process));
    let leader = Leader {
        pid: child.pid,
        earliest: started.unwrap_or(before),
        latest: started.unwrap_or(before),
    };
    // With the job it ends.
    child.resume().map_err(|error| no_process(&error))?;
    Ok(Started {
        leader,
        process: child.process,
        job,
        polite,
        stdout: child.stdout,
        stderr: child.stderr,
        script,
    })
}

/// What is to be started.
struct What<'a> {
    program: OsString,
    how: How<'a>,
    script: Option<Script>,
}

/// How the program is told what to do.
enum How<'a> {
    /// As a shell, by a line.
    Line(&'a str),
    /// By arguments.
    Arguments(Vec<OsString>),
}

fn what(spec: &Spec) -> Result<What<'_>, StartError> {
    let (words, script) = match &spec.program {
        Program::Shell { shell, line } => {
            return Ok(What {
                program: shell.as_deref().unwrap_or("cmd").into(),
                how: How::Line(line),
                script: None,
            });
        }
        Program::Script {
            interpreter,
            argument,
            text,
        } => {
            let (words, script) =
                interpreter::command(interpreter, argument.as_deref(), text, spec)?;
            (words, Some(script))
        }
        Program::Argv(argv) => (argv.clone(), None),
    };
    let mut words = words.into_iter();
    Ok(What {
        program: words.next().ok_or(StartError::Empty)?,
        how: How::Arguments(words.collect()),
        script,
    })
}

fn exec(
    spec: &Spec,
    what: What<'_>,
    name: &str,
    polite: &Polite,
) -> Result<(Exec, Option<Script>), StartError> {
    let program = &*what.program;
    let nul = || StartError::Nul {
        program: name.to_owned(),
    };
    let environment = with_ours(spec, polite).ok_or_else(nul)?;
    let has_nul = |word: &OsStr| word.as_encoded_bytes().contains(&0);
    if let How::Arguments(arguments) = &what.how
        && (has_nul(program) || arguments.iter().any(|word| has_nul(word)))
    {
        return Err(nul());
    }
    let cwd = cwd(spec)?;
    let find = |program: &OsStr| find(program, spec).map_err(|error| no_process(&error));
    let found = find(program)?.ok_or_else(|| not_found(program, name))?;
    let mut file = found.clone();
    let (mut line, script) = match &what.how {
        How::Line(line) => shell::line(name, line, &spec.scratch)?,
        How::Arguments(arguments) => {
            let arguments = arguments.iter().map(OsString::as_os_str);
            if is_batch(&found) {
                let line = quote::batch(found.as_os_str(), arguments);
                let batch = || StartError::Batch {
                    program: name.to_owned(),
                };
                file = find(OsStr::new("cmd"))?.ok_or_else(|| not_found(program, "cmd"))?;
                (line.ok_or_else(batch)?, what.script)
            } else {
                (quote::line(program, arguments), what.script)
            }
        }
    };
    if line.len() > LONGEST {
        return Err(StartError::TooLong {
            program: name.to_owned(),
        });
    }
    line.push(0);
    let exec = Exec {
        program: ended(file.as_os_str()),
        line,
        cwd,
        environment,
    };
    Ok((exec, script))
}

fn with_ours(spec: &Spec, polite: &Polite) -> Option<Vec<u16>> {
    let given = spec.env.iter().map(|(name, value)| (&**name, &**value));
    let tag = spec.tag.iter();
    let tag = tag.map(|tag| (OsStr::new(&tag.name), OsStr::new(&tag.value)));
    let event = (OsStr::new(VARIABLE), OsStr::new(&polite.name));
    environment(given.chain(tag).chain([event]))
}

/// The folder to run in, as every program understands it: without the `\\?\` of a long path.
fn cwd(spec: &Spec) -> Result<Vec<u16>, StartError> {
    let refused = |reason: &str| StartError::Directory {
        cwd: spec.cwd.clone(),
        reason: reason.to_owned(),
    };
    match fs::metadata(&spec.cwd) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(refused(&missing(&spec.cwd)));
        }
        Err(error) => return Err(no_room(&error).unwrap_or_else(|| refused(&plain(&error)))),
        Ok(found) if !found.is_dir() => return Err(refused("not a directory")),
        Ok(_) => {}
    }
    let text = spec.cwd.to_string_lossy();
    let plain = match text.strip_prefix(r"\\?\") {
        Some(rest) if rest.as_bytes().get(1) == Some(&b':') => rest,
        _ => &text,
    };
    let slashed = plain.replace('/', "\\");
    if slashed.starts_with(r"\\")
        && let Program::Shell { shell, .. } = &spec.program
        && shell::is_cmd(shell.as_deref().unwrap_or("cmd"))
    {
        // It would say so, and then run in the system's own folder.
        return Err(refused("cmd can't run in a network folder"));
    }
    Ok(match plain.len() == text.len() {
        true => ended(spec.cwd.as_os_str()),
        false => ended(OsStr::new(plain)),
    })
}

/// The system says that a path through a file isn't there; it is told from one that leads nowhere.
fn missing(cwd: &Path) -> String {
    let through = cwd.ancestors().skip(1).find(|above| above.exists());
    let file = through.is_some_and(Path::is_file);
    if file {
        "not a directory"
    } else {
        "no such directory"
    }
    .to_owned()
}

fn not_found(program: &OsStr, name: &str) -> StartError {
    let program_name = name.to_owned();
    if program.is_empty() {
        return StartError::Empty;
    }
    if has_folder(program) {
        StartError::NoSuchFile {
            program: program_name,
        }
    } else {
        StartError::NotInPath {
            program: program_name,
        }
    }
}

fn ended(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}
