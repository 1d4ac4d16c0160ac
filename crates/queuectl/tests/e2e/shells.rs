//! What is said in the language of `sh`, or rests on what only Unix has: names in `/dev`, links, bytes that are no text, a line as
//! long as one likes, a file that is moved while it is open.

use std::ffi::OsString;

use crate::jobs;
use crate::support::{Home, finds, finds_nothing, ids, names, system, text, wait_until};

#[test]
fn an_argv_reaches_the_program_byte_for_byte() {
    let home = Home::new();
    let odd: [&[u8]; 9] = [
        b"",
        b"two words",
        b"$HOME `id` *",
        b"it's \"so\"",
        b"--id",
        b"--",
        b"a\nb\t\x1b[31m",
        b"\xff\xfe\x80",
        "naïve ☃".as_bytes(),
    ];
    let mut args: Vec<OsString> = ["enqueue", "--id", "raw", "--"]
        .map(OsString::from)
        .to_vec();
    let records = "printf '%s\\0' \"$@\" > args";
    args.extend(["sh", "-c", records, "sh"].map(OsString::from));
    args.extend(odd.map(system::raw));
    home.ok(args);
    home.work_off();
    assert_eq!(text(&home.show("raw"), "state"), "completed");
    let recorded = std::fs::read(home.work("args")).expect("the job has written it");
    let expected: Vec<u8> = odd
        .iter()
        .flat_map(|arg| [arg, &b"\0"[..]].concat())
        .collect();
    assert_eq!(
        recorded.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
}

#[test]
fn another_shell_runs_the_line() {
    let home = Home::new();
    let own = home.work("own-shell");
    std::os::unix::fs::symlink("/bin/sh", &own).expect("a link can be made");
    let own = own.to_str().expect("a temporary folder has a plain name");
    home.enqueue("usual", &jobs::prints_its_shell(), &[]);
    home.enqueue("given", &jobs::prints_its_shell(), &["--shell", own]);
    home.ok(["config", "set", "shell", own]);
    home.enqueue("set", &jobs::prints_its_shell(), &[]);
    home.work_off();
    assert_ne!(text(&home.show("usual"), "output").trim(), own);
    assert_eq!(text(&home.show("given"), "output").trim(), own);
    assert_eq!(text(&home.show("set"), "output").trim(), own);
}

#[test]
fn a_command_of_a_mebibyte_works() {
    let home = Home::new();
    let line = jobs::is_long(1024 * 1024);
    let args = ["enqueue", "--id", "long", "--command", "-"];
    home.run_with_stdin(&args, line.as_bytes()).succeeded();
    home.work_off();
    let job = home.show("long");
    assert_eq!(text(&job, "state"), "completed", "{}", job["last_error"]);
    assert_eq!(text(&job, "output"), "ok\n");
    assert_eq!(text(&job, "command").len(), line.len());
    // Neither its table nor what is beside it in the table grows with it.
    home.enqueue("short", jobs::SUCCEEDS, &[]);
    let list = home.ok(["list"]);
    let others = list.lines().filter(|line| !line.starts_with("long "));
    assert!(others.map(str::len).max() < Some(1000));
}

#[test]
fn workers_stop_when_their_store_is_gone() {
    let home = Home::new();
    let pids = home.start_workers(&[]);
    std::fs::rename(home.database(), home.work("elsewhere.db")).expect("a file can be moved");
    std::fs::write(
        home.database(),
        "this is no store any more, and has no tables at all",
    )
    .expect("a file can be written");
    home.run(["worker", "stop", "--now"]);
    wait_until("the worker to end", || !system::is_alive(pids[0]));
}

#[test]
fn the_scripts_of_dead_workers_are_found_and_removed() {
    let home = Home::new();
    home.start_workers(&[]);
    let ours = names(&home.seen("data/workers"))
        .into_iter()
        .find(|name| name.ends_with(".scratch"));
    let ours = ours.expect("the worker has a folder for scripts");
    let dead = home.seen("data/workers/worker-000000.scratch");
    std::fs::create_dir(&dead).expect("it can be made");
    std::fs::write(dead.join("line-0.sh"), "").expect("it can be written");
    system::set_mode(&dead, 0o700);
    let found = ["files: scripts of dead workers: worker-000000.scratch"];
    finds(&home, false, 4, "mendable", &found);
    assert!(dead.exists());
    finds(&home, true, 0, "mended", &found);
    assert!(!dead.exists());
    assert!(home.seen("data/workers").join(ours).exists());
    finds_nothing(&home);
}

/// A line that is too long to be an argument, of a job that waits.
fn held_and_long(name: &str) -> String {
    format!("{} #{}", jobs::held(name), "x".repeat(200_000))
}

#[test]
fn the_script_of_a_worker_that_dies_is_removed_with_its_other_files() {
    let home = Home::new();
    let args = ["enqueue", "--id", "long", "--command", "-"];
    let line = held_and_long("long");
    home.run_with_stdin(&args, line.as_bytes()).succeeded();
    let pids = home.start_workers(&[]);
    home.wait_for_pid("long.pid");

    let files = || {
        let mut names = names(&home.seen("data/workers"));
        names.retain(|name| !name.ends_with(".log"));
        names
    };
    assert_eq!(files().len(), 3, "lock, list and scripts: {:?}", files());
    system::kill_hard(pids[0]);
    home.ok(["worker", "stop"]);
    assert_eq!(files(), [] as [&str; 0]);
    assert_eq!(text(&home.show("long"), "state"), "pending");
}

#[test]
fn jobs_can_come_from_a_pipe_that_has_a_name() {
    let home = Home::new();
    let output = home.shell(
        "echo '{\"id\": \"c\", \"command\": \"true\"}' | queuectl enqueue --from /dev/stdin",
    );
    assert_eq!(output.succeeded(), "Enqueued 1 job\n");
    assert_eq!(ids(&home.json(["list"])), ["c"]);
}

#[test]
fn a_pipe_that_head_breaks_is_silent() {
    let home = Home::new();
    for i in 0..60 {
        let line = jobs::says(&"long ".repeat(400));
        home.enqueue(&format!("job{i}"), &line, &[]);
    }
    // `head` may have read all that fits into the pipe before it ends; what is more breaks it.
    let output = home
        .shell("queuectl --json list | head -c 1; queuectl list | head -1; queuectl list | true");
    assert!(output.out().starts_with('['), "{output}");
    assert!(output.succeeded().contains("Jobs\n"), "{output}");
    let status = home.shell("{ queuectl --json list; echo $? >&2; } | true");
    let code = status.err().trim();
    assert!(["0", "141"].contains(&code), "{status}");
}
