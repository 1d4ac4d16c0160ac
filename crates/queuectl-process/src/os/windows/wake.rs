//! A wake-up between processes: a named semaphore that holds one token at most. Its name is made from the path.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::path::{self, Path};
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_TOO_MANY_POSTS, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CreateSemaphoreW, INFINITE, OpenSemaphoreW, ReleaseSemaphore, SEMAPHORE_MODIFY_STATE,
    WaitForSingleObject,
};

use super::handle::{owned, shared, wide};

/// The waiting side of a wake-up that has a path.
#[derive(Debug)]
pub struct Wake {
    semaphore: OwnedHandle,
}

impl Wake {
    /// Opens the wake-up of `path` for waiting, and creates it if need be. It ends with the last process that has it open.
    pub fn open(path: &Path) -> io::Result<Self> {
        let semaphore = shared(&name(path)?, |name| {
            let name = wide(name);
            // SAFETY: the name ends with a zero and is a local, which the system doesn't keep;
            // attributes may be null.
            owned(unsafe { CreateSemaphoreW(ptr::null(), 0, 1, name.as_ptr()) })
        });
        Ok(Self {
            semaphore: semaphore?,
        })
    }

    /// Blocks until it has taken a token. Of several that wait, the system gives it to exactly one.
    pub fn wait(&self) -> io::Result<()> {
        // SAFETY: the handle is borrowed, so it stays open through the wait.
        match unsafe { WaitForSingleObject(self.semaphore.as_raw_handle(), INFINITE) } {
            WAIT_OBJECT_0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Puts a token, if someone has the wake-up open and there is none yet. Says whether one is there for somebody now.
pub fn wake(path: &Path) -> io::Result<bool> {
    let semaphore = shared(&name(path)?, |name| {
        let name = wide(name);
        // SAFETY: the name ends with a zero and is a local, which the system doesn't keep.
        owned(unsafe { OpenSemaphoreW(SEMAPHORE_MODIFY_STATE, 0, name.as_ptr()) })
    });
    let semaphore = match semaphore {
        Err(error) if error.raw_os_error() == Some(ERROR_FILE_NOT_FOUND as i32) => {
            return Ok(false);
        }
        opened => opened?,
    };
    // SAFETY: the handle is a local that stays open through the call; where the former count would
    // go may be null.
    if unsafe { ReleaseSemaphore(semaphore.as_raw_handle(), 1, ptr::null_mut()) } == 0 {
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(ERROR_TOO_MANY_POSTS as i32) {
            return Err(error);
        }
    }
    Ok(true)
}

/// Names can't hold backslashes, and paths differ in case, so it is a hash (FNV-1a).
fn name(path: &Path) -> io::Result<String> {
    let path = path::absolute(path)?.to_string_lossy().to_lowercase();
    let hash = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Ok(format!("queuectl-wake-{hash:016x}"))
}
