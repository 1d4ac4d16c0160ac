//! Whether this worker can start jobs.
//!
//! If the machine refuses a start for lack of room, the worker begins nothing for a while, longer each time. Then an idle slot
//! makes a trial, with a command that does nothing: no job is claimed and released in vain, nothing is written to the store,
//! and room is noticed even if there is no job. When a trial succeeds, jobs are begun one by one, each after the one before it
//! has been started: a machine with room for three then refuses one job, not one for each slot. When no start has been refused
//! for a while, jobs are begun side by side again.

use std::time::{Duration, Instant};

use queuectl_domain::Fence;
use queuectl_process::{Step, Unable};

use crate::trouble::BackOff;

/// Jobs are begun side by side again after no start has been refused for this long.
const QUIET: Duration = Duration::from_secs(2);

/// Whether this worker can start jobs.
#[derive(Debug, Default)]
pub(super) struct Ability(Option<Refusal>);

/// Starts are refused, or were a short time ago.
#[derive(Debug)]
struct Refusal {
    /// Why the last one was.
    why: Unable,
    phase: Phase,
    /// The last pause; none if a job has been started since.
    pause: Option<BackOff>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// No job is begun, and no trial is made before this moment.
    Paused(Instant),
    /// A slot makes a trial.
    Trying,
    /// A trial has succeeded.
    OneByOne {
        since: Instant,
        /// The job that has been claimed but not started yet.
        starting: Option<Fence>,
    },
}

impl Ability {
    /// Returns why starts are refused, or were less than [`QUIET`] ago.
    pub(super) fn unable(&mut self, now: Instant) -> Option<&Unable> {
        let is_over = |refusal: &mut Refusal| match refusal.phase {
            Phase::OneByOne { since, starting } => starting.is_none() && now >= since + QUIET,
            Phase::Paused(_) | Phase::Trying => false,
        };
        self.0.take_if(is_over);
        self.0.as_ref().map(|refusal| &refusal.why)
    }

    /// Returns true if a job may be begun.
    pub(super) fn may_begin(&self) -> bool {
        let phase = self.0.as_ref().map(|refusal| refusal.phase);
        matches!(phase, None | Some(Phase::OneByOne { .. }))
    }

    /// Returns how many more jobs may be claimed.
    pub(super) fn most(&self) -> usize {
        match self.0.as_ref().map(|refusal| refusal.phase) {
            None => usize::MAX,
            Some(Phase::OneByOne { starting: None, .. }) => 1,
            Some(_) => 0,
        }
    }

    /// Notes that a job was claimed.
    pub(super) fn claimed(&mut self, fence: Fence) {
        if let Some(Phase::OneByOne { starting, .. }) = self.phase() {
            *starting = Some(fence);
        }
    }

    /// Notes that a job was started. Returns true if another may now be claimed.
    pub(super) fn started(&mut self, fence: Fence) -> bool {
        if let Some(refusal) = &mut self.0 {
            refusal.pause = None;
        }
        self.settled(fence)
    }

    /// Notes that a job won't be started, or has ended. Returns true if another may now be claimed.
    pub(super) fn settled(&mut self, fence: Fence) -> bool {
        match self.phase() {
            Some(Phase::OneByOne { starting, .. }) => {
                starting.take_if(|one| *one == fence).is_some()
            }
            _ => false,
        }
    }

    /// Notes that a start was refused.
    pub(super) fn refused(&mut self, why: Unable) {
        let (phase, pause) = match self.0.take() {
            // This start began before the pause.
            Some(Refusal {
                phase: phase @ (Phase::Paused(_) | Phase::Trying),
                pause,
                ..
            }) => (phase, pause),
            earlier => paused(earlier.and_then(|earlier| earlier.pause)),
        };
        self.0 = Some(Refusal { why, phase, pause });
    }

    /// Returns how long the pause still lasts; `None` if there is none.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        match self.0.as_ref()?.phase {
            Phase::Paused(until) => Some(until.saturating_duration_since(now)),
            Phase::Trying | Phase::OneByOne { .. } => None,
        }
    }

    /// Returns the step that the caller is to try now, if it is time for a trial.
    pub(super) fn try_now(&mut self, now: Instant) -> Option<Step> {
        let refusal = self.0.as_mut()?;
        match refusal.phase {
            Phase::Paused(until) if now >= until => {
                refusal.phase = Phase::Trying;
                Some(refusal.why.step)
            }
            _ => None,
        }
    }

    /// Notes the result of a trial. Returns true if a job may now be claimed.
    pub(super) fn tried(&mut self, result: Result<(), Unable>, now: Instant) -> bool {
        let Some(refusal) = &mut self.0 else {
            return false;
        };
        if let Err(why) = result {
            refusal.why = why;
            (refusal.phase, refusal.pause) = paused(refusal.pause);
            return false;
        }
        refusal.phase = Phase::OneByOne {
            since: now,
            starting: None,
        };
        true
    }

    fn phase(&mut self) -> Option<&mut Phase> {
        self.0.as_mut().map(|refusal| &mut refusal.phase)
    }
}

fn paused(earlier: Option<BackOff>) -> (Phase, Option<BackOff>) {
    let pause = BackOff::after(earlier);
    (Phase::Paused(pause.until()), Some(pause))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Fence = Fence(1);
    const OTHER: Fence = Fence(2);
    const LONG: Duration = Duration::from_secs(10);

    fn why(reason: &str) -> Unable {
        Unable {
            step: Step::Process,
            reason: reason.to_owned(),
        }
    }

    fn refused(times: usize) -> Ability {
        let mut ability = Ability::default();
        (0..times).for_each(|_| ability.refused(why("no room")));
        ability
    }

    /// One whose last trial went well.
    fn careful(now: Instant) -> Ability {
        let mut ability = refused(1);
        assert_eq!(ability.try_now(now), Some(Step::Process));
        assert!(ability.tried(Ok(()), now));
        ability
    }

    fn pause(ability: &Ability) -> Duration {
        ability.pause(Instant::now()).expect("it is paused")
    }

    #[test]
    fn as_long_as_nothing_is_refused_all_may_be_begun() {
        let mut ability = Ability::default();
        ability.claimed(ONE);
        assert!(ability.may_begin() && !ability.started(ONE));
        assert_eq!(
            (ability.most(), ability.try_now(Instant::now())),
            (usize::MAX, None)
        );
        assert_eq!(ability.unable(Instant::now()), None);
    }

    #[test]
    fn after_a_refusal_nothing_is_begun_before_a_trial() {
        let mut ability = refused(1);
        assert!(!ability.may_begin());
        assert_eq!(ability.most(), 0);
        let now = Instant::now();
        assert_eq!(ability.try_now(now), None, "it is too early");
        assert_eq!(ability.try_now(now + LONG), Some(Step::Process));
        assert_eq!(ability.try_now(now + LONG), None, "one slot is at it");
        assert!(!ability.may_begin());
    }

    #[test]
    fn each_trial_that_fails_makes_the_next_pause_longer() {
        let mut ability = refused(1);
        let mut pauses = vec![pause(&ability)];
        for _ in 0..5 {
            let now = Instant::now() + LONG;
            assert!(ability.try_now(now).is_some());
            assert!(!ability.tried(Err(why("no memory")), now));
            pauses.push(pause(&ability));
        }
        assert!(pauses[0] <= Duration::from_millis(50), "{pauses:?}");
        assert!(pauses[5] > Duration::from_millis(500), "{pauses:?}");
        assert_eq!(
            ability.unable(Instant::now() + LONG),
            Some(&why("no memory"))
        );
    }

    #[test]
    fn starts_that_are_refused_at_once_make_no_pause_longer() {
        assert!(pause(&refused(20)) <= Duration::from_millis(50));
    }

    #[test]
    fn after_a_trial_that_goes_well_jobs_are_begun_one_by_one() {
        let mut ability = careful(Instant::now() + LONG);
        assert!(ability.may_begin());
        assert_eq!(ability.most(), 1);
        ability.claimed(ONE);
        assert_eq!(ability.most(), 0);
        assert!(!ability.started(OTHER), "that is another");
        assert!(ability.started(ONE));
        assert_eq!(ability.most(), 1);
        ability.claimed(OTHER);
        assert!(ability.settled(OTHER), "it was given back");
        assert_eq!(ability.most(), 1);
    }

    #[test]
    fn when_none_is_refused_for_a_while_all_is_as_before() {
        let now = Instant::now() + LONG;
        let mut ability = careful(now);
        assert!(ability.unable(now + QUIET / 2).is_some());
        ability.claimed(ONE);
        assert!(
            ability.unable(now + QUIET).is_some(),
            "one is being started"
        );
        ability.started(ONE);
        assert_eq!(ability.unable(now + QUIET), None);
        assert_eq!(ability.most(), usize::MAX);
    }

    #[test]
    fn pauses_are_short_again_after_a_start_and_only_then() {
        let again = |has_started: bool| {
            let mut ability = refused(1);
            for result in [Err(why("no room")), Err(why("no room")), Ok(())] {
                let now = Instant::now() + LONG;
                assert!(ability.try_now(now).is_some());
                ability.tried(result, now);
            }
            ability.claimed(ONE);
            if has_started {
                ability.started(ONE);
            }
            ability.refused(why("no room"));
            pause(&ability)
        };
        assert!(again(true) <= Duration::from_millis(50));
        assert!(again(false) > Duration::from_millis(100));
    }
}
