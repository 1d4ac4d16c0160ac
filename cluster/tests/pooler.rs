//! A pooler serves while its owner lives, and leaves nothing behind however that ends.
// Its programs are for Unix.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config, Pooling};

/// In the environment of a test that is run by another, to be killed: it starts a pooler, names it, and waits.
const VICTIM: &str = "QUEUECTL_POOLER_VICTIM";

#[test]
fn it_answers_and_is_gone_without_a_trace_when_dropped() {
    let cluster = Cluster::start(&Config::new()).unwrap();
    let pooler = cluster.pooler(Pooling::Transaction, 1).unwrap();
    let mut psql = cluster.program("psql");
    psql.args(["-XAtqd", &pooler.url("postgres"), "-c", "SELECT 40 + 2"]);
    let said = psql.output().unwrap();
    assert_eq!(said.stdout, b"42\n", "{said:?} {}", pooler.log());
    let folder = pooler.folder().to_owned();
    drop(pooler);
    assert!(!folder.exists());
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
    let told = lines.find_map(|line| line.split_once("pooler in ").map(|(_, it)| it.to_owned()));
    let folder = PathBuf::from(told.unwrap());
    assert!(folder.join("pgbouncer.ini").exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let begun = Instant::now();
    while folder.exists() {
        let elapsed = begun.elapsed();
        assert!(elapsed < Duration::from_secs(30), "{folder:?} is left");
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
    let pooler = cluster.pooler(Pooling::Session, 1).unwrap();
    println!("pooler in {}", pooler.folder().display());
    std::thread::sleep(Duration::from_secs(60));
}
