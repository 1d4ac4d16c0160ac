//! The floors, below which nothing is looked for: they rise while many are at work, nobody waits long for whoever raises them, and
//! those that are too high come down.

use std::time::{Duration, Instant};

use crate::scene::{Hand, Scene, check_all_ran_once, numbered, until};

#[test]
fn floors_rise_while_many_are_at_work() {
    const JOBS: usize = 4_000;
    let scene = Scene::new();
    scene.open().enqueue(numbered(JOBS)).unwrap();
    let floor = "SELECT last_value FROM queuectl.fence_floor";
    let before = scene.sql(floor);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let mut hand = Hand::new(scene.open(), &format!("w{number}"));
            scope.spawn(move || hand.work_until_done());
        }
    });
    assert_ne!(scene.sql(floor), before, "they never rose");
    check_all_ran_once(&mut *scene.open(), JOBS);
}

#[test]
fn who_would_raise_the_floors_gives_up_soon_since_all_others_wait_behind_him() {
    let scene = Scene::new();
    drop(scene.open());
    let mut other = scene.server.hold().unwrap();
    other.sql("BEGIN; SELECT queuectl.enter()").unwrap();
    let mut raising = scene.server.hold().unwrap();
    let times = (0..20).map(|_| {
        let begun = Instant::now();
        let raised = raising.sql("SELECT queuectl.raise_floors(false)").unwrap();
        assert_eq!(raised, "f");
        begun.elapsed()
    });
    // What a busy machine adds isn't added each time.
    let shortest = times.min().unwrap();
    assert!(shortest < Duration::from_millis(60), "{shortest:?}");
}

#[test]
fn floors_that_are_too_high_come_down_as_soon_as_they_can() {
    let scene = Scene::new();
    scene.open().enqueue(numbered(2)).unwrap();
    // As after a dump was restored.
    scene.sql("SELECT setval('queuectl.pending_floor', 9000000000000000000)");
    let mut other = scene.server.hold().unwrap();
    other.sql("BEGIN; SELECT queuectl.enter()").unwrap();
    let mut hand = Hand::new(scene.open(), "w");
    assert_eq!(hand.turn(2).unwrap().claimed.len(), 0);
    other.sql("COMMIT").unwrap();
    until("a claim", || hand.turn(2).unwrap().claimed.len() == 2);
}
