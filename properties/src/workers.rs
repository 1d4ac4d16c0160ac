//! `workers.json`: whatever is in it, it is put right at once, and who lives stays in it.

use std::process;

use queuectl_process::{Machine, os};
use queuectl_worker::{DataFolder, files};
use serde_json::{Value, json};

/// A list of workers as somebody has left it; the second time with this process in it.
pub(crate) fn workers(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = DataFolder::create(folder.path().join("data")).expect("it is ours");
    put_right(&data, bytes);

    let pid = process::id();
    let me = json!({
        "id": "me",
        "pid": pid,
        "process_started": os::process_start(pid).expect("it runs"),
        "machine": Machine::this().to_string(),
        "store": "a store",
    });
    let Ok(Value::Array(mut others)) = serde_json::from_slice(bytes) else {
        return;
    };
    others.push(me);
    let all = Value::from(others).to_string();
    let lives = |list: &str| list.contains("\"me\"");
    let was_readable = put_right(&data, all.as_bytes());
    let list = std::fs::read_to_string(data.registry()).expect("it is there");
    assert_eq!(lives(&list), was_readable, "{list}");
}

/// Puts the list right; says whether it could be read.
fn put_right(data: &DataFolder, list: &[u8]) -> bool {
    std::fs::write(data.registry(), list).expect("a file can be written");
    let found = files(data, None, &[], true);
    assert!(found.findings.len() <= 1, "one list, one finding");
    let unreadable = found
        .findings
        .iter()
        .any(|one| one.what.contains("can't be read"));
    let left = files(data, None, &[], false);
    assert!(left.findings.is_empty(), "it wasn't put right");
    !unreadable
}
