//! Completed jobs are deleted beside all that goes on.

use queuectl_domain::Timestamp;

use crate::scene::{Hand, Scene, numbered};

#[test]
fn what_another_is_about_to_delete_is_passed_over_and_not_waited_for() {
    let scene = Scene::new();
    let mut hand = Hand::new(scene.open(), "w");
    hand.store.enqueue(numbered(20)).unwrap();
    hand.work_until_done();
    let mut another = scene.server.hold().unwrap();
    another.sql("BEGIN").unwrap();
    let first = "SELECT count(*) FROM queuectl.completed_before(0, 9223372036854775807, 5)";
    assert_eq!(another.sql(first).unwrap(), "5");
    let end_of_time = Timestamp(i64::MAX);
    assert_eq!(hand.store.forget_completed(end_of_time, 10).unwrap(), 10);
    assert_eq!(hand.store.forget_completed(end_of_time, 10).unwrap(), 5);
    assert_eq!(hand.store.forget_completed(end_of_time, 10).unwrap(), 0);
    drop(another);
    // Another handle begins at the beginning.
    let deleted = scene.open().forget_completed(end_of_time, 10);
    assert_eq!(deleted.unwrap(), 5);
}

#[test]
fn what_was_deleted_is_not_walked_over_again_and_again() {
    const JOBS: usize = 1_000;
    let scene = Scene::new();
    let mut hand = Hand::new(scene.open(), "w");
    hand.store.enqueue(numbered(JOBS)).unwrap();
    hand.work_until_done();
    // As long as this goes on, nothing can be vacuumed, nor be marked as dead in an index.
    let mut another = scene.server.hold().unwrap();
    another
        .sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM queuectl.finished")
        .unwrap();
    for _ in 0..JOBS / 20 {
        let deleted = hand.store.forget_completed(Timestamp(i64::MAX), 20);
        assert_eq!(deleted.unwrap(), 20);
    }
    // With its session ends what the server counts of it by itself.
    drop(hand);
    let read =
        "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'finished_completed'";
    let looked = || scene.sql(read).parse::<usize>().unwrap();
    let begun = std::time::Instant::now();
    while looked() < JOBS && begun.elapsed().as_secs() < 20 {}
    assert!(looked() < 3 * JOBS, "{} entries were read", looked());
}

#[test]
fn each_table_of_jobs_and_workers_says_when_it_is_vacuumed() {
    let scene = Scene::new();
    drop(scene.open());
    // Those that the server's own settings do for: a row or some, which seldom change.
    let silent = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class \
        WHERE relkind = 'r' AND relnamespace = 'queuectl'::regnamespace \
            AND NOT coalesce(reloptions::text LIKE '%autovacuum%', false)";
    assert_eq!(scene.sql(silent), "about lost_workers settings");
}
