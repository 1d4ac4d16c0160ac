//! The hidden folder in which a copy is made, beside its place. The process that makes the copy removes the folder. If that process
//! was killed, the next one that makes a copy at the same place does.
//!
//! A file in the folder is locked as long as its maker lives, so that no other process removes it. The folder's name is random,
//! because a pid may be the same each time, as in containers.

use std::fs::{self, DirEntry, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use queuectl_process::{Owner, os};

/// How the name of such a folder begins.
const PREFIX: &str = ".queuectl-backup-";

/// The file that is locked.
const ALIVE: &str = "alive";

/// How many names are tried, in case other processes take or clear away some.
const TRIES: usize = 100;

/// The folder.
pub(super) struct Workshop {
    folder: PathBuf,
    /// The locked file. `None` once the folder is being removed.
    alive: Option<File>,
}

impl Workshop {
    /// Makes one beside `path`, and removes those whose makers have died.
    ///
    /// # Errors
    ///
    /// Fails if the folder can't be created.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        let parent = path.parent().ok_or(ErrorKind::IsADirectory)?;
        clear(parent);
        for _ in 0..TRIES {
            let folder = parent.join(format!("{PREFIX}{:012x}", fastrand::u64(..1 << 48)));
            match os::new_private_dir(&folder) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                // Another process has cleared it away before it was private.
                Err(error) if error.kind() == ErrorKind::NotFound && parent.exists() => continue,
                made => made?,
            }
            if let Some(alive) = take(&folder)? {
                return Ok(Self {
                    folder,
                    alive: Some(alive),
                });
            }
        }
        Err(io::Error::other("others clear away whatever is made there"))
    }

    /// Where the copy is made.
    pub(super) fn draft(&self) -> PathBuf {
        self.folder.join("draft.db")
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Some(alive) = self.alive.take() {
            remove(&self.folder, alive);
        }
    }
}

/// Locks a new folder. `None` if another process has taken it for a dead one's meanwhile.
fn take(folder: &Path) -> io::Result<Option<File>> {
    let path = folder.join(ALIVE);
    let file = match os::create_private(&path, OpenOptions::new().write(true).create_new(true)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        made => made?,
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        // Where locks don't work, no other process can take it for a dead one's either.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    Ok(path.try_exists()?.then_some(file))
}

/// Removes what dead makers left in a folder. Nothing depends on that, so errors are ignored.
fn clear(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for folder in entries.flatten().filter(is_ours).map(|entry| entry.path()) {
        let alive = match File::options().write(true).open(folder.join(ALIVE)) {
            Ok(alive) => alive,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Its maker was killed, or is about to make that file, and makes another folder if this one is gone.
                let _ = fs::remove_dir(&folder);
                continue;
            }
            Err(_) => continue,
        };
        if alive.try_lock().is_ok() {
            remove(&folder, alive);
        }
    }
}

/// Removes a folder whose lock is held as `alive`. What can't be removed now, the next copy at this place removes.
fn remove(folder: &Path, alive: File) {
    let _ = empty(folder).and_then(|()| fs::remove_dir_all(folder));
    drop(alive);
    // On Windows a file that is removed may keep its name while it is open, so its folder isn't empty before.
    let _ = fs::remove_dir_all(folder);
}

fn is_ours(entry: &DirEntry) -> bool {
    let is_named_so = entry.file_name().to_string_lossy().starts_with(PREFIX);
    is_named_so
        && entry.file_type().is_ok_and(|kind| kind.is_dir())
        && os::access(&entry.path()).is_ok_and(|access| access.owner == Owner::Me)
}

/// Removes all but the locked file, which must go last: it shows others whether the maker lives.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() != ALIVE {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    /// Leaves what a maker leaves that is killed.
    fn killed(parent: &Path) -> PathBuf {
        let workshop = Workshop::beside(&parent.join("copy.db")).unwrap();
        fs::write(workshop.draft(), "half of it").unwrap();
        let folder = parent.join("left");
        fs::rename(&workshop.folder, &folder).unwrap();
        drop(workshop);
        let back = parent.join(format!("{PREFIX}left"));
        fs::rename(&folder, &back).unwrap();
        back
    }

    #[test]
    fn what_a_dead_maker_left_is_cleared_away_and_what_a_living_one_works_at_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("copy.db");
        let left = killed(folder.path());
        let living = Workshop::beside(&place).unwrap();
        assert!(!left.exists());
        fs::write(living.draft(), "half of it").unwrap();
        let another = Workshop::beside(&folder.path().join("other.db")).unwrap();
        assert!(living.draft().exists());
        drop((living, another));
        assert_eq!(names(folder.path()), 0);
    }

    #[test]
    fn one_that_was_killed_at_once_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        os::new_private_dir(&folder.path().join(format!("{PREFIX}0"))).unwrap();
        drop(Workshop::beside(&folder.path().join("copy.db")).unwrap());
        assert_eq!(names(folder.path()), 0);
    }

    #[test]
    fn what_only_has_such_a_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("{PREFIX}file")), "").unwrap();
        let another = folder.path().join(format!("{PREFIX}folder"));
        fs::create_dir(&another).unwrap();
        fs::write(another.join("mine"), "").unwrap();
        drop(Workshop::beside(&folder.path().join("copy.db")).unwrap());
        assert_eq!(names(folder.path()), 2);
    }

    #[test]
    fn many_at_once_clear_away_nothing_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for number in 0..4 {
                let place = folder.path().join(format!("copy{number}.db"));
                scope.spawn(move || {
                    for _ in 0..100 {
                        let workshop = Workshop::beside(&place).unwrap();
                        fs::write(workshop.draft(), "half of it").unwrap();
                        std::thread::yield_now();
                        assert!(workshop.draft().exists());
                    }
                });
            }
        });
        assert_eq!(names(folder.path()), 0);
    }
}
