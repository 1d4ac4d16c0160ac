//! The store against a plain model of it, built on `Life::apply`: after whatever may happen, in
//! whatever order, both must say the same.
//!
//! The model is free in one thing, as a store is: a retry whose time has come may be shown as
//! `failed` or, already, as `pending`.

mod agree;
mod known;
mod step;
mod turns;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use queuectl_domain::{Outcome, State};

use crate::scene::Scene;
use known::Known;
use step::{Step, steps};

pub(crate) fn whatever_happens_the_store_says_what_the_model_says<S: Scene>() {
    let config = Config::default();
    let config = Config {
        cases: config.cases.min(64), // fewer if PROPTEST_CASES says so
        failure_persistence: None,
        ..config
    };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&steps(), |steps| {
        play(&S::new(), &steps);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Without this the model could hold of nothing.
pub(crate) fn what_happens_to_the_model_is_enough_to_see_everything<S: Scene>() {
    let mut runner = TestRunner::deterministic();
    let mut states = [0; State::ALL.len()];
    let mut outcomes = [0; Outcome::ALL.len()];
    let mut lost = 0;
    for _ in 0..32 {
        if all_seen(&states) && all_seen(&outcomes) && lost > 0 {
            return;
        }
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let scene = S::new();
        let known = play(&scene, &steps);
        lost += known.lost;
        for entry in &known.jobs {
            states[entry.job.life.state as usize] += 1;
            for attempt in &entry.attempts {
                if let Some((_, ending)) = &attempt.ended {
                    outcomes[ending.outcome as usize] += 1;
                }
            }
        }
    }
    panic!("states {states:?}, outcomes {outcomes:?}, {lost} lost");
}

fn all_seen(counts: &[u32]) -> bool {
    counts.iter().all(|&count| count > 0)
}

fn play<'a, S: Scene>(scene: &'a S, steps: &[Step]) -> Known<'a, S> {
    let mut known = Known::new(scene);
    for step in steps {
        known.play(step);
        known.compare();
    }
    known.compare_attempts();
    known
}
