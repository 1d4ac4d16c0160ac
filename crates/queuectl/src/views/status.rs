//! How much there is of everything.

use queuectl_domain::State;
use queuectl_store::Counts;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::table::{Cell, Table};
use super::{Human, Page, style, visible};

/// How much there is of everything.
pub(crate) struct Status {
    /// Jobs by state.
    pub(crate) counts: Counts,
    /// Workers that live.
    pub(crate) workers: u64,
    /// Where the store is, in full.
    pub(crate) database: String,
    /// Where the store is, as people write it.
    pub(crate) short_database: String,
}

fn label(state: State) -> &'static str {
    match state {
        State::Pending => "Pending",
        State::Processing => "Processing",
        State::Completed => "Completed",
        State::Failed => "Failed",
        State::Dead => "Dead (DLQ)",
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("total", &self.counts.total())?;
        for state in State::ALL {
            map.serialize_entry(state.as_str(), &self.counts.of(state))?;
        }
        map.serialize_entry("workers", &self.workers)?;
        map.serialize_entry("database", &self.database)?;
        map.end()
    }
}

impl Human for Status {
    fn human(&self, page: &mut Page) {
        let mut table = Table::of_fields("QueueCTL System Status", "Metric");
        table.row(vec![
            "Total Jobs".into(),
            self.counts.total().to_string().into(),
        ]);
        for state in State::ALL {
            let count = self.counts.of(state);
            let style = if count > 0 {
                style::of_state(state)
            } else {
                style::PLAIN
            };
            table.row(vec![
                label(state).into(),
                Cell::new(count.to_string(), style),
            ]);
        }
        table.row(vec!["Workers".into(), self.workers.to_string().into()]);
        table.row(vec![
            "Database".into(),
            visible(&self.short_database).into(),
        ]);
        table.draw(page, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Status {
        let mut counts = Counts::default();
        *counts.of_mut(State::Pending) = 3;
        *counts.of_mut(State::Dead) = 1;
        Status {
            counts,
            workers: 2,
            database: "/home/me/.queuectl/data/queuectl.db".into(),
            short_database: "~/.queuectl/data/queuectl.db".into(),
        }
    }

    #[test]
    fn people_see_a_table() {
        let mut page = Page::new(false);
        sample().human(&mut page);
        let text = page.into_text();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        QueueCTL System Status
        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        Metric               Value
        ───────────────────  ────────────────────────────
        Total Jobs           4
        Pending              3
        Processing           0
        Completed            0
        Failed               0
        Dead (DLQ)           1
        Workers              2
        Database             ~/.queuectl/data/queuectl.db
        ");
    }

    #[test]
    fn programs_see_numbers() {
        insta::assert_snapshot!(serde_json::to_string(&sample()).unwrap(), @r#"{"total":4,"pending":3,"processing":0,"completed":0,"failed":0,"dead":1,"workers":2,"database":"/home/me/.queuectl/data/queuectl.db"}"#);
    }
}
