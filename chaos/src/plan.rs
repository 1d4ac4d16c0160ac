//! What the storm does when. All of it comes from the seed, before it begins; so
//! the same seed brings the same plan, however the queue takes it.

use std::time::Duration;

use fastrand::Rng;

use crate::fault::Fault;

/// One fault on the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// When, from the beginning of the storm.
    pub(crate) at: Duration,
    pub(crate) fault: Fault,
    /// Chooses whom it meets, among those who are there then.
    pub(crate) pick: usize,
    /// How long it lasts, if it lasts.
    pub(crate) length: Duration,
}

/// The plan of a storm.
pub(crate) fn plan(seed: u64, length: Duration) -> Vec<Step> {
    let mut random = Rng::with_seed(seed);
    let mut steps = Vec::new();
    for fault in Fault::ALL {
        for _ in 0..times(fault, length) {
            steps.push(Step {
                at: length.mul_f64(random.f64()),
                fault,
                pick: random.usize(..),
                length: freeze(&mut random),
            });
        }
    }
    steps.sort_by_key(|step| step.at);
    steps
}

fn times(fault: Fault, length: Duration) -> u32 {
    let times = f64::from(fault.per_minute()) * length.as_secs_f64() / 60.0;
    times.ceil() as u32
}

/// Mostly short; one in six is longer than what a live worker takes to notice a dead one.
fn freeze(random: &mut Rng) -> Duration {
    let longest = if random.u32(..6) == 0 { 4000 } else { 900 };
    Duration::from_millis(random.u64(50..longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_seed_brings_the_same_plan_each_time() {
        assert_eq!(plan(7, MINUTE), plan(7, MINUTE));
        assert_ne!(plan(7, MINUTE), plan(8, MINUTE));
    }

    #[test]
    fn a_minute_has_each_fault_that_is_planned() {
        let steps = plan(1, MINUTE);
        for fault in Fault::ALL {
            let times = steps.iter().filter(|step| step.fault == fault).count();
            assert_eq!(times, fault.per_minute() as usize, "{}", fault.what());
        }
        assert!(steps.iter().all(|step| step.at <= MINUTE));
        assert!(steps.is_sorted_by_key(|step| step.at));
    }
}
