//! A store that isn't there: a command that only looks makes nothing, and an empty queue isn't mistaken for one that was named wrongly.

use std::path::Path;

use crate::jobs;
use crate::support::Home;

/// What a command does where there is no store.
enum Makes {
    /// It makes one.
    AStore,
    /// It makes nothing. Of the default store it answers with this exit code, as of an empty one.
    Nothing(i32),
    /// It isn't for people, or opens no store that a user names.
    Other,
}
use Makes::{AStore, Nothing, Other};

/// Each command, by its names, with what it needs to be one.
const COMMANDS: [(&str, &[&str], Makes); 22] = [
    ("enqueue", &["--command", jobs::SUCCEEDS], AStore),
    ("worker start", &["--foreground", "--until-idle"], AStore),
    ("worker stop", &[], Nothing(0)),
    ("worker list", &[], Nothing(0)),
    ("worker forget", &["worker-1"], Nothing(3)),
    ("worker serve", &[], Other),
    ("worker guard", &[], Other),
    ("status", &[], Nothing(0)),
    ("list", &[], Nothing(0)),
    ("show", &["a"], Nothing(3)),
    ("dlq list", &[], Nothing(0)),
    ("dlq retry", &["--all"], Nothing(0)),
    ("dlq clear", &["--yes"], Nothing(0)),
    ("dlq add", &["a"], Nothing(3)),
    ("config get", &[], Nothing(0)),
    ("config set", &["priority", "6"], AStore),
    ("stop", &["a"], Nothing(3)),
    ("dequeue", &["a"], Nothing(3)),
    ("clear", &["--yes"], Nothing(0)),
    ("doctor", &[], Nothing(0)),
    // A backup of nothing is none.
    ("backup", &["copy.db"], Nothing(5)),
    // These name what they read by arguments of their own.
    ("copy", &["--from", "none.db", "--to", "made.db"], Other),
];

/// The database of the Python program is another one's to bring: its command is in `import_legacy`.
const ELSEWHERE: [&str; 1] = ["import-legacy"];

fn words<'a>(name: &'a str, rest: &'a [&'a str]) -> impl Iterator<Item = &'a str> + Clone {
    name.split(' ').chain(rest.iter().copied())
}

#[test]
fn every_command_is_on_one_side() {
    fn leaves(command: &clap::Command, before: &str, found: &mut Vec<String>) {
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            let name = format!("{before} {}", sub.get_name());
            if sub.has_subcommands() {
                leaves(sub, &name, found);
            } else {
                found.push(name.trim().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    leaves(&queuectl::exposed::command(), "", &mut found);
    found.sort();
    let mut known: Vec<_> = COMMANDS
        .iter()
        .map(|(name, ..)| *name)
        .chain(ELSEWHERE)
        .collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn who_names_a_store_that_is_not_there_is_told_so_and_nothing_is_made() {
    let home = Home::new();
    let place = home.work("none").join("x.db");
    let place = place.to_str().expect("a temporary folder has a plain name");
    for (name, rest, makes) in COMMANDS {
        let Nothing(_) = makes else { continue };
        for options in [&[][..], &["--json"], &["--quiet"]] {
            let call = ["--db", place].into_iter().chain(options.iter().copied());
            let output = home.run(call.chain(words(name, rest)));
            // A checkup tells of it among the rest of what it finds.
            let all = format!("{}{}", output.out(), output.err());
            assert_eq!(output.code, Some(5), "{output}");
            assert!(all.contains("there is no store at"), "{name}: {all}");
            assert!(
                !home.work("none").exists() && !home.path().exists(),
                "{name}"
            );
        }
        let mut by_variable = home.command(words(name, rest));
        let output = by_variable
            .env("QUEUECTL_DB", place)
            .output()
            .expect("it can be started");
        assert_eq!(output.status.code(), Some(5), "{name}: {output:?}");
    }
    let copy = home.run(["copy", "--from", place, "--to", "made.db"]);
    assert!(copy.failed(5).contains("there is no store at"));
    assert!(!home.work("made.db").exists());
}

#[test]
fn the_default_store_is_as_if_it_were_empty_and_is_not_made() {
    for (name, rest, makes) in COMMANDS {
        let Nothing(code) = makes else { continue };
        let home = Home::new();
        for options in [&[][..], &["--json"], &["--quiet"]] {
            let output = home.run(options.iter().copied().chain(words(name, rest)));
            let (stdout, stderr) = (output.out(), output.err());
            assert_eq!(output.code, Some(code), "{output}");
            assert!(!home.path().exists(), "{name} made something");
            if code != 5 && name != "doctor" {
                let is_told = stderr.contains("the first `queuectl enqueue` makes it");
                assert_eq!(
                    is_told,
                    options != ["--quiet"],
                    "{name} {options:?}: {stderr}"
                );
            }
            if options == ["--json"] && code == 0 {
                serde_json::from_str::<serde_json::Value>(stdout).expect("JSON");
            }
        }
    }
}

#[test]
fn what_makes_a_store_makes_it_where_it_was_named() {
    for (name, rest, makes) in COMMANDS {
        let AStore = makes else { continue };
        let home = Home::new();
        home.ok(["--db", "folder/made.db"]
            .into_iter()
            .chain(words(name, rest)));
        assert!(home.work("folder/made.db").exists(), "{name}");
        assert!(!home.database().exists(), "{name}");
    }
}

#[test]
fn a_file_with_nothing_in_it_is_no_store_yet() {
    let home = Home::new();
    std::fs::write(home.work("x.db"), "").expect("a file can be written");
    let error = home.run(["--db", "x.db", "status"]);
    assert!(error.failed(5).contains("there is no store at"));
    assert_eq!(names(&home.work("")), ["x.db"]);
    home.ok(["--db", "x.db", "enqueue", "--command", jobs::SUCCEEDS]);
    assert_eq!(home.json(["--db", "x.db", "status"])["total"], 1);
}

#[test]
fn a_store_that_is_nearly_called_so_is_offered() {
    let home = Home::new();
    home.ok(["--db", "nightly.db", "enqueue", "--command", jobs::SUCCEEDS]);
    let output = home.run(["--db", "nigthly.db", "status"]);
    let error = output.failed(5);
    let meant = home.work("nightly.db");
    assert!(
        error.contains(&format!("did you mean `{}`?", meant.display())),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_home_behind_a_link_that_leads_nowhere_is_not_an_empty_one() {
    let home = Home::new();
    std::os::unix::fs::symlink(home.folder().join("unmounted"), home.path())
        .expect("a link can be made");
    let output = home.run(["status"]);
    let error = output.failed(5);
    assert!(error.contains("leads nowhere"), "{error}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("it is there");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("it is there").file_name();
    entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_tilde_that_no_shell_has_seen_is_the_users_home() {
    let home = Home::new();
    home.ok([
        "--db=~/work/jobs.db",
        "enqueue",
        "--command",
        jobs::SUCCEEDS,
    ]);
    home.ok([
        "--db=sqlite:~/work/jobs.db",
        "enqueue",
        "--command",
        jobs::SUCCEEDS,
    ]);
    assert!(home.work("jobs.db").exists());
    let mut by_variable = home.command(["enqueue", "--command", jobs::SUCCEEDS]);
    let output = by_variable
        .env("QUEUECTL_HOME", "~/work/own")
        .output()
        .expect("it can be started");
    assert!(output.status.success(), "{output:?}");
    assert!(home.folder().join("work/own/data/queuectl.db").exists());
    // Whose home another one is isn't looked up, and a name may begin as it likes.
    let of_another = home.run([
        "--db",
        "~ann/jobs.db",
        "enqueue",
        "--command",
        jobs::SUCCEEDS,
    ]);
    assert!(of_another.failed(2).contains("the home of another user"));
    home.ok(["--db", "~jobs.db", "enqueue", "--command", jobs::SUCCEEDS]);
    home.ok([
        "--db",
        "./~/jobs.db",
        "enqueue",
        "--command",
        jobs::SUCCEEDS,
    ]);
    let mut made = names(&home.work(""));
    made.retain(|name| !name.contains('-'));
    made.sort();
    assert_eq!(made, ["jobs.db", "own", "~", "~jobs.db"]);
}
