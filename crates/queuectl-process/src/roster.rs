//! What a worker runs, in a small file that outlives it: whoever rescues its jobs ends their processes first, and learns which
//! of them had begun.
//!
//! One record per job at hand, written without a sync: what the kernel has taken survives the worker's death, and a power cut leaves
//! no process to end. A worker may be killed between any two words of a record, so a pid is written last and taken away first:
//! it never stands beside the times of another. The file is private to one machine.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use crate::os::{self, Origin, Words};
use crate::{Leader, Tag};

const MAGIC: u64 = u64::from_le_bytes(*b"QROSTER2");
/// The first version had no labels.
const WITHOUT_LABELS: u64 = u64::from_le_bytes(*b"QROSTER1");

// The file begins with what it is and where it comes from; the words of each entry follow. The last word is the beat.
const HEAD: usize = 3;
const PID: usize = 0;
const EARLIEST: usize = 1;
const LATEST: usize = 2;
const BEGUN: usize = 3;
const LABEL: usize = 4;
const RECORD: usize = 5;

/// Notes what a worker runs. An entry stands for one command, from its start until its end has been reported.
#[derive(Debug)]
pub struct Roster {
    words: Words,
    /// Where the beat is.
    beat: usize,
}

/// What a dead worker left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphans {
    /// How many processes were running, and have been ended.
    pub ended: usize,
    /// The labels of what had begun and not been cleared. `None` if that isn't known: there is no roster, it is of an older
    /// version, or the machine has been started since, and may have lost what was written last.
    pub running: Option<Vec<u64>>,
}

impl Roster {
    /// A roster with nothing in it. To be created after [`os::leave_terminal`], since it notes the session too.
    pub fn create(path: &Path, entries: usize) -> io::Result<Self> {
        let Origin { boot, session } = os::origin();
        let mut content = vec![MAGIC, boot, session];
        let beat = HEAD + RECORD * entries;
        content.resize(beat + 1, 0);
        let words = Words::create(path, &content)?;
        Ok(Self { words, beat })
    }

    /// Notes that the worker goes about its work now, for other processes to see with [`since_beat`].
    pub fn beat(&self) -> io::Result<()> {
        let now = u64::try_from(os::since_boot().as_millis()).unwrap_or(u64::MAX);
        self.words.set(self.beat, now.max(1))
    }

    /// What the caller knows by this label is about to be run.
    pub fn begin(&self, entry: usize, label: u64) -> io::Result<()> {
        self.set(entry, LABEL, label)?;
        self.set(entry, BEGUN, 1)
    }

    /// It runs, as this leader.
    pub fn note(&self, entry: usize, leader: Leader) -> io::Result<()> {
        self.set(entry, PID, 0)?;
        self.set(entry, EARLIEST, leader.earliest)?;
        self.set(entry, LATEST, leader.latest)?;
        self.set(entry, PID, leader.pid.into())
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

/// How long ago a worker noted its last [`beat`](Roster::beat). None if it never has since the machine was started, or if its
/// roster can't be read.
pub fn since_beat(roster: &Path) -> Option<Duration> {
    let mut word = [0; size_of::<u64>()];
    let mut file = File::open(roster).ok()?;
    file.seek(SeekFrom::End(-(size_of_val(&word) as i64)))
        .ok()?;
    file.read_exact(&mut word).ok()?;
    let beat = Some(u64::from_ne_bytes(word)).filter(|beat| *beat != 0)?;
    os::since_boot().checked_sub(Duration::from_millis(beat))
}

/// Ends what a dead worker left running: the groups in its roster, and every process of ours that has its tag in the
/// environment. Returns once they have gone. No roster means no groups.
///
/// Only to be called when the worker is known to be dead. On Windows its processes have died with it.
///
/// # Errors
///
/// Fails if some haven't gone within `patience`. All of them were killed by then, so they do nothing more: a process that
/// takes longer hangs inside the kernel.
pub fn end_orphans(roster: &Path, worker: &Tag, patience: Duration) -> io::Result<Orphans> {
    let Left {
        origin,
        leaders,
        running,
    } = read(roster)?;
    let ended = os::end_all(&leaders, origin, worker, patience)?;
    Ok(Orphans {
        ended,
        running: running.filter(|_| origin.boot == os::origin().boot),
    })
}

/// The processes that [`end_orphans`] would end now.
pub fn orphans(roster: &Path, worker: &Tag) -> io::Result<Vec<u32>> {
    let Left {
        origin, leaders, ..
    } = read(roster)?;
    Ok(os::find_all(&leaders, origin, worker))
}

/// What is in a roster.
struct Left {
    origin: Origin,
    leaders: Vec<Leader>,
    running: Option<Vec<u64>>,
}

fn read(path: &Path) -> io::Result<Left> {
    let content = match std::fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let (words, _) = content.as_chunks();
    let words: Vec<u64> = words.iter().copied().map(u64::from_ne_bytes).collect();
    let Some(([magic, boot, session], records)) = words.split_first_chunk::<HEAD>() else {
        // There is none, or its worker was killed before it could write it.
        return Ok(Left {
            origin: Origin {
                boot: 0,
                session: 0,
            },
            leaders: Vec::new(),
            running: None,
        });
    };
    let (record, labels) = match *magic {
        MAGIC => (RECORD, true),
        WITHOUT_LABELS => (BEGUN, false),
        _ => {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "not a roster of this version",
            ));
        }
    };
    let records = records.chunks_exact(record);
    Ok(Left {
        origin: Origin {
            boot: *boot,
            session: *session,
        },
        leaders: records.clone().filter_map(leader).collect(),
        running: labels.then(|| records.filter_map(label).collect()),
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

fn label(record: &[u64]) -> Option<u64> {
    (record[BEGUN] != 0).then_some(record[LABEL])
}
