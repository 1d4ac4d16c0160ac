//! Numbers in a file that outlives us, written without a system call: the file is mapped, so a write is a store, and what
//! the kernel has mapped it keeps when we are killed.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::ptr::null_mut;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::facts::create_private;

/// Numbers in a file.
#[derive(Debug)]
pub(crate) struct Words {
    /// Mapped for as long as this lives. Never handed out, so that no copy of it outlives this.
    words: &'static [AtomicU64],
}

impl Words {
    /// Creates the file, or replaces what is in it.
    ///
    /// It is written before it is mapped, so that a full disk is an error now, and no signal later. A file that someone
    /// truncates under us is such a signal (SIGBUS), as with the file that SQLite maps beside it: who may do that may as well
    /// kill us, and it ends as if they had.
    pub(crate) fn create(path: &Path, content: &[u64]) -> io::Result<Self> {
        let mut file = create_private(
            path,
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true),
        )?;
        let bytes: Vec<u8> = content.iter().flat_map(|word| word.to_ne_bytes()).collect();
        file.write_all(&bytes)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, at an address of the system's choice and so aligned to a page, and
        // as long as the file. It outlives the file's descriptor, and stays where it is until `drop`
        // ends it, however this is moved. Other processes only read the file.
        let words = unsafe {
            let start = mmap(null_mut(), bytes.len(), access, MapFlags::SHARED, &file, 0)?;
            slice::from_raw_parts(start.cast(), content.len())
        };
        Ok(Self { words })
    }

    /// Sets one number. If we are killed, whoever reads the file finds it only together with all that was set before.
    pub(crate) fn set(&self, at: usize, word: u64) -> io::Result<()> {
        self.words[at].store(word, Ordering::Release);
        Ok(())
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        let start = self.words.as_ptr().cast_mut();
        // SAFETY: mapped by `create`, and borrowed by nobody any more: `set` borrows this only
        // while it runs, and hands nothing out.
        let _ = unsafe { munmap(start.cast(), size_of_val(self.words)) };
    }
}
