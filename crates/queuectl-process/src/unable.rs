//! Why this process can start no command at the moment, whichever it is.
//!
//! A step of a start that is the same for all commands (pipes, the birth of a process, the script of a long line) is never
//! refused because of the command. Of the other steps, those that use its folder and its program, the error number decides:
//! each system's `trouble` names those that tell of a machine without room.

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
