//! Background workers that don't get as far as they should.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use queuectl_worker::{DataFolder, Launch, Patience, READY, StartError, Started, start};
use tempfile::TempDir;

/// How long anything here may take before it counts as stuck.
const LONG: Duration = Duration::from_secs(60);

/// A command that does these steps of `fake-job`.
fn launch(steps: &[&str]) -> Launch {
    Launch {
        program: fake_job::path("fake-job-of-worker"),
        args: steps.iter().map(Into::into).collect(),
        env: Vec::new(),
    }
}

fn folder() -> (TempDir, DataFolder) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = DataFolder::create(folder.path().join("data")).expect("the folder can be made");
    (folder, data)
}

/// Starts workers, and returns the result, which has to come in time.
fn started(
    data: &DataFolder,
    launch: Launch,
    count: usize,
    each: Duration,
    interrupted: impl Fn() -> bool + Send + 'static,
) -> Result<Vec<Started>, StartError> {
    let (told, tells) = channel();
    let data = data.clone();
    thread::spawn(move || {
        let interrupted = &interrupted;
        told.send(start(
            &data,
            &launch,
            count,
            &Patience { each, interrupted },
        ))
    });
    let result = tells.recv_timeout(LONG);
    result.expect("it waits for nobody that isn't ended")
}

fn never() -> bool {
    false
}

/// One of two that can't be asked to stop, as it doesn't listen yet, is ended all the same.
#[test]
fn if_one_dies_at_its_start_the_others_are_ended() {
    let (folder, data) = folder();
    let first = folder.path().join("first").display().to_string();
    let lives = ["first", &first, "[", "out", READY, "sleep", "600", "]"];
    let dies = ["err", "no", "exit", "1"];
    let steps = [&lives[..], &dies[..]].concat();
    match started(&data, launch(&steps), 2, LONG, never) {
        Err(StartError::Died { last_lines, .. }) => assert_eq!(last_lines, ["no"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_that_never_works_is_not_waited_for_for_ever() {
    let (folder, data) = folder();
    let pid = folder.path().join("pid").display().to_string();
    let steps = ["pidfile", &pid, "err", "not yet", "sleep", "600"];
    let patience = Duration::from_secs(2);
    match started(&data, launch(&steps), 1, patience, never) {
        Err(error @ StartError::Late { .. }) => {
            assert_eq!(
                error.to_string(),
                "the worker didn't begin to work within 2s: not yet"
            );
            let StartError::Late { log, .. } = error else {
                return;
            };
            assert!(log.starts_with(data.workers()), "{}", log.display());
        }
        other => panic!("{other:?}"),
    }
    assert_ended(Path::new(&pid));
}

#[test]
fn those_that_are_not_wanted_any_more_are_ended() {
    let (folder, data) = folder();
    let first = folder.path().join("first").display().to_string();
    let pid = folder.path().join("pid");
    let name = pid.display().to_string();
    let works = ["first", &first, "[", "out", READY, "sleep", "600", "]"];
    let waits = ["pidfile", &name, "sleep", "600"];
    let steps = [&works[..], &waits[..]].concat();
    // Once the second has started, both have.
    let interrupted = {
        let pid = pid.clone();
        let ever = AtomicBool::new(false);
        move || ever.fetch_or(written(&pid), Ordering::SeqCst)
    };
    match started(&data, launch(&steps), 2, LONG, interrupted) {
        Err(StartError::Interrupted { started: 2 }) => {}
        other => panic!("{other:?}"),
    }
    assert_ended(&pid);
}

fn written(pid: &Path) -> bool {
    std::fs::read_to_string(pid).is_ok_and(|text| text.ends_with('\n'))
}

#[track_caller]
fn assert_ended(pid: &Path) {
    let text = std::fs::read_to_string(pid).expect("it has noted its pid");
    let pid = text.trim().parse().expect("a pid");
    // It was waited for, so its pid is nobody's.
    assert_eq!(queuectl_process::os::process_start(pid), None);
}

/// A shell that runs in the background is started with SIGQUIT ignored, and so is what it starts. Before a worker listens it
/// doesn't hear that it isn't wanted any more.
#[cfg(unix)]
#[test]
fn one_that_did_not_hear_the_first_time_is_asked_again_when_it_works() {
    let (folder, data) = folder();
    let pid = folder.path().join("pid");
    let go = folder.path().join("go");
    let line = format!(
        "trap '' QUIT; echo $$ > {}; until [ -e {} ]; do sleep 0.05; done; \
         exec perl -e '$SIG{{QUIT}} = sub {{ exit }}; $| = 1; print \"{READY}\\n\"; sleep 1 while 1'",
        pid.display(),
        go.display(),
    );
    let launch = Launch {
        program: "/bin/sh".into(),
        args: ["-c", &line, "worker"].map(Into::into).to_vec(),
        env: Vec::new(),
    };
    let ever = AtomicBool::new(false);
    let is_there = {
        let pid = pid.clone();
        move || ever.fetch_or(written(&pid), Ordering::SeqCst)
    };
    // By then it has been asked. If not, it hears the first time.
    thread::spawn({
        let pid = pid.clone();
        move || {
            while !written(&pid) {
                thread::sleep(Duration::from_millis(5));
            }
            thread::sleep(Duration::from_millis(500));
            std::fs::write(go, "").expect("a file can be written");
        }
    });
    match started(&data, launch, 1, LONG, is_there) {
        Err(StartError::Interrupted { started: 1 }) => {}
        other => panic!("{other:?}"),
    }
    assert_ended(&pid);
}
