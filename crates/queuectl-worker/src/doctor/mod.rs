//! A check-up of a store and of what workers have on this machine; with `fix`, a cure.
//!
//! [`permissions`] needs nothing but the places, [`store`] an open store, [`files`] the data folder. Each says
//! what it has looked at. Without `fix` nothing is changed.

mod files;
mod places;
mod store;

pub use files::files;
pub use places::permissions;
pub use store::store;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Whose the files are, and who else may get at them.
    Permissions,
    /// Whether the store can be opened.
    Store,
    /// Whether the store is whole.
    Integrity,
    /// Whether its counts are right.
    Counters,
    /// Whether its jobs are in order.
    Jobs,
    /// Whether the clock agrees with it.
    Clock,
    /// Whether its log is short.
    Log,
    /// Whether its workers live.
    Workers,
    /// Whether processes of dead workers are left.
    Processes,
    /// Whether files of dead workers are left.
    Files,
}

impl Subject {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permissions => "permissions",
            Self::Store => "store",
            Self::Integrity => "integrity",
            Self::Counters => "counters",
            Self::Jobs => "jobs",
            Self::Clock => "clock",
            Self::Log => "log",
            Self::Workers => "workers",
            Self::Processes => "processes",
            Self::Files => "files",
        }
    }

    /// What is so if nothing is found.
    pub fn if_well(self) -> &'static str {
        match self {
            Self::Permissions => "nobody else may read or change the files",
            Self::Store => "it can be opened",
            Self::Integrity => "the store is whole",
            Self::Counters => "there is as much as is counted",
            Self::Jobs => "each can be read, and has an owner while it is processed",
            Self::Clock => "nothing was written down later than now",
            Self::Log => "the log of changes is no longer than it has to be",
            Self::Workers => "all that are known live and can start jobs",
            Self::Processes => "none is left of a dead worker",
            Self::Files => "none is left of a dead worker",
        }
    }

    /// Whether a finding means that what the store holds is damaged.
    pub fn is_content(self) -> bool {
        matches!(self, Self::Integrity | Self::Counters | Self::Jobs)
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// What was looked at.
    pub subject: Subject,
    /// What isn't as it should be; nothing if all is well.
    pub findings: Vec<Diagnosis>,
}

/// Something that isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What it is.
    pub what: String,
    /// What `fix` does about it, or what else there is to do.
    pub remedy: String,
    /// What has become of it.
    pub outcome: Outcome,
}

/// What has become of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It can be mended, and wasn't meant to be.
    Mendable,
    /// It is mended.
    Mended,
    /// It has to be seen to by somebody.
    Left,
    /// It couldn't be mended, for this reason.
    Failed(String),
}

impl Diagnosis {
    /// What can be mended; it is mended now, if that is meant.
    fn mendable<E: std::fmt::Display>(
        what: String,
        remedy: impl Into<String>,
        fix: bool,
        mend: impl FnOnce() -> Result<(), E>,
    ) -> Self {
        let outcome = match fix.then(mend) {
            None => Outcome::Mendable,
            Some(Ok(())) => Outcome::Mended,
            Some(Err(error)) => Outcome::Failed(error.to_string()),
        };
        Self {
            what,
            remedy: remedy.into(),
            outcome,
        }
    }

    /// Whether nothing more is to be done about it.
    pub fn is_mended(&self) -> bool {
        self.outcome == Outcome::Mended
    }

    /// What somebody has to see to.
    pub fn left(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            remedy: remedy.into(),
            outcome: Outcome::Left,
        }
    }
}

/// The first of many, in words.
fn some(all: &[String]) -> String {
    const SOME: usize = 3;
    let named = all[..all.len().min(SOME)].join(", ");
    match all.len().saturating_sub(SOME) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
