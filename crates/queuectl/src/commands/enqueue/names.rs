//! Which jobs of a file have the same id. Of each only a fingerprint is kept, so that a million take 8 MB.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use queuectl_domain::JobId;

/// So many fingerprints that came twice are looked into: if all of these did so by chance, then the rest too.
const SUSPECTS: usize = 1000;

/// The fingerprints of ids.
#[derive(Default)]
pub(super) struct Fingerprints {
    of: RandomState,
    seen: Vec<u64>,
}

impl Fingerprints {
    pub(super) fn add(&mut self, id: &JobId) {
        self.seen.push(self.of.hash_one(id));
    }

    /// Those that came more than once; none if all ids differ.
    pub(super) fn suspects(mut self) -> Option<Suspects> {
        self.seen.sort_unstable();
        let twice = self.seen.windows(2).filter(|pair| pair[0] == pair[1]);
        let twice: HashSet<u64> = twice.map(|pair| pair[0]).take(SUSPECTS).collect();
        (!twice.is_empty()).then(|| Suspects {
            of: self.of,
            twice,
            lines: HashMap::new(),
        })
    }
}

/// Fingerprints that more than one id has, or one id more than once.
pub(super) struct Suspects {
    of: RandomState,
    twice: HashSet<u64>,
    lines: HashMap<JobId, u64>,
}

impl Suspects {
    /// The line that has had this id already. Each line is to be asked for, in order.
    pub(super) fn earlier(&mut self, id: &JobId, line: u64) -> Option<u64> {
        if !self.twice.contains(&self.of.hash_one(id)) {
            return None;
        }
        let earlier = self.lines.get(id).copied();
        if earlier.is_none() {
            self.lines.insert(id.clone(), line);
        }
        earlier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> JobId {
        name.parse().unwrap()
    }

    #[test]
    fn an_id_that_comes_twice_is_found_with_its_first_line() {
        let mut all = Fingerprints::default();
        for name in ["a", "b", "c", "b"] {
            all.add(&id(name));
        }
        let mut suspects = all.suspects().unwrap();
        let found = [("a", 1), ("b", 2), ("c", 3), ("b", 4)];
        let found = found.map(|(name, line)| suspects.earlier(&id(name), line));
        assert_eq!(found, [None, None, None, Some(2)]);
    }

    #[test]
    fn ids_that_differ_are_above_suspicion() {
        let mut all = Fingerprints::default();
        for name in ["a", "b", "c"] {
            all.add(&id(name));
        }
        assert!(all.suspects().is_none());
    }

    #[test]
    fn two_ids_with_one_fingerprint_are_not_the_same() {
        let all = Fingerprints::default();
        let twice = [all.of.hash_one(id("a")), all.of.hash_one(id("b"))];
        let mut suspects = Suspects {
            of: all.of,
            twice: twice.into(),
            lines: HashMap::new(),
        };
        assert_eq!(suspects.earlier(&id("a"), 1), None);
        assert_eq!(suspects.earlier(&id("b"), 2), None);
    }
}
