//! Who waits for the bell has a row on the server: those far away hear at once that they are to stop, and who goes leaves none.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use queuectl_store::{Bell, StopMode};

use crate::scene::{Hand, Scene, numbered};

/// Long enough for anything that will happen at all.
const SOON: Duration = Duration::from_secs(60);

#[test]
fn all_who_wait_are_woken_to_see_whether_they_are_to_stop() {
    let scene = Scene::new();
    let hands = ["a", "b"].map(|name| Hand::new(scene.open(), name));
    let wakings = hands
        .each_ref()
        .map(|hand| wait(hand.store.bell().unwrap()));
    until_so_many_wait(&scene, 2);
    let begun = Instant::now();
    let [a, _] = hands.each_ref().map(|hand| hand.id.clone());
    scene.open().request_stop(&[a], StopMode::Drain).unwrap();
    for waking in wakings {
        assert!(waking.recv_timeout(SOON).unwrap());
    }
    // By themselves they would look after ten seconds.
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "they were not told"
    );
}

#[test]
fn who_goes_takes_no_ring_that_another_waits_for() {
    let scene = Scene::new();
    let mut store = scene.open();
    let going = store.bell().unwrap();
    let sent_away = wait(going.another().unwrap());
    until_so_many_wait(&scene, 1);
    let stays = wait(scene.open().bell().unwrap());
    until_so_many_wait(&scene, 2);
    going.close();
    assert!(!sent_away.recv_timeout(SOON).unwrap(), "nobody has rung");
    until_so_many_wait(&scene, 1);
    store.enqueue(numbered(1)).unwrap();
    assert!(stays.recv_timeout(SOON).unwrap());
}

/// Waits in a thread; tells whether the bell was rung.
fn wait(mut bell: Box<dyn Bell>) -> Receiver<bool> {
    let (woken, wakings) = channel();
    std::thread::spawn(move || {
        // A test that has failed doesn't listen any more.
        let _ = woken.send(bell.wait().is_ok());
    });
    wakings
}

fn until_so_many_wait(scene: &Scene, count: usize) {
    let begun = Instant::now();
    while scene.sql("SELECT count(*) FROM queuectl.waiters") != count.to_string() {
        assert!(begun.elapsed() < SOON, "it never comes to that");
        std::thread::yield_now();
    }
}
