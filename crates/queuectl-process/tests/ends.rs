//! How attempts end.

mod support;

use std::time::{Duration, Instant};

use queuectl_process::{How, Leader, StopHandle, StopSignal, Stream, Watcher, run, signal_name};
use support::*;

#[test]
fn an_exit_code_is_reported_as_it_was() {
    for code in [0, 1, 7, 255] {
        for spec in [
            line(&format!("exit {code}")),
            steps(&format!("exit {code}")),
        ] {
            let (ended, heard) = run_it(&spec);
            assert_eq!(ended.how, How::Exited(code));
            assert!(heard.leader.is_some());
        }
    }
}

#[test]
fn a_timeout_ends_a_sleeper_at_once() {
    let began = Instant::now();
    let (ended, heard) = run_it(&within(steps("out before sleep 600"), 2.0));
    assert_eq!(ended.how, How::TimedOut);
    assert_eq!(heard.out(), "before\n");
    assert!(ended.elapsed >= Duration::from_secs(2));
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "the grace was waited out"
    );
}

#[test]
fn a_timeout_beyond_all_clocks_is_no_limit() {
    let mut spec = steps("exit 3");
    for timeout in [Duration::MAX, Duration::from_secs(1_000_000_000_000)] {
        spec.timeout = Some(timeout);
        spec.grace = timeout;
        assert_eq!(run_it(&spec).0.how, How::Exited(3));
    }
}

#[test]
fn a_command_that_ends_well_during_its_grace_has_still_timed_out() {
    let spec = within(steps("polite [ out bye exit 0 ] out up sleep 600"), 2.0);
    let (ended, heard) = run_it(&spec);
    assert_eq!(ended.how, How::TimedOut);
    assert_eq!(heard.out(), "up\nbye\n");
}

#[test]
fn a_command_that_ignores_the_polite_signal_is_ended_by_force() {
    let began = Instant::now();
    // It is told to end when it says that it will not hear it: a time could be over before.
    let (ended, _) = stop_at("deaf", &grace(steps("deaf out deaf sleep 600"), 0.3));
    assert_eq!(ended.how, How::Stopped);
    assert!(
        began.elapsed() >= Duration::from_millis(300),
        "no grace was given"
    );
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_child_keeps_its_grace_when_the_leader_dies_at_once() {
    let spec = steps("child [ polite [ sleep 0.3 out cleaned exit 0 ] out up sleep 600 ] wait");
    let (ended, heard) = stop_at("up", &spec);
    assert_eq!(ended.how, How::Stopped);
    assert_eq!(heard.out(), "up\ncleaned\n");
}

#[test]
fn a_stop_holds_until_it_is_taken_back() {
    let stop = StopSignal::new().unwrap();
    let handle = stop.handle();
    std::thread::spawn(move || handle.stop()).join().unwrap();
    assert!(stop.is_set());
    let mut heard = Heard::default();
    assert_eq!(
        run(&steps("sleep 600"), &stop, &mut heard).how,
        How::Stopped
    );
    stop.reset();
    assert!(!stop.is_set());
    assert_eq!(
        run(&steps("exit 4"), &stop, &mut Heard::default()).how,
        How::Exited(4)
    );
}

#[test]
fn the_true_exit_wins_over_a_stop_that_came_too_late() {
    struct Late(StopHandle);
    impl Watcher for Late {
        fn started(&mut self, leader: Leader) {
            until("the leader ends", || !lives(leader.pid));
            self.0.stop();
        }
        fn output(&mut self, _: Stream, _: &[u8]) {}
    }
    let stop = StopSignal::new().unwrap();
    let mut late = Late(stop.handle());
    assert_eq!(
        run(&within(steps("exit 5"), 0.001), &stop, &mut late).how,
        How::Exited(5)
    );
}

#[test]
fn a_grace_can_be_cut_short_when_it_has_begun() {
    struct Impatient(StopHandle, Instant);

    impl Watcher for Impatient {
        fn started(&mut self, _: Leader) {}

        fn output(&mut self, _: Stream, bytes: &[u8]) {
            if bytes.starts_with(b"deaf") {
                self.0.stop();
            } else {
                self.1 = Instant::now();
                self.0.stop_within(Duration::from_millis(300));
            }
        }
    }

    let stop = StopSignal::new().expect("a pipe");
    let mut watcher = Impatient(stop.handle(), Instant::now());
    let deaf = steps("polite [ out told ] out deaf sleep 600");
    let ended = run(&deaf, &stop, &mut watcher);
    assert_eq!(ended.how, How::Stopped);
    let lasted = watcher.1.elapsed();
    assert!(lasted >= Duration::from_millis(300), "{lasted:?}");
    assert!(lasted < Duration::from_secs(30), "the grace was waited out");
}

#[test]
fn what_is_no_signal_has_no_name() {
    for number in [-1, 0, 65, 12345] {
        assert_eq!(signal_name(number), None);
    }
}

#[cfg(unix)]
mod unix {
    use super::*;

    #[test]
    fn a_signal_is_reported_with_its_number_and_name() {
        let (ended, _) = run_it(&line("kill -KILL $$"));
        assert_eq!(
            ended.how,
            How::Signaled {
                signal: 9,
                core_dumped: false
            }
        );
    }

    #[test]
    fn every_signal_has_the_name_that_the_shell_has_for_it() {
        let last = if cfg!(target_os = "linux") { 64 } else { 31 };
        for signal in 1..=last {
            let name = signal_name(signal).expect("it is a signal");
            let name = name.strip_prefix("SIG").expect("it is called one");
            let spec = line(&format!("kill -l {signal}"));
            let shells = run_it(&spec).1.out().trim().to_ascii_uppercase();
            // Not every shell knows all of them, and some count the last ones backwards.
            let is_number = shells.is_empty() || shells.parse::<i32>().is_ok();
            assert!(
                is_number || shells == name || shells.starts_with("RTMAX-"),
                "{shells} {name}"
            );
        }
        for (signal, name) in [(9, "SIGKILL"), (15, "SIGTERM")] {
            assert_eq!(signal_name(signal).as_deref(), Some(name));
        }
        #[cfg(target_os = "linux")]
        for (signal, name) in [
            (16, "SIGSTKFLT"),
            (30, "SIGPWR"),
            (33, "SIGRTMIN-1"),
            (34, "SIGRTMIN"),
            (50, "SIGRTMIN+16"),
            (64, "SIGRTMAX"),
        ] {
            assert_eq!(signal_name(signal).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_stopped_process_is_continued_so_that_it_can_clean_up() {
        let (ended, heard) = run_it(&within(
            line("trap 'echo bye; exit 0' TERM; kill -STOP $$; sleep 600"),
            0.3,
        ));
        assert_eq!(ended.how, How::TimedOut);
        assert_eq!(heard.out(), "bye\n");
    }
}

#[cfg(windows)]
mod windows {
    use super::*;

    #[test]
    fn an_exit_code_is_a_number_of_32_bits_without_a_sign() {
        for (given, code) in [
            ("256", 256),
            ("3000", 3000),
            ("0xC0000005", 0xC000_0005),
            ("-1", 0xFFFF_FFFF),
        ] {
            let (ended, _) = run_it(&job(["exit", given]));
            assert_eq!(ended.how, How::Exited(code));
        }
    }

    #[test]
    fn only_who_has_opened_the_stop_event_is_given_the_grace() {
        let began = Instant::now();
        let spec = grace(steps("out up sleep 600"), 600.0);
        assert_eq!(stop_at("up", &spec).0.how, How::Stopped);
        assert!(began.elapsed() < Duration::from_secs(60), "it was given");
    }
}
