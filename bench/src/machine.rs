//! What it was measured on, and with which versions.

use std::fs;
use std::process::{Command, Stdio};

use queuectl_cluster::Programs;

/// Names and what they stand for, in the order in which they are shown.
pub(crate) struct Machine(pub(crate) Vec<(&'static str, String)>);

impl Machine {
    pub(crate) fn look(with_server: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let mut facts = vec![
            ("processor", format!("{}, {cores} cores", processor())),
            ("memory", memory()),
            ("system", says("uname", &["-srm"])),
            ("priority", priority()),
            ("load before", load()),
            ("queuectl", commit()),
            ("rustc", says("rustc", &["--version"])),
            ("SQLite (ours)", rusqlite::version().to_owned()),
        ];
        if with_server {
            facts.push(("PostgreSQL", server()));
        } else {
            facts.extend([
                ("sqlite3", says("sqlite3", &["--version"])),
                ("xargs", says("xargs", &["--version"])),
                ("parallel", says("parallel", &["--version"])),
            ]);
        }
        Self(facts)
    }
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    match name {
        Some((_, name)) => name.to_owned(),
        None => says("sysctl", &["-n", "machdep.cpu.brand_string"]),
    }
}

fn memory() -> String {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = info
        .split_whitespace()
        .nth(1)
        .and_then(|kibibytes| kibibytes.parse::<f64>().ok());
    total.map_or_else(unknown, |kibibytes| {
        format!("{:.0} GiB", kibibytes / 1024.0 / 1024.0)
    })
}

/// Whether all that is measured goes before others, or after them.
fn priority() -> String {
    match rustix::process::getpriority_process(None) {
        Ok(nice) => format!("nice {nice}"),
        Err(_) => unknown(),
    }
}

/// How many others wanted a processor when this began. Much of it, and whatever
/// runs more processes at once than its rival looks better than it is.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace()
        .next()
        .map_or_else(unknown, str::to_owned)
}

fn commit() -> String {
    let commit = says("git", &["rev-parse", "--short=12", "HEAD"]);
    let changes = says("git", &["status", "--porcelain", "--untracked-files=no"]);
    if changes == unknown() {
        commit
    } else {
        format!("{commit} and changes that aren't committed")
    }
}

fn server() -> String {
    Programs::find().map_or_else(
        |_| unknown(),
        |programs| says(&programs.path("postgres").to_string_lossy(), &["--version"]),
    )
}

/// The first line that a program prints.
fn says(program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|_| std::process::Output {
        status: Default::default(),
        stdout: Vec::new(),
        stderr: Vec::new(),
    });
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().next() {
        Some(line) if !line.is_empty() => line.to_owned(),
        _ => unknown(),
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}
