//! Many jobs from a file, all or none.
//!
//! The file is read twice: first every line is checked, and nothing is changed; then the jobs are
//! added. What is added when something goes wrong is taken back.

use std::path::Path;

use queuectl_worker::hold_stop;
use serde_json::Value;

use super::add::{Adding, Cut};
use super::answer::Answer;
use super::batches::{Jobs, MOST_JOBS};
use super::check::check;
use super::record::{Form, Reader};
use super::reserve::Reserve;
use super::source::Source;
use super::{Folders, How};
use crate::context::Context;
use crate::error::CliError;
use crate::interrupted;
use crate::progress::Progress;
use crate::views::{Done, Streamed, View};

/// What is to be added.
pub(super) struct Order<'a> {
    pub(super) from: &'a Path,
    pub(super) form: Form,
    pub(super) skip_existing: bool,
}

/// Adds it.
pub(super) fn run(
    cx: &Context<'_>,
    order: &Order<'_>,
    how: How,
) -> Result<Box<dyn View>, CliError> {
    let folders = Folders::of(&cx.location()?);
    let cwd = folders.resolve(how.cwd.as_deref())?;
    let source = Source::open(cx, order.from)?;
    let mut store = cx.store()?;
    let settings = store.settings()?;
    let rules = how.rules(&settings);
    let reader = Reader::new(order.form, rules, folders, cwd).in_shell(how.shell, settings.shell);
    let jobs = Jobs { source, reader };
    let checked = check(cx, &jobs, &mut *store, order.skip_existing)?;

    let answer = cx.console.json().then(|| Answer::new(cx)).transpose()?;
    let reserve = if checked.jobs > MOST_JOBS as u64 {
        Reserve::keep(&cx.location()?, checked.jobs, jobs.source.length)?
    } else {
        // They go in at once or not at all.
        Reserve::none()
    };
    let mut adding = Adding::new(&mut *store, order.skip_existing, answer, reserve);
    let stop = hold_stop().map_err(interrupted::no_signals)?;
    let progress = Progress::new(cx.console, "enqueueing", Some(jobs.source.length));
    let added = adding.all(&jobs, checked.digest, || stop.asked(), &progress);
    drop(progress);
    match added {
        Ok(()) => {}
        Err(Cut::Failed(error)) => return Err(adding.take_back(cx.console).after(error)),
        Err(Cut::Interrupted) => {
            let left = adding.take_back(cx.console);
            if !(left.is_nothing() && cx.console.quiet()) {
                interrupted::remark(cx.console, &left.to_string());
            }
            stop.heed();
        }
    }
    drop(stop);
    let sentence = adding.sentence();
    match adding.into_answer() {
        // Programs aren't told here.
        None => Ok(Box::new(Done::new(sentence, Value::Null))),
        Some(answer) => {
            answer.print(cx.console)?;
            Ok(Box::new(Streamed))
        }
    }
}
