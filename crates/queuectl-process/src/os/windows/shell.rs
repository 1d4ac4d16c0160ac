//! How each shell is given a line.
//!
//! `cmd` reads one line, by rules of its own, and forgets what follows a line break: a text of several lines becomes a batch
//! file. A single line never does, since `%` means something else in one.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::quote;
use crate::StartError;
use crate::os::script::Script;

/// The longest line that `cmd` reads is 8,191 characters, with its own name and options.
const LONGEST_CMD: usize = 8_100;
/// The system takes 32,767 characters; beyond this a line for another shell goes through a file.
const LONGEST_ARGUMENT: usize = 30_000;

/// By itself PowerShell makes 1 of the exit code of a program that fails. On a line of its own, or it would belong to a comment.
const ENDS_AS_ITS_LAST: &str =
    "if (-not $?) { if ($LASTEXITCODE) { exit $LASTEXITCODE } else { exit 1 } }";

/// The command line for a shell, and the script that it reads if there is one.
pub(super) fn line(
    shell: &str,
    line: &str,
    scratch: &Path,
) -> Result<(Vec<u16>, Option<Script>), StartError> {
    if line.contains('\0') {
        return Err(StartError::Nul {
            program: shell.to_owned(),
        });
    }
    if is_cmd(shell) {
        cmd(shell, line, scratch)
    } else if is_powershell(shell) {
        powershell(shell, line, scratch)
    } else {
        other(shell, line, scratch)
    }
}

/// Whether a shell is `cmd`.
pub(super) fn is_cmd(shell: &str) -> bool {
    let stem = Path::new(shell).file_stem();
    stem.is_some_and(|stem| stem.eq_ignore_ascii_case("cmd"))
}

/// Whether a shell is PowerShell, of Windows or another.
pub(super) fn is_powershell(shell: &str) -> bool {
    let stem = Path::new(shell).file_stem();
    let is = |name| stem.is_some_and(|stem| stem.eq_ignore_ascii_case(name));
    is("powershell") || is("pwsh")
}

fn cmd(shell: &str, text: &str, scratch: &Path) -> Result<(Vec<u16>, Option<Script>), StartError> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.lines().any(|line| units(line) > LONGEST_CMD) {
        return Err(StartError::LongLine {
            program: shell.to_owned(),
            longest: LONGEST_CMD,
        });
    }
    if !text.contains('\n') {
        return Ok((quote::cmd(OsStr::new(shell), text), None));
    }
    let mut batch = vec!["@echo off"];
    if !text.is_ascii() {
        batch.push("chcp 65001 >nul");
    }
    batch.extend(text.lines());
    let script = Script::write(scratch, &(batch.join("\r\n") + "\r"), Some("cmd"))?;
    let path = format!("\"{}\"", script.path().display());
    Ok((quote::cmd(OsStr::new(shell), &path), Some(script)))
}

fn powershell(
    shell: &str,
    line: &str,
    scratch: &Path,
) -> Result<(Vec<u16>, Option<Script>), StartError> {
    let quiet = ["-NoProfile", "-NonInteractive"];
    let line = format!("{line}\n{ENDS_AS_ITS_LAST}");
    if units(&line) <= LONGEST_ARGUMENT {
        return Ok((
            whole(shell, &quiet, &["-Command".into(), line.into()]),
            None,
        ));
    }
    // Without the mark Windows PowerShell takes it for the console's code page.
    let script = Script::write(scratch, &format!("\u{feff}{line}"), Some("ps1"))?;
    let read = ["-ExecutionPolicy", "Bypass", "-File"].map(OsString::from);
    let read = [&read[..], &[script.path().into()]].concat();
    Ok((whole(shell, &quiet, &read), Some(script)))
}

fn other(
    shell: &str,
    line: &str,
    scratch: &Path,
) -> Result<(Vec<u16>, Option<Script>), StartError> {
    if units(line) <= LONGEST_ARGUMENT {
        return Ok((whole(shell, &["-c"], &[line.into()]), None));
    }
    let script = Script::write(scratch, line, Some("sh"))?;
    Ok((whole(shell, &[], &[script.path().into()]), Some(script)))
}

fn whole(shell: &str, options: &[&str], arguments: &[OsString]) -> Vec<u16> {
    let options = options.iter().map(OsStr::new);
    let arguments = arguments.iter().map(OsString::as_os_str);
    quote::line(OsStr::new(shell), options.chain(arguments))
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(shell: &str, text: &str) -> String {
        let (line, script) = line(shell, text, Path::new("nowhere")).expect("it can be told");
        assert!(script.is_none());
        String::from_utf16(&line).expect("it is text")
    }

    #[test]
    fn powershell_is_given_the_line_as_one_argument_and_ends_as_its_last_command() {
        let end = "if (-not $?) { if ($LASTEXITCODE) { exit $LASTEXITCODE } else { exit 1 } }";
        let whole = |shell: &str, line: &str| {
            format!("\"{shell}\" -NoProfile -NonInteractive -Command \"{line}\n{end}\"")
        };
        for shell in ["pwsh", "powershell", "PowerShell.EXE"] {
            let line = "Write-Output one; fake-job exit 7";
            assert_eq!(told(shell, line), whole(shell, line));
        }
        // What follows a comment would belong to it.
        assert_eq!(told("pwsh", "exit 3 # no"), whole("pwsh", "exit 3 # no"));
        let quoted = whole("pwsh", r#"echo \"a b\" 'c' $env:X \\\""#);
        assert_eq!(told("pwsh", r#"echo "a b" 'c' $env:X \""#), quoted);
    }

    #[test]
    fn a_line_too_long_for_an_argument_is_a_script_that_ends_the_same_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = "#".repeat(LONGEST_ARGUMENT + 1);
        let (line, script) = line("pwsh", &long, folder.path()).expect("it can be told");
        let script = script.expect("there is one");
        let place = script.path().display();
        let line = String::from_utf16(&line).expect("it is text");
        assert_eq!(
            line,
            format!("\"pwsh\" -NoProfile -NonInteractive -ExecutionPolicy Bypass -File {place}")
        );
        let text = std::fs::read_to_string(script.path()).expect("it can be read");
        let rest = text
            .strip_prefix('\u{feff}')
            .and_then(|text| text.strip_prefix(&long));
        assert_eq!(rest, Some(format!("\n{ENDS_AS_ITS_LAST}\n").as_str()));
    }
}
