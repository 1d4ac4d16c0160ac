//! A Job Object: all processes of one attempt, whatever they start. Nothing gets out of it, and all of it ends when the last
//! handle to it is closed, as the system does when we die.

use std::io;
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::JobObjects::{
    CreateJobObjectW, JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectBasicAccountingInformation,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject,
    TerminateJobObject,
};

use super::handle::{check, owned};

/// How long to wait for processes that were ended. Longer takes only one that hangs inside the kernel.
const DYING: Duration = Duration::from_secs(2);

/// A Job Object that nobody else has a handle to.
pub(super) struct Job(OwnedHandle);

impl Job {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: both pointers may be null, and are.
        let job = owned(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?;
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        // One that crashes ends, instead of asking a user who isn't there what to do.
        limits.BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
        let size = size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32;
        let kind = JobObjectExtendedLimitInformation;
        // SAFETY: the job is open. The structure is the one that belongs to the kind, with its
        // size; it is a local, which the system copies.
        check(unsafe {
            SetInformationJobObject(job.as_raw_handle(), kind, (&raw const limits).cast(), size)
        })?;
        Ok(Self(job))
    }

    /// For the start of a process in it; what that starts is in it too. It is open only as long as
    /// the job is kept.
    pub(super) fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    /// Whether anything in it still runs.
    pub(super) fn lives(&self) -> bool {
        let mut found = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        let size = size_of::<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION>() as u32;
        let kind = JobObjectBasicAccountingInformation;
        // SAFETY: the job is open. The structure is the one that belongs to the kind, with its
        // size; it is a local, which the system has filled when the call returns.
        let done = check(unsafe {
            QueryInformationJobObject(
                self.0.as_raw_handle(),
                kind,
                (&raw mut found).cast(),
                size,
                ptr::null_mut(),
            )
        });
        done.is_ok() && found.ActiveProcesses > 0
    }

    /// Ends everything in it.
    pub(super) fn end(&self) {
        // SAFETY: a call without pointers, on a job that is open.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
    }

    /// Waits until all that was ended has gone. Normally one call.
    pub(super) fn wait_gone(&self) {
        let began = Instant::now();
        while self.lives() && began.elapsed() < DYING {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
