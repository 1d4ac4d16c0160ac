//! Connections are ended, and the server is: what runs goes on, and what has ended is told when the server is back.

use std::time::Duration;

use queuectl_cluster::Stop;
use queuectl_domain::State;

use crate::scene::{Hand, Scene, all_run_once_though_cut_off, check_all_ran_once, numbered};

#[test]
fn who_has_lost_his_connection_between_two_calls_does_not_notice() {
    let scene = Scene::new();
    let mut hand = Hand::new(scene.open(), "w");
    hand.store.enqueue(numbered(4)).unwrap();
    for _ in 0..2 {
        scene.end_all_connections();
        assert_eq!(hand.turn(2).unwrap().claimed.len(), 2);
    }
    scene.end_all_connections();
    assert_eq!(hand.store.counts().unwrap().total(), 4);
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 4);
}

#[test]
fn connections_that_are_ended_in_the_middle_cost_no_job_and_no_result() {
    let scene = Scene::new();
    let url = scene.server.tcp_url();
    all_run_once_though_cut_off(&scene, &url, &["a", "b"], Duration::from_millis(20));
}

#[test]
fn a_server_that_is_started_again_has_all_that_was_committed() {
    for how in [Stop::Fast, Stop::Immediate] {
        let scene = Scene::new();
        let mut hand = Hand::new(scene.open(), "w");
        hand.store.enqueue(numbered(6)).unwrap();
        assert_eq!(hand.turn(2).unwrap().claimed.len(), 2);
        scene.server.stop(how).unwrap();
        scene.server.start_again().unwrap();
        let reply = hand.turn(2).unwrap();
        assert_eq!((reply.claimed.len(), reply.lost), (2, vec![]), "{how:?}");
        let counts = hand.store.counts().unwrap();
        assert_eq!(counts.of(State::Completed), 2);
        hand.work_until_done();
        check_all_ran_once(&mut *scene.open(), 6);
    }
}
