//! The queue of those that want to write: a lock on a side file.
//!
//! SQLite lets those that find it busy sleep and try again, and some of them starve. A lock that
//! the system keeps is handed on in turn. It can't be waited for with a limit, so where there is
//! something to wait for, a thread of its own waits, and the caller waits for the thread.

use std::fs::{File, TryLockError};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::StoreError;

/// A lock between processes, handed on in turn.
pub(super) struct FairLock {
    shared: Arc<Shared>,
    helped: bool,
}

struct Shared {
    file: File,
    stage: Mutex<Stage>,
    changed: Condvar,
}

enum Stage {
    /// Nobody waits.
    Idle,
    /// The helper is to get the lock, or is at it.
    Wanted,
    /// The helper is at it, but nobody wants the lock any more.
    Abandoned,
    /// The helper has got the lock, or knows why it can't.
    Got(io::Result<()>),
    /// The store is closed; the helper ends.
    Closed,
}

impl FairLock {
    pub(super) fn new(file: File) -> Self {
        let shared = Shared {
            file,
            stage: Mutex::new(Stage::Idle),
            changed: Condvar::new(),
        };
        Self {
            shared: Arc::new(shared),
            helped: false,
        }
    }

    /// Gets the lock, within `patience`. It is held until [`release`](Self::release).
    pub(super) fn acquire(&mut self, patience: Duration) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        let mut stage = shared.stage();
        if matches!(*stage, Stage::Idle) {
            match shared.file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(StoreError::Io(error.to_string())),
            }
            self.start_helper()?;
        }
        *stage = Stage::Wanted;
        shared.changed.notify_all();
        let waits = |stage: &mut Stage| matches!(stage, Stage::Wanted);
        let (mut stage, _) = shared
            .changed
            .wait_timeout_while(stage, patience, waits)
            .unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *stage, Stage::Idle) {
            Stage::Got(result) => result.map_err(|error| StoreError::Io(error.to_string())),
            _ => {
                *stage = Stage::Abandoned;
                Err(StoreError::Locked)
            }
        }
    }

    /// Hands the lock on.
    pub(super) fn release(&self) {
        // It can only fail on a file that isn't one any more, and then there is nothing to hand on.
        let _ = self.shared.file.unlock();
    }

    fn start_helper(&mut self) -> Result<(), StoreError> {
        if self.helped {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        std::thread::Builder::new()
            .name("store-lock".into())
            .stack_size(64 * 1024)
            .spawn(move || shared.help())
            .map_err(|error| StoreError::Io(error.to_string()))?;
        self.helped = true;
        Ok(())
    }
}

impl Drop for FairLock {
    fn drop(&mut self) {
        *self.shared.stage() = Stage::Closed;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn help(&self) {
        loop {
            let mut stage = self.stage();
            while !matches!(*stage, Stage::Wanted | Stage::Closed) {
                stage = self
                    .changed
                    .wait(stage)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if matches!(*stage, Stage::Closed) {
                return;
            }
            drop(stage);
            let result = self.file.lock();
            let mut stage = self.stage();
            match *stage {
                Stage::Wanted => {
                    *stage = Stage::Got(result);
                    self.changed.notify_all();
                }
                Stage::Closed => {
                    let _ = self.file.unlock();
                    return;
                }
                _ => {
                    let _ = self.file.unlock();
                    *stage = Stage::Idle;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn handles(count: usize) -> (tempfile::TempDir, Vec<File>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let open = || {
            File::options()
                .create(true)
                .append(true)
                .open(&path)
                .unwrap()
        };
        let files = (0..count).map(|_| open()).collect();
        (dir, files)
    }

    /// As [`FairLock::release`] does: wine unlocks, and then says that it was not locked.
    fn unlock(file: &File) {
        let _ = file.unlock();
    }

    #[test]
    fn who_waits_too_long_gives_up_and_does_not_keep_the_lock_later() {
        let (_dir, mut files) = handles(3);
        let holder = files.pop().unwrap();
        let probe = files.pop().unwrap();
        let mut lock = FairLock::new(files.pop().unwrap());
        holder.lock().unwrap();
        let begun = Instant::now();
        let error = lock.acquire(Duration::from_millis(30)).unwrap_err();
        assert!(matches!(error, StoreError::Locked));
        assert!(begun.elapsed() >= Duration::from_millis(30));
        unlock(&holder);
        probe.lock().unwrap();
        unlock(&probe);
        lock.acquire(Duration::from_secs(5)).unwrap();
        assert!(probe.try_lock().is_err());
        lock.release();
        probe.try_lock().unwrap();
    }

    #[test]
    fn the_lock_comes_when_it_is_handed_on() {
        let (_dir, mut files) = handles(2);
        let holder = files.pop().unwrap();
        let mut lock = FairLock::new(files.pop().unwrap());
        for _ in 0..20 {
            holder.lock().unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| unlock(&holder));
                lock.acquire(Duration::from_secs(5)).unwrap();
            });
            lock.release();
        }
    }
}
