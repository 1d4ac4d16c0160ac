//! A pooler lies between, and may give each transaction another of the server's connections: nothing is kept in a
//! session then, nor left there for others.

use std::process::Command;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use queuectl_cluster::{Behind, Pooler, Pooling};
use queuectl_store::{Bell, ErrorKind};

use crate::bounds::GONE;
use crate::proxy::{Cut, Proxy};
use crate::scene::{
    Hand, Scene, all_run_once_though_cut_off, check_all_ran_once, named, numbered, open, open_with,
};

/// Long enough for anything that will happen at all.
const SOON: Duration = Duration::from_secs(60);

/// Shorter than who isn't told waits until he looks by himself.
const TOLD: Duration = Duration::from_secs(9);

fn pooler(scene: &Scene, pooling: Pooling, connections: u32) -> Pooler {
    let pooler = scene.server.pooler(pooling, connections);
    pooler.unwrap_or_else(|trouble| panic!("{trouble}"))
}

/// What another client of the pooler is told.
fn ask(scene: &Scene, pooler: &Pooler, sql: &str) -> String {
    let mut psql: Command = scene.server.program("psql");
    psql.args([
        "-XAtq",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        &pooler.url("postgres"),
    ]);
    let said = psql.args(["-c", sql]).output().unwrap();
    assert!(said.status.success(), "{said:?} {}", pooler.log());
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_session_that_is_shared_is_not_relied_upon_and_left_as_it_was() {
    const SEEN: &str = "SELECT count(*), count(*) FILTER (WHERE statement LIKE '%another%'),
        current_setting('idle_in_transaction_session_timeout'), current_setting('plan_cache_mode'),
        (SELECT count(*) FROM pg_listening_channels()) FROM pg_prepared_statements";
    let scene = Scene::new();
    let pooler = pooler(&scene, Pooling::Transaction, 1);
    let names = (0..200).map(|number| format!("PREPARE s{number} AS SELECT 'of another';"));
    ask(&scene, &pooler, &names.collect::<String>());
    let before = ask(&scene, &pooler, SEEN);
    assert_eq!(before, "200|200|0|auto|0");
    let mut hand = Hand::new(open(&pooler.url("postgres")), "w");
    hand.store.enqueue(numbered(300)).unwrap();
    hand.work_until_done();
    check_all_ran_once(&mut *hand.store, 300);
    let waking = wait(hand.store.bell().unwrap());
    hand.store.enqueue(vec![named("one-more")]).unwrap();
    waking.recv_timeout(SOON).unwrap();
    assert_eq!(ask(&scene, &pooler, SEEN), before);
}

#[test]
fn workers_share_two_connections_that_are_ended_in_the_middle_and_run_each_job_once() {
    let scene = Scene::new();
    let pooler = pooler(&scene, Pooling::Transaction, 2);
    let (url, pause) = (pooler.url("postgres"), Duration::from_millis(50));
    all_run_once_though_cut_off(&scene, &url, &["a", "b", "c", "d"], pause);
}

#[test]
fn a_transaction_behind_a_pooler_that_is_not_heard_of_holds_others_up_for_seconds_only() {
    let scene = Scene::new();
    drop(scene.open());
    let proxy = Proxy::new(scene.server.port());
    let behind = Behind {
        host: "127.0.0.1".into(),
        port: proxy.port,
        user: "postgres".into(),
        password: scene.server.password().into(),
    };
    let pooler = Pooler::start(&behind, Pooling::Transaction, 1).unwrap();
    let store = open_with(&pooler.url("postgres"), Duration::from_secs(1));
    let mut hand = Hand::new(store, "w");
    hand.turn(1).unwrap();
    proxy.cut(Cut::Unheard);
    let began = Instant::now();
    let error = hand.store.unregister(&hand.id).unwrap_err();
    assert!(proxy.has_cut());
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    scene.open().rescue(&hand.id, None).unwrap();
    let elapsed = began.elapsed();
    assert!(elapsed < GONE, "it took {elapsed:?}");
}

#[test]
fn who_has_a_session_of_the_poolers_to_himself_is_told() {
    let scene = Scene::new();
    let mut store = scene.open();
    let pooler = pooler(&scene, Pooling::Session, 5);
    let waking = wait(open(&pooler.url("postgres")).bell().unwrap());
    until(&scene, "SELECT count(*) = 1 FROM queuectl.waiters");
    store.enqueue(numbered(1)).unwrap();
    waking.recv_timeout(TOLD).unwrap();
}

#[test]
fn who_is_told_nothing_takes_no_ring_from_others_and_hears_what_nobody_heard() {
    let scene = Scene::new();
    let mut store = scene.open();
    scene.sql("ALTER ROLE postgres SET track_functions = pl");
    let pooler = pooler(&scene, Pooling::Transaction, 2);
    let untold = wait(open(&pooler.url("postgres")).bell().unwrap());
    until(
        &scene,
        "SELECT count(*) > 0 FROM pg_stat_user_functions WHERE funcname = 'hear'",
    );
    let told = wait(scene.open().bell().unwrap());
    until(&scene, "SELECT count(*) > 0 FROM queuectl.waiters");
    store.enqueue(numbered(1)).unwrap();
    told.recv_timeout(TOLD).unwrap();
    assert_eq!(untold.try_recv(), Err(TryRecvError::Empty));
    store.enqueue(vec![named("one-more")]).unwrap();
    untold.recv_timeout(SOON).unwrap();
}

/// Waits in a thread.
fn wait(mut bell: Box<dyn Bell>) -> Receiver<()> {
    let (woken, wakings) = channel();
    thread::spawn(move || {
        if bell.wait().is_ok() {
            // A test that has failed doesn't listen any more.
            let _ = woken.send(());
        }
    });
    wakings
}

fn until(scene: &Scene, sql: &str) {
    let begun = Instant::now();
    while scene.sql(sql) != "t" {
        assert!(begun.elapsed() < SOON, "it never comes to that");
        thread::yield_now();
    }
}
