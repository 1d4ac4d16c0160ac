//! Whether the same source makes the same archives, wherever it lies.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo::root;
use crate::trouble::Trouble;

/// Makes the archives once more, of a copy of the source in another folder, and compares them with those in `first`. `dist` gives
/// a command that makes them in the folder that it is called with.
pub(crate) fn compare(
    first: &Path,
    targets: &[&str],
    dist: impl Fn(&Path) -> Command,
) -> Result<(), Trouble> {
    // Below the checkout, so that git knows what commit it is; its name has another length than that of any checkout's.
    let folder = root().join("target/dist-again");
    let (source, out) = (folder.join("another-place"), folder.join("archives"));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(trouble)?;
    }
    fs::create_dir_all(&out).map_err(trouble)?;
    copy(&source)?;
    let mut command = dist(&out);
    command.current_dir(&source);
    // Cargo would take it for a member of the workspace that calls it.
    command.env_remove("CARGO_MANIFEST_DIR");
    run(command)?;
    for target in targets {
        let of_target = |sums: &Path| -> Result<Vec<String>, Trouble> {
            let text = fs::read_to_string(sums.join("SHA256SUMS")).map_err(trouble)?;
            let lines = text.lines().filter(|line| line.contains(target));
            Ok(lines.map(str::to_owned).collect())
        };
        let (one, other) = (of_target(first)?, of_target(&out)?);
        if one != other || one.is_empty() {
            return Err(Trouble::Archive {
                target: (*target).to_owned(),
                what: format!("made at two places it differs: {one:?} and {other:?}"),
            });
        }
        println!("{target}: the same bytes when it is made at another place");
    }
    fs::remove_dir_all(&folder).map_err(trouble)
}

/// Copies all files that git has, or would take, as they are now.
fn copy(to: &Path) -> Result<(), Trouble> {
    let mut list = Command::new("git");
    list.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listed = list.current_dir(root()).stderr(Stdio::inherit()).output();
    let listed = listed.map_err(trouble)?;
    for name in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
        let (from, to) = (root().join(name), to.join(name));
        if !from.is_file() {
            continue;
        }
        if let Some(above) = to.parent() {
            fs::create_dir_all(above).map_err(trouble)?;
        }
        fs::copy(from, to).map_err(trouble)?;
    }
    Ok(())
}

fn run(mut command: Command) -> Result<(), Trouble> {
    let status = command.status().map_err(trouble)?;
    if status.success() {
        return Ok(());
    }
    Err(Trouble::Failed {
        command: "queuectl-dist, at another place".to_owned(),
        status,
    })
}

fn trouble(source: std::io::Error) -> Trouble {
    Trouble::File {
        what: "make the archives at another place",
        source,
    }
}
