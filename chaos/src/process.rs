//! A process that this run has started, told from any other that gets its number later.

use std::fmt;

use queuectl_process::os;
use rustix::process::{Pid, Signal};

/// A process: its number and when it started. Signals go to that one or to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) start: u64,
}

impl Process {
    /// The process that has this number now.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let start = os::process_start(pid)?;
        Some(Self { pid, start })
    }

    pub(crate) fn is_alive(self) -> bool {
        os::is_alive(self.pid, self.start)
    }

    /// Sends it a signal. Says whether it was alive to get it.
    #[cfg(target_os = "linux")]
    pub(crate) fn signal(self, signal: Signal) -> bool {
        use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
        // What the descriptor means stays the same from here on, so looking
        // after it was opened leaves no gap.
        let pidfd = self
            .number()
            .map(|pid| pidfd_open(pid, PidfdFlags::empty()));
        match pidfd {
            Some(Ok(pidfd)) => self.is_alive() && pidfd_send_signal(pidfd, signal).is_ok(),
            _ => false,
        }
    }

    /// Sends it a signal. Says whether it was alive to get it.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn signal(self, signal: Signal) -> bool {
        let pid = self.number().filter(|_| self.is_alive());
        pid.is_some_and(|pid| rustix::process::kill_process(pid, signal).is_ok())
    }

    /// Whether it is stopped, with all its threads.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_stopped(self) -> bool {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.pid)) else {
            return false;
        };
        let stopped = |stat: String| {
            let after = stat.rsplit_once(')').map(|(_, after)| after.trim_start());
            after.is_some_and(|after| after.starts_with('T'))
        };
        let mut stats = threads
            .flatten()
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
        self.is_alive() && stats.all(stopped)
    }

    /// Whether it is stopped.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn is_stopped(self) -> bool {
        let mut ps = std::process::Command::new("ps");
        let said = ps
            .args(["-o", "state=", "-p", &self.pid.to_string()])
            .output();
        self.is_alive() && said.is_ok_and(|said| said.stdout.trim_ascii().starts_with(b"T"))
    }

    fn number(self) -> Option<Pid> {
        let raw = i32::try_from(self.pid).ok().filter(|raw| *raw > 0)?;
        Pid::from_raw(raw)
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn child() -> Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    #[test]
    fn a_signal_goes_to_the_process_that_was_meant() {
        let mut child = child();
        let process = Process::of(child.id()).unwrap();
        assert!(process.signal(Signal::KILL));
        child.wait().unwrap();
        assert!(!process.signal(Signal::KILL));
    }

    #[test]
    fn another_of_the_same_number_gets_no_signal() {
        let mut child = child();
        let process = Process::of(child.id()).unwrap();
        let earlier = Process {
            start: process.start - 1,
            ..process
        };
        assert!(!earlier.signal(Signal::KILL));
        assert!(process.is_alive());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
