//! Promise 3: a dead worker's jobs run again within a second, and crashes have their own count.

use std::time::Duration;

use queuectl_domain::Outcome;

use super::replay::replay;
use super::{allowance, length};
use crate::evidence::Evidence;
use crate::record::{Death, Record, Span};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(1);
const LIMIT_NANOS: u64 = LIMIT.as_nanos() as u64;

pub(super) fn broken(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    for job in &evidence.jobs {
        // What is impossible is promise 2's.
        let Ok(replayed) = replay(job, evidence.crash_limit) else {
            continue;
        };
        let is = (job.state, job.attempts, job.crashes);
        let must = (replayed.state, replayed.attempts, replayed.crashes);
        if is != must {
            broken.push(format!(
                "{} is {} with {} attempts and {} crashes; by what happened to it it must be {} with {} and {}",
                job.id, is.0, is.1, is.2, must.0, must.1, must.2
            ));
        }
    }
    let times = Times::of(evidence);
    for (what, times) in [
        ("after the storm", &times.calm),
        ("in the storm", &times.storm),
    ] {
        for rescue in times.iter().filter(|rescue| rescue.took > rescue.limit) {
            let (took, limit) = (rescue.took.as_secs_f64(), rescue.limit.as_secs_f64());
            broken.push(format!(
                "a rescue {what} took {took:.2} s, more than {limit:.2} s"
            ));
        }
    }
    broken
}

/// How long rescues took.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// From a worker's death to the next start of its job, where another had nothing to do.
    pub(crate) calm: Vec<Rescue>,
    /// From a worker's death to the return of its jobs to the queue, where at least
    /// one other worker was there all the time and nothing was frozen.
    pub(crate) storm: Vec<Rescue>,
}

/// How long a rescue took, and how long it might.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rescue {
    pub(crate) took: Duration,
    pub(crate) limit: Duration,
}

impl Times {
    pub(crate) fn of(evidence: &Evidence) -> Self {
        let record = &evidence.record;
        let probes = record.probes.iter();
        let calm = probes.map(|probe| Rescue::of(record, (probe.killed_at, probe.begun_at)));
        let deaths = record
            .deaths
            .iter()
            .filter(|death| is_undisturbed(record, death));
        let storm = deaths.flat_map(|death| {
            let runs = evidence.jobs.iter().flat_map(|job| &job.runs);
            let crashed = runs
                .filter(|run| run.worker == death.worker)
                .filter_map(|run| {
                    let (at, how) = run.ended?;
                    (how == Outcome::Crashed).then(|| at.saturating_sub(death.wall))
                });
            crashed.map(|micros| {
                let nanos = micros.max(0).unsigned_abs() * 1000;
                Rescue::of(record, (death.at, death.at + nanos))
            })
        });
        Self {
            calm: calm.collect(),
            storm: storm.collect(),
        }
    }
}

impl Rescue {
    fn of(record: &Record, time: Span) -> Self {
        Self {
            took: Duration::from_nanos(length(time)),
            limit: LIMIT + allowance(record, time),
        }
    }
}

fn is_undisturbed(record: &Record, death: &Death) -> bool {
    let window = (death.at, death.at + LIMIT_NANOS);
    let touches = |span: &Span| span.0 <= window.1 && window.0 <= span.1;
    let spans = |span: &Span| span.0 < window.0 && window.1 < span.1;
    // Who was taken for dead before has had its jobs taken away then.
    !record.taken_for_dead.contains(&death.worker)
        && !record.frozen.iter().any(touches)
        && record
            .stays
            .iter()
            .any(|stay| stay.worker != death.worker && spans(&stay.span))
}

#[cfg(test)]
mod tests {
    use queuectl_domain::State;

    use super::super::made_up::{completed, evidence, job, run};
    use super::*;
    use crate::record::{Probe, Stay};

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn crashes_have_a_count_of_their_own() {
        let runs = vec![run(1, 1, Outcome::Crashed), run(2, 1, Outcome::Completed)];
        let mut evidence = evidence(vec![job("a", State::Completed, 1, runs)]);
        let [said] = broken(&evidence).try_into().unwrap();
        assert!(said.contains("0 crashes"), "{said}");
        evidence.jobs[0].crashes = 1;
        assert_eq!(broken(&evidence), [""; 0]);
    }

    #[test]
    fn a_crash_that_took_an_attempt_is_told() {
        let runs = vec![run(1, 1, Outcome::Crashed), run(2, 1, Outcome::Completed)];
        let mut evidence = evidence(vec![job("a", State::Completed, 2, runs)]);
        evidence.jobs[0].crashes = 1;
        assert_eq!(broken(&evidence).len(), 1);
    }

    #[test]
    fn a_rescue_takes_a_second_at_most() {
        let mut evidence = evidence(vec![completed("a")]);
        let probe = |begun_at| Probe {
            killed_at: SECOND,
            begun_at,
        };
        evidence.record.probes = vec![probe(SECOND * 3 / 2)];
        assert_eq!(broken(&evidence), [""; 0]);
        evidence.record.probes.push(probe(SECOND * 7 / 2));
        let said = "a rescue after the storm took 2.50 s, more than 1.00 s";
        assert_eq!(broken(&evidence), [said]);
        evidence.record.slow.push((SECOND * 2, SECOND * 9 / 4));
        assert_eq!(
            broken(&evidence),
            [""; 0],
            "each step took a quarter of a second"
        );
    }

    /// Worker `w` is killed at second 10, and its job comes back after two.
    fn killed() -> Evidence {
        let mut crashed = run(1, 1, Outcome::Crashed);
        crashed.ended = Some((2_000_000, Outcome::Crashed));
        let mut second = run(2, 1, Outcome::Completed);
        second.started = 2_000_000;
        second.ended = Some((2_000_001, Outcome::Completed));
        let mut evidence = evidence(vec![job("a", State::Completed, 1, vec![crashed, second])]);
        evidence.jobs[0].crashes = 1;
        evidence.record.deaths.push(Death {
            worker: "w".to_owned(),
            at: 10 * SECOND,
            wall: 0,
        });
        evidence.record.stays.push(Stay {
            worker: "other".to_owned(),
            span: (SECOND, 20 * SECOND),
        });
        evidence
    }

    #[test]
    fn a_slow_rescue_in_the_storm_is_told_if_nothing_excuses_it() {
        let evidence = killed();
        assert_eq!(
            broken(&evidence),
            ["a rescue in the storm took 2.00 s, more than 1.00 s"]
        );
        let mut frozen = evidence.clone();
        frozen.record.frozen.push((10 * SECOND, 11 * SECOND));
        assert_eq!(broken(&frozen), [""; 0]);
        let mut alone = evidence;
        alone.record.stays.clear();
        assert_eq!(broken(&alone), [""; 0]);
    }
}
