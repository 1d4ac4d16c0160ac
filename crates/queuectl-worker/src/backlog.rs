//! What has ended and waits for the store to know it.
//!
//! While the store is out of reach that may become a lot, so what it holds of output is bounded. The ends themselves are
//! few: no more than the worker had claimed, since it claims nothing meanwhile.

use std::sync::Arc;

use queuectl_domain::{Chunk, Job, left_out};
use queuectl_store::{Settled, Ticket};

use crate::slots::Done;

/// How many bytes of output are held at most.
const MOST: u64 = 64 * 1024 * 1024;

/// What is told in the next turn.
#[derive(Default)]
pub(crate) struct Backlog {
    settled: Vec<Settled>,
    /// What goes with each of them.
    owed: Vec<Owed>,
    /// What is to be given back unbegun.
    released: Vec<Ticket>,
}

/// What goes with an attempt that isn't settled yet.
pub(crate) struct Owed {
    pub(crate) job: Arc<Job>,
    pub(crate) entry: usize,
}

impl Backlog {
    pub(crate) fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.released.is_empty()
    }

    /// How many ends the store doesn't know of.
    pub(crate) fn untold(&self) -> usize {
        self.settled.len()
    }

    pub(crate) fn settled(&self) -> &[Settled] {
        &self.settled
    }

    pub(crate) fn released(&self) -> &[Ticket] {
        &self.released
    }

    /// An attempt has ended.
    pub(crate) fn end(&mut self, done: Done) {
        let Done {
            settled,
            job,
            entry,
            ..
        } = done;
        self.settled.push(settled);
        self.owed.push(Owed { job, entry });
    }

    /// Claims are given back.
    pub(crate) fn release(&mut self, tickets: Vec<Ticket>) {
        self.released.extend(tickets);
    }

    /// Takes out everything.
    pub(crate) fn take(&mut self) -> Vec<(Settled, Owed)> {
        self.released.clear();
        self.settled.drain(..).zip(self.owed.drain(..)).collect()
    }

    /// Forgets so much of the output that no more is held than may be: of the largest first, and of each the middle, as if that
    /// were beyond its limit. Whoever reads the output sees how much is left out.
    pub(crate) fn bound(&mut self) {
        self.bound_to(MOST);
    }

    fn bound_to(&mut self, most: u64) {
        let mut sizes: Vec<u64> = self.settled.iter().map(size).collect();
        if sizes.iter().sum::<u64>() <= most {
            return;
        }
        // The share that each may have grows with what the smaller ones leave of theirs.
        sizes.sort_unstable();
        let (mut left, mut sharers) = (most, sizes.len() as u64);
        for size in sizes {
            if size > left / sharers {
                break;
            }
            left -= size;
            sharers -= 1;
        }
        let share = left / sharers.max(1);
        for settled in &mut self.settled {
            if size(settled) > share {
                shorten(&mut settled.output, share);
            }
        }
    }
}

fn size(settled: &Settled) -> u64 {
    let bytes = settled.output.iter().map(|chunk| chunk.bytes.len() as u64);
    bytes.sum()
}

/// Leaves out the middle, so that `limit` bytes at most are left.
fn shorten(output: &mut Vec<Chunk>, limit: u64) {
    let total = output.iter().map(|chunk| chunk.bytes.len() as u64).sum();
    let gap = left_out(total, limit);
    let mut passed = 0;
    let mut kept = Vec::with_capacity(output.len() + 1);
    for chunk in output.drain(..) {
        let length = chunk.bytes.len() as u64;
        let within = |at: u64| at.saturating_sub(passed).min(length);
        let (from, to) = (within(gap.start), within(gap.end));
        passed += length;
        kept.extend(piece(&chunk, 0, from));
        kept.extend(piece(&chunk, to, length));
    }
    *output = kept;
}

/// A part of a piece, if there is anything in it.
fn piece(chunk: &Chunk, from: u64, to: u64) -> Option<Chunk> {
    let bytes = chunk.bytes.get(from as usize..to as usize)?;
    (!bytes.is_empty()).then(|| Chunk {
        offset: chunk.offset + from,
        stream: chunk.stream,
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use queuectl_domain::{Ending, Fence, Stream};

    use super::*;

    fn ended(sizes: &[usize]) -> Backlog {
        let settled = sizes.iter().map(|&size| Settled {
            ticket: Ticket {
                number: 1,
                fence: Fence(1),
            },
            ending: Ending::exited(0, None, Duration::ZERO),
            output: pieces(size),
        });
        Backlog {
            settled: settled.collect(),
            ..Backlog::default()
        }
    }

    /// Pieces of ten bytes, each the last digit of its place.
    fn pieces(size: usize) -> Vec<Chunk> {
        let bytes: Vec<u8> = (0..size).map(|at| b'0' + (at / 10 % 10) as u8).collect();
        let pieces = bytes.chunks(10).enumerate().map(|(at, bytes)| Chunk {
            offset: 1000 + 10 * at as u64,
            stream: Stream::Stdout,
            bytes: bytes.to_vec(),
        });
        pieces.collect()
    }

    fn sizes(backlog: &Backlog) -> Vec<u64> {
        backlog.settled.iter().map(size).collect()
    }

    #[test]
    fn what_is_little_is_held_whole() {
        let mut backlog = ended(&[30, 50, 20]);
        backlog.bound_to(100);
        assert_eq!(sizes(&backlog), [30, 50, 20]);
    }

    #[test]
    fn the_largest_are_shortened_first_and_no_end_is_lost() {
        let mut backlog = ended(&[30, 500, 10, 70]);
        backlog.bound_to(120);
        assert_eq!(sizes(&backlog), [30, 40, 10, 40]);
        backlog.bound_to(0);
        assert_eq!(sizes(&backlog), [0, 0, 0, 0]);
    }

    #[test]
    fn beginning_and_end_are_kept_in_their_places() {
        let mut output = pieces(100);
        shorten(&mut output, 30);
        let kept: Vec<_> = output
            .iter()
            .map(|chunk| {
                (
                    chunk.offset,
                    String::from_utf8_lossy(&chunk.bytes).into_owned(),
                )
            })
            .collect();
        let kept: Vec<_> = kept.iter().map(|(at, text)| (*at, text.as_str())).collect();
        assert_eq!(
            kept,
            [
                (1000, "0000000000"),
                (1010, "11111"),
                (1085, "88888"),
                (1090, "9999999999")
            ]
        );
    }
}
