//! `workers.json`: the background workers started on this machine.
//!
//! It lets them be found when the store can't be reached. It says nothing that
//! the store doesn't know better while it can be. Each worker puts itself on the list,
//! so that it is listed even if its starter was killed, and takes itself off at its end.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use queuectl_domain::WorkerId;
use queuectl_process::os;
use queuectl_store::Location;
use serde::{Deserialize, Serialize};

use crate::DataFolder;

/// One background worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The worker's name.
    pub(crate) id: String,
    /// Its process.
    pub(crate) pid: u32,
    /// When that process started, in the system's own unit.
    pub(crate) process_started: u64,
    /// The store it works for, as it may be shown.
    pub(crate) store: String,
}

impl Entry {
    /// Whether that very process still runs.
    pub(crate) fn is_alive(&self) -> bool {
        os::is_alive(self.pid, self.process_started)
    }
}

/// The workers of the list that still run. A list that can't be read counts as empty:
/// a worker that nobody can find by it is still known to its store.
pub(crate) fn read(data: &DataFolder) -> Vec<Entry> {
    let entries = std::fs::read(data.registry())
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Vec<Entry>>(&bytes).ok());
    let mut entries = entries.unwrap_or_default();
    entries.retain(Entry::is_alive);
    entries
}

/// How many workers of the list don't run any more. A list that isn't there names nobody.
pub(crate) fn ended(data: &DataFolder) -> io::Result<usize> {
    let bytes = match std::fs::read(data.registry()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        read => read?,
    };
    let entries: Vec<Entry> = serde_json::from_slice(&bytes)?;
    Ok(entries.iter().filter(|entry| !entry.is_alive()).count())
}

/// Puts this process on the list, as the background worker of this name, for the store at `location`.
///
/// # Errors
///
/// Fails if the list can't be written.
pub fn enlist(data: &DataFolder, id: &WorkerId, location: &Location) -> io::Result<()> {
    let pid = std::process::id();
    let entry = Entry {
        id: id.to_string(),
        pid,
        process_started: os::process_start(pid).unwrap_or_default(),
        store: location.to_string(),
    };
    change(data, |entries| entries.push(entry))
}

/// Takes those that have ended off the list, and one that is about to end.
pub(crate) fn prune(data: &DataFolder, ending: Option<&WorkerId>) -> io::Result<()> {
    if !data.registry().exists() {
        return Ok(());
    }
    change(data, |entries| {
        entries.retain(|entry| Some(entry.id.as_str()) != ending.map(WorkerId::as_str));
    })
}

fn change(data: &DataFolder, change: impl FnOnce(&mut Vec<Entry>)) -> io::Result<()> {
    let _alone = alone(data)?;
    let mut entries = read(data);
    change(&mut entries);
    let mut text = serde_json::to_vec_pretty(&entries)?;
    text.push(b'\n');
    let draft = data.registry().with_extension("json.new");
    let mut how = OpenOptions::new();
    let mut file = os::create_private(&draft, how.write(true).create(true).truncate(true))?;
    file.write_all(&text)?;
    drop(file);
    os::replace(&draft, &data.registry())
}

/// Waits until no other process changes the list.
fn alone(data: &DataFolder) -> io::Result<File> {
    let path = data.registry().with_extension("json.lock");
    let file = os::create_private(&path, OpenOptions::new().write(true).create(true))?;
    file.lock()?;
    Ok(file)
}
