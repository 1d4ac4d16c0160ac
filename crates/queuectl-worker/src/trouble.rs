//! How long a worker leaves alone what has failed: its store, or the start of a job.

use std::time::{Duration, Instant};

use queuectl_store::StoreError;

/// How long to wait after a failure: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// The pause after a failure: how long it is, and when it is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BackOff {
    wait: Duration,
    until: Instant,
}

impl BackOff {
    /// It has failed, for the first time or after `earlier`. The waits are of random length, so that many workers don't come
    /// back all at once.
    pub(crate) fn after(earlier: Option<Self>) -> Self {
        let wait = earlier.map_or(BACK_OFF.0, |earlier| (earlier.wait * 2).min(BACK_OFF.1));
        let until = Instant::now() + wait.mul_f64(0.5 + fastrand::f64() / 2.0);
        Self { wait, until }
    }

    /// Returns when the pause is over.
    pub(crate) fn until(self) -> Instant {
        self.until
    }
}

/// The store fails: why, and when to try again.
#[derive(Debug)]
pub(crate) struct Trouble {
    back_off: BackOff,
    error: StoreError,
}

impl Trouble {
    /// The store has failed, for the first time or after `earlier`.
    pub(crate) fn after(earlier: Option<&Self>, error: StoreError) -> Self {
        let back_off = BackOff::after(earlier.map(|earlier| earlier.back_off));
        Self { back_off, error }
    }

    /// Returns when to try again.
    pub(crate) fn until(&self) -> Instant {
        self.back_off.until()
    }

    /// Whether it is too early to try again.
    pub(crate) fn is_fresh(&self) -> bool {
        Instant::now() < self.until()
    }

    /// Why the store failed last.
    pub(crate) fn into_error(self) -> StoreError {
        self.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_up_to_a_limit() {
        let mut back_off = BackOff::after(None);
        let mut waits = vec![back_off.wait];
        for _ in 0..9 {
            back_off = BackOff::after(Some(back_off));
            assert!(back_off.until <= Instant::now() + back_off.wait);
            assert!(back_off.until >= Instant::now() + back_off.wait / 3);
            waits.push(back_off.wait);
        }
        let waits: Vec<_> = waits.iter().map(Duration::as_millis).collect();
        assert_eq!(
            waits,
            [50, 100, 200, 400, 800, 1600, 2000, 2000, 2000, 2000]
        );
    }
}
