//! A worker's roster: what isn't from this start of the machine points at nobody, and nothing points at who isn't there.

use std::path::Path;

use queuectl_process::{Roster, Tag, orphans};

/// A roster as somebody has left it. The second time it looks as if it were from this start of the machine.
pub(crate) fn roster(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("worker.pids");
    drop(Roster::create(&path, 0, [0; 5]).expect("it can be written"));
    let ours = std::fs::read(&path).expect("it is there");

    let found = left_running(&path, bytes);
    let is_ours = bytes.get(8..16) == Some(&ours[8..16]);
    assert!(is_ours || found.is_empty(), "strangers: {found:?}");
    let found = left_running(&path, &[&ours, bytes].concat());
    for pid in found {
        // It may have ended since; but the first of all is no job's, and we are not our own.
        assert!(pid > 1 && pid != std::process::id(), "{pid}");
    }
}

fn left_running(path: &Path, content: &[u8]) -> Vec<u32> {
    std::fs::write(path, content).expect("a file can be written");
    let nobody = Tag {
        name: "QUEUECTL_WORKER_ID".into(),
        value: "nobody-has-this-name".into(),
    };
    orphans(path, &|_| nobody.clone()).unwrap_or_default()
}
