//! A pooler serves while its owner lives, and leaves nothing behind however that ends.
// Its programs are for Unix.
#![cfg(unix)]

mod victim;

use queuectl_cluster::{Cluster, Config, Pooling};

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
    victim::leaves_nothing("pgbouncer.ini");
}

#[test]
fn a_victim_of_another_test() {
    if !victim::is_wanted() {
        return;
    }
    let cluster = Cluster::start(&Config::new()).unwrap();
    let pooler = cluster.pooler(Pooling::Session, 1).unwrap();
    victim::waits_in(pooler.folder());
}
