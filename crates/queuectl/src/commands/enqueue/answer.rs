//! What programs are told of many jobs: an array, with an element for each. It can be longer than
//! memory, and may be printed only when all is done, so it is kept in a file until then.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Seek, Write};

use queuectl_domain::JobId;
use serde_json::json;

use crate::console::Console;
use crate::context::Context;
use crate::error::CliError;
use crate::views::harmless_json;

/// How much is printed at once.
const PIECE: usize = 64 * 1024;

/// The array as far as it goes, an element on a line.
pub(super) struct Answer(BufWriter<File>);

impl Answer {
    pub(super) fn new(cx: &Context<'_>) -> Result<Self, CliError> {
        let folder = cx.data_folder()?;
        let file = tempfile::tempfile_in(folder.path()).map_err(|error| cannot_keep(&error))?;
        Ok(Self(BufWriter::new(file)))
    }

    /// Takes in a batch: the ids that its jobs were to have, where they named one, and those of
    /// the jobs that were added.
    pub(super) fn add(
        &mut self,
        wanted: &[Option<JobId>],
        added: Vec<JobId>,
    ) -> Result<(), CliError> {
        let mut added = added.into_iter().peekable();
        for wanted in wanted {
            // Ids that are made up are never those of others in the batch.
            let is_added = |next: &JobId| wanted.as_ref().is_none_or(|wanted| wanted == next);
            let written = match (added.next_if(is_added), wanted) {
                (Some(id), _) => self.element(&id, false),
                (None, Some(id)) => self.element(id, true),
                (None, None) => return Err(CliError::internal("the store named too few jobs")),
            };
            written.map_err(|error| cannot_keep(&error))?;
        }
        Ok(())
    }

    fn element(&mut self, id: &JobId, skipped: bool) -> io::Result<()> {
        let element = json!({ "id": id.as_str(), "skipped": skipped });
        writeln!(self.0, "{}", harmless_json(element.to_string()))
    }

    /// Prints all of it.
    pub(super) fn print(self, console: &Console) -> Result<(), CliError> {
        match self.try_print(console) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(CliError::cannot_print(&error))
            }
            _ => Ok(()),
        }
    }

    fn try_print(self, console: &Console) -> io::Result<()> {
        let mut file = self.0.into_inner()?;
        file.rewind()?;
        let mut piece = "[".to_owned();
        let mut between = "";
        for element in BufReader::new(file).lines() {
            piece += between;
            piece += &element?;
            between = ",\n";
            if piece.len() > PIECE {
                console.try_print(&piece)?;
                piece.clear();
            }
        }
        console.try_print(&(piece + "]\n"))
    }
}

fn cannot_keep(reason: &io::Error) -> CliError {
    CliError::unavailable(
        format!("can't keep the answer in the data folder: {reason}"),
        "make room there, or do without --json",
    )
}
