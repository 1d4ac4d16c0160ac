//! The storm was one: in a long one each fault really happened, each kind of job ran,
//! and each way to end was met. A check of nothing would be green as well.

use std::collections::BTreeSet;

use queuectl_domain::Outcome;

use crate::evidence::Evidence;
use crate::fault::Fault;
use crate::kind::Kind;

pub(super) fn broken(evidence: &Evidence) -> Vec<String> {
    if !evidence.long {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for fault in Fault::ALL {
        if !evidence.record.tally.contains_key(&fault) {
            broken.push(format!("never happened: {}", fault.what()));
        }
    }
    let kinds: BTreeSet<Kind> = evidence
        .record
        .enqueued
        .iter()
        .map(|job| job.kind)
        .collect();
    for kind in Kind::ALL {
        if !kinds.contains(&kind) {
            broken.push(format!("no job was {kind}"));
        }
    }
    let runs = evidence.jobs.iter().flat_map(|job| &job.runs);
    let outcomes: BTreeSet<&str> = runs
        .filter_map(|run| run.ended.map(|(_, outcome)| outcome.as_str()))
        .collect();
    for outcome in Outcome::ALL {
        // The helper is always there to be started.
        if outcome != Outcome::NotStarted && !outcomes.contains(outcome.as_str()) {
            broken.push(format!("no attempt was {outcome}"));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{completed, evidence};
    use super::*;

    #[test]
    fn a_long_storm_without_a_fault_is_told() {
        let mut evidence = evidence(vec![completed("a")]);
        assert!(broken(&evidence).is_empty());
        evidence.long = true;
        let said = broken(&evidence);
        assert!(
            said.contains(&"never happened: SIGKILL to a worker".to_owned()),
            "{said:?}"
        );
        evidence.record.tally = Fault::ALL.map(|fault| (fault, 1)).into();
        let said = broken(&evidence);
        assert!(said.contains(&"no job was chatty".to_owned()), "{said:?}");
        assert!(
            said.contains(&"no attempt was crashed".to_owned()),
            "{said:?}"
        );
        assert!(
            !said.iter().any(|line| line.starts_with("never")),
            "{said:?}"
        );
    }
}
