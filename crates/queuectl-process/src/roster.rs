//! What a worker runs, in a small file that outlives it: a rescue of its jobs ends their processes first, and learns which jobs had
//! begun.
//!
//! The file has one record for each job that the worker holds, and is written without a sync: the kernel keeps the words after the
//! worker's death, and a power cut leaves no process to end. A worker may be killed between any two words of a record, so a pid is
//! written last and erased first: it never stands beside the times of another leader. The file is of use on its machine only.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::Path;
use std::process;
use std::slice;
use std::time::Duration;

use crate::os::{self, Words};
use crate::{Leader, Machine, Tag};

const MAGIC: u64 = u64::from_le_bytes(*b"QROSTER4");

// The file begins with the format's magic, the boot and the pid namespace of its pids, the file's own identity (its disk, its number
// there), its keeper (pid, start time), the keeper's mark, and the time of the last heartbeat; the words of each entry follow.
const HEAD: usize = 13;
const BOOT: usize = 1;
const ROOM: usize = 2;
const FILE: usize = 3;
const KEEPER: usize = 5;
const MARK: usize = 7;
const ALIVE: usize = 12;

const PID: usize = 0;
const EARLIEST: usize = 1;
const LATEST: usize = 2;
const BEGUN: usize = 3;
const LABEL: usize = 4;
/// A process of the command that can't be ended, or was killed and doesn't end; zero if there is none.
const HOLDOUT: usize = 5;
const RECORD: usize = 6;

/// What a worker writes into its roster, so that a reader can tell whose it is.
pub type Mark = [u64; ALIVE - MARK];

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
    /// The labels of entries that had begun and not been cleared. `None` if they aren't known: there is no roster, or the machine has
    /// been restarted since, and may have lost what was written last.
    pub running: Option<Vec<u64>>,
}

impl Roster {
    /// Creates an empty roster with room for `entries` commands, kept by this process.
    pub fn create(path: &Path, entries: usize, mark: Mark) -> io::Result<Self> {
        let me = process::id();
        let started = os::process_start(me).unwrap_or_default();
        let mut content = vec![MAGIC, os::boot(), Machine::this().room_number(), 0, 0];
        content.extend([u64::from(me), started]);
        content.extend(mark);
        content.push(os::now());
        content.resize(HEAD + RECORD * entries, 0);
        let words = Words::create(path, &content)?;
        // Until the file's identity is in it, the roster counts as a copy, and readers ignore it. Nothing runs yet.
        for (at, word) in (FILE..).zip(os::file_identity(path)?) {
            words.set(at, word)?;
        }
        Ok(Self { words })
    }

    /// Notes that the worker is at work now, for other processes to see with [`since_heartbeat`]. To be called about twice a second:
    /// if both the worker and a leader have died, the last heartbeat tells whether the leader's session is still its own.
    pub fn heartbeat(&self) -> io::Result<()> {
        self.words.set(ALIVE, os::now())
    }

    /// Notes that the command which the caller knows by this label is about to start.
    pub fn begin(&self, entry: usize, label: u64) -> io::Result<()> {
        self.set(entry, LABEL, label)?;
        self.set(entry, BEGUN, 1)
    }

    /// Notes that the command runs, as this leader.
    pub fn note(&self, entry: usize, leader: Leader) -> io::Result<()> {
        self.set(entry, PID, 0)?;
        self.set(entry, HOLDOUT, 0)?;
        self.set(entry, EARLIEST, leader.earliest)?;
        self.set(entry, LATEST, leader.latest)?;
        self.set(entry, PID, leader.pid.into())
    }

    /// Notes that the command has to end, and that this process of it can't be ended.
    pub fn hold_out(&self, entry: usize, process: u32) -> io::Result<()> {
        self.set(entry, HOLDOUT, process.into())
    }

    /// Notes that the command has ended, and that nothing of it runs any more. That it had begun stays noted.
    pub fn end(&self, entry: usize) -> io::Result<()> {
        self.set(entry, PID, 0)
    }

    /// Clears the entry: it stands for no command.
    pub fn clear(&self, entry: usize) -> io::Result<()> {
        self.set(entry, PID, 0)?;
        self.set(entry, BEGUN, 0)
    }

    fn set(&self, entry: usize, field: usize, word: u64) -> io::Result<()> {
        self.words.set(HEAD + RECORD * entry + field, word)
    }
}

/// What a roster says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    words: [u64; HEAD],
    is_original: bool,
}

/// Where the numbers in a roster mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// In the pid namespace of this process.
    Here,
    /// Nowhere any more: the machine has been restarted since.
    BeforeARestart,
    /// In another pid namespace of this machine.
    Elsewhere,
}

impl Head {
    /// Reads the head of the roster at `path`. None if there is no roster, or if it is cut off or of another version.
    pub fn read(path: &Path) -> Option<Self> {
        let mut head = [0; HEAD * size_of::<u64>()];
        File::open(path).ok()?.read_exact(&mut head).ok()?;
        let (words, _) = head.as_chunks();
        let words: Vec<u64> = words.iter().copied().map(u64::from_ne_bytes).collect();
        Self::of(words.first_chunk()?, path)
    }

    fn of(words: &[u64; HEAD], path: &Path) -> Option<Self> {
        let file = [words[FILE], words[FILE + 1]];
        (words[0] == MAGIC).then(|| Self {
            words: *words,
            is_original: os::file_identity(path).is_ok_and(|found| found == file),
        })
    }

    /// Returns true if this is the file that its worker created, and not a copy, even one at the original's place.
    pub fn is_original(&self) -> bool {
        self.is_original
    }

    /// What its worker has marked it with.
    pub fn mark(&self) -> Mark {
        std::array::from_fn(|at| self.words[MARK + at])
    }

    /// Where its numbers mean something.
    pub fn written(&self) -> Written {
        if self.words[BOOT] != os::boot() {
            return Written::BeforeARestart;
        }
        match Machine::this().room_number() {
            room if room != 0 && room == self.words[ROOM] => Written::Here,
            _ => Written::Elsewhere,
        }
    }

    /// Returns true if the process that keeps it runs. False if that can't be told from here.
    pub fn keeper_lives(&self) -> bool {
        let pid = u32::try_from(self.words[KEEPER]);
        let is_alive = |pid| os::is_alive(pid, self.words[KEEPER + 1]);
        self.written() == Written::Here && pid.is_ok_and(is_alive)
    }
}

/// How long ago a worker noted its last [`heartbeat`](Roster::heartbeat), or created its roster. None if that was in another pid
/// namespace or before the machine was restarted, or if the roster can't be read.
pub fn since_heartbeat(roster: &Path) -> Option<Duration> {
    let head = Head::read(roster)?;
    if head.written() != Written::Here {
        return None;
    }
    let since = os::now().checked_sub(head.words[ALIVE])?;
    Some(Duration::from_secs_f64(since as f64 / os::SECOND as f64))
}

/// The labels of entries that had begun and not been cleared. The roster may be of any pid namespace. None if it is of an earlier boot
/// or a copy, or if it can't be read.
pub fn begun(roster: &Path) -> Option<Vec<u64>> {
    let (_, records) = read_original(roster).ok()??;
    Some(records.chunks_exact(RECORD).filter_map(label).collect())
}

/// Ends what a dead worker left running: the sessions of the leaders in its roster, and every process of this user whose environment
/// has the tag of an entry that had begun and not been cleared. Returns once they have gone. A missing roster, one of an earlier boot,
/// and a copy name neither leaders nor tags.
///
/// Only to be called when the worker is known to be dead. On Windows its processes have died with it.
///
/// # Errors
///
/// Fails if the roster was written in another pid namespace, whose processes can't be ended from here. Fails if some processes haven't
/// gone within `patience`; all of them were killed by then, so they do nothing more, and hang inside the kernel. Fails if some belong
/// to another user, and so can't be killed.
pub fn end_orphans(
    roster: &Path,
    tag: &dyn Fn(u64) -> Tag,
    patience: Duration,
) -> io::Result<Orphans> {
    let noted = read(roster)?;
    let ended = os::end_all(&noted.leaders, &noted.lived, &noted.tags(tag), patience)?;
    Ok(Orphans {
        ended,
        running: noted.running,
    })
}

/// The processes that [`end_orphans`] would end now.
pub fn orphans(roster: &Path, tag: &dyn Fn(u64) -> Tag) -> io::Result<Vec<u32>> {
    let noted = read(roster)?;
    os::find_all(&noted.leaders, &noted.lived, &noted.tags(tag))
}

/// Ends what a worker without a roster left running: every process of this user whose environment has the worker's tag. Returns how
/// many processes that were, once they have gone.
///
/// # Errors
///
/// Fails as [`end_orphans`] does.
pub fn end_tagged(worker: &Tag, patience: Duration) -> io::Result<usize> {
    refuse_if_blind()?;
    os::end_all(&[], &(0..0), slice::from_ref(worker), patience)
}

/// The processes that [`end_tagged`] would end now.
pub fn tagged(worker: &Tag) -> io::Result<Vec<u32>> {
    refuse_if_blind()?;
    os::find_all(&[], &(0..0), slice::from_ref(worker))
}

fn refuse_if_blind() -> io::Result<()> {
    match Machine::this().room_number() {
        0 => Err(io::Error::other(
            "processes can't be seen here: /proc isn't mounted, or is that of another pid namespace",
        )),
        _ => Ok(()),
    }
}

/// A process for whose end a command waits: it belongs to another user and so can't be ended, or was killed and doesn't end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdout {
    /// The label by which the worker knows the command.
    pub label: u64,
    /// The process.
    pub pid: u32,
}

/// The processes of another user for which commands of a living worker wait, as the worker has noted them.
pub fn holdouts(roster: &Path) -> io::Result<Vec<Holdout>> {
    let noted = read(roster)?;
    Ok(noted.holdouts)
}

/// The processes of another user that keep a dead worker's commands from being ended.
pub fn holdouts_of_dead(roster: &Path) -> io::Result<Vec<Holdout>> {
    let noted = read(roster)?;
    let found = os::out_of_reach(&noted.leaders, noted.lived.end).into_iter();
    let holdout = |(place, pid): (usize, u32)| Holdout {
        label: noted.labels[place],
        pid,
    };
    Ok(found.map(holdout).collect())
}

/// What a roster of this boot says. One of an earlier boot says nothing, nor does a copy.
#[derive(Default)]
struct Noted {
    /// The time from the worker's start to its last heartbeat.
    lived: Range<u64>,
    leaders: Vec<Leader>,
    /// The label of each leader's command.
    labels: Vec<u64>,
    holdouts: Vec<Holdout>,
    running: Option<Vec<u64>>,
}

impl Noted {
    /// The tags of entries that had begun and not been cleared. A cleared entry's command has left nothing running, so a process that
    /// shows its tag has only inherited its environment, as from `at`.
    fn tags(&self, tag: &dyn Fn(u64) -> Tag) -> Vec<Tag> {
        self.running
            .iter()
            .flatten()
            .map(|label| tag(*label))
            .collect()
    }
}

fn read(path: &Path) -> io::Result<Noted> {
    refuse_if_blind()?;
    let Some((head, records)) = read_original(path)? else {
        return Ok(Noted::default());
    };
    if head.written() == Written::Elsewhere {
        let refused =
            "it ran in another pid namespace (container), whose processes can't be ended from here";
        return Err(io::Error::other(refused));
    }
    let records = records.chunks_exact(RECORD);
    let led = records.clone().filter(|record| leader(record).is_some());
    Ok(Noted {
        lived: head.words[KEEPER + 1]..head.words[ALIVE],
        leaders: led.clone().filter_map(leader).collect(),
        labels: led.clone().map(|record| record[LABEL]).collect(),
        holdouts: led.filter_map(holdout).collect(),
        running: Some(records.filter_map(label).collect()),
    })
}

/// The head and the records of a roster of this boot. None if there is no roster, if its worker was killed before the head was
/// complete, if it is of an earlier boot, or if it is a copy.
fn read_original(path: &Path) -> io::Result<Option<(Head, Vec<u64>)>> {
    let content = match std::fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let (words, _) = content.as_chunks();
    let words: Vec<u64> = words.iter().copied().map(u64::from_ne_bytes).collect();
    let Some((head, records)) = words.split_first_chunk() else {
        return Ok(None);
    };
    let Some(head) = Head::of(head, path) else {
        let refused = "not a roster of this version";
        return Err(io::Error::new(ErrorKind::InvalidData, refused));
    };
    let is_of_use = head.is_original && head.written() != Written::BeforeARestart;
    Ok(is_of_use.then(|| (head, records.to_vec())))
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
