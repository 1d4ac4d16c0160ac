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
        median(&self.ratios())
    }

    /// Between which values that median lies with a probability of at least 95 %. `None` with fewer than six rounds, which
    /// can't tell.
    pub(crate) fn interval(&self) -> Option<(f64, f64)> {
        let mut sorted = self.ratios();
        sorted.sort_by(f64::total_cmp);
        let outside = outside(sorted.len())?;
        Some((sorted[outside], sorted[sorted.len() - 1 - outside]))
    }

    fn ratios(&self) -> Vec<f64> {
        let both = self.ours.iter().zip(&self.reference);
        both.map(|(ours, reference)| ours / reference).collect()
    }
}

/// How many of the smallest of so many values, and as many of the largest, lie outside of the interval of their median: the
/// true one is as likely above each of them as below, so how many are below is binomial (David and Nagaraja, Order
/// Statistics, 7.1).
fn outside(values: usize) -> Option<usize> {
    const EACH_SIDE: f64 = 0.025;
    let count = values as f64;
    let mut probability = 0.5_f64.powf(count);
    let mut below = probability;
    let mut outside = None;
    for rank in 0..values / 2 {
        if below > EACH_SIDE {
            break;
        }
        outside = Some(rank);
        probability *= (count - rank as f64) / (rank as f64 + 1.0);
        below += probability;
    }
    outside
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
    fn the_interval_leaves_out_as_many_as_the_binomial_distribution_allows() {
        let known = [
            (5, None),
            (6, Some(0)),
            (9, Some(1)),
            (15, Some(3)),
            (25, Some(7)),
        ];
        for (values, expected) in known {
            assert_eq!(outside(values), expected, "{values}");
        }
        let mut pairs = Pairs::default();
        for value in 1..=9 {
            pairs.push(f64::from(value), 1.0);
        }
        assert_eq!((pairs.ratio(), pairs.interval()), (5.0, Some((2.0, 8.0))));
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
