//! zig, which links for systems that aren't here: it brings the C library of each. It is installed below `target`, with
//! cargo-zigbuild, which lets cargo use it.

use std::fs;
use std::path::PathBuf;

use crate::cargo::root;
use crate::needs;
use crate::trouble::Trouble;

/// Both are Python packages for every system, of versions that are known to go together.
const PACKAGES: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// Sees to it that it is there, and says where.
pub(crate) fn supply() -> Result<PathBuf, Trouble> {
    let folder = root().join("target/zig");
    let mark = folder.join("packages");
    let packages = PACKAGES.join(" ");
    if fs::read_to_string(&mark).is_ok_and(|there| there == packages) {
        return Ok(folder);
    }
    needs::supply_python()?;
    let place = folder.display().to_string();
    needs::run(&["python3", "-m", "venv", "--clear", &place])?;
    let pip = folder.join("bin/pip").display().to_string();
    let install = [&pip, "install", "--quiet", "--disable-pip-version-check"];
    needs::run(&[&install[..], &PACKAGES].concat())?;
    fs::write(&mark, packages).map_err(|source| Trouble::File {
        what: "write down which zig is there",
        source,
    })?;
    Ok(folder)
}
