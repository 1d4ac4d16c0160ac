//! What one call of the binary gave, and what the contract says of every such output.

use serde_json::Value;

/// What one call of the binary gave.
#[derive(Debug)]
pub(crate) struct Output {
    /// The call, for messages.
    pub(crate) call: String,
    /// What it printed.
    pub(crate) stdout: Vec<u8>,
    /// What it printed on stderr.
    pub(crate) stderr: Vec<u8>,
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
}

impl Output {
    /// What it printed, as text.
    #[track_caller]
    pub(crate) fn out(&self) -> &str {
        str::from_utf8(&self.stdout).unwrap_or_else(|e| panic!("{e} in the stdout of {self:?}"))
    }

    /// What it printed on stderr, as text.
    #[track_caller]
    pub(crate) fn err(&self) -> &str {
        str::from_utf8(&self.stderr).unwrap_or_else(|e| panic!("{e} in the stderr of {self:?}"))
    }

    /// What it printed; it has to have succeeded, without a word on stderr.
    #[track_caller]
    pub(crate) fn succeeded(&self) -> &str {
        let text = self.out();
        let quiet = self.stderr.is_empty();
        assert!(self.code == Some(0) && quiet, "failed: {self}");
        text
    }

    /// The value that it printed; it has to have succeeded.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = self.succeeded();
        serde_json::from_str(text).unwrap_or_else(|e| panic!("no JSON ({e}): {self}"))
    }

    /// The error that it printed: it has to have ended with `code` and to look as the contract says of all errors.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32) -> &str {
        let error = self.err();
        assert_eq!(self.code, Some(code), "the exit code of {self}");
        assert!(!error.contains("panicked"), "{self}");
        let lines: Vec<_> = error.lines().collect();
        let what = lines.first().and_then(|line| line.strip_prefix("error: "));
        let what = what.unwrap_or_else(|| panic!("doesn't begin with `error: `: {self}"));
        let upper = what.starts_with(|c: char| c.is_uppercase());
        assert!(!upper, "doesn't begin in lower case: {self}");
        match lines[1..] {
            [] => {}
            [hint] => assert!(hint.starts_with("hint: "), "its second line: {self}"),
            _ => panic!("more than two lines: {self}"),
        }
        assert!(
            error.chars().all(|c| c == '\n' || !c.is_control()),
            "control characters: {self}"
        );
        assert!(self.stdout.is_empty(), "an error with a stdout: {self}");
        error
    }

    /// The error that it printed, which has to be JSON of this kind; it has to have ended with `code`.
    #[track_caller]
    pub(crate) fn failed_as_json(&self, code: i32, kind: &str) -> Value {
        assert_eq!(self.code, Some(code), "the exit code of {self}");
        assert!(self.stdout.is_empty(), "an error with a stdout: {self}");
        let value: Value = serde_json::from_str(self.err())
            .unwrap_or_else(|e| panic!("the error is no JSON ({e}): {self}"));
        let error = &value["error"];
        assert_eq!(error["kind"], kind, "the kind of {self}");
        assert!(error["message"].is_string(), "no message: {self}");
        let hint = &error["hint"];
        assert!(hint.is_string() || hint.is_null(), "an odd hint: {self}");
        error.clone()
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "`{}`, exit code {:?}", self.call, self.code)?;
        writeln!(f, "--- stdout\n{}", start_of(&self.stdout))?;
        write!(f, "--- stderr\n{}", start_of(&self.stderr))
    }
}

fn start_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(5000)]).into_owned()
}
