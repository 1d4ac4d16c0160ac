//! How slow the machine itself is: others may use it too, and what they take can't be
//! held against the queue. Measured all the time by doing what a rescue does: look at all
//! processes, sync, start one.

use std::fs::File;
use std::io::Write;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::enqueuer::Tap;
use crate::job::NOTHING;
use crate::ledger;
use crate::queue::Queue;
use crate::record::Scribe;
use crate::trouble::{Trouble, io};

/// How long that takes on a machine that has time for it, with much to spare.
const USUAL: Duration = Duration::from_millis(25);
/// How long it rests in between.
const REST: Duration = Duration::from_millis(60);

/// Measures until all is over, and writes down when it took too long.
pub(crate) fn watch(queue: &Queue, scribe: &Scribe, tap: &Tap) {
    while !tap.over.load(Ordering::Relaxed) {
        let begun = ledger::now();
        if let Err(trouble) = measure(queue) {
            return scribe.odd(format!("can't measure the machine: {trouble}"));
        }
        let span = (begun, ledger::now());
        let took = Duration::from_nanos(span.1 - span.0);
        if took > USUAL {
            scribe.note(&format!("the machine is slow: {took:?}"));
            scribe.record().slow.push(span);
        }
        std::thread::sleep(REST);
    }
}

fn measure(queue: &Queue) -> Result<(), Trouble> {
    queue.end_jobs_of("nobody")?;
    let mut file = File::create(queue.folder.join("meter")).map_err(io("write a file"))?;
    file.write_all(b"measured").map_err(io("write a file"))?;
    file.sync_all().map_err(io("sync a file"))?;
    let status = Command::new(&queue.helper).arg(NOTHING).status();
    status.map_err(io("start a program"))?;
    Ok(())
}
