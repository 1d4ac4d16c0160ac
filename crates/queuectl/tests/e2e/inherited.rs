//! What a process inherits: the program sets what it relies on, and jobs get what the worker's
//! starter had, except signals and the terminal. The whole list is in
//! `crates/queuectl-process/src/os/unix/inherited.rs`.

use serde_json::Value;

use crate::jobs;
use crate::support::{Home, Running, number, system, text, wait_for};

/// Options of a job that isn't tried again.
const ONCE: [&str; 2] = ["--max-retries", "1"];

/// Runs all jobs by a worker that this line of `sh` starts; `queuectl` in it stands for the whole command.
#[track_caller]
fn worked_off(home: &Home, line: &str) {
    let worker = line.replace(
        "queuectl",
        "queuectl worker start --foreground --until-idle",
    );
    home.shell(&worker).succeeded();
}

/// The output of a job of such a worker.
#[track_caller]
fn printed_under(line: &str, job: &str) -> String {
    let home = Home::new();
    home.enqueue("job", job, &ONCE);
    worked_off(&home, line);
    let job = home.show("job");
    assert_eq!(text(&job, "state"), "completed", "{line}: {job}");
    text(&job, "output").to_owned()
}

mod signals {
    use super::*;

    #[test]
    fn a_starter_that_ignores_its_children_burns_no_job() {
        let ignored = "perl -e '$SIG{CHLD}=\"IGNORE\"; exec @ARGV' queuectl";
        assert_eq!(printed_under(ignored, &jobs::says("hello")), "hello\n");
        let trapped = "trap '' CHLD; queuectl";
        assert_eq!(printed_under(trapped, &jobs::says("hello")), "hello\n");
        // The starter of a background worker waits for a child, too.
        let home = Home::new();
        home.enqueue("job", jobs::SUCCEEDS, &ONCE);
        let line = "perl -e '$SIG{CHLD}=\"IGNORE\"; exec @ARGV' queuectl worker start";
        home.shell(line).succeeded();
        home.wait_for_state("job", "completed");
    }

    #[test]
    fn a_worker_hears_signals_that_its_starter_had_blocked() {
        let home = Home::new();
        let block = "use POSIX; my $set = POSIX::SigSet->new; $set->fillset; \
                     sigprocmask(SIG_BLOCK, $set); exec @ARGV";
        let line = format!("exec perl -e '{block}' queuectl worker start --foreground");
        let worker = Running::shell(&home, &line);
        worker.wait_until_it_says("WORKER STARTED");
        worker.interrupt();
        let output = worker.ended();
        assert!(output.out().contains("WORKER STOPPED"), "{output}");
    }

    /// `perl -e 'alarm shift; exec @ARGV'` stands in for `timeout` where that is missing.
    #[test]
    fn an_alarm_that_its_starter_has_set_stops_a_worker_in_order() {
        let home = Home::new();
        home.enqueue("running", &jobs::held("running"), &ONCE);
        let line = "exec perl -e 'alarm 4; exec @ARGV' queuectl worker start --foreground";
        let worker = Running::shell(&home, line);
        home.wait_for_pid("running.pid");
        worker.wait_until_it_says("stopping");
        home.touch("running.go");
        let output = worker.ended();
        assert_eq!(output.code, Some(0), "{output}");
        assert_eq!(text(&home.show("running"), "state"), "completed");
    }

    #[test]
    fn every_signal_that_ends_a_job_has_a_name() {
        let home = Home::new();
        let numbers: &[i32] = if cfg!(target_os = "linux") {
            &[1, 16, 30, 34, 50, 64]
        } else {
            &[1, 7, 29, 31]
        };
        for number in numbers {
            home.enqueue(&number.to_string(), &jobs::kills_itself(*number), &ONCE);
        }
        home.work_off();
        for number in numbers {
            let job = home.show(&number.to_string());
            if text(&job, "state") == "completed" {
                continue; // SIGINFO ends nothing.
            }
            let error = text(&job, "last_error");
            assert!(
                error.starts_with(&format!("Killed by signal {number} (SIG")),
                "{error}"
            );
        }
    }
}

mod limits {
    use super::*;

    #[test]
    fn a_file_size_limit_is_said_and_queues_nothing() {
        let home = Home::new();
        for blocks in ["0", "16"] {
            let line = format!("ulimit -f {blocks}; queuectl enqueue --id a --command true");
            let output = home.shell(&line);
            assert!(output.failed(5).contains("ulimit -f"), "{output}");
        }
        home.enqueue("a", "true", &[]);
        assert_eq!(home.total(), 1);
    }

    #[test]
    fn a_bulk_that_a_file_size_limit_cuts_short_leaves_nothing() {
        let home = Home::new();
        home.enqueue("before", "true", &[]);
        let line = jobs::says(&"x".repeat(300)) + "\n";
        home.write("jobs", line.repeat(50_000).as_bytes());
        // 8 MiB: more than the store has, less than it would have.
        for from in ["--from jobs", "--from - < jobs"] {
            let output = home.shell(&format!("ulimit -f 16384; queuectl enqueue --lines {from}"));
            let error = output.failed(5);
            assert!(error.contains("ulimit -f"), "{error}");
            assert_eq!(home.total(), 1, "{error}");
        }
        home.check_store();
    }

    #[test]
    fn a_worker_that_can_not_write_at_its_start_is_an_error_as_for_any_command() {
        let home = Home::new();
        home.enqueue("a", "true", &[]);
        // There is room for what the command itself writes.
        let output = home.shell("ulimit -f 100; queuectl worker start");
        let error = output.failed(5);
        assert!(error.contains("the worker died at its start"), "{error}");
        assert!(error.contains("ulimit -f"), "{error}");
    }

    #[test]
    fn a_worker_that_can_not_start_its_threads_has_not_started() {
        let home = Home::new();
        let output = home.shell("ulimit -n 40; queuectl worker start --concurrency 40");
        let error = output.failed(1);
        assert!(
            error.contains("can't start a thread: Too many open files"),
            "{error}"
        );
        assert!(error.contains("--concurrency"), "{error}");
        assert_eq!(home.workers(), [Value::Null; 0]);
        let line = "ulimit -n 40; queuectl worker start --concurrency 40 --foreground";
        let output = home.shell(line);
        assert!(output.failed(1).contains("--concurrency"), "{output}");
        assert_eq!(output.out(), "");
    }

    /// Only on Linux the limit of a running process can be lifted.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_worker_that_may_write_no_more_keeps_a_result_until_it_may() {
        let home = Home::new();
        let much = format!(
            "{}; {}",
            jobs::held_and_counted("held"),
            jobs::prints_much(900)
        );
        home.enqueue("held", &much, &ONCE);
        let line = "ulimit -S -f 1024; exec queuectl worker start --foreground --until-idle";
        let worker = Running::shell(&home, line);
        home.wait_for_pid("held.pid");
        home.touch("held.go");
        worker.wait_until_it_says("ulimit -f");
        assert_eq!(text(&home.show("held"), "state"), "processing");
        system::allow_large_files(worker.pid());
        worker.wait_until_it_says("the store can be used again");
        let output = worker.ended();
        assert_eq!(output.code, Some(0), "{output}");
        let job = home.show("held");
        assert_eq!(text(&job, "state"), "completed", "{job}");
        assert!(text(&job, "output").ends_with("last\n"));
        assert_eq!(home.read("held.starts"), "start\n");
        home.check_store();
    }

    #[test]
    fn as_many_jobs_run_at_once_as_the_hard_limit_of_open_files_allows() {
        const JOBS: usize = 20;
        let background = "queuectl worker start --concurrency 20";
        for line in [
            format!("{background} --foreground --until-idle"),
            background.into(),
        ] {
            let home = Home::new();
            for job in 0..JOBS {
                // Each ends only when all have started.
                let job_line = format!("fake-job append here x count {JOBS} here; ulimit -S -n");
                home.enqueue(&format!("job{job}"), &job_line, &ONCE);
            }
            home.shell(&format!("ulimit -S -n 40; {line}")).succeeded();
            wait_for("all to complete", || {
                let status = home.json(["status"]);
                let over = number(&status, "completed") + number(&status, "dead");
                if over == JOBS as i64 {
                    Ok(())
                } else {
                    Err(status.to_string())
                }
            });
            for job in 0..JOBS {
                let job = home.show(&format!("job{job}"));
                assert_eq!(text(&job, "state"), "completed", "{job}");
                // The raised limit is the worker's alone.
                let kept = cfg!(not(target_os = "linux")) || text(&job, "output") == "40\n";
                assert!(kept, "{job}");
            }
        }
    }
}

mod umask {
    use super::*;

    #[test]
    fn folders_and_files_can_be_used_whatever_the_umask() {
        for umask in ["0177", "0777", "0000"] {
            let home = Home::new();
            let line = format!(
                "umask {umask}; queuectl enqueue --id a --command 'exit 0' && queuectl worker start"
            );
            let output = home.shell(&line);
            assert_eq!(output.code, Some(0), "{output}");
            home.wait_for_state("a", "completed");
            for folder in ["", "data", "data/workers"] {
                assert_eq!(
                    system::mode(&home.seen(folder)),
                    0o700,
                    "{folder} by {umask}"
                );
            }
            for folder in ["data", "data/workers"] {
                for file in crate::support::names(&home.seen(folder)) {
                    let file = home.seen(folder).join(file);
                    assert_eq!(system::open_to_others(&file), None, "by {umask}");
                }
            }
            home.ok(["worker", "stop"]);
        }
    }

    #[test]
    fn a_folder_that_its_owner_cannot_enter_is_found_and_mended() {
        let home = Home::new();
        home.enqueue("a", jobs::SUCCEEDS, &[]);
        for folder in ["", "data", "data/workers"] {
            let folder = home.seen(folder);
            for mode in [0o600, 0o500, 0o000] {
                system::set_mode(&folder, mode);
                let found = ["permissions: you can't use "];
                crate::support::finds(&home, false, 4, "mendable", &found);
                assert_eq!(system::mode(&folder), mode);
                crate::support::finds(&home, true, 0, "mended", &found);
                assert_eq!(system::mode(&folder), 0o700);
                crate::support::finds_nothing(&home);
            }
        }
    }
}

mod streams {
    use super::*;

    #[test]
    fn a_program_without_standard_streams_spoils_no_file() {
        let home = Home::new();
        home.enqueue("job", &jobs::says("hello"), &ONCE);
        let closed = "<&- >&- 2>&-";
        home.shell(&format!(
            "queuectl enqueue --id other --command 'exit 0' {closed}"
        ));
        home.shell(&format!(
            "queuectl worker start --foreground --until-idle {closed}"
        ));
        assert_eq!(text(&home.show("job"), "output"), "hello\n");
        assert_eq!(text(&home.show("other"), "state"), "completed");
        home.check_store();
    }
}

mod folders {
    use super::*;

    #[test]
    fn a_job_is_told_the_folder_it_runs_in_and_not_that_of_its_worker() {
        let home = Home::new();
        std::fs::create_dir(home.work("sub")).expect("a folder can be made");
        let prints = ["fake-job", "env", "PWD", "out", "then", "env", "OLDPWD"].map(String::from);
        home.enqueue_argv("argv", &prints, &["--cwd", "sub"]);
        home.enqueue("line", &prints.join(" "), &["--cwd", "sub"]);
        home.enqueue_argv("dots", &prints, &["--cwd", "sub/../sub/."]);
        worked_off(&home, "cd /; cd /usr; queuectl");
        let told = format!("{}\nthen\n\n", home.work("sub").display());
        for id in ["argv", "line", "dots"] {
            assert_eq!(text(&home.show(id), "output"), told, "{id}");
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::PathBuf;

    use super::*;

    /// Fields of `/proc/self/status` of a job, whose worker is started by this line.
    fn status_under(line: &str) -> impl Fn(&str) -> String {
        let status = printed_under(line, "cat /proc/self/status");
        move |name| {
            let found = status.lines().find_map(|line| line.strip_prefix(name));
            found.expect("it is there").trim().to_owned()
        }
    }

    #[test]
    fn no_signal_is_ignored_or_blocked_in_a_job_whoever_started_its_worker() {
        let ignore = "$SIG{$_} = \"IGNORE\" for grep { !/^(NUM..|RT.*|CLD|IOT|POLL|UNUSED|ZERO|KILL|STOP)$/ } split / /, \
                      $Config{sig_name}; use POSIX; my $set = POSIX::SigSet->new; $set->fillset; \
                      sigprocmask(SIG_BLOCK, $set); exec @ARGV";
        let line = format!("perl -MConfig -e '{ignore}' queuectl");
        let status = status_under(&line);
        for set in ["SigIgn:", "SigBlk:", "SigCgt:", "SigPnd:", "ShdPnd:"] {
            assert_eq!(status(set), "0000000000000000", "{set}");
        }
    }

    #[test]
    fn a_job_has_the_limits_umask_and_nice_value_of_its_workers_starter() {
        let given = "umask 027; nice -n 3 sh -c 'ulimit -S -c 0; ulimit -S -f 4000; ulimit -S -n 100; ulimit -H -n 3000; exec queuectl'";
        let asked = "umask; nice; ulimit -S -c; ulimit -S -f; ulimit -S -n; ulimit -H -n";
        let printed = printed_under(given, asked);
        let own = std::process::Command::new("nice").output();
        let own = String::from_utf8(own.expect("`nice` can be run").stdout).expect("it is text");
        let own: i32 = own.trim().parse().expect("it is a number");
        let nice = (own + 3).min(19);
        assert_eq!(printed, format!("0027\n{nice}\n0\n4000\n100\n3000\n"));
    }

    #[test]
    fn a_job_leads_a_session_without_a_terminal() {
        let stat = printed_under("queuectl", "cat /proc/$$/stat; true");
        let (_, after) = stat.rsplit_once(')').expect("its name has brackets");
        let fields: Vec<_> = after.split_whitespace().collect();
        let pid = stat.split(' ').next().expect("there is a first");
        let [group, session, terminal] = [fields[2], fields[3], fields[4]];
        assert_eq!((group, session, terminal), (pid, pid, "0"), "{stat}");
    }

    #[test]
    fn a_background_worker_keeps_no_folder_of_its_starter() {
        let home = Home::new();
        let pids = home.start_workers(&[]);
        let link = |what: &str| std::fs::read_link(format!("/proc/{}/{what}", pids[0]));
        assert_eq!(link("cwd").expect("it is there"), home.path().join("data"));
        assert_eq!(
            link("fd/0").expect("it is there"),
            PathBuf::from("/dev/null")
        );
        // Relative paths still lead to the same place.
        home.ok(["worker", "stop"]);
        let output = home.shell("cd /; QUEUECTL_HOME=${QUEUECTL_HOME#/} queuectl worker start");
        assert_eq!(output.code, Some(0), "{output}");
        home.enqueue("job", jobs::SUCCEEDS, &ONCE);
        home.wait_for_state("job", "completed");
    }
}
