//! The server, with its settings as they are shipped, and a schema for each queue.

use std::cell::Cell;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use queuectl_cluster::{Cluster, Config};
use queuectl_store::Location;

use crate::procfs;
use crate::scene::is_memory;
use crate::trouble::Trouble;

/// For as many idle workers as are measured; as shipped it is 100.
const CONNECTIONS: &str = "450";

/// The server.
pub(crate) struct Server {
    cluster: Cluster,
    made: Cell<u32>,
}

impl Server {
    pub(crate) fn start() -> Result<Self, Trouble> {
        let config = Config::new().durable().set("max_connections", CONNECTIONS);
        let cluster = Cluster::start(&config)?;
        if is_memory(cluster.folder()) {
            return Err(Trouble::Wrong(format!(
                "`{}` is memory, not a disk",
                cluster.folder().display()
            )));
        }
        Ok(Self {
            cluster,
            made: Cell::new(0),
        })
    }

    /// A schema that isn't there yet.
    pub(crate) fn schema(self: &Rc<Self>) -> Schema {
        self.made.set(self.made.get() + 1);
        Schema {
            server: Rc::clone(self),
            name: format!("bench_{}", self.made.get()),
        }
    }

    /// Runs SQL, and returns what that printed.
    pub(crate) fn sql(&self, text: &str) -> Result<String, Trouble> {
        Ok(self.cluster.sql(text)?)
    }

    /// Has it write down all that it holds, so that nobody pays for what was before.
    pub(crate) fn settle_down(&self) -> Result<(), Trouble> {
        self.sql("CHECKPOINT").map(|_| ())
    }

    /// A connection of somebody's who holds a transaction open.
    pub(crate) fn long_transaction(&self) -> Result<queuectl_cluster::Held, Trouble> {
        let mut held = self.cluster.hold()?;
        held.sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")?;
        Ok(held)
    }

    /// The folder that it may write to.
    pub(crate) fn folder(&self) -> &Path {
        self.cluster.folder()
    }

    /// How many connections it has, but for that by which it is asked.
    pub(crate) fn connections(&self) -> Result<f64, Trouble> {
        number(&self.sql(
            "SELECT count(*) FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )?)
    }

    /// A call of one of its programs, and how that reaches it over the network.
    pub(crate) fn program(&self, name: &str) -> (Command, String) {
        (self.cluster.program(name), self.cluster.tcp_url())
    }

    /// How long its processes had a processor so far.
    pub(crate) fn on_cpu(&self) -> Result<Duration, Trouble> {
        let seen = procfs::on_cpu_with_children(self.cluster.pid()?);
        seen.ok_or_else(|| Trouble::Wrong("what a process costs is only seen on Linux".to_owned()))
    }

    /// How many bytes of log it has written so far.
    pub(crate) fn log_bytes(&self) -> Result<f64, Trouble> {
        number(&self.sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")?)
    }
}

/// How many bytes a table has with all that belongs to it, and how many of them its indexes have.
pub(crate) struct Size {
    pub(crate) whole: f64,
    pub(crate) indexes: f64,
}

/// A schema, dropped with this.
pub(crate) struct Schema {
    server: Rc<Server>,
    name: String,
}

impl Schema {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How the store in it is reached, over the network as from another host.
    pub(crate) fn url(&self) -> String {
        format!("{}?schema={}", self.server.cluster.tcp_url(), self.name)
    }

    pub(crate) fn location(&self) -> Result<Location, Trouble> {
        Ok(Location::parse(self.url().as_ref(), &|_| None)?)
    }

    /// How large one of its tables is on disk.
    pub(crate) fn size_of(&self, table: &str) -> Result<Size, Trouble> {
        let table = format!("{}.{table}", self.name);
        let bytes = |function: &str| {
            let sql = format!("SELECT {function}('{table}')");
            number(&self.server.sql(&sql)?)
        };
        Ok(Size {
            whole: bytes("pg_total_relation_size")?,
            indexes: bytes("pg_indexes_size")?,
        })
    }

    /// How many bytes its tables and their indexes have on disk.
    pub(crate) fn bytes(&self) -> Result<f64, Trouble> {
        let name = &self.name;
        number(&self.server.sql(&format!(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class
             WHERE relnamespace = '{name}'::regnamespace AND relkind = 'r'"
        ))?)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // What is left goes with the server.
        let _ = self
            .server
            .sql(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name));
    }
}

fn number(printed: &str) -> Result<f64, Trouble> {
    let wrong = || Trouble::Wrong(format!("the server said `{printed}` for a number"));
    printed.trim().parse().map_err(|_| wrong())
}
