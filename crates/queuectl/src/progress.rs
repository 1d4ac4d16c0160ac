//! How far something has come that takes a while: a bar on the terminal, gone when it is done.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::Console;

/// What is done sooner needs no bar.
const SOON: Duration = Duration::from_millis(300);

/// How far something has come.
pub(crate) struct Progress {
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    /// Something that begins now and has so far to go, in bytes if that isn't known. It is shown
    /// only if people look on.
    pub(crate) fn new(console: &Console, what: &'static str, length: Option<u64>) -> Self {
        let target = if console.shows_progress() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let template = match length {
            Some(_) => "{prefix} [{bar:30}] {percent:>3} %{msg}",
            None => "{prefix} {bytes}",
        };
        let style = ProgressStyle::with_template(template).expect("the templates here are sound");
        let bar = ProgressBar::with_draw_target(length, target)
            .with_style(style.progress_chars("=> "))
            .with_prefix(what);
        let begun = Instant::now();
        Self { bar, begun }
    }

    /// It has come so far, and so many jobs were on the way.
    pub(crate) fn at(&self, position: u64, jobs: u64) {
        if !self.bar.is_hidden() && self.begun.elapsed() > SOON {
            self.bar.set_message(format!(", {jobs} jobs"));
            self.bar.set_position(position);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
