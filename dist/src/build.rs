//! One program for one system, without a trace of where it was built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::source::{Source, answer, cannot_start, failed};
use crate::target::{Linker, System, Target};
use crate::trouble::{Trouble, file};

/// How a program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As users get it.
    Release,
    /// As the tests run it: the release without link-time optimisation.
    Tested,
}

/// The oldest macOS that the programs run on.
const OLDEST_MACOS: &str = "11.0";

/// Builds the program, and says where it is.
pub(crate) fn program(
    source: &Source,
    target: &Target,
    kind: Kind,
    zig: Option<&Path>,
) -> Result<PathBuf, Trouble> {
    let prefixes = prefixes(source, target)?;
    let mut command = Command::new("cargo");
    command.arg(match target.linker {
        Linker::Zig => "zigbuild",
        Linker::Mingw => "build",
    });
    command.args([
        "--locked",
        "--package",
        "queuectl",
        "--target",
        target.triple,
    ]);
    command.args(["--profile", kind.profile()]);
    command.current_dir(&source.root);
    command.env(
        "CARGO_ENCODED_RUSTFLAGS",
        rust_flags(source, target, &prefixes),
    );
    command.env(c_flags_variable(target), c_flags(&prefixes));
    if target.system == System::Windows {
        // The names in it of what the system's libraries are linked by have the folder in them, and a number that is drawn.
        command.env("CARGO_PROFILE_CI_STRIP", "symbols");
        command.env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    }
    command.env("MACOSX_DEPLOYMENT_TARGET", OLDEST_MACOS);
    if target.linker == Linker::Zig {
        lend_zig(&mut command, zig.ok_or(Trouble::NoZig(target.triple))?);
    }
    let status = command.status();
    let status = status.map_err(|source| cannot_start(&command, source))?;
    if !status.success() {
        return Err(failed(&command, status));
    }
    let folder = source.builds.join(target.triple).join(kind.profile());
    let program = folder.join(target.program());
    refuse_paths(target, &program, &prefixes)?;
    Ok(program)
}

impl Kind {
    /// The name of cargo's profile, and of the folder that it builds into.
    fn profile(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Tested => "ci",
        }
    }
}

/// A folder of this machine, and what stands for it in the program.
struct Prefix {
    folder: String,
    name: String,
}

/// All folders that could show, outer ones first: the last that fits counts.
fn prefixes(source: &Source, target: &Target) -> Result<Vec<Prefix>, Trouble> {
    let prefix = |folder: &Path, name: &str| Prefix {
        folder: folder.display().to_string(),
        name: name.to_owned(),
    };
    let mut prefixes = Vec::new();
    let packages = source.packages(target.triple)?;
    let packages = packages["packages"].as_array();
    for registry in packages.into_iter().flatten().filter_map(registry_of) {
        if !prefixes
            .iter()
            .any(|known: &Prefix| known.folder == registry.display().to_string())
        {
            prefixes.push(prefix(&registry, "/cargo"));
        }
    }
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "sysroot"]);
    let sysroot = PathBuf::from(answer(rustc)?.trim());
    prefixes.push(prefix(&sysroot.join("lib/rustlib/src/rust"), "/rust"));
    prefixes.push(prefix(&source.root, "/queuectl"));
    prefixes.push(prefix(&source.builds, "/queuectl/target"));
    Ok(prefixes)
}

/// Where cargo keeps the sources of the registry that a package is of.
fn registry_of(package: &Value) -> Option<PathBuf> {
    package["source"].as_str()?;
    let manifest = Path::new(package["manifest_path"].as_str()?);
    Some(manifest.parent()?.parent()?.to_owned())
}

fn rust_flags(source: &Source, target: &Target, prefixes: &[Prefix]) -> String {
    let mut flags: Vec<String> = prefixes
        .iter()
        .map(|Prefix { folder, name }| format!("--remap-path-prefix={folder}={name}"))
        .collect();
    match target.system {
        System::Linux => {}
        System::MacOs => {
            // Frameworks are the one thing of a Mac's that zig doesn't bring.
            let frameworks = source.root.join("dist/frameworks");
            flags.push(format!("-Clink-arg=-F{}", frameworks.display()));
        }
        // Otherwise the time of the linking is in it.
        System::Windows => flags.push("-Clink-arg=-Wl,--no-insert-timestamp".into()),
    }
    flags.join("\x1f")
}

fn c_flags_variable(target: &Target) -> String {
    format!("CFLAGS_{}", target.triple.replace('-', "_"))
}

fn c_flags(prefixes: &[Prefix]) -> String {
    let flags = prefixes
        .iter()
        .map(|Prefix { folder, name }| format!("-ffile-prefix-map={folder}={name}"));
    flags.collect::<Vec<_>>().join(" ")
}

/// Lets cargo find zig, which keeps what it builds beside it and nowhere else.
#[expect(
    clippy::disallowed_methods,
    reason = "what is added to the path has to be added to something"
)]
fn lend_zig(command: &mut Command, zig: &Path) {
    let mut path = zig.join("bin").into_os_string();
    if let Some(others) = std::env::var_os("PATH") {
        path.push(":");
        path.push(others);
    }
    command.env("PATH", path);
    for variable in [
        "ZIG_GLOBAL_CACHE_DIR",
        "ZIG_LOCAL_CACHE_DIR",
        "CARGO_ZIGBUILD_CACHE_DIR",
    ] {
        command.env(variable, zig.join("cache"));
    }
}

/// A path of this machine would differ on another, and tells what is nobody's business.
fn refuse_paths(target: &Target, program: &Path, prefixes: &[Prefix]) -> Result<(), Trouble> {
    let bytes = fs::read(program).map_err(file(program))?;
    let shown = prefixes
        .iter()
        .find(|prefix| contains(&bytes, prefix.folder.as_bytes()));
    match shown {
        Some(prefix) => Err(Trouble::PathInside {
            target: target.triple,
            path: prefix.folder.clone(),
        }),
        None => Ok(()),
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
