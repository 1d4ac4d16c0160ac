//! Runs a worker from its registration to its goodbye.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::channel;

use queuectl_domain::WorkerId;
use queuectl_process::{Machine, Roster, os};
use queuectl_store::{Store, StoreError, Worker};

use crate::event_loop::EventLoop;
use crate::guard::Guard;
use crate::lease::{Lease, Sent};
use crate::life::{Life, hostname};
use crate::premises::Premises;
use crate::slot::Surroundings;
use crate::slots::Slots;
use crate::wake::Wake;
use crate::{Control, DataFolder, Happening, Launch, Observer, registry};

/// How a worker is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its files are.
    pub data: DataFolder,
    /// Its name.
    pub id: WorkerId,
    /// How many jobs it runs at once.
    pub slots: u32,
    /// Whether it ends when nothing is left to do: no job of the store waits or runs.
    pub until_idle: bool,
    /// Variables that all its jobs get, by which they reach the same store.
    pub job_variables: Vec<(OsString, OsString)>,
    /// How to start its guard, which a worker needs if the store gives leases. Without a guard, nothing ends what this worker runs if
    /// it is killed and no other worker is on this machine.
    pub guard: Option<Launch>,
}

/// Why a worker can't begin, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store can't be used, and waiting won't help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store failed for longer than a worker that is to stop waits. Results that it couldn't tell are lost.
    #[error(transparent)]
    GaveUp(StoreError),
    /// One of the files by which others know the worker was deleted, moved or replaced. What ran has finished.
    #[error("`{}` was deleted, moved or replaced while a worker held it", .0.display())]
    Displaced(PathBuf),
    /// The system refuses something that a worker needs.
    #[error("{what}: {source}")]
    System {
        /// What was refused.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> RunError {
    move |source| RunError::System { what, source }
}

/// Runs a worker until it is stopped, or until nothing is left to do if that is wanted.
///
/// # Errors
///
/// A worker waits for a store that is full, locked or out of reach; one that was asked to stop waits for some seconds only, and
/// fails with [`RunError::GaveUp`]. Any worker fails if the store is damaged, or if the system refuses threads or files.
pub fn run(
    mut store: Box<dyn Store>,
    options: &Options,
    control: &Control,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let life = Life::take(options.data.life(&options.id))
        .map_err(system("can't lock the worker's own file"))?;
    os::keep_descriptors().map_err(system("can't keep its files from its jobs"))?;
    os::make_room_for(options.slots as usize);
    os::adopt_orphans().map_err(system("can't watch over what jobs leave behind"))?;
    let slots = options.slots as usize;
    let roster_path = Life::roster_of(life.path());
    let mark = life.mark(&options.id, store.file().map(|file| file.identity));
    let roster = Roster::create(&roster_path, Slots::entries(slots), mark)
        .map_err(system("can't write the list of running processes"))?;
    let me = myself(options, &life);
    let sent = Sent::now();
    let length = store.register(&me)?;
    let guard = match &options.guard {
        Some(launch) if length.is_some() => {
            Guard::start(launch, &me.id).map_err(system("can't start the worker's guard"))?
        }
        _ => None,
    };
    let lease = Lease::new(sent, length, guard);

    let (sender, signals) = channel();
    control.tell(sender.clone());
    let wake = Wake::start(store.bell()?, sender.clone()).map_err(system("can't wait for jobs"))?;
    let surroundings = Surroundings {
        worker: me.id.to_string(),
        variables: options.job_variables.clone(),
        scratch: Life::scratch_of(life.path()),
        roster,
        premises: Premises::new(&life, store.file()),
        lease,
        observer,
    };
    let (result, attempts) = std::thread::scope(|scope| {
        let slots = Slots::start(slots, &surroundings, sender, scope);
        match slots.map_err(system("can't start a thread")) {
            Ok(slots) => {
                observer.notice(&Happening::WorkerStarted {
                    worker: &me.id,
                    pid: me.pid,
                });
                let mut worker =
                    EventLoop::new(&mut *store, &me, options, control, observer, slots, wake);
                (worker.run(&signals), Some(worker.attempts()))
            }
            // It hasn't begun to work, and no observer was told that it has.
            Err(error) => (Err(error), None),
        }
    });
    if let Err(RunError::GaveUp(_)) = &result {
        // Its files stay, as after a crash: they tell its rescuer which jobs had begun to run.
        life.leave();
        let _ = registry::prune(&options.data, Some(&me.id));
        tell_end(observer, &me, attempts);
        return result;
    }
    // The files go first: as long as the store knows the worker, someone looks after what is left
    // of it, should it be killed right here.
    drop(life);
    // A worker that couldn't say goodbye is found dead, and holds nothing.
    let goodbye = store.unregister(&me.id);
    // If the list still names it, the next change of the list removes it.
    let _ = registry::prune(&options.data, Some(&me.id));
    tell_end(observer, &me, attempts);
    result.and(goodbye.map_err(RunError::from))
}

/// Tells that a worker has ended after this number of attempts; none if it never began to work.
fn tell_end(observer: &dyn Observer, me: &Worker, attempts: Option<u64>) {
    if let Some(attempts) = attempts {
        let worker = &me.id;
        observer.notice(&Happening::WorkerStopped { worker, attempts });
    }
}

fn myself(options: &Options, life: &Life) -> Worker {
    let pid = std::process::id();
    Worker {
        id: options.id.clone(),
        pid,
        pid_started: os::process_start(pid).unwrap_or_default(),
        host: hostname(),
        machine: Machine::this().to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        slots: options.slots,
        life: life.path().to_owned(),
    }
}
