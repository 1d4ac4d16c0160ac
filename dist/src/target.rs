//! The systems that archives are made for.

/// A system that an archive is made for.
#[derive(Debug)]
pub(crate) struct Target {
    /// What Rust calls it.
    pub(crate) triple: &'static str,
    /// What links for it.
    pub(crate) linker: Linker,
    /// What kind of system it is.
    pub(crate) system: System,
}

/// What links for a target, and compiles its C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linker {
    /// zig, which brings the C library of every system it links for.
    Zig,
    /// mingw-w64's gcc.
    Mingw,
}

/// A kind of system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    MacOs,
    Windows,
}

/// All of them. On Linux the C library is musl, which is linked in: one file runs on every distribution.
pub(crate) const TARGETS: [Target; 5] = [
    Target {
        triple: "x86_64-unknown-linux-musl",
        linker: Linker::Zig,
        system: System::Linux,
    },
    Target {
        triple: "aarch64-unknown-linux-musl",
        linker: Linker::Zig,
        system: System::Linux,
    },
    Target {
        triple: "x86_64-pc-windows-gnu",
        linker: Linker::Mingw,
        system: System::Windows,
    },
    Target {
        triple: "aarch64-apple-darwin",
        linker: Linker::Zig,
        system: System::MacOs,
    },
    Target {
        triple: "x86_64-apple-darwin",
        linker: Linker::Zig,
        system: System::MacOs,
    },
];

impl Target {
    /// The program's file.
    pub(crate) fn program(&self) -> &'static str {
        match self.system {
            System::Windows => "queuectl.exe",
            System::Linux | System::MacOs => "queuectl",
        }
    }

    /// The file of an archive of this name: what its users can open without installing anything.
    pub(crate) fn packed_as(&self, name: &str) -> String {
        match self.system {
            System::Windows => format!("{name}.zip"),
            System::Linux | System::MacOs => format!("{name}.tar.gz"),
        }
    }
}
