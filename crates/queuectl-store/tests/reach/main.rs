//! How a store on a server is reached: its URL and all that completes it, TLS, and what is said when it can't be.
// They start servers of their own, for which wine has no programs; on Windows the suite of all stores uses one of Linux.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

mod encrypted;
mod hosts;
mod pipes;
mod refused;
mod scene;
mod secrets;
mod told;
mod versions;
