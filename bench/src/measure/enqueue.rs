//! One job enqueued by a command of its own, and on disk when that ends.

use crate::reference::tools::{Sqlite3, timed};
use crate::row::{Goal, Row, Unit};
use crate::sample::{Pairs, milliseconds};
use crate::scene::Scene;
use crate::trouble::Trouble;

const OF_SQLITE3: Goal = Goal::AtMost(1.0);

pub(crate) fn measure(scene: &Scene) -> Result<Vec<Row>, Trouble> {
    let sqlite3 = Sqlite3::make(scene.folder()?.join("other.db"))?;
    let queue = scene.queue()?;
    let mut command = queue.command(&["enqueue", "--command", "true"]);
    // The first one makes the store.
    timed(&mut command)?;
    let mut pairs = Pairs::default();
    for _ in 0..scene.size(400, 60) {
        let reference = sqlite3.insert()?;
        let ours = timed(&mut command)?;
        pairs.push(milliseconds(ours), milliseconds(reference));
    }
    let what = "one `enqueue`, process and all";
    let reference = "sqlite3, one INSERT";
    Ok(vec![Row::ratio(
        what,
        Unit::Milliseconds,
        &pairs,
        reference,
        OF_SQLITE3,
    )])
}
