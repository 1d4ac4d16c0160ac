//! Which colours mean what.

use anstyle::{AnsiColor, Style};
use queuectl_domain::State;

/// Headers of tables and of help.
pub(crate) const HEADER: Style = Style::new().bold();
/// What is typed as it stands, in help.
pub(crate) const LITERAL: Style = AnsiColor::Cyan.on_default();
/// The word `error`.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The word `hint`.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();
/// The word `note`.
pub(crate) const REMARK: Style = AnsiColor::Yellow.on_default();
/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// What can wait to be read.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// No colour.
pub(crate) const PLAIN: Style = Style::new();

/// The colour of a state.
pub(crate) fn of_state(state: State) -> Style {
    match state {
        State::Pending => AnsiColor::Blue.on_default(),
        State::Processing => AnsiColor::Cyan.on_default(),
        State::Completed => GOOD,
        State::Failed => AnsiColor::Yellow.on_default(),
        State::Dead => BAD,
    }
}
