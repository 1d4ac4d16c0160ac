//! The archives, tried where nothing is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dist::bare::BareDebian;
use crate::dist::session;
use crate::needs;
use crate::trouble::Trouble;
use crate::wine::{self, Wine};

/// Tries those that can be run here. Programs for a Mac can't: that is said.
pub(crate) fn run(archives: &Path, targets: &[&str]) -> Result<(), Trouble> {
    check_sums(archives)?;
    for target in targets {
        match *target {
            "x86_64-unknown-linux-musl" => on_bare_debian(archives, target)?,
            "aarch64-unknown-linux-musl" => on_emulated_arm(archives, target)?,
            wine::TARGET => on_fresh_windows(archives, target)?,
            _ => println!("{target}: not tried, since only a Mac can run it"),
        }
    }
    Ok(())
}

/// The sums are those of the archives, for what users check them by.
fn check_sums(archives: &Path) -> Result<(), Trouble> {
    let mut command = Command::new("sha256sum");
    command.args(["--check", "--strict", "--quiet", "SHA256SUMS"]);
    let status = command.current_dir(archives).status();
    let status = status.map_err(|source| Trouble::Start {
        program: "sha256sum".to_owned(),
        source,
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Trouble::Failed {
        command: "sha256sum --check SHA256SUMS".to_owned(),
        status,
    })
}

fn on_bare_debian(archives: &Path, target: &str) -> Result<(), Trouble> {
    let debian = BareDebian::supply()?;
    let inside = Path::new("/opt/queuectl");
    let outside = debian.outside(inside);
    let program = unpack(archives, target, &outside)?;
    let program = inside.join(program.strip_prefix(&outside).unwrap_or(&program));
    let inside_it = |program: &Path| {
        let mut command = debian.command(program);
        command.env("QUEUECTL_HOME", inside.join("home"));
        command
    };
    let played = session::play(target, || inside_it(&program)).and_then(|()| {
        // Its processes end with the command that it was given: so all of it is one.
        let mut script = inside_it(Path::new("/bin/sh"));
        script.arg("-c").arg(session::BACKGROUND).arg(&program);
        session::succeed(target, script).map(drop)
    });
    remove(&outside)?;
    played
}

fn on_emulated_arm(archives: &Path, target: &str) -> Result<(), Trouble> {
    needs::supply_qemu()?;
    let folder = tempfile::tempdir().map_err(trouble)?;
    let program = unpack(archives, target, &folder.path().join("archive"))?;
    session::play(target, || {
        let mut command = Command::new("qemu-aarch64");
        command.arg(&program);
        command.env("QUEUECTL_HOME", folder.path().join("home"));
        command
    })
}

fn on_fresh_windows(archives: &Path, target: &str) -> Result<(), Trouble> {
    needs::supply_for_windows()?;
    let windows = Wine::fresh()?;
    let folder = tempfile::tempdir().map_err(trouble)?;
    let program = unpack(archives, target, &folder.path().join("archive"))?;
    let program = || {
        let mut command = Command::new("wine");
        command.arg(&program);
        // Wine shows the whole of Unix as drive Z.
        let home = folder.path().join("home").display().to_string();
        command.env("QUEUECTL_HOME", format!("Z:{}", home.replace('/', "\\")));
        windows.lend(&mut command);
        command
    };
    session::play(target, program)?;
    session::play_in_background(target, program)
}

/// Unpacks the archive as a user would, and says where the program is.
fn unpack(archives: &Path, target: &str, folder: &Path) -> Result<PathBuf, Trouble> {
    remove(folder)?;
    fs::create_dir_all(folder).map_err(trouble)?;
    let name = format!("queuectl-{}-{target}", env!("CARGO_PKG_VERSION"));
    let place = folder.display().to_string();
    let (packed, program) = if target == wine::TARGET {
        (format!("{name}.zip"), "queuectl.exe")
    } else {
        (format!("{name}.tar.gz"), "queuectl")
    };
    let packed = archives.join(packed).display().to_string();
    if target == wine::TARGET {
        needs::supply_unzip()?;
        needs::run(&["unzip", "-q", &packed, "-d", &place])?;
    } else {
        needs::run(&["tar", "--extract", "--file", &packed, "--directory", &place])?;
    }
    Ok(folder.join(name).join(program))
}

fn remove(folder: &Path) -> Result<(), Trouble> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(trouble(error)),
        _ => Ok(()),
    }
}

fn trouble(source: std::io::Error) -> Trouble {
    Trouble::File {
        what: "unpack an archive",
        source,
    }
}
