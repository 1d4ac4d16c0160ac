//! Somebody has locked the jobs for long, as one does who clears a big store or alters its tables.

use queuectl_store::ErrorKind;

use crate::scene::{Hand, Scene, check_all_ran_once, numbered, open_with};

#[test]
fn a_lease_can_be_renewed_while_nobody_gets_at_the_jobs() {
    let scene = Scene::new();
    let patience = std::time::Duration::from_secs(2);
    let mut hand = Hand::new(open_with(&scene.server.tcp_url(), patience), "w");
    hand.store.enqueue(numbered(2)).unwrap();
    hand.turn(1).unwrap();
    let mut other = scene.server.hold().unwrap();
    other.sql("BEGIN; LOCK TABLE queuectl.jobs").unwrap();
    for _ in 0..2 {
        let error = hand.turn(1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(hand.store.renew(&hand.id).unwrap().is_some());
    }
    other.sql("COMMIT").unwrap();
    hand.work_until_done();
    check_all_ran_once(&mut *scene.open(), 2);
}
