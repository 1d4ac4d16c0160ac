//! Scripts are read by the program that their first line names.

mod support;

use std::ffi::OsString;
use std::path::Path;

use queuectl_process::{How, Program, Spec};
use support::*;

fn script(interpreter: &str, argument: Option<&str>, scratch: &Path) -> Spec {
    let mut spec = line("");
    spec.program = Program::Script {
        interpreter: interpreter.to_owned(),
        argument: argument.map(str::to_owned),
        text: format!("#!{interpreter}\n"),
    };
    spec.scratch = scratch.to_owned();
    spec
}

/// What the script's program, which prints its arguments, was given besides the script.
fn given(spec: &Spec) -> String {
    let (ended, heard) = run_it(spec);
    assert_eq!(ended.how, How::Exited(0), "{}", heard.err());
    let scripts = format!("[{}", spec.scratch.display());
    let (given, script) = heard.out().split_once(&scripts).map_or_else(
        || panic!("no script: {}", heard.out()),
        |(given, script)| (given.to_owned(), script.to_owned()),
    );
    assert!(
        script.contains("line-") && script.ends_with(']'),
        "{script}"
    );
    let left = spec.scratch.read_dir().expect("it is there").count();
    assert_eq!(left, 0, "a script is left");
    given
}

#[test]
fn the_program_gets_the_script_and_it_is_gone_after_that() {
    let folder = tempfile::tempdir().unwrap();
    let program = fake_job().display().to_string();
    assert_eq!(given(&script(&program, Some("args"), folder.path())), "");
}

#[test]
fn a_name_is_looked_for_in_the_path_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let program = fake_job();
    let name = program.file_stem().unwrap().to_str().unwrap();
    let mut spec = script(name, Some("args"), folder.path());
    let own = program.parent().unwrap();
    spec.env = vec![("PATH".into(), OsString::from(own))];
    assert_eq!(given(&spec), "");
}

#[test]
fn env_starts_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let program = fake_job();
    let name = program.file_stem().unwrap().to_str().unwrap();
    let several = format!("-S {name} args  one two");
    let mut spec = script("/usr/bin/env", Some(&several), folder.path());
    let own = program.parent().unwrap();
    spec.env = vec![("PATH".into(), OsString::from(own))];
    assert_eq!(given(&spec), "[one][two]");
}

#[test]
fn a_program_that_is_nowhere_is_said_to_be_named_by_the_script() {
    let folder = tempfile::tempdir().unwrap();
    let words = |interpreter: &str| match run_it(&script(interpreter, None, folder.path())).0.how {
        How::NotStarted(error) => error.to_string(),
        how => panic!("it ended: {how:?}"),
    };
    assert_eq!(
        words("frob-nowhere"),
        "can't start `frob-nowhere`, which the script's first line names: not found in PATH"
    );
    let path = words("/nope/frob");
    let why = if cfg!(windows) {
        "can't start `frob`, which the script's first line names: not found in PATH"
    } else {
        "can't start `/nope/frob`, which the script's first line names: no such file"
    };
    assert_eq!(path, why);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[cfg(windows)]
mod windows {
    use super::*;

    #[test]
    fn some_are_no_programs_for_a_script() {
        let folder = tempfile::tempdir().unwrap();
        for (program, argument, why) in [
            ("cmd", "/Q", "it reads no script with such a line"),
            ("/usr/bin/env", "-S", "it isn't told what to start"),
        ] {
            let (ended, _) = run_it(&script(program, Some(argument), folder.path()));
            let How::NotStarted(error) = ended.how else {
                panic!("it ended: {:?}", ended.how);
            };
            let words = error.to_string();
            assert!(words.ends_with(why), "{words}");
        }
    }

    #[test]
    fn python3_may_be_called_python() {
        let folder = tempfile::tempdir().unwrap();
        let own = tempfile::tempdir().unwrap();
        std::fs::copy(fake_job(), own.path().join("python.exe")).unwrap();
        let mut spec = script("/usr/bin/env", Some("-S python3 args"), folder.path());
        spec.env = vec![("PATH".into(), own.path().into())];
        assert_eq!(given(&spec), "");
    }
}
