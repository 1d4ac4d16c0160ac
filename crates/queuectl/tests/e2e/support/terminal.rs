//! A call of the binary on a terminal, and what the terminal was told.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::JoinHandle;

use super::{system, wait_for, wait_until};

/// A terminal as a user sees it, and the command that leads its session.
pub(crate) struct Terminal {
    person: File,
    child: Child,
    seen: Mutex<String>,
}

impl Terminal {
    /// Starts a command in one.
    pub(crate) fn start(mut command: Command) -> Self {
        system::allow_interrupts();
        let (person, program) = system::terminal();
        rustix::io::ioctl_fionbio(&person, true).expect("a terminal can be looked at");
        let another = || program.try_clone().expect("a terminal can be shared");
        command.stdin(another()).stdout(another()).stderr(another());
        system::lead_the_session_of_its_terminal(&mut command);
        let child = command.spawn().expect("it can be started");
        Self {
            person,
            child,
            seen: Mutex::default(),
        }
    }

    /// Types something. `\x03` is Ctrl+C, `\x1a` Ctrl+Z.
    pub(crate) fn types(&self, text: &str) {
        let typed = (&self.person).write_all(text.as_bytes());
        typed.expect("somebody is there");
    }

    /// Waits until the terminal shows this, and forgets all up to it.
    #[track_caller]
    pub(crate) fn wait_until_it_shows(&self, text: &str) {
        wait_for(&format!("the terminal to show `{text}`"), || {
            let mut seen = self.seen.lock().expect("nobody panics with it");
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = (&self.person).read(&mut piece) {
                seen.push_str(&String::from_utf8_lossy(&piece[..count]));
            }
            let Some(at) = seen.find(text) else {
                return Err(seen.clone());
            };
            seen.drain(..at + text.len());
            Ok(())
        });
    }

    /// Closes it, as when a window is closed, and returns the command, which has to end then.
    pub(crate) fn hang_up(self) -> Child {
        self.child
    }

    /// Waits until what was started has ended, and returns its exit code.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Option<i32> {
        let mut status = None;
        wait_until("what runs in the terminal to end", || {
            // Keep reading: it may print more than the terminal's buffer holds.
            let mut piece = [0; 4096];
            while matches!((&self.person).read(&mut piece), Ok(1..)) {}
            status = self.child.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

/// What a terminal was told by a call that has ended.
pub(crate) struct Told {
    call: String,
    text: String,
}

/// Makes a call on a terminal of its own, until it ends.
#[track_caller]
pub(crate) fn on_a_terminal(mut command: Command) -> Told {
    let call = format!("{command:?}");
    let (mut person, program) = system::terminal();
    let another = || program.try_clone().expect("a terminal can be shared");
    command
        .stdin(Stdio::null())
        .stdout(another())
        .stderr(another());
    let mut child = command.spawn().expect("the binary can be started");
    // Nobody else may hold it, or its end is never seen.
    drop(command);
    drop(program);
    let reader = std::thread::spawn(move || {
        let (mut told, mut buffer) = (Vec::new(), [0; 4096]);
        // A terminal that everybody has left ends with an error on Linux.
        while let Ok(count @ 1..) = person.read(&mut buffer) {
            told.extend_from_slice(&buffer[..count]);
        }
        told
    });
    wait_until(&format!("{call} to end and leave its terminal"), || {
        let ended = child.try_wait().expect("a child can be waited for");
        ended.is_some() && JoinHandle::is_finished(&reader)
    });
    let told = reader.join().expect("the reader doesn't panic");
    let text = String::from_utf8(told).unwrap_or_else(|e| panic!("{call}: {e}"));
    Told { call, text }
}

impl Told {
    /// What it was told, without colours and with plain ends of lines; it has to be nothing else that a terminal obeys
    /// than ends of lines, the colours that the program itself uses, and what makes it draw a line again.
    #[track_caller]
    pub(crate) fn harmless(&self) -> String {
        let mut plain = String::new();
        let mut rest = self.text.as_str();
        while let Some(c) = rest.chars().next() {
            if let Some(after) = own_sequence(rest) {
                rest = after;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            let acts = c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(
                !acts || matches!(c, '\n' | '\r'),
                "{c:?} from {}: {:?}",
                self.call,
                self.text
            );
            plain.push(c);
        }
        plain.replace("\r\n", "\n")
    }
}

/// What follows a sequence that the program itself may send: a colour, or the end of a line that is drawn again.
fn own_sequence(text: &str) -> Option<&str> {
    let after = text.strip_prefix("\u{1b}[")?;
    let end = after.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let (numbers, kind) = (&after[..end], &after[end..=end]);
    let colour = kind == "m"
        && numbers
            .split(';')
            .all(|number| number != "7" && number != "8");
    // A bar that is drawn again.
    let draws = matches!(kind, "K" | "A");
    (colour || draws).then(|| &after[end + 1..])
}
