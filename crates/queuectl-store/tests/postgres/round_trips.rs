//! How often a call waits for the server: what is asked at once needs one answer.

use queuectl_domain::{JobId, NewJob};
use queuectl_store::{Existing, Turn};

use crate::proxy::Proxy;
use crate::scene::{Hand, Scene, named, numbered, open};

/// A worker on the other side of a proxy, which has done everything once: statements are prepared then.
fn practised(scene: &Scene, proxy: &Proxy) -> Hand {
    let url = scene.server.tcp_url();
    let port = scene.server.port().to_string();
    let url = url.replace(&port, &proxy.port.to_string());
    let mut hand = Hand::new(open(&url), "w");
    hand.store.enqueue(numbered(9)).unwrap();
    for _ in 0..3 {
        hand.turn(2).unwrap();
    }
    hand
}

#[test]
fn a_turn_with_nothing_to_tell_and_nothing_to_be_had_asks_once() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let mut hand = practised(&scene, &proxy);
    hand.turn(0).unwrap();
    let held: Vec<_> = hand.done.iter().map(|done| done.ticket).collect();
    let asked = proxy.round_trips(|| {
        let turn = Turn {
            held: &held,
            ..Turn::of(&hand.id)
        };
        hand.store.turn(&turn).unwrap();
    });
    assert_eq!(asked, 1);
}

#[test]
fn a_turn_that_settles_and_claims_asks_twice() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let mut hand = practised(&scene, &proxy);
    assert_eq!(hand.done.len(), 2);
    let asked = proxy.round_trips(|| {
        assert_eq!(hand.turn(2).unwrap().claimed.len(), 2);
    });
    assert_eq!(asked, 2);
}

#[test]
fn an_enqueue_asks_twice() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let mut hand = practised(&scene, &proxy);
    let asked = proxy.round_trips(|| {
        hand.store
            .enqueue(vec![named("one"), named("two")])
            .unwrap();
    });
    assert_eq!(asked, 2);
}

#[test]
fn names_that_users_have_taken_are_passed_over_with_few_questions() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let mut hand = practised(&scene, &proxy);
    let taken = (5_000..6_000).map(|number| named(JobId::generated(number).as_str()));
    hand.store.enqueue(taken.collect()).unwrap();
    scene.sql("SELECT setval('queuectl.names', 4998)");
    let nameless = NewJob {
        id: None,
        ..named("of-no-use")
    };
    let asked = proxy.round_trips(|| {
        let made = hand.store.enqueue(vec![nameless.clone(); 3]).unwrap();
        assert_eq!(made.len(), 3);
    });
    // It fails once, since it is hoped that no name is taken; then it draws and asks for more and more.
    assert!(asked < 30, "{asked} questions");
}

#[test]
fn jobs_without_names_are_added_with_two_questions_whatever_becomes_of_those_that_exist() {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let mut hand = practised(&scene, &proxy);
    let nameless = NewJob {
        id: None,
        ..named("of-no-use")
    };
    let asked = proxy.round_trips(|| {
        let new = vec![nameless.clone(); 9];
        hand.store.enqueue_batch(new, Existing::Skipped).unwrap();
    });
    assert_eq!(asked, 2);
}
