//! What a handle did in transactions of which it never heard how they ended: the connection was lost on the COMMIT.
//!
//! If it was done, its worker doesn't know: what was claimed is given back in the next turn, since nobody runs it,
//! and a result that is told again was taken already.

use std::collections::{HashMap, HashSet};

use queuectl_domain::{Fence, Life, Outcome};

use super::fault::Result;
use super::row::Columns;
use super::sql;
use super::wire::{Wire, params};
use crate::records::Code;
use crate::{Claimed, Settled, Ticket, Turn};

/// What may have been done.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    claims: HashSet<Ticket>,
    /// With what was decided of their jobs.
    settled: HashMap<Fence, (Outcome, Life)>,
    released: HashSet<Ticket>,
}

impl Doubt {
    pub(super) fn is_any(&self) -> bool {
        !(self.claims.is_empty() && self.settled.is_empty() && self.released.is_empty())
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds what is in doubt now, too.
    pub(super) fn add(&mut self, more: Self) {
        self.claims.extend(more.claims);
        self.settled.extend(more.settled);
        self.released.extend(more.released);
    }

    /// These are about to be claimed.
    pub(super) fn claimed(&mut self, claimed: &[Claimed]) {
        self.claims
            .extend(claimed.iter().map(|claimed| claimed.ticket));
    }

    /// All of this is about to be taken in, and this is what becomes of the jobs whose attempts have ended.
    pub(super) fn told(&mut self, turn: &Turn<'_>, became: &[(Fence, Life)]) {
        let outcomes = turn.settled.iter();
        let outcomes: HashMap<Fence, Outcome> = outcomes
            .map(|settled| (settled.ticket.fence, settled.ending.outcome))
            .collect();
        for (fence, life) in became {
            if let Some(outcome) = outcomes.get(fence) {
                self.settled.insert(*fence, (*outcome, life.clone()));
            }
        }
        self.released.extend(turn.released);
    }

    /// The claims that nobody knows of, if they were made.
    pub(super) fn claims(&self) -> impl Iterator<Item = Ticket> {
        self.claims.iter().copied()
    }

    /// Whether a claim that isn't held any more was given back by this handle.
    pub(super) fn was_released(&self, ticket: Ticket) -> bool {
        self.released.contains(&ticket)
    }

    /// Which of these results, whose claims aren't held any more, were taken before, and what became of their jobs.
    pub(super) async fn done(
        &self,
        wire: &Wire,
        settled: &[&Settled],
    ) -> Result<HashMap<Fence, Life>> {
        let told_before = settled.iter().filter(|settled| {
            let before = self.settled.get(&settled.ticket.fence);
            before.is_some_and(|(outcome, _)| *outcome == settled.ending.outcome)
        });
        let (mut numbers, mut fences, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for settled in told_before {
            numbers.push(settled.ticket.number);
            fences.push(settled.ticket.fence.0);
            outcomes.push(settled.ending.outcome.code());
        }
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        let asked = params![numbers, fences, outcomes];
        let rows = wire.rows(sql!("recorded"), asked).await?;
        let mut done = HashMap::new();
        for row in &rows {
            let fence = Fence(Columns::of(row).next()?);
            let decided = self.settled.get(&fence).map(|(_, life)| life.clone());
            done.extend(decided.map(|life| (fence, life)));
        }
        Ok(done)
    }
}
