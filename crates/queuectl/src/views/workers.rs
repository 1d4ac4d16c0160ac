//! Workers, one line each.

use queuectl_store::WorkerInfo;
use queuectl_worker::Liveness;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::table::{Cell, Table};
use super::{Human, Page, Utc, local, style, visible};

/// The workers of a store, and whether they live.
pub(crate) struct WorkerList {
    pub(crate) workers: Vec<(WorkerInfo, Liveness)>,
    /// Where the store is, in full.
    pub(crate) database: String,
    /// The same as people write it.
    pub(crate) short_database: String,
}

#[derive(Serialize)]
struct Record<'a> {
    id: &'a str,
    pid: u32,
    host: &'a str,
    slots: u32,
    running: u64,
    started_at: Utc,
    heartbeat_at: Utc,
    state: &'static str,
    trouble: Option<&'a str>,
    trouble_since: Option<Utc>,
    version: &'a str,
    database: &'a str,
}

fn state(info: &WorkerInfo, liveness: Liveness) -> &'static str {
    match (liveness, info.stop) {
        (Liveness::Dead, _) => "dead",
        (Liveness::Lapsed, _) => "lapsed",
        (Liveness::OutOfSight, _) => "elsewhere",
        (_, Some(_)) => "stopping",
        (_, None) if info.trouble.is_some() => "unable",
        (_, None) => "running",
    }
}

impl Serialize for WorkerList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.workers.len()))?;
        for (info, liveness) in &self.workers {
            let worker = &info.worker;
            list.serialize_element(&Record {
                id: worker.id.as_str(),
                pid: worker.pid,
                host: &worker.host,
                slots: worker.slots,
                running: info.running,
                started_at: Utc(info.started_at),
                heartbeat_at: Utc(info.heartbeat_at),
                state: state(info, *liveness),
                trouble: info.trouble.as_ref().map(|trouble| trouble.reason.as_str()),
                trouble_since: info.trouble.as_ref().map(|trouble| Utc(trouble.since)),
                version: &worker.version,
                database: &self.database,
            })?;
        }
        list.end()
    }
}

impl Human for WorkerList {
    fn human(&self, page: &mut Page) {
        if self.workers.is_empty() {
            return page.line("There are no workers");
        }
        let title = format!("Workers of database {}", visible(&self.short_database));
        let mut table = Table::new(title)
            .column("ID")
            .column("PID")
            .column("Host")
            .column("Slots")
            .column("Running")
            .column("Since")
            .column("Heard of")
            .column("Version")
            .column("State");
        for (info, liveness) in &self.workers {
            let state = state(info, *liveness);
            let style = match state {
                "running" => style::GOOD,
                "dead" | "lapsed" | "unable" | "elsewhere" => style::BAD,
                _ => style::REMARK,
            };
            table.row(vec![
                info.worker.id.as_str().into(),
                info.worker.pid.to_string().into(),
                visible(&info.worker.host).into(),
                info.worker.slots.to_string().into(),
                info.running.to_string().into(),
                local(info.started_at).into(),
                local(info.heartbeat_at).into(),
                visible(&info.worker.version).into(),
                Cell::new(state, style),
            ]);
        }
        table.draw(page, page.width());
        for (info, liveness) in &self.workers {
            if *liveness == Liveness::OutOfSight {
                let id = &info.worker.id;
                page.line(&format!(
                    "Nothing tells whether {id} lives; if it doesn't: queuectl worker forget {id}"
                ));
            }
        }
        for (info, _) in &self.workers {
            if let Some(trouble) = &info.trouble {
                let (id, since) = (&info.worker.id, local(trouble.since));
                let reason = visible(&trouble.reason);
                page.line(&format!(
                    "{id} has been unable to start jobs since {since}: {reason}"
                ));
            }
        }
    }
}
