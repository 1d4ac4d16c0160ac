//! A worker in the foreground whose output isn't read or can't be written: nothing waits for it, and the worker says so.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::jobs;
use crate::support::{Home, number, system, text, wait_for, wait_until};

/// How soon anything that doesn't wait for a reader is done, on a busy machine.
const SOON: Duration = Duration::from_secs(8);

/// A worker in the foreground, with what it prints in the hands of the test.
struct Worker {
    child: Child,
    stdout: Option<ChildStdout>,
}

impl Worker {
    fn start(home: &Home, args: &[&str]) -> Self {
        let mut command = home.command(["worker", "start", "--foreground"].iter().chain(args));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let stdout = child.stdout.take();
        Self { child, stdout }
    }

    /// Starts it with its output going to this file.
    fn onto(home: &Home, args: &[&str], file: File) -> Self {
        let mut command = home.command(["worker", "start", "--foreground"].iter().chain(args));
        command.stdout(file).stderr(Stdio::piped());
        let child = command.spawn().expect("the binary can be started");
        Self {
            child,
            stdout: None,
        }
    }

    fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Waits for its end: its exit code, and what it said on stderr.
    #[track_caller]
    fn ended(mut self) -> (Option<i32>, String) {
        let mut status = None;
        wait_until("the worker to end", || {
            status = self.child.try_wait().expect("it can be waited for");
            status.is_some()
        });
        let mut said = String::new();
        let stderr = self.child.stderr.take();
        stderr.map(|mut stderr| stderr.read_to_string(&mut said).expect("UTF-8"));
        (status.and_then(|status| status.code()), said)
    }

    /// Reads what it prints, to its end, on another thread.
    fn read_on(&mut self) -> std::thread::JoinHandle<String> {
        let mut stdout = self.stdout.take().expect("it isn't read yet");
        std::thread::spawn(move || {
            let mut told = String::new();
            stdout.read_to_string(&mut told).expect("UTF-8");
            told
        })
    }
}

fn completed(home: &Home) -> i64 {
    number(&home.json(["status"]), "completed")
}

/// The events of this kind, of all that were told.
fn events<'a>(told: &'a [Value], kind: &str) -> Vec<&'a Value> {
    told.iter().filter(|one| one["event"] == kind).collect()
}

fn parsed(told: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    told.lines().map(parse).collect()
}

#[test]
fn timeouts_and_stops_are_kept_while_nobody_reads() {
    let home = Home::new();
    home.enqueue(
        "flood",
        "fake-job forever",
        &["--timeout", "1", "--max-retries", "1"],
    );
    let worker = Worker::start(&home, &[]);
    let job = home.wait_for_state("flood", "dead");
    assert_eq!(text(&job, "last_error"), "Timeout exceeded (1s)");
    home.enqueue("after", jobs::SUCCEEDS, &[]);
    home.wait_for_state("after", "completed");
    home.enqueue("held", &jobs::held("held"), &[]);
    home.wait_for_pid("held.pid");
    system::terminate(worker.pid());
    wait_until("it to stop", || home.workers()[0]["state"] == "stopping");
    home.touch("held.go");
    let begin = Instant::now();
    let (code, said) = worker.ended();
    assert!(begin.elapsed() < SOON, "it took {:?}", begin.elapsed());
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.starts_with("error: nobody reads what this worker prints any more"),
        "{said}"
    );
    assert_eq!(home.workers().len(), 0);
    assert_eq!(text(&home.show("held"), "state"), "completed");
}

#[test]
fn what_is_left_out_is_told_and_no_event_is_lost() {
    let home = Home::new();
    let count = 8_000;
    home.enqueue("much", &format!("fake-job lines {count}"), &[]);
    home.enqueue("next", &jobs::says("hello"), &[]);
    let mut worker = Worker::start(&home, &["--until-idle", "--json"]);
    home.wait_for_state("much", "completed");
    home.wait_for_state("next", "completed");
    let told = worker.read_on();
    let (code, said) = worker.ended();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let told = told.join().expect("the reader doesn't panic");
    let told = parsed(&told);
    for kind in ["job_started", "job_ended"] {
        let ids: Vec<_> = events(&told, kind)
            .iter()
            .map(|one| text(one, "id"))
            .collect();
        assert_eq!(ids, ["much", "next"], "{kind}");
    }
    let printed = events(&told, "job_printed");
    let printed = printed.iter().filter(|one| one["id"] == "much");
    let printed: usize = printed.map(|one| text(one, "text").len()).sum();
    let left_out = events(&told, "output_left_out");
    assert!(
        left_out
            .iter()
            .all(|one| one["id"] == "much" || one["id"] == "next")
    );
    let left_out = left_out.iter().filter(|one| one["id"] == "much");
    let left_out: i64 = left_out.map(|one| number(one, "bytes")).sum();
    assert!(printed > 0 && left_out > 0, "{printed} and {left_out}");
    assert_eq!(printed as i64 + left_out, count * 1000);
}

#[test]
fn people_are_told_what_is_left_out() {
    let home = Home::new();
    home.enqueue("much", "fake-job lines 8000", &[]);
    let mut worker = Worker::start(&home, &["--until-idle"]);
    home.wait_for_state("much", "completed");
    let told = worker.read_on();
    assert_eq!(worker.ended().0, Some(0));
    let told = told.join().expect("the reader doesn't panic");
    let remark = told.lines().find(|line| line.contains("left out"));
    let remark = remark.unwrap_or_else(|| panic!("nothing is said: {}", &told[..2000]));
    assert!(remark.starts_with("[worker-"), "{remark}");
    assert!(
        remark.contains(" bytes of what job 'much' printed are left out"),
        "{remark}"
    );
    assert!(remark.contains("queuectl show much"), "{remark}");
}

#[test]
fn with_too_much_to_tell_it_claims_nothing_until_it_is_read() {
    let home = Home::new();
    let count = 1_000;
    let lines = format!("{}\n", jobs::SUCCEEDS).repeat(count);
    home.write("lines", lines.as_bytes());
    home.ok(["enqueue", "--lines", "--from", "lines"]);
    let mut worker = Worker::start(&home, &["--until-idle", "--json", "--concurrency", "4"]);
    let mut seen = (0, Instant::now());
    wait_for("it to claim no more", || {
        let now = completed(&home);
        if now != seen.0 {
            seen = (now, Instant::now());
        }
        let stands = now > 0 && seen.1.elapsed() > Duration::from_secs(2);
        stands.then_some(()).ok_or_else(|| now.to_string())
    });
    assert!(seen.0 < count as i64, "it went on to the end");
    let told = worker.read_on();
    let (code, said) = worker.ended();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(completed(&home), count as i64);
    let told = parsed(&told.join().expect("the reader doesn't panic"));
    for kind in ["job_started", "job_ended"] {
        assert_eq!(events(&told, kind).len(), count, "{kind}");
    }
}

#[test]
fn a_terminal_that_is_held_holds_up_nothing() {
    let home = Home::new();
    let (mut person, program) = system::terminal();
    let mut command = home.command(["worker", "start", "--foreground"]);
    let both = || program.try_clone().expect("a terminal can be shared");
    let mut child = command
        .stdout(both())
        .stderr(both())
        .spawn()
        .expect("the binary can be started");
    drop(command);
    wait_until("the worker to be there", || home.workers().len() == 1);
    // Ctrl+S
    person
        .write_all(b"\x13")
        .expect("a terminal can be typed on");
    home.enqueue(
        "flood",
        "fake-job forever",
        &["--timeout", "1", "--max-retries", "1"],
    );
    home.wait_for_state("flood", "dead");
    let begin = Instant::now();
    system::interrupt(child.id().cast_signed());
    let mut status = None;
    wait_until("the worker to end", || {
        status = child.try_wait().expect("it can be waited for");
        status.is_some()
    });
    assert!(begin.elapsed() < SOON, "it took {:?}", begin.elapsed());
    assert_eq!(status.and_then(|status| status.code()), Some(1));
    drop(person);
}

#[test]
fn on_a_full_disk_it_works_on_and_says_so_once() {
    let home = Home::new();
    for id in ["a", "b", "c"] {
        home.enqueue(id, &jobs::says("hello"), &[]);
    }
    let full = File::options().write(true).open("/dev/full");
    let worker = Worker::onto(&home, &["--until-idle"], full.expect("there is one"));
    let (code, said) = worker.ended();
    assert_eq!(completed(&home), 3, "{said}");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        said,
        "note: can't print what happens: No space left on device (os error 28); the worker goes on all the same\n"
    );
}

#[test]
fn without_a_reader_it_finishes_what_runs_and_fails() {
    let home = Home::new();
    home.enqueue("held", &jobs::held("held"), &[]);
    let mut worker = Worker::start(&home, &[]);
    home.wait_for_pid("held.pid");
    drop(worker.stdout.take());
    // It hears of that when it prints something, and may have begun another job by then.
    for _ in 0..50 {
        home.ok(["enqueue", "--command", jobs::SUCCEEDS]);
    }
    home.touch("held.go");
    let (code, said) = worker.ended();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.starts_with("error: nobody reads what this worker prints\nhint: "),
        "{said}"
    );
    assert_eq!(text(&home.show("held"), "state"), "completed");
    assert!(completed(&home) < 51, "{said}");
    assert_eq!(home.workers().len(), 0);
}

#[test]
fn a_command_that_can_not_answer_says_that_it_has_done_its_work() {
    let home = Home::new();
    let output = home.shell("queuectl enqueue --command true >/dev/full");
    let said = output.failed(1);
    assert!(said.contains("has done its work, but"), "{said}");
    assert_eq!(home.total(), 1);
}
