//! The cheapest program that waits for 20 ms.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::trouble::{Trouble, io, succeeded};

const SOURCE: &str = include_str!("nap.S");
const IS_KNOWN: bool = cfg!(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
));

/// Builds it in a folder with the system's C compiler. `None` on systems that it isn't written for.
pub(crate) fn build(folder: &Path) -> Result<Option<PathBuf>, Trouble> {
    if !IS_KNOWN {
        return Ok(None);
    }
    let (source, program) = (folder.join("nap.S"), folder.join("nap"));
    fs::write(&source, SOURCE).map_err(io("write a source"))?;
    let mut command = Command::new("cc");
    command.args(["-static", "-nostdlib", "-o"]);
    command.arg(&program).arg(&source);
    let status = command.status().map_err(io("start the C compiler"))?;
    succeeded(&command, status)?;
    Ok(Some(program))
}
