//! Permission bits and owners of files: what the program gives them, and what it refuses.

use crate::jobs;
use crate::support::{Home, finds, finds_nothing, system};

#[test]
fn files_that_others_may_read_are_found_and_fixed() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let [data, file, workers] = ["data", "data/queuectl.db", "data/workers"].map(|p| home.seen(p));
    home.start_workers(&[]);
    system::set_mode(&data, 0o755);
    system::set_mode(&file, 0o664);
    system::set_mode(&workers, 0o750);
    let found = ["permissions: others may read or change "];
    finds(&home, false, 4, "mendable", &found);
    assert_eq!((system::mode(&data), system::mode(&file)), (0o755, 0o664));
    finds(&home, true, 0, "mended", &found);
    assert_eq!(
        (
            system::mode(&data),
            system::mode(&file),
            system::mode(&workers)
        ),
        (0o700, 0o600, 0o700)
    );
    finds_nothing(&home);
}

#[test]
fn a_store_that_everybody_may_change_is_refused_until_it_is_fixed() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    for path in ["data/queuectl.db", "data"] {
        let path = home.seen(path);
        system::set_mode(&path, 0o777);
        let error = home.run(["status"]);
        assert!(error.failed(5).contains("everybody may change"), "{error}");
        home.run(["worker", "start"]).failed(5);
        let looked = home.run(["doctor", "--json"]);
        assert_eq!(looked.code, Some(5), "{looked}");
        finds(&home, true, 0, "mended", &["permissions: "]);
        home.ok(["status"]);
    }
}

#[test]
fn a_data_folder_of_somebody_else_is_refused() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.ok(["--db", "other.db", "config", "set", "priority", "5"]);
    let data = home.seen("data");
    if !system::give_to(&data, 12345) {
        // Only root can give it away, and everybody else trusts root.
        return;
    }
    let error = home.run(["status"]);
    assert!(error.failed(5).contains("12345"), "{error}");
    let error = home.run(["--db", "other.db", "worker", "start"]);
    assert!(error.failed(5).contains("12345"), "{error}");
    for db in ["", "--db=other.db"] {
        let options = ["doctor", "--fix", "--json", db];
        let looked = home.run(options.iter().filter(|option| !option.is_empty()));
        assert_eq!(looked.code, Some(5), "{looked}");
        assert!(looked.out().contains("another user owns"), "{looked}");
    }
    assert!(system::give_to(&data, 0));
}
