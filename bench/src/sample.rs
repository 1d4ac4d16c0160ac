//! Repeated measurements, and what is told of them.

use std::time::Duration;

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// The smallest value that `percent` of all don't exceed.
pub(crate) fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    let place = rank.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// Measurements of ours and of a reference, one of each a round, so that both
/// suffer alike from whatever else the machine does.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    ours: Vec<f64>,
    reference: Vec<f64>,
}

impl Pairs {
    pub(crate) fn push(&mut self, ours: f64, reference: f64) {
        self.ours.push(ours);
        self.reference.push(reference);
    }

    pub(crate) fn ours(&self) -> f64 {
        median(&self.ours)
    }

    pub(crate) fn reference(&self) -> f64 {
        median(&self.reference)
    }

    /// The median of the rounds' ratios.
    pub(crate) fn ratio(&self) -> f64 {
        let both = self.ours.iter().zip(&self.reference);
        let ratios: Vec<_> = both.map(|(ours, reference)| ours / reference).collect();
        median(&ratios)
    }
}

/// How many of them there are a second.
pub(crate) fn per_second(count: usize, length: Duration) -> f64 {
    count as f64 / length.as_secs_f64()
}

pub(crate) fn milliseconds(length: Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<_> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 50.0), 100.0);
        assert_eq!(percentile(&values, 99.0), 198.0);
        assert_eq!(percentile(&values, 100.0), 200.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn a_round_that_was_slow_for_both_does_not_change_the_ratio() {
        let mut pairs = Pairs::default();
        pairs.push(100.0, 200.0);
        pairs.push(10.0, 20.0);
        pairs.push(110.0, 220.0);
        assert_eq!(pairs.ratio(), 0.5);
        assert_eq!(pairs.ours(), 100.0);
    }
}
