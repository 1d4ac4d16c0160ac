//! What a worker tells of itself while it runs.

use std::path::Path;

use queuectl_domain::{Ending, Job, Life, Stream, WorkerId};
use queuectl_process::Unable;
use queuectl_store::{GivenBack, StoreError};

/// Something that happens in a worker.
#[derive(Debug)]
pub enum Happening<'a> {
    /// The worker has opened its store, is known there, and begins.
    WorkerStarted {
        /// Its name.
        worker: &'a WorkerId,
        /// Its process.
        pid: u32,
    },
    /// An attempt has begun: its command runs, or turns out not to be one.
    JobStarted {
        /// The job, as claimed: its `attempts` is the number of this attempt.
        job: &'a Job,
    },
    /// A running job has printed something.
    JobPrinted {
        /// The job.
        job: &'a Job,
        /// Where.
        stream: Stream,
        /// What.
        bytes: &'a [u8],
    },
    /// An attempt has ended, and the store knows it.
    JobEnded {
        /// The job, as it was claimed.
        job: &'a Job,
        /// How the attempt ended.
        ending: &'a Ending,
        /// What has become of the job.
        life: &'a Life,
    },
    /// An attempt has to end or has failed, and waits for a process that can't be ended, or was killed and doesn't end.
    JobHeldUp {
        /// The job.
        job: &'a Job,
        /// The process.
        process: u32,
    },
    /// An attempt has ended, or was ended, that the job doesn't count any more:
    /// it was deleted, or given to another worker.
    JobLost {
        /// The job, as it was claimed.
        job: &'a Job,
    },
    /// Jobs of a dead worker were put back.
    Rescued {
        /// The dead worker.
        worker: &'a WorkerId,
        /// The jobs, as they are now.
        jobs: &'a [GivenBack],
        /// How many orphaned processes were ended.
        orphans: usize,
    },
    /// Jobs of a dead worker can't be put back yet, since what it left running can't be ended.
    RescueFailed {
        /// The dead worker.
        worker: &'a WorkerId,
        /// Why.
        error: &'a std::io::Error,
    },
    /// The store can't be used just now; the worker tries again.
    StoreTrouble {
        /// What is wrong.
        error: &'a StoreError,
    },
    /// The store has been out of reach for most of the lease, so the worker ends what it runs before
    /// others run it.
    CutOff {
        /// How many jobs that is.
        running: usize,
    },
    /// The store can be used again.
    StoreRecovered,
    /// The machine refuses to start jobs: they are given back, and the worker claims none until it can start them again.
    StartTrouble {
        /// What it lacks.
        why: &'a Unable,
    },
    /// Jobs can be started again.
    StartRecovered,
    /// The worker was asked to stop, and doesn't wait for the store any more.
    GaveUp {
        /// How many jobs the store doesn't know the end of. They run again, as after a crash. If it is zero, the store
        /// hasn't taken back jobs that never began, or hasn't synced what it knows.
        untold: usize,
    },
    /// A file by which others know the worker, its own or its store's, was deleted, moved or replaced. The worker claims nothing more,
    /// finishes what runs, and ends.
    Displaced {
        /// Where it was.
        path: &'a Path,
    },
    /// The worker has been asked to stop, and finishes what runs.
    Stopping,
    /// The worker has ended.
    WorkerStopped {
        /// Its name.
        worker: &'a WorkerId,
        /// How many attempts it has run.
        attempts: u64,
    },
}

/// Is told what happens. Called from several threads, the worker's loop among them, so it must never wait for anything.
pub trait Observer: Send + Sync {
    /// Something has happened.
    fn notice(&self, happening: &Happening<'_>);

    /// Whether the events are watched. Then the end of each attempt is told before the next start in
    /// its slot, and only once a power cut can't undo it any more. That takes time, so it isn't done
    /// otherwise.
    fn is_watched(&self) -> bool {
        false
    }

    /// Returns true if so many events wait to be told that no more jobs should begin. The worker then claims none until
    /// [`Control::go_on`](crate::Control::go_on) is called.
    fn is_behind(&self) -> bool {
        false
    }
}
