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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TARGETS;

    /// The paths of an archive, without those of commands, which have a page each, and of documents.
    fn paths(triple: &str) -> Vec<String> {
        let source = Source::look().unwrap();
        let target = TARGETS.iter().find(|target| target.triple == triple);
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("built");
        fs::write(&program, "a program").unwrap();
        let entries = files(&source, target.unwrap(), &program).unwrap();
        assert!(entries.iter().all(|entry| !entry.bytes.is_empty()));
        let programs: Vec<_> = entries.iter().filter(|entry| entry.runs).collect();
        assert_eq!(programs.len(), 1);
        assert_eq!(programs[0].bytes, b"a program");
        let paths = entries.into_iter().map(|entry| entry.path);
        let (documents, paths): (Vec<_>, Vec<_>) =
            paths.partition(|path| path.starts_with("docs/"));
        for page in ["docs/promises.md", "docs/security.md", "docs/windows.md"] {
            assert!(documents.iter().any(|path| path == page), "no {page}");
        }
        let is_of_command = |path: &String| path.starts_with("man/") && path.contains('-');
        let (commands, paths): (Vec<_>, _) = paths.into_iter().partition(is_of_command);
        assert_eq!(
            commands.len() > 20,
            triple.contains("linux"),
            "{commands:?}"
        );
        paths
    }

    #[test]
    fn an_archive_has_the_program_its_pages_and_all_licences() {
        let for_all = [
            "CHANGELOG.md",
            "LICENSE-APACHE",
            "LICENSE-MIT",
            "README.md",
            "THIRD-PARTY-NOTICES.txt",
            "completions/_queuectl",
            "completions/_queuectl.ps1",
            "completions/queuectl.bash",
            "completions/queuectl.fish",
        ];
        let with = |more: &[&'static str]| [&for_all, more].concat();
        let linux = paths("x86_64-unknown-linux-musl");
        assert_eq!(linux, with(&["man/man1/queuectl.1", "queuectl"]));
        assert_eq!(paths("x86_64-pc-windows-gnu"), with(&["queuectl.exe"]));
    }
}
