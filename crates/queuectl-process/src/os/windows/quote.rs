//! A command line out of arguments. Windows passes on one text, and each program takes it apart by itself: nearly all by the
//! rules of `CommandLineToArgvW`, `cmd` by its own.

use std::ffi::OsStr;
use std::os::windows::ffi::OsStrExt;

const BLANK: u16 = b' ' as u16;
const TAB: u16 = b'\t' as u16;
const QUOTE: u16 = b'"' as u16;
const BACKSLASH: u16 = b'\\' as u16;

/// The program's name, which is taken apart by simpler rules, and its arguments.
pub(super) fn line<'a>(program: &OsStr, arguments: impl Iterator<Item = &'a OsStr>) -> Vec<u16> {
    let mut line = vec![QUOTE];
    line.extend(program.encode_wide().filter(|unit| *unit != QUOTE));
    line.push(QUOTE);
    for argument in arguments {
        line.push(BLANK);
        push(&mut line, argument);
    }
    line
}

/// `cmd` as the reader of a line that it takes exactly as it is.
pub(super) fn cmd(shell: &OsStr, line: &str) -> Vec<u16> {
    let mut whole = self::line(shell, ["/D", "/S", "/C"].map(OsStr::new).into_iter());
    whole.push(BLANK);
    whole.push(QUOTE);
    whole.extend(line.encode_utf16());
    whole.push(QUOTE);
    whole
}

/// `cmd` as the reader of a batch file with arguments, which it takes apart itself before the file sees them. Each is in
/// quotes, so that no sign means anything; `%` does so all the same, unless what follows it is the name of no variable.
/// `None` if an argument has a line break: that ends the line, in quotes or not.
pub(super) fn batch<'a>(
    file: &OsStr,
    arguments: impl Iterator<Item = &'a OsStr>,
) -> Option<Vec<u16>> {
    let mut line: Vec<u16> = "cmd.exe /E:ON /V:OFF /D /C \"\"".encode_utf16().collect();
    line.extend(file.encode_wide());
    line.push(QUOTE);
    for argument in arguments {
        line.extend([BLANK, QUOTE]);
        let mut backslashes = 0;
        for unit in argument.encode_wide() {
            match unit {
                0x0A | 0x0D => return None,
                QUOTE => {
                    line.extend(std::iter::repeat_n(BACKSLASH, backslashes));
                    line.push(QUOTE);
                }
                0x25 => line.extend("%%cd:~,".encode_utf16()),
                _ => {}
            }
            backslashes = if unit == BACKSLASH {
                backslashes + 1
            } else {
                0
            };
            line.push(unit);
        }
        line.extend(std::iter::repeat_n(BACKSLASH, backslashes));
        line.push(QUOTE);
    }
    line.push(QUOTE);
    Some(line)
}

/// An argument in quotes if it needs them. A backslash only means something before a quote: there it is doubled.
fn push(line: &mut Vec<u16>, argument: &OsStr) {
    let units: Vec<u16> = argument.encode_wide().collect();
    let plain = |unit: &u16| ![BLANK, TAB, 0x0A, 0x0B, QUOTE].contains(unit);
    if !units.is_empty() && units.iter().all(plain) {
        line.extend(units);
        return;
    }
    line.push(QUOTE);
    let mut backslashes = 0;
    for unit in units {
        if unit == QUOTE {
            line.extend(std::iter::repeat_n(BACKSLASH, backslashes + 1));
        }
        backslashes = if unit == BACKSLASH {
            backslashes + 1
        } else {
            0
        };
        line.push(unit);
    }
    line.extend(std::iter::repeat_n(BACKSLASH, backslashes));
    line.push(QUOTE);
}
