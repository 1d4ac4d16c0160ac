//! A call of the binary that goes on: a worker in the foreground.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::home::{Home, collect, result_of};
#[cfg(unix)]
use super::system;
use super::{Output, wait_until};

/// A call of the binary that goes on.
pub(crate) struct Running {
    child: Option<Child>,
    call: String,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts `queuectl args`.
    pub(crate) fn start(home: &Home, args: &[&str]) -> Self {
        Self::of(home.command(args), format!("queuectl {}", args.join(" ")))
    }

    /// Runs a line of `sh` in which `queuectl` is the binary. If it is to be signalled, the line begins with `exec`.
    #[cfg(unix)]
    pub(crate) fn shell(home: &Home, line: &str) -> Self {
        Self::of(home.of_shell(line), line.to_owned())
    }

    fn of(mut command: Command, call: String) -> Self {
        #[cfg(unix)]
        system::allow_interrupts();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = vec![
            collect(
                child.stdout.take().expect("stdout is a pipe"),
                Arc::clone(&stdout),
            ),
            collect(
                child.stderr.take().expect("stderr is a pipe"),
                Arc::clone(&stderr),
            ),
        ];
        Self {
            child: Some(child),
            call,
            stdout,
            stderr,
            readers,
        }
    }

    /// Its process id.
    #[cfg(unix)]
    pub(crate) fn pid(&self) -> i32 {
        let child = self.child.as_ref().expect("it hasn't been waited for");
        child.id().try_into().expect("a process id fits")
    }

    /// What it has printed so far.
    pub(crate) fn so_far(&self) -> String {
        let stdout = self.stdout.lock().expect("the reader doesn't panic");
        String::from_utf8_lossy(&stdout).into_owned()
    }

    /// Waits until it has printed `text` on stderr.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn wait_until_it_complains(&self, text: &str) {
        super::wait_for(&format!("`{}` to complain `{text}`", self.call), || {
            let stderr = self.stderr.lock().expect("the reader doesn't panic");
            let so_far = String::from_utf8_lossy(&stderr).into_owned();
            so_far.contains(text).then_some(()).ok_or(so_far)
        });
    }

    /// Waits until it has printed `text`.
    #[track_caller]
    pub(crate) fn wait_until_it_says(&self, text: &str) {
        super::wait_for(&format!("`{}` to say `{text}`", self.call), || {
            let so_far = self.so_far();
            if so_far.contains(text) {
                Ok(())
            } else {
                Err(so_far)
            }
        });
    }

    /// Ctrl+C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        system::interrupt(self.pid());
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Output {
        let mut child = self.child.take().expect("it hasn't been waited for");
        let mut status = None;
        wait_until(&format!("`{}` to end", self.call), || {
            status = child.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        let readers = std::mem::take(&mut self.readers);
        let status = status.expect("it has ended");
        result_of(
            self.call.clone(),
            status,
            readers,
            &self.stdout,
            &self.stderr,
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
