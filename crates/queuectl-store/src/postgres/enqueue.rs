//! Adding jobs: all or none, or all but those whose names are taken.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use queuectl_domain::{Command, Job, JobId, NewJob, ShellName, State};
use tokio_postgres::Row;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::change::Change;
use super::fault::Result;
use super::jobs;
use super::row::Columns;
use super::session::{Effort, Session};
use super::sql;
use super::table::Table;
use super::wire::{Wire, params};
use crate::records::{joined, micros};
use crate::{Batch, Existing, StoreError};

/// How many jobs can be added at once: as many as there are numbers in a block.
const MOST: usize = 1 << 20;

/// From so many on rows are copied; fewer are there sooner by an ordinary statement.
const MANY: usize = 64;

/// How many numbers are drawn at once at most, where names that could be made of them are taken.
const MOST_DRAWN: usize = 1 << 16;

/// Adds jobs.
pub(super) fn enqueue(
    session: &mut Session,
    new: &[NewJob],
    existing: Existing,
) -> std::result::Result<Batch, StoreError> {
    if new.len() > MOST {
        let problem = format!("{} jobs can't be added at once, only {MOST}", new.len());
        return Err(StoreError::Internal(problem));
    }
    let effort = if new.len() < MANY {
        Effort::Small
    } else {
        Effort::Bulk
    };
    // Whether a name is taken is looked up when it must be known; otherwise when that has shown to be so.
    let mut looks = existing == Existing::Skipped && new.iter().any(|job| job.id.is_some());
    session.with_settings(effort, async |wire, settings| {
        let draw = (sql!("draw_numbers"), params![new.len() as i64]);
        let (mut change, drawn) = Change::begin(wire, settings, Some(draw)).await?;
        // If it fails since a name is taken, it is tried again.
        let looks = std::mem::replace(&mut looks, true);
        let batch = add(&mut change, new, existing, looks, &drawn).await?;
        change.commit().await?;
        Ok(batch)
    })
}

async fn add(
    change: &mut Change<'_>,
    new: &[NewJob],
    existing: Existing,
    looks: bool,
    drawn: &[Row],
) -> Result<Batch> {
    let (block, numbers) = read_drawn(drawn)?;
    let given: HashSet<&JobId> = new.iter().filter_map(|job| job.id.as_ref()).collect();
    let mut names = Names {
        wire: change.wire,
        given: &given,
        looks,
        taken: HashSet::new(),
        free: Vec::new(),
    };
    let nameless = new.iter().filter(|job| job.id.is_none()).count();
    names.gather(numbers, nameless).await?;
    let Names { taken, free, .. } = names;
    let mut made = free.into_iter();
    let mut seen = HashSet::new();
    let mut rows = Vec::with_capacity(new.len());
    for job in new {
        let id = match &job.id {
            Some(id) if taken.contains(id) || !seen.insert(id) => match existing {
                Existing::Refused => return Err(StoreError::JobExists(id.clone()).into()),
                Existing::Skipped => continue,
            },
            Some(id) => id.clone(),
            None => made.next().expect("as many were made as are needed"),
        };
        let number = block + 1 + rows.len() as i64;
        rows.push((number, Job::new(id, job.clone(), change.now)));
    }
    for (_, job) in &rows {
        change.is_at(&job.life, job.spec.rules.priority);
    }
    change.count(State::Pending, rows.len() as i64);
    if !rows.is_empty() {
        insert(change, &rows).await?;
        change.ring();
    }
    let last = block + rows.len() as i64;
    let ids = rows.iter().map(|(_, job)| job.spec.id.clone()).collect();
    Ok(Batch {
        ids,
        numbers: RangeInclusive::new(block + 1, last),
    })
}

/// Reads the block of numbers, and the numbers for names that may have to be made.
pub(super) fn read_drawn(rows: &[Row]) -> Result<(i64, Vec<i64>)> {
    let mut row = Columns::of_one(rows, "numbers")?;
    row.skip();
    Ok((row.next()?, row.next()?))
}

/// Names that are made of numbers. Those that a user has taken are passed over; those in the store are looked up
/// only once it is known that there are any.
struct Names<'n> {
    wire: &'n Wire,
    given: &'n HashSet<&'n JobId>,
    looks: bool,
    /// Those that are given and are in the store, as far as it was looked.
    taken: HashSet<JobId>,
    free: Vec<JobId>,
}

impl Names<'_> {
    /// Makes so many, of these numbers first. However many are taken, it is asked a few times only, for twice as many each time.
    async fn gather(&mut self, mut numbers: Vec<i64>, count: usize) -> Result<()> {
        numbers.truncate(count);
        let mut asked: Vec<JobId> = self.given.iter().map(|id| (*id).clone()).collect();
        let mut draws = count.max(8);
        loop {
            let made = numbers
                .iter()
                .map(|&number| JobId::generated(number.unsigned_abs()));
            let mut made: Vec<_> = made.filter(|id| !self.given.contains(id)).collect();
            asked.extend(made.iter().cloned());
            if self.looks && !asked.is_empty() {
                let taken = jobs::taken(self.wire, &asked).await?;
                made.retain(|id| !taken.contains(id));
                self.taken.extend(taken);
            }
            asked.clear();
            self.free.append(&mut made);
            if self.free.len() >= count {
                return Ok(());
            }
            draws = (draws * 2).min(MOST_DRAWN.max(count));
            let more = self.wire.rows(sql!("draw_numbers"), params![draws as i64]);
            numbers = read_drawn(&more.await?)?.1;
        }
    }
}

/// What of a command is in which column.
fn command_columns(command: &Command) -> (Option<&str>, Option<&str>, Option<Vec<u8>>) {
    match command {
        Command::Line { line, shell } => (
            Some(line.as_str()),
            shell.as_ref().map(ShellName::as_str),
            None,
        ),
        Command::Argv(argv) => (None, None, Some(joined(argv))),
    }
}

/// Adds rows of jobs that are pending, and that nobody has begun to run.
pub(super) async fn insert(change: &mut Change<'_>, rows: &[(i64, Job)]) -> Result<()> {
    if rows.len() < MANY || !change.wire.is_session() {
        for some in rows.chunks(MANY) {
            insert_few(change, some);
        }
        return Ok(());
    }
    copy_specs(change.wire, rows).await?;
    copy_jobs(change.wire, rows).await
}

fn insert_few(change: &mut Change<'_>, rows: &[(i64, Job)]) {
    macro_rules! column {
        ($field:expr) => {
            rows.iter().map($field).collect::<Vec<_>>()
        };
    }
    let numbers: Table<8> = rows.iter().map(numbers_of).collect();
    let owned = |text: &str| text.to_owned();
    change.later(
        sql!("insert_jobs"),
        params![
            numbers,
            column!(|(_, job)| job.spec.id.to_string()),
            column!(|(_, job)| command_columns(&job.spec.command).0.map(owned)),
            column!(|(_, job)| command_columns(&job.spec.command).1.map(owned)),
            column!(|(_, job)| command_columns(&job.spec.command).2),
            column!(|(_, job)| job.spec.cwd.0.clone()),
        ],
    );
}

/// What is a number of a job that nobody has begun to run.
fn numbers_of((number, job): &(i64, Job)) -> [i64; 8] {
    let rules = &job.spec.rules;
    [
        *number,
        rules.priority.get().into(),
        micros(rules.timeout.limit().unwrap_or_default()),
        rules.max_retries.get().into(),
        rules.backoff_base.get().into(),
        job.spec.created_at.0,
        job.life.sort_key(rules.priority).0,
        job.life.ready_at.0,
    ]
}

async fn copy_specs(wire: &Wire, rows: &[(i64, Job)]) -> Result<()> {
    const TYPES: [Type; 11] = [
        Type::INT8,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::BYTEA,
        Type::BYTEA,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
    ];
    let sink = wire.copy_in(sql!("copy_specs")).await?;
    let writer = BinaryCopyInWriter::new(sink, &TYPES);
    let mut writer = std::pin::pin!(writer);
    for (number, job) in rows {
        let (line, shell, argv) = command_columns(&job.spec.command);
        let rules = &job.spec.rules;
        writer
            .as_mut()
            .write(&[
                number,
                &job.spec.id.as_str(),
                &line,
                &shell,
                &argv,
                &job.spec.cwd.0,
                &i64::from(rules.priority.get()),
                &micros(rules.timeout.limit().unwrap_or_default()),
                &i64::from(rules.max_retries.get()),
                &i64::from(rules.backoff_base.get()),
                &job.spec.created_at.0,
            ])
            .await?;
    }
    writer.finish().await?;
    Ok(())
}

async fn copy_jobs(wire: &Wire, rows: &[(i64, Job)]) -> Result<()> {
    let sink = wire.copy_in(sql!("copy_jobs")).await?;
    let writer = BinaryCopyInWriter::new(sink, &[Type::INT8, Type::INT8, Type::INT8]);
    let mut writer = std::pin::pin!(writer);
    for (number, job) in rows {
        let sort_key = job.life.sort_key(job.spec.rules.priority);
        writer
            .as_mut()
            .write(&[number, &sort_key.0, &job.life.ready_at.0])
            .await?;
    }
    writer.finish().await?;
    Ok(())
}
