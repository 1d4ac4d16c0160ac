//! Turns of workers, against the model.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use queuectl_domain::{Attempt, Claim, Ending, Event, Fence, State, Stream, Timestamp};
use queuectl_store::{Printed, Reply, Settled, Ticket, Turn};

use super::known::{Known, MORE};
use super::step::Told;
use crate::hand::chunk;
use crate::scene::Scene;

impl<S: Scene> Known<'_, S> {
    pub(super) fn turn(&mut self, told: &Told, now: Timestamp) {
        let number = told.worker;
        let endings = &told.endings;
        let worker = &mut self.workers[number];
        let ended = worker.held.drain(..endings.len().min(worker.held.len()));
        let mut results: Vec<_> = ended.zip(endings.iter().cloned()).collect();
        if let Some(old) = self.old_ticket.filter(|_| told.late) {
            results.push((old, Ending::exited(0, None, Duration::ZERO)));
        }
        let released = told.releases.then(|| worker.held.pop()).flatten();
        let held = worker.held.clone();
        let more = |ticket: &Ticket| {
            let so_far = self.printed.get(&ticket.fence).map_or(0, String::len);
            vec![chunk(so_far as u64, Stream::Stdout, MORE)]
        };
        let settled: Vec<_> = results
            .iter()
            .map(|(ticket, ending)| Settled {
                ticket: *ticket,
                ending: ending.clone(),
                output: more(ticket),
            })
            .collect();
        let printed: Vec<_> = held
            .iter()
            .take(usize::from(told.prints))
            .map(|ticket| Printed {
                ticket: *ticket,
                chunks: more(ticket),
            })
            .collect();
        let free = worker.stop.map_or(told.free, |_| 0);
        let turn = Turn {
            settled: &settled,
            released: released.as_slice(),
            output: &printed,
            free,
            held: &held,
            ..Turn::of(&worker.hand.id)
        };
        let reply = worker.hand.store.turn(&turn).unwrap();
        let is_to_end = |ticket: &&Ticket| {
            let place = self.running_under(ticket.fence);
            place.is_some_and(|place| self.jobs[place].job.life.stop.is_some())
        };
        // In whatever order: a server chooses how it looks for them.
        let to_end: BTreeSet<_> = held.iter().filter(is_to_end).map(|one| one.fence).collect();
        assert_eq!(BTreeSet::from_iter(reply.to_end.iter().copied()), to_end);
        assert_eq!(reply.to_end.len(), to_end.len());

        for printed in printed {
            if self.running_under(printed.ticket.fence).is_some() {
                self.prints(printed.ticket.fence);
            }
        }
        let (mut became, mut lost) = (Vec::new(), HashSet::new());
        for (ticket, ending) in results {
            match self.running_under(ticket.fence) {
                Some(place) => {
                    let fence = ticket.fence;
                    self.end(
                        place,
                        Event::Settle {
                            fence,
                            ending: ending.clone(),
                        },
                        ending,
                        now,
                    );
                    became.push((fence, self.jobs[place].job.life.clone()));
                    self.prints(fence);
                    self.old_ticket = Some(ticket);
                }
                None => _ = lost.insert(ticket.fence),
            }
        }
        if let Some(Ticket { fence, .. }) = released {
            match self.running_under(fence) {
                Some(place) => self.release(place, fence, now),
                None => _ = lost.insert(fence),
            }
        }
        let gone = held.iter().map(|ticket| ticket.fence);
        lost.extend(gone.filter(|&fence| self.running_under(fence).is_none()));
        self.lost += lost.len();
        assert_eq!(reply.settled, became);
        assert_eq!(reply.lost.iter().copied().collect::<HashSet<_>>(), lost);
        self.workers[number]
            .held
            .retain(|ticket| !lost.contains(&ticket.fence));
        self.claim(number, free, &reply, now);
        assert_eq!(reply.now, now);
        assert_eq!(reply.stop, self.workers[number].stop);
        self.check_reply(&reply, now);
    }

    fn prints(&mut self, fence: Fence) {
        self.printed.entry(fence).or_default().push_str(MORE);
    }

    /// The jobs of the reply must be those that the model would have given.
    fn claim(&mut self, number: usize, free: usize, reply: &Reply, now: Timestamp) {
        let mut ready: Vec<_> = (0..self.jobs.len())
            .filter(|&place| self.is_ready(place, now))
            .collect();
        ready.sort_by_key(|&place| {
            let job = &self.jobs[place].job;
            (job.life.sort_key(job.spec.rules.priority), place)
        });
        assert_eq!(reply.more, ready.len() > free, "whether there is more");
        ready.truncate(free);
        assert_eq!(reply.claimed.len(), ready.len(), "how many are claimed");
        for (place, claimed) in ready.into_iter().zip(&reply.claimed) {
            let fence = claimed.ticket.fence;
            assert!(fence > self.last_fence);
            self.last_fence = fence;
            let worker = &mut self.workers[number];
            worker.held.push(claimed.ticket);
            let claim = Claim {
                worker: worker.hand.id.clone(),
                fence,
            };
            if self.jobs[place].job.life.state == State::Failed {
                self.apply(place, Event::Due, now);
            }
            self.apply(place, Event::Claim(claim.clone()), now);
            let entry = &mut self.jobs[place];
            assert_eq!(claimed.job, entry.job);
            entry.attempts.push(Attempt {
                fence,
                attempt: entry.job.life.attempts,
                worker: claim.worker,
                started_at: now,
                ended: None,
            });
        }
    }

    fn check_reply(&self, reply: &Reply, now: Timestamp) {
        let in_state = |state| {
            self.jobs
                .iter()
                .filter(move |entry| entry.job.life.state == state)
        };
        let unfinished = [State::Pending, State::Failed, State::Processing]
            .map(|state| in_state(state).count() as u64);
        assert_eq!(reply.unfinished, unfinished.iter().sum::<u64>());
        assert_eq!(reply.settings, self.settings);
        let retries = in_state(State::Failed).map(|entry| entry.job.life.ready_at);
        let next = retries.filter(|&ready_at| ready_at > now).min();
        // What is due already is told by `more`; it may be told as due in no time as well.
        if !(reply.more && reply.due_in == Some(Duration::ZERO)) {
            assert_eq!(reply.due_in, next.map(|ready_at| ready_at.since(now)));
        }
    }
}
