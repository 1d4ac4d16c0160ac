//! Who may get at the files (their owner should), and whether locks hold where they are.

use std::io;
use std::iter;
use std::path::{Path, PathBuf};

use queuectl_process::{Others, Owner, OwnerMay, os};
use queuectl_store::Location;

use super::{Diagnosis, Examined, Subject, some};

/// Looks at the data folder at `data`, at all that is in it, and at the files of the store.
pub fn permissions(data: &Path, location: &Location, fix: bool) -> Examined {
    let mut findings: Vec<_> = shut(data, location, fix).into_iter().collect();
    let paths = all_paths(data, location);
    let owned = |wanted: fn(Owner) -> bool| -> Vec<&PathBuf> {
        let access = |path: &&PathBuf| os::access(path).is_ok_and(|access| wanted(access.owner));
        paths.iter().filter(access).collect()
    };
    let foreign = owned(|owner| matches!(owner, Owner::Another(_)));
    if !foreign.is_empty() {
        findings.push(Diagnosis::left(
            format!("another user owns {}", some(&names(&foreign))),
            "work as that user, or give them to yourself with `sudo chown`",
        ));
    }
    let mut open = owned(|owner| !matches!(owner, Owner::Another(_)));
    open.retain(|path| os::access(path).is_ok_and(|access| access.others != Others::Nothing));
    if !open.is_empty() {
        findings.push(Diagnosis::mendable(
            format!("others may read or change {}", some(&names(&open))),
            "keeps everybody else out",
            fix,
            || open.iter().try_for_each(|path| make_private(path)),
        ));
    }
    if let Ok(Some(kind)) = os::network_file_system(data) {
        findings.push(Diagnosis::left(
            format!("the data folder is on a network file system ({kind}), where locks don't hold"),
            "name a folder on a disk of this machine with QUEUECTL_HOME",
        ));
    }
    Examined {
        subject: Subject::Permissions,
        findings,
    }
}

/// Finds folders that this user owns but can't use, as many programs make them under a umask of 0177. Outer folders come first:
/// what is inside a folder can be seen only after it is mended.
fn shut(data: &Path, location: &Location, fix: bool) -> Option<Diagnosis> {
    let workers = data.join("workers");
    let ours = [data.parent(), Some(data), Some(&*workers)].map(|path| path.unwrap_or(data));
    let store = match location {
        Location::Sqlite(path) => path.parent(),
        Location::Postgres(_) => None,
    };
    let mut folders: Vec<_> = iter::once(&*workers)
        .chain(store)
        .flat_map(Path::ancestors)
        .collect();
    folders.sort();
    folders.dedup();
    let is_shut = |folder: &Path| {
        let least = match ours.contains(&folder) {
            true => OwnerMay::DoAll,
            false => OwnerMay::Enter,
        };
        let access = os::access(folder);
        access.is_ok_and(|access| access.owner == Owner::Me && access.owner_may < least)
    };
    let mut shut = Vec::new();
    let mut mended = Ok(());
    for folder in folders {
        if mended.is_ok() && is_shut(folder) {
            shut.push(folder.display().to_string());
            if fix {
                mended = os::let_owner_in(folder);
            }
        }
    }
    (!shut.is_empty()).then(|| {
        let what = format!("you can't use {}", some(&shut));
        Diagnosis::mendable(what, "gives you the rights of the owner", fix, || mended)
    })
}

fn names(paths: &[&PathBuf]) -> Vec<String> {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}

fn make_private(path: &Path) -> io::Result<()> {
    match os::make_private(path) {
        // It has been removed since.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn all_paths(data: &Path, location: &Location) -> Vec<PathBuf> {
    let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    let mut paths = vec![data.clone(), data.join("workers")];
    paths.retain(|folder| folder.is_dir());
    for folder in paths.clone() {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        let files = entries.flatten().map(|entry| entry.path());
        paths.extend(files.filter(|path| !path.is_dir()));
    }
    paths.extend(location.files());
    paths.sort();
    paths.dedup();
    paths
}
