//! Promise 4: each attempt has a larger fence than all before it, and who comes back
//! with an old one changes nothing: each job has exactly the results of its own runs.

use std::collections::HashMap;

use queuectl_domain::Outcome;

use crate::evidence::{Evidence, Run};
use crate::ledger::{Line, What};

pub(super) fn broken(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    let mut runs: HashMap<i64, (&str, &Run)> = HashMap::new();
    for job in &evidence.jobs {
        for run in &job.runs {
            if let Some((other, _)) = runs.insert(run.fence, (&job.id, run)) {
                let fence = run.fence;
                broken.push(format!(
                    "fence {fence} was given to {other} and to {}",
                    job.id
                ));
            }
        }
    }
    let mut newest: HashMap<&str, i64> = HashMap::new();
    for line in &evidence.ledger {
        if line.begins()
            && let Some(before) = newest.insert(&line.job, line.fence)
            && before >= line.fence
        {
            let Line { job, fence, .. } = line;
            broken.push(format!("{job} ran with fence {fence} after {before}"));
        }
        match runs.get(&line.fence) {
            Some((job, run)) if *job == line.job => compare(line, run, &mut broken),
            _ => broken.push(format!(
                "{} ran with fence {}, of which the store knows nothing",
                line.job, line.fence
            )),
        }
    }
    results(evidence, &mut broken);
    broken
}

/// What a run was told must be what the store gave out.
fn compare(line: &Line, run: &Run, broken: &mut Vec<String>) {
    if (line.attempt, &line.worker) != (run.attempt, &run.worker) {
        broken.push(format!(
            "{} with fence {} ran as attempt {} of {}; the store has attempt {} of {}",
            line.job, line.fence, line.attempt, line.worker, run.attempt, run.worker
        ));
    }
}

/// Each result must be that of the run with the same fence.
fn results(evidence: &Evidence, broken: &mut Vec<String>) {
    let mut finished: HashMap<i64, u8> = HashMap::new();
    for line in &evidence.ledger {
        if let What::Finish(code) = line.what {
            finished.insert(line.fence, code);
        }
    }
    for job in &evidence.jobs {
        for run in &job.runs {
            let code = finished.get(&run.fence);
            let fits = match run.ended.map(|(_, outcome)| outcome) {
                Some(Outcome::Completed) => code == Some(&0),
                // A signal to a job behind a shell makes the shell fail.
                Some(Outcome::Failed) => code != Some(&0),
                Some(_) | None => true,
            };
            if !fits {
                broken.push(format!(
                    "{} with fence {} is recorded as {}; the run itself ended with {code:?}",
                    job.id,
                    run.fence,
                    run.ended.map_or("running", |(_, outcome)| outcome.as_str()),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use queuectl_domain::State;

    use super::super::made_up::{begin, completed, evidence, finish, job, run};
    use super::*;

    #[test]
    fn two_attempts_with_rising_fences_are_well() {
        let runs = vec![run(1, 1, Outcome::Crashed), run(2, 1, Outcome::Completed)];
        let mut evidence = evidence(vec![job("a", State::Completed, 1, runs)]);
        evidence.ledger = vec![begin("a", 1), begin("a", 2), finish("a", 2, 0)];
        assert_eq!(broken(&evidence), [""; 0]);
        evidence.ledger.swap(0, 1);
        assert_eq!(broken(&evidence), ["a ran with fence 1 after 2"]);
    }

    #[test]
    fn a_fence_is_given_once() {
        let evidence = evidence(vec![completed("a"), completed("b")]);
        let said = broken(&evidence);
        assert!(
            said.contains(&"fence 1 was given to a and to b".to_owned()),
            "{said:?}"
        );
    }

    #[test]
    fn a_run_that_the_store_doesnt_know_is_told() {
        let mut evidence = evidence(vec![completed("a")]);
        evidence.ledger.push(begin("a", 9));
        let said = broken(&evidence);
        assert_eq!(
            said,
            ["a ran with fence 9, of which the store knows nothing"]
        );
    }

    #[test]
    fn a_run_of_another_worker_is_told() {
        let mut evidence = evidence(vec![completed("a")]);
        evidence.ledger[0].worker = "zombie".to_owned();
        assert_eq!(broken(&evidence).len(), 1);
    }

    #[test]
    fn a_result_that_isnt_the_runs_own_is_told() {
        let mut evidence = evidence(vec![completed("a")]);
        evidence.ledger = vec![begin("a", 1)];
        let said = "a with fence 1 is recorded as completed; the run itself ended with None";
        assert_eq!(broken(&evidence), [said]);
    }
}
