//! A script, and a line that can't be one argument, becomes a file that only we can read, for as long as it runs.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::unable::no_script;
use super::{create_private, process_start};
use crate::StartError;

/// The scripts in a folder whose makers have died before they could remove them.
pub fn abandoned_scripts(scratch: &Path) -> io::Result<Vec<PathBuf>> {
    let mut abandoned = Vec::new();
    for entry in fs::read_dir(scratch)? {
        let path = entry?.path();
        if maker(&path).is_some_and(|maker| process_start(maker).is_none()) {
            abandoned.push(path);
        }
    }
    Ok(abandoned)
}

/// The process that has made the script of this name.
fn maker(path: &Path) -> Option<u32> {
    let mut parts = path.file_stem()?.to_str()?.split('-');
    let ("line", maker, number, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next())
    else {
        return None;
    };
    number.parse::<u64>().ok()?;
    maker.parse().ok()
}

/// A script file, removed when dropped.
pub(super) struct Script {
    path: PathBuf,
}

impl Script {
    /// Some programs go by the extension of a script's name. Without one they take it for theirs.
    pub(super) fn write(
        scratch: &Path,
        text: &str,
        extension: Option<&str>,
    ) -> Result<Self, StartError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut path = scratch.join(format!("line-{}-{next}", process::id()));
        if let Some(extension) = extension {
            path.set_extension(extension);
        }
        let script = Self { path };
        match script.fill(text) {
            Ok(()) => Ok(script),
            Err(error) => Err(no_script(scratch, &error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn fill(&self, text: &str) -> io::Result<()> {
        // A file of that name can only be what a killed process with our pid left behind.
        let _ = fs::remove_file(&self.path);
        let mut file = create_private(&self.path, OpenOptions::new().write(true).create_new(true))?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
