//! What only Windows has: how `cmd` reads a line, how a program's arguments are written into one, exit codes of 32 bits, code
//! pages, handles that are inherited, Job Objects.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::windows::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::attempts::after_one_attempt;
use crate::jobs;
use crate::support::{Home, items, names, number, system, text, wait_until};

/// Without a console, as a service is started.
const DETACHED_PROCESS: u32 = 0x8;
/// With a console of its own, which isn't seen.
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// How soon a job has to run again after its worker was killed.
const SOON: Duration = Duration::from_secs(1);

/// Runs a line at the prompt of `cmd`, in which `queuectl` is the binary.
#[track_caller]
fn at_the_prompt(home: &Home, line: &str) -> String {
    let mut command = Command::new("cmd");
    command.raw_arg(format!("/D /S /C \"{line}\""));
    home.finish(command).succeeded().replace("\r\n", "\n")
}

#[test]
fn a_line_is_read_as_at_the_prompt() {
    let home = Home::new();
    std::fs::create_dir(home.work("a folder")).expect("a folder can be made");
    let program = home.work("a folder").join("a job.exe");
    std::fs::copy(fake_job::path("fake-job"), &program).expect("it can be copied");
    let lines = [
        (r#"echo "a b""#, "\"a b\"\n"),
        (
            "echo %OS% and %NO_SUCH_THING%",
            "Windows_NT and %NO_SUCH_THING%\n",
        ),
        ("echo a ^& b ^| c ^^ ^> d", "a & b | c ^ > d\n"),
        ("echo one&echo two", "one\ntwo\n"),
        ("echo one&&echo two", "one\ntwo\n"),
        (r#"echo "^&|>""#, "\"^&|>\"\n"),
        ("echo 100% 'sure' \\ /", "100% 'sure' \\ /\n"),
        ("echo kept>kept.txt&type kept.txt", "kept\n"),
        ("for %i in (1 2) do @echo [%i]", "[1]\n[2]\n"),
        (r#"if "a b"=="a b" (echo yes) else (echo no)"#, "yes\n"),
        (r#""a folder\a job.exe" out "a b" out c"#, "a b\nc\n"),
        (
            r#"fake-job out a\b\ out "c d\\" out "e\"f""#,
            "a\\b\\\nc d\\\ne\"f\n",
        ),
        ("echo piped|fake-job copy", "piped\n"),
    ];
    for (number, (line, _)) in lines.iter().enumerate() {
        home.enqueue(&format!("line{number}"), line, &["--max-retries", "1"]);
    }
    home.work_off();
    for (number, (line, printed)) in lines.iter().enumerate() {
        let job = home.show(&format!("line{number}"));
        let output = text(&job, "output").replace("\r\n", "\n");
        assert_eq!(output, *printed, "{line}");
        assert_eq!(at_the_prompt(&home, line), *printed, "{line} at the prompt");
    }
}

#[test]
fn an_argv_reaches_the_program_as_it_was_given() {
    let home = Home::new();
    let odd = [
        "",
        "two words",
        r#"a "quoted" word"#,
        "\"",
        r"C:\folder\",
        r"C:\a folder\",
        r#"\\"\"#,
        r"\\server\share\\",
        "%PATH%",
        "^&|<>",
        "*",
        "a\tb",
        "--id",
        "--",
        "it's",
        "naïve ☃ 日本語 🦀",
    ];
    home.ok(["enqueue", "--id", "odd", "--"]
        .iter()
        .chain(&jobs::ARGV_THAT_PRINTS_IT)
        .chain(&odd));
    home.work_off();
    let job = home.show("odd");
    assert_eq!(text(&job, "state"), "completed", "{job}");
    let expected: String = odd.iter().map(|arg| format!("[{arg}]")).collect();
    assert_eq!(text(&job, "output"), expected);
}

#[test]
fn an_exit_code_may_have_32_bits() {
    let job = after_one_attempt(&jobs::fails(300, "more than a byte"), &[]);
    assert_eq!(text(&job, "last_error"), "Exit code 300: more than a byte");
    assert_eq!(number(&job, "exit_code"), 300);
    let job = after_one_attempt("exit 70000", &[]);
    assert_eq!(text(&job, "last_error"), "Exit code 70000");
}

#[test]
fn an_exit_code_that_is_a_fault_is_shown_as_one() {
    // As if it had read where nothing is.
    let job = after_one_attempt("fake-job exit 0xc0000005", &[]);
    assert_eq!(
        text(&job, "last_error"),
        "Exit code 0xC0000005 (access violation)"
    );
    assert_eq!(number(&job, "exit_code"), 0xc000_0005);
}

#[test]
fn who_reads_what_worker_start_prints_need_not_wait_for_the_worker() {
    let home = Home::new();
    let told = at_the_prompt(
        &home,
        "for /f \"tokens=*\" %i in ('queuectl worker start') do @echo [%i]",
    );
    assert!(
        told.starts_with("[Started 1 worker(s)]\n[Worker PIDs: ["),
        "{told}"
    );
    // What `cmd` kept the output in, which it leaves under wine.
    for name in names(&home.folder().join("tmp")) {
        std::fs::remove_file(home.folder().join("tmp").join(name)).expect("it can be removed");
    }
    home.enqueue("later", jobs::SUCCEEDS, &[]);
    home.wait_for_state("later", "completed");
}

#[test]
fn workers_are_stopped_without_a_console() {
    let home = Home::new();
    let pids = home.start_workers(&["--count", "2"]);
    let mut stop = home.command(["worker", "stop"]);
    stop.creation_flags(DETACHED_PROCESS);
    let output = stop
        .stdout(Stdio::piped())
        .output()
        .expect("it can be started");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "Stopped 2 worker(s)\n"
    );
    assert!(!pids.iter().any(|pid| system::is_alive(*pid)), "{pids:?}");
}

#[test]
fn taskkill_of_a_worker_leaves_no_child_and_its_job_runs_again() {
    let home = Home::new();
    let line = format!(
        "{} pidfile a.pid sleep 600",
        jobs::starts_and_has_a_child("a")
    );
    home.enqueue("a", &line, &["--timeout", "0"]);
    home.start_workers(&["--count", "2"]);
    let family = [home.wait_for_pid("a.child.pid"), home.wait_for_pid("a.pid")];
    let job = home.show("a");
    let workers = home.workers();
    let mut its = workers
        .iter()
        .filter(|worker| worker["id"] == job["worker_id"]);
    let worker = number(its.next().expect("somebody runs it"), "pid");

    let mut slowest = Duration::ZERO;
    let took = std::thread::scope(|scope| {
        let look = scope.spawn(|| {
            wait_until("the worker to be dead", || !system::is_alive(worker as i32));
            let died = Instant::now();
            wait_until("the job to run again", || {
                home.read("a.starts").lines().count() == 2
            });
            died.elapsed()
        });
        at_the_prompt(&home, &format!("taskkill /F /PID {worker} >NUL"));
        while !look.is_finished() {
            let began = Instant::now();
            at_the_prompt(&home, "fake-job append b.starts start");
            slowest = slowest.max(began.elapsed());
        }
        look.join().expect("it dies, and the job runs again")
    });
    // A start of what the job runs comes to the second, as long as this machine takes for it just now; so does what the machine
    // takes for something else while the other worker looks.
    let most = SOON + 2 * slowest;
    assert!(took <= most, "it took {took:?}, a start {slowest:?}");
    assert!(
        !family.iter().any(|pid| system::is_alive(*pid)),
        "{family:?}"
    );
    let runs = home.wait_for_job("a", "crashed once", |job| items(&job["runs"]).len() == 2);
    assert_eq!(text(&runs["runs"][0], "outcome"), "crashed");
    assert_eq!(number(&runs, "attempts"), 1);
}

#[test]
fn another_shell_is_given_the_line_in_its_own_way() {
    let home = Home::new();
    let folder = home.work("shells");
    std::fs::create_dir(&folder).expect("a folder can be made");
    for shell in ["pwsh", "powershell"] {
        std::fs::copy(fake_job::path("shell"), folder.join(format!("{shell}.exe")))
            .expect("it can be copied");
    }
    let home = home.with_variable("PATH", folder);
    let line = "Write-Output \"a b\" 'c'; exit 7";
    for shell in ["pwsh", "powershell"] {
        home.enqueue(shell, line, &["--shell", shell, "--max-retries", "1"]);
    }
    home.work_off();
    for shell in ["pwsh", "powershell"] {
        let job = home.show(shell);
        let output = text(&job, "output");
        let given = format!("[-NoProfile][-NonInteractive][-Command][{line}\nif (-not $?) {{ ");
        assert!(output.starts_with(&given), "{output}");
        assert_eq!(text(&job, "last_error"), "Exit code 7", "{job}");
    }
}

#[test]
fn a_worker_hears_that_it_is_to_stop_though_its_store_is_gone() {
    let home = Home::new();
    let pids = home.start_workers(&[]);
    // A file can't be moved while it is open.
    for file in ["data/queuectl.db", "data/queuectl.db-wal"] {
        let path = home.seen(file);
        let length = path.metadata().expect("it is there").len();
        let file = OpenOptions::new().write(true).open(path);
        let spoilt = vec![b'x'; length as usize];
        let written = file.and_then(|mut file| file.write_all(&spoilt));
        written.expect("it can be written over");
    }
    home.run(["worker", "stop", "--now"]);
    wait_until("the worker to end", || !system::is_alive(pids[0]));
}

#[test]
fn a_background_worker_has_no_console() {
    let home = Home::new();
    let pids = home.start_workers(&[]);
    assert!(!system::has_console(pids[0]));
    // As that of a command that is started in a console has.
    let mut child = Command::new(fake_job::path("fake-job"))
        .args(["sleep", "600"])
        .creation_flags(CREATE_NO_WINDOW)
        .spawn()
        .expect("it can be started");
    assert!(system::has_console(child.id() as i32));
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
}

#[test]
fn a_line_longer_than_cmd_takes_is_refused_by_name() {
    let line = format!("echo {}", "x".repeat(40_000));
    let home = Home::new();
    let args = [
        "enqueue",
        "--id",
        "long",
        "--max-retries",
        "1",
        "--command",
        "-",
    ];
    home.run_with_stdin(&args, line.as_bytes()).succeeded();
    home.work_off();
    let job = home.show("long");
    assert_eq!(
        text(&job["runs"][0], "outcome"),
        "not_started",
        "{}",
        job["runs"]
    );
    assert!(
        text(&job, "last_error").contains("characters at most"),
        "{}",
        job["last_error"]
    );
}

#[test]
fn what_a_console_program_prints_is_readable() {
    let home = Home::new();
    // `cmd` prints in the code page of its console, and with /U what is its own in UTF-16.
    home.enqueue(
        "page",
        "echo \u{e9}t\u{e9} \u{fc}ber",
        &["--max-retries", "1"],
    );
    home.enqueue(
        "wide",
        "cmd /D /U /C echo \u{e9}t\u{e9} \u{fc}ber",
        &["--max-retries", "1"],
    );
    home.enqueue(
        "utf8",
        "fake-job out \"\u{e9}t\u{e9} \u{fc}ber \u{2603}\"",
        &["--max-retries", "1"],
    );
    home.work_off();
    for id in ["page", "wide"] {
        let job = home.show(id);
        assert_eq!(
            text(&job, "output").trim_end(),
            "\u{e9}t\u{e9} \u{fc}ber",
            "{job}"
        );
    }
    assert_eq!(
        text(&home.show("utf8"), "output"),
        "\u{e9}t\u{e9} \u{fc}ber \u{2603}\n"
    );
}

#[test]
fn the_folder_that_a_background_worker_was_started_in_can_be_deleted() {
    let home = Home::new();
    let folder = home.work("starter");
    std::fs::create_dir(&folder).expect("a folder can be made");
    let mut start = home.command(["worker", "start"]);
    let started = start.current_dir(&folder).status();
    assert!(started.expect("it can be started").success());
    std::fs::remove_dir(&folder).expect("nobody is in it");
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.wait_for_state("a", "completed");
}
