//! Ids of the Python program, which could be any text. Each becomes the nearest id that is allowed here,
//! unless another job of the file has that one.

use std::collections::HashMap;

use queuectl_domain::{InvalidValue, JobId};
use rusqlite::{Connection, OptionalExtension};

use super::LegacyError;

/// What replaces a character that an id can't have here.
const INSTEAD: char = '_';

/// The longest id here, in bytes, as the domain has it.
const LONGEST: usize = 200;

/// The ids that the jobs of one file get here.
pub(super) struct Ids<'c> {
    conn: &'c Connection,
    /// The ids that were made, and the ids they were made of.
    made: HashMap<JobId, String>,
}

impl<'c> Ids<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        let made = HashMap::new();
        Self { conn, made }
    }

    /// Returns the id here of the job that has the id `there`, or why it can have none.
    ///
    /// # Errors
    ///
    /// Fails if the file can't be read.
    pub(super) fn id_of(&mut self, there: &str) -> Result<Result<JobId, String>, LegacyError> {
        let refused = match JobId::given(there) {
            Ok(id) => return Ok(Ok(id)),
            Err(refused) => refused,
        };
        let Ok(here) = nearest(there) else {
            return Ok(Err(refused.to_string()));
        };
        if self.has(&here)? || self.made.get(&here).is_some_and(|of| of != there) {
            return Ok(Err(format!(
                "{refused}, and `{here}` is another job's: rename it there"
            )));
        }
        self.made.insert(here.clone(), there.to_owned());
        Ok(Ok(here))
    }

    /// Returns true if a job of the file has exactly this id.
    fn has(&self, id: &JobId) -> Result<bool, LegacyError> {
        let mut statement = self.conn.prepare_cached(include_str!("has_id.sql"))?;
        let found = statement.query_row([id.as_str()], |_| Ok(())).optional()?;
        Ok(found.is_some())
    }
}

/// Replaces each character that isn't allowed by `_`, and cuts the id to what fits.
fn nearest(text: &str) -> Result<JobId, InvalidValue> {
    let allowed = |c| if JobId::allows(c) { c } else { INSTEAD };
    let mut name: String = text.chars().map(allowed).collect();
    name.truncate(name.floor_char_boundary(LONGEST));
    if name.starts_with(['-', '@']) {
        name.replace_range(..1, "_");
    }
    JobId::given(&name).or_else(|_| JobId::given(&name.replace('@', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_becomes_the_nearest_that_can_be() {
        let here = |there: &str| nearest(there).unwrap().to_string();
        assert_eq!(here("two words, a\u{301}*"), "two_words__a__");
        assert_eq!(here("--x"), "_-x");
        assert_eq!(here("@x"), "_x");
        assert_eq!(here("a@20261128T013000Z"), "a_20261128T013000Z");
        assert_eq!(here(&"é".repeat(150)), "é".repeat(100));
        assert_eq!(here(&"☃".repeat(201)), "_".repeat(200));
        assert!(nearest("").is_err());
    }
}
