//! Several hosts: the first that can be written to is taken.

use std::net::TcpListener;
use std::time::Instant;

use queuectl_cluster::{Cluster, Config, Stop};
use queuectl_domain::Key;
use queuectl_store::ServerTrouble;

use crate::scene::Scene;

#[test]
fn a_standby_is_passed_over_until_it_has_taken_over() {
    let first = Cluster::start(&Config::new()).unwrap();
    let standby = first.standby().unwrap();
    let url = |hosts: &str| {
        let password = first.password();
        format!("postgres://postgres:{password}@{hosts}/postgres")
    };
    let (one, other) = (first.port(), standby.port());
    let both = url(&format!("127.0.0.1:{other},127.0.0.1:{one}"));
    Scene::new().open(&both).unwrap();
    let alone = url(&format!("127.0.0.1:{other}"));
    let (trouble, said) = Scene::new().refused(&alone);
    assert_eq!(trouble, ServerTrouble::ReadOnly);
    assert!(said.contains("is a standby"), "{said}");

    first.stop(Stop::Immediate).unwrap();
    let (_, said) = Scene::new().refused(&both);
    assert!(
        said.contains("is a standby") && said.contains("refused"),
        "{said}"
    );
    standby.promote().unwrap();
    Scene::new().open(&both).unwrap();
}

#[test]
fn a_host_that_never_answers_leaves_time_for_the_next() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().port();
    let server = Cluster::start(&Config::new()).unwrap();
    let (password, port) = (server.password(), server.port());
    let url =
        format!("postgres://postgres:{password}@127.0.0.1:{silent},127.0.0.1:{port}/postgres");
    let begun = Instant::now();
    Scene::new().open(&url).unwrap();
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn whom_the_first_host_turns_away_does_not_try_the_next() {
    let first = Cluster::start(&Config::new()).unwrap();
    let next = Cluster::start(&Config::new()).unwrap();
    let (password, one, other) = (next.password(), first.port(), next.port());
    let url = format!("postgres://postgres:{password}@127.0.0.1:{one},127.0.0.1:{other}/postgres");
    assert_eq!(Scene::new().refused(&url).0, ServerTrouble::Denied);
}

#[test]
fn who_is_connected_to_a_server_that_becomes_read_only_goes_to_the_next() {
    let first = Cluster::start(&Config::new()).unwrap();
    let next = first.standby().unwrap();
    let (password, one, other) = (first.password(), first.port(), next.port());
    let url = format!("postgres://postgres:{password}@127.0.0.1:{one},127.0.0.1:{other}/postgres");
    let mut store = Scene::new().open(&url).unwrap();
    store.set(Key::MaxRetries, "7").unwrap();
    // All that was written has to have arrived.
    let written = first.sql("SELECT pg_current_wal_lsn()").unwrap();
    let has_come = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
    while next.sql(&has_come).unwrap() != "t" {
        std::thread::yield_now();
    }
    first
        .sql("ALTER SYSTEM SET default_transaction_read_only = on")
        .unwrap();
    first.sql("SELECT pg_reload_conf()").unwrap();
    while first.sql("SHOW default_transaction_read_only").unwrap() != "on" {
        std::thread::yield_now();
    }
    next.promote().unwrap();
    store.set(Key::MaxRetries, "8").unwrap();
    let kept = "SELECT value FROM queuectl.settings";
    assert_eq!(next.sql(kept).unwrap(), "8");
    assert_eq!(first.sql(kept).unwrap(), "7");
}
