//! What the tests are told with: jobs to enqueue, and a worker that does as it is told.

use std::time::Duration;

use queuectl_domain::{
    BackoffBase, Chunk, Command, Ending, JobId, MaxRetries, NewJob, Priority, Settings, State,
    Stream, Timeout, WorkerId,
};
use queuectl_store::{
    Claimed, Counts, Page, Printed, Query, Reply, Settled, Store, StoreError, Ticket, Turn, Worker,
};

use crate::scene::Scene;

/// A job without an id.
pub(crate) fn unnamed() -> NewJob {
    NewJob {
        id: None,
        command: Command::line("true".into(), None).unwrap(),
        cwd: "/somewhere".into(),
        rules: Settings::default().rules,
    }
}

/// A job of this name: three attempts, priority 5, retries after 2 s and 4 s.
pub(crate) fn named(name: &str) -> NewJob {
    NewJob {
        id: Some(id(name)),
        ..unnamed()
    }
}

/// Ways to say what is special about a job.
pub(crate) trait With {
    fn priority(self, priority: i64) -> NewJob;
    fn max_retries(self, most: i64) -> NewJob;
    fn backoff_base(self, base: i64) -> NewJob;
}

impl With for NewJob {
    fn priority(mut self, priority: i64) -> NewJob {
        self.rules.priority = Priority::new(priority).unwrap();
        self
    }

    fn max_retries(mut self, most: i64) -> NewJob {
        self.rules.max_retries = MaxRetries::new(most).unwrap();
        self
    }

    fn backoff_base(mut self, base: i64) -> NewJob {
        self.rules.backoff_base = BackoffBase::new(base).unwrap();
        self
    }
}

pub(crate) fn id(name: &str) -> JobId {
    name.parse().unwrap()
}

pub(crate) fn ids(names: &[&str]) -> Vec<JobId> {
    names.iter().map(|name| id(name)).collect()
}

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn success() -> Ending {
    Ending::exited(0, None, Duration::from_millis(1_250))
}

pub(crate) fn failure() -> Ending {
    Ending::exited(7, Some("no disk"), Duration::from_millis(1_250))
}

pub(crate) fn timeout() -> Ending {
    Ending::timed_out(Timeout::from(seconds(20)), seconds(20))
}

pub(crate) fn chunk(offset: u64, stream: Stream, bytes: impl Into<Vec<u8>>) -> Chunk {
    Chunk {
        offset,
        stream,
        bytes: bytes.into(),
    }
}

/// A worker with its own handle, as a process of its own would have.
pub(crate) struct Hand {
    pub(crate) store: Box<dyn Store>,
    pub(crate) id: WorkerId,
}

impl Hand {
    /// A worker that has made itself known.
    pub(crate) fn new<S: Scene>(scene: &S, name: &str) -> Self {
        let mut store = scene.open();
        let worker = a_worker(name);
        store.register(&worker).unwrap();
        let id = worker.id;
        Self { store, id }
    }

    /// Claims as many jobs as there are, `free` at most.
    pub(crate) fn claim(&mut self, free: usize) -> Vec<Claimed> {
        self.turn(free, &[], &[], &[]).unwrap().claimed
    }

    /// Claims the one job that there must be.
    pub(crate) fn claim_one(&mut self) -> Claimed {
        let mut claimed = self.claim(1);
        assert_eq!(claimed.len(), 1, "there is nothing to claim");
        claimed.remove(0)
    }

    /// Says how a job ended, and claims nothing new.
    pub(crate) fn settle(&mut self, claimed: &Claimed, ending: Ending) -> Reply {
        let settled = settled(claimed, ending, vec![]);
        self.turn(0, &[settled], &[], &[]).unwrap()
    }

    /// Claims the one job that there must be, and says how it ended.
    pub(crate) fn run(&mut self, ending: Ending) -> Claimed {
        let claimed = self.claim_one();
        let reply = self.settle(&claimed, ending);
        assert_eq!(reply.lost, [], "the claim was lost");
        claimed
    }

    /// Says what a job has printed.
    pub(crate) fn print(&mut self, claimed: &Claimed, chunks: Vec<Chunk>) -> Reply {
        let printed = Printed {
            ticket: claimed.ticket,
            chunks,
        };
        self.turn(0, &[], &[printed], &[]).unwrap()
    }

    /// Gives back claims unbegun, and claims nothing new.
    pub(crate) fn release(&mut self, released: &[Ticket]) -> Reply {
        let turn = Turn {
            released,
            ..Turn::of(&self.id)
        };
        self.store.turn(&turn).unwrap()
    }

    /// Asks what is new, and claims nothing.
    pub(crate) fn ask(&mut self) -> Reply {
        self.turn(0, &[], &[], &[]).unwrap()
    }

    /// A whole turn.
    pub(crate) fn turn(
        &mut self,
        free: usize,
        settled: &[Settled],
        output: &[Printed],
        held: &[Ticket],
    ) -> Result<Reply, StoreError> {
        self.store.turn(&Turn {
            settled,
            output,
            free,
            held,
            ..Turn::of(&self.id)
        })
    }
}

pub(crate) fn settled(claimed: &Claimed, ending: Ending, output: Vec<Chunk>) -> Settled {
    Settled {
        ticket: claimed.ticket,
        ending,
        output,
    }
}

pub(crate) fn a_worker(name: &str) -> Worker {
    Worker {
        id: name.parse().unwrap(),
        pid: 4_294_967_295,
        pid_started: 133_700_000_000_000_000,
        host: "host".into(),
        machine: "machine".into(),
        version: "0.0.0".into(),
        slots: 4,
        life: "/run/worker.lock".into(),
    }
}

/// Everything there is, newest first.
pub(crate) fn all(store: &mut dyn Store) -> Page {
    in_state(store, None)
}

pub(crate) fn in_state(store: &mut dyn Store, state: Option<State>) -> Page {
    let limit = usize::MAX;
    store.list(&Query { state, limit }).unwrap()
}

pub(crate) fn names(page: &Page) -> Vec<&str> {
    page.jobs.iter().map(|job| job.spec.id.as_str()).collect()
}

pub(crate) fn claimed_names(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|one| one.job.spec.id.as_str()).collect()
}

/// The counts, which must be what the lists say.
pub(crate) fn counts(store: &mut dyn Store) -> Counts {
    let counts = store.counts().unwrap();
    for state in State::ALL {
        let page = in_state(store, Some(state));
        assert!(page.jobs.iter().all(|job| job.life.state == state));
        assert_eq!(counts.of(state), page.jobs.len() as u64, "{state} jobs");
        assert_eq!(page.total, page.jobs.len() as u64, "{state} jobs");
    }
    let page = all(store);
    assert_eq!(counts.total(), page.jobs.len() as u64);
    assert_eq!(page.total, counts.total());
    counts
}
