//! A store whose file can be opened by a second path. Its log lies beside the path, so two paths would have two.

use crate::jobs;
use crate::support::Home;

#[test]
fn a_store_whose_file_is_mounted_without_its_folder_is_refused() {
    let mut home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.remount("touch $1/mounted.db; mount --bind $1/data/queuectl.db $1/mounted.db");
    let mounted = home.path().join("mounted.db");
    let mounted = mounted
        .to_str()
        .expect("a temporary folder has a plain name");
    let enqueue = ["enqueue", "--id", "lost", "--command", jobs::SUCCEEDS];
    for command in [&enqueue[..], &["status"], &["list"], &["worker", "start"]] {
        let output = home.run(["--db", mounted].iter().chain(command));
        let error = output.failed(5);
        assert!(error.contains("mounted without its folder"), "{error}");
    }
    // Where it isn't mounted, it is as it was.
    assert_eq!(home.total(), 1);
}

#[test]
fn a_store_whose_folder_is_mounted_is_one_by_both_paths() {
    let mut home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.remount("mkdir $1/mounted; mount --bind $1/data $1/mounted");
    let mounted = home.path().join("mounted/queuectl.db");
    let mounted = mounted
        .to_str()
        .expect("a temporary folder has a plain name");
    home.ok([
        "--db",
        mounted,
        "enqueue",
        "--id",
        "b",
        "--command",
        jobs::SUCCEEDS,
    ]);
    assert_eq!(home.total(), 2);
    assert_eq!(home.json(["--db", mounted, "status"])["total"], 2);
}
