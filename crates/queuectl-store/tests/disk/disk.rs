//! A disk under watch: what was written to it and when it was synced, and calls that fail.

use std::collections::HashSet;
use std::ffi::c_int;
use std::path::{Path, PathBuf};

use crate::calls::path_of;

/// A call that reaches a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call<'a> {
    Open,
    Read,
    Lock,
    Write { offset: i64, bytes: &'a [u8] },
    Truncate(i64),
    Sync,
    Remove,
}

/// The kinds of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    Read,
    Lock,
    Write,
    Truncate,
    Sync,
    Remove,
}

impl Call<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Open => Kind::Open,
            Self::Read => Kind::Read,
            Self::Lock => Kind::Lock,
            Self::Write { .. } => Kind::Write,
            Self::Truncate(_) => Kind::Truncate,
            Self::Sync => Kind::Sync,
            Self::Remove => Kind::Remove,
        }
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    /// It goes to this disk.
    Done,
    /// It goes elsewhere.
    Unwatched,
    /// The disk refuses it.
    Fails(c_int),
}

/// Which calls are refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    pub(crate) errno: c_int,
    /// The first of them, counted from 0.
    pub(crate) from: u32,
    /// Whether the later ones are, too.
    pub(crate) lasting: bool,
}

/// One thing that happened to the disk.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    Written {
        offset: u64,
        bytes: Vec<u8>,
    },
    Truncated(u64),
    Synced,
    /// A sync has failed: what wasn't on the disk by then will never be, and nobody is told again.
    NotSynced,
    Removed,
}

/// The files of one folder.
pub(crate) struct Disk {
    folder: PathBuf,
    /// What happened, in order, and to which file.
    pub(crate) log: Vec<(PathBuf, Happened)>,
    refusal: Option<Refusal>,
    /// How many calls of the kind to be refused there have been.
    calls: u32,
    /// How many were refused.
    pub(crate) refused: u32,
    /// Descriptors of files that a sync has failed for, which haven't been told yet.
    owed: HashSet<c_int>,
}

impl Disk {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            log: Vec::new(),
            refusal: None,
            calls: 0,
            refused: 0,
            owed: HashSet::new(),
        }
    }

    /// From now on refuses these calls.
    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.refusal = Some(refusal);
        self.calls = 0;
    }

    /// Refuses nothing any more.
    pub(crate) fn repair(&mut self) {
        self.refusal = None;
    }

    /// What becomes of a call.
    pub(crate) fn asked(&mut self, fd: Option<c_int>, path: &Path, call: &Call<'_>) -> Verdict {
        if !path.starts_with(&self.folder) {
            return Verdict::Unwatched;
        }
        let refused = self.refuses(call.kind());
        if let (Call::Sync, Some(_)) = (call, refused) {
            self.tell_others(path);
        }
        let told = fd.is_some_and(|fd| matches!(call, Call::Sync) && self.owed.remove(&fd));
        let happened = match *call {
            Call::Sync if refused.is_some() => Some(Happened::NotSynced),
            _ if refused.is_some() => None,
            Call::Open | Call::Read | Call::Lock => None,
            Call::Write { offset, bytes } => Some(Happened::Written {
                offset: offset.unsigned_abs(),
                bytes: bytes.to_owned(),
            }),
            Call::Truncate(length) => Some(Happened::Truncated(length.unsigned_abs())),
            Call::Sync => Some(Happened::Synced),
            Call::Remove => Some(Happened::Removed),
        };
        if let Some(happened) = happened {
            self.log.push((path.to_owned(), happened));
        }
        match refused {
            Some(errno) => Verdict::Fails(errno),
            None if told => Verdict::Fails(libc::EIO),
            None => Verdict::Done,
        }
    }

    /// A sync fails once for each descriptor that was open when the file couldn't be written.
    fn tell_others(&mut self, path: &Path) {
        let entries = std::fs::read_dir("/proc/self/fd").unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let open = names.filter_map(|name| name.to_str()?.parse().ok());
        self.owed.extend(open.filter(|&fd| path_of(fd) == path));
    }

    /// A descriptor is new.
    pub(crate) fn opened(&mut self, fd: c_int) {
        self.owed.remove(&fd);
    }

    fn refuses(&mut self, kind: Kind) -> Option<c_int> {
        let refusal = self.refusal.filter(|refusal| refusal.kind == kind)?;
        let call = self.calls;
        self.calls += 1;
        let hit = call == refusal.from || (call > refusal.from && refusal.lasting);
        if hit {
            self.refused += 1;
        }
        hit.then_some(refusal.errno)
    }
}
