//! Promise 1: an enqueue that was answered is never lost. What is kept comes to an end.

use std::collections::{HashMap, HashSet};

use queuectl_domain::State;

use crate::evidence::Evidence;

pub(super) fn broken(evidence: &Evidence) -> Vec<String> {
    let tried: HashMap<&str, bool> = evidence
        .record
        .enqueued
        .iter()
        .map(|job| (job.id.as_str(), job.answered))
        .collect();
    let there: HashSet<&str> = evidence.jobs.iter().map(|job| job.id.as_str()).collect();
    let mut broken = Vec::new();
    for (id, _) in tried.iter().filter(|(_, answered)| **answered) {
        if !there.contains(id) {
            broken.push(format!("{id} was answered and isn't there"));
        }
    }
    for job in &evidence.jobs {
        if !tried.contains_key(job.id.as_str()) {
            broken.push(format!("{} is there and nobody enqueued it", job.id));
        }
        if !matches!(job.state, State::Completed | State::Dead) {
            broken.push(format!("{} is stuck: {}", job.id, job.state));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{completed, evidence, job};
    use super::*;

    #[test]
    fn a_job_that_was_answered_and_isnt_there_is_lost() {
        let mut evidence = evidence(vec![completed("a")]);
        assert!(broken(&evidence).is_empty());
        evidence.jobs.clear();
        assert_eq!(broken(&evidence), ["a was answered and isn't there"]);
        evidence.record.enqueued[0].answered = false;
        assert!(broken(&evidence).is_empty());
    }

    #[test]
    fn a_job_that_nobody_enqueued_is_too_much() {
        let mut evidence = evidence(vec![completed("a")]);
        evidence.record.enqueued.clear();
        assert_eq!(broken(&evidence), ["a is there and nobody enqueued it"]);
    }

    #[test]
    fn a_job_that_never_ended_is_stuck() {
        let evidence = evidence(vec![job("a", State::Processing, 1, vec![])]);
        assert_eq!(broken(&evidence), ["a is stuck: processing"]);
    }
}
