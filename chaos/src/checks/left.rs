//! Promise 5: no process of a finished, timed-out, stopped or crashed job stays behind.
//!
//! What stays while its job goes on shows as an overlap of its next run; here
//! is what stays when no job runs any more.

use crate::evidence::Evidence;

pub(super) fn broken(evidence: &Evidence) -> Vec<String> {
    let left = evidence.left.iter();
    left.map(|line| format!("still there: {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{completed, evidence};
    use super::*;

    #[test]
    fn a_process_that_stays_is_told() {
        let mut evidence = evidence(vec![completed("a")]);
        assert!(broken(&evidence).is_empty());
        evidence.left.push("child of a".to_owned());
        assert_eq!(broken(&evidence), ["still there: child of a"]);
    }
}
