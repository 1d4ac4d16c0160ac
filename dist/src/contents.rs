//! What is in an archive.

use std::fs;
use std::path::Path;

use crate::source::Source;
use crate::target::{System, Target};
use crate::trouble::{Trouble, file};
use crate::{licences, pages};

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it is in the archive, with `/` between folders.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is a program.
    pub(crate) runs: bool,
}

impl Entry {
    /// A file to be read.
    pub(crate) fn text(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            bytes: bytes.into(),
            runs: false,
        }
    }
}

/// Pages of the checkout that are in every archive.
const PAGES: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// All files of the archive, in the order of their paths.
pub(crate) fn files(
    source: &Source,
    target: &Target,
    program: &Path,
) -> Result<Vec<Entry>, Trouble> {
    let read = |path: &Path| fs::read(path).map_err(file(path));
    let mut entries = vec![Entry {
        path: target.program().into(),
        bytes: read(program)?,
        runs: true,
    }];
    for page in PAGES {
        entries.push(Entry::text(page, read(&source.root.join(page))?));
    }
    for page in documents(&source.root)? {
        let bytes = read(&source.root.join(&page))?;
        entries.push(Entry::text(page, bytes));
    }
    let notices = licences::notices(source, target)?;
    entries.push(Entry::text("THIRD-PARTY-NOTICES.txt", notices));
    entries.extend(pages::completions());
    if target.system != System::Windows {
        entries.extend(pages::manual(&source.version)?);
    }
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

/// The pages that the README leads to.
fn documents(root: &Path) -> Result<Vec<String>, Trouble> {
    let folder = root.join("docs");
    let mut pages = Vec::new();
    for entry in fs::read_dir(&folder).map_err(file(&folder))? {
        let name = entry.map_err(file(&folder))?.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    Ok(pages)
}
