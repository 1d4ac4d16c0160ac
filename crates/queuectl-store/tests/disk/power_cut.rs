//! The power goes at any moment: what was promised is there, nothing is there by half, and the queue
//! goes on.

use std::collections::BTreeSet;
use std::path::Path;

use fastrand::Rng;
use queuectl_domain::{Fence, State};
use queuectl_store::{Claimed, Store, Turn};

use crate::calls;
use crate::disk::{Disk, Happened};
use crate::image::{Cut, Remains};
use crate::recording::{Players, Promise, Recording};
use crate::scene::{HandClock, a_job, a_worker, check, ids, open, settled, success};

#[test]
fn what_was_promised_before_a_power_cut_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut players = Players::new(folder.path(), 0);
    for _ in 0..70 {
        players.step();
    }
    let recording = players.end();
    let happens = |name, what: fn(&Happened) -> bool| {
        let log = &mut recording.log.iter();
        log.any(|(path, happened)| path.ends_with(name) && what(happened))
    };
    let removed = |happened: &Happened| matches!(happened, Happened::Removed);
    assert!(happens("q.db-wal", removed), "the log is never deleted");
    let cut_off = |happened: &Happened| matches!(happened, Happened::Truncated(0));
    assert!(happens("q.db-wal", cut_off), "the log is never emptied");
    let cuts = cut_everywhere(folder.path(), &recording, &mut Rng::with_seed(0));
    assert!(cuts > 200, "only {cuts} cuts");
}

/// Fences are reserved many at a time; the next block is on disk before one of it is given.
#[test]
fn a_fence_of_a_new_block_is_never_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    calls::watch(Disk::new(folder.path()));
    let clock = HandClock::new();
    let mut store = open(&path, &clock).unwrap();
    let worker = a_worker("w");
    store.register(&worker).unwrap();
    let jobs = (0..10_010).map(|number| a_job(&number.to_string()));
    store.enqueue(jobs.collect()).unwrap();
    let mut last = Fence(0);
    for free in [100, 9_895, 10] {
        let turn = Turn {
            worker: &worker.id,
            settled: &[],
            released: &[],
            output: &[],
            free,
            held: &[],
            rung: false,
        };
        let reply = store.turn(&turn).unwrap();
        assert_eq!(reply.claimed.len(), free);
        last = reply.claimed[free - 1].ticket.fence;
    }
    assert_eq!(last, Fence(10_005));
    // It isn't closed before the power goes.
    let mut remains = Remains::new(folder.path());
    for happened in &calls::unwatch().log {
        remains.take_in(happened);
    }
    let after = tempfile::tempdir().unwrap();
    remains.leave(Cut::Nothing, &mut Rng::new(), after.path());
    let mut store = open(&after.path().join("q.db"), &clock).unwrap();
    drains(&mut *store, last);
}

/// Cuts the power before and after every sync, after every promise, and at moments in between.
/// Returns how often.
pub(crate) fn cut_everywhere(folder: &Path, recording: &Recording, rng: &mut Rng) -> usize {
    let syncs = |(_, happened): &_| matches!(happened, Happened::Synced | Happened::NotSynced);
    let log = &recording.log;
    let after_syncs = (1..=log.len()).filter(|&place| syncs(&log[place - 1]));
    let promised = recording.promises.iter().map(|(place, _)| *place);
    let certain: BTreeSet<_> = after_syncs.chain(promised).collect();
    let mut remains = Remains::new(folder);
    let mut cuts = 0;
    for place in 0..=log.len() {
        if certain.contains(&place) {
            after_cut(recording, place, Cut::Nothing, &remains, rng);
            cuts += 1;
        }
        let Some(happened) = log.get(place) else {
            break;
        };
        if syncs(happened) || place % 8 == 0 {
            let how = Cut::PART[place % Cut::PART.len()];
            after_cut(recording, place, how, &remains, rng);
            cuts += 1;
        }
        remains.take_in(happened);
    }
    cuts
}

/// The power goes after `place` things have happened.
fn after_cut(recording: &Recording, place: usize, how: Cut, remains: &Remains, rng: &mut Rng) {
    let folder = tempfile::tempdir().unwrap();
    remains.leave(how, rng, folder.path());
    calls::watch(Disk::new(folder.path()));
    let scene = std::panic::catch_unwind(|| {
        let path = folder.path().join("q.db");
        let clock = HandClock::new();
        clock.advance(std::time::Duration::from_secs(86_400));
        let mut store = open(&path, &clock).unwrap();
        check(&path, &mut *store);
        let last = all_is_kept(recording, place, &mut *store);
        nothing_is_half(recording, &mut *store);
        drains(&mut *store, last);
    });
    calls::unwatch();
    let of = recording.log.len();
    assert!(
        scene.is_ok(),
        "the power went after {place} of {of} ({how:?})"
    );
}

/// All promises are kept. Returns the last fence that was given.
fn all_is_kept(recording: &Recording, place: usize, store: &mut dyn Store) -> Fence {
    let mut last = Fence(0);
    for (made_at, promise) in &recording.promises {
        if *made_at > place {
            break;
        }
        match promise {
            Promise::Added(id) => {
                let job = store.job(id).unwrap();
                assert!(
                    job.spec
                        .command
                        .to_text()
                        .starts_with(&format!("echo {id} "))
                );
            }
            Promise::Kept(id, fence) => {
                let attempts = store.attempts(id).unwrap();
                let attempt = attempts.iter().find(|attempt| attempt.fence == *fence);
                let ended = attempt.and_then(|attempt| attempt.ended.as_ref());
                assert!(ended.is_some(), "the result of {id} under {fence} is gone");
            }
            Promise::Given(fence) => last = last.max(*fence),
        }
    }
    last
}

/// A result is there with all that was printed, or not at all.
fn nothing_is_half(recording: &Recording, store: &mut dyn Store) {
    for id in ids(store) {
        let job = store.job(&id).unwrap();
        let attempts = store.attempts(&id).unwrap();
        for attempt in &attempts {
            let chunks = store.output(attempt.fence).unwrap();
            let output: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
            let printed = recording.printed.get(&attempt.fence);
            let printed = printed.map_or("", String::as_str).as_bytes();
            match &attempt.ended {
                Some((_, ending)) if ending.exit_code.is_some() => assert!(output == printed),
                _ => assert!(printed.starts_with(&output)),
            }
        }
        let succeeded = attempts.iter().any(|attempt| {
            let ended = attempt.ended.as_ref();
            ended.is_some_and(|(_, ending)| ending.exit_code == Some(0))
        });
        assert_eq!(job.life.state == State::Completed, succeeded, "{id}");
    }
}

/// All that is left to do gets done, under fences that nobody ever had.
fn drains(store: &mut dyn Store, last: Fence) {
    for info in store.workers().unwrap() {
        store.rescue(&info.worker.id, None).unwrap();
    }
    let worker = a_worker("after");
    store.register(&worker).unwrap();
    let mut held: Vec<Claimed> = Vec::new();
    loop {
        let results: Vec<_> = held
            .iter()
            .map(|one| settled(one, success(), vec![]))
            .collect();
        let turn = Turn {
            worker: &worker.id,
            settled: &results,
            released: &[],
            output: &[],
            free: 100,
            held: &[],
            rung: false,
        };
        let reply = store.turn(&turn).unwrap();
        assert_eq!(reply.lost, []);
        held = reply.claimed;
        for claimed in &held {
            let fence = claimed.ticket.fence;
            assert!(fence > last, "fence {fence} was given before: {last} was");
        }
        if held.is_empty() {
            assert_eq!(reply.unfinished, 0);
            return;
        }
    }
}
