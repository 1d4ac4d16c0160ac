//! Many jobs, one line each.

use queuectl_domain::{Job, State, Timestamp};
use queuectl_store::Page as Found;
use serde::{Serialize, Serializer};

use super::job::JobRecord;
use super::table::{Cell, Table};
use super::time::rough;
use super::{Human, Page, jobs, local, style, visible};

/// The newest jobs.
pub(crate) struct JobList {
    found: Found,
    state: Option<State>,
    now: Timestamp,
}

impl JobList {
    /// Those that were found at `now`, when asked for those in `state`.
    pub(crate) fn new(found: Found, state: Option<State>, now: Timestamp) -> Self {
        Self { found, state, now }
    }

    fn left_out(&self) -> u64 {
        self.found
            .total
            .saturating_sub(self.found.jobs.len() as u64)
    }

    fn row(&self, job: &Job) -> Vec<Cell> {
        let wait = job.life.waited(self.now).map_or("-".into(), rough);
        let effective = job.effective_priority(self.now);
        vec![
            visible(job.spec.id.as_str()).into(),
            visible(&job.spec.command.to_text()).into(),
            Cell::new(job.life.state.as_str(), style::of_state(job.life.state)),
            format!("{}/{}", job.life.attempts, job.spec.rules.max_retries).into(),
            job.spec.rules.priority.to_string().into(),
            wait.into(),
            effective
                .map_or("-".into(), |priority| format!("{priority:.1}"))
                .into(),
            local(job.spec.created_at).into(),
        ]
    }
}

impl Serialize for JobList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let records = self
            .found
            .jobs
            .iter()
            .map(|job| JobRecord::new(job, self.now));
        serializer.collect_seq(records)
    }
}

impl Human for JobList {
    fn human(&self, page: &mut Page) {
        if self.found.total == 0 {
            match self.state {
                Some(state) => page.line(&format!("There are no {state} jobs")),
                None => page.line("There are no jobs"),
            }
            return;
        }
        let mut table = Table::new("Jobs")
            .column("ID")
            .elastic("Command")
            .column("State")
            .column("Attempts")
            .column("Priority")
            .column("Wait")
            .column("Effective")
            .column("Created");
        for job in &self.found.jobs {
            table.row(self.row(job));
        }
        table.draw(page, page.width());
        if self.left_out() > 0 {
            page.line(&format!("… and {} more (use --limit)", self.left_out()));
        }
        page.line("");
        let state = self
            .state
            .map_or(String::new(), |state| format!(" {state}"));
        page.line(&format!(
            "Total: {}",
            jobs(self.found.total).replace(" job", &format!("{state} job"))
        ));
    }

    fn note(&self) -> Option<String> {
        let left_out = self.left_out();
        (left_out > 0).then(|| format!("{left_out} more are left out; use --limit"))
    }
}
