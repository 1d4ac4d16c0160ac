//! Who may get at the files, and whether locks hold where they are.

use std::io;
use std::path::{Path, PathBuf};

use queuectl_process::{Others, Owner, os};
use queuectl_store::Location;

use super::{Diagnosis, Examined, Subject, some};

/// Looks at the data folder at `data`, at all that is in it, and at the files of the store.
pub fn permissions(data: &Path, location: &Location, fix: bool) -> Examined {
    let mut findings = Vec::new();
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

fn names(paths: &[&PathBuf]) -> Vec<String> {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}

fn make_private(path: &Path) -> io::Result<()> {
    match os::make_private(path) {
        // It has gone since, and nobody gets at it any more.
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
