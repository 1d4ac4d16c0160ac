//! A wake-up between processes: a FIFO that idle workers read from, so that one byte wakes exactly one of them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use super::place::make_private;
use crate::os::native;

const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// The waiting side of a wake-up that has a path.
#[derive(Debug)]
pub struct Wake {
    fifo: File,
}

impl Wake {
    /// Opens the wake-up at `path` for waiting, and creates it (0600) if need be.
    pub fn open(path: &Path) -> io::Result<Self> {
        match native::make_fifo(path) {
            // The umask may have taken rights away from the owner.
            Ok(()) => make_private(path)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        // Open for writing too: the FIFO then never reports its end when the last writer has gone.
        let fifo = OpenOptions::new().read(true).write(true).open(path)?;
        if !fifo.metadata()?.file_type().is_fifo() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "there is a file in the place of the wake-up",
            ));
        }
        Ok(Self { fifo })
    }

    /// Blocks until it has taken a token. Of several that wait, the system gives it to exactly one.
    pub fn wait(&self) -> io::Result<()> {
        (&self.fifo).read_exact(&mut [0])
    }
}

/// Puts a token, if someone has the wake-up open and there is none yet. Says whether one is there for somebody now.
pub fn wake(path: &Path) -> io::Result<bool> {
    let opened = OpenOptions::new()
        .write(true)
        .custom_flags(NONBLOCK)
        .open(path);
    let mut fifo = match opened {
        Ok(fifo) => fifo,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    if !fifo.metadata()?.file_type().is_fifo() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file in the place of the wake-up",
        ));
    }
    if rustix::io::ioctl_fionread(&fifo)? > 0 {
        return Ok(true);
    }
    match fifo.write_all(&[1]) {
        Ok(()) => Ok(true),
        // The last who had it open has gone in this very moment.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
