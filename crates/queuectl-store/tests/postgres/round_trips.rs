//! How often a call waits for the server: what is asked at once needs one answer.

use queuectl_store::Turn;

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
