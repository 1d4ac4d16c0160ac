//! What comes from another store: jobs with their past, as if they had lived here.

use std::sync::Arc;

use queuectl_domain::{Ending, Fence, History, Run, State, Stream::Stdout, Timestamp};
use queuectl_store::{Existing, Store, StoreError};

use crate::hand::With as _;
use crate::hand::{Hand, chunk, counts, failure, id, ids, named, seconds, settled, success};
use crate::scene::Scene;

/// All that a store knows of these jobs, as it would be carried into another.
fn histories(store: &mut dyn Store, names: &[&str]) -> Vec<History> {
    let history = |name: &&str| {
        let job = store.job(&id(name)).unwrap();
        let attempts = store.attempts(&job.spec.id).unwrap();
        let run = |attempt: queuectl_domain::Attempt| Run {
            output: store.output(attempt.fence).unwrap(),
            attempt,
        };
        let runs = attempts.into_iter().map(run).collect();
        History { job, runs }
    };
    names.iter().map(history).collect()
}

/// The same without what only one store gives: fences.
fn without_fences(mut histories: Vec<History>) -> Vec<History> {
    for run in histories.iter_mut().flat_map(|history| &mut history.runs) {
        run.attempt.fence = Fence(0);
    }
    histories
}

/// Another store, in which jobs are in all states; the last of them is being processed.
fn elsewhere<S: Scene>() -> (S, Hand) {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "there");
    for name in NAMES {
        let job = named(name).max_retries(if name == "dead" { 1 } else { 3 });
        hand.store.enqueue(vec![job]).unwrap();
        let ending = match name {
            "completed" => success(),
            "waiting" => Ending::stopped(seconds(1)),
            "processing" => continue,
            _ => failure(),
        };
        let claimed = hand.claim_one();
        if name == "completed" {
            // The one that fails isn't due before all this is over.
            scene.advance(seconds(1));
        }
        let printed = vec![chunk(0, Stdout, name)];
        let done = settled(&claimed, ending, printed);
        hand.turn(0, &[done], &[], &[]).unwrap();
        if name == "waiting" {
            hand.store.bury(&id(name), None).unwrap();
        }
    }
    let held = hand.claim_one();
    assert_eq!(held.job.spec.id, id("processing"));
    hand.print(&held, vec![chunk(0, Stdout, "half")]);
    hand.store
        .retry(&queuectl_store::Selection::Jobs(ids(&["waiting"])), None)
        .unwrap();
    (scene, hand)
}

const NAMES: [&str; 5] = ["completed", "failed", "dead", "waiting", "processing"];

pub(crate) fn what_comes_from_another_store_is_as_it_was_there<S: Scene>() {
    let (_there, mut hand) = elsewhere::<S>();
    let settled = &NAMES[..4];
    let before = histories(&mut *hand.store, settled);
    assert!(before.iter().all(|history| history.runs.len() == 1));
    let here = S::new();
    here.set(hand.store.now().unwrap());
    let mut store = here.open();
    let batch = store.import(before.clone(), Existing::Refused).unwrap();
    assert_eq!(batch.ids, ids(settled));
    let after = histories(&mut *here.open(), settled);
    assert_eq!(without_fences(after), without_fences(before));
    for state in [State::Pending, State::Completed, State::Failed, State::Dead] {
        assert_eq!(counts(&mut *store).of(state), 1, "{state}");
    }
    let findings = store.check().unwrap();
    assert!(findings.iter().all(|checked| checked.findings.is_empty()));
}

pub(crate) fn what_ran_in_another_store_waits_here_as_if_stopped<S: Scene>() {
    let (_there, mut hand) = elsewhere::<S>();
    let before = histories(&mut *hand.store, &["processing"]);
    let here = S::new();
    here.set(hand.store.now().unwrap().after(seconds(9)));
    let mut store = here.open();
    store.import(before, Existing::Refused).unwrap();
    let after = histories(&mut *store, &["processing"]).remove(0);
    assert_eq!(after.job.life.state, State::Pending);
    assert_eq!((after.job.life.attempts, after.job.life.claim), (0, None));
    let (ended_at, ending) = after.runs[0].attempt.ended.clone().unwrap();
    assert_eq!(ended_at, store.now().unwrap());
    assert_eq!(ending, Ending::stopped(seconds(9)));
    assert_eq!(after.runs[0].output, [chunk(0, Stdout, "half")]);
    let claimed = Hand::new(&here, "here").claim_one();
    assert_eq!(
        (claimed.job.spec.id.clone(), claimed.job.life.attempts),
        (id("processing"), 1)
    );
}

pub(crate) fn claims_of_this_store_come_after_all_that_were_brought<S: Scene>() {
    let (_there, mut hand) = elsewhere::<S>();
    let here = S::new();
    let mut worker = Hand::new(&here, "here");
    worker.store.enqueue(vec![named("before")]).unwrap();
    let before = worker.claim_one().ticket.fence;
    let brought = histories(&mut *hand.store, &NAMES);
    worker.store.import(brought, Existing::Refused).unwrap();
    let fences: Vec<_> = histories(&mut *worker.store, &NAMES)
        .iter()
        .flat_map(|history| history.runs.iter().map(|run| run.attempt.fence))
        .collect();
    assert_eq!(fences.len(), 5);
    assert!(fences.is_sorted_by(|one, next| one < next), "{fences:?}");
    assert!(before < fences[0]);
    assert!(worker.claim_one().ticket.fence > fences[4]);
}

pub(crate) fn a_job_from_elsewhere_whose_id_is_taken_is_refused_or_passed_over<S: Scene>() {
    let (_there, mut hand) = elsewhere::<S>();
    let brought = histories(&mut *hand.store, &NAMES);
    let here = S::new();
    let mut store = here.open();
    store.enqueue(vec![named("dead")]).unwrap();
    let refused = store.import(brought.clone(), Existing::Refused);
    assert!(matches!(refused, Err(StoreError::JobExists(taken)) if taken == id("dead")));
    assert_eq!(counts(&mut *store).total(), 1);
    let batch = store.import(brought, Existing::Skipped).unwrap();
    assert_eq!(
        batch.ids,
        ids(&["completed", "failed", "waiting", "processing"])
    );
    assert_eq!(store.job(&id("dead")).unwrap().life.state, State::Pending);
    assert_eq!(store.attempts(&id("dead")).unwrap(), []);
    let nothing = store.import(vec![], Existing::Refused).unwrap();
    assert_eq!(nothing.ids, []);
}

pub(crate) fn nothing_from_elsewhere_waits_longer_than_this_store_lets_it<S: Scene>() {
    let (_there, mut hand) = elsewhere::<S>();
    let mut brought = histories(&mut *hand.store, &["failed", "waiting"]);
    for history in &mut brought {
        history.job.life.ready_at = Timestamp(i64::MAX);
        Arc::make_mut(&mut history.job.spec).created_at = Timestamp(i64::MAX);
    }
    let here = S::new();
    let mut store = here.open();
    store.set(queuectl_domain::Key::MaxBackoff, "60").unwrap();
    store.import(brought, Existing::Refused).unwrap();
    let now = store.now().unwrap();
    let failed = store.job(&id("failed")).unwrap();
    assert_eq!(
        (failed.life.ready_at, failed.spec.created_at),
        (now.after(seconds(60)), now)
    );
    assert_eq!(store.job(&id("waiting")).unwrap().life.ready_at, now);
}

pub(crate) fn no_more_of_what_was_printed_elsewhere_is_kept_than_the_limit<S: Scene>() {
    let (_there, mut hand) = elsewhere::<S>();
    let brought = histories(&mut *hand.store, &["completed"]);
    let here = S::new();
    let mut store = here.open();
    store.set(queuectl_domain::Key::OutputLimit, "4").unwrap();
    store.import(brought, Existing::Refused).unwrap();
    let kept = histories(&mut *store, &["completed"]).remove(0);
    let kept = &kept.runs[0].output;
    assert_eq!(kept, &[chunk(0, Stdout, "co"), chunk(7, Stdout, "ed")]);
}

pub(crate) fn what_goes_out_is_all_that_is_known_in_the_order_of_creation<S: Scene>() {
    let (_there, mut hand) = elsewhere::<S>();
    let known = histories(&mut *hand.store, &NAMES);
    let mut after = i64::MIN;
    let mut out = Vec::new();
    loop {
        let some = hand.store.export(after, 2).unwrap();
        assert!(some.len() <= 2);
        let Some((last, _)) = some.last() else { break };
        assert!(*last > after, "numbers grow");
        after = *last;
        out.extend(some.into_iter().map(|(_, history)| history));
    }
    assert_eq!(out, known);
}

pub(crate) fn ids_made_here_come_after_those_that_were_made_elsewhere<S: Scene>() {
    let there = S::new();
    let mut store = there.open();
    let nameless = |count| vec![crate::hand::unnamed(); count];
    store.enqueue(nameless(40)).unwrap();
    let brought = store.export(i64::MIN, 100).unwrap();
    let brought: Vec<_> = brought.into_iter().map(|(_, history)| history).collect();
    let last = brought[39].job.spec.id.clone();
    let here = S::new();
    let mut store = here.open();
    store
        .import(brought[39..].to_vec(), Existing::Refused)
        .unwrap();
    let made = store.enqueue(nameless(1)).unwrap();
    assert!(made[0] > last, "{made:?}");
    // What comes later and was made before takes nothing back.
    store
        .import(brought[..39].to_vec(), Existing::Refused)
        .unwrap();
    let next = store.enqueue(nameless(1)).unwrap();
    assert!(next > made, "{next:?}");
}

pub(crate) fn an_id_that_only_looks_like_a_made_one_leaves_room_for_others<S: Scene>() {
    let there = S::new();
    let mut store = there.open();
    let greatest = queuectl_domain::JobId::generated(i64::MAX.unsigned_abs());
    let job = named(greatest.as_str());
    store.enqueue(vec![job]).unwrap();
    let brought = store.export(i64::MIN, 1).unwrap().remove(0).1;
    let here = S::new();
    let mut store = here.open();
    store.import(vec![brought], Existing::Refused).unwrap();
    let nameless = vec![crate::hand::unnamed(); 3];
    let made = store.enqueue(nameless).unwrap();
    assert!(made.iter().all(|made| *made < greatest), "{made:?}");
}

pub(crate) fn ids_that_another_store_has_used_up_are_not_made_here<S: Scene>() {
    let there = S::new();
    let mut store = there.open();
    let nameless = |count| vec![crate::hand::unnamed(); count];
    let made = store.enqueue(nameless(50)).unwrap();
    for id in &made {
        store.remove(id).unwrap();
    }
    let last = store.last_id_number().unwrap();
    let here = S::new();
    let mut store = here.open();
    assert_eq!(store.last_id_number().unwrap(), 0);
    for last in [last, 1, u64::MAX] {
        store.make_ids_after(last).unwrap();
        let new = store.enqueue(nameless(3)).unwrap();
        assert!(new.iter().all(|id| !made.contains(id)), "{new:?}");
    }
    assert!(store.last_id_number().unwrap() >= last + 9);
}
