//! The bell: who waits is woken when there is something to claim, and by nothing else.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use queuectl_domain::Ending;
use queuectl_store::{Bell, Selection};

use crate::hand::{Hand, id, named, unnamed};
use crate::scene::Scene;

/// Long enough for anything that will happen at all.
const SOON: Duration = Duration::from_secs(20);

/// Long enough to see that what would happen at once doesn't.
const MOMENT: Duration = Duration::from_millis(250);

pub(crate) fn an_enqueue_by_another_wakes_who_waits<S: Scene>() {
    let scene = S::new();
    let (woken, wakings) = channel();
    wait_in_a_thread(scene.open().bell().unwrap(), woken);
    assert!(!has_woken(&wakings), "nothing has happened yet");
    scene.open().enqueue(vec![unnamed()]).unwrap();
    wakings.recv_timeout(SOON).unwrap();
}

pub(crate) fn a_retry_wakes_who_waits<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let (woken, wakings) = channel();
    let bell = store.bell().unwrap();
    store.enqueue(vec![named("a")]).unwrap();
    store.bury(&id("a"), None).unwrap();
    // The enqueue has rung; that one is heard here.
    wait_in_a_thread(bell.another().unwrap(), woken.clone());
    wakings.recv_timeout(SOON).unwrap();
    wait_in_a_thread(bell, woken);
    assert!(!has_woken(&wakings), "nothing has happened since");
    scene.open().retry(&Selection::AllDead, None).unwrap();
    wakings.recv_timeout(SOON).unwrap();
}

pub(crate) fn jobs_given_back_by_who_has_gone_wake_who_waits<S: Scene>() {
    for died in [false, true] {
        let scene = S::new();
        let (woken, wakings) = channel();
        let mut gone = Hand::new(&scene, "gone");
        let bell = gone.store.bell().unwrap();
        gone.store.enqueue(vec![unnamed()]).unwrap();
        wait_in_a_thread(bell.another().unwrap(), woken.clone());
        wakings.recv_timeout(SOON).unwrap();
        gone.claim_one();
        wait_in_a_thread(bell, woken);
        assert!(!has_woken(&wakings), "nothing has come back yet");
        let mut store = scene.open();
        if died {
            store.rescue(&gone.id, None).unwrap();
        } else {
            store.unregister(&gone.id).unwrap();
        }
        wakings.recv_timeout(SOON).unwrap();
    }
}

pub(crate) fn jobs_given_back_in_a_turn_wake_who_waits<S: Scene>() {
    for begun in [false, true] {
        let scene = S::new();
        let (woken, wakings) = channel();
        let mut hand = Hand::new(&scene, "w");
        let bell = hand.store.bell().unwrap();
        hand.store.enqueue(vec![unnamed()]).unwrap();
        wait_in_a_thread(bell.another().unwrap(), woken.clone());
        wakings.recv_timeout(SOON).unwrap();
        let held = hand.claim_one();
        wait_in_a_thread(bell, woken);
        assert!(!has_woken(&wakings), "nothing has come back yet");
        if begun {
            hand.settle(&held, Ending::stopped(Duration::ZERO));
        } else {
            hand.release(&[held.ticket]);
        }
        wakings.recv_timeout(SOON).unwrap();
    }
}

pub(crate) fn a_ring_before_the_wait_is_not_lost<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let bell = store.bell().unwrap();
    store.enqueue(vec![unnamed()]).unwrap();
    let (woken, wakings) = channel();
    wait_in_a_thread(bell, woken);
    wakings.recv_timeout(SOON).unwrap();
}

pub(crate) fn one_ring_wakes_one_of_two<S: Scene>() {
    let scene = S::new();
    let bell = scene.open().bell().unwrap();
    let (woken, wakings) = channel();
    wait_in_a_thread(scene.open().bell().unwrap(), woken.clone());
    wait_in_a_thread(bell.another().unwrap(), woken);
    bell.ring();
    wakings.recv_timeout(SOON).unwrap();
    assert!(!has_woken(&wakings), "one ring woke both");
    bell.ring();
    wakings.recv_timeout(SOON).unwrap();
}

pub(crate) fn another_handle_is_the_same_bell<S: Scene>() {
    let scene = S::new();
    let bell = scene.open().bell().unwrap();
    let (woken, wakings) = channel();
    wait_in_a_thread(bell.another().unwrap(), woken);
    assert!(!has_woken(&wakings), "nobody has rung yet");
    thread::spawn(move || bell.ring());
    wakings.recv_timeout(SOON).unwrap();
}

/// More often than a pipe has room for.
pub(crate) fn ringing_never_blocks_however_few_listen<S: Scene>() {
    let scene = S::new();
    let store = scene.open();
    let (done, rung) = channel();
    thread::spawn(move || {
        let bell = store.bell().unwrap();
        for _ in 0..70_000 {
            bell.ring();
        }
        done.send(()).unwrap();
    });
    rung.recv_timeout(SOON).unwrap();
}

fn wait_in_a_thread(mut bell: Box<dyn Bell>, woken: Sender<()>) {
    thread::spawn(move || {
        bell.wait().unwrap();
        // A test that has failed doesn't listen any more.
        let _ = woken.send(());
    });
}

fn has_woken(wakings: &Receiver<()>) -> bool {
    match wakings.recv_timeout(MOMENT) {
        Ok(()) => true,
        // The waiting thread has died of an error.
        Err(RecvTimeoutError::Disconnected) => panic!("nobody waits any more"),
        Err(RecvTimeoutError::Timeout) => false,
    }
}
