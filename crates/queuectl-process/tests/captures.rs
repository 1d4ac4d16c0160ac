//! What a command is given and what is captured of it.

mod support;

use std::fs;

use queuectl_process::{How, Program, Spec, StartError, Stream};
use support::*;

fn in_shell(shell: &str, text: &str) -> Spec {
    let mut spec = line("");
    spec.program = Program::Shell {
        shell: Some(shell.into()),
        line: text.into(),
    };
    spec
}

#[test]
fn an_argv_arrives_as_it_is() {
    let odd = [
        "",
        " a  b ",
        "'\"$(id)`\\*",
        "-n",
        "ü",
        "a\\",
        "a b\\",
        "\\\"",
        "a\\\\\"b c\"",
        "%PATH%",
        "^&|<>",
        "\t",
        "new\nline",
        "[",
        "C:\\Program Files\\x",
    ];
    let (ended, heard) = run_it(&job(["args"].into_iter().chain(odd)));
    assert_eq!(ended.how, How::Exited(0));
    let expected: String = odd.iter().map(|word| format!("[{word}]")).collect();
    assert_eq!(heard.out(), expected);
}

#[test]
fn the_streams_are_apart_and_in_order_of_arrival() {
    let (_, heard) = run_it(&steps("out 1 sleep 0.2 err 2 sleep 0.2 out 3"));
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
fn stdin_is_empty() {
    assert_eq!(run_it(&steps("copy out end")).1.out(), "end\n");
}

#[test]
fn bytes_are_kept_as_they_were_printed() {
    let (_, heard) = run_it(&steps("bytes 00ff0d0a80 errbytes fe"));
    assert_eq!(heard.stdout, b"\x00\xff\r\n\x80");
    assert_eq!(heard.stderr, b"\xfe");
}

#[test]
fn all_of_much_output_arrives() {
    let (ended, heard) = run_it(&steps("flood 10000000"));
    assert_eq!(
        (ended.how, heard.stdout.len()),
        (How::Exited(0), 10_000_000)
    );
}

#[test]
fn variables_are_added_to_the_environment_and_the_later_one_counts() {
    let mut spec = tagged(steps("env ONE env TWO env QUEUECTL_FENCE env PATH"), "env");
    spec.env = [("ONE", "a"), ("TWO", "b c"), ("ONE", "d=e")]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
    let tag = spec.tag.clone().expect("it has one").value;
    let heard = run_it(&spec).1.out();
    let lines: Vec<_> = heard.lines().collect();
    assert_eq!(lines[..3], ["d=e", "b c", &tag]);
    assert!(!lines[3].is_empty(), "nothing was inherited");
}

#[test]
fn a_path_of_its_own_is_where_the_program_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("only-here{}", std::env::consts::EXE_SUFFIX);
    fs::copy(fake_job(), folder.path().join(name)).unwrap();
    let mut spec = argv(["only-here", "out", "found"]);
    assert!(matches!(
        run_it(&spec).0.how,
        How::NotStarted(StartError::NotInPath { .. })
    ));
    spec.env = vec![("PATH".into(), folder.path().into())];
    assert_eq!(run_it(&spec).1.out(), "found\n");
}

#[test]
fn it_runs_in_its_directory() {
    let folder = tempfile::tempdir().unwrap();
    let cwd = folder.path().join("ä b");
    fs::create_dir(&cwd).unwrap();
    let heard = run_it(&at(job(["cwd", "append", "here", "x"]), &cwd)).1;
    assert!(heard.out().ends_with("ä b\n"), "{}", heard.out());
    assert_eq!(read(&cwd.join("here")), "x\n");
    let whole = cwd.canonicalize().unwrap();
    assert_eq!(run_it(&at(steps("cwd"), &whole)).0.how, How::Exited(0));
}

#[cfg(windows)]
mod windows {
    use super::*;

    #[test]
    fn cmd_is_given_a_line_as_it_is() {
        let mut spec = line("echo \"a  b\" %ONE% ^& c&& echo d");
        spec.env = vec![("ONE".into(), "one".into())];
        assert_eq!(run_it(&spec).1.out(), "\"a  b\" one & c\r\nd\r\n");
        let program = fake_job().display().to_string();
        let quoted = format!("\"{program}\" args \"a b\" c");
        assert_eq!(run_it(&line(&quoted)).1.out(), "[a b][c]");
        assert_eq!(run_it(&in_shell("CMD.EXE", "exit 5")).0.how, How::Exited(5));
    }

    #[test]
    fn several_lines_are_a_batch_file_that_is_gone_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = line("echo one\nset A=two\necho %A%\nexit /b 3\necho never\n");
        spec.scratch = folder.path().to_owned();
        let (ended, heard) = run_it(&spec);
        assert_eq!(heard.out(), "one\r\ntwo\r\n");
        assert_eq!(ended.how, How::Exited(3));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_batch_file_is_given_arguments_that_cmd_does_not_take_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a batch.cmd");
        let program = fake_job().display().to_string();
        fs::write(&file, format!("@\"{program}\" args %1 %2 %3\r\n")).unwrap();
        let name = file.display().to_string();
        let (_, heard) = run_it(&argv([name.as_str(), "a b", "&echo", "|more"]));
        assert_eq!(heard.out(), "[a b][&echo][|more]");
        // Named without its ending, too, as npm is.
        let name = folder.path().join("a batch").display().to_string();
        assert_eq!(run_it(&argv([name.as_str(), "x"])).1.out(), "[x]");
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use queuectl_process::{Leader, StopSignal, Watcher, run};

    use super::*;

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
        let spec = in_shell("bash", "echo ${BASH_VERSION:+bash}");
        assert_eq!(run_it(&spec).1.out(), "bash\n");
    }

    #[test]
    fn a_line_of_a_mebibyte_works_and_leaves_no_script() {
        /// Looks at the scripts while the line prints.
        struct Looking<'a>(&'a Path, Vec<u32>, Vec<u8>);
        impl Watcher for Looking<'_> {
            fn started(&mut self, _: Leader) {}
            fn output(&mut self, _: Stream, bytes: &[u8]) {
                let scripts = fs::read_dir(self.0).unwrap();
                let mode = |script: fs::DirEntry| script.metadata().unwrap().permissions().mode();
                self.1 = scripts
                    .map(|script| mode(script.unwrap()) & 0o777)
                    .collect();
                self.2.extend(bytes);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let text = "x".repeat(1024 * 1024);
        let mut spec = line(&format!("printf %s '{text}'"));
        spec.scratch = folder.path().to_owned();
        let mut looking = Looking(folder.path(), Vec::new(), Vec::new());
        let ended = run(&spec, &StopSignal::new().unwrap(), &mut looking);
        assert_eq!(ended.how, How::Exited(0));
        assert_eq!(looking.1, [0o600]);
        assert!(looking.2 == text.as_bytes(), "it printed something else");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
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

    #[test]
    fn a_variable_is_there_once() {
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
}
