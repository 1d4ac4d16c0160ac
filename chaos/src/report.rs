//! What happened, as a table, and what became of the promises.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::checks::{Times, Verdict};
use crate::evidence::Evidence;
use crate::fault::Fault;

/// How many places where a promise doesn't hold are shown.
const SHOWN: usize = 10;

/// The whole report.
pub(crate) fn text(evidence: &Evidence, verdicts: &[Verdict], length: Duration) -> String {
    let mut text = String::new();
    let mut line = |what: &str, count: String| {
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {what:<66} {count:>7}");
    };
    line("what happened", "times".to_owned());
    for fault in Fault::ALL {
        let times = evidence.record.tally.get(&fault).copied();
        line(fault.what(), times.unwrap_or_default().to_string());
    }
    let record = &evidence.record;
    let answered = record.enqueued.iter().filter(|job| job.answered).count();
    line("jobs enqueued and answered", answered.to_string());
    line("jobs in the store", evidence.jobs.len().to_string());
    for (outcome, count) in outcomes(evidence) {
        line(&format!("attempts {outcome}"), count.to_string());
    }
    let times = Times::of(evidence);
    for (what, times) in [
        ("death to the job's next start, in the calm", &times.calm),
        ("death to the job's return, in the storm", &times.storm),
    ] {
        let longest = times
            .iter()
            .map(|rescue| rescue.took)
            .max()
            .map_or("-".to_owned(), |time| {
                format!("{:.2} s", time.as_secs_f64())
            });
        line(
            &format!("longest from a worker's {what} ({})", times.len()),
            longest,
        );
    }
    let slow = record.slow.iter().map(|span| span.1 - span.0).max();
    let slow = Duration::from_nanos(slow.unwrap_or_default()).as_secs_f64();
    line(
        "longest that the machine itself took for a step of that (0: not long)",
        format!("{slow:.2} s"),
    );
    line("all of it took", format!("{:.0} s", length.as_secs_f64()));
    for verdict in verdicts {
        let well = if verdict.is_well() { "held" } else { "BROKEN" };
        line(verdict.promise, well.to_owned());
    }
    for verdict in verdicts.iter().filter(|verdict| !verdict.is_well()) {
        let _ = writeln!(text, "\nBROKEN: {}", verdict.promise);
        for place in verdict.broken.iter().take(SHOWN) {
            let _ = writeln!(text, "  {place}");
        }
        if let more @ 1.. = verdict.broken.len().saturating_sub(SHOWN) {
            let _ = writeln!(text, "  and {more} more");
        }
    }
    text
}

fn outcomes(evidence: &Evidence) -> BTreeMap<&'static str, usize> {
    let mut outcomes = BTreeMap::new();
    for run in evidence.jobs.iter().flat_map(|job| &job.runs) {
        let outcome = run.ended.map_or("running", |(_, outcome)| outcome.as_str());
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}
