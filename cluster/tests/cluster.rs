//! A cluster serves while its owner lives, and leaves nothing behind however that ends.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config, Stop};

/// In the environment of a test that is run by another, to be killed: it starts a cluster, names it, and waits.
const VICTIM: &str = "QUEUECTL_CLUSTER_VICTIM";

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
    let program = std::env::current_exe().unwrap();
    let mut owner = Command::new(program)
        .args(["--exact", "--nocapture", "a_victim_of_another_test"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let told = lines.find_map(|line| line.split_once("cluster in ").map(|(_, it)| it.to_owned()));
    let folder = PathBuf::from(told.unwrap());
    assert!(folder.join("data/postmaster.pid").exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let begun = Instant::now();
    while folder.exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{folder:?} is left"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "that is how its test talks to it"
)]
fn a_victim_of_another_test() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let cluster = Cluster::start(&Config::new()).unwrap();
    println!("cluster in {}", cluster.folder().display());
    std::thread::sleep(Duration::from_secs(60));
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
