//! What a store in a file makes of a disk on which nobody can rely: the power goes, or calls fail.
//!
//! These tests put themselves between the program and the system, which Linux lets a program do by
//! itself. What they show is the same elsewhere: the store and SQLite make the same calls.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap, too")]

mod calls;
mod disk;
mod failed_sync;
mod image;
mod power_cut;
mod recording;
mod refused;
mod scene;
