//! Commands that can't be started, and the words for it, on Unix.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use queuectl_process::{How, Program, Spec};
use support::*;

fn words(spec: &Spec) -> String {
    let (ended, heard) = run_it(spec);
    assert!(heard.leader.is_none() && heard.pieces.is_empty());
    match ended.how {
        How::NotStarted(error) => error.to_string(),
        how => panic!("it ended: {how:?}"),
    }
}

#[test]
fn a_program_that_is_nowhere() {
    assert_eq!(
        words(&argv(["frob-nowhere", "x"])),
        "can't start `frob-nowhere`: not found in PATH"
    );
    assert_eq!(
        words(&argv(["/nope/frob"])),
        "can't start `/nope/frob`: no such file"
    );
    let mut spec = line("true");
    spec.program = Program::Shell {
        shell: Some("no-such-shell".into()),
        line: "true".into(),
    };
    assert_eq!(
        words(&spec),
        "can't start `no-such-shell`: not found in PATH"
    );
}

#[test]
fn a_program_that_is_no_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str, mode| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let plain = file("plain", "hello", 0o644);
    assert_eq!(
        words(&argv([&plain])),
        format!("can't start `{plain}`: not executable (permission denied)")
    );
    let text = file("text", "hello", 0o755);
    assert_eq!(
        words(&argv([&text])),
        format!("can't start `{text}`: not executable (exec format error)")
    );
    let orphan = file("orphan", "#!/nope/interpreter\n", 0o755);
    assert_eq!(
        words(&argv([&orphan])),
        format!("can't start `{orphan}`: the interpreter it names doesn't exist")
    );
}

#[test]
fn a_directory_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let at = |cwd: &Path| {
        let mut spec = line("true");
        spec.cwd = cwd.to_owned();
        words(&spec)
    };
    assert_eq!(
        at(Path::new("/nope")),
        "can't start in `/nope`: no such directory"
    );
    assert_eq!(
        at(&file),
        format!("can't start in `{}`: not a directory", file.display())
    );
    assert_eq!(
        at(&file.join("below")),
        format!("can't start in `{}/below`: not a directory", file.display())
    );
}

#[test]
fn more_arguments_than_the_system_takes() {
    let many: Vec<String> = std::iter::once("true".to_owned())
        .chain((0..100).map(|_| "x".repeat(100_000)))
        .collect();
    assert_eq!(
        words(&argv(many)),
        "can't start `true`: argument list too long"
    );
}

#[test]
fn nothing_and_nul() {
    let nul = "a NUL byte in the command, an argument or the environment";
    assert_eq!(
        words(&argv(Vec::<String>::new())),
        "can't start: the command is empty"
    );
    assert_eq!(
        words(&argv(["echo", "a\0b"])),
        format!("can't start `echo`: {nul}")
    );
    assert_eq!(
        words(&line("echo a\0b")),
        format!("can't start `/bin/sh`: {nul}")
    );
    assert_eq!(
        words(&line(&format!("echo a\0{}", "b".repeat(200_000)))),
        format!("can't start `/bin/sh`: {nul}")
    );
    let mut spec = line("true");
    spec.env = vec![("A".into(), "b\0c".into())];
    assert_eq!(words(&spec), format!("can't start `/bin/sh`: {nul}"));
}

#[test]
fn a_scratch_folder_that_is_missing() {
    let mut spec = line(&"#".repeat(200_000));
    spec.scratch = "/nope".into();
    let words = words(&spec);
    assert!(
        words.starts_with("can't write the script of a long command to `/nope/line-"),
        "{words}"
    );
    assert!(words.ends_with("no such file or directory"), "{words}");
}
