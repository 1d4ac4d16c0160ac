//! The jobs of a file, so many at a time.

use queuectl_domain::{Command, NewJob};

use super::record::Reader;
use super::source::{Lines, Source};
use crate::error::CliError;

/// How many jobs are added in one transaction.
pub(super) const MOST_JOBS: usize = 10_000;

/// How many bytes they may have by then.
const MOST_BYTES: usize = 16 << 20;

/// The jobs of a file, which can be read again and again.
pub(super) struct Jobs {
    pub(super) source: Source,
    pub(super) reader: Reader,
}

impl Jobs {
    /// Begins with the first.
    pub(super) fn begin(&self) -> Result<Batches<'_>, CliError> {
        Ok(Batches {
            lines: self.source.lines()?,
            reader: self.reader.clone(),
        })
    }
}

/// The jobs of a file, one after the other, or so many at a time as fit into memory.
pub(super) struct Batches<'a> {
    pub(super) lines: Lines<'a>,
    reader: Reader,
}

impl Batches<'_> {
    /// The job of the next line; none after the last.
    pub(super) fn next_job(&mut self) -> Result<Option<NewJob>, CliError> {
        if !self.lines.advance()? {
            return Ok(None);
        }
        let job = self.reader.job(self.lines.line());
        job.map(Some).map_err(|wrong| self.lines.wrong(&wrong))
    }

    /// The next jobs; an empty batch after the last.
    pub(super) fn next_batch(&mut self) -> Result<Vec<NewJob>, CliError> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < MOST_JOBS && bytes < MOST_BYTES {
            let Some(job) = self.next_job()? else {
                break;
            };
            bytes += size(&job);
            batch.push(job);
        }
        Ok(batch)
    }
}

/// How many bytes of text a job has.
fn size(job: &NewJob) -> usize {
    let command = match &job.command {
        Command::Line { line, .. } => line.len(),
        Command::Argv(argv) => argv.iter().map(|arg| arg.0.len()).sum(),
    };
    command + job.cwd.0.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::enqueue::Folders;
    use crate::commands::enqueue::record::Form;
    use queuectl_domain::Settings;

    fn sizes_of_batches(file: &str) -> Vec<usize> {
        let jobs = Jobs {
            source: Source::of(file.as_bytes()),
            reader: Reader::new(
                Form::Lines,
                Settings::default().rules,
                Folders::Here,
                "/".into(),
            ),
        };
        let mut batches = jobs.begin().unwrap();
        let sizes = std::iter::from_fn(|| Some(batches.next_batch().unwrap().len()));
        sizes.take_while(|size| *size > 0).collect()
    }

    #[test]
    fn a_batch_has_so_many_jobs() {
        assert_eq!(
            sizes_of_batches(&"true\n".repeat(20_001)),
            [10_000, 10_000, 1]
        );
        assert!(sizes_of_batches("\n\n").is_empty());
    }

    #[test]
    fn large_jobs_go_in_smaller_batches() {
        let line = "x".repeat(5 << 20) + "\n";
        assert_eq!(sizes_of_batches(&line.repeat(6)), [4, 2]);
    }
}
