//! What a power cut leaves of files.
//!
//! All that was written before the last sync of a file is there. What was written since may be
//! there in any part: sectors come and go by themselves, and a write may end at any byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use crate::disk::Happened;

/// What a disk writes at once, whole or not at all.
const SECTOR: usize = 512;

/// How much is there of what wasn't synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Nothing,
    Everything,
    /// All up to some byte, in order.
    Torn,
    /// Any sectors.
    Scattered,
}

impl Cut {
    /// Those that leave some of it.
    pub(crate) const PART: [Self; 3] = [Self::Scattered, Self::Torn, Self::Everything];
}

/// One file: what is there for certain, and what may be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    safe: Option<Vec<u8>>,
    pending: Vec<Happened>,
}

impl Image {
    fn take_in(&mut self, happened: &Happened) {
        match happened {
            Happened::Synced => {
                for one in std::mem::take(&mut self.pending) {
                    apply(&mut self.safe, &one);
                }
                self.safe.get_or_insert_default();
            }
            Happened::NotSynced => self.pending.clear(),
            other => self.pending.push(other.clone()),
        }
    }

    /// Its folder was synced: it is certain again whether it is there.
    fn settle_removal(&mut self) {
        let removed = |one: &Happened| matches!(one, Happened::Removed);
        if let Some(last) = self.pending.iter().rposition(removed) {
            self.pending.drain(..=last);
            self.safe = None;
        }
    }

    fn after(&self, cut: Cut, rng: &mut Rng) -> Option<Vec<u8>> {
        let mut content = self.safe.clone();
        let torn_at = rng.usize(..=self.pending.len());
        for (place, happened) in self.pending.iter().enumerate() {
            match cut {
                Cut::Nothing => break,
                Cut::Everything => apply(&mut content, happened),
                Cut::Torn if place < torn_at => apply(&mut content, happened),
                Cut::Torn => {
                    if let Happened::Written { offset, bytes } = happened {
                        let bytes = bytes[..rng.usize(..bytes.len())].to_owned();
                        let offset = *offset;
                        apply(&mut content, &Happened::Written { offset, bytes });
                    }
                    break;
                }
                Cut::Scattered => scatter(&mut content, happened, rng),
            }
        }
        content
    }
}

/// Applies some sectors of what happened.
fn scatter(content: &mut Option<Vec<u8>>, happened: &Happened, rng: &mut Rng) {
    let Happened::Written { offset, bytes } = happened else {
        if rng.bool() {
            apply(content, happened);
        }
        return;
    };
    let (mut offset, mut rest) = (*offset, &bytes[..]);
    while !rest.is_empty() {
        let room = SECTOR - (offset as usize) % SECTOR;
        let (sector, others) = rest.split_at(room.min(rest.len()));
        if rng.bool() {
            let bytes = sector.to_owned();
            apply(content, &Happened::Written { offset, bytes });
        }
        offset += sector.len() as u64;
        rest = others;
    }
}

fn apply(content: &mut Option<Vec<u8>>, happened: &Happened) {
    match happened {
        Happened::Written { offset, bytes } => {
            let content = content.get_or_insert_default();
            let start = *offset as usize;
            let end = start + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[start..end].copy_from_slice(bytes);
        }
        Happened::Truncated(length) => {
            content.get_or_insert_default().resize(*length as usize, 0);
        }
        Happened::Removed => *content = None,
        Happened::Synced | Happened::NotSynced => {}
    }
}

/// All files of a folder.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    folder: PathBuf,
    files: BTreeMap<PathBuf, Image>,
}

impl Remains {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
        }
    }

    pub(crate) fn take_in(&mut self, (path, happened): &(PathBuf, Happened)) {
        if *path == self.folder {
            if matches!(happened, Happened::Synced) {
                self.files.values_mut().for_each(Image::settle_removal);
            }
            return;
        }
        let file = self.files.entry(path.clone()).or_default();
        file.take_in(happened);
    }

    /// Puts into `folder` what a cut leaves.
    pub(crate) fn leave(&self, cut: Cut, rng: &mut Rng, folder: &Path) {
        for (path, image) in &self.files {
            let name = path.file_name().expect("a file has a name");
            if let Some(mut content) = image.after(cut, rng) {
                // The log's index isn't synced at all: it may hold anything.
                if name.to_string_lossy().ends_with("-shm") {
                    content = vec![0; 32 * 1024];
                    rng.fill(&mut content);
                }
                fs::write(folder.join(name), content).unwrap();
            }
        }
    }
}
