//! The two streams: views and their errors go out here, and nowhere else.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};

use crate::cli::Color;
use crate::environment::{self, Environment};
use crate::error::{CliError, exit_code};
use crate::views::{Page, View, style, visible};

/// How long a worker waits until its message on stderr is written: the terminal may be stopped (Ctrl+S).
const IN_TIME: Duration = Duration::from_secs(1);

/// How this invocation speaks.
#[derive(Clone)]
pub(crate) struct Console {
    json: bool,
    quiet: bool,
    color: Color,
    plain: bool,
}

impl Console {
    /// A console that speaks as it was asked to.
    pub(crate) fn new(environment: &Environment, json: bool, color: Color, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            color,
            plain: environment.plain,
        }
    }

    /// Whether machines read what is printed.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether only what was asked for is printed.
    pub(crate) fn quiet(&self) -> bool {
        self.quiet
    }

    /// Whether it is shown how far something has come.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.json && !self.quiet && environment::stderr_is_terminal()
    }

    /// Shows what a command has returned.
    pub(crate) fn show(&self, view: &dyn View) -> ExitCode {
        let text = if self.json {
            match view.json(environment::stdout_is_terminal()) {
                Ok(text) => text,
                Err(error) => return self.fail(&CliError::internal(error.to_string())),
            }
        } else {
            let mut page = Page::new(self.quiet);
            view.human(&mut page);
            page.into_text()
        };
        if let Some(note) = view.note().filter(|_| self.json && !self.quiet) {
            self.remark(&note);
        }
        let printed = self.print(&text);
        view.verdict().map_or(printed, exit_code)
    }

    /// Prints to stdout. A reader that has gone away has seen enough.
    pub(crate) fn print(&self, text: &str) -> ExitCode {
        match self.try_print(text) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.fail(&CliError::cannot_print(&error))
            }
            _ => ExitCode::SUCCESS,
        }
    }

    /// Prints to stdout, and says if that didn't work.
    pub(crate) fn try_print(&self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let choice = self.choice(environment::stdout_is_terminal);
        let stream = AutoStream::new(io::stdout().lock(), choice);
        let mut out = BufWriter::with_capacity(64 * 1024, stream);
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Returns a function that opens stdout for the one thread that prints to it. Its texts have to be
    /// [`fitting`](Self::fitting).
    pub(crate) fn stdout(&self) -> impl FnOnce() -> Box<dyn Write> + Send + 'static {
        let choice = self.choice(environment::stdout_is_terminal);
        move || {
            let stdout = io::stdout().lock();
            match choice {
                ColorChoice::Never => Box::new(stdout),
                _ => Box::new(AutoStream::new(stdout, choice)),
            }
        }
    }

    /// Removes the colours from a text for stdout, if they aren't wanted.
    pub(crate) fn fitting(&self, text: String) -> String {
        match self.choice(environment::stdout_is_terminal) {
            ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
            _ => text,
        }
    }

    /// Tells an error on stderr.
    pub(crate) fn fail(&self, error: &CliError) -> ExitCode {
        self.print_error(&self.told(error));
        error.exit_code()
    }

    /// Tells an error on stderr, but doesn't wait longer than [`IN_TIME`] until it is written.
    pub(crate) fn fail_in_time(&self, error: &CliError) {
        self.print_error_in_time(self.told(error));
    }

    fn told(&self, error: &CliError) -> String {
        if self.json {
            error.to_json() + "\n"
        } else {
            error.to_text()
        }
    }

    /// Says something beside the point on stderr.
    pub(crate) fn remark(&self, text: &str) {
        self.print_error(&note(text));
    }

    /// The same, but doesn't wait longer than [`IN_TIME`] until it is written.
    pub(crate) fn remark_in_time(&self, text: &str) {
        self.print_error_in_time(note(text));
    }

    fn print_error_in_time(&self, text: String) {
        let console = self.clone();
        let (done, is_done) = channel();
        let printing = thread::Builder::new().spawn(move || {
            console.print_error(&text);
            // If the receiver has gone, nobody waits any more.
            let _ = done.send(());
        });
        if printing.is_ok() {
            let _ = is_done.recv_timeout(IN_TIME);
        }
    }

    /// Prints to stderr. If that doesn't work there is no one left to tell.
    pub(crate) fn print_error(&self, text: &str) {
        let choice = self.choice(environment::stderr_is_terminal);
        let mut err = AutoStream::new(io::stderr().lock(), choice);
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    fn choice(&self, is_terminal: fn() -> bool) -> ColorChoice {
        let colored = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !self.plain && is_terminal(),
        };
        if colored {
            ColorChoice::Always
        } else {
            ColorChoice::Never
        }
    }
}

fn note(text: &str) -> String {
    let style = style::REMARK;
    let text = visible(text);
    format!("{style}note:{style:#} {text}\n")
}
