//! The examples of the help, run as they stand there, in a folder whose files have malicious names.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;

use crate::support::{Home, system};

/// Names of files that a shell would take for more than a name.
const NAMES: [&[u8]; 8] = [
    b"plain.wav",
    b"two words.wav",
    b"x`touch PWNED`.wav",
    b"x$(touch PWNED).wav",
    b"x\";touch PWNED;\".wav",
    b"x';touch PWNED;'.wav",
    b"two\nlines.wav",
    b"-n \xff.wav",
];

/// The examples of a command's help.
fn examples(home: &Home, command: &str) -> Vec<String> {
    let help = home.ok([command, "--help"]);
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    lines.map(|line| line.trim().to_owned()).collect()
}

/// A program that notes the arguments that it is given, each with a zero after it.
fn stub(home: &Home, name: &str) {
    let notes = home.work("arguments").display().to_string();
    let script = format!("#!/bin/sh\nfor a; do printf '%s\\0' \"$a\" >> '{notes}.{name}'; done\n");
    let path = home.work(&format!("bin/{name}"));
    std::fs::write(&path, script).expect("a file can be written");
    system::set_mode(&path, 0o755);
}

#[test]
fn the_examples_of_enqueue_do_what_they_say_whatever_files_are_called() {
    let home = Home::new();
    std::fs::create_dir(home.work("bin")).expect("a folder can be made");
    std::fs::create_dir(home.work("My Documents")).expect("a folder can be made");
    for name in ["lame", "rsync", "convert", "make"] {
        stub(&home, name);
    }
    for name in NAMES {
        let path = home.work("").join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, "").expect("a file can be written");
    }
    home.write("script.sh", b"echo one\ntouch script-ran\n");
    let help = home.ok(["enqueue", "--help"]);
    let mut lines = help
        .lines()
        .skip_while(|line| !line.starts_with("A line of jobs.jsonl"));
    let line = lines.nth(1).expect("a line of a file is shown").trim();
    home.write("jobs.jsonl", format!("{line}\n").as_bytes());

    let lines = examples(&home, "enqueue");
    assert!(lines.len() > 4, "{lines:?}");
    let path = "PATH=\"$PWD/bin:$PATH\"; export PATH\n";
    for line in &lines {
        let typed = home.shell(&format!("{path}{line}"));
        assert_eq!(typed.code, Some(0), "{typed}");
        assert_eq!(typed.err(), "", "{typed}");
    }
    let worked = home.shell(&format!(
        "{path}queuectl -q worker start --foreground --until-idle --concurrency 4"
    ));
    worked.succeeded();

    assert!(
        !home.work("PWNED").exists(),
        "a name was taken for a command"
    );
    assert!(home.work("script-ran").exists());
    let given = std::fs::read(home.work("arguments.lame")).expect("it was run");
    let given: BTreeSet<_> = given.split(|byte| *byte == 0).collect();
    for name in NAMES {
        let wanted = [b"./", name].concat();
        assert!(given.contains(&wanted[..]), "{}", name.escape_ascii());
    }
    assert_eq!(home.json(["dlq", "list"]), serde_json::json!([]));
}
