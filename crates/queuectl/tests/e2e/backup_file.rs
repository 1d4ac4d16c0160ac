//! `queuectl backup` of a file: put in its place, and kept from spoiling it.

use std::fs;

use crate::jobs;
use crate::support::{Home, names, number, system};

#[test]
fn a_backup_is_put_in_the_place_of_the_store() {
    let home = Home::new();
    for i in 0..20 {
        home.enqueue(&format!("job{i}"), jobs::SUCCEEDS, &[]);
    }
    home.ok(["backup", "copy.db"]);
    home.start_workers(&["--count", "2"]);
    home.wait_for_state("job19", "completed");
    home.enqueue("late", &jobs::held("late"), &[]);
    home.wait_for_pid("late.pid");
    home.touch("late.go");
    home.ok(["worker", "stop"]);
    let store = home.database();
    for beside in ["-wal", "-shm"] {
        let mut path = store.clone().into_os_string();
        path.push(beside);
        // The last to close the store may have removed it.
        let _ = fs::remove_file(path);
    }
    fs::copy(home.work("copy.db"), store).expect("it can be copied");
    home.ok(["-q", "doctor", "--fix"]);
    let status = home.json(["status"]);
    assert_eq!(
        (number(&status, "pending"), number(&status, "total")),
        (20, 20)
    );
    home.start_workers(&["--count", "2"]);
    for i in 0..20 {
        home.wait_for_state(&format!("job{i}"), "completed");
    }
    home.ok(["worker", "stop"]);
    home.ok(["doctor"]);
    home.check_store();
}

#[test]
fn nothing_is_overwritten_unless_that_is_meant() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.touch("there");
    let error = home.run(["backup", "there"]);
    assert!(error.failed(4).contains("something already"), "{error}");
    assert_eq!(home.read("there"), "");
    home.ok(["backup", "--force", "there"]);
    let restored = home.json(["--db", "there", "status"]);
    assert_eq!(number(&restored, "pending"), 1);
    // A store that is used is replaced by no force; nor the store itself.
    home.ok(["--db", "there", "enqueue", "--command", "true"]);
    home.run(["backup", "--force", "there"]).failed(4);
    let store = home.database();
    let store = store.to_str().expect("a temporary folder has a plain name");
    home.run(["backup", "--force", store]).failed(4);
    let error = home.run(["backup", "--force", system::DEVICE]);
    let code = error.code.expect("it ends by itself");
    assert!(system::DEVICE_REFUSED.contains(&code), "{error}");
    home.run(["backup", "--force", "."]).failed(4);
    assert_eq!(number(&home.json(["status"]), "pending"), 1);
}

#[test]
fn what_can_not_be_backed_up_is_said() {
    let home = Home::new();
    let error = home.run(["backup", "copy.db"]);
    assert!(error.failed(5).contains("there is no store"), "{error}");
    assert!(!home.path().exists(), "a store was made of it");
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let error = home.run(["backup", "-"]);
    assert!(error.failed(2).contains("stdout"), "{error}");
    home.run(["backup"]).failed(2);
    let error = home.run(["backup", "no/such/folder.db"]);
    assert!(error.failed(5).contains("folder.db"), "{error}");
    assert_eq!(names(&home.work("")), [] as [&str; 0]);
}
