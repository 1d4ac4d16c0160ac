//! The two streams: views and their errors go out here, and nowhere else.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};

use crate::cli::Color;
use crate::environment::{self, Environment};
use crate::error::{CliError, exit_code};
use crate::views::{Page, View, style, visible};

/// How this invocation speaks.
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

    /// Tells an error on stderr.
    pub(crate) fn fail(&self, error: &CliError) -> ExitCode {
        let text = if self.json {
            error.to_json() + "\n"
        } else {
            error.to_text()
        };
        self.print_error(&text);
        error.exit_code()
    }

    /// Says something beside the point on stderr.
    pub(crate) fn remark(&self, text: &str) {
        let style = style::REMARK;
        let text = visible(text);
        self.print_error(&format!("{style}note:{style:#} {text}\n"));
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
