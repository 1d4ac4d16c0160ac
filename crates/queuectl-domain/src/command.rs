//! What a job runs.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::InvalidValue;

/// The longest command, in bytes; an argv counts with one byte between arguments.
pub const MAX_COMMAND_BYTES: usize = 16 * 1024 * 1024;

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
    /// A line that a shell reads.
    Line {
        /// The line, as it was given.
        line: String,
        /// Which shell; the worker's own default if none.
        shell: Option<ShellName>,
    },
    /// A program and its arguments, run directly, byte for byte.
    Argv(Vec<NativeString>),
}

impl Command {
    /// A line for a shell: not blank, without NUL, not over the limit.
    pub fn line(line: String, shell: Option<ShellName>) -> Result<Self, InvalidValue> {
        if line.trim().is_empty() {
            return Err(InvalidValue("a command can't be empty".into()));
        }
        check_bytes(line.len(), line.as_bytes())?;
        Ok(Self::Line { line, shell })
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
