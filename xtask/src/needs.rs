//! What building and testing needs besides Rust, and how a bare machine gets it.
//!
//! One row for each need. What the system's package manager has is installed
//! where that takes no password; otherwise the chore stops with the line to run.
//! Tests may use, without a row, what every system has: on Unix the shell and
//! tools that POSIX names and Debian calls essential.

use std::path::Path;
use std::process::Command;

use queuectl_cluster::{Programs, pgbouncer};

use crate::system::{System, answers};
use crate::trouble::Trouble;
use crate::wine;

/// Something that a machine must have.
struct Need {
    /// What it is.
    what: &'static str,
    /// Whether it is there.
    found: fn(System) -> bool,
    /// Debian's packages that bring it.
    debian: &'static [&'static str],
    /// The line that installs it on macOS.
    macos: &'static str,
    /// The line that installs it on Windows.
    windows: &'static str,
}

const NEEDS: [Need; 5] = [
    Need {
        // SQLite is compiled into the program.
        what: "a C compiler",
        found: has_c_compiler,
        debian: &["gcc", "libc6-dev"],
        macos: "xcode-select --install",
        windows: "winget install --exact --id BrechtSanders.WinLibs.POSIX.UCRT",
    },
    Need {
        // Some tests set the clock of what they start; they are for Linux.
        what: "libfaketime with its program `faketime`",
        found: |_| !cfg!(target_os = "linux") || answers("faketime", &["--version"]),
        debian: &["faketime"],
        macos: "(not needed)",
        windows: "(not needed)",
    },
    Need {
        // Some tests are played by several hosts, on networks of their own; they are for Linux.
        what: "the program `ip` of iproute2",
        found: |_| !cfg!(target_os = "linux") || answers("ip", &["-Version"]),
        debian: &["iproute2"],
        macos: "(not needed)",
        windows: "(not needed)",
    },
    Need {
        // The tests start servers of their own.
        what: "PostgreSQL 15 or newer, with its server",
        found: |_| Programs::find().is_ok(),
        debian: &["postgresql"],
        macos: "brew install postgresql@17",
        windows: "winget install --exact --id PostgreSQL.PostgreSQL.17",
    },
    Need {
        // Some tests reach the server by way of a pooler; they are for Unix.
        what: "PgBouncer",
        found: |_| cfg!(windows) || pgbouncer().is_some(),
        debian: &["pgbouncer"],
        macos: "brew install pgbouncer",
        windows: "(not needed)",
    },
];

/// What counts the instructions of two builds of the program. (`git`, which gets the older one, has got this checkout.)
const COMPARISONS: [Need; 1] = [Need {
    what: "valgrind",
    found: |_| answers("valgrind", &["--version"]),
    debian: &["valgrind"],
    macos: "(there is none: such benchmarks need Linux)",
    windows: "(there is none: such benchmarks need Linux)",
}];

/// What the benchmarks compare with. (`xargs` is everywhere.)
const RIVALS: [Need; 2] = [
    Need {
        what: "GNU parallel",
        found: |_| answers("parallel", &["--will-cite", "--version"]),
        debian: &["parallel"],
        macos: "brew install parallel",
        windows: "(there is none: the benchmarks need a Unix)",
    },
    Need {
        what: "the sqlite3 shell",
        found: |_| answers("sqlite3", &["--version"]),
        debian: &["sqlite3"],
        macos: "brew install sqlite",
        windows: "(not needed: the benchmarks need a Unix)",
    },
];

/// What stores on a server are compared with.
const PGBENCH: [Need; 1] = [Need {
    what: "PostgreSQL's program `pgbench`",
    found: |_| Programs::find().is_ok_and(|programs| programs.path("pgbench").is_file()),
    debian: &["postgresql", "postgresql-contrib"],
    macos: "brew install postgresql@17",
    windows: "(not needed: the benchmarks need a Unix)",
}];

/// What the fuzzer is made of, besides a nightly compiler.
const FUZZER: [Need; 1] = [Need {
    what: "a C++ compiler",
    found: |_| answers("c++", &["--version"]),
    debian: &["g++"],
    macos: "xcode-select --install",
    windows: "(the fuzzer needs a Unix)",
}];

/// What builds for Windows and runs that, besides Rust's own part of it.
const WINDOWS: [Need; 2] = [
    Need {
        what: "a C compiler for Windows (mingw-w64)",
        found: |_| answers(wine::LINKER, &["--version"]),
        debian: &["gcc-mingw-w64-x86-64"],
        macos: "brew install mingw-w64",
        windows: "(not needed)",
    },
    Need {
        what: "wine",
        found: |_| answers("wine", &["--version"]) && answers("wineserver", &["--version"]),
        debian: &["wine", "wine64"],
        macos: "brew install --cask wine-stable",
        windows: "(not needed)",
    },
];

/// Where zig comes from: Python's packages are made for every system.
const PYTHON: [Need; 1] = [Need {
    what: "Python with its module `venv`",
    found: |_| answers("python3", &["-c", "import ensurepip, venv"]),
    debian: &["python3", "python3-venv"],
    macos: "brew install python",
    windows: "winget install --exact --id Python.Python.3.13",
}];

/// What runs a program for ARM.
const QEMU: [Need; 1] = [Need {
    what: "qemu-aarch64",
    found: |_| answers("qemu-aarch64", &["--version"]),
    debian: &["qemu-user"],
    macos: "(there is none: try the archives on Linux)",
    windows: "(there is none: try the archives on Linux)",
}];

/// What makes a Debian with nothing in it.
const DEBOOTSTRAP: [Need; 1] = [Need {
    // The keys are what it knows Debian's packages by, and come along only as a suggestion.
    what: "debootstrap with Debian's keys",
    found: |system| {
        let keys = Path::new("/usr/share/keyrings/debian-archive-keyring.gpg");
        answers("debootstrap", &["--version"]) && (system != System::Debian || keys.exists())
    },
    debian: &["debootstrap", "debian-archive-keyring"],
    macos: "(there is none: try the archives on Linux)",
    windows: "(there is none: try the archives on Linux)",
}];

/// What opens the archive for Windows.
const UNZIP: [Need; 1] = [Need {
    what: "unzip",
    found: |_| answers("unzip", &["-v"]),
    debian: &["unzip"],
    macos: "(comes with macOS)",
    windows: "(not needed)",
}];

/// Sees to it that this machine has all that building and testing need.
pub(crate) fn supply() -> Result<(), Trouble> {
    provide(&NEEDS)
}

/// Sees to it that this machine has what the benchmarks compare with, too.
pub(crate) fn supply_for_bench() -> Result<(), Trouble> {
    supply()?;
    provide(&RIVALS)
}

/// Sees to it that this machine can compare two builds of the program, too.
pub(crate) fn supply_for_comparisons() -> Result<(), Trouble> {
    supply()?;
    provide(&COMPARISONS)
}

/// Sees to it that this machine has what stores on a server are compared with, too.
pub(crate) fn supply_pgbench() -> Result<(), Trouble> {
    supply()?;
    provide(&PGBENCH)
}

/// Sees to it that this machine can build the fuzzer, too.
pub(crate) fn supply_for_fuzz() -> Result<(), Trouble> {
    supply()?;
    provide(&FUZZER)
}

/// Sees to it that this machine can build for Windows and run it, too.
pub(crate) fn supply_for_windows() -> Result<(), Trouble> {
    supply()?;
    provide(&WINDOWS)?;
    supply_rust_for(wine::TARGET)
}

/// Sees to it that this machine can build for Windows, if it can't run that.
pub(crate) fn supply_mingw() -> Result<(), Trouble> {
    provide(&WINDOWS[..1])
}

/// Sees to it that this machine has a Python that can install packages.
pub(crate) fn supply_python() -> Result<(), Trouble> {
    provide(&PYTHON)
}

/// Sees to it that this machine can run programs for ARM.
pub(crate) fn supply_qemu() -> Result<(), Trouble> {
    provide(&QEMU)
}

/// Sees to it that this machine can make a bare Debian.
pub(crate) fn supply_debootstrap() -> Result<(), Trouble> {
    provide(&DEBOOTSTRAP)
}

/// Sees to it that this machine can open the archive for Windows.
pub(crate) fn supply_unzip() -> Result<(), Trouble> {
    provide(&UNZIP)
}

/// Sees to it that this Rust can build for a target.
pub(crate) fn supply_rust_for(target: &str) -> Result<(), Trouble> {
    if has_rust_for(target) {
        return Ok(());
    }
    run(&["rustup", "target", "add", target])
}

/// Installs a nightly compiler, if there is none. That needs no password, and doesn't change the default one.
pub(crate) fn supply_nightly() -> Result<(), Trouble> {
    if answers("rustup", &["run", "nightly", "cargo", "--version"]) {
        return Ok(());
    }
    let install = ["rustup", "toolchain", "install", "nightly"];
    run(&[&install[..], &["--profile", "minimal"]].concat())
}

/// Installs Miri for the nightly compiler, with the sources that it interprets.
pub(crate) fn supply_miri() -> Result<(), Trouble> {
    let add = ["rustup", "component", "add", "miri", "rust-src"];
    run(&[&add[..], &["--toolchain", "nightly"]].concat())
}

/// Whether this Rust, whoever installed it, has the libraries of a target.
fn has_rust_for(target: &str) -> bool {
    let mut command = Command::new("rustc");
    command.args(["--print", "target-libdir", "--target", target]);
    command.output().is_ok_and(|told| {
        let folder = String::from_utf8_lossy(&told.stdout);
        Path::new(folder.trim_end()).is_dir()
    })
}

fn provide(needs: &'static [Need]) -> Result<(), Trouble> {
    let system = System::here();
    let missing = missing(needs, system);
    if missing.is_empty() {
        return Ok(());
    }
    for words in plan(&missing, system, Rights::here)? {
        run(&words)?;
    }
    let still = self::missing(needs, system);
    if still.is_empty() {
        return Ok(());
    }
    Err(Trouble::StillMissing {
        what: phrase(&still),
    })
}

fn missing(needs: &'static [Need], system: System) -> Vec<&'static Need> {
    needs.iter().filter(|need| !(need.found)(system)).collect()
}

fn has_c_compiler(system: System) -> bool {
    // Microsoft's compiler comes with the linker that linked this very program.
    cfg!(target_env = "msvc")
        || match system {
            System::Windows => answers("gcc", &["--version"]),
            _ => answers("cc", &["--version"]),
        }
}

/// Whether packages can be installed without asking anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    Root,
    Sudo,
    None,
}

impl Rights {
    fn here() -> Self {
        let id = Command::new("id").arg("-u").output();
        if id.is_ok_and(|id| id.stdout.trim_ascii() == b"0") {
            Self::Root
        } else if answers("sudo", &["-n", "true"]) {
            Self::Sudo
        } else {
            Self::None
        }
    }
}

/// The commands that install what is missing; an error with the line to run if
/// that is up to the user. The rights are only looked at where they matter.
fn plan(
    missing: &[&Need],
    system: System,
    rights: impl FnOnce() -> Rights,
) -> Result<Vec<Vec<&'static str>>, Trouble> {
    let packages: Vec<_> = missing
        .iter()
        .flat_map(|need| need.debian)
        .copied()
        .collect();
    let lines = |line: fn(&Need) -> &'static str| {
        let lines: Vec<_> = missing.iter().map(|need| line(need)).collect();
        lines.join(" && ")
    };
    let line = match system {
        System::Debian => {
            let sudo: &[&str] = match rights() {
                Rights::Root => &[],
                Rights::Sudo => &["sudo", "-n"],
                Rights::None => {
                    let packages = packages.join(" ");
                    return Err(told(
                        missing,
                        format!("sudo apt-get update && sudo apt-get install -y {packages}"),
                    ));
                }
            };
            let quiet = ["env", "DEBIAN_FRONTEND=noninteractive"];
            let install = ["apt-get", "install", "-y", "--no-install-recommends"];
            return Ok(vec![
                [sudo, &["apt-get", "update"]].concat(),
                [sudo, &quiet, &install, &packages].concat(),
            ]);
        }
        System::MacOs => lines(|need| need.macos),
        System::Windows => lines(|need| need.windows),
        System::OtherUnix => format!(
            "(your package manager's; Debian's packages are: {})",
            packages.join(" ")
        ),
    };
    Err(told(missing, line))
}

fn told(missing: &[&Need], line: String) -> Trouble {
    Trouble::Missing {
        what: phrase(missing),
        line,
    }
}

fn phrase(missing: &[&Need]) -> String {
    let whats: Vec<_> = missing.iter().map(|need| need.what).collect();
    let verb = if whats.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", whats.join(" and "))
}

/// Runs a command that installs something, and shows it.
pub(crate) fn run(words: &[&str]) -> Result<(), Trouble> {
    let line = words.join(" ");
    eprintln!("+ {line}");
    let (program, args) = words
        .split_first()
        .expect("a planned command has a program");
    let status = Command::new(program).args(args).status();
    let status = status.map_err(|source| Trouble::Start {
        program: (*program).to_owned(),
        source,
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Trouble::Failed {
        command: line,
        status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(system: System, rights: Rights) -> Result<Vec<String>, String> {
        let missing = [&NEEDS[0]];
        plan(&missing, system, || rights)
            .map(|commands| commands.iter().map(|words| words.join(" ")).collect())
            .map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn root_on_debian_refreshes_the_lists_and_installs() {
        assert_eq!(
            lines(System::Debian, Rights::Root).unwrap(),
            [
                "apt-get update",
                "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev",
            ]
        );
    }

    #[test]
    fn sudo_without_a_password_does_as_well() {
        let lines = lines(System::Debian, Rights::Sudo).unwrap();
        assert_eq!(lines.len(), 2);
        assert!(
            lines.iter().all(|line| line.starts_with("sudo -n ")),
            "{lines:?}"
        );
    }

    #[test]
    fn who_may_not_install_is_given_one_line() {
        assert_eq!(
            lines(System::Debian, Rights::None).unwrap_err(),
            "a C compiler is missing; install it with this line, then try again:\n    \
             sudo apt-get update && sudo apt-get install -y gcc libc6-dev"
        );
        let mac = lines(System::MacOs, Rights::Root).unwrap_err();
        assert!(mac.ends_with("\n    xcode-select --install"), "{mac}");
        let windows = lines(System::Windows, Rights::Root).unwrap_err();
        assert!(windows.contains("\n    winget install "), "{windows}");
    }
}
