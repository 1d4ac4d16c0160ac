//! Whatever a command leaves running is ended with it; what left the group too, on Linux.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use queuectl_process::How;
use support::*;

fn pids(folder: &Path) -> Vec<u32> {
    let pids = read(&folder.join("pids"));
    pids.lines()
        .map(|line| line.parse().expect("a pid"))
        .collect()
}

#[test]
fn a_grandchild_that_holds_the_pipes_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let spec = steps("child [ pidfile pids sleep 600 ] count 1 pids exit 3");
    let (ended, _) = run_it(&at(spec, folder.path()));
    assert_eq!(ended.how, How::Exited(3));
    assert!(began.elapsed() < Duration::from_secs(30));
    assert!(!lives(pids(folder.path())[0]), "it lives on");
}

#[test]
fn a_grandchild_that_never_stops_printing_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let spec = steps("child [ pidfile pids forever ] count 1 pids sleep 0.05");
    let (ended, heard) = run_it(&at(spec, folder.path()));
    assert_eq!(ended.how, How::Exited(0));
    assert!(!heard.stdout.is_empty());
    assert!(began.elapsed() < Duration::from_secs(30));
    assert!(!lives(pids(folder.path())[0]));
}

#[test]
fn what_was_in_the_pipe_when_the_leader_ended_is_captured() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=10 {
        let text =
            format!("child [ pidfile pids sleep 600 ] flood 60000 err end count {round} pids");
        let (_, heard) = run_it(&at(steps(&text), folder.path()));
        assert_eq!((heard.stdout.len(), heard.err().as_str()), (60000, "end\n"));
    }
}

#[test]
fn many_children_end_with_the_leader() {
    let text = "children 50 [ pidfile pids sleep 600 ] count 50 pids";
    for stopped in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let how = if stopped {
            let spec = steps(&format!("{text} out up wait"));
            stop_at("up", &at(spec, folder)).0.how
        } else {
            run_it(&at(steps(text), folder)).0.how
        };
        let expected = if stopped {
            How::Stopped
        } else {
            How::Exited(0)
        };
        assert_eq!(how, expected);
        let children = pids(folder);
        assert_eq!(children.len(), 50);
        assert!(!children.into_iter().any(lives), "some live on");
    }
}

#[cfg(windows)]
#[test]
fn a_child_in_a_group_of_its_own_and_one_below_it_are_ended() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "detached [ pidfile pids child [ pidfile pids sleep 600 ] exit 0 ] count 2 pids exit 2";
    let (ended, _) = run_it(&at(steps(text), folder.path()));
    assert_eq!(ended.how, How::Exited(2));
    assert!(!pids(folder.path()).into_iter().any(lives), "it lives on");
}

#[cfg(unix)]
#[test]
fn five_hundred_children_end_with_the_leader() {
    let many = "i=0; while [ $i -lt 500 ]; do sleep 600 & echo $!; i=$((i+1)); done";
    for (ended, how) in [
        (run_it(&line(many)), How::Exited(0)),
        (
            stop_at("up", &line(&format!("{many}; echo up >&2; wait"))),
            How::Stopped,
        ),
    ] {
        let (ended, heard) = ended;
        assert_eq!(ended.how, how);
        let children: Vec<u32> = heard
            .out()
            .lines()
            .map(|line| line.parse().unwrap())
            .collect();
        assert_eq!(children.len(), 500);
        assert!(!children.into_iter().any(lives), "some live on");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;

    use queuectl_process::{StopSignal, os, run};

    use super::*;

    /// Leaves one in a session of its own, and prints its pid.
    const STRAY: &str = "setsid sh -c 'echo $$; exec sleep 600' > stray & while [ ! -s stray ]; do :; done; cat stray; exit 2";

    #[test]
    fn a_child_in_a_session_of_its_own_is_ended() {
        os::adopt_orphans().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let spec = at(line(STRAY), folder.path());
        let (ended, heard) = run_it(&tagged(spec, "setsid"));
        assert_eq!(ended.how, How::Exited(2));
        assert!(!lives(heard.number()), "it lives on");
        assert_eq!(os::process_start(heard.number()), None, "it was not reaped");
    }

    #[test]
    fn a_group_of_its_own_that_has_thrown_away_its_environment_is_ended() {
        os::adopt_orphans().unwrap();
        for round in 0..20 {
            let text = "set -m; env -i sleep 600 & echo $!; exit 2";
            let (ended, heard) = run_it(&tagged(line(text), &format!("group-{round}")));
            assert_eq!(ended.how, How::Exited(2));
            assert!(!lives(heard.number()), "it lives on");
            assert_eq!(os::process_start(heard.number()), None, "it was not reaped");
        }
    }

    #[test]
    fn a_daemon_is_ended_after_a_timeout_too() {
        os::adopt_orphans().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let daemon = "(setsid sh -c 'exec >&- 2>&-; echo $$ > pid; exec sleep 600' &) & while [ ! -s pid ]; do :; done; cat pid; sleep 600";
        let mut spec = within(tagged(line(daemon), "daemon"), 1.0);
        spec.cwd = folder.path().to_owned();
        let (ended, heard) = run_it(&spec);
        assert_eq!(ended.how, How::TimedOut);
        assert!(!lives(heard.number()), "it lives on");
    }

    /// The system shows a process whose first thread has ended as a zombie.
    #[test]
    fn a_stray_without_its_first_thread_is_ended() {
        os::adopt_orphans().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let spec =
            steps("session [ headless sleep 0.2 pidfile pids sleep 600 ] count 1 pids exit 2");
        let (ended, _) = run_it(&tagged(at(spec, folder.path()), "headless"));
        assert_eq!(ended.how, How::Exited(2));
        assert!(!lives(pids(folder.path())[0]), "it lives on");
    }

    #[test]
    fn a_child_without_its_first_thread_has_the_whole_grace() {
        let folder = tempfile::tempdir().unwrap();
        let text = "child [ headless polite [ sleep 0.5 append done yes exit 0 ] \
                    pidfile pids sleep 600 ] count 1 pids out up sleep 600";
        let spec = grace(at(steps(text), folder.path()), 30.0);
        assert_eq!(stop_at("up", &spec).0.how, How::Stopped);
        assert_eq!(read(&folder.path().join("done")), "yes\n");
    }

    /// What `setsid` starts leads a session, as a leader that is just being started does. `timeout` leads a group in the job's
    /// session.
    #[test]
    fn strays_are_ended_while_other_slots_start_jobs_and_theirs_are_spared() {
        os::adopt_orphans().unwrap();
        std::thread::scope(|scope| {
            for slot in 0..4 {
                scope.spawn(move || {
                    for round in 0..80 {
                        let apart = ["setsid", "timeout 600"][round % 2];
                        let spec = tagged(
                            line(&format!("{apart} sleep 600 & echo $!; exit 7")),
                            &format!("{slot}-{round}"),
                        );
                        let (ended, heard) = run_it(&spec);
                        assert_eq!(ended.how, How::Exited(7));
                        until("a stray lives on", || !lives(heard.number()));
                        until("what a stray has started lives on", || none_has(&spec));
                        let spec = tagged(
                            line("(exit 3); sleep 0.001; exit 8"),
                            &format!("{slot}-{round}-b"),
                        );
                        assert_eq!(run_it(&spec).0.how, How::Exited(8), "ended by another slot");
                    }
                });
            }
        });
    }

    /// Whether no process has the tag of this attempt.
    fn none_has(spec: &queuectl_process::Spec) -> bool {
        let tag = spec.tag.as_ref().expect("the attempt has a tag");
        let variable = format!("{}={}", tag.name, tag.value);
        let processes = std::fs::read_dir("/proc")
            .expect("/proc is there")
            .flatten();
        processes
            .filter_map(|process| std::fs::read(process.path().join("environ")).ok())
            .all(|environ| {
                let mut variables = environ.split(|byte| *byte == 0);
                !variables.any(|one| one == variable.as_bytes())
            })
    }

    #[test]
    fn a_stray_of_another_attempt_is_not_touched() {
        os::adopt_orphans().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let stop = StopSignal::new().unwrap();
            let handle = stop.handle();
            let mut spec = tagged(
                line("setsid sh -c 'echo $$ > pid; exec sleep 600' & wait"),
                "other",
            );
            spec.cwd = folder.path().to_owned();
            let other = scope.spawn(move || run(&spec, &stop, &mut Heard::default()).how);
            let pid = || read(&folder.path().join("pid")).trim().parse().unwrap_or(0);
            until("the other stray starts", || lives(pid()));
            for round in 0..20 {
                run_it(&tagged(line("sleep 0.01 & true"), &format!("mine-{round}")));
            }
            assert!(lives(pid()), "it was ended with another attempt");
            handle.stop();
            assert_eq!(other.join().unwrap(), How::Stopped);
            assert!(!lives(pid()), "it lives on");
        });
    }

    #[test]
    fn a_child_that_was_born_to_us_is_ended() {
        os::adopt_orphans().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let spec = steps("sibling [ pidfile pids sleep 600 ] count 1 pids exit 2");
        let (ended, _) = run_it(&tagged(at(spec, folder.path()), "sibling"));
        assert_eq!(ended.how, How::Exited(2));
        let sibling = pids(folder.path())[0];
        assert!(!lives(sibling), "it lives on");
        assert_eq!(os::process_start(sibling), None, "it was not reaped");
    }

    #[test]
    fn what_we_have_started_for_ourselves_is_spared_and_hides_no_stray() {
        os::adopt_orphans().unwrap();
        // Its thread ends, so it becomes a child of the first one.
        let started = std::thread::spawn(|| apart("sleep 600").spawn());
        let mut helper = started.join().unwrap().unwrap();
        for is_known in [false, true] {
            if is_known {
                os::no_orphan(&helper);
            }
            let folder = tempfile::tempdir().unwrap();
            let spec = at(line(STRAY), folder.path());
            let (_, heard) = run_it(&tagged(spec, "stray"));
            assert!(!lives(heard.number()), "a stray lives on");
            assert!(lives(helper.id()), "the helper was ended");
        }
        helper.kill().unwrap();
        helper.wait().unwrap();
    }

    #[test]
    fn no_child_has_a_pipe_of_another() {
        // Whoever started this test may have left it descriptors that are inherited.
        let inherited = |fd: &String| {
            let info =
                std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:\t"));
            flags.is_some_and(|flags| {
                i64::from_str_radix(flags, 8).unwrap() & i64::from(libc::O_CLOEXEC) == 0
            })
        };
        let fds = std::fs::read_dir("/proc/self/fd").unwrap();
        let fds = fds.map(|fd| fd.unwrap().file_name().into_string().unwrap());
        let expected: HashSet<String> = fds.filter(inherited).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let (_, heard) = run_it(&line("ls -1 /proc/$$/fd; :"));
                        let fds: HashSet<String> = heard.out().lines().map(str::to_owned).collect();
                        assert_eq!(fds, expected);
                    }
                });
            }
        });
    }
}
