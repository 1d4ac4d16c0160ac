//! Numbers in a file that outlives us. Written with a call each: a file that is mapped could not be deleted here.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::windows::fs::FileExt;
use std::path::Path;

use super::facts::create_private;

/// Numbers in a file.
#[derive(Debug)]
pub(crate) struct Words {
    file: File,
}

impl Words {
    /// Creates the file, or replaces what is in it.
    pub(crate) fn create(path: &Path, content: &[u64]) -> io::Result<Self> {
        let mut file = create_private(
            path,
            OpenOptions::new().write(true).create(true).truncate(true),
        )?;
        let bytes: Vec<u8> = content.iter().flat_map(|word| word.to_ne_bytes()).collect();
        file.write_all(&bytes)?;
        Ok(Self { file })
    }

    /// Sets one number. If we are killed, whoever reads the file finds it only together with all that was set before.
    pub(crate) fn set(&self, at: usize, word: u64) -> io::Result<()> {
        let bytes = word.to_ne_bytes();
        match self.file.seek_write(&bytes, (at * bytes.len()) as u64)? {
            written if written == bytes.len() => Ok(()),
            _ => Err(ErrorKind::WriteZero.into()),
        }
    }
}
