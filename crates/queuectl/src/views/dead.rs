//! The dead letter queue.

use queuectl_domain::{Job, Timestamp};
use serde::{Serialize, Serializer};

use super::job::JobRecord;
use super::table::{Cell, Table};
use super::{Human, Page, jobs, local, visible};

/// The dead jobs.
pub(crate) struct DeadList {
    jobs: Vec<Job>,
    now: Timestamp,
}

impl DeadList {
    /// Those that were dead at `now`.
    pub(crate) fn new(jobs: Vec<Job>, now: Timestamp) -> Self {
        Self { jobs, now }
    }
}

impl Serialize for DeadList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.jobs.iter().map(|job| JobRecord::new(job, self.now)))
    }
}

impl Human for DeadList {
    fn human(&self, page: &mut Page) {
        if self.jobs.is_empty() {
            return page.line("The dead letter queue is empty");
        }
        let mut table = Table::new("Dead Letter Queue (DLQ)")
            .column("Job ID")
            .elastic("Command")
            .column("Attempts")
            .elastic("Last Error")
            .column("Died");
        for job in &self.jobs {
            table.row(row(job));
        }
        table.draw(page, page.width());
        page.line("");
        page.line(&format!("Total: {}", jobs(self.jobs.len() as u64)));
    }
}

fn row(job: &Job) -> Vec<Cell> {
    vec![
        visible(job.spec.id.as_str()).into(),
        visible(&job.spec.command.to_text()).into(),
        job.life.attempts.to_string().into(),
        visible(job.life.last_error.as_deref().unwrap_or("-")).into(),
        job.life.finished_at.map_or("-".into(), local).into(),
    ]
}
