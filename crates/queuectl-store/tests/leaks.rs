//! Nothing is left behind: no descriptor, no child, no file that isn't the store's. Alone in its process, since it counts
//! them. Linux, where they can be.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

use std::fs;
use std::path::Path;
use std::thread;

use queuectl_domain::{Command, NewJob, Settings};
use queuectl_store::{BackupTo, Interrupted, Location, Options, Store, StoreError, open};

/// What the store's files are called after it.
const KNOWN: [&str; 5] = ["q.db", "q.db-wal", "q.db-shm", "q.db-lock", "q.db-wake"];

fn try_open(path: &Path) -> Result<Box<dyn Store>, StoreError> {
    open(&Location::Sqlite(path.to_owned()), &Options::default())
}

#[test]
fn many_handles_of_all_kinds_leave_no_descriptor_and_no_strange_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.db");
    let broken = folder.path().join("broken.db");
    fs::write(&broken, "this is no store").unwrap();
    let mut counted = None;
    for round in 0..20 {
        let mut store = try_open(&path).unwrap();
        let mut other = try_open(&path).unwrap();
        store.enqueue(vec![a_job(); 3]).unwrap();
        let mut bell = other.bell().unwrap();
        let another = bell.another().unwrap();
        let rung = thread::spawn(move || bell.wait());
        another.ring();
        rung.join().unwrap().unwrap();
        other.check().unwrap();
        other.sync().unwrap();
        assert!(try_open(&broken).is_err());
        let copy = folder.path().join("copy.db");
        let to = BackupTo {
            path: &copy,
            replace: true,
            interrupted: Interrupted::never(),
        };
        store.backup(&to, &mut |_| {}).unwrap();
        drop((store, other, another));
        fs::remove_file(&copy).unwrap();

        let now = fs::read_dir("/proc/self/fd").unwrap().count();
        assert_eq!(
            now,
            *counted.get_or_insert(now),
            "descriptors in round {round}"
        );
        let children = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        assert_eq!(children, "", "children in round {round}");
        for entry in fs::read_dir(folder.path()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                KNOWN.contains(&name.as_str()) || name == "broken.db",
                "{name}"
            );
        }
    }
}

fn a_job() -> NewJob {
    NewJob {
        id: None,
        command: Command::line("true".into(), None).unwrap(),
        cwd: "/".into(),
        rules: Settings::default().rules,
    }
}
