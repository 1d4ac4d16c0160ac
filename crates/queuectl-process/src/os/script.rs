//! A script, or a line that is too long for an argument, becomes a file that only we can read, for as long as it runs.
//!
//! The caller gives the folder. No other process may use the same, not even one of another machine or container.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::create_private;
use super::unable::no_script;
use crate::StartError;

/// A script file, removed when dropped.
pub(super) struct Script {
    path: PathBuf,
}

impl Script {
    /// Writes a script into the folder `scratch`. Some programs only read scripts whose name has their extension.
    ///
    /// # Errors
    ///
    /// [`StartError::Unable`]: the folder is ours, so the command isn't to blame.
    pub(super) fn write(
        scratch: &Path,
        text: &str,
        extension: Option<&str>,
    ) -> Result<Self, StartError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut path = scratch.join(format!("line-{next}"));
        if let Some(extension) = extension {
            path.set_extension(extension);
        }
        let failed = |error: io::Error| no_script(scratch, &error);
        let how = &mut OpenOptions::new();
        let mut file = create_private(&path, how.write(true).create_new(true)).map_err(failed)?;
        let script = Self { path };
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .map_err(failed)?;
        Ok(script)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
