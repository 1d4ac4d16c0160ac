//! Workers far away that have nothing to do, and so ask seldom, hear at once that they are to stop.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use queuectl_store::StopMode;

use crate::scene::{Hand, Scene};

#[test]
fn all_who_wait_are_woken_to_see_whether_they_are_to_stop() {
    let scene = Scene::new();
    let hands = ["a", "b"].map(|name| Hand::new(scene.open(), name));
    let (woken, wakings) = channel();
    for hand in &hands {
        let mut bell = hand.store.bell().unwrap();
        let woken = woken.clone();
        std::thread::spawn(move || {
            bell.wait().unwrap();
            let _ = woken.send(());
        });
    }
    let begun = Instant::now();
    while scene.sql("SELECT count(*) FROM queuectl.waiters") != "2" {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody waits");
        std::thread::yield_now();
    }
    let begun = Instant::now();
    let [a, _] = hands.each_ref().map(|hand| hand.id.clone());
    scene.open().request_stop(&[a], StopMode::Drain).unwrap();
    for _ in &hands {
        // By themselves they would look after ten seconds.
        wakings.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "they were not told"
    );
}
