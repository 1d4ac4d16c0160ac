//! How far ahead of its slots a worker claims jobs, and how long it keeps their ends to itself.
//!
//! While jobs are short, a slot that had to wait for a turn with the store after each would wait
//! longer than it works. So a few jobs are claimed ahead, for slots to go on with at once, and several
//! ends are told in one turn. How many follows from the *beat*, the time between two turns: a small
//! multiple of what a turn takes, so that a store that is far away or busy is asked less often.
//! As many are claimed ahead as are likely to be begun within two beats, and a small part of all
//! there are, so that other workers find some too.

use std::time::Duration;

/// The least time and the most between two turns while jobs are claimed ahead.
const BEAT: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(50));
/// The part of a worker's time that is for turns is one in this number.
const TURNS: u32 = 8;
/// How many beats a job is likely to wait for a slot, once it is claimed.
const AHEAD: u32 = 2;
/// How many beats it may wait before it is given back.
const PATIENCE: u32 = 5;
/// How many jobs are claimed ahead at most: for each slot, or in all if that is more, since a few slots with short jobs would run the
/// former sooner than a turn with a server is worth.
const MOST: (usize, usize) = (8, 128);
/// Of this number of unfinished jobs, one is claimed ahead.
const PART: u64 = 16;
/// How much of what is known each new attempt, or turn, replaces.
const SHARE: f64 = 1.0 / 8.0;
/// How long an attempt is assumed to last before any has ended, in seconds.
const UNKNOWN: f64 = 1.0;

/// How long the attempts of a worker last these days.
#[derive(Debug)]
pub(crate) struct Pace {
    slots: usize,
    /// How many are claimed ahead at most.
    most: usize,
    /// How long attempts last: a moving average, in seconds.
    average: f64,
    /// How long turns take, likewise.
    turn: f64,
}

impl Pace {
    /// Nothing is known yet.
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            slots,
            most: Self::most(slots),
            average: UNKNOWN,
            turn: 0.0,
        }
    }

    /// Nothing is ever claimed ahead.
    pub(crate) fn in_step(slots: usize) -> Self {
        let most = 0;
        Self {
            most,
            ..Self::new(slots)
        }
    }

    /// Notes how long an attempt lasted.
    pub(crate) fn saw(&mut self, elapsed: Duration) {
        self.average += (elapsed.as_secs_f64() - self.average) * SHARE;
    }

    /// Notes how long a turn with the store took.
    pub(crate) fn turn_took(&mut self, elapsed: Duration) {
        self.turn += (elapsed.as_secs_f64() - self.turn) * SHARE;
    }

    /// Jobs that were claimed ahead waited too long.
    pub(crate) fn was_wrong(&mut self) {
        self.average = self.average.max(UNKNOWN);
    }

    /// How many jobs are claimed ahead if `unfinished` are to be done.
    pub(crate) fn lead(&self, unfinished: u64) -> usize {
        let ahead = self.beat() * AHEAD;
        let begun_by_then = self.slots as f64 * ahead.as_secs_f64() / self.average;
        let part = usize::try_from(unfinished / PART).unwrap_or(usize::MAX);
        // Beyond all numbers is as good as the largest.
        (begun_by_then as usize).min(self.most).min(part)
    }

    /// How long an end may be kept from the store while jobs are claimed ahead.
    pub(crate) fn settle_within(&self) -> Duration {
        self.beat()
    }

    /// How long a job may wait for a slot, once it is claimed.
    pub(crate) fn patience(&self) -> Duration {
        self.beat() * PATIENCE
    }

    fn beat(&self) -> Duration {
        let (least, most) = BEAT;
        let turn = Duration::from_secs_f64(self.turn.min(most.as_secs_f64()));
        (turn * TURNS).clamp(least, most)
    }

    /// How many jobs are claimed ahead at most for this number of slots.
    pub(crate) fn most(slots: usize) -> usize {
        let (each, all) = MOST;
        slots.saturating_mul(each).max(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: u64 = u64::MAX;

    fn after(slots: usize, attempts: &[(usize, u64)]) -> Pace {
        let mut pace = Pace::new(slots);
        for &(count, millis) in attempts {
            (0..count).for_each(|_| pace.saw(Duration::from_millis(millis)));
        }
        pace
    }

    #[test]
    fn nothing_is_claimed_ahead_before_jobs_are_known_to_be_short() {
        assert_eq!(Pace::new(4).lead(MANY), 0);
        assert_eq!(after(4, &[(10, 1)]).lead(MANY), 0);
        assert_eq!(after(4, &[(200, 100)]).lead(MANY), 0);
    }

    #[test]
    fn as_many_are_claimed_ahead_as_are_soon_begun() {
        assert_eq!(after(4, &[(200, 0)]).lead(MANY), 128);
        assert_eq!(after(32, &[(200, 0)]).lead(MANY), 256);
        assert_eq!(after(4, &[(200, 1)]).lead(MANY), 79);
        assert_eq!(after(4, &[(200, 9)]).lead(MANY), 8);
        assert_eq!(after(1, &[(200, 9)]).lead(MANY), 2);
    }

    #[test]
    fn most_of_what_there_is_is_left_to_others() {
        let pace = after(4, &[(200, 1)]);
        assert_eq!([1, 8, 16, 160].map(|jobs| pace.lead(jobs)), [0, 0, 1, 10]);
    }

    #[test]
    fn in_step_nothing_is_claimed_ahead() {
        let mut pace = Pace::in_step(4);
        (0..200).for_each(|_| pace.saw(Duration::ZERO));
        assert_eq!(pace.lead(MANY), 0);
    }

    #[test]
    fn a_store_that_is_slow_is_asked_less_often_and_for_more() {
        let mut pace = after(4, &[(200, 9)]);
        assert_eq!((pace.lead(MANY), pace.settle_within().as_millis()), (8, 10));
        (0..200).for_each(|_| pace.turn_took(Duration::from_millis(4)));
        let beat = pace.settle_within().as_millis();
        assert!((31..=32).contains(&beat), "{beat} ms");
        assert!((27..=28).contains(&pace.lead(MANY)), "{}", pace.lead(MANY));
        (0..200).for_each(|_| pace.turn_took(Duration::from_secs(60)));
        assert_eq!(pace.settle_within(), BEAT.1);
        assert_eq!(pace.patience(), BEAT.1 * PATIENCE);
    }

    #[test]
    fn one_long_job_among_the_short_ends_it() {
        let mut pace = after(4, &[(200, 1), (1, 1000)]);
        assert_eq!(pace.lead(MANY), 0);
        pace = after(4, &[(200, 1)]);
        pace.was_wrong();
        assert_eq!(pace.lead(MANY), 0);
    }
}
