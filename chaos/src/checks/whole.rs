//! The store is whole, its counters are what there is, and workers leave nothing behind.

use queuectl_domain::State;

use crate::evidence::Evidence;

pub(super) fn broken(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    if evidence.integrity != "ok" {
        broken.push(format!("integrity_check: {}", evidence.integrity));
    }
    for state in State::ALL {
        let rows = evidence
            .jobs
            .iter()
            .filter(|job| job.state == state)
            .count() as u64;
        let counter = evidence.counters.of(state);
        if counter != rows {
            broken.push(format!(
                "{rows} jobs are {state}, and the counter says {counter}"
            ));
        }
    }
    broken.extend(evidence.remains.iter().cloned());
    broken
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{completed, evidence};
    use super::*;

    #[test]
    fn a_damaged_file_is_told() {
        let mut evidence = evidence(vec![completed("a")]);
        assert!(broken(&evidence).is_empty());
        evidence.integrity = "row 3 missing from index".to_owned();
        assert_eq!(
            broken(&evidence),
            ["integrity_check: row 3 missing from index"]
        );
    }

    #[test]
    fn counters_are_held_against_rows() {
        let mut evidence = evidence(vec![completed("a")]);
        *evidence.counters.of_mut(State::Completed) = 2;
        assert_eq!(
            broken(&evidence),
            ["1 jobs are completed, and the counter says 2"]
        );
    }

    #[test]
    fn what_workers_leave_is_told() {
        let mut evidence = evidence(vec![]);
        evidence.remains.push("there is a lock".to_owned());
        assert_eq!(broken(&evidence), ["there is a lock"]);
    }
}
