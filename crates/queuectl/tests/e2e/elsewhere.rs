//! Jobs whose directory doesn't exist where they are enqueued: with a store on a server, only the worker's machine needs it.

use crate::jobs;
use crate::on_server::Home as HomeOnServer;
use crate::support::{Home, text};

/// Directories that aren't here, as Unix and Windows write them.
const ELSEWHERE: [&str; 4] = [
    "/srv/no/such/build",
    "C:\\Jobs\\no such",
    "d:/jobs",
    "\\\\server\\share\\jobs",
];

/// Lines of a file that enqueue a job in each of these directories.
fn lines() -> String {
    let line = |(number, cwd): (usize, &&str)| {
        let id = format!("of-a-file-{number}");
        let job = serde_json::json!({ "id": id, "command": "true", "cwd": cwd });
        format!("{job}\n")
    };
    ELSEWHERE.iter().enumerate().map(line).collect()
}

#[test]
fn on_a_server_it_is_kept_as_it_was_given() {
    let home = HomeOnServer::new();
    for (number, cwd) in ELSEWHERE.iter().enumerate() {
        let id = format!("alone-{number}");
        home.enqueue(&id, jobs::SUCCEEDS, &["--cwd", cwd]);
        assert_eq!(text(&home.show(&id), "cwd"), *cwd);
    }
    let added = home.run_with_stdin(&["enqueue", "--from", "-"], lines().as_bytes());
    added.succeeded();
    for (number, cwd) in ELSEWHERE.iter().enumerate() {
        assert_eq!(
            text(&home.show(&format!("of-a-file-{number}")), "cwd"),
            *cwd
        );
    }
}

#[test]
fn on_a_server_it_is_needed_when_the_job_runs() {
    let home = HomeOnServer::new();
    let once = ["--max-retries", "1", "--cwd", "later"];
    home.enqueue("early", &jobs::prints_its_directory(), &once);
    home.work_off();
    let early = home.show("early");
    assert_eq!(text(&early, "state"), "dead");
    assert_eq!(text(&early["runs"][0], "outcome"), "not_started");

    home.enqueue("late", &jobs::prints_its_directory(), &once);
    std::fs::create_dir(home.work("later")).expect("a folder can be made");
    home.work_off();
    let late = home.show("late");
    let later = home.work("later").display().to_string();
    assert_eq!(text(&late, "cwd"), later);
    assert_eq!(text(&late, "output").trim_end(), later);
}

#[test]
fn for_a_store_in_a_file_it_has_to_be_here() {
    let home = Home::new();
    for cwd in ELSEWHERE {
        let error = home.run(["enqueue", "--command", "true", "--cwd", cwd]);
        let said = format!("`{cwd}` is not a directory");
        assert!(error.failed(2).contains(&said), "{error}");
    }
    let error = home.run_with_stdin(&["enqueue", "--from", "-"], lines().as_bytes());
    assert!(error.failed(2).contains("is not a directory"), "{error}");
    assert_eq!(home.total(), 0);
}
