//! What holds for every life that a job can have.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use queuectl_domain::{
    Command, Event, Fence, Job, Life, NewJob, Outcome, Policy, Rules, State, Timestamp,
    TransitionError,
};

use crate::{NOON, claim, dies, rules, settle, worker};

/// What may be tried on a job; what it means depends on the job as it is then.
#[derive(Debug, Clone, Copy)]
enum Try {
    Claim,
    /// The claim that is held, or the last that was.
    Settle(Outcome),
    /// Some other claim.
    SettleOther(Outcome),
    /// The claim that is held, or the last that was.
    Release,
    Crash,
    CrashOther,
    Due,
    /// The clock goes back by so many seconds first.
    SetBack(u32),
    Retry,
    Bury,
    Stop,
}

/// A life to be: rules, policy, and what is tried, each after some seconds.
#[derive(Debug, Clone)]
struct Plan {
    rules: Rules,
    policy: Policy,
    tries: Vec<(u32, Try)>,
}

/// One thing that was tried, and what came of it.
#[derive(Debug)]
struct Tried {
    before: Life,
    what: Try,
    now: Timestamp,
    became: Result<Life, TransitionError>,
}

fn live(plan: &Plan) -> Vec<Tried> {
    let mut life = Life::new(NOON);
    let mut now = NOON;
    let mut fence = 0;
    let mut lived = Vec::new();
    for &(seconds, what) in &plan.tries {
        now = now.after(Duration::from_secs(seconds.into()));
        let event = match what {
            Try::Claim => claim("me", fence + 1),
            Try::Settle(outcome) => settle(Fence(fence), outcome),
            Try::SettleOther(outcome) => settle(Fence(fence - 1), outcome),
            Try::Release => Event::Release {
                fence: Fence(fence),
            },
            Try::Crash => dies(),
            Try::CrashOther => Event::Crash {
                worker: worker("another"),
            },
            Try::Due => Event::Due,
            Try::SetBack(by) => {
                now = Timestamp(now.0 - i64::from(by) * 1_000_000);
                Event::ClockSetBack
            }
            Try::Retry => Event::Retry,
            Try::Bury => Event::Bury { reason: None },
            Try::Stop => Event::Stop { reason: None },
        };
        let became = life.apply(&plan.rules, event, &plan.policy, now);
        if became.is_ok() {
            fence += i64::from(matches!(what, Try::Claim));
        }
        let after = became.clone().unwrap_or_else(|_| life.clone());
        let before = std::mem::replace(&mut life, after);
        lived.push(Tried {
            before,
            what,
            now,
            became,
        });
    }
    lived
}

fn plans() -> impl Strategy<Value = Plan> {
    let outcome = || proptest::sample::select(&Outcome::ALL[..]);
    let what = prop_oneof![
        12 => Just(Try::Claim),
        10 => Just(Try::Settle(Outcome::Failed)),
        6 => outcome().prop_map(Try::Settle),
        2 => outcome().prop_map(Try::SettleOther),
        2 => Just(Try::Release),
        2 => Just(Try::Crash),
        1 => Just(Try::CrashOther),
        8 => Just(Try::Due),
        1 => (0..1000u32).prop_map(Try::SetBack),
        3 => Just(Try::Retry),
        1 => Just(Try::Bury),
        2 => Just(Try::Stop),
    ];
    let policy = (0..200u64, 1..4u32).prop_map(|(max_backoff, crash_limit)| Policy {
        max_backoff: Duration::from_secs(max_backoff),
        crash_limit,
    });
    let rules = (1..5i64, 1..=100i64).prop_map(|(most, base)| rules(most, base));
    let tries = proptest::collection::vec((0..300u32, what), 1..60);
    (rules, policy, tries).prop_map(|(rules, policy, tries)| Plan {
        rules,
        policy,
        tries,
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Without this the properties below could hold of nothing.
#[test]
fn the_lives_that_are_tried_see_every_state_and_every_refusal() {
    let mut runner = TestRunner::deterministic();
    let mut states = HashSet::new();
    let mut refusals = HashSet::new();
    for _ in 0..200 {
        let plan = plans().new_tree(&mut runner).unwrap().current();
        for step in live(&plan) {
            states.insert(step.before.state);
            refusals.extend(step.became.as_ref().err().map(std::mem::discriminant));
        }
    }
    assert_eq!(states.len(), State::ALL.len());
    assert_eq!(refusals.len(), 3);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_attempt_is_beyond_the_maximum(plan in plans()) {
        let most = plan.rules.max_retries.get();
        let mut failures = 0;
        for step in live(&plan) {
            let Ok(after) = &step.became else { continue };
            match step.what {
                Try::Retry => failures = 0,
                Try::Settle(outcome) if is_failure(outcome) => failures += 1,
                _ => {}
            }
            let running = u32::from(after.state == State::Processing);
            prop_assert!(failures + running <= most);
            prop_assert_eq!(after.attempts, failures + running + completed(after));
            if failures == most {
                prop_assert_eq!(after.state, State::Dead);
            }
        }
    }

    #[test]
    fn completed_is_never_left_and_dead_only_by_a_retry_by_hand(plan in plans()) {
        for step in live(&plan) {
            match step.before.state {
                State::Completed => prop_assert!(step.became.is_err()),
                State::Dead if !matches!(step.what, Try::Retry) => {
                    prop_assert!(step.became.is_err());
                }
                State::Dead => prop_assert_eq!(step.became.unwrap().state, State::Pending),
                _ => {}
            }
        }
    }

    #[test]
    fn who_does_not_hold_the_claim_changes_nothing(plan in plans()) {
        for step in live(&plan) {
            let held = step.before.claim.is_some();
            let stale = Err(TransitionError::StaleFence);
            match step.what {
                Try::SettleOther(_) | Try::CrashOther => prop_assert_eq!(step.became, stale),
                Try::Settle(_) | Try::Release | Try::Crash if !held => prop_assert_eq!(step.became, stale),
                Try::Settle(_) | Try::Release | Try::Crash => prop_assert!(step.became.is_ok()),
                _ => {}
            }
        }
    }

    #[test]
    fn a_job_has_a_claim_exactly_while_it_is_processed(plan in plans()) {
        for step in live(&plan) {
            let life = step.became.unwrap_or(step.before);
            prop_assert_eq!(life.claim.is_some(), life.state == State::Processing);
        }
    }

    #[test]
    fn a_stop_or_a_release_leaves_no_trace_but_who_had_it(plan in plans()) {
        for (earlier, step) in pairs(&live(&plan)) {
            if matches!((earlier.what, step.what), (Try::Claim, Try::Settle(Outcome::Stopped) | Try::Release))
                && let (Ok(_), Ok(after)) = (&earlier.became, &step.became)
            {
                let before = &earlier.before;
                prop_assert_eq!(after.state, State::Pending);
                prop_assert_eq!(after.attempts, before.attempts);
                prop_assert_eq!(after.crashes, before.crashes);
                prop_assert_eq!(after.ready_at, before.ready_at);
                prop_assert_eq!(&after.last_error, &before.last_error);
            }
        }
    }

    #[test]
    fn a_crash_consumes_no_attempt_but_counts_and_kills_at_the_limit(plan in plans()) {
        for step in live(&plan) {
            let crash = matches!(step.what, Try::Crash | Try::Settle(Outcome::Crashed));
            let Ok(after) = &step.became else { continue };
            if crash {
                prop_assert_eq!(after.attempts + 1, step.before.attempts);
                prop_assert_eq!(after.crashes, step.before.crashes + 1);
                let at_limit = after.crashes >= plan.policy.crash_limit || step.before.stop.is_some();
                let state = if at_limit { State::Dead } else { State::Pending };
                prop_assert_eq!(after.state, state);
                // Its old place, unless the clock was set back while it ran.
                prop_assert_eq!(after.ready_at, step.before.ready_at.min(step.now));
            } else if !matches!(step.what, Try::Retry) {
                prop_assert_eq!(after.crashes, step.before.crashes);
            }
        }
    }

    #[test]
    fn what_a_user_has_stopped_runs_again_by_hand_only(plan in plans()) {
        for step in live(&plan) {
            let Ok(after) = step.became else { continue };
            if step.before.stop.is_some() && !matches!(step.what, Try::Stop) {
                let completed = matches!(step.what, Try::Settle(Outcome::Completed));
                let state = if completed { State::Completed } else { State::Dead };
                prop_assert_eq!(after.state, state);
            }
            prop_assert!(after.stop.is_none() || after.state == State::Processing);
        }
    }

    #[test]
    fn a_failed_attempt_is_retried_no_sooner_than_its_backoff(plan in plans()) {
        for step in live(&plan) {
            let Ok(after) = step.became else { continue };
            if after.state == State::Failed && step.before.state == State::Processing {
                let delay = plan.rules.backoff_base.delay(after.attempts, plan.policy.max_backoff);
                prop_assert_eq!(after.next_retry_at(), Some(step.now.after(delay)));
            }
            if matches!(step.what, Try::Due) {
                prop_assert!(step.now >= step.before.ready_at);
            }
        }
    }

    #[test]
    fn after_the_clock_was_set_back_no_wait_begins_in_the_future_or_is_longer_than_it_was(plan in plans()) {
        for step in live(&plan) {
            if !matches!(step.what, Try::SetBack(_)) {
                continue;
            }
            let (before, now) = (&step.before, step.now);
            let Ok(after) = step.became else {
                prop_assert!(!before.state.is_waiting());
                continue;
            };
            prop_assert!(!after.waits_from_the_future(now));
            prop_assert_eq!((after.state, after.attempts), (before.state, before.attempts));
            if !before.waits_from_the_future(now) {
                prop_assert_eq!(&after, before);
            } else if after.state == State::Failed {
                let wait = |life: &Life| life.finished_at.map(|at| life.ready_at.since(at));
                prop_assert_eq!(wait(&after), wait(before));
            }
        }
    }

    #[test]
    fn no_time_makes_it_panic(most in 1..3i64, start in times(), end in times()) {
        let policy = Policy { max_backoff: Duration::MAX, ..Policy::default() };
        let rules = rules(most, 100);
        let new = NewJob {
            id: None,
            command: Command::line("true".into(), None).expect("a command"),
            cwd: "/".into(),
            rules,
        };
        let job = Job::new("j".parse().expect("an id"), new, Timestamp(start));
        let busy = job.life.apply(&rules, claim("me", 1), &policy, Timestamp(end)).unwrap();
        let failed = settle(Fence(1), Outcome::Failed);
        let life = busy.apply(&rules, failed, &policy, Timestamp(end)).unwrap();
        prop_assert!(life.ready_at >= Timestamp(end.min(start)));
        let waiting = life.state.is_waiting();
        let after = Job { life, ..job };
        prop_assert_eq!(after.effective_priority(Timestamp(start)).is_some(), waiting);
    }
}

fn times() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), Just(i64::MAX), Just(i64::MIN)]
}

fn is_failure(outcome: Outcome) -> bool {
    use Outcome::{Failed, Killed, NotStarted, TimedOut};
    matches!(outcome, Failed | Killed | TimedOut | NotStarted)
}

/// A success is an attempt that counts and isn't a failure.
fn completed(life: &Life) -> u32 {
    u32::from(life.state == State::Completed)
}

fn pairs(lived: &[Tried]) -> impl Iterator<Item = (&Tried, &Tried)> {
    lived.iter().zip(lived.iter().skip(1))
}
