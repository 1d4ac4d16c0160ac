//! What meets the text of others, for the package `queuectl-properties`, and the command line, for `queuectl-dist`: nothing else uses it.

use queuectl_domain::{NewJob, Settings};

use crate::commands::{Folders, Form, Reader};
use crate::views;

/// A line of a file of jobs, as JSON or as a command, with the rules of a new store and the root as directory; or what is wrong with it.
pub fn job_of_line(line: &[u8], json: bool) -> Result<NewJob, String> {
    let form = if json { Form::Json } else { Form::Lines };
    let rules = Settings::default().rules;
    // On Windows the root is a drive's.
    let root = std::path::absolute("/").map_err(|error| error.to_string())?;
    let root = root.to_string_lossy().as_ref().into();
    let mut reader = Reader::new(form, rules, Folders::Here, root);
    reader.job(line).map_err(|wrong| wrong.problem)
}

/// `text` on one line of a terminal.
pub fn on_one_line(text: &str) -> String {
    views::visible(text).into_owned()
}

/// `text` on its own lines of a terminal.
pub fn on_lines(text: &str) -> String {
    views::visible_lines(text).into_owned()
}

/// `text` cut to so many columns of a terminal.
pub fn cut(text: &str, width: usize) -> String {
    views::cut(text, width).into_owned()
}

/// JSON as it goes to a terminal.
pub fn json(json: String) -> String {
    views::harmless_json(json)
}

/// The command line's definition, which the manual and the completions of a release are made of.
pub fn command() -> clap::Command {
    crate::cli::command()
}
