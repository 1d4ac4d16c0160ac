//! What a command is given and what is captured of it, on Unix.
#![cfg(unix)]

mod support;

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use queuectl_process::{How, Leader, Program, StartError, StopSignal, Stream, Watcher, run};
use support::*;

#[test]
fn an_argv_arrives_byte_for_byte() {
    let odd: Vec<&[u8]> = vec![
        b"",
        b" a  b ",
        b"\xff\xfe",
        b"'\"$(id)`\\*",
        b"new\nline",
        b"-n",
        "ü".as_bytes(),
    ];
    let mut words: Vec<OsString> = ["printf", "[%s]"].map(OsString::from).to_vec();
    words.extend(odd.iter().map(|bytes| OsString::from_vec(bytes.to_vec())));
    let (ended, heard) = run_it(&argv(words));
    assert_eq!(ended.how, How::Exited(0));
    let expected: Vec<u8> = odd
        .iter()
        .flat_map(|bytes| [b"[", *bytes, b"]"].concat())
        .collect();
    assert_eq!(heard.stdout, expected);
}

#[test]
fn a_line_goes_to_the_shell_as_it_is() {
    let (_, heard) = run_it(&line(
        "printf '%s|' \"a  b\" '*' \\$HOME; printf é; echo \"$0\"",
    ));
    assert_eq!(heard.out(), "a  b|*|$HOME|é/bin/sh\n");
}

#[test]
fn another_shell_can_be_named() {
    let mut spec = line("");
    spec.program = Program::Shell {
        shell: Some("bash".into()),
        line: "echo ${BASH_VERSION:+bash}".into(),
    };
    assert_eq!(run_it(&spec).1.out(), "bash\n");
}

#[test]
fn a_line_of_a_mebibyte_works_and_leaves_no_script() {
    let folder = tempfile::tempdir().unwrap();
    let text = "x".repeat(1024 * 1024);
    let mut spec = line(&format!(
        "ls -l {0} | wc -l; stat -c %a {0}/*; printf %s '{text}'",
        folder.path().display()
    ));
    spec.scratch = folder.path().to_owned();
    let (ended, heard) = run_it(&spec);
    assert_eq!(ended.how, How::Exited(0));
    assert_eq!(heard.out(), format!("2\n600\n{text}"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_streams_are_apart_and_in_order_of_arrival() {
    let (_, heard) = run_it(&line("echo 1; sleep 0.05; echo 2 >&2; sleep 0.05; echo 3"));
    let order: Vec<_> = heard
        .pieces
        .iter()
        .map(|(stream, bytes)| (*stream, bytes.as_slice()))
        .collect();
    assert_eq!(
        order,
        [
            (Stream::Stdout, &b"1\n"[..]),
            (Stream::Stderr, b"2\n"),
            (Stream::Stdout, b"3\n")
        ]
    );
    assert_eq!(
        (heard.out().as_str(), heard.err().as_str()),
        ("1\n3\n", "2\n")
    );
}

#[test]
fn a_command_that_may_be_short_is_left_alone_at_first() {
    struct First(Instant, Option<Duration>);
    impl Watcher for First {
        fn started(&mut self, _: Leader) {}
        fn output(&mut self, _: Stream, _: &[u8]) {
            self.1.get_or_insert_with(|| self.0.elapsed());
        }
    }
    for _ in 0..10 {
        let mut first = First(Instant::now(), None);
        run(
            &line("echo a; sleep 0.03; echo b"),
            &StopSignal::new().unwrap(),
            &mut first,
        );
        assert!(
            first.1.unwrap() >= Duration::from_millis(5),
            "{:?}",
            first.1
        );
    }
}

#[test]
fn stdin_is_empty() {
    assert_eq!(run_it(&line("cat; echo end")).1.out(), "end\n");
}

#[test]
fn variables_are_added_to_the_environment_and_the_later_one_counts() {
    let mut spec = tagged(
        line("echo \"$ONE $TWO ${PATH:+path} $QUEUECTL_FENCE\"; env | grep -c ^ONE="),
        "env",
    );
    spec.env = [("ONE", "a"), ("TWO", "b c"), ("ONE", "d=e")]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
    let tag = spec.tag.clone().unwrap().value;
    assert_eq!(run_it(&spec).1.out(), format!("d=e b c path {tag}\n1\n"));
}

#[test]
fn a_path_of_its_own_is_where_the_program_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("only-here");
    fs::write(&script, "#!/bin/sh\necho found\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut spec = argv(["only-here"]);
    assert!(matches!(
        run_it(&spec).0.how,
        How::NotStarted(StartError::NotInPath { .. })
    ));
    spec.env = vec![("PATH".into(), folder.path().into())];
    assert_eq!(run_it(&spec).1.out(), "found\n");
}

#[test]
fn it_runs_in_its_directory_and_may_delete_it() {
    let folder = tempfile::tempdir().unwrap();
    let cwd = folder.path().join("ä b");
    fs::create_dir(&cwd).unwrap();
    let mut spec = line("pwd; rmdir \"$PWD\" && echo gone");
    spec.cwd = cwd.clone();
    let (ended, heard) = run_it(&spec);
    assert_eq!(ended.how, How::Exited(0));
    assert_eq!(
        heard.out(),
        format!("{}\ngone\n", cwd.canonicalize().unwrap_or(cwd).display())
    );
}

#[test]
fn closing_the_streams_early_costs_no_time_on_the_processor() {
    let before = processor_seconds();
    let (ended, _) = run_it(&line("exec >&- 2>&-; sleep 1; exit 6"));
    assert_eq!(ended.how, How::Exited(6));
    assert!(processor_seconds() - before < 0.5, "it polled in a circle");
}

#[test]
fn output_costs_no_memory() {
    struct Count(u64, u64);
    impl Watcher for Count {
        fn started(&mut self, _: Leader) {}
        fn output(&mut self, _: Stream, bytes: &[u8]) {
            assert!(bytes.iter().step_by(4096).all(|byte| *byte == 0));
            self.0 += bytes.len() as u64;
            self.1 = self.1.max(bytes.len() as u64);
        }
    }
    let mut count = Count(0, 0);
    let bytes: u64 = 1 << 30;
    let before = peak_kib();
    let ended = run(
        &line(&format!("head -c {bytes} /dev/zero")),
        &StopSignal::new().unwrap(),
        &mut count,
    );
    assert_eq!((ended.how, count.0), (How::Exited(0), bytes));
    assert!(count.1 <= 1 << 20, "a piece of {} bytes", count.1);
    assert!(
        peak_kib() - before < 64 * 1024,
        "it took {} KiB",
        peak_kib() - before
    );
}

fn processor_seconds() -> f64 {
    let usage = usage();
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The most memory this thread's process has used; the other tests of this binary keep little.
fn peak_kib() -> i64 {
    usage_of(libc::RUSAGE_SELF).ru_maxrss / if cfg!(target_os = "macos") { 1024 } else { 1 }
}

fn usage() -> libc::rusage {
    usage_of(if cfg!(target_os = "linux") {
        1
    } else {
        libc::RUSAGE_SELF
    })
}

fn usage_of(who: i32) -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::zeroed();
    // SAFETY: the call fills what the pointer leads to; all zeroes are valid too.
    unsafe {
        assert_eq!(libc::getrusage(who, usage.as_mut_ptr()), 0);
        usage.assume_init()
    }
}
