//! Promise 2: a job runs at least once, never twice at the same time, and never by itself
//! once its result is recorded.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use queuectl_domain::{Outcome, State};

use super::replay::replay;
use super::{allowance, unfrozen};
use crate::evidence::Evidence;
use crate::ledger::What;

/// How long a result may be on its way to the store while nothing is frozen.
const ON_ITS_WAY: Duration = Duration::from_secs(3);

pub(super) fn broken(evidence: &Evidence) -> Vec<String> {
    let mut broken = Vec::new();
    overlaps(evidence, &mut broken);
    lost_results(evidence, &mut broken);
    let begun: HashSet<&str> = evidence
        .ledger
        .iter()
        .filter(|line| line.begins())
        .map(|line| line.job.as_str())
        .collect();
    for job in &evidence.jobs {
        // What never came as far as its first line must have an attempt that was cut short.
        let cut_short = job.runs.iter().any(|run| {
            run.ended
                .is_some_and(|(_, how)| !matches!(how, Outcome::Completed | Outcome::Failed))
        });
        if !begun.contains(job.id.as_str()) && (job.state == State::Completed || !cut_short) {
            broken.push(format!("{} never ran", job.id));
        }
        match replay(job, evidence.crash_limit) {
            Err(impossible) => broken.push(impossible),
            Ok(replayed) => {
                let tried = evidence.record.retries_of(&job.id);
                if replayed.retries > tried {
                    broken.push(format!(
                        "{} came back from the dead {} times, and was retried {tried} times",
                        job.id, replayed.retries
                    ));
                }
            }
        }
        // As the store saw it; what the jobs themselves saw is looked at above.
        for (earlier, later) in job.runs.iter().zip(job.runs.iter().skip(1)) {
            if earlier.ended.is_none_or(|(at, _)| at > later.started) {
                broken.push(format!(
                    "{} was given out with fence {} before {} had ended",
                    job.id, later.fence, earlier.fence
                ));
            }
        }
    }
    broken
}

/// Results that weren't recorded though there was time for it: long after the run had ended,
/// its worker died or was stopped, and it counted as cut short.
fn lost_results(evidence: &Evidence, broken: &mut Vec<String>) {
    let record = &evidence.record;
    let mut finished: HashMap<i64, u64> = HashMap::new();
    for line in &evidence.ledger {
        if let What::Finish(_) = line.what {
            finished.insert(line.fence, line.at);
        }
    }
    let died: HashMap<&str, u64> = record
        .deaths
        .iter()
        .map(|death| (death.worker.as_str(), death.at))
        .collect();
    for job in &evidence.jobs {
        for run in &job.runs {
            let Some((ended, Outcome::Crashed | Outcome::Stopped)) = run.ended else {
                continue;
            };
            let ended = (ended - record.ahead)
                .max(0)
                .unsigned_abs()
                .saturating_mul(1000);
            let until = died
                .get(run.worker.as_str())
                .map_or(ended, |died| ended.min(*died));
            let since = finished.get(&run.fence).copied().unwrap_or(until);
            let time = (since, until);
            if unfrozen(record, time) > ON_ITS_WAY + allowance(record, time) {
                broken.push(format!(
                    "the result of {} with fence {} was lost: its run had ended long before",
                    job.id, run.fence
                ));
            }
        }
    }
}

/// Runs that met another of the same job, or something that was still there after a later one began.
fn overlaps(evidence: &Evidence, broken: &mut Vec<String>) {
    let mut newest: HashMap<&str, i64> = HashMap::new();
    for line in &evidence.ledger {
        let known = newest.get(line.job.as_str()).copied();
        if let What::Overlap(held) = line.what {
            broken.push(format!(
                "{} began with fence {} while its run with fence {held} was there",
                line.job, line.fence
            ));
        }
        if line.begins() {
            newest.insert(&line.job, line.fence);
        } else if let Some(known) = known.filter(|known| *known != line.fence) {
            broken.push(format!(
                "the run of {} with fence {} went on after the one with {known} had begun",
                line.job, line.fence
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{begin, completed, evidence, finish, job, run};
    use super::*;
    use crate::ledger::Line;

    #[test]
    fn a_job_that_ran_once_is_well() {
        assert_eq!(broken(&evidence(vec![completed("a")])), [""; 0]);
    }

    #[test]
    fn a_completed_job_without_a_line_never_ran() {
        let mut evidence = evidence(vec![completed("a")]);
        evidence.ledger.clear();
        assert_eq!(broken(&evidence), ["a never ran"]);
    }

    #[test]
    fn a_job_whose_only_worker_was_killed_at_once_needs_no_line() {
        let runs = vec![run(1, 1, Outcome::Crashed)];
        let mut evidence = evidence(vec![job("a", State::Dead, 0, runs)]);
        evidence.ledger.clear();
        evidence.crash_limit = 1;
        assert_eq!(broken(&evidence), [""; 0]);
    }

    #[test]
    fn a_run_that_met_another_is_an_overlap() {
        let mut evidence = evidence(vec![completed("a")]);
        evidence.ledger[0].what = What::Overlap(7);
        let said = broken(&evidence);
        assert_eq!(
            said,
            ["a began with fence 1 while its run with fence 7 was there"]
        );
    }

    #[test]
    fn a_run_that_goes_on_after_the_next_has_begun_is_an_overlap() {
        let runs = vec![run(1, 1, Outcome::Crashed), run(2, 1, Outcome::Completed)];
        let mut evidence = evidence(vec![job("a", State::Completed, 1, runs)]);
        evidence.ledger = vec![
            begin("a", 1),
            begin("a", 2),
            finish("a", 1, 0),
            finish("a", 2, 0),
        ];
        let said = broken(&evidence);
        assert_eq!(
            said,
            ["the run of a with fence 1 went on after the one with 2 had begun"]
        );
    }

    #[test]
    fn a_second_result_is_one_too_many() {
        let runs = vec![run(1, 1, Outcome::Completed), run(2, 1, Outcome::Completed)];
        let mut evidence = evidence(vec![job("a", State::Completed, 1, runs)]);
        evidence
            .ledger
            .extend::<Vec<Line>>(vec![begin("a", 2), finish("a", 2, 0)]);
        assert_eq!(
            broken(&evidence),
            ["a ran again, with fence 2, though completed"]
        );
    }

    #[test]
    fn a_result_that_had_time_to_be_recorded_and_wasnt_is_lost() {
        let mut crashed = run(1, 1, Outcome::Crashed);
        crashed.ended = Some((20_000_000, Outcome::Crashed));
        let mut evidence = evidence(vec![job("a", State::Dead, 0, vec![crashed])]);
        evidence.crash_limit = 1;
        let mut late = finish("a", 1, 0);
        late.at = 18_000_000_000;
        evidence.ledger.push(late);
        assert_eq!(broken(&evidence), [""; 0]);
        evidence.ledger[1].at = 1_000_000_000;
        let said = "the result of a with fence 1 was lost: its run had ended long before";
        assert_eq!(broken(&evidence), [said]);
    }

    #[test]
    fn nothing_comes_back_from_the_dead_by_itself() {
        let runs = vec![run(1, 3, Outcome::Failed), run(2, 1, Outcome::Completed)];
        let mut job = job("a", State::Completed, 1, runs);
        job.max_retries = 1;
        job.runs[0].attempt = 1;
        let mut evidence = evidence(vec![job]);
        let said = "a came back from the dead 1 times, and was retried 0 times";
        assert_eq!(broken(&evidence), [said]);
        evidence.record.retries.push(Some(vec!["a".to_owned()]));
        assert_eq!(broken(&evidence), [""; 0]);
    }

    #[test]
    fn a_job_isnt_given_out_before_its_last_attempt_has_ended() {
        let runs = vec![run(1, 1, Outcome::Crashed), run(2, 1, Outcome::Completed)];
        let mut evidence = evidence(vec![job("a", State::Completed, 1, runs)]);
        evidence.jobs[0].runs[0].ended = Some((i64::MAX, Outcome::Crashed));
        let said = broken(&evidence);
        assert_eq!(said, ["a was given out with fence 2 before 1 had ended"]);
    }
}
