//! Windows where there is none: programs built for it run under wine, in a Windows folder ("prefix") of our own that
//! lies below `target`, without a display. It ends with the chore, however that ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::root;
use crate::trouble::Trouble;

/// What Rust's programs are built for here, by the linker that Debian has.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

/// What rustc and the shim are linked by.
pub(crate) const LINKER: &str = "x86_64-w64-mingw32-gcc";

/// Changes whenever what is done to a prefix does, so that older ones are made anew.
const VERSION: &str = "1";

/// A Windows that runs. All that runs in it ends when this is dropped.
pub(crate) struct Wine {
    prefix: PathBuf,
    /// Whether it goes with this.
    passing: bool,
}

impl Wine {
    /// Starts it; the first time it is installed before, which takes some seconds.
    pub(crate) fn start() -> Result<Self, Trouble> {
        Self {
            prefix: root().join("target/wine/prefix"),
            passing: false,
        }
        .started()
    }

    /// Installs one in which nothing has ever run, and starts it. It is removed when this is dropped.
    pub(crate) fn fresh() -> Result<Self, Trouble> {
        let wine = Self {
            prefix: root().join("target/wine/fresh"),
            passing: true,
        };
        // What a run that was killed has left.
        end(&wine.prefix);
        wine.remove()?;
        wine.started()
    }

    /// Its server stays for the whole run: one that comes and goes with each program costs seconds each time.
    fn started(self) -> Result<Self, Trouble> {
        let wine = self;
        wine.end_on_interrupt();
        if !wine.is_ready() {
            wine.install()?;
        }
        // What is left of a run that was killed, if anything.
        end(&wine.prefix);
        // On Windows what is made in a private folder is private. Wine knows no such inheritance: there the server's mask says
        // who may read what is made.
        wine.run("sh", &["-c", "umask 077; exec wineserver --persistent"])?;
        // The first program starts wine's services, which stay, and hold whatever it was given to write to: what reads
        // a test's output would wait for their end.
        wine.run("wine", &["cmd", "/C", "exit"])?;
        Ok(wine)
    }

    /// Tells a command, and all it starts, where this Windows is.
    pub(crate) fn lend(&self, command: &mut Command) {
        lend(&self.prefix, command);
    }

    fn is_ready(&self) -> bool {
        fs::read_to_string(self.mark()).is_ok_and(|version| version == VERSION)
    }

    /// Written when all is done: a prefix without it is one that was begun and not finished.
    fn mark(&self) -> PathBuf {
        self.prefix.join("ready")
    }

    fn install(&self) -> Result<(), Trouble> {
        eprintln!("installing a Windows for wine in {}", self.prefix.display());
        self.remove()?;
        fs::create_dir_all(&self.prefix).map_err(trouble)?;
        self.run("wine", &["wineboot", "--init"])?;
        // What it says it is without being told is Windows 7, older than what Rust asks for.
        self.run("wine", &["winecfg", "/v", "win10"])?;
        let shim = self
            .prefix
            .join("drive_c/windows/system32/bcryptprimitives.dll");
        if !shim.exists() {
            build_shim(&shim)?;
        }
        // What was changed is written when the server ends, which it may have done by itself.
        end(&self.prefix);
        fs::write(self.mark(), VERSION).map_err(trouble)
    }

    fn remove(&self) -> Result<(), Trouble> {
        match fs::remove_dir_all(&self.prefix) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(trouble(error)),
            _ => Ok(()),
        }
    }

    fn run(&self, program: &'static str, args: &[&str]) -> Result<(), Trouble> {
        let mut command = Command::new(program);
        command.args(args);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        self.lend(&mut command);
        finish(command)
    }

    /// Ctrl+C goes to this whole group, but wine's server and what runs in it are in none of the terminal's.
    fn end_on_interrupt(&self) {
        let prefix = self.prefix.clone();
        let handler = ctrlc::set_handler(move || {
            end(&prefix);
            std::process::exit(130);
        });
        if let Err(error) = handler {
            eprintln!("warning: Ctrl+C will leave wine running: {error}");
        }
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        end(&self.prefix);
        if self.passing {
            // What can't be removed now is before the next one is made.
            let _ = self.remove();
        }
    }
}

fn lend(prefix: &Path, command: &mut Command) {
    command.env("WINEPREFIX", prefix);
    command.env("WINEARCH", "win64");
    command.env("WINEDEBUG", "-all");
    // Nothing is offered for download, and no menus of the user's are touched.
    command.env("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d");
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
}

/// Ends the server, and with it all that runs in the prefix.
fn end(prefix: &Path) {
    let mut command = Command::new("wineserver");
    command.arg("--kill").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    lend(prefix, &mut command);
    // It fails if the server has ended already.
    let _ = command.status();
}

fn trouble(source: io::Error) -> Trouble {
    Trouble::File {
        what: "make wine's prefix",
        source,
    }
}

fn build_shim(place: &Path) -> Result<(), Trouble> {
    let mut command = Command::new(LINKER);
    command.args(["-O2", "-shared", "-o"]).arg(place);
    command.arg(root().join("xtask/src/wine/bcryptprimitives.c"));
    command.arg("-ladvapi32");
    finish(command)
}

fn finish(mut command: Command) -> Result<(), Trouble> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|source| Trouble::Start {
        program: program.clone(),
        source,
    })?;
    if status.success() {
        return Ok(());
    }
    let args = command.get_args().map(|arg| arg.to_string_lossy());
    let args: Vec<_> = args.collect();
    Err(Trouble::Failed {
        command: format!("{program} {}", args.join(" ")),
        status,
    })
}
