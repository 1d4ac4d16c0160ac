//! Commands: limits hold, and what is shown of arguments is what a POSIX shell would read as them.

use queuectl_domain::{Command, Interpreter, MAX_COMMAND_BYTES, NativeString, ShellName};

use crate::check_error;

/// A line, a shell's name, and arguments that are divided by line feeds.
pub(crate) fn command(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        match Command::line(text.to_owned(), None) {
            Ok(command) => {
                let line = text.trim_start_matches('\u{feff}');
                assert!(command.to_text() == line && can_run(bytes));
                check_interpreter(&command, line);
            }
            Err(error) => check_error(&error),
        }
        match text.parse::<ShellName>() {
            Ok(shell) => assert_eq!(shell.as_str(), text),
            Err(error) => check_error(&error),
        }
    }
    let argv: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let native = argv.iter().map(|arg| NativeString(arg.to_vec()));
    match Command::argv(native.collect()) {
        Ok(command) => {
            assert!(can_run(bytes) && !argv[0].is_empty());
            let shown = command.to_text();
            let expected = argv.iter().map(|arg| String::from_utf8_lossy(arg));
            assert_eq!(words(&shown), expected.collect::<Vec<_>>(), "{shown}");
        }
        Err(error) => check_error(&error),
    }
}

/// A script names one program, as a word, and one argument.
fn check_interpreter(command: &Command, line: &str) {
    let Some(Interpreter { program, argument }) = command.interpreter() else {
        return;
    };
    let first = line.lines().next().unwrap_or_default();
    assert!(first.starts_with("#!") && !program.is_empty());
    assert!(first.contains(program) && !program.contains([' ', '\t', '\n']));
    let argument = argument.unwrap_or("none");
    let blank = |c| [' ', '\t'].contains(&c);
    assert!(!argument.is_empty() && !argument.starts_with(blank) && !argument.ends_with(blank));
}

fn can_run(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_COMMAND_BYTES && !bytes.contains(&0)
}

/// The words of a line that has no other quotes than `'` and `\`.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let word = words.last_mut().expect("there is always one");
        match c {
            '\'' => quoted = !quoted,
            _ if quoted => word.push(c),
            '\\' => word.extend(chars.next()),
            ' ' => words.push(String::new()),
            _ => {
                assert!(
                    c.is_alphanumeric() || "_-./=:,+@%".contains(c),
                    "{c:?} in {line}"
                );
                word.push(c);
            }
        }
    }
    assert!(!quoted, "{line}");
    words
}
