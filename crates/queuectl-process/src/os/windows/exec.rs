//! The native call that starts a process: with nothing inherited but its three streams, without a window, and stopped before
//! its first instruction. std's `Command` lets a process inherit whatever may be inherited.

use std::ffi::{OsStr, OsString};
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{GENERIC_READ, HANDLE};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT,
    CreateProcessW, DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT,
    InitializeProcThreadAttributeList, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
    PROC_THREAD_ATTRIBUTE_JOB_LIST, PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES,
    STARTUPINFOEXW, UpdateProcThreadAttribute,
};

use super::handle::{check, owned, wide};
use super::job::Job;
use super::pipe::{Pipe, inheritable};

/// A process to be started. All texts end with a zero.
pub(super) struct Exec {
    pub(super) program: Vec<u16>,
    pub(super) line: Vec<u16>,
    pub(super) cwd: Vec<u16>,
    pub(super) environment: Vec<u16>,
}

/// A process that was started and waits to be let go.
pub(super) struct Child {
    pub(super) pid: u32,
    pub(super) process: OwnedHandle,
    pub(super) stdout: Pipe,
    pub(super) stderr: Pipe,
    thread: OwnedHandle,
}

/// Why there is no process.
pub(super) enum Fault {
    /// A step failed that is the same for every command.
    Machine(io::Error),
    /// A step failed that uses the command's folder or its program.
    Command(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Machine(error)
    }
}

impl Exec {
    /// Starts it inside a job, so that it ends with us from its first moment on.
    pub(super) fn spawn(mut self, job: &Job) -> Result<Child, Fault> {
        let (stdout, stdout_end) = Pipe::new()?;
        let (stderr, stderr_end) = Pipe::new()?;
        let streams = [
            empty()?.as_raw_handle(),
            stdout_end.as_raw_handle(),
            stderr_end.as_raw_handle(),
        ];
        let jobs = [job.handle()];
        let mut list = List::new(&streams, &jobs)?;
        let mut startup = STARTUPINFOEXW::default();
        startup.StartupInfo.cb = mem::size_of::<STARTUPINFOEXW>() as u32;
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        startup.StartupInfo.hStdInput = streams[0];
        startup.StartupInfo.hStdOutput = streams[1];
        startup.StartupInfo.hStdError = streams[2];
        startup.lpAttributeList = list.pointer();
        let mut born = PROCESS_INFORMATION::default();
        // SAFETY: each text ends with a zero, the environment with two. All that is pointed to is
        // `self`'s or a local of this function, and so lives through the call: the texts, the list
        // of attributes, the handles that it points to, which it borrows, and the ends of the pipes
        // that these are. The system keeps copies only.
        check(unsafe {
            CreateProcessW(
                self.program.as_ptr(),
                self.line.as_mut_ptr(),
                ptr::null(),
                ptr::null(),
                1,
                CREATE_SUSPENDED
                    | CREATE_NEW_PROCESS_GROUP
                    | CREATE_NO_WINDOW
                    | CREATE_UNICODE_ENVIRONMENT
                    | EXTENDED_STARTUPINFO_PRESENT,
                self.environment.as_ptr().cast(),
                self.cwd.as_ptr(),
                (&raw const startup).cast(),
                &mut born,
            )
        })
        .map_err(Fault::Command)?;
        Ok(Child {
            pid: born.dwProcessId,
            process: owned(born.hProcess)?,
            stdout,
            stderr,
            thread: owned(born.hThread)?,
        })
    }
}

impl Child {
    /// Lets it go.
    pub(super) fn resume(&self) -> io::Result<()> {
        // SAFETY: a call without pointers, on a handle that is open.
        match unsafe { ResumeThread(self.thread.as_raw_handle()) } {
            u32::MAX => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

/// The inherited environment with what is added to it, as the system takes it: in the order of names, which don't differ by
/// case. Of two that are added with one name, the later counts. `None` if there is a zero in one.
pub(super) fn environment<'a>(
    added: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
) -> Option<Vec<u16>> {
    let mut variables: Vec<(String, OsString)> = inherited().to_vec();
    for (name, value) in added {
        let mut variable = name.to_owned();
        variable.push("=");
        variable.push(value);
        let key = key(name);
        match variables.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => variables[at].1 = variable,
            Err(at) => variables.insert(at, (key, variable)),
        }
    }
    let mut block = Vec::new();
    for (_, variable) in variables {
        if variable.as_encoded_bytes().contains(&0) {
            return None;
        }
        block.extend(variable.encode_wide());
        block.push(0);
    }
    block.push(0);
    Some(block)
}

/// The inherited variables, read once, with the names by which they are ordered. PWD and OLDPWD are left out: they are folders of
/// a Unix shell that started this process.
#[expect(
    clippy::disallowed_methods,
    reason = "it is not looked at, only handed on to every child"
)]
fn inherited() -> &'static [(String, OsString)] {
    static INHERITED: OnceLock<Vec<(String, OsString)>> = OnceLock::new();
    INHERITED.get_or_init(|| {
        let joined = |(name, value): (OsString, OsString)| {
            let key = key(&name);
            let mut variable = name;
            variable.push("=");
            variable.push(value);
            (key, variable)
        };
        let mut variables: Vec<_> = std::env::vars_os()
            .map(joined)
            .filter(|(key, _)| key != "PWD" && key != "OLDPWD")
            .collect();
        variables.sort_by(|(one, _), (other, _)| one.cmp(other));
        variables.dedup_by(|(one, _), (other, _)| one == other);
        variables
    })
}

fn key(name: &OsStr) -> String {
    name.to_string_lossy().to_uppercase()
}

/// What is read as the standard input of every command.
fn empty() -> io::Result<&'static OwnedHandle> {
    static EMPTY: OnceLock<OwnedHandle> = OnceLock::new();
    if let Some(empty) = EMPTY.get() {
        return Ok(empty);
    }
    let empty = inheritable(&wide("NUL"), GENERIC_READ)?;
    Ok(EMPTY.get_or_init(|| empty))
}

/// Attributes of a process that is to be started. The list is initialised from the start, and keeps
/// pointers to the attributes' values.
struct List<'a> {
    /// Words, since it has to lie as pointers do. They never grow, so the list stays where it was
    /// initialised when this is moved.
    words: Box<[usize]>,
    _handles: PhantomData<&'a [HANDLE]>,
}

impl<'a> List<'a> {
    /// That it inherits these handles and no others, and which jobs it is in.
    fn new(inherited: &'a [HANDLE], jobs: &'a [HANDLE]) -> io::Result<Self> {
        const COUNT: u32 = 2;
        let mut size = 0;
        // SAFETY: without a list the call only tells the size, in a local.
        unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), COUNT, 0, &mut size) };
        let mut words = vec![0_usize; size.div_ceil(size_of::<usize>())].into_boxed_slice();
        // SAFETY: the list has the size that was asked for, and stays where it is until it is
        // deleted.
        check(unsafe {
            InitializeProcThreadAttributeList(words.as_mut_ptr().cast(), COUNT, 0, &mut size)
        })?;
        let mut list = Self {
            words,
            _handles: PhantomData,
        };
        list.say(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited)?;
        list.say(PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs)?;
        Ok(list)
    }

    fn say(&mut self, what: u32, handles: &'a [HANDLE]) -> io::Result<()> {
        // SAFETY: the list is initialised. It keeps the pointer to the handles, which it borrows
        // for as long as it is there.
        check(unsafe {
            UpdateProcThreadAttribute(
                self.pointer(),
                0,
                what as usize,
                handles.as_ptr().cast(),
                mem::size_of_val(handles),
                ptr::null_mut(),
                ptr::null(),
            )
        })
    }

    fn pointer(&mut self) -> *mut core::ffi::c_void {
        self.words.as_mut_ptr().cast()
    }
}

impl Drop for List<'_> {
    fn drop(&mut self) {
        // SAFETY: it was initialised, or there would be none; nobody has a pointer to it any more,
        // since `spawn` is over.
        unsafe { DeleteProcThreadAttributeList(self.pointer()) };
    }
}
