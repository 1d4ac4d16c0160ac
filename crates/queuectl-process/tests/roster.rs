//! What a roster tells whoever reads it when its worker is dead. A worker that is killed is this binary, run again.
#![allow(clippy::unwrap_used, reason = "all of it is test")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use queuectl_process::{
    Head, Leader, Mark, Orphans, Roster, Tag, Written, begun, end_orphans, os, since_heartbeat,
};
use support::*;

const FOLDER: &str = "ROSTER_TEST_FOLDER";
const MARK: Mark = [1, 2, 3, 4, u64::MAX];
/// Where in the file stands the first byte of the start of the machine, of the pid namespace, of the last beat.
const BOOT: usize = 8;
const ROOM: usize = 16;
const ALIVE: usize = 96;

/// A process that leads a session of its own, ended and reaped when dropped.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        let mut command = apart("sleep 600");
        #[cfg(unix)]
        lead_a_session(&mut command);
        Self(command.spawn().unwrap())
    }

    /// What a roster says of it, its start moved by so much.
    fn leader(&self, moved: i64) -> Leader {
        let start = os::process_start(self.0.id()).unwrap();
        let start = start.checked_add_signed(moved).unwrap();
        Leader {
            pid: self.0.id(),
            earliest: start,
            latest: start,
        }
    }

    fn lives(&self) -> bool {
        lives(self.0.id())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn end(roster: &Path) -> Orphans {
    let nobody = Tag {
        name: "QUEUECTL_WORKER_ID".to_owned(),
        value: roster.display().to_string(),
    };
    end_orphans(roster, &|_| nobody.clone(), LONG).unwrap()
}

fn orphans(ended: usize, running: Option<&[u64]>) -> Orphans {
    Orphans {
        ended,
        running: running.map(<[u64]>::to_vec),
    }
}

#[test]
fn a_process_that_only_has_the_pid_is_spared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster");
    let roster = Roster::create(&path, 2, MARK).unwrap();
    let innocent = Sleeper::start();
    roster.note(0, innocent.leader(-1)).unwrap();
    assert_eq!(end(&path).ended, 0);
    assert!(innocent.lives());
}

#[test]
fn a_cleared_slot_and_a_missing_roster_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster");
    assert_eq!(end(&path), orphans(0, None));
    let roster = Roster::create(&path, 2, MARK).unwrap();
    let sleeper = Sleeper::start();
    roster.note(1, sleeper.leader(0)).unwrap();
    roster.clear(1).unwrap();
    assert_eq!(end(&path).ended, 0);
    roster.note(1, sleeper.leader(0)).unwrap();
    assert_eq!(end(&path).ended, 1);
    assert!(!sleeper.lives());
}

#[test]
fn what_has_begun_is_known_by_its_label_until_it_is_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster");
    let roster = Roster::create(&path, 3, MARK).unwrap();
    assert_eq!(end(&path), orphans(0, Some(&[])));
    roster.begin(0, 0).unwrap();
    roster.begin(2, u64::MAX).unwrap();
    assert_eq!(end(&path), orphans(0, Some(&[0, u64::MAX])));
    let sleeper = Sleeper::start();
    roster.note(2, sleeper.leader(0)).unwrap();
    assert_eq!(end(&path), orphans(1, Some(&[0, u64::MAX])));
    roster.clear(2).unwrap();
    roster.begin(0, 5).unwrap();
    assert_eq!(end(&path), orphans(0, Some(&[5])));
    // A worker that begins anew in the same file has begun nothing.
    drop(roster);
    let _roster = Roster::create(&path, 3, MARK).unwrap();
    assert_eq!(end(&path), orphans(0, Some(&[])));
}

#[test]
fn a_roster_from_before_the_machine_was_started_again_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster");
    let roster = Roster::create(&path, 1, MARK).unwrap();
    let sleeper = Sleeper::start();
    roster.begin(0, 1).unwrap();
    roster.note(0, sleeper.leader(0)).unwrap();
    change(&path, BOOT);
    assert_eq!(end(&path), orphans(0, None));
    assert_eq!(begun(&path), None);
    assert_eq!(
        Head::read(&path).unwrap().written(),
        Written::BeforeARestart
    );
    assert!(sleeper.lives());
}

/// Changes one byte of a file that stays the same one.
fn change(path: &Path, at: usize) {
    let mut content = std::fs::read(path).unwrap();
    content[at] ^= 1;
    std::fs::write(path, content).unwrap();
}

#[test]
fn a_roster_of_another_pid_namespace_ends_nobody_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster");
    let roster = Roster::create(&path, 1, MARK).unwrap();
    let innocent = Sleeper::start();
    roster.begin(0, 7).unwrap();
    roster.note(0, innocent.leader(0)).unwrap();
    change(&path, ROOM);
    let nobody = Tag {
        name: "QUEUECTL_WORKER_ID".to_owned(),
        value: path.display().to_string(),
    };
    let refused = end_orphans(&path, &|_| nobody.clone(), LONG)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("another pid namespace"), "{refused}");
    assert!(queuectl_process::orphans(&path, &|_| nobody.clone()).is_err());
    assert!(innocent.lives());
    assert_eq!(since_heartbeat(&path), None);
    let head = Head::read(&path).unwrap();
    assert_eq!(head.written(), Written::Elsewhere);
    assert!(!head.keeper_lives(), "its number says nothing here");
    assert_eq!(begun(&path), Some(vec![7]));
}

#[test]
fn a_copy_of_a_roster_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("roster"), folder.path().join("copy"));
    let roster = Roster::create(&path, 1, MARK).unwrap();
    let sleeper = Sleeper::start();
    roster.begin(0, 7).unwrap();
    roster.note(0, sleeper.leader(0)).unwrap();
    std::fs::copy(&path, &copy).unwrap();
    assert_eq!(end(&copy), orphans(0, None));
    // A copy may have come into its place, too.
    std::fs::rename(&path, folder.path().join("moved")).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    assert_eq!(end(&path), orphans(0, None));
    let copied = Head::read(&path).unwrap();
    assert!(!copied.is_original() && copied.keeper_lives());
    assert!(sleeper.lives());
    let moved = folder.path().join("moved");
    let head = Head::read(&moved).unwrap();
    assert!(head.is_original() && head.mark() == MARK && copied.mark() == MARK);
    assert_eq!(end(&moved), orphans(1, Some(&[7])));
}

#[test]
fn a_workers_last_heartbeat_is_seen_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster");
    assert_eq!(since_heartbeat(&path), None, "there is no roster");
    let roster = Roster::create(&path, 3, MARK).unwrap();
    let before = os::since_boot();
    roster.heartbeat().unwrap();
    roster.begin(2, u64::MAX).unwrap();
    let since = since_heartbeat(&path).unwrap();
    // Linux counts in hundredths of a second.
    let passed = os::since_boot() - before + Duration::from_millis(10);
    assert!(since <= passed, "{since:?} of {passed:?}");
    assert_eq!(end(&path), orphans(0, Some(&[u64::MAX])));
    let head = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&head[..ALIVE], &[0x7f; 8]].concat()).unwrap();
    assert_eq!(since_heartbeat(&path), None, "it is from the future");
    std::fs::write(&path, &head).unwrap();
    change(&path, BOOT);
    assert_eq!(
        since_heartbeat(&path),
        None,
        "it is of another start of the machine"
    );
    std::fs::write(&path, "short").unwrap();
    assert_eq!(since_heartbeat(&path), None, "it is cut off");
}

#[test]
fn what_is_no_roster_is_refused_and_what_is_cut_off_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster");
    std::fs::write(&path, "QROSTER3 and whatever follows then                                                                                ").unwrap();
    let tag = Tag {
        name: "NOBODY".to_owned(),
        value: "1".to_owned(),
    };
    let refused = end_orphans(&path, &|_| tag.clone(), LONG)
        .unwrap_err()
        .to_string();
    assert_eq!(refused, "not a roster of this version");
    for cut in ["", "QROSTER4"] {
        std::fs::write(&path, cut).unwrap();
        assert_eq!(end(&path), orphans(0, None));
    }
}

#[test]
fn a_worker_killed_at_any_moment_leaves_no_pid_beside_the_times_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let innocent = Sleeper::start();
    let Leader { pid, earliest, .. } = innocent.leader(0);
    std::fs::write(folder.join("innocent"), format!("{pid} {earliest}")).unwrap();
    for round in 0..40 {
        let _ = std::fs::remove_file(folder.join("noting"));
        let mut worker = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper_worker"])
            .env(FOLDER, folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        until("it notes", || folder.join("noting").exists());
        for _ in 0..round * 1000 {
            std::hint::spin_loop();
        }
        worker.kill().unwrap();
        worker.wait().unwrap();
        assert_eq!(end(&folder.join("roster")).ended, 0, "round {round}");
        assert!(innocent.lives(), "round {round}");
    }
}

/// Not a test of its own: what the helper process does. It notes, without end, the pid of an innocent process beside times
/// that are not its own, and another pid beside those that are. Without its variable there is nothing to do.
#[test]
fn helper_worker() {
    #[expect(clippy::disallowed_methods, reason = "tells the helper from the test")]
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let innocent = read(&folder.join("innocent"));
    let (pid, start) = innocent.split_once(' ').unwrap();
    let (pid, start): (u32, u64) = (pid.parse().unwrap(), start.parse().unwrap());
    let leader = |pid, start| Leader {
        pid,
        earliest: start,
        latest: start,
    };
    let roster = Roster::create(&folder.join("roster"), 1, MARK).unwrap();
    std::fs::write(folder.join("noting"), "").unwrap();
    loop {
        roster.note(0, leader(pid, start - 1)).unwrap();
        roster.note(0, leader(u32::MAX, start)).unwrap();
        roster.note(0, leader(pid, start + 1)).unwrap();
        roster.clear(0).unwrap();
        roster.note(0, leader(u32::MAX, start)).unwrap();
    }
}
