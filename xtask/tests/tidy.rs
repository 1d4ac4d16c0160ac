//! Reads the tree, and holds what no compiler holds: who imports whom, where a
//! system may be asked for, and how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms of ours that it may import.
const MAY_IMPORT: [(&str, &[&str]); 5] = [
    ("queuectl-domain", &[]),
    ("queuectl-process", &[]),
    ("queuectl-store", &["queuectl-domain", "queuectl-process"]),
    (
        "queuectl-worker",
        &["queuectl-domain", "queuectl-process", "queuectl-store"],
    ),
    (
        "queuectl",
        &["queuectl-domain", "queuectl-store", "queuectl-worker"],
    ),
];

/// The longest a source file may be, in lines.
const LONGEST: usize = 500;

fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask lies in the root").to_owned()
}

/// All files of a kind below a folder, with what is in them.
fn files(folder: &Path, kinds: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder);
        for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if kinds
                .iter()
                .any(|kind| path.extension().is_some_and(|extension| extension == *kind))
            {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing to read in {}", folder.display());
    found
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut all = files(&root().join("crates"), &["rs", "sql"]);
    let folders = [
        "bench",
        "chaos",
        "cluster",
        "dist",
        "fake-job",
        "fuzz/fuzz_targets",
        "properties",
        "xtask",
    ];
    for folder in folders {
        all.extend(files(&root().join(folder), &["rs"]));
    }
    all
}

/// Fails with all places that break a rule.
fn none(rule: &str, places: Vec<String>) {
    assert!(places.is_empty(), "{rule}:\n{}", places.join("\n"));
}

/// The lines of a source that contain one of `words`, but for those of its comments.
fn lines_with(path: &Path, text: &str, words: &[&str]) -> Vec<String> {
    let lines = text.lines().enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter(|(_, line)| words.iter().any(|word| line.contains(word)))
        .map(|(number, line)| format!("{}:{}: {}", path.display(), number + 1, line.trim()))
        .collect()
}

#[test]
fn imports_point_down() {
    for (room, allowed) in MAY_IMPORT {
        let manifest = root().join("crates").join(room).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).expect("each room has a manifest");
        let (_, after) = text
            .split_once("[dependencies]")
            .expect("it has dependencies");
        let table = after.split("\n[").next().unwrap_or_default();
        let imported = table.lines().filter_map(|line| {
            let name = line.split(['.', ' ', '=']).next()?;
            name.starts_with("queuectl").then_some(name)
        });
        for name in imported {
            assert!(allowed.contains(&name), "{room} imports {name}");
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let long = sources().into_iter().filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > LONGEST).then(|| format!("{}: {lines} lines", path.display()))
    });
    none("a file has 500 lines at most", long.collect());
}

#[test]
fn only_the_process_room_and_chores_ask_which_system_they_are_on() {
    let asked = sources().into_iter().filter(|(path, _)| {
        let path = path.to_string_lossy().replace('\\', "/");
        let elsewhere = [
            "/queuectl-process/",
            "/bench/",
            "/chaos/",
            "/cluster/",
            "/fake-job/",
            "/xtask/",
            "/tests/",
        ];
        !elsewhere.iter().any(|folder| path.contains(folder))
    });
    let places = asked.flat_map(|(path, text)| {
        let words = [
            "cfg!(",
            "cfg(unix",
            "cfg(windows",
            "cfg(target_",
            "cfg(not(",
            "std::os::unix",
            "std::os::windows",
        ];
        lines_with(&path, &text, &words)
    });
    none("systems differ in the process room", places.collect());
}

#[test]
fn sql_lives_in_sql_files() {
    let rust = files(&root().join("crates/queuectl-store/src"), &["rs"]);
    let words = [
        "\"SELECT ",
        "\"INSERT ",
        "\"UPDATE ",
        "\"DELETE ",
        "\"CREATE ",
    ];
    let places = rust
        .iter()
        .flat_map(|(path, text)| lines_with(path, text, &words));
    none("a statement has a file of its own", places.collect());
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ig", "nore"),
    ];
    let places = sources().into_iter().flat_map(|(path, text)| {
        let lines = text.lines().enumerate();
        let found = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        found
            .map(|(number, line)| format!("{}:{}: {line}", path.display(), number + 1))
            .collect::<Vec<_>>()
    });
    none("what is begun is finished", places.collect());
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|(path, text)| {
        let rust = path.extension().is_some_and(|kind| kind == "rs");
        rust && !text.starts_with("//!")
    });
    let places = silent.map(|(path, _)| path.display().to_string());
    none("a source begins with what it is for", places.collect());
}

#[test]
fn the_tests_that_hold_the_promises_are_there() {
    let page = fs::read_to_string(root().join("docs/promises.md")).expect("there is the page");
    let sources = sources();
    let names = page.split('`').filter(|name| {
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        name.matches('_').count() > 2 && name.chars().all(plain)
    });
    let mut count = 0;
    let missing = names.filter(|name| {
        count += 1;
        let definition = format!("fn {name}");
        !sources.iter().any(|(_, text)| text.contains(&definition))
    });
    none(
        "a promise names tests",
        missing.map(str::to_owned).collect(),
    );
    assert!(count > 20, "only {count} tests are named");
}

#[test]
fn the_files_that_comments_and_documents_name_are_there() {
    let root = root();
    let mut all = sources();
    all.extend(documents());
    let paths: Vec<String> = all.iter().map(|(path, _)| relative(&root, path)).collect();
    let mut count = 0;
    let mut missing = Vec::new();
    for ((path, text), from) in all.iter().zip(&paths) {
        let kind = path.extension().unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let is_comment = match kind.to_str() {
                Some("rs") => line.trim_start().starts_with("//"),
                Some("sql") => line.contains("--"),
                _ => true,
            };
            let named = line.split(|c: char| !(c.is_alphanumeric() || "_./-".contains(c)));
            for name in named.filter(|_| is_comment).filter_map(file_name) {
                count += 1;
                if !is_there(&paths, from, name) {
                    missing.push(format!("{from}:{}: {name}", number + 1));
                }
            }
        }
    }
    none("a file that is named is there", missing);
    assert!(count > 100, "only {count} files are named");
}

/// All documents.
fn documents() -> Vec<(PathBuf, String)> {
    let mut all = files(&root().join("docs"), &["md"]);
    for name in [
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "README.md",
    ] {
        let path = root().join(name);
        let text = fs::read_to_string(&path).expect("it is there");
        all.push((path, text));
    }
    all
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).expect("it lies in the root");
    path.to_string_lossy().replace('\\', "/")
}

/// A word, if it names a source or a document.
fn file_name(word: &str) -> Option<&str> {
    let word = word.trim_end_matches('.').trim_start_matches("../");
    let (before, kind) = word.rsplit_once('.')?;
    let is_one = ["rs", "sql", "md"].contains(&kind) && !before.is_empty();
    is_one.then_some(word)
}

/// Returns true if a name in the file `from` means one of `paths`. A name without a folder means a file beside `from` or further
/// up; a name with a folder may leave out the folders before it.
fn is_there(paths: &[String], from: &str, name: &str) -> bool {
    if let Some((room, rest)) = name.split_once('/') {
        let names = [
            name,
            &format!("queuectl-{room}/src/{rest}"),
            &format!("queuectl-{name}"),
        ];
        return paths.iter().any(|path| {
            names
                .iter()
                .any(|name| path == name || path.ends_with(&format!("/{name}")))
        });
    }
    let mut folders = Path::new(from).ancestors().skip(1);
    folders.any(|folder| {
        let wanted = folder.join(name).to_string_lossy().replace('\\', "/");
        paths.contains(&wanted)
    })
}
