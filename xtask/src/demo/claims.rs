//! What the demo says is checked by these.

use serde_json::Value;

use crate::trouble::Trouble;

/// A command that was run, with what it printed.
pub(super) struct Shown {
    /// The command, as it was shown.
    pub(super) line: String,
    /// All that it printed.
    pub(super) printed: String,
}

impl Shown {
    /// Claims that the command has printed `text`.
    pub(super) fn says(&self, text: &str) -> Result<&Self, Trouble> {
        if self.printed.contains(text) {
            return Ok(self);
        }
        let line = &self.line;
        Err(Trouble::Demo(format!("`{line}` should have said `{text}`")))
    }
}

/// Claims that `got` is what is `wanted`.
pub(super) fn same(what: &str, got: &Value, wanted: &Value) -> Result<(), Trouble> {
    if got == wanted {
        return Ok(());
    }
    Err(Trouble::Demo(format!(
        "{what} should be {wanted}, and is {got}"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_that_does_not_hold_says_what_is_instead() {
        let error = same("the workers", &json!(1), &json!(0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the demo went wrong: the workers should be 0, and is 1"
        );
        same("the workers", &json!(0), &json!(0)).unwrap();
    }

    #[test]
    fn a_command_has_said_what_it_printed() {
        let shown = Shown {
            line: "queuectl worker stop".into(),
            printed: "Stopped 2 worker(s)\n".into(),
        };
        shown.says("Stopped 2 worker(s)").unwrap();
        let error = shown.says("No workers").err().unwrap();
        assert_eq!(
            error.to_string(),
            "the demo went wrong: `queuectl worker stop` should have said `No workers`"
        );
    }
}
