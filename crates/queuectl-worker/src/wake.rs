//! Turns the store's bell into an event of the worker's loop.

use std::sync::mpsc::{Receiver, Sender, channel};

use queuectl_store::Bell;

use crate::signal::Signal;

/// A thread that waits for the bell when it is told to.
///
/// It waits only when the worker has nothing else to do, so that it doesn't
/// take a ring that was meant for an idle worker. It can't be called back while
/// it waits, so it isn't joined: it ends with the process, if the bell can't send it away.
pub(crate) struct Wake {
    bell: Box<dyn Bell>,
    arm: Sender<()>,
    armed: bool,
}

impl Wake {
    /// Sends [`Signal::Rung`] for each ring that is waited for.
    pub(crate) fn start(bell: Box<dyn Bell>, signals: Sender<Signal>) -> std::io::Result<Self> {
        let waiting = bell.another()?;
        let (arm, armed) = channel();
        std::thread::Builder::new()
            .name("bell".into())
            .spawn(move || wait(waiting, &armed, &signals))?;
        Ok(Self {
            bell,
            arm,
            armed: false,
        })
    }

    /// Waits for the next ring, if that isn't done already.
    pub(crate) fn arm(&mut self) {
        if !self.armed {
            // If the thread has gone, the loop's slow timer stands in for it.
            self.armed = self.arm.send(()).is_ok();
        }
    }

    /// The ring that was waited for has come.
    pub(crate) fn rung(&mut self) {
        self.armed = false;
    }

    /// Doesn't wait any more: a ring isn't for this worker.
    pub(crate) fn retire(&self) {
        self.bell.retire();
    }

    /// Wakes another worker.
    pub(crate) fn ring(&self) {
        self.bell.ring();
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.bell.close();
    }
}

fn wait(mut bell: Box<dyn Bell>, armed: &Receiver<()>, signals: &Sender<Signal>) {
    while armed.recv().is_ok() {
        if bell.wait().is_err() || signals.send(Signal::Rung).is_err() {
            return;
        }
    }
}
