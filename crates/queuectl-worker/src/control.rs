//! The way to stop a worker from another thread of its process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use queuectl_process::os::{self, Asked};
use queuectl_store::StopMode;

use crate::signal::Signal;

/// Stops a worker from another thread, such as the one that hears Ctrl+C.
#[derive(Clone, Default)]
pub struct Control(Arc<Inner>);

#[derive(Default)]
struct Inner {
    drain: AtomicBool,
    now: AtomicBool,
    worker: Mutex<Option<Sender<Signal>>>,
}

impl Control {
    /// A control of a worker that may be yet to run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the worker to stop when this process is asked to: by Ctrl+C (the
    /// second one means at once) or by a signal.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses to tell.
    pub fn heed_signals(&self) -> std::io::Result<()> {
        let control = self.clone();
        os::when_asked_to_stop(move |asked| match asked {
            Asked::Politely => control.stop(StopMode::Drain),
            Asked::AtOnce => control.stop(StopMode::Now),
            Asked::Interrupt if control.asked().is_some() => control.stop(StopMode::Now),
            Asked::Interrupt => control.stop(StopMode::Drain),
        })
    }

    /// Tells the worker that its observer has caught up, so it may claim jobs again.
    pub fn go_on(&self) {
        self.send(Signal::CaughtUp);
    }

    /// Returns true if the worker was asked to stop at once.
    pub fn is_to_end_at_once(&self) -> bool {
        self.asked() == Some(StopMode::Now)
    }

    /// Asks the worker to stop. Who has asked for more isn't made to get less.
    pub fn stop(&self, mode: StopMode) {
        let asked = match mode {
            StopMode::Drain => &self.0.drain,
            StopMode::Now => &self.0.now,
        };
        asked.store(true, Ordering::SeqCst);
        self.send(Signal::StopAsked);
    }

    fn send(&self, signal: Signal) {
        let worker = self.0.worker.lock();
        if let Some(signals) = &*worker.unwrap_or_else(PoisonError::into_inner) {
            // A worker that has ended needs no telling.
            let _ = signals.send(signal);
        }
    }

    /// What has been asked for.
    pub(crate) fn asked(&self) -> Option<StopMode> {
        if self.0.now.load(Ordering::SeqCst) {
            Some(StopMode::Now)
        } else if self.0.drain.load(Ordering::SeqCst) {
            Some(StopMode::Drain)
        } else {
            None
        }
    }

    /// Where to tell the worker that it has been asked to stop.
    pub(crate) fn tell(&self, signals: Sender<Signal>) {
        let worker = self.0.worker.lock();
        *worker.unwrap_or_else(PoisonError::into_inner) = Some(signals);
    }
}
