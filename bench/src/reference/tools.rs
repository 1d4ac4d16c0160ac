//! Programs that users have instead.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::trouble::{Trouble, io, succeeded};

/// Runs `true` so many times with `xargs`, two at once, and says how long that took.
pub(crate) fn xargs(folder: &Path, count: usize) -> Result<Duration, Trouble> {
    let lines = numbers(folder, count)?;
    timed(
        Command::new("xargs")
            .args(["-P2", "-I{}", "sh", "-c", "true"])
            .stdin(lines),
    )
}

/// The same with GNU parallel, which writes down what it has done.
pub(crate) fn parallel(folder: &Path, count: usize) -> Result<Duration, Trouble> {
    let lines = numbers(folder, count)?;
    let mut command = Command::new("parallel");
    command.args(["--will-cite", "-j2", "-N0", "--joblog"]);
    command.arg(folder.join("joblog")).arg("true");
    // It keeps things in the home folder.
    command.env("HOME", folder);
    timed(command.stdin(lines))
}

fn numbers(folder: &Path, count: usize) -> Result<File, Trouble> {
    let path = folder.join("numbers");
    let lines: String = (0..count).map(|number| format!("{number}\n")).collect();
    fs::write(&path, lines).map_err(io("write a file"))?;
    File::open(path).map_err(io("read a file"))
}

/// SQLite's own shell on a database of its own.
pub(crate) struct Sqlite3 {
    file: PathBuf,
}

impl Sqlite3 {
    pub(crate) fn make(file: PathBuf) -> Result<Self, Trouble> {
        let sqlite3 = Self { file };
        sqlite3.run(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE jobs (id INTEGER PRIMARY KEY, command TEXT NOT NULL, state INTEGER NOT NULL);",
        )?;
        Ok(sqlite3)
    }

    /// Adds one row and has it on disk; says how long that took.
    pub(crate) fn insert(&self) -> Result<Duration, Trouble> {
        self.run("PRAGMA synchronous = FULL; INSERT INTO jobs (command, state) VALUES ('true', 0);")
    }

    fn run(&self, sql: &str) -> Result<Duration, Trouble> {
        timed(
            Command::new("sqlite3")
                .arg(&self.file)
                .arg(sql)
                .stdin(Stdio::null()),
        )
    }
}

/// Runs a command that prints nothing of interest, and says how long that took.
pub(crate) fn timed(command: &mut Command) -> Result<Duration, Trouble> {
    command.stdout(Stdio::null());
    let begun = Instant::now();
    let status = command.status().map_err(io("start a command"))?;
    let length = begun.elapsed();
    succeeded(command, status)?;
    Ok(length)
}
