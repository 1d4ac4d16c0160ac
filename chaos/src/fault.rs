//! The kinds of faults, and how often the storm brings each.

/// Something that the storm does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    KillWorker,
    KillAllWorkers,
    FreezeWorker,
    TermWorker,
    TakeForDead,
    Replace,
    KillJob,
    FreezeJob,
    TermJob,
    Stop,
    StopNow,
    Retry,
    KillRetry,
    KillEnqueue,
    FreezeEnqueue,
    TermEnqueue,
}

impl Fault {
    pub(crate) const ALL: [Self; 16] = [
        Self::KillWorker,
        Self::KillAllWorkers,
        Self::FreezeWorker,
        Self::TermWorker,
        Self::TakeForDead,
        Self::Replace,
        Self::KillJob,
        Self::FreezeJob,
        Self::TermJob,
        Self::Stop,
        Self::StopNow,
        Self::Retry,
        Self::KillRetry,
        Self::KillEnqueue,
        Self::FreezeEnqueue,
        Self::TermEnqueue,
    ];

    /// For people.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::KillWorker => "SIGKILL to a worker",
            Self::KillAllWorkers => "SIGKILL to all workers at once",
            Self::FreezeWorker => "SIGSTOP to a worker, SIGCONT later",
            Self::TermWorker => "SIGTERM to a worker",
            Self::TakeForDead => "a frozen worker rescued like a dead one, then woken",
            Self::Replace => "the same, and another has its name when it wakes",
            Self::KillJob => "SIGKILL to a job",
            Self::FreezeJob => "SIGSTOP to a job, SIGCONT later",
            Self::TermJob => "SIGTERM to a job",
            Self::Stop => "`worker stop`",
            Self::StopNow => "`worker stop --now`",
            Self::Retry => "`dlq retry`",
            Self::KillRetry => "`dlq retry`, ended by SIGKILL",
            Self::KillEnqueue => "SIGKILL to an `enqueue`",
            Self::FreezeEnqueue => "SIGSTOP to an `enqueue`, SIGCONT later",
            Self::TermEnqueue => "SIGTERM to an `enqueue`",
        }
    }

    /// How often a minute it is on the plan. Those that meet an `enqueue` aren't:
    /// the enqueuers themselves bring them, for one lasts a few milliseconds.
    pub(crate) fn per_minute(self) -> u32 {
        match self {
            Self::KillWorker => 14,
            Self::KillAllWorkers => 2,
            Self::Stop | Self::StopNow => 3,
            Self::FreezeWorker | Self::FreezeJob | Self::TermJob => 8,
            Self::TermWorker | Self::KillRetry => 5,
            Self::TakeForDead | Self::Retry => 6,
            Self::Replace => 14,
            Self::KillJob => 12,
            Self::KillEnqueue | Self::FreezeEnqueue | Self::TermEnqueue => 0,
        }
    }
}
