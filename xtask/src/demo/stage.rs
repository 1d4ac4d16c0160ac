//! Where the demo plays: a temporary folder with a store of its own. When the
//! stage is left, however that comes, its workers are stopped and it is removed.

use std::env::consts::OS;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::claims::Shown;
use crate::trouble::Trouble;

/// How long any one thing may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Stage {
    queuectl: PathBuf,
    folder: TempDir,
    /// Set by Ctrl+C, which then clears the stage and ends the demo by itself.
    interrupted: Arc<AtomicBool>,
}

impl Stage {
    /// Sets the stage for a program.
    pub(super) fn set(queuectl: PathBuf) -> Result<Self, Trouble> {
        let trouble = |what| move |source| Trouble::File { what, source };
        let folder = tempfile::Builder::new().prefix("queuectl-demo-").tempdir();
        let folder = folder.map_err(trouble("make a temporary folder"))?;
        fs::create_dir(folder.path().join("work")).map_err(trouble("make a working folder"))?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let stage = Self {
            queuectl,
            folder,
            interrupted,
        };
        if let Err(error) = stage.clear_on_interrupt() {
            eprintln!("warning: Ctrl+C will leave the demo's workers running: {error}");
        }
        Ok(stage)
    }

    fn clear_on_interrupt(&self) -> Result<(), ctrlc::Error> {
        let (program, path) = (self.queuectl.clone(), self.folder.path().to_owned());
        let interrupted = Arc::clone(&self.interrupted);
        ctrlc::set_handler(move || {
            interrupted.store(true, Ordering::SeqCst);
            clear(&program, &path);
            std::process::exit(130);
        })
    }

    /// Tells what comes next.
    pub(super) fn say(&self, text: &str) {
        println!("\n# {text}");
    }

    /// Enqueues a job.
    pub(super) fn enqueue(&self, id: &str, command: &str, options: &str) -> Result<Shown, Trouble> {
        let mut words = vec!["enqueue", "--id", id, "--command", command];
        words.extend(options.split_whitespace());
        self.show(&words)
    }

    /// Runs a command of the queue's, given in plain words.
    pub(super) fn run(&self, words: &str) -> Result<Shown, Trouble> {
        self.show(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// What a command answers in JSON. Not shown.
    pub(super) fn ask(&self, words: &str) -> Result<Value, Trouble> {
        let line = format!("queuectl --json {words}");
        let mut command = command(&self.queuectl, self.folder.path());
        command.arg("--json").args(words.split_whitespace());
        let printed = self.finish(&mut command, &line)?.succeed()?.printed;
        serde_json::from_str(&printed).map_err(|error| {
            Trouble::Demo(format!("`{line}` answered with what isn't JSON: {error}"))
        })
    }

    /// What the store knows of a job.
    pub(super) fn job(&self, id: &str) -> Result<Value, Trouble> {
        self.ask(&format!("show {id}"))
    }

    /// Waits until each job is in the state that it is to come to.
    pub(super) fn wait_for(&self, wanted: &[(&str, &str)]) -> Result<(), Trouble> {
        let deadline = Instant::now() + PATIENCE;
        for (id, state) in wanted {
            loop {
                let job = self.job(id)?;
                if job["state"] == *state {
                    break;
                }
                if Instant::now() > deadline {
                    return Err(Trouble::Demo(format!(
                        "job `{id}` should have come to `{state}`, and is {}",
                        job["state"]
                    )));
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// What is in a file that the jobs have written.
    pub(super) fn read(&self, name: &'static str) -> Result<String, Trouble> {
        let path = self.folder.path().join("work").join(name);
        fs::read_to_string(path).map_err(|source| Trouble::File {
            what: "read what the jobs have written",
            source,
        })
    }

    /// Runs a command that must succeed, shown with what it prints.
    fn show(&self, args: &[&str]) -> Result<Shown, Trouble> {
        let words: Vec<_> = args.iter().map(|word| quoted(OS, word)).collect();
        let line = format!("queuectl {}", words.join(" "));
        println!("$ {line}");
        let mut command = command(&self.queuectl, self.folder.path());
        let ended = self.finish(command.args(args), &line)?;
        print!("{}{}", ended.shown.printed, ended.errors);
        ended.succeed()
    }

    /// Runs a command to its end. It prints into files: on a pipe, a worker that
    /// had inherited it would keep the demo waiting for the end of the output.
    fn finish(&self, command: &mut Command, line: &str) -> Result<Ended, Trouble> {
        let trouble = |source| Trouble::File {
            what: "keep what a command prints",
            source,
        };
        let [printed, errors] = ["printed", "errors"].map(|name| self.folder.path().join(name));
        command.stdin(Stdio::null());
        command.stdout(File::create(&printed).map_err(trouble)?);
        command.stderr(File::create(&errors).map_err(trouble)?);
        let status = wait(command, line)?;
        let read = |path| {
            let bytes = fs::read(path).map_err(trouble)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Ended {
            status,
            shown: Shown {
                line: line.to_owned(),
                printed: read(printed)?,
            },
            errors: read(errors)?,
        })
    }
}

/// A command that has ended, in whatever way.
struct Ended {
    status: ExitStatus,
    shown: Shown,
    errors: String,
}

impl Ended {
    /// What it printed, if it ended with success.
    fn succeed(self) -> Result<Shown, Trouble> {
        if self.status.success() {
            return Ok(self.shown);
        }
        Err(Trouble::Failed {
            command: self.shown.line,
            status: self.status,
        })
    }
}

/// Waits for the end of a command, but not for ever.
fn wait(command: &mut Command, line: &str) -> Result<ExitStatus, Trouble> {
    let trouble = |source| Trouble::Start {
        program: line.to_owned(),
        source,
    };
    let mut child = command.spawn().map_err(trouble)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().map_err(trouble)? {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    // It may have ended just now; then there is nothing left to kill.
    let _ = child.kill();
    let _ = child.wait();
    let seconds = PATIENCE.as_secs();
    Err(Trouble::Demo(format!(
        "`{line}` did not end within {seconds} s"
    )))
}

impl Drop for Stage {
    fn drop(&mut self) {
        while self.interrupted.load(Ordering::SeqCst) {
            thread::park();
        }
        clear(&self.queuectl, self.folder.path());
    }
}

/// The program, with everything it knows and does inside of `folder`.
fn command(queuectl: &Path, folder: &Path) -> Command {
    let mut command = Command::new(queuectl);
    command.current_dir(folder.join("work"));
    command.env("QUEUECTL_HOME", folder.join("home"));
    command.env_remove("QUEUECTL_DB");
    command
}

/// Stops the workers, if any are left, and removes the folder.
fn clear(queuectl: &Path, folder: &Path) {
    let mut stop = command(queuectl, folder);
    stop.args(["--quiet", "worker", "stop", "--now"]);
    stop.stdin(Stdio::null()).stdout(Stdio::null());
    match stop.status() {
        Ok(status) if status.success() => {}
        ended => eprintln!("warning: can't stop the demo's workers: {ended:?}"),
    }
    if let Err(error) = remove(folder) {
        eprintln!("warning: can't remove `{}`: {error}", folder.display());
    }
}

/// Removes a folder that a command which is just ending may still write to.
fn remove(folder: &Path) -> io::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            removed => return removed,
        }
    }
}

/// A word as it would be typed on the system `os`.
fn quoted(os: &str, word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if os != "windows" && word.contains(['$', '`', '\\', '"', '!']) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        format!("\"{word}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_they_would_be_typed() {
        let line = "test $QUEUECTL_ATTEMPT = 3";
        assert_eq!(quoted("linux", "--count"), "--count");
        assert_eq!(quoted("linux", "echo hi"), "\"echo hi\"");
        assert_eq!(quoted("macos", line), format!("'{line}'"));
        assert_eq!(quoted("windows", "a %B%"), "\"a %B%\"");
    }
}
