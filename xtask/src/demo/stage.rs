//! Where the demo plays: a temporary folder with a store of its own. When the
//! stage is left, however that comes, its workers are stopped and it is removed.

use std::env::consts::OS;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
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
}

impl Stage {
    /// Sets the stage for a program.
    pub(super) fn set(queuectl: PathBuf) -> Result<Self, Trouble> {
        let trouble = |what| move |source| Trouble::File { what, source };
        let folder = tempfile::Builder::new().prefix("queuectl-demo-").tempdir();
        let folder = folder.map_err(trouble("make a temporary folder"))?;
        fs::create_dir(folder.path().join("work")).map_err(trouble("make a working folder"))?;
        let stage = Self { queuectl, folder };

        let (program, path) = (stage.queuectl.clone(), stage.folder.path().to_owned());
        let interrupted = move || {
            clear(&program, &path);
            std::process::exit(130);
        };
        if let Err(error) = ctrlc::set_handler(interrupted) {
            eprintln!("warning: Ctrl+C will leave the demo's workers running: {error}");
        }
        Ok(stage)
    }

    /// Tells what comes next.
    pub(super) fn say(&self, text: &str) {
        println!("\n# {text}");
    }

    /// Runs a command of the queue's, shown with what it prints, that must succeed.
    pub(super) fn run(&self, args: &[&str]) -> Result<Shown, Trouble> {
        let words = ["queuectl"].iter().chain(args);
        let line = words
            .map(|word| quoted(OS, word))
            .collect::<Vec<_>>()
            .join(" ");
        println!("$ {line}");
        let mut command = command(&self.queuectl, self.folder.path());
        let (status, printed) = self.finish(command.args(args), &line, true)?;
        print!("{printed}");
        if !status.success() {
            return Err(Trouble::Failed {
                command: line,
                status,
            });
        }
        Ok(Shown { line, printed })
    }

    /// What a command answers in JSON; not shown.
    pub(super) fn ask(&self, args: &[&str]) -> Result<Value, Trouble> {
        let line = format!("queuectl --json {}", args.join(" "));
        let mut command = command(&self.queuectl, self.folder.path());
        let (status, printed) = self.finish(command.arg("--json").args(args), &line, false)?;
        if !status.success() {
            return Err(Trouble::Failed {
                command: line,
                status,
            });
        }
        serde_json::from_str(&printed).map_err(|error| {
            Trouble::Demo(format!("`{line}` answered with what isn't JSON: {error}"))
        })
    }

    /// What the store knows of a job.
    pub(super) fn job(&self, id: &str) -> Result<Value, Trouble> {
        self.ask(&["show", id])
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

    /// Runs a command to its end. It prints into a file: on a pipe, a worker that
    /// had inherited it would keep the demo waiting for the end of the output.
    fn finish(
        &self,
        command: &mut Command,
        line: &str,
        errors_too: bool,
    ) -> Result<(ExitStatus, String), Trouble> {
        let trouble = |source| Trouble::File {
            what: "keep what a command prints",
            source,
        };
        let path = self.folder.path().join("printed");
        let file = File::create(&path).map_err(trouble)?;
        if errors_too {
            command.stderr(file.try_clone().map_err(trouble)?);
        }
        let child = command.stdin(Stdio::null()).stdout(file).spawn();
        let mut child = child.map_err(|source| Trouble::Start {
            program: line.to_owned(),
            source,
        })?;
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait().map_err(trouble)? {
                break status;
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                let seconds = PATIENCE.as_secs();
                return Err(Trouble::Demo(format!(
                    "`{line}` did not end within {seconds} s"
                )));
            }
            thread::sleep(Duration::from_millis(5));
        };
        let printed = fs::read(&path).map_err(trouble)?;
        Ok((status, String::from_utf8_lossy(&printed).into_owned()))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
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
    if !folder.exists() {
        return;
    }
    let mut stop = command(queuectl, folder);
    stop.args(["--quiet", "worker", "stop", "--now"]);
    stop.stdin(Stdio::null()).stdout(Stdio::null());
    match stop.status() {
        Ok(status) if status.success() => {}
        ended => eprintln!("warning: can't stop the demo's workers: {ended:?}"),
    }
    if let Err(error) = fs::remove_dir_all(folder) {
        eprintln!("warning: can't remove `{}`: {error}", folder.display());
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
