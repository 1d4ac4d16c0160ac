//! What a test must not leave behind: processes, files of workers, temporary files.

use std::path::Path;
use std::time::Duration;

use super::{Home, look_for, system, wait_for};

impl Home {
    /// Ends all that runs in the home; says what didn't end when it was told to.
    pub(super) fn end_processes(&self) -> Vec<String> {
        if system::processes_of(self.path()).is_empty() {
            return Vec::new();
        }
        let stopped = self.run(["worker", "stop", "--now"]);
        let quiet = look_for(Duration::from_secs(3), || self.is_quiet());
        // By their environment and place they are this test's own, which no pid in a file could say as surely.
        for process in system::processes_of(self.path()) {
            system::kill_hard(process.pid);
        }
        wait_for("the rest to end", || self.is_quiet());
        let left = quiet
            .err()
            .map(|left| format!("processes {left} after {stopped}"));
        left.into_iter().collect()
    }

    /// Temporary files, and what is left of workers that have said goodbye. Those that died are rescued first, as by the next
    /// worker; where the store can't be used, their files have to stay.
    pub(super) fn files_left(&self) -> Vec<String> {
        let folder = self.path().parent().expect("it is in a folder");
        let mut left = names(&folder.join("tmp"));
        let known = [".queuectl", "work", "tmp"];
        left.extend(
            names(folder)
                .into_iter()
                .filter(|name| !known.contains(&name.as_str())),
        );
        let of_workers = || {
            let mut names = names(&self.seen("data/workers"));
            names.retain(|name| !name.ends_with(".log"));
            names
        };
        if !of_workers().is_empty() && self.run(["worker", "stop"]).code == Some(0) {
            left.extend(of_workers());
        }
        left
    }
}

/// The names of what is in a folder, in order; none if it isn't there.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
