//! The program that a script names, as this system has it. Most scripts name it by a path of Unix, which doesn't exist
//! here. Then only the path's last part counts, or the program that `env` is to start.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::find::find;
use super::shell::{is_cmd, is_powershell};
use crate::os::script::Script;
use crate::{Spec, StartError};

/// Returns the program and its arguments, of which the last is the script, and the script's file.
pub(super) fn command(
    named: &str,
    argument: Option<&str>,
    text: &str,
    spec: &Spec,
) -> Result<(Vec<OsString>, Script), StartError> {
    let cannot = |program: &str, reason: &str| StartError::Interpreter {
        program: program.to_owned(),
        reason: reason.to_owned(),
    };
    let mut words = words(named, argument).into_iter();
    let program = words.next();
    let program = match program.ok_or_else(|| cannot(named, "it isn't told what to start"))? {
        name if name == "python3" && !is_there(&name, spec) => "python".to_owned(),
        name => name,
    };
    if is_cmd(&program) {
        // It would ignore the file, and wait for commands.
        return Err(cannot(&program, "it reads no script with such a line"));
    }
    let mut command = vec![OsString::from(&program)];
    command.extend(words.map(OsString::from));
    let script = if is_powershell(&program) {
        command.extend(["-ExecutionPolicy", "Bypass", "-File"].map(OsString::from));
        // It only reads files with this extension, and without the mark in the console's code page.
        Script::write(&spec.scratch, &format!("\u{feff}{text}"), Some("ps1"))?
    } else {
        Script::write(&spec.scratch, text, None)?
    };
    command.push(script.path().into());
    Ok((command, script))
}

fn is_there(program: &str, spec: &Spec) -> bool {
    // If the machine has no room to look, the start of the program will say so.
    find(OsStr::new(program), spec).is_ok_and(|found| found.is_some())
}

/// Returns true if a path leads to a program of Windows. These have an extension; those of a Unix beside it have none.
fn is_program(path: &Path) -> bool {
    path.extension().is_some() && path.is_file()
}

/// Returns the program's name here and its argument, or the words that `env` is given.
fn words(named: &str, argument: Option<&str>) -> Vec<String> {
    if !named.starts_with('/') || is_program(Path::new(named)) {
        return [named]
            .into_iter()
            .chain(argument)
            .map(str::to_owned)
            .collect();
    }
    let name = named.rsplit('/').next().unwrap_or(named);
    match argument {
        Some(argument) if name == "env" => match argument.strip_prefix("-S") {
            Some(several) => several.split_whitespace().map(str::to_owned).collect(),
            None => vec![argument.to_owned()],
        },
        argument => [name]
            .into_iter()
            .chain(argument)
            .map(str::to_owned)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_path_of_unix_stands_for_a_name() {
        assert_eq!(words("/bin/sh", Some("-e -u")), ["sh", "-e -u"]);
        assert_eq!(words("/usr/bin/env", Some("python3")), ["python3"]);
        assert_eq!(
            words("/usr/bin/env", Some("-S python3  -u")),
            ["python3", "-u"]
        );
        assert_eq!(words("/usr/bin/env", None), ["env"]);
        assert_eq!(words("/usr/bin/env", Some("-S")), [""; 0]);
        assert_eq!(
            words(r"C:\perl\perl.exe", Some("-w")),
            [r"C:\perl\perl.exe", "-w"]
        );
        assert_eq!(words("python3", None), ["python3"]);
    }
}
