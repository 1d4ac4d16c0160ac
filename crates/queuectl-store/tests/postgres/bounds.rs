//! How long the server keeps what a client has locked that isn't there any more.

use std::time::{Duration, Instant};

use queuectl_cluster::Pooling;
use queuectl_store::ErrorKind;

use crate::proxy::{Cut, Proxy};
use crate::scene::{Hand, Scene, beyond, named, numbered, open, open_with};

/// Until when a session has to be gone: well below the 15 s of a lease.
pub(crate) const GONE: Duration = Duration::from_secs(12);

/// How long others are held up by a worker in the middle of a turn that isn't heard of any more.
fn held_up(url: impl FnOnce(&str) -> String, before: impl FnOnce(&Scene, &mut Hand)) -> Duration {
    let scene = Scene::new();
    let proxy = Proxy::new(scene.server.port());
    let store = open_with(&url(&beyond(&scene, &proxy)), Duration::from_secs(1));
    let mut hand = Hand::new(store, "w");
    hand.store.enqueue(numbered(2)).unwrap();
    hand.turn(1).unwrap();
    before(&scene, &mut hand);
    proxy.cut(Cut::Unheard);
    let began = Instant::now();
    let error = hand.turn(1).unwrap_err();
    assert!(proxy.has_cut());
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    // The turn holds its worker, so that who forgets it waits for the end of that.
    let given_back = scene.open().rescue(&hand.id, None).unwrap();
    assert_eq!(given_back.len(), 1);
    let elapsed = began.elapsed();
    Hand::new(scene.open(), "v").work_until_done();
    elapsed
}

#[test]
fn a_transaction_whose_client_is_not_heard_of_holds_others_up_for_seconds_only() {
    let elapsed = held_up(str::to_owned, |_, _| {});
    assert!(elapsed < GONE, "it took {elapsed:?}");
}

#[test]
fn a_session_is_bounded_even_if_the_first_that_is_done_in_it_fails() {
    let elapsed = held_up(str::to_owned, |scene, hand| {
        scene.end_all_connections();
        let taken = hand.store.enqueue(numbered(1)).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::Conflict, "{taken}");
    });
    assert!(elapsed < GONE, "it took {elapsed:?}");
}

#[test]
fn what_the_url_says_of_a_session_counts() {
    let url = |url: &str| format!("{url}?options=-c%20idle_in_transaction_session_timeout%3D1500");
    let elapsed = held_up(url, |_, _| {});
    assert!(elapsed < Duration::from_secs(6), "it took {elapsed:?}");
}

#[test]
fn who_has_given_up_does_not_stay_in_the_queue_for_a_lock_however_long_he_lives() {
    let scene = Scene::new();
    let mut store = scene.open();
    let mut other = scene.server.hold().unwrap();
    other.sql("BEGIN; LOCK TABLE queuectl.specs").unwrap();
    let mut hasty = open_with(&scene.server.tcp_url(), Duration::from_secs(1));
    let error = hasty.enqueue(numbered(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let began = Instant::now();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    while scene.sql(waiting) != "0" {
        assert!(began.elapsed() < GONE, "it still waits");
    }
    other.sql("COMMIT").unwrap();
    assert_eq!(store.counts().unwrap().total(), 0);
    drop(hasty);
}

#[test]
fn what_is_acknowledged_is_on_disk_though_sessions_needn_t_wait_for_it_where_they_are() {
    for (set, seen) in [("off", "on"), ("remote_apply", "remote_apply")] {
        let scene = Scene::new();
        drop(scene.open());
        scene.sql(&format!(
            "ALTER ROLE postgres SET synchronous_commit = {set};
             CREATE TABLE seen (way text);
             CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 INSERT INTO public.seen VALUES (current_setting('synchronous_commit'));
                 RETURN NULL;
             END $$;
             CREATE TRIGGER see AFTER INSERT ON queuectl.specs FOR EACH STATEMENT EXECUTE FUNCTION see()"
        ));
        scene.open().enqueue(numbered(1)).unwrap();
        assert_eq!(scene.sql("SELECT way FROM seen"), seen);
    }
}

#[test]
fn nothing_is_compiled_and_no_schema_is_looked_through_but_the_servers_own() {
    let scene = Scene::new();
    let pooler = scene.server.pooler(Pooling::Transaction, 2);
    let pooler = pooler.unwrap_or_else(|trouble| panic!("{trouble}"));
    drop(scene.open());
    scene.sql(
        "ALTER ROLE postgres SET jit = on;
         CREATE TABLE seen (jit text, path text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             INSERT INTO public.seen VALUES (current_setting('jit'), current_setting('search_path'));
             RETURN NULL;
         END $$;
         CREATE TRIGGER note AFTER INSERT ON queuectl.jobs FOR EACH STATEMENT EXECUTE FUNCTION note()",
    );
    scene.open().enqueue(vec![named("a")]).unwrap();
    assert_eq!(scene.sql("SELECT * FROM seen"), "off|pg_catalog, pg_temp");
    // What is set behind a pooler is set for a transaction, and isn't more than has to be.
    open(&pooler.url("postgres"))
        .enqueue(vec![named("b")])
        .unwrap();
    let seen = scene.sql("SELECT DISTINCT * FROM seen");
    assert_eq!(seen, "off|pg_catalog, pg_temp");
}
