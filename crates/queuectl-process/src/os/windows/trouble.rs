//! Why a command could not be started, by the system's error code.

use std::io::{self, ErrorKind};

use windows_sys::Win32::Foundation::{
    ERROR_BAD_EXE_FORMAT, ERROR_COMMITMENT_LIMIT, ERROR_COMMITMENT_MINIMUM,
    ERROR_ELEVATION_REQUIRED, ERROR_EXE_MACHINE_TYPE_MISMATCH, ERROR_FILENAME_EXCED_RANGE,
    ERROR_INTERNAL_ERROR, ERROR_MAX_THRDS_REACHED, ERROR_NO_MORE_USER_HANDLES, ERROR_NO_PROC_SLOTS,
    ERROR_NO_SYSTEM_RESOURCES, ERROR_NONPAGED_SYSTEM_RESOURCES, ERROR_NOT_ENOUGH_MEMORY,
    ERROR_NOT_ENOUGH_QUOTA, ERROR_OUTOFMEMORY, ERROR_PAGED_SYSTEM_RESOURCES, ERROR_PAGEFILE_QUOTA,
    ERROR_TOO_MANY_OPEN_FILES, ERROR_TOO_MANY_TCBS, ERROR_WORKING_SET_QUOTA,
};

use super::exec::Fault;
use crate::StartError;
use crate::os::plain::plain;
use crate::os::unable::{no_process, no_room};

pub(super) fn explain(fault: &Fault, program: &str) -> StartError {
    match fault {
        Fault::Machine(error) => no_process(error),
        Fault::Command(error) => no_room(error).unwrap_or_else(|| of_the_command(error, program)),
    }
}

/// Returns what the machine or this process has run out of, if the error says so.
pub(in crate::os) fn lacks(error: &io::Error) -> Option<&'static str> {
    match error.raw_os_error()?.unsigned_abs() {
        ERROR_NO_PROC_SLOTS | ERROR_MAX_THRDS_REACHED | ERROR_TOO_MANY_TCBS => {
            Some("no room for another process")
        }
        ERROR_NOT_ENOUGH_MEMORY
        | ERROR_OUTOFMEMORY
        | ERROR_COMMITMENT_LIMIT
        | ERROR_COMMITMENT_MINIMUM
        | ERROR_NOT_ENOUGH_QUOTA
        | ERROR_WORKING_SET_QUOTA
        | ERROR_PAGEFILE_QUOTA => Some("no memory for another process"),
        ERROR_TOO_MANY_OPEN_FILES | ERROR_NO_MORE_USER_HANDLES => {
            Some("the worker can open no more handles")
        }
        ERROR_NO_SYSTEM_RESOURCES
        | ERROR_NONPAGED_SYSTEM_RESOURCES
        | ERROR_PAGED_SYSTEM_RESOURCES => Some("the machine has no resources left"),
        // Wine refuses one start in some thousands with this, but not the next.
        ERROR_INTERNAL_ERROR => Some("the system failed inside"),
        _ => None,
    }
}

fn of_the_command(error: &io::Error, program: &str) -> StartError {
    let program = program.to_owned();
    let code = error.raw_os_error().unwrap_or(0).unsigned_abs();
    let no_program = [
        ERROR_BAD_EXE_FORMAT,
        ERROR_EXE_MACHINE_TYPE_MISMATCH,
        ERROR_ELEVATION_REQUIRED,
    ];
    if code == ERROR_FILENAME_EXCED_RANGE {
        return StartError::TooLong { program };
    }
    let reason = plain(error);
    if error.kind() == ErrorKind::PermissionDenied || no_program.contains(&code) {
        return StartError::NotExecutable { program, reason };
    }
    StartError::Other { program, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_of_the_machine(code: u32) -> bool {
        let error = io::Error::from_raw_os_error(code.cast_signed());
        let explained = explain(&Fault::Command(error), "p");
        matches!(explained, StartError::Unable(_))
    }

    #[test]
    fn numbers_that_tell_of_a_machine_without_room_are_not_the_commands() {
        for code in [
            4, 8, 14, 89, 155, 164, 635, 1158, 1359, 1450, 1451, 1452, 1453, 1454, 1455, 1816,
        ] {
            assert!(is_of_the_machine(code), "{code}");
        }
    }

    #[test]
    fn numbers_that_tell_of_the_program_or_its_folder_are_the_commands() {
        for code in [
            1, 2, 3, 5, 21, 32, 53, 67, 87, 123, 193, 206, 216, 225, 267, 740, 1392, 1920, 4551,
        ] {
            assert!(!is_of_the_machine(code), "{code}");
        }
    }

    #[test]
    fn a_step_that_is_the_same_for_every_command_is_never_the_commands() {
        let denied = io::Error::from_raw_os_error(5);
        let explained = explain(&Fault::Machine(denied), "p");
        assert!(matches!(explained, StartError::Unable(_)), "{explained:?}");
    }
}
