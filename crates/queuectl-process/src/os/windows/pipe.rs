//! A pipe from a command, whose end of ours can be waited for together with other things: an anonymous one can't. What is
//! read arrives in a buffer that belongs to the system until the read is over.

use std::io;
use std::mem;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::process;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use windows_sys::Win32::Foundation::{
    ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, OPEN_EXISTING,
    PIPE_ACCESS_INBOUND, ReadFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{CreateNamedPipeW, PIPE_REJECT_REMOTE_CLIENTS};

use super::handle::{event, owned, wide};

/// One read takes at most this, and so much the system keeps for us.
const CHUNK: usize = 64 * 1024;

/// Our end of a pipe, with a read under way.
pub(super) struct Pipe {
    end: OwnedHandle,
    /// Set when the read is over.
    read: OwnedHandle,
    overlapped: Lent<OVERLAPPED>,
    buffer: Lent<[u8]>,
    /// Whether a read is under way, or over and not taken. One that was refused leaves the structure as if it were.
    reading: bool,
}

impl Pipe {
    /// A pipe, and the command's end of it, which may be inherited.
    pub(super) fn new() -> io::Result<(Self, OwnedHandle)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("\\\\.\\pipe\\queuectl-{}-{number}", process::id());
        let name = wide(&name);
        let size = CHUNK as u32;
        // The first of its name, so that nobody else listens in our place; and for one writer.
        let how = PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE;
        let remote = PIPE_REJECT_REMOTE_CLIENTS;
        // SAFETY: the name ends with a zero and is a local, which the system doesn't keep.
        let end = file(unsafe {
            CreateNamedPipeW(name.as_ptr(), how, remote, 1, size, size, 0, ptr::null())
        })?;
        let other = inheritable(&name, GENERIC_WRITE)?;
        let read = event(None, true)?;
        let mut pipe = Self {
            end,
            read,
            overlapped: Lent::new(Box::default()),
            buffer: Lent::new(vec![0; CHUNK].into()),
            reading: false,
        };
        pipe.begin()?;
        Ok((pipe, other))
    }

    /// What is signalled when there is something to take, or nothing will come any more.
    pub(super) fn event(&self) -> HANDLE {
        self.read.as_raw_handle()
    }

    /// Hands out what was read, once the event is signalled, and reads on. `None` if the pipe has ended.
    pub(super) fn take(mut self, mut to: impl FnMut(&[u8])) -> Option<Self> {
        let mut length = 0;
        // SAFETY: the handle is open. The structure is the one that the read was begun with, and
        // where it was then; the length is a local.
        let done = unsafe {
            let overlapped = self.overlapped.pointer();
            GetOverlappedResult(self.end.as_raw_handle(), overlapped, &mut length, 0)
        };
        let error = io::Error::last_os_error();
        if done == 0 && error.raw_os_error() == Some(ERROR_IO_INCOMPLETE as i32) {
            // The event may be a little earlier than the result.
            return Some(self);
        }
        self.reading = false;
        if done == 0 {
            return None;
        }
        // SAFETY: the read is over, so the system leaves the buffer alone until the next one begins
        // below.
        let buffer = unsafe { &*self.buffer.pointer() };
        to(buffer.get(..length as usize).unwrap_or_default());
        self.begin().ok()?;
        Some(self)
    }

    fn begin(&mut self) -> io::Result<()> {
        let fresh = OVERLAPPED {
            hEvent: self.read.as_raw_handle(),
            ..OVERLAPPED::default()
        };
        // SAFETY: no read is under way, so both are ours. The system keeps the pointers to them
        // until this read is over: they stay where they are however this is moved, and `drop` waits
        // for the end of the read before they go.
        let done = unsafe {
            self.overlapped.pointer().write(fresh);
            ReadFile(
                self.end.as_raw_handle(),
                self.buffer.pointer().cast(),
                CHUNK as u32,
                ptr::null_mut(),
                self.overlapped.pointer(),
            )
        };
        let error = io::Error::last_os_error();
        self.reading = done != 0 || error.raw_os_error() == Some(ERROR_IO_PENDING as i32);
        if self.reading { Ok(()) } else { Err(error) }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if !self.reading {
            return;
        }
        let mut length = 0;
        // SAFETY: the handle is open, and the structure is the one of the read. A read that is over
        // already isn't touched by either call; when the second returns, the system has let go of
        // structure and buffer.
        unsafe {
            let overlapped = self.overlapped.pointer();
            CancelIoEx(self.end.as_raw_handle(), overlapped);
            GetOverlappedResult(self.end.as_raw_handle(), overlapped, &mut length, 1);
        }
    }
}

/// Memory at a fixed place that the system writes to while a read is under way. This holds a bare
/// pointer, because a `Box` asserts each time it is moved that nobody else writes to its content,
/// and so does a reference.
struct Lent<T: ?Sized>(NonNull<T>);

impl<T: ?Sized> Lent<T> {
    fn new(content: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(content)))
    }

    fn pointer(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T: ?Sized> Drop for Lent<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box and is freed only here; whoever lends it waits until it was
        // given back.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Opens something by its name so that a command may inherit it.
pub(super) fn inheritable(name: &[u16], access: u32) -> io::Result<OwnedHandle> {
    let security = SECURITY_ATTRIBUTES {
        nLength: mem::size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: ptr::null_mut(),
        bInheritHandle: 1,
    };
    // SAFETY: name and attributes are the caller's and a local; the name ends with a zero, and the
    // system keeps neither.
    file(unsafe {
        CreateFileW(
            name.as_ptr(),
            access,
            0,
            &security,
            OPEN_EXISTING,
            0,
            ptr::null_mut(),
        )
    })
}

/// Takes a handle that one of the calls has returned that don't say null when they fail.
fn file(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    owned(handle)
}
