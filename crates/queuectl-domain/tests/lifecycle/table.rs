//! The whole table of states and events.

use queuectl_domain::{
    Event, Fence, Life, Outcome, Policy, Rules, State, Timestamp, TransitionError,
};

use crate::{NOON, claim, dies, ending, rules, settle, worker};

/// Each row is a job as it can really become; each column is an event.
///
/// A cell is what becomes of the job, with its attempts and its crashes, or why nothing does:
/// `no` for a state that doesn't allow it, `stale` for a claim that isn't held, `early` before its time.
#[test]
fn the_whole_table_of_states_and_events_is_as_written_down() {
    let events = columns();
    let mut table = format!("{:32}", "");
    for (name, _) in &events {
        table += &format!("{name:<18}");
    }
    for (name, job) in rows() {
        table += &format!("\n{name:<32}");
        for (_, event) in &events {
            let became = job.apply(&table_rules(), event.clone(), &Policy::default(), NOON);
            table += &format!("{:<18}", cell(&became));
        }
    }
    let lines: Vec<_> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// The rules of all jobs here: three attempts.
fn table_rules() -> Rules {
    rules(3, 5)
}

fn cell(became: &Result<Life, TransitionError>) -> String {
    match became {
        Ok(life) => format!(
            "{} {}/{} {}",
            life.state,
            life.attempts,
            table_rules().max_retries,
            life.crashes
        ),
        Err(TransitionError::WrongState { .. }) => "no".into(),
        Err(TransitionError::StaleFence) => "stale".into(),
        Err(TransitionError::NotDue) => "early".into(),
    }
}

fn columns() -> Vec<(&'static str, Event)> {
    let settle = |fence, outcome| Event::Settle {
        fence: Fence(fence),
        ending: ending(outcome),
    };
    let release = |fence| Event::Release {
        fence: Fence(fence),
    };
    let crash = |name| Event::Crash {
        worker: worker(name),
    };
    vec![
        ("claim", claim("me", HELD + 1)),
        ("success", settle(HELD, Outcome::Completed)),
        ("failure", settle(HELD, Outcome::Failed)),
        ("stopped", settle(HELD, Outcome::Stopped)),
        ("crashed", settle(HELD, Outcome::Crashed)),
        ("older fence", settle(HELD - 1, Outcome::Completed)),
        ("newer fence", settle(HELD + 1, Outcome::Completed)),
        ("released", release(HELD)),
        ("other released", release(HELD + 1)),
        ("worker dies", crash("me")),
        ("another dies", crash("another")),
        ("due", Event::Due),
        ("clock set back", Event::ClockSetBack),
        ("retry", Event::Retry),
        ("bury", Event::Bury { reason: None }),
        ("stop", Event::Stop { reason: None }),
    ]
}

/// The fence under which the jobs of the table are processed.
const HELD: i64 = 9;

fn rows() -> Vec<(&'static str, Life)> {
    let fresh = Life::new(NOON);
    let failed_once = after_failures(&fresh, 1, NOON);
    let long_ago = Timestamp(NOON.0 - 3_600_000_000);
    let failed_twice = after_failures(&fresh, 2, long_ago);
    let waits_for_its_last = then(&failed_twice, Event::Due);
    let crashed = |times| (0..times).fold(fresh.clone(), |job, _| then(&running(&job), dies()));
    let gave_up = after_failures(&fresh, 3, long_ago);
    let stopped = |job| then(&running(job), Event::Stop { reason: None });
    let finished = then(&running(&fresh), settle(Fence(HELD), Outcome::Completed));
    vec![
        ("pending, new", fresh.clone()),
        ("pending, last attempt left", waits_for_its_last.clone()),
        ("pending, last crash left", crashed(2)),
        ("processing, attempts left", running(&fresh)),
        ("processing, its last attempt", running(&waits_for_its_last)),
        ("processing, last crash left", running(&crashed(2))),
        ("processing, to be stopped", stopped(&fresh)),
        ("  the same, its last attempt", stopped(&waits_for_its_last)),
        ("  the same, last crash left", stopped(&crashed(2))),
        ("completed", finished),
        ("failed, retry not due", failed_once),
        ("failed, retry due", failed_twice),
        ("dead, out of attempts", gave_up),
        ("dead, out of crashes", crashed(3)),
        ("dead, by hand", then(&fresh, Event::Bury { reason: None })),
    ]
}

fn after_failures(job: &Life, times: u32, at: Timestamp) -> Life {
    let policy = Policy::default();
    let mut job = job.clone();
    for _ in 0..times {
        if job.state == State::Failed {
            let due = job.ready_at;
            job = job
                .apply(&table_rules(), Event::Due, &policy, due)
                .expect("it is due");
        }
        let settled = settle(Fence(HELD), Outcome::Failed);
        job = running(&job)
            .apply(&table_rules(), settled, &policy, at)
            .expect("the fence is right");
    }
    job
}

fn running(job: &Life) -> Life {
    then(job, claim("me", HELD))
}

fn then(job: &Life, event: Event) -> Life {
    job.apply(&table_rules(), event, &Policy::default(), NOON)
        .expect("the table's rows are lives that can be")
}

#[test]
fn every_way_to_fail_does_the_same_to_a_job() {
    let job = running(&Life::new(NOON));
    let settled = |outcome| {
        let event = settle(Fence(HELD), outcome);
        let after = then(&job, event);
        (after.state, after.attempts, after.crashes, after.ready_at)
    };
    let failed = settled(Outcome::Failed);
    for outcome in [Outcome::Killed, Outcome::TimedOut, Outcome::NotStarted] {
        assert_eq!(settled(outcome), failed, "{outcome}");
    }
}

#[test]
fn a_refusal_says_what_stands_against_it() {
    let refusal = |job: &Life, event| {
        let became = job.apply(&table_rules(), event, &Policy::default(), NOON);
        let error = became.unwrap_err();
        error.to_string()
    };
    let fresh = Life::new(NOON);
    let retry = Event::Retry;
    insta::assert_snapshot!(refusal(&fresh, retry), @"is pending, so it can't be retried");
    let busy = running(&fresh);
    insta::assert_snapshot!(refusal(&busy, Event::Bury { reason: None }), @"is being processed, so it can't be put into the dead letter queue");
    insta::assert_snapshot!(refusal(&busy, settle(Fence(1), Outcome::Failed)), @"is no longer held under this claim");
    insta::assert_snapshot!(refusal(&fresh, Event::Stop { reason: None }), @"is pending, so it can't be stopped");
    insta::assert_snapshot!(busy.check_removable().unwrap_err().to_string(), @"is being processed, so it can't be removed");
}

#[test]
fn a_retry_by_hand_is_a_new_start() {
    let dead = after_failures(&Life::new(NOON), 3, NOON);
    let again = then(&dead, Event::Retry);
    let seen = (again.attempts, again.crashes, again.last_error);
    assert_eq!(seen, (0, 0, None));
}

#[test]
fn a_stopped_job_says_why_however_its_run_has_ended() {
    let reason = Some("it ran away".to_owned());
    let stop = Event::Stop {
        reason: reason.clone(),
    };
    let job = then(&running(&Life::new(NOON)), stop);
    let held = Fence(HELD);
    for end in [
        settle(held, Outcome::Stopped),
        settle(held, Outcome::Failed),
        settle(held, Outcome::Crashed),
        Event::Release { fence: held },
        dies(),
    ] {
        let after = then(&job, end);
        assert_eq!(
            (after.state, after.last_error),
            (State::Dead, reason.clone())
        );
    }
    let by_itself = then(&job, settle(held, Outcome::Completed));
    assert_eq!(
        (by_itself.state, by_itself.last_error),
        (State::Completed, None)
    );
}

#[test]
fn a_job_out_of_attempts_says_why() {
    let dead = after_failures(&Life::new(NOON), 3, NOON);
    assert_eq!(dead.last_error.as_deref(), Some("Exit code 7"));
    assert_eq!(dead.exit_code, Some(7));
}
