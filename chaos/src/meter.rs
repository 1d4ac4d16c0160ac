//! How slow the machine itself is: others may use it too, and what they take can't be
//! held against the queue. Measured all the time by what a rescue consists of, a sync and
//! the start of a process.

use std::fs::File;
use std::io::{self, Write};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::enqueuer::Tap;
use crate::job::NOTHING;
use crate::ledger;
use crate::queue::Queue;
use crate::record::Scribe;

/// How long the two take on a machine that has time for them, with much to spare.
const USUAL: Duration = Duration::from_millis(25);
/// How long it rests in between.
const REST: Duration = Duration::from_millis(20);

/// Measures until all is over, and writes down when it took too long.
pub(crate) fn watch(queue: &Queue, scribe: &Scribe, tap: &Tap) {
    while !tap.over.load(Ordering::Relaxed) {
        let begun = ledger::now();
        if let Err(error) = measure(queue) {
            return scribe.odd(format!("can't measure the machine: {error}"));
        }
        let span = (begun, ledger::now());
        if u128::from(span.1 - span.0) > USUAL.as_nanos() {
            scribe.record().slow.push(span);
        }
        std::thread::sleep(REST);
    }
}

fn measure(queue: &Queue) -> io::Result<()> {
    let mut file = File::create(queue.folder.join("meter"))?;
    file.write_all(b"measured")?;
    file.sync_all()?;
    Command::new(&queue.helper).arg(NOTHING).status()?;
    Ok(())
}
