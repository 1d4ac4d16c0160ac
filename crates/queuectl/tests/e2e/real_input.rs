//! The main job on real files: hundreds of them are compressed by background workers, one of which is killed midway.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::jobs;
use crate::support::{Home, number, system, text, wait_until};

/// As many files as make a real load.
const FILES: usize = 320;
/// The jobs that wait in the middle, one for each slot.
const HELD: std::ops::Range<usize> = 150..154;

#[test]
fn hundreds_of_files_are_compressed_although_a_worker_is_killed_midway() {
    let home = Home::new();
    let files = real_files();
    for (i, file) in files.iter().enumerate() {
        let target = format!("{i}.sum");
        let line = if HELD.contains(&i) {
            jobs::is_held_and_compresses(&format!("held{i}"), file, &target)
        } else {
            jobs::compresses(file, &target)
        };
        home.enqueue(&format!("file{i}"), &line, &[]);
    }
    let pids = home.start_workers(&["--count", "2", "--concurrency", "2"]);

    // Midway every slot has a job that waits: that is when one of the workers dies.
    let orphans: Vec<_> = HELD
        .map(|i| home.wait_for_pid(&format!("held{i}.pid")))
        .collect();
    system::kill_hard(pids[0]);
    wait_until("the worker to be dead", || !system::is_alive(pids[0]));
    home.start_workers(&["--concurrency", "2"]);
    wait_until("the orphans to be ended", || {
        orphans
            .iter()
            .filter(|orphan| !system::is_alive(**orphan))
            .count()
            == 2
    });
    for i in HELD {
        home.touch(&format!("held{i}.go"));
    }
    let total = files.len() as i64;
    wait_until("all to be completed", || {
        number(&home.json(["status"]), "completed") == total
    });

    let sums: Vec<_> = (0..files.len())
        .map(|i| home.read(&format!("{i}.sum")))
        .collect();
    assert_eq!(sums, serial_run(&home, &files));
    let crashed =
        HELD.filter(|i| text(&home.show(&format!("file{i}"))["runs"][0], "outcome") == "crashed");
    assert_eq!(crashed.count(), 2, "the killed worker had two slots");
    home.ok(["worker", "stop"]);
    home.wait_until_quiet();
    home.check_store();
}

/// The same work without a queue, one after the other.
fn serial_run(home: &Home, files: &[String]) -> Vec<String> {
    let lines = files
        .iter()
        .enumerate()
        .map(|(i, file)| jobs::compresses(file, &format!("{i}.serial")));
    let script = lines.collect::<Vec<_>>().join("\n");
    std::fs::write(home.work("serial.sh"), script).expect("a file can be written");
    let done = Command::new("sh")
        .arg("serial.sh")
        .current_dir(home.work(""))
        .status();
    assert!(done.expect("`sh` is there").success());
    (0..files.len())
        .map(|i| home.read(&format!("{i}.serial")))
        .collect()
}

/// Files of a folder that has enough of them: the Rust toolchain's documentation, or the system's.
fn real_files() -> Vec<String> {
    let mut folders = vec![
        PathBuf::from("/usr/share/doc"),
        "/usr/include".into(),
        "/usr/share/man".into(),
    ];
    if let Ok(output) = Command::new("rustc").args(["--print", "sysroot"]).output() {
        let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        folders.insert(0, Path::new(&sysroot).join("share/doc"));
    }
    let found = folders
        .iter()
        .map(|folder| files_in(folder))
        .find(|files| files.len() == FILES);
    found.unwrap_or_else(|| {
        panic!(
            "no {FILES} files in any of {folders:?}: `rustup component add rust-docs` brings them"
        )
    })
}

/// The first files of a folder and those below it, none tiny and none huge, as far as they are needed.
fn files_in(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        let mut paths: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        for path in paths {
            let Ok(metadata) = path.symlink_metadata() else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file()
                && (500..100_000).contains(&metadata.len())
                && let Some(path) = path.to_str()
            {
                files.push(path.to_owned());
            }
            if files.len() == FILES {
                return files;
            }
        }
    }
    files
}
