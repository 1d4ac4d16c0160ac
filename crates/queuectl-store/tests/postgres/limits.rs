//! Limits that an administrator has set, and the server's own, hit a worker in earnest: its work goes on.

use queuectl_domain::State;

use crate::proxy::{Cut, Proxy};
use crate::scene::{Hand, Scene, beyond, check_all_ran_once, numbered, open, until};

/// A URL by which something is set for each session.
fn with(url: &str, setting: &str) -> String {
    format!("{url}?options=-c%20{}", setting.replace('=', "%3D"))
}

/// How many sessions of ours the server has.
fn sessions(scene: &Scene) -> String {
    scene.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'queuectl'")
}

#[test]
fn a_statement_that_the_server_breaks_off_is_tried_again() {
    let scene = Scene::new();
    let url = with(&scene.server.tcp_url(), "statement_timeout=300");
    let mut hand = Hand::new(open(&url), "w");
    hand.store.enqueue(numbered(4)).unwrap();
    let mut other = scene.server.hold().unwrap();
    other.sql("BEGIN; LOCK TABLE queuectl.jobs").unwrap();
    std::thread::scope(|scope| {
        let turn = scope.spawn(|| hand.turn(2).unwrap().claimed.len());
        until("a statement that is broken off", || {
            scene.server.log().contains("statement timeout")
        });
        other.sql("COMMIT").unwrap();
        assert_eq!(turn.join().unwrap(), 2);
    });
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 4);
}

#[test]
fn who_is_the_victim_of_a_deadlock_tries_again() {
    let scene = Scene::new();
    // The other would wait for ever, so it is the worker who finds the deadlock.
    let url = with(&scene.server.tcp_url(), "deadlock_timeout=2000");
    let mut hand = Hand::new(open(&url), "w");
    hand.store.enqueue(numbered(4)).unwrap();
    hand.turn(2).unwrap();
    let mut other = scene.server.hold().unwrap();
    other.sql("SET deadlock_timeout = '1h'").unwrap();
    other
        .sql("BEGIN; SELECT FROM queuectl.jobs WHERE state = 1 FOR UPDATE")
        .unwrap();
    std::thread::scope(|scope| {
        let turn = scope.spawn(|| hand.turn(2).unwrap());
        until("a wait", || scene.waiting() == 1);
        other
            .sql("SELECT FROM queuectl.workers FOR UPDATE")
            .unwrap();
        other.sql("COMMIT").unwrap();
        let reply = turn.join().unwrap();
        assert_eq!((reply.claimed.len(), reply.lost), (2, vec![]));
    });
    assert!(scene.server.log().contains("deadlock detected"));
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 4);
}

#[test]
fn a_session_that_the_server_ends_since_it_was_idle_is_made_anew() {
    let scene = Scene::new();
    let url = with(&scene.server.tcp_url(), "idle_session_timeout=200");
    let mut hand = Hand::new(open(&url), "w");
    hand.store.enqueue(numbered(4)).unwrap();
    for _ in 0..2 {
        until("the end of the session", || sessions(&scene) == "0");
        assert_eq!(hand.turn(2).unwrap().claimed.len(), 2);
    }
    assert!(scene.server.log().contains("idle-session timeout"));
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 4);
}

#[test]
fn a_session_that_the_server_ends_in_the_middle_of_a_turn_costs_nothing() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let url = with(
        &beyond(&scene, &proxy),
        "idle_in_transaction_session_timeout=300",
    );
    let mut hand = Hand::new(open(&url), "w");
    hand.store.enqueue(numbered(6)).unwrap();
    hand.turn(2).unwrap();
    // The COMMIT takes longer to arrive than the server waits.
    proxy.cut(Cut::Late);
    let reply = hand.turn(2).unwrap();
    assert!(proxy.has_cut());
    assert!(scene.server.log().contains("idle-in-transaction timeout"));
    assert_eq!((reply.claimed.len(), reply.lost), (2, vec![]));
    let counts = hand.store.counts().unwrap();
    assert_eq!(counts.of(State::Completed), 2);
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 6);
}
