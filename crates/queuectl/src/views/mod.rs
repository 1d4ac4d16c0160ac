//! What commands return: facts that can be shown to people or to programs.
//!
//! A view has its JSON by `Serialize`, and its text by [`Human`]. It reads
//! nothing and asks nobody; it has all it shows.

mod checkup;
mod dead;
mod done;
mod imported;
mod job;
mod list;
mod printed;
mod settings;
mod show;
mod status;
pub(crate) mod style;
mod table;
mod text;
mod time;
mod workers;

pub(crate) use checkup::Checkup;
pub(crate) use dead::DeadList;
pub(crate) use done::{Done, Enqueued, Streamed, Told};
pub(crate) use imported::Imported;
pub(crate) use list::JobList;
pub(crate) use settings::{SettingChanged, SettingList};
pub(crate) use show::{JobDetails, Run};
pub(crate) use status::Status;
pub(crate) use text::{cut, jobs, shell_word, shortened, visible, visible_lines};
pub(crate) use time::{Seconds, Utc, exact, local};
pub(crate) use workers::WorkerList;

use queuectl_store::ErrorKind;
use serde::Serialize;

/// What people read.
pub(crate) struct Page {
    text: String,
    quiet: bool,
}

impl Page {
    /// An empty page.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            text: String::new(),
            quiet,
        }
    }

    /// Whether only what was asked for is to be shown.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// How many columns a table may have; none if there is no limit.
    pub(crate) fn width(&self) -> Option<usize> {
        // Asked only by who needs it: most commands don't.
        crate::environment::width()
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// What is on the page.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// A view for people.
pub(crate) trait Human {
    /// Puts it on a page.
    fn human(&self, page: &mut Page);

    /// What programs aren't told in the JSON, but whoever runs them should know.
    fn note(&self) -> Option<String> {
        None
    }

    /// What kind of bad news it is, if it is; decides the exit code.
    fn verdict(&self) -> Option<ErrorKind> {
        None
    }
}

/// A view for people and for programs.
pub(crate) trait View: Human {
    /// The view as JSON, over several lines if people read it.
    fn json(&self, pretty: bool) -> serde_json::Result<String>;
}

impl<T: Human + Serialize> View for T {
    fn json(&self, pretty: bool) -> serde_json::Result<String> {
        let text = if pretty {
            serde_json::to_string_pretty(self)?
        } else {
            serde_json::to_string(self)?
        };
        Ok(harmless_json(text) + "\n")
    }
}

/// JSON leaves some characters as they are that a terminal obeys, all of four digits.
/// They can only be in strings, so they can be written as JSON's escapes.
pub(crate) fn harmless_json(json: String) -> String {
    if json.is_ascii() && !json.contains('\x7f') {
        return json;
    }
    let mut harmless = String::with_capacity(json.len());
    for c in json.chars() {
        if c >= '\x7f' && text::is_acting(c) {
            harmless.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            harmless.push(c);
        }
    }
    harmless
}
