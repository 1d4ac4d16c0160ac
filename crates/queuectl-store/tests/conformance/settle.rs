//! Results: what an attempt's end does to its job, and that only who holds the claim can say so.

use std::time::Duration;

use queuectl_domain::{Attempt, Ending, Fence, Job, Outcome, State, Stream};
use queuectl_store::{Clear, Selection, Store};

use crate::hand::With as _;
use crate::hand::{
    Hand, all, chunk, counts, failure, id, named, seconds, settled, success, timeout,
};
use crate::scene::Scene;

pub(crate) fn a_success_completes_the_job<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let job = after::<S>(&scene, &mut hand, success());
    assert_eq!((job.life.state, job.life.attempts), (State::Completed, 1));
    assert_eq!((job.life.exit_code, job.life.last_error), (Some(0), None));
    assert_eq!(job.life.exec_time, Some(Duration::from_millis(1_250)));
    assert_eq!(job.life.finished_at, Some(hand.store.now().unwrap()));
    assert_eq!(job.life.claim, None);
}

pub(crate) fn a_failure_waits_for_its_retry<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let job = after::<S>(&scene, &mut hand, failure());
    assert_eq!((job.life.state, job.life.attempts), (State::Failed, 1));
    assert_eq!(job.life.exit_code, Some(7));
    assert_eq!(job.life.last_error.as_deref(), Some("Exit code 7: no disk"));
    let due = hand.store.now().unwrap().after(seconds(2));
    assert_eq!(job.life.next_retry_at(), Some(due));
}

pub(crate) fn every_way_to_end_is_kept_in_full<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let took = Duration::from_micros(1_234_567);
    for ending in [
        success(),
        failure(),
        Ending::exited(-1_073_741_819, None, took),
        Ending::killed(9, Some("SIGKILL"), Some("bye\0 \u{1f980}"), took),
        timeout(),
        Ending::not_started("no such file: `x`\n".into()),
        Ending::stopped(took),
        Ending::crashed(took),
    ] {
        after::<S>(&scene, &mut hand, ending.clone());
        let attempts = hand.store.attempts(&id("job")).unwrap();
        assert_eq!(attempts.len(), 1);
        let ended = attempts[0].ended.clone();
        assert_eq!(ended, Some((hand.store.now().unwrap(), ending)));
    }
}

pub(crate) fn a_retry_is_not_claimed_before_it_is_due<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    after::<S>(&scene, &mut hand, failure());
    scene.advance(seconds(2) - Duration::from_micros(1));
    let reply = hand.turn(1, &[], &[], &[]).unwrap();
    assert_eq!(reply.claimed, []);
    assert_eq!(reply.due_in, Some(Duration::from_micros(1)));
    scene.advance(Duration::from_micros(1));
    let again = hand.claim_one();
    assert_eq!(again.job.life.attempts, 2);
}

pub(crate) fn a_worker_hears_when_the_next_retry_is_due<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let mut other = Hand::new(&scene, "other");
    assert_eq!(hand.ask().due_in, None);
    let late = named("late").backoff_base(60);
    hand.store.enqueue(vec![late]).unwrap();
    let late = hand.claim_one();
    let reply = hand.settle(&late, failure());
    assert_eq!(reply.due_in, Some(seconds(60)));
    hand.store.enqueue(vec![named("soon")]).unwrap();
    hand.run(failure());
    assert_eq!(other.ask().due_in, Some(seconds(2)));
    scene.advance(seconds(1));
    assert_eq!(other.ask().due_in, Some(seconds(1)));
    hand.store.remove(&id("soon")).unwrap();
    assert_eq!(other.ask().due_in, Some(seconds(59)));
    hand.store.bury(&id("late"), None).unwrap();
    assert_eq!(other.ask().due_in, None);
}

pub(crate) fn a_job_out_of_attempts_is_dead_and_says_why<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("job").max_retries(2)])
        .unwrap();
    hand.run(failure());
    scene.advance(seconds(2));
    hand.run(timeout());
    let job = hand.store.job(&id("job")).unwrap();
    assert_eq!((job.life.state, job.life.attempts), (State::Dead, 2));
    assert_eq!(
        job.life.last_error.as_deref(),
        Some("Timeout exceeded (20s)")
    );
    scene.advance(seconds(1_000_000));
    assert_eq!(hand.claim(9), []);
}

pub(crate) fn all_attempts_are_kept_even_over_a_retry_by_hand<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("job").max_retries(2)])
        .unwrap();
    let mut expected = Vec::new();
    for ending in [failure(), Ending::stopped(seconds(1)), timeout()] {
        scene.advance(seconds(10));
        expected.push(attempt(&scene, &mut hand, ending));
    }
    let dead = Selection::Jobs(vec![id("job")]);
    hand.store.retry(&dead, None).unwrap();
    assert_eq!(hand.store.attempts(&id("job")).unwrap(), expected);
    scene.advance(seconds(10));
    expected.push(attempt(&scene, &mut hand, success()));
    assert_eq!(scene.open().attempts(&id("job")).unwrap(), expected);
    let numbers: Vec<_> = expected.iter().map(|attempt| attempt.attempt).collect();
    assert_eq!(numbers, [1, 2, 2, 1]);
}

/// Runs the next job for a second, and says what is to be found of it.
fn attempt<S: Scene>(scene: &S, hand: &mut Hand, ending: Ending) -> Attempt {
    let claimed = hand.claim_one();
    let started_at = hand.store.now().unwrap();
    scene.advance(seconds(1));
    hand.settle(&claimed, ending.clone());
    Attempt {
        fence: claimed.ticket.fence,
        attempt: claimed.job.life.attempts,
        worker: hand.id.clone(),
        started_at,
        ended: Some((started_at.after(seconds(1)), ending)),
    }
}

pub(crate) fn a_stop_consumes_no_attempt<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let job = after::<S>(&scene, &mut hand, Ending::stopped(seconds(3)));
    assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
    assert_eq!((job.life.crashes, job.life.last_error), (0, None));
}

pub(crate) fn a_result_under_another_fence_is_lost<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("job")]).unwrap();
    let claimed = hand.claim_one();
    for other in [-1, 1] {
        let mut forged = claimed.clone();
        forged.ticket.fence = Fence(claimed.ticket.fence.0 + other);
        let seen = snapshot(&mut *hand.store);
        let reply = hand.settle(&forged, success());
        assert_eq!(reply.lost, [forged.ticket.fence]);
        assert_eq!(snapshot(&mut *hand.store), seen);
    }
    assert_eq!(hand.settle(&claimed, success()).lost, []);
}

pub(crate) fn a_result_that_was_given_already_is_lost<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("job")]).unwrap();
    let claimed = hand.run(failure());
    let seen = snapshot(&mut *hand.store);
    let reply = hand.settle(&claimed, success());
    assert_eq!(reply.lost, [claimed.ticket.fence]);
    assert_eq!(snapshot(&mut *hand.store), seen);

    scene.advance(seconds(2));
    let again = hand.claim_one();
    let reply = hand.settle(&claimed, success());
    assert_eq!(reply.lost, [claimed.ticket.fence]);
    assert_eq!(hand.store.job(&id("job")).unwrap(), again.job);
}

pub(crate) fn a_result_of_a_job_that_is_gone_is_lost<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("job")]).unwrap();
    let claimed = hand.claim_one();
    hand.store.clear(Clear::All { force: true }).unwrap();
    hand.store.enqueue(vec![named("job")]).unwrap();
    let reply = hand.settle(&claimed, success());
    assert_eq!(reply.lost, [claimed.ticket.fence]);
    let job = hand.store.job(&id("job")).unwrap();
    assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
    assert_eq!(hand.store.attempts(&id("job")).unwrap(), []);
}

pub(crate) fn one_lost_claim_does_not_spoil_the_rest_of_its_turn<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let batch = ["a", "b", "c"].map(named).to_vec();
    hand.store.enqueue(batch).unwrap();
    let claimed = hand.claim(2);
    hand.settle(&claimed[0], success());
    let all: Vec<_> = claimed
        .iter()
        .map(|one| settled(one, failure(), vec![]))
        .collect();
    let reply = hand.turn(1, &all, &[], &[]).unwrap();
    assert_eq!(reply.lost, [claimed[0].ticket.fence]);
    assert_eq!(crate::hand::claimed_names(&reply.claimed), ["c"]);
    assert_eq!(
        hand.store.job(&id("a")).unwrap().life.state,
        State::Completed
    );
    assert_eq!(hand.store.job(&id("b")).unwrap().life.state, State::Failed);
}

pub(crate) fn the_output_of_a_lost_result_is_dropped<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("job")]).unwrap();
    let claimed = hand.run(failure());
    let output = vec![chunk(0, Stream::Stdout, "too late")];
    let late = settled(&claimed, success(), output.clone());
    let reply = hand.turn(0, &[late], &[], &[]).unwrap();
    assert_eq!(reply.lost, [claimed.ticket.fence]);
    let reply = hand.print(&claimed, output);
    assert_eq!(reply.lost, [claimed.ticket.fence]);
    assert_eq!(hand.store.output(claimed.ticket.fence).unwrap(), []);
}

pub(crate) fn the_rules_of_now_decide_the_backoff<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("job").backoff_base(100)])
        .unwrap();
    let claimed = hand.claim_one();
    let key = queuectl_domain::Key::MaxBackoff;
    scene.open().set(key, "30").unwrap();
    let reply = hand.settle(&claimed, failure());
    assert_eq!(reply.due_in, Some(seconds(30)));
}

pub(crate) fn counts_follow_every_result<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    for outcome in Outcome::ALL {
        let ending = Ending {
            outcome,
            ..failure()
        };
        let job = after::<S>(&scene, &mut hand, ending);
        let counts = counts(&mut *hand.store);
        assert_eq!(
            (counts.of(job.life.state), counts.total()),
            (1, 1),
            "{outcome}"
        );
    }
}

/// What has become of a new job whose first attempt ended so.
fn after<S: Scene>(scene: &S, hand: &mut Hand, ending: Ending) -> Job {
    hand.store.clear(Clear::All { force: true }).unwrap();
    hand.store.enqueue(vec![named("job")]).unwrap();
    let claimed = hand.claim_one();
    scene.advance(seconds(3));
    assert_eq!(hand.settle(&claimed, ending).lost, []);
    hand.store.job(&claimed.job.spec.id).unwrap()
}

/// All jobs with all their attempts.
fn snapshot(store: &mut dyn Store) -> Vec<(Job, Vec<Attempt>)> {
    let jobs = all(store).jobs.into_iter();
    jobs.map(|job| {
        let attempts = store.attempts(&job.spec.id).unwrap();
        (job, attempts)
    })
    .collect()
}
