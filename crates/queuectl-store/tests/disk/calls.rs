//! The calls that reach a file, caught between the program and the system.
//!
//! The linker takes a function of the program's own before one of the C library's. So these see
//! all calls in this process: those of SQLite, of the standard library, and of the store itself.
//! They pass them on, unless this thread watches a [`Disk`] that decides otherwise.

use std::cell::RefCell;
use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::disk::{Call, Disk, Verdict};

/// The byte of the log's index that SQLite locks to write. It waits for the others by itself, for
/// ten seconds.
const TO_WRITE: i64 = 120;

thread_local! {
    static WATCHED: RefCell<Option<Disk>> = const { RefCell::new(None) };
}

/// From now on, what this thread does to files goes over `disk`.
pub(crate) fn watch(disk: Disk) {
    WATCHED.with_borrow_mut(|watched| *watched = Some(disk));
}

/// The end of watching.
pub(crate) fn unwatch() -> Disk {
    let disk = WATCHED.with_borrow_mut(Option::take);
    disk.expect("a disk is watched")
}

/// The disk that is watched.
pub(crate) fn disk<T>(look: impl FnOnce(&mut Disk) -> T) -> T {
    WATCHED.with_borrow_mut(|watched| look(watched.as_mut().expect("a disk is watched")))
}

/// Asks the disk what becomes of a call on a file.
fn verdict(fd: Option<c_int>, path: impl FnOnce() -> PathBuf, call: &Call<'_>) -> Verdict {
    let asked = WATCHED.try_with(|watched| {
        // What the disk does itself isn't watched.
        let mut watched = watched.try_borrow_mut().ok()?;
        let disk = watched.as_mut()?;
        Some(disk.asked(fd, &path(), call))
    });
    asked.ok().flatten().unwrap_or(Verdict::Done)
}

/// Makes a call on an open file, or doesn't.
fn on_file(fd: c_int, call: &Call<'_>, make: impl FnOnce() -> c_long) -> c_long {
    decide(verdict(Some(fd), || path_of(fd), call), call, make)
}

/// A descriptor is new.
fn opened(fd: c_int) {
    let _ = WATCHED.try_with(|watched| {
        if let Ok(mut watched) = watched.try_borrow_mut()
            && let Some(disk) = watched.as_mut()
        {
            disk.opened(fd);
        }
    });
}

/// Makes a call on a path, or doesn't.
fn on_path(path: *const c_char, call: &Call<'_>, make: impl FnOnce() -> c_long) -> c_long {
    // SAFETY: the caller passes on a path that the C library would read as well.
    let text = unsafe { CStr::from_ptr(path) };
    let path = || Path::new(OsStr::from_bytes(text.to_bytes())).to_owned();
    decide(verdict(None, path, call), call, make)
}

fn decide(verdict: Verdict, call: &Call<'_>, make: impl FnOnce() -> c_long) -> c_long {
    match verdict {
        // Nobody pulls the plug of this machine, so the real disk needn't be waited for.
        Verdict::Done if matches!(call, Call::Sync) => 0,
        Verdict::Done | Verdict::Unwatched => make(),
        Verdict::Fails(errno) => {
            // SAFETY: the place is this thread's own.
            unsafe { *libc::__errno_location() = errno };
            -1
        }
    }
}

pub(crate) fn path_of(fd: c_int) -> PathBuf {
    std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap_or_default()
}

/// The bytes that a call writes.
fn written<'a>(buffer: *const c_void, length: usize) -> &'a [u8] {
    // SAFETY: the caller says that there are so many bytes, and the system would read them too.
    unsafe { std::slice::from_raw_parts(buffer.cast(), length) }
}

#[unsafe(no_mangle)]
extern "C" fn fsync(fd: c_int) -> c_int {
    // SAFETY (here and below): the call is passed on as it came.
    on_file(fd, &Call::Sync, || unsafe {
        libc::syscall(libc::SYS_fsync, fd)
    }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(fd: c_int) -> c_int {
    on_file(fd, &Call::Sync, || unsafe {
        libc::syscall(libc::SYS_fdatasync, fd)
    }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn pwrite64(fd: c_int, buffer: *const c_void, length: usize, offset: i64) -> isize {
    let bytes = written(buffer, length);
    let call = Call::Write { offset, bytes };
    on_file(fd, &call, || unsafe {
        libc::syscall(libc::SYS_pwrite64, fd, buffer, length, offset)
    }) as isize
}

#[unsafe(no_mangle)]
extern "C" fn write(fd: c_int, buffer: *const c_void, length: usize) -> isize {
    let offset = unsafe { libc::syscall(libc::SYS_lseek, fd, 0, libc::SEEK_CUR) };
    let bytes = written(buffer, length);
    let call = Call::Write { offset, bytes };
    on_file(fd, &call, || unsafe {
        libc::syscall(libc::SYS_write, fd, buffer, length)
    }) as isize
}

#[unsafe(no_mangle)]
extern "C" fn pread64(fd: c_int, buffer: *mut c_void, length: usize, offset: i64) -> isize {
    on_file(fd, &Call::Read, || unsafe {
        libc::syscall(libc::SYS_pread64, fd, buffer, length, offset)
    }) as isize
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate64(fd: c_int, length: i64) -> c_int {
    let call = Call::Truncate(length);
    on_file(fd, &call, || unsafe {
        libc::syscall(libc::SYS_ftruncate, fd, length)
    }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn unlink(path: *const c_char) -> c_int {
    on_path(path, &Call::Remove, || unsafe {
        libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, path, 0)
    }) as c_int
}

#[unsafe(no_mangle)]
extern "C" fn open(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    let fd = on_path(path, &Call::Open, || unsafe {
        libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, flags, mode)
    }) as c_int;
    opened(fd);
    fd
}

#[unsafe(no_mangle)]
extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    open(path, flags, mode)
}

#[unsafe(no_mangle)]
extern "C" fn fcntl64(fd: c_int, command: c_int, argument: usize) -> c_int {
    let make = || unsafe { libc::syscall(libc::SYS_fcntl, fd, command, argument) };
    let returned = match command {
        libc::F_SETLK => {
            // SAFETY: this command comes with a lock.
            let lock = unsafe { &*(argument as *const libc::flock) };
            let to_write = c_int::from(lock.l_type) == libc::F_WRLCK && lock.l_start == TO_WRITE;
            if to_write {
                on_file(fd, &Call::Lock, make)
            } else {
                make()
            }
        }
        _ => make(),
    };
    returned as c_int
}

#[unsafe(no_mangle)]
extern "C" fn fcntl(fd: c_int, command: c_int, argument: usize) -> c_int {
    fcntl64(fd, command, argument)
}
