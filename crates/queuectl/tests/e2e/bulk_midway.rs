//! `enqueue --from` when something happens midway: then nothing stays, except what can't be taken back.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::process::Stdio;
use std::time::Duration;

use crate::jobs;
use crate::support::{Home, Running, names, system, text, wait_until};

/// A file `jobs` of as many commands, longer than what is read at once.
fn write_jobs(home: &Home, count: usize) {
    let lines = "echo and a few words more\n".repeat(count);
    home.write("jobs", lines.as_bytes());
}

const FROM: [&str; 4] = ["enqueue", "--lines", "--from", "jobs"];

/// The lock without which nobody can write to the store; held from the start.
pub(crate) struct Gate(File);

impl Gate {
    /// Holds back all who want to write.
    pub(crate) fn closed(home: &Home) -> Self {
        // A store that is there has the lock.
        home.make_store();
        let path = home.seen("data/queuectl.db-lock");
        let file = File::options().write(true).open(path);
        let file = file.expect("the lock is there");
        file.lock().expect("the lock can be had");
        Self(file)
    }

    /// Waits until `call` is held back.
    fn holds(&self, call: &Running) {
        let pid = call.pid();
        wait_until("the call to want to write", || self.holds_process(pid));
    }

    /// Whether a process is held back.
    pub(crate) fn holds_process(&self, pid: i32) -> bool {
        // A thread of its own waits for the lock.
        system::has_thread(pid, "store-lock")
    }

    /// Lets those through who have been waiting, until `is_so`.
    fn open_until(&self, home: &Home, is_so: impl Fn(&Home) -> bool) {
        wait_until("those who want to write to have done so", || {
            self.0.unlock().expect("the lock can be let go");
            // The lock isn't handed on to those that wait: without this they would have to be faster than this thread.
            std::thread::sleep(Duration::from_millis(2));
            self.0.lock().expect("the lock can be had");
            is_so(home)
        });
    }

    pub(crate) fn open(self) {
        self.0.unlock().expect("the lock can be let go");
    }
}

#[test]
fn a_long_pipe_takes_little_memory() {
    // More text than it may take memory.
    const JOBS: usize = 100_000;
    let text = "x".repeat(700);
    let home = Home::new();
    let mut child = home
        .command(["enqueue", "--from", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary can be started");
    let pid = child.id().try_into().expect("a process id fits");
    let stdin = child.stdin.take().expect("stdin is a pipe");
    let writer = std::thread::spawn(move || {
        let mut stdin = BufWriter::new(stdin);
        for number in 0..JOBS {
            writeln!(
                stdin,
                "{{\"id\": \"n{number}\", \"command\": \"echo {text}\"}}"
            )
            .expect("it is all read");
        }
    });
    let mut peak = 0;
    wait_until("all to be added", || {
        peak = system::peak_memory(pid).unwrap_or(peak);
        child.try_wait().expect("it can be waited for").is_some()
    });
    assert!(child.wait().expect("it has ended").success());
    writer.join().expect("all was written");
    assert_eq!(home.total(), JOBS as i64);
    assert!((1024..64 * 1024).contains(&peak), "it took {peak} KiB");
}

#[test]
fn ctrl_c_midway_leaves_nothing() {
    let home = Home::new();
    write_jobs(&home, 25_000);
    let gate = Gate::closed(&home);
    let call = Running::start(&home, &FROM);
    gate.holds(&call);
    gate.open_until(&home, |home| home.total() > 0);
    let midway = home.total();
    call.interrupt();
    gate.open();
    let output = call.ended();
    assert!((1..25_000).contains(&midway), "{midway} of 25000 jobs");
    assert_eq!(output.code, None, "not ended by the signal: {output}");
    assert_eq!(output.err(), "note: interrupted; nothing was enqueued\n");
    assert_eq!(home.total(), 0);
    home.check_store();
}

#[test]
fn a_second_ctrl_c_waits_for_nothing() {
    let home = Home::new();
    write_jobs(&home, 25_000);
    let gate = Gate::closed(&home);
    let call = Running::start(&home, &FROM);
    gate.holds(&call);
    wait_until("the call to end before it may write", || {
        call.interrupt();
        !system::is_alive(call.pid())
    });
    let output = call.ended();
    assert_eq!((output.code, output.err()), (None, ""), "{output}");
    drop(gate);
    assert_eq!(home.total(), 0);
}

#[test]
fn what_a_worker_has_begun_stays_and_that_is_said() {
    let home = Home::new();
    home.write(
        "jobs",
        format!("{}\n{}", jobs::held("first"), "true\n".repeat(50_000)).as_bytes(),
    );
    home.start_workers(&[]);
    let gate = Gate::closed(&home);
    let call = Running::start(&home, &FROM);
    gate.holds(&call);
    gate.open_until(&home, |home| home.work("first.pid").exists());
    call.interrupt();
    gate.open();
    let output = call.ended();
    assert_eq!(
        output.err(),
        "note: interrupted; workers have begun 1 job, which can't be taken back\n"
    );
    assert_eq!(output.code, None, "not ended by the signal: {output}");
    home.touch("first.go");
    home.wait_for_state("j000001", "completed");
    assert_eq!(home.total(), 1);
    home.ok(["worker", "stop"]);
}

#[test]
fn a_file_that_is_changed_while_it_is_read_adds_nothing() {
    let home = Home::new();
    write_jobs(&home, 25_000);
    let gate = Gate::closed(&home);
    let call = Running::start(&home, &FROM);
    // It has been checked by now, and its first jobs have been read again.
    gate.holds(&call);
    let mut file = File::options().write(true).open(home.work("jobs"));
    let file = file.as_mut().expect("the file is there");
    file.seek(SeekFrom::End(-5)).expect("it has an end");
    file.write_all(b"less\n").expect("it can be written to");
    gate.open();
    let output = call.ended();
    assert!(output.failed(5).contains("was changed"), "{output}");
    assert_eq!(home.total(), 0);
}

#[test]
fn a_file_that_is_replaced_while_it_is_read_is_read_to_its_end() {
    let home = Home::new();
    write_jobs(&home, 25_000);
    let gate = Gate::closed(&home);
    let call = Running::start(&home, &FROM);
    gate.holds(&call);
    home.write("other", b"echo other\n");
    std::fs::rename(home.work("other"), home.work("jobs")).expect("a file can be renamed");
    gate.open();
    assert_eq!(call.ended().succeeded(), "Enqueued 25000 jobs\n");
    let newest = home.json(["-q", "list", "--limit", "1"]);
    assert_eq!(text(&newest[0], "command"), "echo and a few words more");
}

#[test]
fn an_id_that_is_taken_after_the_check_adds_nothing() {
    let home = Home::new();
    let lines = (0..25_000).map(|number| {
        let line = serde_json::json!({ "id": format!("n{number}"), "command": "true" });
        format!("{line}\n")
    });
    home.write("jobs.jsonl", lines.collect::<String>().as_bytes());
    let gate = Gate::closed(&home);
    let call = Running::start(&home, &["enqueue", "--from", "jobs.jsonl"]);
    gate.holds(&call);
    let other = Running::start(
        &home,
        &["enqueue", "--id", "n24999", "--command", "echo other"],
    );
    gate.holds(&other);
    gate.open();
    other.ended().succeeded();
    let output = call.ended();
    assert!(output.failed(4).contains("'n24999'"), "{output}");
    assert_eq!(home.total(), 1);
    assert_eq!(text(&home.show("n24999"), "command"), "echo other");
}

#[test]
fn one_that_is_killed_leaves_no_file_behind() {
    let home = Home::new();
    let gate = Gate::closed(&home);
    let before = names(&home.seen("data"));
    let mut child = home
        .command(["--json", "enqueue", "--lines", "--from", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary can be started");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    stdin
        .write_all("echo and a few words more\n".repeat(25_000).as_bytes())
        .expect("it is all read");
    drop(stdin);
    // By then it has copied the pipe, keeps an answer, and holds room in reserve.
    let pid = child.id().cast_signed();
    wait_until("the call to want to write", || gate.holds_process(pid));
    system::kill_hard(pid);
    child.wait().expect("it has ended");
    gate.open();
    assert_eq!(names(&home.seen("data")), before);
    assert_eq!(home.total(), 0);
}
