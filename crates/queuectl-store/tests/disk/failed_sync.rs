//! A sync fails: the system gives up to write what it was to bring to the disk, tells so once, and the
//! next sync of the same bytes goes well. What was promised is on disk for all that.

use std::path::PathBuf;
use std::sync::Arc;

use fastrand::Rng;
use queuectl_domain::{JobId, Key};
use queuectl_store::{Claimed, Reply, Store, StoreError, Turn};
use rusqlite::Connection;

use crate::calls;
use crate::disk::{Disk, Happened, Kind, Refusal};
use crate::image::{Cut, Remains};
use crate::power_cut::cut_everywhere;
use crate::recording::Players;
use crate::scene::{HandClock, a_job, a_worker, check, chunk, open, settled, success};

/// A store on a disk under watch, with the result of job `a` in it, which isn't on disk.
struct Scene {
    folder: tempfile::TempDir,
    path: PathBuf,
    clock: Arc<HandClock>,
    store: Box<dyn Store>,
}

impl Scene {
    fn new() -> Self {
        Self::with("some text", || {})
    }

    /// The same, with this output of `a`, and something done just before its result is told.
    fn with(output: &str, before: fn()) -> Self {
        loop {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("q.db");
            calls::watch(Disk::new(folder.path()));
            let clock = HandClock::new();
            let mut store = open(&path, &clock).unwrap();
            store.set(Key::OutputLimit, "16777216").unwrap();
            store.register(&a_worker("w")).unwrap();
            store.enqueue(vec![a_job("a"), a_job("other")]).unwrap();
            let claimed = turn(&mut *store, &[], "").unwrap().claimed;
            // A result is synced at once if none was for a while.
            turn(&mut *store, &claimed[1..], "").unwrap();
            before();
            let told = turn(&mut *store, &claimed[..1], output);
            if told.is_ok_and(|reply| reply.unsynced) {
                return Self {
                    folder,
                    path,
                    clock,
                    store,
                };
            }
            // It took too long to get here.
        }
    }

    /// The power goes; this job must be there, and the result of `a`.
    fn cut(self, job: &str) {
        let log = calls::unwatch().log;
        let failed = |(_, happened): &_| matches!(happened, Happened::NotSynced);
        assert!(log.iter().any(failed), "no sync has failed");
        let mut remains = Remains::new(self.folder.path());
        log.iter().for_each(|happened| remains.take_in(happened));
        let after = tempfile::tempdir().unwrap();
        remains.leave(Cut::Nothing, &mut Rng::new(), after.path());
        let path = after.path().join("q.db");
        let mut store = open(&path, &self.clock).unwrap();
        check(&path, &mut *store);
        store.job(&id(job)).unwrap();
        let attempts = store.attempts(&id("a")).unwrap();
        let ended = attempts.first().and_then(|one| one.ended.as_ref());
        assert!(ended.is_some(), "the result is gone");
    }
}

fn one_sync_fails() {
    calls::disk(|disk| disk.refuse(failing_sync(0, false)));
}

fn failing_sync(from: u32, lasting: bool) -> Refusal {
    Refusal {
        kind: Kind::Sync,
        errno: libc::EIO,
        from,
        lasting,
    }
}

fn id(name: &str) -> JobId {
    name.parse().unwrap()
}

/// Settles a claim as a success, and claims what there is.
fn turn(store: &mut dyn Store, held: &[Claimed], output: &str) -> Result<Reply, StoreError> {
    let results = held.iter().map(|claimed| {
        let output = vec![chunk(0, output)];
        settled(claimed, success(), output)
    });
    let results: Vec<_> = results.collect();
    store.turn(&Turn {
        worker: &a_worker("w").id,
        settled: &results,
        released: &[],
        output: &[],
        free: 2,
        held: &[],
        rung: false,
    })
}

#[test]
fn a_sync_that_fails_once_is_made_good_at_once() {
    let mut scene = Scene::new();
    one_sync_fails();
    scene.store.sync().unwrap();
    scene.cut("a");
}

#[test]
fn a_sync_that_fails_is_an_error_until_the_disk_is_repaired() {
    let mut scene = Scene::new();
    calls::disk(|disk| disk.refuse(failing_sync(0, true)));
    for _ in 0..3 {
        let error = scene.store.sync().unwrap_err();
        assert!(matches!(error, StoreError::Io(_)), "{error:?}");
    }
    calls::disk(Disk::repair);
    scene.store.sync().unwrap();
    scene.cut("a");
}

#[test]
fn an_enqueue_whose_sync_fails_does_not_take_with_it_what_was_there() {
    let scene = Scene::new();
    let mut other = open(&scene.path, &scene.clock).unwrap();
    one_sync_fails();
    let error = other.enqueue(vec![a_job("b")]).unwrap_err();
    assert!(matches!(error, StoreError::Io(_)), "{error:?}");
    other.enqueue(vec![a_job("b")]).unwrap();
    scene.cut("b");
}

#[test]
fn a_sync_that_failed_for_another_process_is_not_taken_for_done() {
    let mut scene = Scene::new();
    let other = Connection::open(&scene.path).unwrap();
    one_sync_fails();
    let copied = other.query_row("PRAGMA wal_checkpoint", [], |_| Ok(()));
    assert!(copied.is_err());
    scene.store.sync().unwrap();
    scene.cut("a");
}

#[test]
fn a_sync_that_fails_while_the_log_is_copied_is_made_good_by_the_next_change() {
    // So much that the log is copied once it is written.
    let mut scene = Scene::with(&"x".repeat(9_000_000), one_sync_fails);
    scene.store.enqueue(vec![a_job("b")]).unwrap();
    scene.cut("b");
}

/// The same with whatever else happens.
#[test]
fn no_promise_is_broken_by_syncs_that_fail() {
    let folder = tempfile::tempdir().unwrap();
    let mut players = Players::new(folder.path(), 0);
    for round in 0..8 {
        players.enqueue();
        let from = players.rng.u32(..2);
        calls::disk(|disk| disk.refuse(failing_sync(from, false)));
        if round % 3 == 0 {
            players.checkpoint();
        }
        for _ in 0..6 {
            match players.rng.u8(..8) {
                0 => players.enqueue(),
                1..3 => players.sync(),
                _ => players.turn(),
            }
        }
        calls::disk(Disk::repair);
    }
    let recording = players.end();
    let failed = |(_, happened): &&_| matches!(happened, Happened::NotSynced);
    let failed = recording.log.iter().filter(failed).count();
    assert!(failed > 5, "only {failed} syncs have failed");
    cut_everywhere(folder.path(), &recording, &mut Rng::with_seed(0));
}
