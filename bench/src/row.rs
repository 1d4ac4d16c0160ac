//! One line of the table: what was measured, beside its goal.

use crate::sample::Pairs;

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    /// How much of the goal is reached: 1 is all of it, 0.5 is half as good.
    fn reached(self, value: f64) -> f64 {
        match self {
            Self::AtLeast(goal) => value / goal,
            Self::AtMost(goal) => goal / value.max(f64::MIN_POSITIVE),
        }
    }
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond(&'static str),
    Milliseconds,
    Mebibytes,
    GigabytesPerSecond,
    Percent,
    Bytes,
    Connections,
    /// Thousands of what is named.
    Thousands(&'static str),
    Ratio,
}

impl Unit {
    pub(crate) fn text(self, value: f64) -> String {
        match self {
            Self::PerSecond(what) if value < 100.0 => format!("{value:.2} {what}/s"),
            Self::PerSecond(what) => format!("{} {what}/s", grouped(value)),
            Self::Milliseconds if value < 1.0 => format!("{value:.3} ms"),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::GigabytesPerSecond => format!("{value:.2} GB/s"),
            Self::Percent => format!("{value:.3} %"),
            Self::Bytes => format!("{} bytes", grouped(value)),
            Self::Connections => format!("{value:.0} connections"),
            Self::Thousands(what) => format!("{} thousand {what}", grouped(value / 1000.0)),
            Self::Ratio => format!("{value:.2}"),
        }
    }

    fn goal(self, goal: Goal) -> String {
        let (sign, value) = match goal {
            Goal::AtLeast(value) => ('≥', value),
            Goal::AtMost(value) => ('≤', value),
        };
        let number = if value >= 1000.0 {
            grouped(value)
        } else {
            value.to_string()
        };
        match self {
            Self::PerSecond(what) => format!("{sign} {number} {what}/s"),
            Self::Milliseconds => format!("{sign} {number} ms"),
            Self::Mebibytes => format!("{sign} {number} MiB"),
            Self::GigabytesPerSecond => format!("{sign} {number} GB/s"),
            Self::Percent => format!("{sign} {number} %"),
            Self::Bytes => format!("{sign} {number} bytes"),
            Self::Connections => format!("{sign} {number} connections"),
            Self::Thousands(what) => format!("{sign} {number} thousand {what}"),
            Self::Ratio => format!("{sign} {number} ×"),
        }
    }

    /// Whether a slower machine alone makes it worse.
    fn is_speed(self) -> bool {
        match self {
            Self::PerSecond(what) => what != WAKE_UPS,
            Self::Milliseconds | Self::GigabytesPerSecond => true,
            Self::Mebibytes
            | Self::Percent
            | Self::Bytes
            | Self::Connections
            | Self::Thousands(_)
            | Self::Ratio => false,
        }
    }
}

/// The one rate of which less is better.
pub(crate) const WAKE_UPS: &str = "wake-ups";

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// A number, with its goal if it has one.
    Measured { judged: f64, goal: Option<Goal> },
    /// It can't be measured here, or not yet.
    Missing,
    /// It should have been measured.
    Failed,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) figure: String,
    pub(crate) reference: String,
    pub(crate) ratio: String,
    pub(crate) goal: String,
    outcome: Outcome,
    unit: Unit,
}

impl Row {
    /// A figure whose goal is a ratio to a reference.
    pub(crate) fn ratio(
        what: &str,
        unit: Unit,
        pairs: &Pairs,
        reference: &str,
        goal: impl Into<Option<Goal>>,
    ) -> Self {
        let ratio = pairs.ratio();
        Self {
            figure: unit.text(pairs.ours()),
            reference: format!("{reference}: {}", unit.text(pairs.reference())),
            ratio: match pairs.interval() {
                Some((least, most)) => format!("{ratio:.3} ({least:.3} to {most:.3})"),
                None => Unit::Ratio.text(ratio),
            },
            ..Self::judged(what, Unit::Ratio, ratio, goal.into())
        }
    }

    /// The same for a goal that is missed only if the ratio's whole interval is on the wrong side of it.
    pub(crate) fn compared(
        what: &str,
        unit: Unit,
        pairs: &Pairs,
        reference: &str,
        goal: Option<Goal>,
    ) -> Self {
        let judged = match (pairs.interval(), goal) {
            (Some((_, most)), Some(Goal::AtLeast(_))) => most,
            (Some((least, _)), Some(Goal::AtMost(_))) => least,
            _ => pairs.ratio(),
        };
        Self {
            outcome: Outcome::Measured { judged, goal },
            ..Self::ratio(what, unit, pairs, reference, goal)
        }
    }

    /// A figure with a goal of its own.
    pub(crate) fn absolute(what: &str, unit: Unit, value: f64, goal: Goal) -> Self {
        Self::judged(what, unit, value, Some(goal))
    }

    /// A figure that is only told.
    pub(crate) fn told(what: &str, unit: Unit, value: f64) -> Self {
        Self::judged(what, unit, value, None)
    }

    /// The same, with something to compare it with.
    pub(crate) fn beside(self, reference: String, ratio: f64) -> Self {
        Self {
            reference,
            ratio: Unit::Ratio.text(ratio),
            ..self
        }
    }

    /// A figure that is only there where there is something to be read.
    pub(crate) fn if_seen(what: &str, unit: Unit, value: Option<f64>, goal: Goal) -> Self {
        match value {
            Some(value) => Self::absolute(what, unit, value, goal),
            None => Self::missing(what, unit, goal, "only seen on Linux"),
        }
    }

    /// A figure that can't be had.
    pub(crate) fn missing(what: &str, unit: Unit, goal: Goal, why: &str) -> Self {
        Self {
            what: what.to_owned(),
            figure: why.to_owned(),
            reference: String::new(),
            ratio: String::new(),
            goal: unit.goal(goal),
            outcome: Outcome::Missing,
            unit,
        }
    }

    /// A theme that went wrong.
    pub(crate) fn failed(what: &str, why: &str) -> Self {
        Self {
            what: what.to_owned(),
            figure: format!("failed: {why}"),
            reference: String::new(),
            ratio: String::new(),
            goal: String::new(),
            outcome: Outcome::Failed,
            unit: Unit::Ratio,
        }
    }

    fn judged(what: &str, unit: Unit, value: f64, goal: Option<Goal>) -> Self {
        Self {
            what: what.to_owned(),
            figure: unit.text(value),
            reference: String::new(),
            ratio: String::new(),
            goal: goal.map_or_else(String::new, |goal| unit.goal(goal)),
            outcome: Outcome::Measured {
                judged: value,
                goal,
            },
            unit,
        }
    }

    /// Whether the goal is met, in a word.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.outcome {
            Outcome::Measured {
                judged,
                goal: Some(goal),
            } if goal.reached(judged) >= 1.0 => "met",
            Outcome::Measured { goal: Some(_), .. } => "missed",
            Outcome::Measured { goal: None, .. } | Outcome::Missing => "",
            Outcome::Failed => "failed",
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.outcome == Outcome::Failed
    }

    /// Whether it is worse than half its goal, and the machine isn't to blame.
    pub(crate) fn is_far_off(&self) -> bool {
        match self.outcome {
            Outcome::Measured {
                judged,
                goal: Some(goal),
            } => !self.unit.is_speed() && goal.reached(judged) < 0.5,
            _ => false,
        }
    }
}

/// A whole number with its thousands apart.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            [7.0, 999.6, 20_000.0, 5_000_000.0].map(grouped),
            ["7", "1,000", "20,000", "5,000,000"]
        );
    }

    #[test]
    fn a_ratio_below_half_its_goal_is_far_off() {
        let row = |ratio| {
            let mut pairs = Pairs::default();
            pairs.push(ratio, 1.0);
            let unit = Unit::PerSecond("jobs");
            Row::ratio("it", unit, &pairs, "other", Goal::AtLeast(0.9))
        };
        assert_eq!(row(0.91).verdict(), "met");
        assert_eq!(row(0.89).verdict(), "missed");
        assert!(!row(0.46).is_far_off());
        assert!(row(0.44).is_far_off());
    }

    #[test]
    fn a_comparison_misses_its_goal_only_with_its_whole_interval() {
        let row = |ratios: [f64; 6], goal| {
            let mut pairs = Pairs::default();
            ratios.into_iter().for_each(|ratio| pairs.push(ratio, 1.0));
            Row::compared("it", Unit::Ratio, &pairs, "other", Some(goal)).verdict()
        };
        let around = [0.9, 0.92, 0.94, 0.95, 0.96, 0.99];
        assert_eq!(row(around, Goal::AtLeast(0.98)), "met");
        assert_eq!(row(around, Goal::AtLeast(1.0)), "missed");
        assert_eq!(row(around, Goal::AtMost(0.91)), "met");
        assert_eq!(row(around, Goal::AtMost(0.89)), "missed");
    }

    #[test]
    fn a_slow_machine_alone_fails_nothing() {
        let speed = Row::absolute("it", Unit::Milliseconds, 100.0, Goal::AtMost(2.0));
        assert_eq!(speed.verdict(), "missed");
        assert!(!speed.is_far_off());
        let memory = Row::absolute("it", Unit::Mebibytes, 100.0, Goal::AtMost(32.0));
        assert!(memory.is_far_off());
        let wakes = Unit::PerSecond(WAKE_UPS);
        assert!(Row::absolute("it", wakes, 5.0, Goal::AtMost(2.0)).is_far_off());
    }

    #[test]
    fn what_costs_nothing_meets_its_goal() {
        let row = Row::absolute("it", Unit::Percent, 0.0, Goal::AtMost(0.1));
        assert_eq!(row.verdict(), "met");
    }
}
