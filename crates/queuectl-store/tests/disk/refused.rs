//! One call after another is refused: it is said what is wrong, nothing is there by half, and the same
//! goes well as soon as the disk does.

use std::ffi::c_int;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use queuectl_domain::Key;
use queuectl_store::{
    Claimed, Clear, ErrorKind, Existing, Selection, StopMode, Store, StoreError, Turn,
};

use crate::calls;
use crate::disk::{Disk, Kind, Refusal};
use crate::scene::{
    HandClock, a_job, a_long_job, a_worker, check, chunk, failure, ids, open, settled, success,
};

/// What is refused, with which error, and whether until the disk is repaired.
const REFUSALS: [(Kind, c_int, bool); 12] = [
    (Kind::Write, libc::ENOSPC, false),
    (Kind::Write, libc::ENOSPC, true),
    (Kind::Write, libc::EIO, false),
    (Kind::Write, libc::EROFS, true),
    (Kind::Sync, libc::EIO, false),
    (Kind::Sync, libc::EIO, true),
    (Kind::Sync, libc::ENOSPC, false),
    (Kind::Read, libc::EIO, false),
    (Kind::Read, libc::ETIMEDOUT, false),
    (Kind::Lock, libc::EAGAIN, false),
    (Kind::Lock, libc::EAGAIN, true),
    (Kind::Open, libc::EMFILE, false),
];

type Done = Result<(), StoreError>;

/// Something to do with a store, with what its worker holds.
type Operation = fn(&mut dyn Store, &[Claimed]) -> Done;

const OPERATIONS: [(&str, Operation); 16] = [
    ("enqueue", |store, _| {
        store.enqueue(vec![a_job("new"), a_job("newer")]).map(drop)
    }),
    ("enqueue a long one", |store, _| {
        store.enqueue(vec![a_long_job("new", 20_000)]).map(drop)
    }),
    ("enqueue what is there", |store, _| {
        let jobs = vec![a_job("new"), a_job("dead")];
        store.enqueue_batch(jobs, Existing::Skipped).map(drop)
    }),
    ("withdraw", |store, _| store.withdraw(1..=9).map(drop)),
    ("claim", |store, _| turn(store, &[], 2)),
    ("settle", |store, held| turn(store, held, 2)),
    ("sync", |store, held| {
        turn(store, held, 0)?;
        store.sync()
    }),
    ("retry", |store, _| {
        store.retry(&Selection::AllDead, None).map(drop)
    }),
    ("bury", |store, _| {
        store.bury(&"waiting".parse().unwrap(), None)
    }),
    ("remove", |store, _| {
        store.remove(&"waiting".parse().unwrap())
    }),
    ("clear", |store, _| {
        store.clear(Clear::All { force: true }).map(drop)
    }),
    ("set", |store, _| store.set(Key::Priority, "7")),
    ("register", |store, _| {
        store.register(&a_worker("another")).map(drop)
    }),
    ("unregister", |store, _| store.unregister(&a_worker("w").id)),
    ("rescue", |store, _| {
        store.rescue(&a_worker("w").id, None).map(drop)
    }),
    ("stop", |store, _| {
        store.request_stop(&[a_worker("w").id], StopMode::Now)
    }),
];

/// Settles the first claim as a success and the second as a failure, and claims more.
fn turn(store: &mut dyn Store, held: &[Claimed], free: usize) -> Done {
    let endings = [success(), failure()];
    let results = held.iter().zip(endings);
    let results: Vec<_> = results
        .map(|(claimed, ending)| settled(claimed, ending, vec![chunk(0, "some text")]))
        .collect();
    let turn = Turn {
        worker: &a_worker("w").id,
        settled: &results,
        released: &[],
        output: &[],
        free,
        held: &[],
        rung: false,
    };
    store.turn(&turn).map(drop)
}

#[test]
fn whatever_call_is_refused_it_is_said_and_nothing_is_half_done() {
    let prepared = Prepared::new();
    let mut said = 0;
    for (name, operation) in OPERATIONS {
        let after = prepared.after(operation);
        for (kind, errno, lasting) in REFUSALS {
            for from in 0.. {
                let refusal = Refusal {
                    kind,
                    errno,
                    from,
                    lasting,
                };
                let tried =
                    std::panic::catch_unwind(|| prepared.refuse(operation, refusal, &after));
                let tried = tried.unwrap_or_else(|_| panic!("{name}, {refusal:?}"));
                said += u32::from(matches!(tried, Tried::Said));
                if matches!(tried, Tried::NeverRefused) {
                    break;
                }
            }
        }
    }
    assert!(said > 300, "only {said} errors");
}

enum Tried {
    /// There weren't enough calls for one to be refused.
    NeverRefused,
    /// The operation didn't need the call.
    Passed,
    /// It failed.
    Said,
}

/// A store with jobs in all states, to be tried again and again.
struct Prepared {
    folder: tempfile::TempDir,
    clock: Arc<HandClock>,
    held: Vec<Claimed>,
}

impl Prepared {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = HandClock::new();
        let mut store = open(&folder.path().join("q.db"), &clock).unwrap();
        let names = ["done", "due", "first", "second", "dead", "waiting", "last"];
        store
            .enqueue(names.iter().map(|name| a_job(name)).collect())
            .unwrap();
        let worker = a_worker("w");
        store.register(&worker).unwrap();
        let mut claim = |settled: &[_]| {
            let turn = Turn {
                worker: &worker.id,
                settled,
                released: &[],
                output: &[],
                free: 2,
                held: &[],
                rung: false,
            };
            store.turn(&turn).unwrap().claimed
        };
        let ended = claim(&[]);
        let results = ended.iter().zip([success(), failure()]);
        let results: Vec<_> = results
            .map(|(claimed, ending)| settled(claimed, ending, vec![chunk(0, "text")]))
            .collect();
        let held = claim(&results);
        store.bury(&"dead".parse().unwrap(), None).unwrap();
        drop(store);
        clock.advance(Duration::from_secs(5));
        Self {
            folder,
            clock,
            held,
        }
    }

    /// A copy of it in `folder`.
    fn copy(&self, folder: &Path) -> PathBuf {
        for name in ["q.db", "q.db-wal"] {
            fs::copy(self.folder.path().join(name), folder.join(name)).unwrap();
        }
        folder.join("q.db")
    }

    /// Does something while calls are refused, and once more when none is.
    fn refuse(&self, operation: Operation, refusal: Refusal, after: &str) -> Tried {
        let folder = tempfile::tempdir().unwrap();
        let path = self.copy(folder.path());
        calls::watch(Disk::new(folder.path()));
        let mut store = open(&path, &self.clock).unwrap();
        let before = everything(&mut *store);
        calls::disk(|disk| disk.refuse(refusal));
        let done = operation(&mut *store, &self.held);
        let refused = calls::disk(|disk| {
            disk.repair();
            disk.refused
        });
        let tried = match done {
            Ok(()) if refused == 0 => Tried::NeverRefused,
            Ok(()) => Tried::Passed,
            Err(error) => {
                assert!(refused > 0, "{error}");
                fits(&error, refusal);
                let now = everything(&mut *store);
                check(&path, &mut *store);
                let again = operation(&mut *store, &self.held);
                if again.is_err() && refusal.kind == Kind::Sync && refused > 1 {
                    // The system tells each descriptor that the file couldn't be written, though
                    // it has been by now.
                    operation(&mut *store, &self.held).unwrap();
                } else {
                    again.unwrap();
                }
                assert_eq!(now, before, "an error has changed something");
                Tried::Said
            }
        };
        assert_eq!(everything(&mut *store), after);
        check(&path, &mut *store);
        calls::unwatch();
        tried
    }

    /// What there is when nothing is refused.
    fn after(&self, operation: Operation) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(&self.copy(folder.path()), &self.clock).unwrap();
        operation(&mut *store, &self.held).unwrap();
        everything(&mut *store)
    }
}

/// The error says what the system said.
fn fits(error: &StoreError, refusal: Refusal) {
    let fits = match refusal.errno {
        _ if is_damage(refusal) => matches!(error, StoreError::Corrupt(_)),
        libc::ENOSPC => matches!(error, StoreError::Full),
        libc::EAGAIN => matches!(error, StoreError::Locked),
        libc::EIO => matches!(error, StoreError::Io(reason) if reason.contains("nput/output")),
        _ => error.kind() == ErrorKind::Unavailable,
    };
    assert!(fits, "{error:?}");
}

/// SQLite takes a page that the disk can't read for damage, which it is.
fn is_damage(refusal: Refusal) -> bool {
    refusal.kind == Kind::Read && refusal.errno == libc::EIO
}

/// All that a store knows, as text.
fn everything(store: &mut dyn Store) -> String {
    let mut text = String::new();
    for id in ids(store) {
        let job = store.job(&id).unwrap();
        let attempts = store.attempts(&id).unwrap();
        write!(text, "{job:#?}{attempts:#?}").unwrap();
        for attempt in attempts {
            let output = store.output(attempt.fence).unwrap();
            write!(text, "{output:?}").unwrap();
        }
    }
    let (counts, settings) = (store.counts().unwrap(), store.settings().unwrap());
    let mut workers = store.workers().unwrap();
    for info in &mut workers {
        // Each copy is another file.
        info.store = None;
    }
    write!(text, "{counts:?}{settings:#?}{workers:#?}").unwrap();
    text
}

/// What a store is made of is there whole, or the next who opens it makes it.
#[test]
fn whatever_call_is_refused_while_a_store_is_opened_the_next_opens_it() {
    let prepared = Prepared::new();
    let mut said = 0;
    // With nobody there who holds the lock, SQLite waits for it by itself, for ten seconds.
    let never_locked = |(kind, _, lasting): &&_| *kind != Kind::Lock || !lasting;
    for &(kind, errno, lasting) in REFUSALS.iter().filter(never_locked) {
        for is_new in [true, false] {
            for from in 0.. {
                let folder = tempfile::tempdir().unwrap();
                let path = match is_new {
                    true => folder.path().join("q.db"),
                    false => prepared.copy(folder.path()),
                };
                let refusal = Refusal {
                    kind,
                    errno,
                    from,
                    lasting,
                };
                let mut disk = Disk::new(folder.path());
                disk.refuse(refusal);
                calls::watch(disk);
                let opened = open(&path, &prepared.clock).map(drop);
                let refused = calls::disk(|disk| {
                    disk.repair();
                    disk.refused
                });
                if let Err(error) = &opened {
                    let unavailable = error.kind() == ErrorKind::Unavailable;
                    assert!(unavailable || is_damage(refusal), "{error} {refusal:?}");
                    said += 1;
                }
                let mut store = open(&path, &prepared.clock).unwrap();
                store.enqueue(vec![a_job("new")]).unwrap();
                check(&path, &mut *store);
                let jobs = if is_new { 1 } else { 8 };
                assert_eq!(store.counts().unwrap().total(), jobs);
                calls::unwatch();
                if refused == 0 {
                    break;
                }
            }
        }
    }
    assert!(said > 50, "only {said} errors");
}
