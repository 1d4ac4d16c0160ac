//! A cluster serves while its owner lives, and leaves nothing behind however that ends.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config, Pooling, Stop};

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
fn a_pooler_before_it_serves_and_is_gone_without_a_trace_when_dropped() {
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
    let lines = lines.map_while(Result::ok);
    let told = lines.filter_map(|line| line.split_once("it is in ").map(|(_, it)| it.to_owned()));
    let folders: Vec<PathBuf> = told.take(2).map(PathBuf::from).collect();
    assert!(folders[0].join("data/postmaster.pid").exists());
    assert!(folders[1].join("pgbouncer.ini").exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let begun = Instant::now();
    for folder in folders {
        while folder.exists() {
            let elapsed = begun.elapsed();
            assert!(elapsed < Duration::from_secs(30), "{folder:?} is left");
            std::thread::sleep(Duration::from_millis(20));
        }
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
    println!("it is in {}", cluster.folder().display());
    println!("it is in {}", pooler.folder().display());
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
