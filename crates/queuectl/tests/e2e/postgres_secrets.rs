//! A password opens the way to the server, wherever it stands; and it is seen nowhere.

use std::path::Path;

use queuectl_cluster::certificates::Authority;
use queuectl_cluster::{Cluster, Config, Stop};

use crate::jobs;
use crate::support::{Home, Output, Running, items, number, system, text};

fn server() -> Cluster {
    Cluster::start(&Config::new()).expect("a server can be started")
}

/// Goes through what a user does, with a worker in the background and one in the foreground; returns all that was said.
#[track_caller]
fn goes_through_all(home: &Home, secret: &str) -> String {
    let mut said = String::new();
    home.enqueue("a", &jobs::held("a"), &[]);
    home.enqueue("b", &jobs::fails(3, "no luck"), &["--max-retries", "1"]);
    home.start_workers(&["--concurrency", "2"]);
    home.wait_for_pid("a.pid");
    home.wait_for_state("b", "dead");
    for process in system::processes_of(home.path()) {
        assert!(!process.command.contains(secret), "{}", process.command);
    }
    for call in [
        &["-v", "status"][..],
        &["--json", "status"],
        &["worker", "list"],
        &["--json", "worker", "list"],
        &["list"],
        &["show", "a"],
        &["--json", "show", "b"],
        &["dlq", "list"],
        &["dlq", "retry", "b"],
        &["config", "get"],
        &["doctor"],
        &["-v", "backup", "copy.db"],
    ] {
        let output = home.run(call);
        assert_eq!(output.code, Some(0), "{output}");
        said += &said_by(&output);
    }
    home.touch("a.go");
    home.wait_for_state("a", "completed");
    said += &said_by(&home.run(["worker", "stop"]));
    home.enqueue("c", &jobs::says("hello"), &[]);
    let foreground = Running::start(
        home,
        &["-v", "worker", "start", "--foreground", "--until-idle"],
    );
    said += &said_by(&foreground.ended());
    assert_eq!(text(&home.show("c"), "output").trim_end(), "hello");
    said
}

fn said_by(output: &Output) -> String {
    format!("{}{}\n", output.out(), output.err())
}

#[track_caller]
fn is_nowhere(secret: &str, said: &str, home: &Home) {
    assert!(!said.contains(secret), "{said}");
    let log = files_below(&home.seen("data"));
    assert!(log.iter().any(|(path, _)| path.ends_with(".log")), "no log");
    for (path, bytes) in log {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(secret), "in {path}: {text}");
    }
}

fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            found.push((path.display().to_string(), bytes));
        }
    }
    found
}

#[test]
fn a_password_in_the_url_is_shown_by_nothing() {
    let server = server();
    let home = Home::on(&server.tcp_url());
    let secret = server.password();
    let mut said = goes_through_all(&home, secret);
    let shown = format!("postgresql://postgres@127.0.0.1:{}/postgres", server.port());
    assert!(said.contains(&shown), "the store is named: {said}");

    // And when things go wrong.
    home.enqueue("d", &jobs::held("d"), &[]);
    let pids = home.start_workers(&[]);
    home.wait_for_pid("d.pid");
    let tracked = std::fs::read_to_string(home.seen("data/workers.json"));
    assert!(tracked.expect("it is there").contains(&shown));
    server.stop(Stop::Fast).expect("it can be stopped");
    for call in [&["status"][..], &["--json", "-v", "list"], &["doctor"]] {
        let output = home.run(call);
        assert_eq!(output.code, Some(5), "{output}");
        said += &said_by(&output);
    }
    let stopped = home.run(["worker", "stop", "--now"]);
    assert!(stopped.out().contains("Stopped 1 worker(s)"), "{stopped}");
    assert!(!system::is_alive(pids[0]));
    said += &said_by(&stopped);
    is_nowhere(secret, &said, &home);
    server.start_again().expect("it can be started");
}

#[test]
fn a_password_in_the_environment_reaches_background_workers() {
    let server = server();
    let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", server.port());
    let home = Home::on(&url).with_variable("PGPASSWORD", server.password());
    let said = goes_through_all(&home, server.password());
    is_nowhere(server.password(), &said, &home);
}

#[test]
fn a_service_and_a_password_file_are_all_that_is_needed() {
    let server = server();
    let home = Home::on("postgresql://");
    let service = format!(
        "[fleet]\nhost=127.0.0.1\nport={}\nuser=postgres\n",
        server.port()
    );
    let passwords = format!("127.0.0.1:*:*:postgres:{}\n", server.password());
    for (name, text) in [(".pg_service.conf", service), (".pgpass", passwords)] {
        let path = home.folder().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        system::set_mode(&path, 0o600);
    }
    let home = home.with_variable("PGSERVICE", "fleet");
    let said = goes_through_all(&home, server.password());
    is_nowhere(server.password(), &said, &home);

    // One that others may read is found by the check-up, and taken from them.
    let file = home.folder().join(".pgpass");
    system::set_mode(&file, 0o644);
    let output = home.run(["status"]);
    assert!(
        output.failed(5).contains("others may get at it"),
        "{output}"
    );
    let found = home.run(["doctor", "--fix"]);
    assert!(found.out().contains(".pgpass"), "{found}");
    assert_eq!(number(&home.json(["status"]), "total"), 3);
    for name in [".pg_service.conf", ".pgpass"] {
        std::fs::remove_file(home.folder().join(name)).expect("a file can be removed");
    }
}

#[test]
fn a_certificate_of_ones_own_will_do_for_workers_too() {
    let authority = Authority::new("an authority");
    let certified = authority.server(&["localhost"]);
    let config = Config::new()
        .tls(&certified, &authority)
        .access("hostssl all all 127.0.0.1/32 cert");
    let server = Cluster::start(&config).expect("a server can be started");
    let made = server.sql("CREATE USER alice; GRANT CREATE ON DATABASE postgres TO alice");
    made.expect("a user can be made");
    let alice = authority.client("alice");
    let parameters = "sslmode=verify-full&sslrootcert=root.crt&sslcert=alice.crt&sslkey=alice.key";
    let url = format!(
        "postgres://alice@localhost:{}/postgres?{parameters}",
        server.port()
    );
    let home = Home::on(&url);
    home.write("root.crt", authority.certificate().as_bytes());
    home.write("alice.crt", alice.certificate.as_bytes());
    home.write("alice.key", alice.key.as_bytes());
    system::set_mode(&home.work("alice.key"), 0o600);
    home.enqueue("a", &jobs::says("hello"), &[]);
    // The paths in the URL are relative, and a job that calls us runs in another folder.
    std::fs::create_dir(home.work("elsewhere")).expect("a folder can be made");
    let calls = |id: &str, other: &str| {
        let enqueue = ["enqueue", "--id", id, "--cwd", "elsewhere", "--"];
        let calls = ["queuectl", "enqueue", "--id", other, "--command", "exit 0"];
        home.ok(enqueue.iter().chain(&calls));
    };
    calls("front", "of-front");
    home.work_off();
    assert_eq!(text(&home.show("of-front"), "state"), "completed");
    calls("back", "of-back");
    home.start_workers(&[]);
    home.wait_for_state("back", "completed");
    home.wait_for_state("of-back", "completed");
    home.wait_for_state("a", "completed");
    let encrypted = "SELECT bool_and(ssl) AND count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'queuectl'";
    assert_eq!(server.sql(encrypted).expect("it answers"), "t");
    assert_eq!(items(&home.json(["worker", "list"])).len(), 1);
}
