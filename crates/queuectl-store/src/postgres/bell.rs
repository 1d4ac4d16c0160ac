//! The bell: a process that waits has a row in `waiters`, and is notified by the server when a ring takes the row.
//!
//! One thread has the bell's connection to itself: it waits and rings for all handles of the process on the same bell, so no call
//! that rings waits for the server. A notification that is lost is made good by a later look.
//!
//! Behind a transaction pooler NOTIFY may not reach us, so we test it. A bell that can't be notified has no row (it would swallow rings
//! meant for others), and looks every 2 s for a ring that was kept because there was no waiter.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::Notification;

use super::change::ring;
use super::fault::Result;
use super::row::Columns;
use super::session::runtime;
use super::sql;
use super::target::Target;
use super::wire::{Wire, params};
use crate::{Bell, StoreError};

/// How often a bell that can't be notified looks for a kept ring.
const LOOK_UNTOLD: Duration = Duration::from_secs(2);

/// How long a notification may take through a pooler.
const WAY: Duration = Duration::from_secs(2);

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a waiter renews its row, and checks whether it was woken: half of the time after which the row expires. Its worker
/// looks for jobs more often.
const STILL_EVERY: Duration = Duration::from_secs(30);

/// How long the end of a process may wait until its rows are gone.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long is waited before a connection is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// A handle on the bell.
pub(super) struct ServerBell(Arc<Rope>);

/// What all handles on a bell have in common. Its thread ends with the last of them.
struct Rope {
    asked: Arc<Asked>,
}

/// What the handles ask of the thread, and what it answers.
#[derive(Default)]
struct Asked {
    state: Mutex<State>,
    answered: Condvar,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// How many wait and haven't been woken.
    waiting: usize,
    /// How many were woken and don't know it yet.
    woken: usize,
    rings: bool,
    /// No handle waits any more.
    retired: bool,
    ended: bool,
    /// The thread has ended, too.
    gone: bool,
}

impl ServerBell {
    pub(super) fn open(target: &Target) -> std::result::Result<Self, StoreError> {
        let asked = Arc::new(Asked::default());
        let runtime = runtime()?;
        let keeper = Keeper {
            asked: Arc::clone(&asked),
            target: target.clone(),
            line: None,
            rows: Vec::new(),
            lost_rows: Vec::new(),
        };
        let begun = thread::Builder::new()
            .name("bell".into())
            .spawn(move || keep(&runtime, keeper));
        begun.map_err(|error| StoreError::Io(error.to_string()))?;
        Ok(Self(Arc::new(Rope { asked })))
    }
}

impl Bell for ServerBell {
    fn wait(&mut self) -> io::Result<()> {
        let asked = &self.0.asked;
        let mut state = asked.state();
        state.waiting += 1;
        asked.changed.notify_one();
        while state.woken == 0 {
            if state.retired {
                return Err(ErrorKind::NotConnected.into());
            }
            state = asked
                .answered
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.woken -= 1;
        Ok(())
    }

    fn ring(&self) {
        self.0.asked.state().rings = true;
        self.0.asked.changed.notify_one();
    }

    fn another(&self) -> io::Result<Box<dyn Bell>> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }

    fn retire(&self) {
        self.0.asked.retire(false);
    }

    fn close(&self) {
        let asked = &self.0.asked;
        asked.retire(true);
        let state = asked.state();
        let gone = asked
            .answered
            .wait_timeout_while(state, FAREWELL, |state| !state.gone);
        drop(gone.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Rope {
    fn drop(&mut self) {
        self.asked.retire(true);
    }
}

impl Asked {
    /// Stops all waiting. A waiter that was woken and doesn't know it yet passes its ring on.
    fn retire(&self, ends: bool) {
        let mut state = self.state();
        state.retired = true;
        state.ended |= ends;
        state.rings |= state.woken > 0;
        state.woken = 0;
        self.answered.notify_all();
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes one of those that wait; false if none does.
    fn wake(&self) -> bool {
        let mut state = self.state();
        if state.waiting == 0 {
            return false;
        }
        state.waiting -= 1;
        state.woken += 1;
        self.answered.notify_one();
        true
    }
}

/// A connection on which the server notifies the waiters that were woken.
struct Line {
    wire: Wire,
    notifications: UnboundedReceiver<Notification>,
    channel: String,
    /// Whether notifications reach it. If not, it has no rows.
    is_told: bool,
    said_still: Instant,
    /// A handle has begun to wait, and a ring may have come before.
    is_to_hear: bool,
}

impl Line {
    /// When the rows have to be renewed next.
    fn still_at(&self) -> tokio::time::Instant {
        (self.said_still + STILL_EVERY).into()
    }
}

/// The thread's own.
struct Keeper {
    asked: Arc<Asked>,
    target: Target,
    line: Option<Line>,
    /// The rows of those that wait.
    rows: Vec<i64>,
    /// Rows from before the connection was lost.
    lost_rows: Vec<i64>,
}

fn keep(runtime: &Runtime, mut keeper: Keeper) {
    runtime.block_on(async {
        loop {
            let (waiting, rings, retired, ended) = {
                let mut state = keeper.asked.state();
                let rings = std::mem::take(&mut state.rings);
                (state.waiting, rings, state.retired, state.ended)
            };
            if !rings && (retired || waiting == 0) && keeper.rows.is_empty() {
                if ended {
                    break;
                }
                keeper.asked.changed.notified().await;
                continue;
            }
            if keeper.serve(waiting, rings, retired).await.is_err() {
                keeper.line = None;
                keeper.lost_rows.append(&mut keeper.rows);
                if ended {
                    break;
                }
                keeper.asked.state().rings |= rings;
                tokio::time::sleep(PAUSE.mul_f64(0.5 + fastrand::f64())).await;
            }
        }
        if let Some(line) = keeper.line.take() {
            line.wire.close().await;
        }
    });
    keeper.asked.state().gone = true;
    keeper.asked.answered.notify_all();
}

impl Keeper {
    /// Does what is asked, and waits for what happens next.
    async fn serve(&mut self, waiting: usize, rings: bool, retired: bool) -> Result<()> {
        self.connect().await?;
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        if retired {
            // In this order, or a ring might come back to us. What isn't there was woken, and passes it on.
            let rows = std::mem::take(&mut self.rows);
            let count = rows.len();
            let there = line
                .wire
                .rows(sql!("delete_waiters"), params![rows])
                .await?;
            for _ in there.len()..count {
                ring(&line.wire).await?;
            }
        }
        if rings {
            ring(&line.wire).await?;
        }
        if retired {
            return Ok(());
        }
        if !line.is_told {
            return self.look_for_rings().await;
        }
        while self.rows.len() < waiting {
            let added = line
                .wire
                .rows(sql!("insert_waiter"), params![line.channel.as_str()])
                .await?;
            self.rows.push(Columns::of_one(&added, "waiters")?.next()?);
            line.is_to_hear = true;
        }
        if self.rows.is_empty() {
            return Ok(());
        }
        self.hear().await?;
        self.listen().await
    }

    /// Connects, if that is necessary. Who was woken meanwhile is told so.
    async fn connect(&mut self) -> Result<()> {
        if self
            .line
            .as_ref()
            .is_some_and(|line| !line.wire.is_closed())
        {
            return Ok(());
        }
        self.lost_rows.append(&mut self.rows);
        let (wire, mut notifications) = Wire::listening(&self.target, PATIENCE).await?;
        let named = wire.at(wire.rows(sql!("bell_channel"), Vec::new())).await?;
        let channel: String = Columns::of_one(&named, "channel")?.next()?;
        let listen = format!("LISTEN {channel}");
        wire.at(wire.client.batch_execute(&listen)).await?;
        let is_told = wire.is_session() || self.is_told(&channel, &mut notifications).await?;
        if !is_told {
            // Most likely it is the same connection of the server's that comes to hand. Nothing is told there any more.
            let unlisten = format!("UNLISTEN {channel}");
            wire.client.batch_execute(&unlisten).await?;
        }
        let lost = self.lost_rows.clone();
        let there = wire.rows(sql!("delete_waiters"), params![lost]).await?;
        for _ in there.len()..self.lost_rows.len() {
            self.asked.wake();
        }
        self.lost_rows.clear();
        self.line = Some(Line {
            wire,
            notifications,
            channel,
            is_told,
            said_still: Instant::now(),
            is_to_hear: true,
        });
        Ok(())
    }

    /// Whether what is told on the channel comes through while nothing is asked. Another connection tells it: it may get
    /// the same one of the server's if that isn't ours alone, and hears it instead of us.
    async fn is_told(
        &self,
        channel: &str,
        notifications: &mut UnboundedReceiver<Notification>,
    ) -> Result<bool> {
        let tried = async {
            let other = Wire::connect(&self.target, PATIENCE).await?;
            let told = other.rows(sql!("notify"), params![channel]).await;
            other.close().await;
            told?;
            Ok(notifications.recv().await.is_some())
        };
        tokio::time::timeout(WAY, tried).await.unwrap_or(Ok(false))
    }

    /// Looks for a kept ring, and waits until it is time to do so again.
    async fn look_for_rings(&mut self) -> Result<()> {
        let Some(line) = &self.line else {
            return Ok(());
        };
        let heard = line.wire.rows(sql!("hear"), Vec::new()).await?;
        if Columns::of_one(&heard, "rings")?.next()? && !self.asked.wake() {
            ring(&line.wire).await?;
        }
        tokio::select! {
            () = self.asked.changed.notified() => {}
            () = tokio::time::sleep(LOOK_UNTOLD) => {}
        }
        Ok(())
    }

    /// Takes a ring that came while no handle waited.
    async fn hear(&mut self) -> Result<()> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        if !std::mem::take(&mut line.is_to_hear) {
            return Ok(());
        }
        let heard = line.wire.rows(sql!("hear"), Vec::new()).await?;
        if Columns::of_one(&heard, "rings")?.next()?
            && let Some(row) = self.rows.pop()
        {
            let there = line
                .wire
                .rows(sql!("delete_waiters"), params![vec![row]])
                .await?;
            let was_woken_too = there.is_empty();
            let nobody_left = !self.asked.wake();
            if was_woken_too || nobody_left {
                ring(&line.wire).await?;
            }
        }
        Ok(())
    }

    /// Waits until the server tells something, something is asked, or it is time to look.
    async fn listen(&mut self) -> Result<()> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        let asked = Arc::clone(&self.asked);
        let still_at = line.still_at();
        tokio::select! {
            heard = line.notifications.recv() => match heard {
                Some(notification) => {
                    if let Ok(row) = notification.payload().parse::<i64>() {
                        self.woken(row).await?;
                    }
                    Ok(())
                }
                None => Err(StoreError::Io("the connection of the bell is lost".into()).into()),
            },
            () = asked.changed.notified() => Ok(()),
            () = tokio::time::sleep_until(still_at) => self.look().await,
        }
    }

    /// One of the rows was taken.
    async fn woken(&mut self, row: i64) -> Result<()> {
        let Some(place) = self.rows.iter().position(|known| *known == row) else {
            return Ok(());
        };
        self.rows.swap_remove(place);
        if !self.asked.wake()
            && let Some(line) = &self.line
        {
            ring(&line.wire).await?;
        }
        Ok(())
    }

    /// Says that it still waits, and sees which rows were taken without anything having been heard.
    async fn look(&mut self) -> Result<()> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        line.said_still = Instant::now();
        line.is_to_hear = true;
        let rows = self.rows.clone();
        let found = line.wire.rows(sql!("wait_longer"), params![rows]).await?;
        let there = found
            .iter()
            .map(|row| Columns::of(row).next())
            .collect::<Result<Vec<i64>>>()?;
        for row in self.rows.clone() {
            if !there.contains(&row) {
                self.woken(row).await?;
            }
        }
        Ok(())
    }
}
