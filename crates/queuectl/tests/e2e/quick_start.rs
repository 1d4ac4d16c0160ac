//! The document that this program began with, for Windows: its quick start and its examples as they are written there for
//! PowerShell and `cmd`, but for the name of the program.

use std::os::windows::process::CommandExt;
use std::process::Command;

use crate::support::{Home, number, text};

/// A home with stand-ins for what this Windows lacks, or what doesn't work in it without a console.
fn home() -> Home {
    let home = Home::new();
    if !ends_with(&home, "timeout 0", 0) {
        home.write("timeout.cmd", b"@fake-job sleep %1\r\n");
    }
    // Wine's does nothing, and says that it went well.
    if !ends_with(&home, "powershell -Command exit 7", 7) {
        // powershell -Command Start-Sleep -Seconds 2
        home.write("powershell.cmd", b"@fake-job sleep %4\r\n");
    }
    home
}

fn ends_with(home: &Home, line: &str, code: i32) -> bool {
    home.finish(prompt(line)).code == Some(code)
}

/// A line at the prompt of `cmd`.
fn prompt(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.raw_arg(format!("/D /S /C \"{line}\""));
    command
}

/// Types lines at the prompt of `cmd`, each of which has to succeed; what they print.
#[track_caller]
fn typed(home: &Home, lines: &str) -> String {
    let mut printed = String::new();
    for line in lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let command = prompt(&line.replace("python queuectl.py", "queuectl"));
        printed += home.finish(command).succeeded();
    }
    printed
}

#[test]
fn the_quick_start_passes_as_it_is_written() {
    let home = home();
    let said = typed(
        &home,
        r#"
        # Simple job
        python queuectl.py enqueue --id job1 --command "echo Hello World"

        # Job with timeout and retries
        python queuectl.py enqueue --id job2 --command "powershell -Command Start-Sleep -Seconds 2" --timeout 5 --max-retries 3

        # High priority job
        python queuectl.py enqueue --id job3 --command "echo Priority Task" --priority 8
    "#,
    );
    assert_eq!(
        said,
        "Job 'job1' enqueued successfully\nJob 'job2' enqueued successfully\nJob 'job3' enqueued successfully\n"
    );
    let said = typed(&home, "python queuectl.py worker start --count 2");
    assert!(
        said.starts_with("Started 2 worker(s)\nWorker PIDs: ["),
        "{said}"
    );
    let job = home.wait_for_state("job2", "completed");
    assert!(
        job["exec_time"].as_f64().is_some_and(|took| took >= 2.0),
        "{job}"
    );
    for (id, output) in [("job1", "Hello World"), ("job3", "Priority Task")] {
        let job = home.wait_for_state(id, "completed");
        assert_eq!(text(&job, "output").trim_end(), output);
    }
    let said = typed(
        &home,
        "
        # Check system status
        python queuectl.py status
        # List all jobs
        python queuectl.py list
        # Show specific job details
        python queuectl.py show job1
    ",
    );
    for words in [
        "Completed            3",
        "Workers              2",
        "Total: 3 jobs",
        "Job Details: job1",
        "Hello World",
    ] {
        assert!(said.contains(words), "no {words}: {said}");
    }
    assert_eq!(
        typed(&home, "python queuectl.py worker stop"),
        "Stopped 2 worker(s)\n"
    );
}

#[test]
fn its_worker_in_the_foreground_shows_what_it_does_until_it_is_stopped() {
    let home = home();
    typed(
        &home,
        r#"python queuectl.py enqueue --id job1 --command "echo Hello World""#,
    );
    let shown = std::thread::scope(|scope| {
        let worker = scope.spawn(|| typed(&home, "python queuectl.py worker start --foreground"));
        home.wait_for_state("job1", "completed");
        assert_eq!(
            typed(&home, "python queuectl.py worker stop"),
            "Stopped 1 worker(s)\n"
        );
        worker.join().expect("it ends well")
    });
    for words in ["job1", "echo Hello World", "completed"] {
        assert!(
            shown.to_lowercase().contains(&words.to_lowercase()),
            "no {words}: {shown}"
        );
    }
}

#[test]
fn its_examples_pass_as_they_are_written() {
    let home = home();
    typed(
        &home,
        r#"
        python queuectl.py enqueue --id job1 --command "echo Hello World"
        python queuectl.py enqueue --id job2 --command "timeout 30" --timeout 5 --max-retries 3 --backoff-base 2 --priority 8
        python queuectl.py worker start --count 3
    "#,
    );
    let job = home.wait_for_state("job2", "failed");
    assert_eq!(text(&job, "last_error"), "Timeout exceeded (5s)");
    home.wait_for_state("job1", "completed");
    let said = typed(
        &home,
        "
        python queuectl.py status
        python queuectl.py list
        python queuectl.py list --state pending
        python queuectl.py list --state completed
        python queuectl.py list --state failed
        python queuectl.py worker stop
        queuectl dlq add job2
        python queuectl.py dlq list
        python queuectl.py dlq retry job2
        queuectl dlq add job2
        python queuectl.py dlq retry job2 --timeout 60
    ",
    );
    assert!(
        said.contains("timeout 30") && said.contains("Stopped 3 worker(s)"),
        "{said}"
    );
    let job = home.show("job2");
    assert_eq!(
        (text(&job, "state"), number(&job, "timeout")),
        ("pending", 60)
    );
    let said = typed(
        &home,
        "
        queuectl dlq add job2
        python queuectl.py dlq clear --yes
        python queuectl.py config get max_retries
        python queuectl.py config get backoff_base
        python queuectl.py config set max_retries 5
        python queuectl.py config set backoff_base 3
        python queuectl.py config get
        python queuectl.py clear --yes
    ",
    );
    assert!(
        said.contains("Deleted 1 job from the DLQ\n3\n2\n"),
        "{said}"
    );
    assert!(said.contains("max_retries   5"), "{said}");
    assert_eq!(home.total(), 0);
}
