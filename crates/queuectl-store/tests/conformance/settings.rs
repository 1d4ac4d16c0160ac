//! Settings: the same for all who use the store.

use queuectl_domain::{Key, Settings};
use queuectl_store::{ErrorKind, StoreError};

use crate::hand::{Hand, named};
use crate::scene::Scene;

pub(crate) fn a_new_store_has_the_defaults<S: Scene>() {
    let scene = S::new();
    let settings = scene.open().settings().unwrap();
    assert_eq!(settings, Settings::default());
}

pub(crate) fn every_setting_is_kept_and_seen_by_others<S: Scene>() {
    const VALUES: [&str; 11] = [
        "7",
        "3",
        "0.5",
        "9",
        "60",
        "1.25",
        "2",
        "4096",
        "86400",
        "3.5",
        "/bin/my sh",
    ];
    let scene = S::new();
    let mut store = scene.open();
    let mut other = scene.open();
    for (key, value) in Key::ALL.into_iter().zip(VALUES) {
        store.set(key, value).unwrap();
        assert_eq!(other.settings().unwrap().get(key), value);
    }
    drop((store, other));
    let kept = scene.open().settings().unwrap();
    assert_eq!(Key::ALL.map(|key| kept.get(key)), VALUES);
}

pub(crate) fn a_setting_can_be_changed_again<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    for value in ["bash", "default"] {
        store.set(Key::Shell, value).unwrap();
        assert_eq!(store.settings().unwrap().get(Key::Shell), value);
    }
    assert_eq!(scene.open().settings().unwrap(), Settings::default());
}

pub(crate) fn a_bad_value_is_refused_and_changes_nothing<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.set(Key::MaxRetries, "7").unwrap();
    let seen = store.settings().unwrap();
    let bad = [
        (Key::MaxRetries, "0"),
        (Key::BackoffBase, "101"),
        (Key::Timeout, "-1"),
        (Key::Priority, "high"),
        (Key::OutputLimit, ""),
        (Key::Keep, "-1"),
        (Key::Lease, "2.9"),
        (Key::Shell, "\n"),
    ];
    for (key, value) in bad {
        let error = store.set(key, value).unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{key} = {value}");
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert_eq!(store.settings().unwrap(), seen);
    }
}

pub(crate) fn workers_hear_of_new_settings_in_their_next_turn<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    assert_eq!(hand.ask().settings, Settings::default());
    let mut store = scene.open();
    for value in ["1", "0.25"] {
        store.set(Key::KillGrace, value).unwrap();
        let heard = hand.ask().settings;
        assert_eq!(heard, store.settings().unwrap());
        assert_eq!(heard.get(Key::KillGrace), value);
    }
}

pub(crate) fn a_job_keeps_the_rules_that_it_was_given<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.enqueue(vec![named("a")]).unwrap();
    let before = store.job(&crate::hand::id("a")).unwrap();
    store.set(Key::MaxRetries, "9").unwrap();
    store.set(Key::Priority, "9").unwrap();
    assert_eq!(store.job(&crate::hand::id("a")).unwrap(), before);
}
