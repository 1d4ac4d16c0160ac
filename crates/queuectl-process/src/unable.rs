//! Why this process can start no command at the moment.
//!
//! Steps of a start that are the same for all commands (pipes, the birth of a process, the script of a long line) are never
//! refused because of the command. For the steps that use its folder and its program, the error code decides: each system's
//! `trouble` lists the codes that mean a machine without room.

/// What this machine or this process lacks, so that it can start no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unable {
    /// What was refused.
    pub step: Step,
    /// Why, in plain words.
    pub reason: String,
}

/// A part of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A process, and its pipes.
    Process,
    /// The script that stands in for a long line.
    Script,
}
