//! A store that can't be used: a clear error, the right exit code, and the file as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::jobs;
use crate::support::{Home, system};

/// Commands that read, and commands that write.
const COMMANDS: [&[&str]; 5] = [
    &["status"],
    &["list"],
    &["show", "a"],
    &["enqueue", "--id", "new", "--command", "true"],
    &["config", "set", "priority", "6"],
];

/// Each command is refused with `code`, with an error that has `word`.
fn refused(home: &Home, place: &Path, code: i32, word: &str) {
    let place = place.to_str().expect("a temporary folder has a plain name");
    for command in COMMANDS {
        let output = home.run(["--db", place].iter().chain(command));
        let error = output.failed(code);
        assert!(error.contains(word), "`{word}` isn't in {error}");
    }
    let output = home.run([
        "--db",
        place,
        "worker",
        "start",
        "--foreground",
        "--until-idle",
    ]);
    output.failed(code);
}

fn bytes_of(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("the file is there")
}

#[test]
fn a_folder_is_no_store() {
    let home = Home::new();
    let folder = home.work("folder");
    std::fs::create_dir(&folder).expect("a folder can be made");
    refused(&home, &folder, 5, "folder");
    assert_eq!(
        std::fs::read_dir(&folder).expect("it is there").count(),
        0,
        "something was put into it"
    );
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let home = Home::new();
    for content in [
        &b"just some text, and certainly not a database at all: "[..],
        b"x",
    ] {
        let file = home.work("notes.txt");
        std::fs::write(&file, content.repeat(40)).expect("a file can be written");
        refused(&home, &file, 6, "notes.txt");
        assert_eq!(bytes_of(&file), content.repeat(40));
    }
    let others = std::fs::read_dir(home.work("")).expect("it is there");
    let names: Vec<_> = others
        .map(|entry| entry.expect("it is there").file_name())
        .collect();
    assert_eq!(names, ["notes.txt"], "something was left beside it");
}

#[test]
fn a_database_of_something_else_is_left_alone() {
    let home = Home::new();
    let file = home.work("other.db");
    let other = rusqlite::Connection::open(&file).expect("a database can be made");
    other.execute_batch("CREATE TABLE jobs (id, note); INSERT INTO jobs VALUES (1, 'mine'); PRAGMA user_version = 1").expect("SQL");
    drop(other);
    let before = bytes_of(&file);
    refused(&home, &file, 6, "other.db");
    assert_eq!(bytes_of(&file), before);
}

/// All files below a folder, with what is in them.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it is there").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let bytes = bytes_of(&path);
            files.insert(path, bytes);
        }
    }
    files
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let file = home.database();
    let store = rusqlite::Connection::open(&file).expect("the store can be opened");
    store
        .execute_batch("PRAGMA user_version = 1000")
        .expect("SQL");
    drop(store);
    let folder = file.parent().expect("the store is in a folder");
    let before = files(folder);
    refused(&home, &file, 6, "1000");
    assert!(files(folder) == before, "something was touched");
    home.run(["worker", "start"]).failed(6);
    assert!(files(folder) == before, "something was touched");
}

#[test]
fn a_damaged_store_is_said_to_be_damaged() {
    let home = Home::new();
    for i in 0..50 {
        home.enqueue(
            &format!("job{i}"),
            &crate::jobs::says(&"x".repeat(2000)),
            &[],
        );
    }
    let file = home.database();
    let store = rusqlite::Connection::open(&file).expect("the store can be opened");
    let into_one_file = "PRAGMA wal_checkpoint(TRUNCATE)";
    store.execute_batch(into_one_file).expect("SQL");
    drop(store);
    let mut bytes = bytes_of(&file);
    let length = bytes.len();
    assert!(
        length > 20_000,
        "the store is in one file, of {length} bytes"
    );
    bytes[4096..].fill(0x5a);
    std::fs::write(&file, &bytes).expect("a file can be written");
    for command in COMMANDS {
        home.run(command).failed(6);
    }
    assert_eq!(bytes_of(&file), bytes);
}

#[test]
fn a_folder_that_can_not_be_made_is_an_error() {
    let home = Home::new();
    home.touch("file");
    let inside = home.work("file/data/queue.db");
    refused(&home, &inside, 5, "file");
    refused(&home, Path::new(system::NOWHERE), 5, "no");
    assert_eq!(home.read("file"), "");
}

#[test]
fn a_store_that_others_write_to_for_too_long_is_locked() {
    let home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    let store = rusqlite::Connection::open(home.database()).expect("the store can be opened");
    store.execute_batch("BEGIN IMMEDIATE").expect("SQL");
    let output = home.run(["enqueue", "--id", "b", "--command", "true"]);
    assert!(output.failed(5).contains("locked"), "{output}");
    // Who only looks isn't held up.
    assert_eq!(home.json(["status"])["total"], 1);
    store.execute_batch("ROLLBACK").expect("SQL");
    home.enqueue("b", jobs::SUCCEEDS, &[]);
}
