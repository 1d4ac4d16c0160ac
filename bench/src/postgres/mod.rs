//! What is measured of stores on a server: one theme, one file.

mod bulk;
mod claim;
mod cost;
mod drain;
mod flat;
mod idle;
mod latency;
mod scale;
mod server;
mod steady;

pub(crate) use server::{Schema, Server};

use crate::measure::Theme;

/// All of them, in the order of the table.
pub(crate) const THEMES: [Theme; 9] = [
    Theme {
        name: "claim",
        what: "settle and claim without running anything",
        measure: claim::measure,
    },
    Theme {
        name: "drain",
        what: "a worker that runs short jobs",
        measure: drain::measure,
    },
    Theme {
        name: "bulk",
        what: "many jobs enqueued from a file",
        measure: bulk::measure,
    },
    Theme {
        name: "latency",
        what: "from enqueued to started",
        measure: latency::measure,
    },
    Theme {
        name: "idle",
        what: "workers with nothing to do",
        measure: idle::measure,
    },
    Theme {
        name: "scale",
        what: "more and more workers",
        measure: scale::measure,
    },
    Theme {
        name: "flat",
        what: "a long run",
        measure: flat::measure,
    },
    Theme {
        name: "steady",
        what: "a queue that neither grows nor empties",
        measure: steady::measure,
    },
    Theme {
        name: "cost",
        what: "what a job costs the server",
        measure: cost::measure,
    },
];
