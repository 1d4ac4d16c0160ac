//! Windows: the error mode, and the variables of a shell of Unix.

use windows_sys::Win32::System::Diagnostics::Debug::{
    GetErrorMode, SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
};

use queuectl_process::os;

use crate::support::*;
use crate::{as_helper, helper_with};

/// What the helper process does.
pub(crate) fn play(role: &str) {
    match role {
        "error mode" => error_mode(),
        "variables" => variables(),
        _ => panic!("there is no role `{role}`"),
    }
}

#[test]
fn no_window_waits_for_somebody_to_close_it() {
    as_helper("error mode");
}

/// Windows passes it on to commands; wine doesn't, so that isn't looked at.
fn error_mode() {
    // SAFETY: a call without pointers.
    unsafe { SetErrorMode(0) };
    os::set_up_process();
    let quiet = SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX;
    // SAFETY: a call without pointers.
    assert_eq!(unsafe { GetErrorMode() } & quiet, quiet);
}

#[test]
fn where_a_shell_of_unix_was_is_not_passed_on() {
    let mut helper = helper_with("variables");
    helper.env("PWD", "/c/elsewhere").env("OLDPWD", "/c");
    assert!(helper.status().unwrap().success());
}

fn variables() {
    let (_, heard) = run_it(&steps("env PWD env OLDPWD out end"));
    assert_eq!(heard.out().split_whitespace().collect::<Vec<_>>(), ["end"]);
}
