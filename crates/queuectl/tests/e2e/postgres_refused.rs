//! A server that can't be used: within five seconds it is said so, in its own words, with exit code 5.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use queuectl_cluster::certificates::Authority;
use queuectl_cluster::{Cluster, Config};

use crate::support::Home;

/// The patience with a server, and what a busy machine needs to start the program.
const SOON: Duration = Duration::from_millis(6500);

/// A password that is looked for in all that is printed.
const SECRET: &str = "pa55-of-nobody";

/// A command that would make a store, so that it gets as far as one can.
const MAKES_A_STORE: [&str; 4] = ["config", "set", "priority", "5"];

#[track_caller]
fn refused(place: &str, words: &str, hint: &str) {
    let home = Home::on(place);
    let begun = Instant::now();
    let output = home.run(MAKES_A_STORE);
    let took = begun.elapsed();
    let error = output.failed(5);
    assert!(error.contains(words), "{words}: {output}");
    assert!(error.contains(hint), "{hint}: {output}");
    assert!(took < SOON, "it took {took:?}");
    let told = home
        .run(["--json"].iter().chain(&MAKES_A_STORE))
        .failed_as_json(5, "unavailable");
    for text in [error, &told.to_string()] {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn nobody_is_there() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let silent = silent.local_addr().expect("it has one");
    let at = |address: &str| format!("postgres://a:{SECRET}@{address}/jobs");
    refused(
        &at("127.0.0.1:1"),
        "127.0.0.1:1: connection refused",
        "whether the server runs",
    );
    refused(
        &at("no-host.invalid"),
        "the host `no-host.invalid` can't be found",
        "host and port",
    );
    refused(
        &at(&silent.to_string()),
        "no answer",
        "no firewall is between",
    );
}

#[test]
fn the_server_does_not_let_us_in() {
    let access = "host all carol 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 scram-sha-256";
    let config = Config::new()
        .access(access)
        .set("max_connections", "2")
        .set("superuser_reserved_connections", "1");
    let server = Cluster::start(&config).expect("a server can be started");
    let made = server.sql("CREATE USER dave PASSWORD 'right'");
    made.expect("a user can be made");
    let with =
        |who: &str, rest: &str| format!("postgres://{who}@127.0.0.1:{}/{rest}", server.port());

    refused(
        &with(&format!("dave:{SECRET}"), "postgres"),
        "FATAL: password authentication failed for user \"dave\"",
        "check user and password",
    );
    refused(&with("dave", "postgres"), "password missing", "~/.pgpass");
    refused(
        &with("dave:right", "nothing"),
        "FATAL: database \"nothing\" does not exist",
        "createdb",
    );
    refused(
        &with(&format!("carol:{SECRET}"), "postgres"),
        "FATAL: pg_hba.conf rejects connection",
        "pg_hba.conf",
    );
    refused(
        &with("dave:right", "postgres?sslmode=require"),
        "server does not support TLS",
        "sslmode",
    );
    refused(
        &with("dave:right", "postgres"),
        "permission denied for database postgres",
        "what the user may do",
    );
    let _held = server.hold().expect("it lets one in");
    refused(
        &with("dave:right", "postgres"),
        "FATAL: remaining connection slots are reserved",
        "max_connections",
    );
}

#[test]
fn a_standby_can_not_be_written_to() {
    let first = Cluster::start(&Config::new()).expect("a server can be started");
    let standby = first.standby().expect("a standby can be started");
    let words = "is a standby, or read-only";
    refused(&standby.tcp_url(), words, "name the primary");
    // Who insists on it hears it from the server.
    let url = format!("{}?target_session_attrs=any", standby.tcp_url());
    refused(&url, "read-only", "name the primary");
}

#[test]
fn the_servers_certificate_is_of_nobody_we_know() {
    let authority = Authority::new("an authority");
    let certified = authority.server(&["localhost"]);
    let config = Config::new().tls(&certified, &authority);
    let server = Cluster::start(&config).expect("a server can be started");
    let url = format!(
        "{}?sslmode=verify-full&sslrootcert=roots.crt",
        server.tcp_url()
    );
    let home = Home::on(&url);
    home.write(
        "roots.crt",
        Authority::new("another").certificate().as_bytes(),
    );
    let output = home.run(["status"]);
    let error = output.failed(5);
    assert!(error.contains("invalid peer certificate"), "{output}");
    assert!(error.contains("sslrootcert"), "{output}");
}

#[test]
fn what_is_no_url_of_a_server_is_a_mistake_and_nothing_of_it_is_repeated() {
    for place in [
        format!("postgres://a:1/{SECRET}@host/jobs"),
        format!("postgres://a:{SECRET}@@host/jobs"),
        format!("postgres://host/jobs?sslmode={SECRET}"),
        format!("postgres://host/jobs?{SECRET}=1"),
        format!("postgrse://a:{SECRET}@host/jobs"),
    ] {
        let output = Home::on(&place).run(["status"]);
        let error = output.failed(2);
        assert!(!error.contains(SECRET), "{output}");
    }
}
