//! What a worker runs, in a small file that outlives it: whoever rescues its jobs ends their processes first, and learns which
//! of them had begun.
//!
//! One record per job at hand, written without a sync: what the kernel has taken survives the worker's death, and a power cut leaves
//! no process to end. A worker may be killed between any two words of a record, so a pid is written last and taken away first:
//! it never stands beside the times of another. The file is private to one machine.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use crate::os::{self, Words};
use crate::{Leader, Tag};

const MAGIC: u64 = u64::from_le_bytes(*b"QROSTER4");

// The file begins with what it is, which start of the machine it is of, and when its worker last beat; the words of each entry
// follow.
const HEAD: usize = 3;
const ALIVE: usize = 2;
const PID: usize = 0;
const EARLIEST: usize = 1;
const LATEST: usize = 2;
const BEGUN: usize = 3;
const LABEL: usize = 4;
/// A process of it that can't be ended, since it belongs to another user.
const HOLDOUT: usize = 5;
const RECORD: usize = 6;

/// Notes what a worker runs. An entry stands for one command, from its start until its end has been reported.
#[derive(Debug)]
pub struct Roster {
    words: Words,
}

/// What a dead worker left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphans {
    /// How many processes were running, and have been ended.
    pub ended: usize,
    /// The labels of what had begun and not been cleared. `None` if that isn't known: there is no roster, or the machine has been
    /// started since, and may have lost what was written last.
    pub running: Option<Vec<u64>>,
}

impl Roster {
    /// A roster with nothing in it.
    pub fn create(path: &Path, entries: usize) -> io::Result<Self> {
        let mut content = vec![MAGIC, os::boot(), os::now()];
        content.resize(HEAD + RECORD * entries, 0);
        let words = Words::create(path, &content)?;
        Ok(Self { words })
    }

    /// Notes that the worker goes about its work now, for other processes to see with [`since_beat`]. To be called about twice a
    /// second: after a death, what a leader left that has died since is known by the last beat.
    pub fn beat(&self) -> io::Result<()> {
        self.words.set(ALIVE, os::now())
    }

    /// What the caller knows by this label is about to be run.
    pub fn begin(&self, entry: usize, label: u64) -> io::Result<()> {
        self.set(entry, LABEL, label)?;
        self.set(entry, BEGUN, 1)
    }

    /// It runs, as this leader.
    pub fn note(&self, entry: usize, leader: Leader) -> io::Result<()> {
        self.set(entry, PID, 0)?;
        self.set(entry, HOLDOUT, 0)?;
        self.set(entry, EARLIEST, leader.earliest)?;
        self.set(entry, LATEST, leader.latest)?;
        self.set(entry, PID, leader.pid.into())
    }

    /// It has to end, and this process of it can't be ended.
    pub fn hold_out(&self, entry: usize, process: u32) -> io::Result<()> {
        self.set(entry, HOLDOUT, process.into())
    }

    /// It has ended, and nothing of it runs any more. That it had begun stays noted.
    pub fn end(&self, entry: usize) -> io::Result<()> {
        self.set(entry, PID, 0)
    }

    /// The entry stands for nothing.
    pub fn clear(&self, entry: usize) -> io::Result<()> {
        self.set(entry, PID, 0)?;
        self.set(entry, BEGUN, 0)
    }

    fn set(&self, entry: usize, field: usize, word: u64) -> io::Result<()> {
        self.words.set(HEAD + RECORD * entry + field, word)
    }
}

/// How long ago a worker noted its last [`beat`](Roster::beat), or made its roster. None if that was before the machine was
/// started, or if the roster can't be read.
pub fn since_beat(roster: &Path) -> Option<Duration> {
    let mut head = [0; HEAD * size_of::<u64>()];
    File::open(roster).ok()?.read_exact(&mut head).ok()?;
    let word = |at: usize| {
        let bytes = &head[at * size_of::<u64>()..];
        bytes.first_chunk().copied().map(u64::from_ne_bytes)
    };
    if word(0) != Some(MAGIC) || word(1) != Some(os::boot()) {
        return None;
    }
    let since = os::now().checked_sub(word(ALIVE)?)?;
    Some(Duration::from_secs_f64(since as f64 / os::SECOND as f64))
}

/// Ends what a dead worker left running: the sessions of the leaders in its roster, and every process of ours that has its tag in
/// the environment. Returns once they have gone. No roster means no leaders.
///
/// Only to be called when the worker is known to be dead. On Windows its processes have died with it.
///
/// # Errors
///
/// Fails if some haven't gone within `patience`. All of them were killed by then, so they do nothing more: a process that
/// takes longer hangs inside the kernel. Fails, too, if some can't be killed since they belong to another user.
pub fn end_orphans(roster: &Path, worker: &Tag, patience: Duration) -> io::Result<Orphans> {
    let noted = read(roster)?;
    let ended = os::end_all(&noted.leaders, noted.alive, worker, patience)?;
    Ok(Orphans {
        ended,
        running: noted.running,
    })
}

/// The processes that [`end_orphans`] would end now.
pub fn orphans(roster: &Path, worker: &Tag) -> io::Result<Vec<u32>> {
    let noted = read(roster)?;
    Ok(os::find_all(&noted.leaders, noted.alive, worker))
}

/// A process that keeps a command from its end: it can't be ended, since it belongs to another user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdout {
    /// What the worker knows the command by.
    pub label: u64,
    /// The process.
    pub pid: u32,
}

/// What keeps the commands of a worker that lives from their ends, as it has noted it.
pub fn holdouts(roster: &Path) -> io::Result<Vec<Holdout>> {
    let noted = read(roster)?;
    Ok(noted.holdouts)
}

/// What keeps the commands of a dead worker from being ended.
pub fn holdouts_of_dead(roster: &Path) -> io::Result<Vec<Holdout>> {
    let noted = read(roster)?;
    let found = os::out_of_reach(&noted.leaders, noted.alive).into_iter();
    let holdout = |(place, pid): (usize, u32)| Holdout {
        label: noted.labels[place],
        pid,
    };
    Ok(found.map(holdout).collect())
}

/// What a roster of this boot says. One of an earlier boot says nothing.
#[derive(Default)]
struct Noted {
    /// When the worker last beat.
    alive: u64,
    leaders: Vec<Leader>,
    /// What each leader's command is known by.
    labels: Vec<u64>,
    holdouts: Vec<Holdout>,
    running: Option<Vec<u64>>,
}

fn read(path: &Path) -> io::Result<Noted> {
    let content = match std::fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let (words, _) = content.as_chunks();
    let words: Vec<u64> = words.iter().copied().map(u64::from_ne_bytes).collect();
    let Some((&[magic, boot, alive], records)) = words.split_first_chunk::<HEAD>() else {
        // There is none, or its worker was killed before it could write it.
        return Ok(Noted::default());
    };
    if magic != MAGIC {
        let refused = "not a roster of this version";
        return Err(io::Error::new(ErrorKind::InvalidData, refused));
    }
    if boot != os::boot() {
        return Ok(Noted::default());
    }
    let records = records.chunks_exact(RECORD);
    let led = records.clone().filter(|record| leader(record).is_some());
    Ok(Noted {
        alive,
        leaders: led.clone().filter_map(leader).collect(),
        labels: led.clone().map(|record| record[LABEL]).collect(),
        holdouts: led.filter_map(holdout).collect(),
        running: Some(records.filter_map(label).collect()),
    })
}

fn leader(record: &[u64]) -> Option<Leader> {
    let pid = u32::try_from(record[PID]).ok().filter(|pid| *pid != 0)?;
    Some(Leader {
        pid,
        earliest: record[EARLIEST],
        latest: record[LATEST],
    })
}

fn holdout(record: &[u64]) -> Option<Holdout> {
    let pid = u32::try_from(record[HOLDOUT]).ok()?;
    let label = record[LABEL];
    (pid != 0).then_some(Holdout { label, pid })
}

fn label(record: &[u64]) -> Option<u64> {
    (record[BEGUN] != 0).then_some(record[LABEL])
}
