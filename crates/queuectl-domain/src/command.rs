//! What a job runs.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::InvalidValue;

/// The longest command, in bytes; an argv counts with one byte between arguments.
pub const MAX_COMMAND_BYTES: usize = 16 * 1024 * 1024;

/// The mark with which some programs begin a text in UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What separates the words of a script's first line, by the kernel's rules, and what may end that line.
const BLANKS: [char; 2] = [' ', '\t'];
const BLANKS_AND_RETURN: [char; 3] = [' ', '\t', '\r'];

/// Text as the operating system has it: any bytes on Unix; on Windows UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NativeString(pub Vec<u8>);

impl NativeString {
    /// The text for people: what isn't UTF-8 is replaced.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl From<&str> for NativeString {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for NativeString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_text().fmt(f)
    }
}

/// Which shell runs a command line: a name on the PATH or a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellName(String);

impl ShellName {
    /// The name or path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ShellName {
    /// Returns true if it stands for the system's own shell.
    pub fn is_default(&self) -> bool {
        self.0 == "default"
    }
}

impl FromStr for ShellName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(InvalidValue(format!(
                "shell must be a name or a path, such as bash or pwsh, not `{}`",
                text.escape_debug()
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

/// What a job runs: a line for a shell, or a program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A line that a shell reads, or a script that another program reads.
    Line {
        /// The line, as it was given.
        line: String,
        /// The shell that reads it. Without one, a script is read by the program that its first line
        /// names, and any other line by the worker's default shell.
        shell: Option<ShellName>,
    },
    /// A program and its arguments, run directly, byte for byte.
    Argv(Vec<NativeString>),
}

/// The program that reads a script, as the script's first line names it: `#!/usr/bin/env python3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpreter<'script> {
    /// A path, or a name on the PATH.
    pub program: &'script str,
    /// The rest of the line, as one argument.
    pub argument: Option<&'script str>,
}

impl Command {
    /// A line for a shell: not blank, without NUL, not over the limit. A byte order mark before it, with
    /// which some editors begin a file, is left out.
    pub fn line(mut line: String, shell: Option<ShellName>) -> Result<Self, InvalidValue> {
        let marks = line.len() - line.trim_start_matches(BYTE_ORDER_MARK).len();
        line.drain(..marks);
        if line.trim().is_empty() {
            return Err(InvalidValue("a command can't be empty".into()));
        }
        check_bytes(line.len(), line.as_bytes())?;
        Ok(Self::Line { line, shell })
    }

    /// A line for the shell that was asked for. If none was, a script is read by the program that its
    /// first line names, and any other line by the usual shell.
    pub fn line_for(
        line: String,
        asked: Option<ShellName>,
        usual: Option<ShellName>,
    ) -> Result<Self, InvalidValue> {
        let mut command = Self::line(line, None)?;
        let names_its_own = command.interpreter().is_some();
        if let Self::Line { shell, .. } = &mut command {
            *shell = match asked {
                // For a script, `default` is kept: `None` would mean the script's own program.
                Some(asked) => Some(asked).filter(|asked| names_its_own || !asked.is_default()),
                None => usual.filter(|_| !names_its_own),
            };
        }
        Ok(command)
    }

    /// Returns the program that reads it, if it is a script that names one and no shell was asked for.
    pub fn interpreter(&self) -> Option<Interpreter<'_>> {
        let Self::Line { line, shell: None } = self else {
            return None;
        };
        let first = line.strip_prefix("#!")?.split('\n').next()?;
        // The kernel would keep the `\r` with which the lines of a file from Windows end.
        let named = first
            .trim_start_matches(BLANKS)
            .trim_end_matches(BLANKS_AND_RETURN);
        let (program, rest) = named.split_once(BLANKS).unwrap_or((named, ""));
        let argument = Some(rest.trim_start_matches(BLANKS));
        (!program.is_empty()).then_some(Interpreter {
            program,
            argument: argument.filter(|argument| !argument.is_empty()),
        })
    }

    /// A program with arguments: a program that isn't empty, no NUL, not over the limit.
    pub fn argv(argv: Vec<NativeString>) -> Result<Self, InvalidValue> {
        if argv.first().is_none_or(|program| program.0.is_empty()) {
            return Err(InvalidValue("a command needs a program to run".into()));
        }
        let length = argv.iter().map(|arg| arg.0.len() + 1).sum::<usize>() - 1;
        for arg in &argv {
            check_bytes(length, &arg.0)?;
        }
        Ok(Self::Argv(argv))
    }

    /// The command in one text for people: the line itself, or the arguments
    /// quoted as a POSIX shell would need them.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Line { line, .. } => Cow::Borrowed(line),
            Self::Argv(argv) => {
                let quoted: Vec<_> = argv.iter().map(|arg| quote(&arg.to_text())).collect();
                Cow::Owned(quoted.join(" "))
            }
        }
    }
}

fn check_bytes(length: usize, part: &[u8]) -> Result<(), InvalidValue> {
    if length > MAX_COMMAND_BYTES {
        return Err(InvalidValue(format!(
            "a command has at most {MAX_COMMAND_BYTES} bytes (16 MiB), this one has {length}"
        )));
    }
    if part.contains(&0) {
        return Err(InvalidValue("a command can't contain a NUL byte".into()));
    }
    Ok(())
}

fn quote(arg: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=:,+@%".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argv_is_shown_as_a_shell_would_need_it() {
        let argv = ["printf", "%s\\n", "it's", ""].map(NativeString::from);
        let command = Command::argv(argv.to_vec()).unwrap();
        assert_eq!(command.to_text(), r"printf '%s\n' 'it'\''s' ''");
    }

    fn interpreter(line: &str) -> Option<(String, Option<String>)> {
        let command = Command::line(line.into(), None).unwrap();
        let found = command.interpreter()?;
        Some((found.program.into(), found.argument.map(str::to_owned)))
    }

    #[test]
    fn a_script_names_the_program_that_reads_it() {
        let named = |program: &str, argument: Option<&str>| {
            Some((program.to_owned(), argument.map(str::to_owned)))
        };
        assert_eq!(interpreter("#!/bin/sh"), named("/bin/sh", None));
        assert_eq!(interpreter("#!/bin/sh\r\necho"), named("/bin/sh", None));
        assert_eq!(interpreter("#! \t/bin/sh \t\n-x"), named("/bin/sh", None));
        let env = named("/usr/bin/env", Some("-S a  -b"));
        assert_eq!(interpreter("#!/usr/bin/env \t-S a  -b \r\n"), env);
        assert_eq!(interpreter("\u{feff}#!a\n"), named("a", None));
        for line in [
            "#!",
            "#! \t\r\necho",
            " #!/bin/sh",
            "\n#!/bin/sh",
            "# !a",
            "echo #!a",
        ] {
            assert_eq!(interpreter(line), None, "{line}");
        }
    }

    #[test]
    fn a_script_is_read_by_its_own_program_unless_a_shell_was_asked_for() {
        let shell = |name: &str| -> Option<ShellName> { Some(name.parse().unwrap()) };
        let told = |line: &str, asked: Option<ShellName>, usual: Option<ShellName>| {
            let command = Command::line_for(line.to_owned(), asked, usual).unwrap();
            let Command::Line { shell, .. } = &command else {
                panic!("it is a line");
            };
            let shell = shell.as_ref().map(ShellName::as_str);
            (shell.map(str::to_owned), command.interpreter().is_some())
        };
        let script = "\u{feff}#!/bin/cat\n";
        assert_eq!(told("true", None, None), (None, false));
        assert_eq!(
            told("true", None, shell("pwsh")),
            (Some("pwsh".into()), false)
        );
        assert_eq!(told("true", shell("default"), shell("pwsh")), (None, false));
        assert_eq!(told(script, None, None), (None, true));
        assert_eq!(told(script, None, shell("pwsh")), (None, true));
        assert_eq!(
            told(script, shell("bash"), None),
            (Some("bash".into()), false)
        );
        let default = (Some("default".into()), false);
        assert_eq!(told(script, shell("default"), shell("pwsh")), default);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_line() {
        let command = Command::line("\u{feff}echo \u{feff}".into(), None).unwrap();
        assert_eq!(command.to_text(), "echo \u{feff}");
        // A file that was made of two has another.
        let command = Command::line("\u{feff}\u{feff}echo".into(), None).unwrap();
        assert_eq!(command.to_text(), "echo");
        assert!(Command::line("\u{feff} ".into(), None).is_err());
    }

    #[test]
    fn what_can_not_run_is_refused() {
        assert!(Command::line(" \t".into(), None).is_err());
        assert!(Command::line("a\0b".into(), None).is_err());
        assert!(Command::argv(vec![]).is_err());
        assert!(Command::argv(vec!["".into(), "a".into()]).is_err());
        assert!(Command::argv(vec!["a".into(), NativeString(vec![0])]).is_err());
    }

    #[test]
    fn a_command_over_the_limit_is_refused_and_told_the_limit() {
        assert!(Command::line("x".repeat(MAX_COMMAND_BYTES), None).is_ok());
        let error = Command::line("x".repeat(MAX_COMMAND_BYTES + 1), None).unwrap_err();
        assert!(error.to_string().contains("16 MiB"), "{error}");
    }
}
