//! A missing store: the error or the note about it, and which store may have been meant.

use std::fs;
use std::path::Path;

use queuectl_store::{Location, Options, Store, StoreError};

use crate::error::CliError;
use crate::near::{did_you_mean, near};

/// Opens a store that has to exist.
pub(crate) fn open_existing(location: &Location) -> Result<Box<dyn Store>, StoreError> {
    queuectl_store::open_existing(location, &Options::default())
}

/// The error of a failed opening; if the store is missing, with a hint at what may have been meant.
pub(crate) fn said(location: &Location, error: StoreError) -> CliError {
    let is_missing = matches!(error, StoreError::Missing(_));
    let said = CliError::from(error);
    if is_missing {
        said.with_hint(hint(location))
    } else {
        said
    }
}

/// The note for a missing default store, in whose place an empty one answers.
pub(crate) fn note(location: &Location) -> String {
    format!("there is no store at `{location}` yet; the first `queuectl enqueue` makes it")
}

/// What to do about a missing store: which one may have been meant, or how it is made.
fn hint(location: &Location) -> String {
    match location {
        Location::Sqlite(path) => {
            if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
                return format!(
                    "its folder `{}` doesn't exist either; check --db or QUEUECTL_DB",
                    folder.display()
                );
            }
            did_you_mean(&neighbours(path)).unwrap_or_else(|| {
                "the first `queuectl enqueue` makes it; if it existed before, check --db or QUEUECTL_DB".into()
            })
        }
        Location::Postgres(_) => {
            "the first `queuectl enqueue` makes it; if it existed before, check the database and the `schema` in the URL".into()
        }
    }
}

/// At most three files beside the missing one with similar names, the most similar first. Side files of stores are left out.
fn neighbours(path: &Path) -> Vec<String> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    let mut names: Vec<_> = files
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let mains = names.clone();
    names.retain(|name| {
        let side = |main: &String| name.len() > main.len() && name.starts_with(&format!("{main}-"));
        !mains.iter().any(side)
    });
    let known = names.iter().map(|known| (known.as_str(), known));
    let near = near(&name.to_string_lossy(), known);
    near.into_iter()
        .map(|name| folder.join(name).display().to_string())
        .take(3)
        .collect()
}
