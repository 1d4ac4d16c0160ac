//! Terminal sessions: lines as they are typed, and what they print.

use super::Home;
#[cfg(unix)]
use super::{Output, home::finish};

impl Home {
    /// A terminal session: each line and what it printed, without what differs from run to run. The lines are calls of the binary,
    /// with words in quotes as a shell has them.
    #[track_caller]
    pub(crate) fn session(&self, lines: &[&str]) -> String {
        let mut session = String::new();
        for line in lines {
            let words = words(line);
            let ["queuectl", args @ ..] = &words.iter().map(String::as_str).collect::<Vec<_>>()[..]
            else {
                panic!("no call of the binary: {line}");
            };
            let output = self.run(args);
            session += &format!("$ {line}\n{}{}", output.out(), output.err());
            if output.code != Some(0) {
                session += &format!("[exit code {}]\n", output.code.expect("not killed"));
            }
        }
        let session = session.replace(
            self.work("")
                .to_string_lossy()
                .trim_end_matches(['/', '\\']),
            "~/work",
        );
        super::redacted(&session.replace(r"~\.queuectl\data\", "~/.queuectl/data/"))
    }

    /// Runs a line of `sh` in which `queuectl` is the binary.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn shell(&self, line: &str) -> Output {
        let mut output = finish(self.of_shell(line), Vec::new());
        line.clone_into(&mut output.call);
        output
    }

    /// A line of `sh` in which `queuectl` is the binary, to be run.
    #[cfg(unix)]
    pub(crate) fn of_shell(&self, line: &str) -> std::process::Command {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", line]);
        self.prepare(&mut command);
        command
    }
}

/// The words of a line: split at blanks, but for those in quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(mark) if c == mark => quote = None,
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c == ' ' => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
