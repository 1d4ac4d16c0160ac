//! The connection is lost on the COMMIT of a turn: whether it was done or not, each result counts once, and nobody
//! holds what nobody runs.

use std::time::{Duration, Instant};

use queuectl_domain::State;
use queuectl_store::{ErrorKind, Turn};

use crate::proxy::{Cut, Proxy};
use crate::scene::{
    Hand, Scene, beyond as url_beyond, check_all_ran_once, check_sound, named, numbered, open_with,
    until,
};

/// A worker on the other side of a proxy, with so much patience.
fn patient_beyond(scene: &Scene, proxy: &Proxy, patience: u64) -> Hand {
    let patience = Duration::from_secs(patience);
    Hand::new(open_with(&url_beyond(scene, proxy), patience), "w")
}

/// A worker on the other side of a proxy.
fn beyond(scene: &Scene, proxy: &Proxy) -> Hand {
    patient_beyond(scene, proxy, 20)
}

#[test]
fn a_result_counts_once_and_no_claim_is_orphaned_whether_or_not_the_commit_was_done() {
    for cut in [Cut::BeforeCommit, Cut::AfterCommit] {
        let scene = Scene::new();
        let proxy = Proxy::new(scene.server.port());
        let mut hand = beyond(&scene, &proxy);
        hand.store.enqueue(numbered(6)).unwrap();
        hand.turn(2).unwrap();

        proxy.cut(cut);
        let error = hand.turn(2).unwrap_err();
        assert!(proxy.has_cut());
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let completed = scene.open().counts().unwrap().of(State::Completed);
        let expected = if cut == Cut::AfterCommit { 2 } else { 0 };
        assert_eq!(completed, expected, "{cut:?}");

        // The same results are told again, and those jobs that nobody knew of are run as if never claimed.
        let reply = hand.turn(2).unwrap();
        assert_eq!(reply.lost, [], "{cut:?}");
        let became = reply.settled.iter().map(|(_, life)| life.state);
        let became: Vec<_> = became.collect();
        assert_eq!(became, [State::Completed; 2], "{cut:?}");
        assert_eq!(reply.claimed.len(), 2);
        assert!(
            reply
                .claimed
                .iter()
                .all(|claimed| claimed.job.life.attempts == 1)
        );
        let running = scene.open().workers().unwrap()[0].running;
        assert_eq!(running, 2, "{cut:?}");
        hand.work_until_done();
        check_all_ran_once(&mut *scene.open(), 6);
    }
}

#[test]
fn what_was_given_back_on_a_commit_that_was_lost_is_not_called_lost() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let mut hand = beyond(&scene, &proxy);
    hand.store.enqueue(vec![named("0")]).unwrap();
    let claimed = hand.turn(1).unwrap().claimed;
    hand.done.clear();
    let released = [claimed[0].ticket];
    let turn = Turn {
        released: &released,
        ..Turn::of(&hand.id)
    };
    proxy.cut(Cut::AfterCommit);
    hand.store.turn(&turn).unwrap_err();
    assert!(proxy.has_cut());
    assert_eq!(hand.store.turn(&turn).unwrap().lost, []);
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 1);
}

#[test]
fn who_enqueues_on_a_commit_that_was_lost_is_told_that_it_failed_and_nothing_is_half_there() {
    for cut in [Cut::BeforeCommit, Cut::AfterCommit] {
        let scene = Scene::new();
        let proxy = Proxy::new(scene.server.port());
        let mut hand = beyond(&scene, &proxy);
        proxy.cut(cut);
        let error = hand.store.enqueue(numbered(100)).unwrap_err();
        assert!(proxy.has_cut());
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let mut store = scene.open();
        let there = store.counts().unwrap().total();
        assert_eq!(there, if cut == Cut::AfterCommit { 100 } else { 0 });
        check_sound(&mut *store);
    }
}

#[test]
fn a_commit_that_comes_after_the_next_turn_has_begun_leaves_no_claim_that_nobody_knows_of() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let mut hand = patient_beyond(&scene, &proxy, 2);
    hand.store.enqueue(numbered(6)).unwrap();
    proxy.cut(Cut::Late);
    let error = hand.turn(2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(proxy.has_cut());
    // The server still waits for that COMMIT, whether or not its worker has asked again.
    std::thread::scope(|scope| {
        let next = scope.spawn(|| hand.turn(2));
        until("a wait, or an end", || {
            scene.waiting() > 0 || next.is_finished()
        });
        proxy.let_go();
        let next = next.join().unwrap();
        let _ = next.inspect_err(|error| assert_eq!(error.kind(), ErrorKind::Unavailable));
    });
    let open = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'";
    until("the end of it", || scene.sql(open) == "0");
    until("a turn", || hand.turn(2).is_ok());
    let running = scene.open().workers().unwrap()[0].running;
    assert_eq!(running, hand.done.len() as u64);
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 6);
}

#[test]
fn what_was_claimed_is_heard_of_whatever_becomes_of_a_ring_that_wakes_others() {
    let scene = Scene::new();
    let mut hand = Hand::new(scene.open(), "w");
    hand.store.enqueue(numbered(4)).unwrap();
    let claimed = hand.turn(1).unwrap().claimed;
    hand.done.clear();
    hand.ran.clear();
    scene.sql(
        "CREATE OR REPLACE FUNCTION queuectl.ring() RETURNS void LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'refused on purpose'; END $$",
    );
    let released = [claimed[0].ticket];
    let turn = Turn {
        released: &released,
        free: 1,
        ..Turn::of(&hand.id)
    };
    let reply = hand.store.turn(&turn).unwrap();
    assert_eq!(reply.claimed.len(), 1);
    assert!(reply.more);
}

#[test]
fn what_was_committed_is_said_to_be_done_though_nobody_answers_the_ring_after_it() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let mut hand = patient_beyond(&scene, &proxy, 5);
    hand.store.enqueue(numbered(2)).unwrap();
    proxy.cut(Cut::SilentAfterAnswer);
    let begun = Instant::now();
    hand.store.enqueue(vec![named("2")]).unwrap();
    assert!(proxy.has_cut());
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "it waits for the ring"
    );
    assert_eq!(scene.open().counts().unwrap().total(), 3);
}
