//! What is said when a server can't be used: its own words, or the system's, in time.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config};
use queuectl_store::ServerTrouble;

use crate::scene::Scene;

/// What is said of a server that is not there, and how soon at the latest.
#[track_caller]
fn unreached(url: &str, words: &str) {
    let begun = Instant::now();
    let (trouble, said) = Scene::new().refused(url);
    assert_eq!(trouble, ServerTrouble::Unreached, "{said}");
    assert!(said.contains(words), "{said}");
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(5500), "it took {took:?}");
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    unreached(&format!("postgres://a@127.0.0.1:{port}/d"), "refused");
}

#[test]
fn the_name_is_of_no_host() {
    unreached(
        "postgres://a@no-such-host.invalid/d",
        "the host `no-such-host.invalid` can't be found",
    );
}

#[test]
fn somebody_listens_and_never_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    unreached(&format!("postgres://a@127.0.0.1:{port}/d"), "no answer");
    let begun = Instant::now();
    let url = format!("postgres://a@127.0.0.1:{port}/d?connect_timeout=2");
    unreached(&url, "no answer");
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
#[cfg(unix)]
fn there_is_no_socket() {
    unreached(
        "postgres://a@%2Fno%2Fsuch%2Ffolder/d",
        "no such file or directory",
    );
}

#[test]
fn the_server_has_its_own_words() {
    let access = "host all carol 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 scram-sha-256";
    let config = Config::new()
        .access(access)
        .set("max_connections", "2")
        .set("superuser_reserved_connections", "1");
    let server = Cluster::start(&config).unwrap();
    server.sql("CREATE USER dave PASSWORD 'x'").unwrap();
    let port = server.port();
    let said = |url: String| Scene::new().refused(&url);
    let expected = |trouble, words: &str| (trouble, words.to_owned());
    assert_eq!(
        said(format!("postgres://dave:wrong@127.0.0.1:{port}/postgres")),
        expected(
            ServerTrouble::Denied,
            "FATAL: password authentication failed for user \"dave\""
        )
    );
    assert_eq!(
        said(format!("postgres://dave:x@127.0.0.1:{port}/nothing")),
        expected(
            ServerTrouble::NoDatabase,
            "FATAL: database \"nothing\" does not exist"
        )
    );
    let (trouble, words) = said(format!("postgres://carol:x@127.0.0.1:{port}/postgres"));
    assert_eq!(trouble, ServerTrouble::Denied);
    assert!(
        words.starts_with("FATAL: pg_hba.conf rejects connection"),
        "{words}"
    );
    let (trouble, words) = said(format!(
        "postgres://dave:x@127.0.0.1:{port}/postgres?sslmode=require"
    ));
    assert_eq!(trouble, ServerTrouble::Tls);
    assert!(words.contains("server does not support TLS"), "{words}");

    let holder = server.hold().unwrap();
    let (trouble, words) = said(format!("postgres://dave:x@127.0.0.1:{port}/postgres"));
    assert_eq!(trouble, ServerTrouble::Busy, "{words}");
    drop(holder);
}

#[test]
fn a_server_that_stops_says_so() {
    let server = Cluster::start(&Config::new()).unwrap();
    let url = server.tcp_url();
    Scene::new().open(&url).unwrap();
    server.stop(queuectl_cluster::Stop::Fast).unwrap();
    unreached(&url, "refused");
    server.start_again().unwrap();
    Scene::new().open(&url).unwrap();
}
