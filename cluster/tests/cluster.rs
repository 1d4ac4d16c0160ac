//! A cluster serves while its owner lives, and leaves nothing behind however that ends.

mod victim;

use std::path::Path;

use queuectl_cluster::{Cluster, Config, Stop};

#[test]
fn it_answers_and_is_gone_without_a_trace_when_dropped() {
    let cluster = Cluster::start(&Config::new()).unwrap();
    assert_eq!(cluster.sql("SELECT 40 + 2").unwrap(), "42");
    let folder = cluster.folder().to_owned();
    let password = cluster.password().to_owned();
    assert!(!holds(&folder, &password), "the password lies in a file");
    drop(cluster);
    assert!(!folder.exists());
}

#[test]
fn what_it_has_stays_when_it_is_stopped_and_started_again() {
    let cluster = Cluster::start(&Config::new().durable()).unwrap();
    assert_eq!(cluster.sql("SHOW fsync").unwrap(), "on");
    cluster.sql("CREATE TABLE kept AS SELECT 7 AS n").unwrap();
    cluster.stop(Stop::Fast).unwrap();
    let refused = cluster.sql("SELECT 1").unwrap_err().to_string();
    assert!(refused.contains("Is the server running"), "{refused}");
    cluster.start_again().unwrap();
    assert_eq!(cluster.sql("SELECT n FROM kept").unwrap(), "7");
    cluster.stop(Stop::Immediate).unwrap();
    cluster.start_again().unwrap();
    assert_eq!(cluster.sql("SELECT n FROM kept").unwrap(), "7");
}

#[test]
fn a_standby_follows_and_can_take_over() {
    let first = Cluster::start(&Config::new()).unwrap();
    first.sql("CREATE TABLE kept AS SELECT 7 AS n").unwrap();
    let standby = first.standby().unwrap();
    let refused = standby.sql("CREATE TABLE more ()").unwrap_err().to_string();
    assert!(refused.contains("read-only transaction"), "{refused}");
    first.stop(Stop::Immediate).unwrap();
    standby.promote().unwrap();
    standby.sql("INSERT INTO kept VALUES (8)").unwrap();
    assert_eq!(standby.sql("SELECT sum(n) FROM kept").unwrap(), "15");
}

#[test]
fn nothing_is_left_of_it_when_its_owner_is_killed() {
    victim::leaves_nothing("data/postmaster.pid");
}

#[test]
fn a_victim_of_another_test() {
    if !victim::is_wanted() {
        return;
    }
    let cluster = Cluster::start(&Config::new()).unwrap();
    victim::waits_in(cluster.folder());
}

/// Whether a text is in a file below a folder.
fn holds(folder: &Path, text: &str) -> bool {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.any(|path| {
        let found = || {
            std::fs::read(&path).is_ok_and(|bytes| {
                bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes())
            })
        };
        if path.is_dir() {
            holds(&path, text)
        } else {
            found()
        }
    })
}
