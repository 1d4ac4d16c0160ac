//! What is measured: one theme, one file.

pub(crate) mod bulk;
mod claim;
mod deep;
pub(crate) mod drain;
mod enqueue;
mod fair;
mod idle;
pub(crate) mod latency;
mod output;

use crate::row::Row;
use crate::scene::Scene;
use crate::trouble::Trouble;

/// Something that is measured by itself.
pub(crate) struct Theme {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) measure: fn(&Scene) -> Result<Vec<Row>, Trouble>,
}

/// All of them, in the order of the table.
pub(crate) const THEMES: [Theme; 9] = [
    Theme {
        name: "drain",
        what: "workers that run short jobs",
        measure: drain::measure,
    },
    Theme {
        name: "claim",
        what: "settle and claim without running anything",
        measure: claim::measure,
    },
    Theme {
        name: "bulk",
        what: "many jobs enqueued from a file",
        measure: bulk::measure,
    },
    Theme {
        name: "enqueue",
        what: "one job enqueued",
        measure: enqueue::measure,
    },
    Theme {
        name: "latency",
        what: "from enqueued to started",
        measure: latency::measure,
    },
    Theme {
        name: "idle",
        what: "a worker with nothing to do",
        measure: idle::measure,
    },
    Theme {
        name: "deep",
        what: "a deep queue",
        measure: deep::measure,
    },
    Theme {
        name: "output",
        what: "a job that prints a lot",
        measure: output::measure,
    },
    Theme {
        name: "fair",
        what: "8 workers on one queue",
        measure: fair::measure,
    },
];
