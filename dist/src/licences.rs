//! What the licences of everything in the program ask to be told: whose it is, and their texts.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::source::Source;
use crate::target::{System, Target};
use crate::trouble::{Trouble, file};

/// Where the texts are that no package brings.
pub(crate) const FOLDER: &str = "dist/licences";

const HEAD: &str = "\
Third-party software in queuectl
================================

queuectl itself is licensed as LICENSE-MIT and LICENSE-APACHE say. It contains what is listed here, under the
licences that follow. Where a choice of licences is offered, the one whose text is here was chosen.

Besides: Rust's standard library, copyright The Rust Project Contributors (MIT OR Apache-2.0), and SQLite, which is in
the public domain.

";

/// Something that is linked in.
struct Part {
    /// Its name and version, under which licence, and where it is from.
    line: String,
    /// Its name.
    name: String,
    /// The texts of its licence.
    texts: Vec<String>,
}

/// The notices for the program for one target.
pub(crate) fn notices(source: &Source, target: &Target) -> Result<String, Trouble> {
    let metadata = source.packages(target.triple)?;
    let mut parts = linked(&metadata)?
        .into_iter()
        .map(|package| part(&source.root, package))
        .collect::<Result<Vec<_>, Trouble>>()?;
    parts.extend(runtime(&source.root, target)?);
    parts.sort_by(|one, other| one.line.cmp(&other.line));
    Ok(page(&parts))
}

/// What the linker adds that is no package: the system's C library, where it is linked in.
fn runtime(root: &Path, target: &Target) -> Result<Option<Part>, Trouble> {
    let (name, line, texts) = match target.system {
        System::Linux => ("musl", "musl (MIT) https://musl.libc.org", "musl.txt"),
        System::Windows => (
            "mingw-w64",
            "mingw-w64's runtime (ZPL-2.1, and others) https://www.mingw-w64.org",
            "mingw-w64.txt",
        ),
        System::MacOs => return Ok(None),
    };
    let path = root.join(FOLDER).join(texts);
    Ok(Some(Part {
        line: line.to_owned(),
        name: name.to_owned(),
        texts: vec![fs::read_to_string(&path).map_err(file(&path))?],
    }))
}

/// The packages that are linked into the program: not what only builds it, nor ours.
fn linked(metadata: &Value) -> Result<Vec<&Value>, Trouble> {
    let unexpected = || Trouble::Unexpected("`cargo metadata`");
    let by_id = |list: &'static str| {
        let all = metadata.pointer(list).and_then(Value::as_array);
        let all = all.ok_or_else(unexpected)?.iter();
        let named = all.filter_map(|one| Some((one["id"].as_str()?, one)));
        Ok::<HashMap<_, _>, Trouble>(named.collect())
    };
    let packages = by_id("/packages")?;
    let nodes = by_id("/resolve/nodes")?;
    let ours = packages
        .iter()
        .find(|(_, package)| package["name"] == "queuectl");
    let mut next = vec![*ours.ok_or_else(unexpected)?.0];
    let mut found = BTreeMap::new();
    while let Some(id) = next.pop() {
        let package = *packages.get(id).ok_or_else(unexpected)?;
        if runs_in_the_compiler(package) || found.insert(id, package).is_some() {
            continue;
        }
        let needs = nodes.get(id).and_then(|node| node["deps"].as_array());
        let linked = needs.into_iter().flatten().filter(|need| {
            let kinds = need["dep_kinds"].as_array();
            kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
        });
        next.extend(linked.filter_map(|need| need["pkg"].as_str()));
    }
    let others = found
        .into_values()
        .filter(|package| !package["source"].is_null());
    Ok(others.collect())
}

fn runs_in_the_compiler(package: &Value) -> bool {
    let kinds = package["targets"].as_array().into_iter().flatten();
    let mut kinds = kinds
        .filter_map(|target| target["kind"].as_array())
        .flatten();
    kinds.any(|kind| kind == "proc-macro")
}

fn part(root: &Path, package: &Value) -> Result<Part, Trouble> {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let (name, licence) = (text("name"), text("license"));
    let folder = Path::new(text("manifest_path")).parent();
    let own = root.join(FOLDER).join(format!("{name}.txt"));
    let mut texts = if own.exists() {
        vec![own]
    } else {
        chosen(files(folder.unwrap_or(root))?, licence)
    };
    if texts.is_empty() && choices(licence).any(|choice| choice == "Apache-2.0") {
        texts.push(root.join("LICENSE-APACHE"));
    }
    if texts.is_empty() {
        return Err(Trouble::NoLicence {
            package: name.to_owned(),
        });
    }
    let read = |path: PathBuf| fs::read_to_string(&path).map_err(file(&path));
    Ok(Part {
        line: format!(
            "{name} {} ({licence}) {}",
            text("version"),
            text("repository")
        ),
        name: name.to_owned(),
        texts: texts.into_iter().map(read).collect::<Result<_, _>>()?,
    })
}

/// The files with licences in the folder of a package.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(file(folder))? {
        let path = entry.map_err(file(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_uppercase();
        let is_one = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"]
            .iter()
            .any(|start| name.starts_with(start));
        if is_one && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Where MIT is one of several to choose from, it is chosen: it is the shortest, and names whose it is.
fn chosen(files: Vec<PathBuf>, licence: &str) -> Vec<PathBuf> {
    let of_mit = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.to_ascii_uppercase().contains("MIT")
    };
    let is_choice = choices(licence).any(|choice| choice == "MIT");
    match files.iter().find(|path| of_mit(path)) {
        Some(mit) if is_choice => vec![mit.clone()],
        _ => files,
    }
}

/// What there is to choose from; nothing if several apply at once.
fn choices(licence: &str) -> impl Iterator<Item = &str> {
    let all = if licence.contains(" AND ") {
        ""
    } else {
        licence
    };
    all.split(" OR ")
        .flat_map(|choice| choice.split('/'))
        .map(str::trim)
}

/// The list of parts, and each text once.
fn page(parts: &[Part]) -> String {
    let mut page = HEAD.to_owned();
    let mut users: Vec<(String, &str, Vec<&str>)> = Vec::new();
    for part in parts {
        page += &format!("{}\n", part.line);
        for text in &part.texts {
            let same: Vec<_> = text.split_whitespace().collect();
            let same = same.join(" ");
            match users.iter_mut().find(|(known, ..)| *known == same) {
                Some((_, _, names)) => names.push(&part.name),
                None => users.push((same, text, vec![&part.name])),
            }
        }
    }
    for (_, text, names) in users {
        let rule = "-".repeat(80);
        page += &format!("\n{rule}\n{}:\n\n", names.join(", "));
        page += text.replace("\r\n", "\n").trim_end();
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mit_is_chosen_where_there_is_a_choice() {
        let files = || vec!["LICENSE-APACHE".into(), "LICENSE-MIT".into()];
        let mit = [PathBuf::from("LICENSE-MIT")];
        assert_eq!(chosen(files(), "MIT OR Apache-2.0"), mit);
        assert_eq!(chosen(files(), "Apache-2.0/MIT"), mit);
        assert_eq!(chosen(files(), "MIT AND Apache-2.0"), files());
        assert_eq!(
            chosen(vec!["COPYING".into()], "MIT"),
            [PathBuf::from("COPYING")]
        );
    }

    #[test]
    fn a_text_that_several_have_is_there_once() {
        let part = |name: &str, text: &str| Part {
            line: format!("{name} 1.0 (MIT)"),
            name: name.into(),
            texts: vec![text.into()],
        };
        let parts = [
            part("a", "one text"),
            part("b", "another"),
            part("c", "one\n  text"),
        ];
        let page = page(&parts);
        assert_eq!(page.matches("one text").count(), 1, "{page}");
        assert!(page.contains("\na, c:\n"), "{page}");
        assert!(page.contains("\nb:\n"), "{page}");
    }

    #[test]
    fn every_package_that_is_linked_into_a_release_has_a_licence_text() {
        let source = Source::look().unwrap();
        for target in &crate::target::TARGETS {
            let notices = notices(&source, target).unwrap();
            assert!(notices.contains("\nrusqlite "), "{}", target.triple);
            assert!(!notices.contains("\nsyn "), "{}", target.triple);
        }
    }
}
