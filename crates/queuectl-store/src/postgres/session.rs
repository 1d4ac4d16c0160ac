//! The handle's connection and its transactions: made anew when it is lost, tried again when others came in between.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use futures_util::future::try_join;
use queuectl_domain::{Settings, Timestamp};
use tokio::runtime::Runtime;

use super::change::Change;
use super::fault::{Fault, Result};
use super::target::Target;
use super::wire::{Pipeline, Wire};
use super::{open, sql};
use crate::records::Columns as _;
use crate::{Missing, StoreError};

/// How much longer than others those calls may take that move much.
const BULK: u32 = 120;

/// How long is waited before something is tried again, at first; later up to so many times as long.
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: u32 = 100;

/// The settings as of some change of them.
pub(super) type Cached = RefCell<Option<(i64, Settings)>>;

/// How long a task may take for whose result no call waits.
const IN_PASSING: Duration = Duration::from_secs(1);

/// The least part of its patience that the first call has left, however long connecting took.
const LEAST: Duration = Duration::from_millis(500);

/// How much a call may have to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Little: the answer comes within the patience of the caller.
    Small,
    /// Perhaps as much as there is. That the server is there at all is known within the patience all the same.
    Bulk,
}

/// A handle's connection, driven by the calling thread.
pub(super) struct Session {
    runtime: Runtime,
    wire: Option<Wire>,
    settings: Cached,
    patience: Duration,
    /// The part of the first call's patience that connecting has already used.
    spent: Duration,
    pub(super) target: Target,
}

impl Session {
    /// Connects, and sees to it that the store is there and up to date.
    pub(super) fn open(
        target: &Target,
        missing: Missing,
        patience: Duration,
    ) -> std::result::Result<Self, StoreError> {
        let runtime = runtime()?;
        let begun = Instant::now();
        let wire = runtime.block_on(async {
            let wire = Wire::connect(target, patience).await?;
            let patience = open::Patience {
                look: patience.saturating_sub(begun.elapsed()),
                migration: patience * BULK,
            };
            let prepared = open::prepare(&wire, target, missing, patience).await;
            prepared.map_err(|fault| fault.said(&target.to_string()))?;
            Ok::<_, StoreError>(wire)
        });
        Ok(Self {
            wire: Some(wire?),
            runtime,
            settings: RefCell::default(),
            patience,
            spent: begun.elapsed().min(patience.saturating_sub(LEAST)),
            target: target.clone(),
        })
    }

    /// See [`Store::set_patience`](crate::Store::set_patience).
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Asks one thing, or several that needn't be of the same moment.
    pub(super) fn ask<T>(
        &mut self,
        ask: impl AsyncFnMut(&Wire) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        self.run(Effort::Small, ask)
    }

    /// Changes something, whole or not at all.
    pub(super) fn write<T>(
        &mut self,
        effort: Effort,
        mut change: impl AsyncFnMut(&mut Change<'_>) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        let settings = std::mem::take(&mut self.settings);
        let done = self.run(effort, async |wire| {
            let (mut begun, _) = Change::begin(wire, &settings, None).await?;
            let result = change(&mut begun).await?;
            begun.commit().await?;
            Ok(result)
        });
        self.settings = settings;
        done
    }

    /// Does something with the settings that are known already at hand.
    pub(super) fn with_settings<T>(
        &mut self,
        effort: Effort,
        mut work: impl AsyncFnMut(&Wire, &Cached) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        let settings = std::mem::take(&mut self.settings);
        let done = self.run(effort, async |wire| work(wire, &settings).await);
        self.settings = settings;
        done
    }

    /// Does a task for whose result no call waits: tries it once, if the connection is open.
    pub(super) fn try_once<T>(&mut self, work: impl AsyncFnOnce(&Wire) -> Result<T>) -> Option<T> {
        let wire = self.wire.take().filter(|wire| !wire.is_closed())?;
        self.runtime.block_on(async {
            let tried = tokio::time::timeout(IN_PASSING, wire.at(work(&wire))).await;
            match tried {
                Err(_) => wire.hang_up().await,
                Ok(Err(ref fault)) if fault.is_loss() => wire.hang_up().await,
                Ok(_) => self.wire = Some(wire),
            }
            tried.ok()?.ok()
        })
    }

    /// Works with a connection. What failed since the connection was lost before anything was committed, or since
    /// others came in between, is tried again.
    pub(super) fn run<T>(
        &mut self,
        effort: Effort,
        mut work: impl AsyncFnMut(&Wire) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        let spent = std::mem::take(&mut self.spent);
        let begun = Instant::now();
        // However much there is to do, the server has to be there by then, and it isn't begun anew for longer than others wait.
        let patience = begun + self.patience.saturating_sub(spent);
        let deadline = match effort {
            Effort::Small => patience,
            Effort::Bulk => begun + self.patience * BULK,
        };
        let Self {
            runtime,
            wire: kept,
            target,
            ..
        } = self;
        runtime.block_on(async {
            let mut pauses = Pauses::default();
            loop {
                let left = left_until(patience);
                let wire = match kept.take().filter(|wire| !wire.is_closed()) {
                    Some(wire) => wire,
                    None => match Wire::connect(target, left).await {
                        Ok(wire) => wire,
                        Err(error) if pauses.fit(patience) => {
                            drop(error);
                            pauses.next().await;
                            continue;
                        }
                        Err(error) => return Err(error),
                    },
                };
                let tried = async {
                    let work = wire.at(work(&wire));
                    match effort {
                        Effort::Small => work.await,
                        Effort::Bulk => answered(&wire, patience, work).await,
                    }
                };
                let tried = tokio::time::timeout(left_until(deadline), tried).await;
                let fault = match tried {
                    Ok(Ok(result)) => {
                        *kept = Some(wire);
                        return Ok(result);
                    }
                    Ok(Err(fault)) => fault,
                    Err(_) => Fault::Silence,
                };
                // What it still does would be taken for the answers to something else.
                if matches!(fault, Fault::Silence) {
                    wire.hang_up().await;
                    return Err(fault.said(&target.to_string()));
                }
                let (loss, again) = (fault.is_loss(), fault.is_collision());
                let doubt = wire.is_in_doubt();
                if !loss && wire.roll_back(left_until(deadline).min(IN_PASSING)).await {
                    *kept = Some(wire);
                } else {
                    wire.hang_up().await;
                }
                if !doubt && (loss || again) && pauses.fit(patience) {
                    pauses.next().await;
                    continue;
                }
                return Err(fault.said(&target.to_string()));
            }
        })
    }
}

fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Works as long as it takes, if the server says anything at all by then. It is asked nothing, in the same breath.
async fn answered<T>(wire: &Wire, by: Instant, work: impl Future<Output = Result<T>>) -> Result<T> {
    let answers = async {
        match tokio::time::timeout_at(by.into(), wire.client.batch_execute("")).await {
            // Whatever it says of it, the work hears it, too.
            Ok(_) => Ok(()),
            Err(_) => Err(Fault::Silence),
        }
    };
    let ((), result) = try_join(answers, work).await?;
    Ok(result)
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(wire) = self.wire.take() {
            self.runtime.block_on(wire.close());
        }
    }
}

/// What drives a connection while somebody waits for it.
pub(super) fn runtime() -> std::result::Result<Runtime, StoreError> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let built = builder.enable_io().enable_time().build();
    built.map_err(|error| StoreError::Io(error.to_string()))
}

/// Pauses between tries, longer each time, and never the same for two that collided.
#[derive(Default)]
struct Pauses(u32);

impl Pauses {
    /// Whether there is time for another.
    fn fit(&self, deadline: Instant) -> bool {
        Instant::now() + self.longest() < deadline
    }

    async fn next(&mut self) {
        let longest = self.longest();
        self.0 += 1;
        let jitter = fastrand::f64().max(0.1);
        tokio::time::sleep(longest.mul_f64(jitter)).await;
    }

    fn longest(&self) -> Duration {
        PAUSE * 2_u32.saturating_pow(self.0).min(LONGEST_PAUSE)
    }
}

/// What is seen at one moment.
pub(super) struct Moment<'c> {
    pub(super) pipeline: Pipeline<'c>,
}

impl<'c> Moment<'c> {
    pub(super) fn begin(wire: &'c Wire) -> Self {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Self {
            pipeline: Pipeline::beginning(wire, begin),
        }
    }

    /// The answers to what was added to the pipeline; the first is at 1.
    pub(super) async fn see(mut self) -> Result<Vec<Vec<tokio_postgres::Row>>> {
        self.pipeline.end();
        self.pipeline.run().await
    }
}

/// The time of a change, and which settings hold.
pub(super) fn settings_at(cached: &Cached, changes: i64) -> Option<Settings> {
    let cached = cached.borrow();
    let (at, settings) = cached.as_ref()?;
    (*at == changes).then(|| settings.clone())
}

/// The time by which the store decides.
pub(super) async fn now(wire: &Wire) -> Result<Timestamp> {
    let rows = wire.rows(sql!("now"), Vec::new()).await?;
    super::row::Columns::of_one(&rows, "clock")?.timestamp()
}

/// Which store it is, however the server is reached.
pub(super) async fn identity(wire: &Wire) -> Result<String> {
    let rows = wire.rows(sql!("identity"), Vec::new()).await?;
    super::row::Columns::of_one(&rows, "identity")?.next()
}
