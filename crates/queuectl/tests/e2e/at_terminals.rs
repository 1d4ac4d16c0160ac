//! What people see at a terminal, and how they are asked there.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::jobs;
use crate::support::{Home, Terminal, number, system, text, wait_for, wait_until};

#[test]
fn people_see_how_far_it_has_come() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let (mut person, program) = system::terminal();
    let mut command = home.command(["backup", "copy.db"]);
    command.stdout(Stdio::null()).stderr(program);
    let status = command.status().expect("it can be started");
    drop(command);
    assert!(status.success());
    let mut seen = Vec::new();
    // At its end a terminal whose program has gone gives an error.
    let _ = person.read_to_end(&mut seen);
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("100 %"), "{seen:?}");
    assert!(seen.ends_with("\r\x1b[K"), "{seen:?}");
}

#[test]
fn a_terminal_sees_how_far_it_has_come() {
    let home = Home::new();
    let (person, program) = system::terminal();
    let mut child = home
        .command(["enqueue", "--lines", "--from", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(program)
        .spawn()
        .expect("the binary can be started");
    let (seen, reader) = watched(person);
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    wait_for("the terminal to show how much is read", || {
        writeln!(stdin, "{}", jobs::says("hello")).expect("it reads on");
        let seen = seen.lock().expect("nobody panics with it");
        let seen = String::from_utf8_lossy(&seen).into_owned();
        if seen.contains("reading ") {
            Ok(())
        } else {
            Err(seen)
        }
    });
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
    reader.join().expect("the reader doesn't panic");
    assert!(home.total() > 0);
}

#[test]
fn clear_asks_at_a_terminal_and_says_how_many() {
    for (answer, left) in [("n\n", 2), ("\n", 2), ("y\n", 0)] {
        let home = Home::new();
        home.enqueue("a", jobs::SUCCEEDS, &[]);
        home.enqueue("b", jobs::SUCCEEDS, &[]);
        let (mut person, program) = system::terminal();
        let mut command = home.command(["clear"]);
        command
            .stdin(program)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        person
            .write_all(answer.as_bytes())
            .expect("a terminal can be typed at");
        let mut child = command.spawn().expect("the binary can be started");
        // Our copy of the terminal's other end has to go, or nobody would notice that the child has.
        drop(command);
        let mut asked = String::new();
        let mut stdout = child.stdout.take().expect("stdout is a pipe");
        stdout.read_to_string(&mut asked).expect("it prints text");
        let output = child.wait_with_output().expect("it ends");
        asked += &String::from_utf8_lossy(&output.stderr);
        assert!(asked.contains("2 jobs"), "it doesn't say how many: {asked}");
        assert_eq!(
            number(&home.json(["status"]), "total"),
            left,
            "after {answer:?}: {asked}"
        );
    }
}

/// What a terminal shows, as it comes.
fn watched(mut person: File) -> (Arc<Mutex<Vec<u8>>>, JoinHandle<()>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = Arc::clone(&seen);
    let reader = std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = person.read(&mut piece) {
            let mut seen = sees.lock().expect("nobody panics with it");
            seen.extend_from_slice(&piece[..read]);
        }
    });
    (seen, reader)
}

/// Waits until a terminal has shown `text` this many times.
#[track_caller]
fn wait_until_shown(seen: &Mutex<Vec<u8>>, text: &str, times: usize) {
    wait_for(&format!("the terminal to show {text}"), || {
        let seen = seen.lock().expect("nobody panics with it");
        let seen = String::from_utf8_lossy(&seen).into_owned();
        if seen.matches(text).count() >= times {
            Ok(())
        } else {
            Err(seen)
        }
    });
}

#[test]
fn what_is_said_after_ctrl_c_is_not_glued_to_what_the_terminal_shows_of_it() {
    let home = Home::new();
    home.enqueue("running", &jobs::held("running"), &[]);
    system::allow_interrupts();
    let (mut person, program) = system::terminal();
    let (seen, reader) = watched(person.try_clone().expect("a terminal can be shared"));
    let mut command = home.command(["worker", "start", "--foreground"]);
    command.stdout(program).env("TERM", "xterm");
    let mut child = command.spawn().expect("the binary can be started");
    drop(command);
    let pid = child.id().cast_signed();
    home.wait_for_pid("running.pid");
    wait_until_shown(&seen, "JOB STARTED", 1);
    for times in 1..=2 {
        // The terminal isn't the program's own, so it only shows this.
        person
            .write_all(b"\x03")
            .expect("a terminal can be typed at");
        wait_until_shown(&seen, "^C", times);
        system::interrupt(pid);
        wait_until_shown(&seen, "stopping", 1);
    }
    assert!(child.wait().expect("it ends").success());
    drop(person);
    reader.join().expect("the reader doesn't panic");
    let seen = seen.lock().expect("nobody panics with it");
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert_eq!(seen.matches("^C").count(), 2, "{seen:?}");
    assert_eq!(seen.matches("^C\r\u{1b}[K").count(), 2, "{seen:?}");
    assert!(seen.contains("WORKER STOPPED"), "{seen:?}");
}

#[test]
fn ctrl_c_reaches_a_worker_and_not_its_job() {
    let home = Home::new();
    home.enqueue("job", &jobs::held("job"), &["--max-retries", "1"]);
    let terminal = Terminal::start(home.command(["worker", "start", "--foreground"]));
    let job = home.wait_for_pid("job.pid");
    terminal.types("\x03");
    terminal.wait_until_it_shows("stopping");
    assert!(system::is_alive(job));
    home.touch("job.go");
    assert_eq!(terminal.ended(), Some(0));
    assert_eq!(text(&home.show("job"), "state"), "completed");
}

#[test]
fn a_worker_that_is_suspended_at_its_terminal_goes_on_in_the_foreground() {
    let home = Home::new();
    home.enqueue("job", &jobs::held("job"), &["--max-retries", "1"]);
    let terminal = Terminal::start(home.of_shell("exec sh -i"));
    terminal.types("queuectl worker start --foreground\n");
    let job = home.wait_for_pid("job.pid");
    let worker = number(&home.workers()[0], "pid") as i32;
    terminal.types("\x1a");
    terminal.wait_until_it_shows("topped");
    wait_until("the worker to be suspended", || {
        system::is_suspended(worker)
    });
    // What it runs isn't, and its end is seen when the worker goes on.
    assert!(!system::is_suspended(job));
    home.touch("job.go");
    wait_until("the job to end", || !system::is_alive(job));
    assert_eq!(text(&home.show("job"), "state"), "processing");
    terminal.types("fg\n");
    terminal.wait_until_it_shows("JOB COMPLETED SUCCESSFULLY");
    terminal.types("\x03");
    terminal.wait_until_it_shows("WORKER STOPPED");
    terminal.types("exit\n");
    assert_eq!(terminal.ended(), Some(0));
}

#[test]
fn a_terminal_that_is_closed_lets_the_running_job_finish() {
    let home = Home::new();
    home.enqueue("job", &jobs::held("job"), &["--max-retries", "1"]);
    home.enqueue("next", jobs::SUCCEEDS, &[]);
    let terminal = Terminal::start(home.command(["worker", "start", "--foreground"]));
    let job = home.wait_for_pid("job.pid");
    let mut worker = terminal.hang_up();
    wait_for("the worker to be stopping", || {
        let workers = home.workers();
        match workers.first().map(|worker| text(worker, "state")) {
            Some("stopping") => Ok(()),
            _ => Err(format!("{workers:?}")),
        }
    });
    assert!(system::is_alive(job), "it was hit");
    home.touch("job.go");
    let ended = worker.wait().expect("it ends");
    assert!(ended.success(), "{ended}");
    assert_eq!(text(&home.show("job"), "state"), "completed");
    assert_eq!(text(&home.show("next"), "state"), "pending");
}
