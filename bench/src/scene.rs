//! Where it is measured: a folder on a real disk, gone afterwards.

use std::cell::{Cell, OnceCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::TempDir;

use crate::postgres::Server;
use crate::queue::{Queue, line};
use crate::trouble::{Trouble, io};

/// The folder, what is measured, and how thoroughly.
pub(crate) struct Scene {
    folder: TempDir,
    program: PathBuf,
    pub(crate) quick: bool,
    made: Cell<u32>,
    deep: OnceCell<Queue>,
    server: OnceCell<Rc<Server>>,
}

impl Scene {
    /// A scene beside this program: that is in the target folder.
    pub(crate) fn set(program: PathBuf, quick: bool) -> Result<Self, Trouble> {
        if !program.is_file() {
            return Err(Trouble::Wrong(format!(
                "there is no `{}`; build it in release, or name it with --queuectl",
                program.display()
            )));
        }
        let own = std::env::current_exe().map_err(io("find this program"))?;
        let beside = own.parent().unwrap_or(Path::new("/"));
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(beside);
        let folder = folder.map_err(io("make a folder"))?;
        if is_memory(folder.path()) {
            return Err(Trouble::Wrong(format!(
                "`{}` is memory, not a disk; build to another place with CARGO_TARGET_DIR",
                folder.path().display()
            )));
        }
        Ok(Self {
            folder,
            program,
            quick,
            made: Cell::new(0),
            deep: OnceCell::new(),
            server: OnceCell::new(),
        })
    }

    /// The first in the full run, the second in the quick one.
    pub(crate) fn size<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// How often whole programs are measured.
    pub(crate) fn rounds(&self) -> usize {
        self.size(5, 3)
    }

    /// A folder of its own.
    pub(crate) fn folder(&self) -> Result<PathBuf, Trouble> {
        self.made.set(self.made.get() + 1);
        let path = self.folder.path().join(self.made.get().to_string());
        fs::create_dir(&path).map_err(io("make a folder"))?;
        Ok(path)
    }

    /// How many jobs wait in the deep queue.
    pub(crate) fn depth(&self) -> usize {
        self.size(5_000_000, 200_000)
    }

    /// The queue in which very many jobs wait. It is filled once.
    pub(crate) fn deep(&self) -> Result<&Queue, Trouble> {
        if let Some(queue) = self.deep.get() {
            return Ok(queue);
        }
        let queue = self.queue()?;
        queue.fill(&line("true"), self.depth())?;
        Ok(self.deep.get_or_init(|| queue))
    }

    /// The server. It is started once.
    pub(crate) fn server(&self) -> Result<&Rc<Server>, Trouble> {
        if let Some(server) = self.server.get() {
            return Ok(server);
        }
        let server = Rc::new(Server::start()?);
        Ok(self.server.get_or_init(|| server))
    }

    /// An empty queue on the server.
    pub(crate) fn queue_on_server(&self) -> Result<Queue, Trouble> {
        let schema = self.server()?.schema();
        Ok(self.queue()?.on(Rc::new(schema)))
    }

    /// An empty queue.
    pub(crate) fn queue(&self) -> Result<Queue, Trouble> {
        Ok(Queue::new(self.folder()?, self.program.clone()))
    }
}

/// Whether a folder is in memory, and not on a disk.
pub(crate) fn is_memory(folder: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    kind_of_disk(&mounts, folder) == Some("tmpfs")
}

/// What kind of file system a folder is on.
fn kind_of_disk<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let holding = mounts.filter(|(point, _)| folder.starts_with(point));
    holding
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_tells_the_kind() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        let kind = |folder| kind_of_disk(mounts, Path::new(folder));
        assert_eq!(kind("/home/me"), Some("ext4"));
        assert_eq!(kind("/tmp/bench"), Some("tmpfs"));
        assert_eq!(kind("/tmpfile"), Some("ext4"));
    }
}
