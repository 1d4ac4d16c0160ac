//! Commands that can't be started, and the words for it.

mod support;

use std::fs;
use std::path::Path;

use queuectl_process::{How, Program, Spec};
use support::*;

/// What runs a line.
const SHELL: &str = if cfg!(unix) { "/bin/sh" } else { "cmd" };

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
        format!(
            "can't start in `{}`: not a directory",
            file.join("below").display()
        )
    );
}

#[test]
fn more_arguments_than_the_system_takes() {
    let many = (0..100).map(|_| "x".repeat(100_000));
    let program = fake_job().display().to_string();
    assert_eq!(
        words(&job(many)),
        format!("can't start `{program}`: argument list too long")
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
        format!("can't start `{SHELL}`: {nul}")
    );
    assert_eq!(
        words(&line(&format!("echo a\0{}", "b".repeat(200_000)))),
        format!("can't start `{SHELL}`: {nul}")
    );
    let mut spec = line("true");
    spec.env = vec![("A".into(), "b\0c".into())];
    assert_eq!(words(&spec), format!("can't start `{SHELL}`: {nul}"));
}

#[cfg(windows)]
mod windows {
    use super::*;

    #[test]
    fn a_program_that_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.exe");
        fs::write(&text, "hello").unwrap();
        let text = text.display().to_string();
        let words = words(&argv([&text]));
        assert!(
            words.starts_with(&format!("can't start `{text}`: not executable (")),
            "{words}"
        );
    }

    #[test]
    fn a_line_longer_than_cmd_reads() {
        let long = format!("echo {}", "x".repeat(9000));
        assert_eq!(
            words(&line(&long)),
            "can't start `cmd`: it takes lines of 8100 characters at most"
        );
        assert_eq!(
            words(&line(&format!("echo a\n{long}"))),
            "can't start `cmd`: it takes lines of 8100 characters at most"
        );
        assert!(matches!(run_it(&line(&long[..8100])).0.how, How::Exited(0)));
    }

    #[test]
    fn an_argument_of_a_batch_file_with_a_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.bat");
        fs::write(&file, "@echo off\r\n").unwrap();
        // The system takes dots and blanks off the end of a name.
        for end in ["", ".", " ", ". ."] {
            let name = format!("{}{end}", file.display());
            assert_eq!(
                words(&argv([name.as_str(), "a\nb"])),
                format!("can't start `{name}`: a batch file takes no argument with a line break")
            );
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

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
    fn a_scratch_folder_that_is_missing() {
        let mut spec = line(&"#".repeat(200_000));
        spec.scratch = "/nope".into();
        let words = words(&spec);
        assert_eq!(
            words,
            "the script of a command can't be written to `/nope`: no such file or directory"
        );
    }
}
