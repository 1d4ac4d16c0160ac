//! A worker's running leaders, in a small file that outlives it: whoever rescues its jobs ends their processes first.
//!
//! One record per slot, written with one call and no fsync: what the kernel has taken survives the worker's death, and a
//! power cut leaves no process to end. The file is private to one machine and one version of this program.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::os::{self, Origin};
use crate::{Leader, Tag};

const MAGIC: u64 = u64::from_le_bytes(*b"QROSTER1");
const RECORD: usize = 24;

/// Notes which process each slot of a worker runs.
#[derive(Debug)]
pub struct Roster {
    file: File,
}

impl Roster {
    /// A roster with no process in it. To be created after [`os::leave_terminal`], since it notes the session too.
    pub fn create(path: &Path, slots: usize) -> io::Result<Self> {
        let file = os::create_private(
            path,
            OpenOptions::new().write(true).create(true).truncate(true),
        )?;
        let Origin { boot, session } = os::origin();
        let mut content = record([MAGIC, boot, session]).to_vec();
        content.resize(RECORD * (slots + 1), 0);
        os::write_at(&file, &content, 0)?;
        Ok(Self { file })
    }

    /// The slot runs this leader.
    pub fn note(&self, slot: usize, leader: Leader) -> io::Result<()> {
        let content = record([leader.pid.into(), leader.earliest, leader.latest]);
        os::write_at(&self.file, &content, place(slot))
    }

    /// The slot runs nothing.
    pub fn clear(&self, slot: usize) -> io::Result<()> {
        os::write_at(&self.file, &[0; RECORD], place(slot))
    }
}

/// Ends what a dead worker left running: the groups in its roster, and every process of ours that has its tag in the
/// environment. Returns how many processes that were, once they have gone. No roster means no groups.
///
/// Only to be called when the worker is known to be dead. On Windows its processes have died with it.
pub fn end_orphans(roster: &Path, worker: &Tag) -> io::Result<usize> {
    let (leaders, origin) = read(roster)?;
    os::end_all(&leaders, origin, worker)
}

/// The processes that [`end_orphans`] would end now.
pub fn orphans(roster: &Path, worker: &Tag) -> io::Result<Vec<u32>> {
    let (leaders, origin) = read(roster)?;
    Ok(os::find_all(&leaders, origin, worker))
}

/// The leaders in a roster, and where they come from.
fn read(roster: &Path) -> io::Result<(Vec<Leader>, Origin)> {
    let content = match std::fs::read(roster) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut records = content.chunks_exact(RECORD).map(fields);
    let origin = match records.next() {
        Some([MAGIC, boot, session]) => Origin { boot, session },
        Some(_) => {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "not a roster of this version",
            ));
        }
        None => Origin {
            boot: 0,
            session: 0,
        },
    };
    let leaders = records
        .filter(|[pid, ..]| *pid != 0)
        .filter_map(|[pid, earliest, latest]| {
            Some(Leader {
                pid: u32::try_from(pid).ok()?,
                earliest,
                latest,
            })
        })
        .collect();
    Ok((leaders, origin))
}

fn place(slot: usize) -> u64 {
    (RECORD * (slot + 1)) as u64
}

fn record(fields: [u64; 3]) -> [u8; RECORD] {
    let mut bytes = [0; RECORD];
    for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
        place.copy_from_slice(&field.to_le_bytes());
    }
    bytes
}

fn fields(record: &[u8]) -> [u64; 3] {
    let mut fields = [0; 3];
    for (field, bytes) in fields.iter_mut().zip(record.chunks_exact(8)) {
        *field = bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
    }
    fields
}
