//! A small disk that a test can fill.

use std::fs::File;
use std::io::Write;

use super::{Home, wait_for};
use crate::jobs;

impl Home {
    /// A home on a disk of this size.
    pub(crate) fn on_disk(size: &str) -> Self {
        Self::with_mounts(&format!(
            "mount -t tmpfs -o size={size},mode=0755 tmpfs \"$1\""
        ))
    }

    /// Fills the disk to its last byte. The log of the store may still have some room of its own.
    pub(crate) fn fill(&self) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.seen("filler"))
            .expect("a file can be made");
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    /// Fills the disk, and the log of the store too: nothing can be written to the store any more.
    pub(crate) fn fill_with_the_log(&self) {
        self.fill();
        for bytes in [50_000, 5_000, 500, 5] {
            wait_for("the log to be full", || {
                let line = jobs::says(&"x".repeat(bytes));
                let output = self.run(["enqueue", "--command", &line, "--priority", "1"]);
                match output.code {
                    Some(5) => Ok(()),
                    _ => Err(output.to_string()),
                }
            });
        }
    }

    /// Makes room again.
    pub(crate) fn make_room(&self) {
        std::fs::remove_file(self.seen("filler")).expect("the filler can be removed");
    }
}
