//! The server refuses what it could do a moment later: it is tried again. What it won't do is said in its words.

use std::time::Duration;

use queuectl_store::{ErrorKind, Location, Options};

use crate::scene::{Hand, Scene, check_all_ran_once, numbered};

/// Lets the first so many changes of jobs fail with a code.
fn fail_at_first(scene: &Scene, code: &str, times: u32) {
    scene.sql(&format!(
        "CREATE SEQUENCE failures;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF nextval('public.failures') <= {times} THEN
                 RAISE EXCEPTION 'refused on purpose' USING ERRCODE = '{code}';
             END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER fail AFTER UPDATE ON queuectl.jobs FOR EACH STATEMENT EXECUTE FUNCTION fail()"
    ));
}

#[test]
fn what_others_were_in_the_way_of_and_what_took_too_long_is_tried_again() {
    // A serialization failure, a deadlock, a statement's time-out, a lock's.
    for code in ["40001", "40P01", "57014", "55P03"] {
        let scene = Scene::new();
        let mut hand = Hand::new(scene.open(), "w");
        hand.store.enqueue(numbered(4)).unwrap();
        fail_at_first(&scene, code, 3);
        assert_eq!(hand.turn(2).unwrap().claimed.len(), 2, "{code}");
        hand.work_until_done();
        check_all_ran_once(&mut *scene.open(), 4);
    }
}

#[test]
fn a_statement_that_always_takes_too_long_for_the_server_is_said_and_changes_nothing() {
    let scene = Scene::new();
    let mut hand = Hand::new(scene.open(), "w");
    hand.store.enqueue(numbered(4)).unwrap();
    fail_at_first(&scene, "57014", u32::MAX);
    let error = hand.turn(2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("refused on purpose"), "{error}");
    scene.sql("DROP TRIGGER fail ON queuectl.jobs");
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 4);
}

#[test]
fn who_waits_too_long_for_others_gives_up_and_can_go_on_later() {
    let scene = Scene::new();
    scene.open().enqueue(numbered(4)).unwrap();
    let options = Options {
        patience: Duration::from_secs(1),
        ..Options::default()
    };
    let location = Location::parse(scene.server.tcp_url().as_ref(), &|_| None).unwrap();
    let mut hand = Hand::new(queuectl_store::open(&location, &options).unwrap(), "w");
    let mut other = scene.server.hold().unwrap();
    other.sql("BEGIN; LOCK TABLE queuectl.jobs").unwrap();
    let error = hand.turn(2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    other.sql("COMMIT").unwrap();
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 4);
}
