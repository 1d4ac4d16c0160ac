//! A backup: all that there was at one moment, as a store of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use queuectl_domain::{Key, Outcome, State, Stream};
use queuectl_store::{BackupTo, Interrupted, Store, StoreError};

use crate::hand::{Hand, all, chunk, counts, failure, id, named, names, seconds, success, unnamed};
use crate::scene::Scene;

/// Makes a backup of the scene's store, and a store of the backup.
fn backed_up<S: Scene>(scene: &S) -> Box<dyn Store> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let to = BackupTo {
        path: &path,
        replace: false,
        interrupted: Interrupted::never(),
    };
    scene.open().backup(&to, &mut |_| {}).unwrap();
    scene.restore(&path)
}

pub(crate) fn a_backup_has_all_that_the_store_has<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "worker");
    hand.store.set(Key::Priority, "7").unwrap();
    hand.store
        .enqueue(vec![named("a"), named("b"), named("c")])
        .unwrap();
    hand.run(success());
    let failed = hand.claim_one();
    hand.print(&failed, vec![chunk(0, Stream::Stderr, "why")]);
    hand.settle(&failed, failure());
    let mut copy = backed_up(&scene);
    assert_eq!(all(&mut *copy), all(&mut *hand.store));
    assert_eq!(copy.counts().unwrap(), hand.store.counts().unwrap());
    assert_eq!(copy.settings().unwrap(), hand.store.settings().unwrap());
    let fence = failed.ticket.fence;
    let output = [chunk(0, Stream::Stderr, "why")];
    assert_eq!(copy.output(fence).unwrap(), output);
    let ids = (
        copy.enqueue(vec![unnamed()]).unwrap(),
        hand.store.enqueue(vec![unnamed()]).unwrap(),
    );
    assert_eq!(ids.0, ids.1, "numbers go on in both");
}

pub(crate) fn what_ran_at_the_backup_runs_again_in_it_as_if_stopped<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "worker");
    hand.store.enqueue(vec![named("running")]).unwrap();
    let claimed = hand.claim_one();
    hand.print(&claimed, vec![chunk(0, Stream::Stdout, "half")]);
    scene.advance(seconds(3));
    let mut copy = backed_up(&scene);
    assert_eq!(copy.workers().unwrap(), []);
    let job = copy.job(&id("running")).unwrap();
    assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
    assert_eq!((job.life.crashes, job.life.claim), (0, None));
    let attempts = copy.attempts(&id("running")).unwrap();
    let (_, ending) = attempts[0].ended.as_ref().unwrap();
    assert_eq!(ending.outcome, Outcome::Stopped);
    let half = [chunk(0, Stream::Stdout, "half")];
    assert_eq!(copy.output(claimed.ticket.fence).unwrap(), half);
    counts(&mut *copy);
    // In the store itself nothing has happened.
    assert_eq!(hand.store.job(&id("running")).unwrap(), claimed.job);
    assert_eq!(hand.settle(&claimed, success()).lost, []);
}

pub(crate) fn a_backup_is_sound_and_can_be_worked_on<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "worker");
    hand.store.enqueue(vec![unnamed(); 200]).unwrap();
    hand.claim(20);
    let mut copy = backed_up(&scene);
    let checked = copy.check().unwrap();
    assert!(
        checked.iter().all(|one| one.findings.is_empty()),
        "{checked:?}"
    );
    let mut store = copy;
    let worker = crate::hand::a_worker("another");
    store.register(&worker).unwrap();
    let id = worker.id;
    let mut hand = Hand { store, id };
    for _ in 0..200 {
        hand.run(success());
    }
    assert_eq!(counts(&mut *hand.store).of(State::Completed), 200);
}

pub(crate) fn what_comes_later_is_not_in_a_backup<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.enqueue(vec![named("before")]).unwrap();
    let mut copy = backed_up(&scene);
    store.enqueue(vec![named("after")]).unwrap();
    assert_eq!(names(&all(&mut *copy)), ["before"]);
    copy.enqueue(vec![named("elsewhere")]).unwrap();
    assert_eq!(names(&all(&mut *store)), ["after", "before"]);
}

pub(crate) fn a_backup_that_is_called_off_leaves_nothing_and_can_be_made_again<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "worker");
    // More than is copied at once.
    let jobs = (0..20_000).map(|_| unnamed()).collect();
    hand.store.enqueue(jobs).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    let (begun, seen) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
    let asked = Arc::clone(&begun);
    let mut to = BackupTo {
        path: &path,
        replace: false,
        interrupted: Interrupted::when(move || asked.load(Ordering::SeqCst)),
    };
    let called_off = hand.store.backup(&to, &mut |progress| {
        seen.store(progress.done == progress.total, Ordering::SeqCst);
        begun.store(true, Ordering::SeqCst);
    });
    assert!(
        matches!(called_off, Err(StoreError::Interrupted)),
        "{called_off:?}"
    );
    assert!(!seen.load(Ordering::SeqCst), "it went on to its end");
    assert_eq!(left(), 0);
    to.interrupted = Interrupted::never();
    hand.store.backup(&to, &mut |_| {}).unwrap();
    assert_eq!(left(), 1);
    counts(&mut *hand.store);
}
