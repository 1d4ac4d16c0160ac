//! `workers.json`: the background workers started on this machine.
//!
//! By it they are found when the store can't be reached; otherwise the store knows better. Each worker puts itself on the list,
//! so that it is listed even if its starter was killed meanwhile, and takes itself off. Containers that share the folder share the list.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use queuectl_domain::WorkerId;
use queuectl_process::{Machine, os};
use queuectl_store::Location;
use serde::{Deserialize, Serialize};

use crate::DataFolder;
use crate::life::is_held;

/// One background worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The worker's name.
    pub(crate) id: String,
    /// Its process.
    pub(crate) pid: u32,
    /// When that process started, in the system's own unit.
    pub(crate) process_started: u64,
    /// The boot and pid namespace in which these numbers mean something.
    #[serde(default)]
    pub(crate) machine: String,
    /// The store it works for, as it may be shown.
    pub(crate) store: String,
}

impl Entry {
    /// Returns true if that very process still runs in our pid namespace.
    pub(crate) fn is_alive(&self) -> bool {
        let there = Machine::parse(&self.machine);
        there.is_some_and(|there| there.shares_pids(Machine::this()))
            && os::is_alive(self.pid, self.process_started)
    }

    /// Returns true if it may still run: we see its process, or some process holds its life file, as in another container.
    fn may_live(&self, data: &DataFolder) -> bool {
        self.is_alive() || self.id.parse().is_ok_and(|id| is_held(&data.life(&id)))
    }
}

/// The workers of the list whose processes run in our pid namespace. A list that can't be read counts as empty: the store still
/// knows its workers.
pub(crate) fn read(data: &DataFolder) -> Vec<Entry> {
    let mut entries = all(data).unwrap_or_default();
    entries.retain(Entry::is_alive);
    entries
}

/// How many workers of the list don't run any more. A missing list counts as empty.
pub(crate) fn ended(data: &DataFolder) -> io::Result<usize> {
    let entries = all(data)?;
    Ok(entries.iter().filter(|entry| !entry.may_live(data)).count())
}

fn all(data: &DataFolder) -> io::Result<Vec<Entry>> {
    match std::fs::read(data.registry()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => Ok(serde_json::from_slice(&read?)?),
    }
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
        machine: Machine::this().to_string(),
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
    let mut entries = all(data).unwrap_or_default();
    entries.retain(|entry| entry.may_live(data));
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
