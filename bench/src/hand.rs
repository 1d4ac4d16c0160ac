//! A worker that runs nothing: what it has claimed in one turn went well in the next.

use std::time::{Duration, Instant};

use queuectl_domain::{Chunk, Ending, Stream, WorkerId};
use queuectl_store::{Settled, Store, Ticket, Turn, Worker};

use crate::trouble::Trouble;

/// What each job has printed.
pub(crate) const PRINTED: &[u8] = b"hello\n";

/// A worker that runs nothing.
pub(crate) struct Hand {
    pub(crate) store: Box<dyn Store>,
    id: WorkerId,
    batch: usize,
    settled: Vec<Settled>,
}

impl Hand {
    /// One that claims so many at once.
    pub(crate) fn new(
        mut store: Box<dyn Store>,
        name: &str,
        batch: usize,
    ) -> Result<Self, Trouble> {
        let worker = worker(name, batch);
        store.register(&worker)?;
        Ok(Self {
            store,
            id: worker.id,
            batch,
            settled: Vec::new(),
        })
    }

    /// Settles what it has, and claims a batch; says how many it has settled.
    pub(crate) fn turn(&mut self) -> Result<usize, Trouble> {
        self.turn_for(self.batch)
    }

    fn turn_for(&mut self, free: usize) -> Result<usize, Trouble> {
        let turn = Turn {
            worker: &self.id,
            settled: &self.settled,
            released: &[],
            output: &[],
            free,
            held: &[],
            rung: false,
        };
        let reply = self.store.turn(&turn)?;
        let done = self.settled.len();
        let claimed = reply.claimed.into_iter();
        self.settled = claimed.map(|claimed| went_well(claimed.ticket)).collect();
        Ok(done)
    }

    /// Settles so many jobs and has them on disk.
    pub(crate) fn settle(&mut self, count: usize) -> Result<(), Trouble> {
        let mut done = 0;
        while done < count {
            let left = count - done - self.settled.len();
            done += self.turn_for(self.batch.min(left))?;
            if self.settled.is_empty() && done < count {
                return Err(Trouble::Wrong(format!("only {done} jobs were waiting")));
            }
        }
        Ok(self.store.sync()?)
    }

    /// Holds nothing any more, and is forgotten.
    pub(crate) fn leave(mut self) -> Result<(), Trouble> {
        if !self.settled.is_empty() {
            self.turn_for(0)?;
        }
        Ok(self.store.unregister(&self.id)?)
    }
}

/// Has several work at once, each on a thread of its own, and says how long that took.
pub(crate) fn together(
    mut hands: Vec<Hand>,
    work: impl Fn(&mut Hand) -> Result<(), Trouble> + Sync,
) -> Result<Duration, Trouble> {
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let work = &work;
        let start = |hand| scope.spawn(move || work(hand));
        let threads: Vec<_> = hands.iter_mut().map(start).collect();
        let ends = threads.into_iter().map(|thread| {
            let end = thread.join();
            end.unwrap_or_else(|_| Err(Trouble::Wrong("a worker panicked".to_owned())))
        });
        ends.collect::<Result<(), _>>()
    })?;
    let length = begun.elapsed();
    hands.into_iter().try_for_each(Hand::leave)?;
    Ok(length)
}

/// What a worker says of itself.
pub(crate) fn worker(name: &str, slots: usize) -> Worker {
    Worker {
        id: name.parse().expect("that is a worker's name"),
        pid: std::process::id(),
        pid_started: 0,
        host: "here".into(),
        machine: "machine".into(),
        version: "0.0.0".into(),
        slots: slots as u32,
        life: "/nowhere".into(),
    }
}

fn went_well(ticket: Ticket) -> Settled {
    Settled {
        ticket,
        ending: Ending::exited(0, None, Duration::from_millis(1)),
        output: vec![Chunk {
            offset: 0,
            stream: Stream::Stdout,
            bytes: PRINTED.to_vec(),
        }],
    }
}
