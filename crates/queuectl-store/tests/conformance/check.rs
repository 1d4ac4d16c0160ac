//! A check: what is sound stays as it is, what is damaged is found, and what can be mended is.

use std::time::Duration;

use queuectl_domain::{Outcome, State, Timestamp};
use queuectl_store::{Clear, Finding, Selection, Store};

use crate::hand::{
    Hand, With, all, chunk, counts, failure, id, ids, named, seconds, settled, success, unnamed,
};
use crate::scene::{Damage, Scene};

fn findings(store: &mut dyn Store) -> Vec<Finding> {
    let checked = store.check().unwrap();
    checked
        .into_iter()
        .flat_map(|checked| checked.findings)
        .collect()
}

/// Mends what there is to be found, which must be something; nothing is found then.
fn mend(store: &mut dyn Store) {
    let found = findings(store);
    assert!(!found.is_empty());
    for finding in &found {
        assert!(finding.is_mendable(), "{finding}");
        assert!(store.mend(finding).unwrap(), "{finding}");
    }
    assert_eq!(findings(store), []);
}

/// A store in which everything has happened once.
fn lived<S: Scene>(scene: &S) -> Hand {
    let mut hand = Hand::new(scene, "worker");
    let jobs = ["completed", "failed", "dead", "removed", "processing"];
    for name in jobs {
        let most = if name == "failed" { 3 } else { 1 };
        let job = named(name).max_retries(most);
        hand.store.enqueue(vec![job]).unwrap();
        let claimed = hand.claim_one();
        hand.print(
            &claimed,
            vec![chunk(0, queuectl_domain::Stream::Stdout, "x")],
        );
        match name {
            "processing" => {}
            "completed" | "removed" => drop(hand.settle(&claimed, success())),
            _ => drop(hand.settle(&claimed, failure())),
        }
    }
    hand.store.remove(&id("removed")).unwrap();
    hand.store.enqueue(vec![named("pending")]).unwrap();
    hand
}

pub(crate) fn a_store_that_has_lived_is_sound<S: Scene>() {
    let scene = S::new();
    assert_eq!(findings(&mut *scene.open()), []);
    let mut hand = lived(&scene);
    assert_eq!(findings(&mut *hand.store), []);
    hand.store.retry(&Selection::AllDead, None).unwrap();
    hand.store.rescue(&hand.id, None).unwrap();
    assert_eq!(findings(&mut *hand.store), []);
    hand.store.clear(Clear::All { force: true }).unwrap();
    assert_eq!(findings(&mut *hand.store), []);
}

pub(crate) fn a_check_changes_nothing<S: Scene>() {
    let scene = S::new();
    let mut store = lived(&scene).store;
    scene.damage(Damage::Miscounted);
    let before = (all(&mut *store), store.counts().unwrap());
    assert_ne!(findings(&mut *store), []);
    assert_ne!(findings(&mut *store), []);
    assert_eq!((all(&mut *store), store.counts().unwrap()), before);
}

pub(crate) fn wrong_counts_are_found_and_counted_anew<S: Scene>() {
    let scene = S::new();
    let mut store = lived(&scene).store;
    scene.damage(Damage::Miscounted);
    let found = findings(&mut *store);
    let pending = Finding::Miscounted {
        state: State::Pending,
        counted: 8,
        there: 1,
    };
    assert_eq!(found, [pending]);
    mend(&mut *store);
    counts(&mut *store);
}

pub(crate) fn numbers_that_would_come_again_are_found_and_do_not<S: Scene>() {
    for damage in [Damage::JobNumbersInUse, Damage::FencesInUse] {
        let scene = S::new();
        let mut hand = lived(&scene);
        scene.damage(damage);
        assert_eq!(findings(&mut *hand.store), [Finding::NumbersInUse]);
        mend(&mut *hand.store);
        hand.store.enqueue(vec![unnamed()]).unwrap();
        let claimed = hand.claim(9);
        assert_eq!(claimed.len(), 2, "{damage:?}");
        for one in claimed {
            hand.settle(&one, success());
        }
        assert_eq!(findings(&mut *hand.store), []);
    }
}

pub(crate) fn a_job_whose_worker_is_not_known_is_found_and_runs_again<S: Scene>() {
    let scene = S::new();
    let hand = lived(&scene);
    let mut store = scene.open();
    scene.damage(Damage::Ownerless);
    let ownerless = Finding::Ownerless {
        worker: hand.id.clone(),
        jobs: ids(&["processing"]),
    };
    assert_eq!(findings(&mut *store), [ownerless]);
    mend(&mut *store);
    let job = store.job(&id("processing")).unwrap();
    assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
    let attempts = store.attempts(&id("processing")).unwrap();
    let (_, ending) = attempts[0].ended.as_ref().unwrap();
    assert_eq!(ending.outcome, Outcome::Crashed);
    counts(&mut *store);
    let mut heir = Hand::new(&scene, "heir");
    assert_eq!(heir.claim(9).len(), 2);
}

pub(crate) fn what_has_its_worker_back_is_not_taken_from_it<S: Scene>() {
    let scene = S::new();
    let hand = lived(&scene);
    let mut store = scene.open();
    let finding = Finding::Ownerless {
        worker: hand.id.clone(),
        jobs: ids(&["processing"]),
    };
    let before = all(&mut *store);
    store.mend(&finding).unwrap();
    assert_eq!(all(&mut *store), before);
}

pub(crate) fn what_is_left_of_jobs_that_are_gone_is_found_and_removed<S: Scene>() {
    let scene = S::new();
    let mut hand = lived(&scene);
    let before = all(&mut *hand.store);
    scene.damage(Damage::Leftovers);
    let found = findings(&mut *hand.store);
    assert!(
        matches!(found[..], [Finding::Leftovers { rows: 3 }]),
        "{found:?}"
    );
    mend(&mut *hand.store);
    assert_eq!(all(&mut *hand.store), before);
    for job in &before.jobs {
        for attempt in hand.store.attempts(&job.spec.id).unwrap() {
            assert_eq!(hand.store.output(attempt.fence).unwrap().len(), 1);
        }
    }
}

pub(crate) fn a_job_that_can_not_be_read_is_found_and_left_alone<S: Scene>() {
    let scene = S::new();
    let mut store = lived(&scene).store;
    scene.damage(Damage::CommandLost);
    let found = findings(&mut *store);
    let unreadable: Vec<_> = found
        .iter()
        .filter(|finding| matches!(finding, Finding::Unreadable { jobs: 1, .. }))
        .collect();
    assert_eq!(unreadable.len(), 1, "{found:?}");
    assert!(!unreadable[0].is_mendable());
    assert!(!store.mend(unreadable[0]).unwrap());
    assert_eq!(findings(&mut *store), found);
}

pub(crate) fn a_clock_that_went_back_is_found_and_no_job_waits_for_it<S: Scene>() {
    const DAY: u64 = 24 * 3600;
    let scene = S::new();
    let mut hand = Hand::new(&scene, "worker");
    let start = hand.store.now().unwrap();
    hand.store
        .enqueue(vec![named("before").priority(1)])
        .unwrap();
    scene.advance(seconds(DAY));
    hand.store.enqueue(vec![named("again")]).unwrap();
    let again = hand.claim_one();
    assert_eq!(again.job.spec.id, id("before"), "it has waited for a day");
    hand.settle(&again, success());
    let again = hand.claim_one();
    hand.turn(0, &[settled(&again, failure(), vec![])], &[], &[])
        .unwrap();
    hand.store
        .enqueue(vec![named("tomorrow").priority(10)])
        .unwrap();
    scene.set(start);

    hand.store
        .enqueue(vec![named("today").priority(1)])
        .unwrap();
    let found = findings(&mut *hand.store);
    let newest = Timestamp(start.0 + i64::try_from(DAY).unwrap() * 1_000_000);
    let expected = [
        Finding::Ahead { newest, now: start },
        Finding::WaitFromTheFuture { jobs: 2 },
    ];
    assert_eq!(found, expected);
    assert!(!hand.store.mend(&found[0]).unwrap(), "it can't set clocks");
    assert!(hand.store.mend(&found[1]).unwrap());
    assert_eq!(findings(&mut *hand.store), [expected[0].clone()]);
    // The most urgent is first again, and the retry comes after its two seconds.
    assert_eq!(hand.claim_one().job.spec.id, id("tomorrow"));
    assert_eq!(hand.claim_one().job.spec.id, id("today"));
    scene.advance(Duration::from_millis(1_999));
    assert_eq!(hand.claim(1), []);
    scene.advance(Duration::from_millis(1));
    assert_eq!(hand.claim_one().job.spec.id, id("again"));
}
