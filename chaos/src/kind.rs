//! The kinds of jobs: how each behaves, and under which rules it is enqueued.

use std::fmt;
use std::str::FromStr;

/// How a job behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Succeeds at once.
    Quick,
    /// Succeeds after a while.
    Slow,
    /// Fails the first time.
    Flaky,
    /// Fails each time.
    Hopeless,
    /// Runs until its timeout.
    Endless,
    /// Runs until its timeout, and ignores the polite signal.
    Stubborn,
    /// Succeeds, and leaves children running.
    Parent,
    /// Leaves a process that has a session of its own and no parent.
    Runaway,
    /// Prints much, and not only text.
    Chatty,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Quick,
        Self::Slow,
        Self::Flaky,
        Self::Hopeless,
        Self::Endless,
        Self::Stubborn,
        Self::Parent,
        Self::Runaway,
        Self::Chatty,
    ];

    /// How many of a hundred jobs are of this kind.
    pub(crate) fn share(self) -> u32 {
        match self {
            Self::Quick => 40,
            Self::Slow => 22,
            Self::Flaky => 10,
            Self::Parent => 8,
            Self::Runaway => 6,
            Self::Endless | Self::Chatty => 4,
            Self::Hopeless | Self::Stubborn => 3,
        }
    }

    /// How long an attempt may take, in seconds. What isn't made to time out
    /// doesn't, however long it is frozen.
    pub(crate) fn timeout(self) -> &'static str {
        match self {
            Self::Endless | Self::Stubborn => "0.4",
            Self::Runaway => "0.6",
            _ => "120",
        }
    }

    /// Whether its attempts may time out.
    pub(crate) fn times_out(self) -> bool {
        matches!(self, Self::Endless | Self::Stubborn | Self::Runaway)
    }

    /// How many attempts it has.
    pub(crate) fn max_retries(self) -> u32 {
        match self {
            Self::Endless | Self::Stubborn | Self::Hopeless => 2,
            _ => 3,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Slow => "slow",
            Self::Flaky => "flaky",
            Self::Hopeless => "hopeless",
            Self::Endless => "endless",
            Self::Stubborn => "stubborn",
            Self::Parent => "parent",
            Self::Runaway => "runaway",
            Self::Chatty => "chatty",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_hundredths() {
        assert_eq!(Kind::ALL.map(Kind::share).iter().sum::<u32>(), 100);
    }
}
