//! Where many jobs come from: a file that is read more than once, line by line.
//!
//! It is opened once. What isn't a file, such as a pipe, is copied to one first. So it can be
//! replaced while it is read; if it is changed, that shows in the digest of what was read.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, Write};
use std::path::Path;

use queuectl_domain::MAX_COMMAND_BYTES;

use super::record::Wrong;
use crate::context::Context;
use crate::error::CliError;
use crate::progress::Progress;

/// The longest a line may be: a command of the longest, with every other character escaped.
const MAX_LINE: usize = 2 * MAX_COMMAND_BYTES + (1 << 20);

/// A buffer that has grown beyond this for one line is given back after it.
const USUAL_LINE: usize = 1 << 20;

/// How much is read at once.
const PIECE: usize = 128 * 1024;

/// How UTF-8 begins that some programs write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file of jobs.
pub(super) struct Source {
    /// What it is called in messages.
    name: String,
    file: File,
    /// How long it was when it was opened. What is added later isn't looked at.
    pub(super) length: u64,
}

impl Source {
    /// Opens the file at `path`; `-` is stdin.
    pub(super) fn open(cx: &Context<'_>, path: &Path) -> Result<Self, CliError> {
        if path == Path::new("-") {
            let name = "stdin".to_owned();
            return Self::spool(cx, name, io::stdin().lock());
        }
        let name = format!("`{}`", path.display());
        if path.is_dir() {
            // Some systems open it and then can't read it, others don't open it and don't say why.
            return Err(CliError::usage(
                format!("{name} is a folder"),
                "give a file that can be read with --from, or `-` for stdin",
            ));
        }
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(|reason| {
            CliError::usage(
                format!("can't open {name}: {reason}"),
                "give a file that can be read with --from, or `-` for stdin",
            )
        })?;
        if metadata.is_file() {
            let length = metadata.len();
            return Ok(Self { name, file, length });
        }
        Self::spool(cx, name, file)
    }

    /// Copies what can be read only once to a file without a name, in the data folder.
    fn spool(cx: &Context<'_>, name: String, mut from: impl Read) -> Result<Self, CliError> {
        let folder = cx.data_folder()?;
        let cannot_keep = |reason: io::Error| {
            let folder = folder.path().display();
            let advice = match reason.kind() {
                ErrorKind::FileTooLarge => "raise the limit of file sizes (`ulimit -f unlimited`)",
                _ => "make room there, or choose another place with QUEUECTL_HOME",
            };
            CliError::unavailable(
                format!("can't keep what comes from {name} in `{folder}`: {reason}"),
                advice,
            )
        };
        let mut file = tempfile::tempfile_in(folder.path()).map_err(cannot_keep)?;
        let progress = Progress::new(cx.console, "reading", None);
        let mut piece = vec![0; PIECE];
        let mut length = 0;
        loop {
            let read = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(reason) => return Err(cannot_read(&name, &reason)),
            };
            file.write_all(&piece[..read]).map_err(cannot_keep)?;
            length += read as u64;
            progress.at(length, 0);
        }
        Ok(Self { name, file, length })
    }

    /// A file that holds this.
    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut file = tempfile::tempfile().expect("a file can be made");
        file.write_all(bytes).expect("it can be written to");
        Self {
            name: "it".to_owned(),
            file,
            length: bytes.len() as u64,
        }
    }

    /// Its lines, from the first on.
    pub(super) fn lines(&self) -> Result<Lines<'_>, CliError> {
        let mut file = &self.file;
        file.rewind()
            .map_err(|reason| cannot_read(&self.name, &reason))?;
        Ok(Lines {
            source: self,
            input: BufReader::with_capacity(PIECE, file.take(self.length)),
            line: Vec::new(),
            content: 0..0,
            number: 0,
            position: 0,
            digest: DefaultHasher::new(),
        })
    }

    /// What is wrong with one of its lines.
    pub(super) fn wrong(&self, number: u64, wrong: &Wrong) -> CliError {
        let advice = "correct the line, and give the file again; nothing was enqueued";
        CliError::usage(
            format!("line {number} of {}: {}", self.name, wrong.problem),
            wrong.advice.unwrap_or(advice),
        )
    }

    /// What one of its lines stands against.
    pub(super) fn conflict(&self, number: u64, problem: &str, advice: &str) -> CliError {
        CliError::conflict(format!("line {number} of {}: {problem}", self.name), advice)
    }

    /// It isn't what it was.
    pub(super) fn changed(&self) -> CliError {
        CliError::unavailable(
            format!("{} was changed while it was read", self.name),
            "give it again when nobody writes to it; nothing was enqueued",
        )
    }
}

fn cannot_read(name: &str, reason: &io::Error) -> CliError {
    CliError::unavailable(
        format!("can't read {name}: {reason}"),
        "look where it comes from; nothing was enqueued",
    )
}

/// The lines of a file that aren't blank, one after the other.
pub(super) struct Lines<'a> {
    source: &'a Source,
    input: BufReader<io::Take<&'a File>>,
    line: Vec<u8>,
    /// Where in `line` it stands, without its end.
    content: std::ops::Range<usize>,
    /// The number of the line, from 1 on.
    pub(super) number: u64,
    /// How many bytes are read.
    pub(super) position: u64,
    digest: DefaultHasher,
}

impl Lines<'_> {
    /// Goes to the next line; false if there is none.
    pub(super) fn advance(&mut self) -> Result<bool, CliError> {
        loop {
            if self.line.capacity() > USUAL_LINE {
                self.line = Vec::new();
            }
            self.line.clear();
            let most = MAX_LINE as u64 + 1;
            let read = (&mut self.input)
                .take(most)
                .read_until(b'\n', &mut self.line);
            let read = read.map_err(|reason| cannot_read(&self.source.name, &reason))?;
            if read == 0 {
                return Ok(false);
            }
            self.number += 1;
            self.position += read as u64;
            if read > MAX_LINE {
                let problem = format!("a line has at most {MAX_LINE} bytes (33 MiB)");
                return Err(self.wrong(&Wrong::from(problem)));
            }
            self.digest.write(&self.line);
            self.content = content(&self.line, self.number == 1);
            if !self.line().trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line.
    pub(super) fn line(&self) -> &[u8] {
        &self.line[self.content.clone()]
    }

    /// What is wrong with the line.
    pub(super) fn wrong(&self, wrong: &Wrong) -> CliError {
        self.source.wrong(self.number, wrong)
    }

    /// What tells all that was read from anything else.
    pub(super) fn digest(&self) -> u64 {
        self.digest.finish()
    }
}

/// The line without its end, and the first without a byte order mark.
fn content(line: &[u8], first: bool) -> std::ops::Range<usize> {
    let marked = first && line.starts_with(BYTE_ORDER_MARK);
    let start = if marked { BYTE_ORDER_MARK.len() } else { 0 };
    let rest = &line[start..];
    let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
    let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
    start..start + rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &Source) -> (Vec<(u64, String)>, u64) {
        let mut lines = source.lines().unwrap();
        let mut all = Vec::new();
        while lines.advance().unwrap() {
            all.push((lines.number, lines.line().escape_ascii().to_string()));
        }
        (all, lines.digest())
    }

    #[test]
    fn lines_are_numbered_and_come_without_their_ends() {
        let source = Source::of(b"\xef\xbb\xbfa\r\n\n \t\r\nb\xff\n\rc");
        let lines = [(1, "a"), (4, r"b\xff"), (5, r"\rc")];
        let lines = lines.map(|(number, line)| (number, line.to_owned()));
        assert_eq!(read(&source).0, lines);
    }

    #[test]
    fn the_same_is_read_again_and_again_but_not_what_is_added() {
        let source = Source::of(b"a\nb\n");
        let first = read(&source);
        (&source.file).write_all(b"c\n").unwrap();
        assert_eq!(read(&source), first);
    }

    #[test]
    fn a_change_shows_in_the_digest() {
        let source = Source::of(b"a\nb\n");
        let (_, before) = read(&source);
        let mut file = &source.file;
        file.seek(io::SeekFrom::Start(2)).unwrap();
        file.write_all(b"c").unwrap();
        assert_ne!(read(&source).1, before);
        source.file.set_len(2).unwrap();
        assert_ne!(read(&source).1, before);
    }

    #[test]
    fn a_line_that_is_far_too_long_is_not_read_to_its_end() {
        let source = Source::of(b"");
        source.file.set_len(1 << 40).unwrap();
        let source = Source {
            length: 1 << 40,
            ..source
        };
        let error = source.lines().unwrap().advance().unwrap_err();
        assert!(error.message.contains("33 MiB"), "{error:?}");
    }
}
