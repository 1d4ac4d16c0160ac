//! What a worker that was killed left running is ended by whoever rescues it. The worker is this binary, run again.
#![allow(clippy::unwrap_used, reason = "all of it is test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use queuectl_process::{
    Leader, Orphans, Roster, Spec, StopSignal, Stream, Tag, Watcher, end_orphans, run,
};
use support::*;

const FOLDER: &str = "ORPHANS_TEST_FOLDER";

fn worker_tag(folder: &Path) -> Tag {
    Tag {
        name: "QUEUECTL_WORKER_ID".to_owned(),
        value: folder.display().to_string(),
    }
}

/// Not a test of its own: what the helper process does. Without its variable there is nothing to do.
#[test]
fn helper_worker() {
    #[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    struct Noting(Roster);
    impl Watcher for Noting {
        fn started(&mut self, leader: Leader) {
            self.0.note(1, leader).unwrap();
            std::fs::write("noted", "").unwrap();
        }
        fn output(&mut self, _: Stream, _: &[u8]) {}
    }
    let tagged = read(&folder.join("tagged")) == "yes";
    let tag = worker_tag(&folder);
    let spec = Spec {
        env: tagged
            .then(|| (tag.name.into(), tag.value.into()))
            .into_iter()
            .collect(),
        ..at(given(&read(&folder.join("what"))), &folder)
    };
    std::env::set_current_dir(&folder).unwrap();
    let mut noting = Noting(Roster::create(&folder.join("roster"), 3, [0; 5]).unwrap());
    noting.0.begin(0, 40).unwrap();
    noting.0.begin(2, 42).unwrap();
    noting.0.clear(2).unwrap();
    noting.0.begin(1, 41).unwrap();
    run(&spec, &StopSignal::new().unwrap(), &mut noting);
    noting.0.clear(1).unwrap();
}

/// What a worker is to run: a shell's line, or a fake job's steps.
fn given(text: &str) -> Spec {
    match text.strip_prefix("sh ") {
        Some(text) => line(text),
        None => steps(text),
    }
}

fn worker(folder: &Path, tagged: &str, what: &str) -> Child {
    std::fs::write(folder.join("tagged"), tagged).unwrap();
    std::fs::write(folder.join("what"), what).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "helper_worker", "--nocapture"])
        .env(FOLDER, folder);
    command.stdout(Stdio::null()).spawn().unwrap()
}

fn kill(mut worker: Child) {
    worker.kill().unwrap();
    worker.wait().unwrap();
}

fn end(folder: &Path) -> Orphans {
    end_orphans(&folder.join("roster"), &|_| worker_tag(folder), LONG).unwrap()
}

fn pids(folder: &Path) -> Vec<u32> {
    read(&folder.join("pids"))
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect()
}

#[test]
fn a_killed_worker_s_tree_is_gone_when_it_has_been_rescued_and_what_had_begun_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let worker = worker(
        folder,
        "no",
        "child [ pidfile pids child [ pidfile pids sleep 600 ] sleep 600 ] pidfile pids sleep 600",
    );
    until("the command starts", || {
        pids(folder).len() == 3 && folder.join("noted").exists()
    });
    kill(worker);
    assert_eq!(end(folder).running, Some(vec![40, 41]), "what had begun");
    // Windows ends all of it together, but only the leader is waited for.
    until("it is gone", || !pids(folder).into_iter().any(lives));
    assert_eq!(end(folder).ended, 0, "it found some again");
}

#[cfg(unix)]
mod unix {
    use queuectl_process::os;

    use super::*;

    /// Starts a worker on what writes pids, kills it when there are so many, and checks that the rescue ends them all.
    fn rescued(tagged: &str, count: usize, what: &str) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let worker = worker(folder, tagged, what);
        until("the command starts", || {
            pids(folder).len() == count && folder.join("noted").exists()
        });
        kill(worker);
        let orphans = pids(folder);
        assert!(
            orphans.iter().all(|pid| lives(*pid)),
            "they did not survive the worker"
        );
        let seen =
            queuectl_process::orphans(&folder.join("roster"), &|_| worker_tag(folder)).unwrap();
        assert!(
            orphans.iter().all(|pid| seen.contains(pid)),
            "it sees {seen:?}"
        );
        assert!(
            orphans.iter().all(|pid| lives(*pid)),
            "one was ended by a look"
        );
        let Orphans { ended, running } = end(folder);
        assert!(!orphans.iter().any(|pid| lives(*pid)), "some live on");
        assert!(ended >= count, "it says {ended}");
        assert_eq!(running, Some(vec![40, 41]), "what had begun");
        assert_eq!(end(folder).ended, 0, "it found some again");
    }

    #[test]
    fn a_noted_group_is_ended_without_any_tag() {
        rescued(
            "no",
            2,
            "sh sleep 600 & echo $! >> pids; echo $$ >> pids; wait",
        );
    }

    /// Kills a worker, then the leader of its command, which has written its own pid to `leader` and that of one process to `pids`.
    fn kill_worker_and_leader(folder: &Path, command: &str) {
        let worker = worker(folder, "no", command);
        until("the command starts", || {
            pids(folder).len() == 1
                && folder.join("noted").exists()
                && !read(&folder.join("leader")).is_empty()
        });
        let leader = read(&folder.join("leader")).trim().parse().unwrap();
        kill(worker);
        os::kill(leader).unwrap();
        until("the leader dies", || !lives(leader));
    }

    #[test]
    fn a_group_whose_leader_has_died_is_ended_without_any_tag() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        kill_worker_and_leader(
            folder,
            "sh sleep 600 & echo $! >> pids; echo $$ >> leader; wait",
        );
        assert!(lives(pids(folder)[0]));
        assert_eq!(end(folder).ended, 1);
        assert!(!lives(pids(folder)[0]));
    }

    #[test]
    fn a_group_of_its_own_in_the_session_of_its_leader_is_ended_without_any_tag() {
        rescued(
            "no",
            2,
            "sh set -m; sleep 600 & echo $! >> pids; echo $$ >> pids; wait",
        );
    }

    /// The first thread of the leader has ended, so the system shows a zombie; its other thread goes on.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_leader_without_its_first_thread_is_ended() {
        rescued("no", 1, "headless pidfile pids sleep 600");
        rescued(
            "yes",
            2,
            "session [ headless pidfile pids sleep 600 ] pidfile pids sleep 600",
        );
    }

    /// A session whose leader has died: the number of the session, and a process in it.
    fn leaderless(folder: &Path) -> (u32, u32) {
        let _ = std::fs::remove_file(folder.join("pids"));
        let mut command = apart("pidfile pids child [ pidfile pids sleep 600 ] count 2 pids");
        lead_a_session(&mut command);
        let mut leader = command.current_dir(folder).spawn().unwrap();
        leader.wait().unwrap();
        (pids(folder)[0], pids(folder)[1])
    }

    /// `at` and `batch` save a job's environment, and start processes with it long after the job has ended.
    #[test]
    fn what_has_the_environment_of_a_command_that_has_ended_is_spared() {
        const CLAIM: &str = "QUEUECTL_CLAIM";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster");
        let claim = |label: u64| format!("{}:{label}", folder.path().display());
        let roster = Roster::create(&path, 2, [0; 5]).unwrap();
        roster.begin(0, 7).unwrap();
        roster.clear(0).unwrap();
        roster.begin(1, 8).unwrap();
        let [mut ended, mut running] = [7, 8].map(|label| {
            let mut command = Command::new("sleep");
            command.arg("600").env(CLAIM, claim(label)).spawn().unwrap()
        });
        let tag = |label| Tag {
            name: CLAIM.to_owned(),
            value: claim(label),
        };
        let orphans = queuectl_process::orphans(&path, &tag).unwrap();
        assert_eq!(orphans, [running.id()]);
        assert_eq!(end_orphans(&path, &tag, LONG).unwrap().ended, 1);
        running.wait().unwrap();
        assert!(lives(ended.id()), "it was ended");
        ended.kill().unwrap();
        ended.wait().unwrap();
    }

    /// If all its processes are younger than the worker's last heartbeat, the session may be another one.
    #[test]
    fn a_session_that_only_has_the_number_of_a_dead_leader_is_spared() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (session, process) = leaderless(folder);
        let start = os::process_start(process).unwrap();
        let roster = Roster::create(&folder.join("roster"), 1, [0; 5]).unwrap();
        let leader = Leader {
            pid: session,
            earliest: start - 1,
            latest: start,
        };
        roster.note(0, leader).unwrap();
        let path = folder.join("roster");
        let noted = std::fs::read(&path).unwrap();
        /// Where the last heartbeat stands.
        const LAST_HEARTBEAT: usize = 96;
        // It was a minute before.
        const MINUTE: u64 = if cfg!(target_os = "linux") {
            6_000
        } else {
            60_000_000
        };
        let mut long_ago = noted.clone();
        long_ago[LAST_HEARTBEAT..LAST_HEARTBEAT + 8]
            .copy_from_slice(&(start - MINUTE).to_ne_bytes());
        std::fs::write(&path, long_ago).unwrap();
        assert_eq!(end(folder).ended, 0);
        assert!(lives(process), "an innocent one was ended");
        std::fs::write(&path, noted).unwrap();
        assert_eq!(end(folder).ended, 1);
        assert!(!lives(process));
    }

    /// One process that is older than the last heartbeat proves the whole session.
    #[test]
    fn what_a_session_has_started_since_its_worker_died_is_ended_too() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        kill_worker_and_leader(
            folder,
            "sh (while [ ! -e go ]; do :; done; sleep 600 & echo $! >> late; exec sleep 600) & echo $! >> pids; echo $$ >> leader; wait",
        );
        // What starts now is surely younger than the last heartbeat: a second is allowed after that.
        std::thread::sleep(std::time::Duration::from_millis(1500));
        std::fs::write(folder.join("go"), "").unwrap();
        until("it starts another", || {
            !read(&folder.join("late")).is_empty()
        });
        let late = read(&folder.join("late")).trim().parse().unwrap();
        assert!(lives(late));
        assert_eq!(end(folder).ended, 2);
        assert!(!lives(late) && !lives(pids(folder)[0]));
    }

    #[test]
    fn a_process_with_a_session_of_its_own_is_ended_by_its_tag() {
        rescued(
            "yes",
            2,
            "session [ pidfile pids sleep 600 ] pidfile pids sleep 600",
        );
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::time::{Duration, Instant};

    use super::*;

    const BLANK: &str = "ORPHANS_TEST_BLANK";

    /// Not a test of its own: a process that shows neither arguments nor environment, as in the middle of `execve`. It creates the file
    /// that its variable names. Without that variable there is nothing to do.
    #[test]
    fn helper_blank() {
        #[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
        let Some(sign) = std::env::var_os(BLANK) else {
            return;
        };
        let stat = read(Path::new("/proc/self/stat"));
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let places = fields.split_whitespace().skip(45).take(4);
        let places: Vec<usize> = places.map(|place| place.parse().unwrap()).collect();
        // SAFETY: a system call that touches no memory of ours.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap();
        let start = places[0] / page * page;
        let length = places[3].next_multiple_of(page) - start;
        let start = std::ptr::without_provenance_mut(start);
        // SAFETY: it holds the words that this process was started with, which it reads no more.
        let done = unsafe { libc::mprotect(start, length, libc::PROT_NONE) };
        assert_eq!(done, 0);
        std::fs::write(sign, "").unwrap();
        loop {
            std::thread::sleep(LONG);
        }
    }

    #[test]
    fn strangers_that_show_nothing_delay_a_rescue_once() {
        const COUNT: usize = 6;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let path = folder.join("roster");
        let roster = Roster::create(&path, 1, [0; 5]).unwrap();
        roster.begin(0, 40).unwrap();
        let mut left = apart("sleep 600");
        let tag = worker_tag(folder);
        let mut left = left.env(tag.name, tag.value).spawn().unwrap();
        let blank = |number: usize| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "linux::helper_blank"]);
            command.env(BLANK, folder.join(number.to_string()));
            command.stdout(Stdio::null()).spawn().unwrap()
        };
        let mut blanks: Vec<Child> = (0..COUNT).map(blank).collect();
        until("they show nothing", || {
            (0..COUNT).all(|number| folder.join(number.to_string()).exists())
        });
        let began = Instant::now();
        let ended = end(folder).ended;
        let took = began.elapsed();
        for blank in &mut blanks {
            blank.kill().unwrap();
            blank.wait().unwrap();
        }
        assert_eq!(ended, 1);
        left.wait().unwrap();
        let each = Duration::from_secs(1);
        assert!(took < each * (COUNT as u32 - 1), "it took {took:?}");
    }
}
