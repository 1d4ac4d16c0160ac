//! A transaction that changes something: what it puts where is gathered, and sent all at once with its COMMIT.

use std::mem::take;

use queuectl_domain::{Event, Life, Policy, Priority, Settings, State, Timestamp};
use tokio_postgres::Row;

use super::attempts::Ended;
use super::fault::Result;
use super::jobs::Tracked;
use super::output::Pieces;
use super::row::Columns;
use super::save::Rows;
use super::session::{Cached, settings_at};
use super::wire::{Param, Pipeline, Wire, params};
use super::{settings, sql};
use crate::records::{Columns as _, Kept};

/// A transaction that changes something.
pub(super) struct Change<'c> {
    pub(super) wire: &'c Wire,
    /// The time at which all of it happens.
    pub(super) now: Timestamp,
    settings_changes: i64,
    settings: &'c Cached,
    /// What becomes of jobs that stay, that end, and that begin anew.
    kept: Rows,
    finished: Rows,
    revived: Rows,
    pub(super) ended: Ended,
    pub(super) pieces: Pieces,
    counts: [i64; State::ALL.len()],
    least_pending: i64,
    least_failed: i64,
    rings: bool,
    /// Other statements that are sent with the rest.
    later: Vec<(&'static str, Vec<Param<'c>>)>,
}

impl<'c> Change<'c> {
    /// Begins one, and asks something at once; returns the answer to that, too.
    pub(super) async fn begin(
        wire: &'c Wire,
        settings: &'c Cached,
        first: Option<(&'static str, Vec<Param<'c>>)>,
    ) -> Result<(Self, Vec<Row>)> {
        let mut pipeline = Self::beginning(wire);
        let begun = pipeline.add(sql!("begin"), Vec::new());
        let asked = first.map(|(sql, params)| pipeline.add(sql, params));
        let mut answers = pipeline.run().await?;
        let change = {
            let mut row = Columns::of_one(&answers[begun], "clock")?;
            Self::begun(wire, settings, &mut row)?
        };
        let answer = asked.map(|place| take(&mut answers[place]));
        Ok((change, answer.unwrap_or_default()))
    }

    /// The first step of any that changes something.
    pub(super) fn beginning(wire: &'c Wire) -> Pipeline<'c> {
        Pipeline::beginning(wire, "BEGIN ISOLATION LEVEL READ COMMITTED")
    }

    /// Reads the first columns of `begin.sql`.
    pub(super) fn begun(
        wire: &'c Wire,
        settings: &'c Cached,
        row: &mut Columns<'_>,
    ) -> Result<Self> {
        row.skip();
        Ok(Self {
            wire,
            now: row.timestamp()?,
            settings_changes: row.next()?,
            settings,
            kept: Rows::default(),
            finished: Rows::default(),
            revived: Rows::default(),
            ended: Ended::default(),
            pieces: Pieces::default(),
            counts: [0; State::ALL.len()],
            least_pending: i64::MAX,
            least_failed: i64::MAX,
            rings: false,
            later: Vec::new(),
        })
    }

    /// The settings that hold.
    pub(super) async fn settings(&self) -> Result<Settings> {
        settings_of(self.wire, self.settings, self.settings_changes).await
    }

    /// Lets the lifecycle decide what becomes of a job. It is saved by [`put`](Self::put).
    pub(super) fn apply(&self, kept: &mut Kept, event: Event, policy: &Policy) -> Result<()> {
        kept.life = kept.must(event, policy, self.now)?;
        Ok(())
    }

    /// The same for the end of a claim: false, and nothing, if it is lost.
    pub(super) fn apply_if_held(
        &self,
        kept: &mut Kept,
        event: Event,
        policy: &Policy,
    ) -> Result<bool> {
        let Some(life) = kept.if_held(event, policy, self.now)? else {
            return Ok(false);
        };
        kept.life = life;
        Ok(true)
    }

    /// Saves what has become of a job.
    pub(super) fn put(&mut self, tracked: &Tracked) {
        let Tracked { kept, was } = tracked;
        let rows = match (is_finished(was.state), is_finished(kept.life.state)) {
            (false, false) => &mut self.kept,
            (false, true) => &mut self.finished,
            (true, _) => &mut self.revived,
        };
        rows.push(tracked);
        self.moved(Some(was.state), Some(kept.life.state));
        self.is_at(&kept.life, kept.rules.priority);
    }

    /// A job goes from one state to another, or comes (from none) or goes (to none).
    pub(super) fn moved(&mut self, from: Option<State>, to: Option<State>) {
        if let Some(from) = from {
            self.counts[from as usize] -= 1;
        }
        if let Some(to) = to {
            self.counts[to as usize] += 1;
        }
    }

    /// So many jobs of a state have gone, or come.
    pub(super) fn count(&mut self, state: State, change: i64) {
        self.counts[state as usize] += change;
    }

    /// A job waits at its place.
    pub(super) fn is_at(&mut self, life: &Life, priority: Priority) {
        match life.state {
            State::Pending => self.waits_at(life.sort_key(priority).0),
            State::Failed => self.is_due_at(life.ready_at.0),
            State::Processing | State::Completed | State::Dead => {}
        }
    }

    /// A pending job has this key.
    pub(super) fn waits_at(&mut self, sort_key: i64) {
        self.least_pending = self.least_pending.min(sort_key);
    }

    /// A failed job is due then.
    pub(super) fn is_due_at(&mut self, ready_at: i64) {
        self.least_failed = self.least_failed.min(ready_at);
    }

    /// Has a statement sent with the rest.
    pub(super) fn later(&mut self, sql: &'static str, params: Vec<Param<'c>>) {
        self.later.push((sql, params));
    }

    /// Rings the bell when all is committed.
    pub(super) fn ring(&mut self) {
        self.rings = true;
    }

    /// What was gathered so far, to be sent.
    fn gathered(&mut self) -> Pipeline<'c> {
        let mut pipeline = Pipeline::on(self.wire);
        for (sql, params) in take(&mut self.later) {
            pipeline.add(sql, params);
        }
        take(&mut self.kept).add_to(&mut pipeline, sql!("save"));
        take(&mut self.finished).add_to(&mut pipeline, sql!("finish"));
        take(&mut self.revived).add_to(&mut pipeline, sql!("revive"));
        take(&mut self.ended).add_to(&mut pipeline);
        take(&mut self.pieces).add_to(&mut pipeline);
        pipeline
    }

    /// Sends what was gathered so far, so that it needn't be held until the end.
    pub(super) async fn flush(&mut self) -> Result<()> {
        self.gathered().run().await?;
        Ok(())
    }

    /// Sends all that was gathered, and more, and commits; returns the answers to `more`.
    pub(super) async fn commit_with(mut self, more: &[&'static str]) -> Result<Vec<Vec<Row>>> {
        let mut pipeline = self.gathered();
        let of = |state: State| self.counts[state as usize];
        let has_changed = self.counts.iter().any(|change| *change != 0);
        if has_changed || self.least_pending < i64::MAX || self.least_failed < i64::MAX {
            pipeline.add(
                sql!("close"),
                params![
                    of(State::Pending),
                    of(State::Processing),
                    of(State::Completed),
                    of(State::Failed),
                    of(State::Dead),
                    self.least_pending,
                    self.least_failed,
                ],
            );
        }
        let asked: Vec<_> = more
            .iter()
            .map(|sql| pipeline.add(sql, Vec::new()))
            .collect();
        // Who isn't woken by it looks by himself after a while.
        let ring = self.rings.then_some(sql!("ring"));
        let mut answers = pipeline.commit(ring).await?;
        Ok(asked
            .into_iter()
            .map(|place| take(&mut answers[place]))
            .collect())
    }

    /// Sends all that was gathered, and commits.
    pub(super) async fn commit(self) -> Result<()> {
        self.commit_with(&[]).await?;
        Ok(())
    }
}

/// Rings the bell.
pub(super) async fn ring(wire: &Wire) -> Result<()> {
    wire.rows(sql!("ring"), Vec::new()).await?;
    Ok(())
}

/// The settings after so many changes of them.
pub(super) async fn settings_of(wire: &Wire, cached: &Cached, changes: i64) -> Result<Settings> {
    if let Some(settings) = settings_at(cached, changes) {
        return Ok(settings);
    }
    let settings = settings::load(wire).await?;
    *cached.borrow_mut() = Some((changes, settings.clone()));
    Ok(settings)
}

fn is_finished(state: State) -> bool {
    matches!(state, State::Completed | State::Dead)
}
