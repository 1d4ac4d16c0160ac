//! Short answers: that something is done.

use queuectl_domain::JobId;
use queuectl_store::ErrorKind;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Human, Page, View, visible};

/// That something is done. Says nothing where only what was asked for is wanted.
pub(crate) struct Done {
    lines: Vec<String>,
    facts: Value,
}

impl Done {
    /// One sentence for people, facts for programs.
    pub(crate) fn new(sentence: String, facts: Value) -> Self {
        Self::lines(vec![sentence], facts)
    }

    /// Several sentences.
    pub(crate) fn lines(lines: Vec<String>, facts: Value) -> Self {
        Self { lines, facts }
    }
}

impl Serialize for Done {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.facts.serialize(serializer)
    }
}

impl Human for Done {
    fn human(&self, page: &mut Page) {
        if !page.is_quiet() {
            for line in &self.lines {
                page.line(&visible(line));
            }
        }
    }
}

/// That a job was added, and its name.
pub(crate) struct Enqueued {
    /// Its name.
    pub(crate) id: JobId,
    /// Whether whoever added it had named it.
    pub(crate) named: bool,
}

impl Serialize for Enqueued {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({ "id": self.id.as_str() }).serialize(serializer)
    }
}

impl Human for Enqueued {
    fn human(&self, page: &mut Page) {
        let id = visible(self.id.as_str());
        match (page.is_quiet(), self.named) {
            (false, _) => page.line(&format!("Job '{id}' enqueued successfully")),
            // A script that let the name be made needs it, and nothing else.
            (true, false) => page.line(&id),
            (true, true) => (),
        }
    }
}

/// That there is nothing more to show: all was shown as it happened.
pub(crate) struct Streamed;

impl Human for Streamed {
    fn human(&self, _: &mut Page) {}
}

impl View for Streamed {
    fn json(&self, _: bool) -> serde_json::Result<String> {
        Ok(String::new())
    }
}

/// An error that has already been shown; only the exit code is left.
pub(crate) struct Told(pub(crate) ErrorKind);

impl Human for Told {
    fn human(&self, _: &mut Page) {}

    fn verdict(&self) -> Option<ErrorKind> {
        Some(self.0)
    }
}

impl View for Told {
    fn json(&self, _: bool) -> serde_json::Result<String> {
        Ok(String::new())
    }
}
