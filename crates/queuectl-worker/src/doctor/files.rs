//! What dead workers that the store doesn't know have left in the data folder, and what they left running.

use std::io;
use std::path::PathBuf;

use queuectl_domain::WorkerId;
use queuectl_store::{StoreFile, WorkerInfo};

use super::store::left_running;
use super::{Diagnosis, Examined, Subject, some};
use crate::life::SCRATCH;
use crate::remains::Remains;
use crate::rescue::{Dead, Patience};
use crate::{DataFolder, registry};

/// Checks the files of workers that aren't among those `known` to the store.
///
/// Files stay if their worker may live: its lock is held, its process runs, or it ran in another container. Files of another store's
/// worker stay, too, since workers of that store need them. For all others, processes are ended first, and then the files are removed.
pub fn files(
    data: &DataFolder,
    store: Option<&StoreFile>,
    known: &[WorkerInfo],
    fix: bool,
) -> Examined {
    let mut findings = Vec::new();
    let patience = Patience::new();
    for dead in strangers(data, store, known) {
        let worker = &dead.worker;
        let left = left_running(worker, &dead.remains).map(|left| left.what);
        let what = left.unwrap_or_else(|| format!("{worker} has died, and its files are left"));
        findings.push(Diagnosis::mendable(
            what,
            "ends what it left running and removes them",
            fix,
            || {
                dead.end_orphans(patience.left())?;
                dead.remains.remove();
                Ok::<_, io::Error>(())
            },
        ));
    }
    findings.extend(scripts(data, fix));
    findings.extend(list(data, fix));
    Examined {
        subject: Subject::Files,
        findings,
    }
}

/// Dead workers that the store doesn't know.
fn strangers(data: &DataFolder, store: Option<&StoreFile>, known: &[WorkerInfo]) -> Vec<Dead> {
    let lives = with_extension(data, "lock").into_iter();
    let named = lives.filter_map(|path| {
        let worker: WorkerId = path.file_stem()?.to_str()?.parse().ok()?;
        let is_known = known.iter().any(|info| info.worker.id == worker);
        if is_known {
            return None;
        }
        let remains = Remains::at(path, &worker, store)?;
        Some(Dead { worker, remains })
    });
    named.collect()
}

/// Script folders of dead workers whose other files are gone.
fn scripts(data: &DataFolder, fix: bool) -> Option<Diagnosis> {
    let mut scripts = with_extension(data, SCRATCH);
    scripts.retain(|folder| !folder.with_extension("lock").exists());
    if scripts.is_empty() {
        return None;
    }
    let what = format!("scripts of dead workers: {}", some(&names(&scripts)));
    Some(Diagnosis::mendable(what, "removes them", fix, || {
        scripts.iter().try_for_each(std::fs::remove_dir_all)
    }))
}

/// All paths in the workers' folder with this extension.
fn with_extension(data: &DataFolder, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.workers()).into_iter().flatten();
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|kind| kind == extension))
        .collect()
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    let names = paths.iter().filter_map(|path| path.file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

fn list(data: &DataFolder, fix: bool) -> Option<Diagnosis> {
    let what = match registry::ended(data) {
        Ok(0) => return None,
        Ok(ended) => format!("workers.json has workers that don't run any more: {ended}"),
        Err(error) => format!("workers.json can't be read: {error}"),
    };
    Some(Diagnosis::mendable(
        what,
        "writes it anew, with those that do",
        fix,
        || registry::prune(data, None),
    ))
}
