//! What may happen to a store.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use queuectl_domain::{Ending, Key, NewJob, Outcome, Timeout};
use queuectl_store::{Clear, Existing, StopMode};

use crate::hand::{With, named, seconds, unnamed};

/// How many workers there are at a time.
pub(super) const WORKERS: usize = 3;

/// One thing that happens. A number that picks a job counts from the oldest, around the end.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Pass(Duration),
    Enqueue(Vec<NewJob>, Existing),
    /// Takes back what was added last.
    Withdraw,
    Turn(Told),
    /// A worker has its results on disk.
    Sync(usize),
    /// A worker is asked to stop.
    Stop(usize, StopMode),
    /// All go on with new handles.
    Reopen,
    Retry(Vec<usize>),
    RetryAll(Option<Timeout>),
    Bury(usize, Option<String>),
    /// A user wants a run ended.
    StopJob(usize, Option<String>),
    Remove(usize),
    Clear(Clear),
    Rescue {
        worker: usize,
        /// How many of its jobs it is known to have begun, if that is known.
        begun: Option<usize>,
    },
    Unregister(usize),
    /// A worker that has been taken for dead speaks.
    Zombie,
    Set(Key, &'static str),
}

/// What a worker says and wants in a turn.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) worker: usize,
    pub(super) free: usize,
    /// How the first of its jobs have ended.
    pub(super) endings: Vec<Ending>,
    /// Whether it gives back the last of them.
    pub(super) releases: bool,
    /// Whether it says once more how a lost claim has ended.
    pub(super) late: bool,
    /// Whether the first of those that still run has printed something.
    pub(super) prints: bool,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    (enqueue(), vec(step(), 1..50)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        rest
    })
}

fn step() -> impl Strategy<Value = Step> {
    let job = || 0..12usize;
    let worker = || 0..WORKERS;
    let reason = option::of(Just("because".to_owned()));
    prop_oneof![
        5 => (0..12_000u64).prop_map(|millis| Step::Pass(Duration::from_millis(millis))),
        1 => (0..20u64).prop_map(|minutes| Step::Pass(seconds(60 * minutes))),
        4 => enqueue(),
        1 => Just(Step::Withdraw),
        16 => turn(),
        1 => vec(job(), 0..3).prop_map(Step::Retry),
        2 => option::of((0..9u64).prop_map(|count| Timeout::from(seconds(count))))
            .prop_map(Step::RetryAll),
        1 => (job(), reason).prop_map(|(job, reason)| Step::Bury(job, reason)),
        2 => (job(), option::of(Just("enough".to_owned())))
            .prop_map(|(job, reason)| Step::StopJob(job, reason)),
        1 => job().prop_map(Step::Remove),
        1 => select(&CLEARINGS[..]).prop_map(Step::Clear),
        2 => (worker(), option::of(0..3usize))
            .prop_map(|(worker, begun)| Step::Rescue { worker, begun }),
        1 => worker().prop_map(Step::Unregister),
        1 => Just(Step::Zombie),
        1 => worker().prop_map(Step::Sync),
        1 => (worker(), select(&[StopMode::Drain, StopMode::Now][..]))
            .prop_map(|(worker, mode)| Step::Stop(worker, mode)),
        1 => Just(Step::Reopen),
        1 => select(&SETTINGS[..]).prop_map(|(key, value)| Step::Set(key, value)),
    ]
}

const CLEARINGS: [Clear; 4] = [
    Clear::Dead,
    Clear::Dead,
    Clear::All { force: false },
    Clear::All { force: true },
];

const SETTINGS: [(Key, &str); 6] = [
    (Key::CrashLimit, "none"),
    (Key::CrashLimit, "1"),
    (Key::CrashLimit, "2"),
    (Key::MaxBackoff, "1.5"),
    (Key::MaxBackoff, "600"),
    (Key::Priority, "11"),
];

fn enqueue() -> impl Strategy<Value = Step> {
    let name = option::of(select(&["a", "b", "c", "d", "e", "f", "g", "h"][..]));
    // Few priorities and whole minutes make for ties.
    let job = (name, 4..=6i64, 1..=3i64, 1..=5i64).prop_map(|(name, priority, most, base)| {
        let job = name.map_or_else(unnamed, named);
        job.priority(priority).max_retries(most).backoff_base(base)
    });
    let existing = select(&[Existing::Refused, Existing::Skipped][..]);
    (vec(job, 0..4), existing).prop_map(|(jobs, existing)| Step::Enqueue(jobs, existing))
}

fn turn() -> impl Strategy<Value = Step> {
    let endings = vec(select(&Outcome::ALL[..]).prop_map(ending), 0..4);
    let flags = any::<[bool; 3]>();
    (0..WORKERS, 0..4usize, endings, flags).prop_map(|(worker, free, endings, flags)| {
        let [releases, late, prints] = flags;
        Step::Turn(Told {
            worker,
            free,
            endings,
            releases,
            late,
            prints,
        })
    })
}

fn ending(outcome: Outcome) -> Ending {
    let took = Duration::from_millis(1_234);
    match outcome {
        Outcome::Completed => Ending::exited(0, None, took),
        Outcome::Failed => Ending::exited(7, Some("no disk"), took),
        Outcome::Killed => Ending::killed(9, Some("SIGKILL"), None, took),
        Outcome::TimedOut => Ending::timed_out(Timeout::from(took), took),
        Outcome::NotStarted => Ending::not_started("no such file".into()),
        Outcome::Stopped => Ending::stopped(took),
        Outcome::Crashed => Ending::crashed(took),
    }
}
