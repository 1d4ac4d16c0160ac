//! Each attempt that didn't end by itself ended for a reason, and the storm knows
//! each reason that there was. So what was done to one worker or job was done to no other.

use std::collections::{HashMap, HashSet};

use queuectl_domain::Outcome;

use crate::evidence::{Evidence, Run};
use crate::kind::Kind;
use crate::ledger::What;
use crate::record::Record;

pub(super) fn broken(evidence: &Evidence) -> Vec<String> {
    let record = &evidence.record;
    let kinds: HashMap<&str, Kind> = record
        .enqueued
        .iter()
        .map(|job| (job.id.as_str(), job.kind))
        .collect();
    let killed: HashSet<&str> = record
        .deaths
        .iter()
        .map(|death| death.worker.as_str())
        .collect();
    let mut signalled: HashSet<i64> = HashSet::new();
    let mut finished: HashMap<i64, u8> = HashMap::new();
    for line in &evidence.ledger {
        if record.signalled.contains(&line.process) {
            signalled.insert(line.fence);
        }
        if let What::Finish(code) = line.what {
            finished.insert(line.fence, code);
        }
    }
    let mut broken = Vec::new();
    for job in &evidence.jobs {
        let kind = kinds.get(job.id.as_str()).copied();
        for run in &job.runs {
            let Some((_, outcome)) = run.ended else {
                continue;
            };
            let code = finished.get(&run.fence).copied();
            let was_signalled = signalled.contains(&run.fence);
            let has_cause = match outcome {
                Outcome::Completed => true,
                Outcome::Failed => was_signalled || code.is_some_and(|code| code != 0),
                Outcome::Killed => was_signalled,
                Outcome::TimedOut => kind.is_some_and(Kind::times_out),
                Outcome::NotStarted => false,
                Outcome::Stopped => record.stopped_now.contains(&run.worker),
                Outcome::Crashed => {
                    killed.contains(run.worker.as_str()) || was_taken_for_dead(record, run)
                }
            };
            if !has_cause {
                broken.push(format!(
                    "{} ({}) with fence {} of {} is recorded as {outcome}, and nothing was done to it",
                    job.id,
                    kind.map_or("?", Kind::name),
                    run.fence,
                    run.worker
                ));
            }
        }
    }
    broken.extend(record.odd.iter().cloned());
    broken
}

fn was_taken_for_dead(record: &Record, run: &Run) -> bool {
    record.taken_for_dead.contains(&run.worker)
}

#[cfg(test)]
mod tests {
    use queuectl_domain::State;

    use super::super::made_up::{begin, evidence, job, run};
    use super::*;
    use crate::record::Death;

    fn ended(outcome: Outcome) -> Evidence {
        let mut evidence = evidence(vec![job("a", State::Dead, 1, vec![run(1, 1, outcome)])]);
        evidence.ledger = vec![begin("a", 1)];
        evidence
    }

    #[test]
    fn each_end_needs_its_cause() {
        use Outcome::{Crashed, Failed, Killed, NotStarted, Stopped, TimedOut};
        for outcome in [Failed, Killed, TimedOut, NotStarted, Stopped, Crashed] {
            assert_eq!(broken(&ended(outcome)).len(), 1, "{outcome}");
        }
    }

    #[test]
    fn a_signal_is_a_cause_of_a_violent_end() {
        let mut evidence = ended(Outcome::Killed);
        evidence.record.signalled.insert(evidence.ledger[0].process);
        assert_eq!(broken(&evidence), [""; 0]);
    }

    #[test]
    fn a_workers_death_is_a_cause_of_a_crash() {
        let mut evidence = ended(Outcome::Crashed);
        let death = |worker: &str| Death {
            worker: worker.to_owned(),
            at: 0,
            wall: 0,
        };
        evidence.record.deaths.push(death("another"));
        assert_eq!(broken(&evidence).len(), 1);
        evidence.record.deaths.push(death("w"));
        assert_eq!(broken(&evidence), [""; 0]);
    }

    #[test]
    fn what_nobody_did_is_told() {
        let mut evidence = evidence(vec![]);
        evidence.record.odd.push("a worker vanished".to_owned());
        assert_eq!(broken(&evidence), ["a worker vanished"]);
    }
}
