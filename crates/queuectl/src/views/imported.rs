//! What was taken over from elsewhere.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Human, Page, visible};

/// What was taken over, and what is to be known of it.
pub(crate) struct Imported {
    lines: Vec<String>,
    notes: Vec<String>,
    facts: Value,
}

impl Imported {
    /// Sentences that say it, notes on what is not as it was, and facts for programs.
    pub(crate) fn new(lines: Vec<String>, notes: Vec<String>, facts: Value) -> Self {
        Self {
            lines,
            notes,
            facts,
        }
    }
}

impl Serialize for Imported {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.facts.serialize(serializer)
    }
}

impl Human for Imported {
    fn human(&self, page: &mut Page) {
        if !page.is_quiet() {
            for line in &self.lines {
                page.line(&visible(line));
            }
        }
        // What is lost or changed is told even then.
        for note in &self.notes {
            page.line(&format!("note: {}", visible(note)));
        }
    }
}
