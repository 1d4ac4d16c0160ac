//! The scene of the PostgreSQL store: a schema of its own on the server that all tests share.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use queuectl_domain::Timestamp;
use queuectl_store::{Clock, Location, Options, Store};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::scene::{Damage, Scene};

/// Whoever opens the store by way of the server itself.
pub(crate) type PostgresScene = ServerScene<Straight>;

/// The way from a handle to the server.
pub(crate) trait Way {
    fn new() -> Self;

    /// The URL of the server's database for tests.
    fn url(&self) -> String;
}

/// No detour.
pub(crate) struct Straight;

impl Way for Straight {
    fn new() -> Self {
        Self
    }

    fn url(&self) -> String {
        queuectl_cluster::shared()
    }
}

pub(crate) struct ServerScene<W> {
    way: W,
    folder: tempfile::TempDir,
    schema: String,
    runtime: Runtime,
    client: Client,
}

impl<W: Way> Scene for ServerScene<W> {
    const LEASES: bool = true;

    fn new() -> Self {
        static SCENES: AtomicU32 = AtomicU32::new(0);
        let number = SCENES.fetch_add(1, Ordering::Relaxed);
        let schema = format!("Scene {} of {}", number, std::process::id());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(async {
            let url = queuectl_cluster::shared();
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        let scene = Self {
            way: W::new(),
            folder: tempfile::tempdir().unwrap(),
            schema,
            runtime,
            client,
        };
        scene.run("DROP SCHEMA IF EXISTS queuectl CASCADE");
        drop(scene.open());
        scene.run(
            "CREATE TABLE queuectl.hand_clock (now bigint);
             INSERT INTO queuectl.hand_clock VALUES (1700000000000000);
             CREATE OR REPLACE FUNCTION queuectl.now_us() RETURNS bigint LANGUAGE sql VOLATILE
             RETURN (SELECT now FROM queuectl.hand_clock)",
        );
        scene
    }

    fn open(&self) -> Box<dyn Store> {
        let url = self.way.url();
        let separator = if url.contains('?') { '&' } else { '?' };
        let schema = self.schema.replace(' ', "%20");
        let url = format!("{url}{separator}schema={schema}");
        open(
            &Location::parse(url.as_ref(), &|_| None).unwrap(),
            Timestamp(0),
        )
    }

    fn restore(&self, backup: &Path) -> Box<dyn Store> {
        let place = self.folder.path().join("restored.db");
        std::fs::copy(backup, &place).unwrap();
        open(&Location::Sqlite(place), self.now())
    }

    fn damage(&self, damage: Damage) {
        self.run(match damage {
            Damage::Miscounted => "INSERT INTO queuectl.count_changes VALUES (7, 0, 0, 0, 0)",
            Damage::JobNumbersInUse => "SELECT setval('queuectl.numbers', 0, false)",
            Damage::FencesInUse => "SELECT setval('queuectl.fences', 1, false)",
            Damage::Ownerless => "DELETE FROM queuectl.workers",
            Damage::Leftovers => {
                "INSERT INTO queuectl.attempts VALUES (99, 99, 1, 'w', 0, 0, 0, 0, NULL, NULL, 0);
                 INSERT INTO queuectl.output VALUES (99, 0, 1, '');
                 INSERT INTO queuectl.specs VALUES (99, 'left over', 'true', NULL, NULL, '/', 5, 20, 3, 2, 0);
                 SELECT setval('queuectl.fences', 99)"
            }
            Damage::CommandLost => {
                "UPDATE queuectl.specs SET line = NULL WHERE seq = (SELECT max(seq) FROM queuectl.specs)"
            }
        });
    }

    fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.set(Timestamp(self.now().0 + micros));
    }

    fn set(&self, now: Timestamp) {
        self.run(&format!("UPDATE queuectl.hand_clock SET now = {}", now.0));
    }
}

impl<W> ServerScene<W> {
    /// Runs statements in which `queuectl` stands for the scene's schema.
    fn run(&self, sql: &str) {
        let sql = self.in_schema(sql);
        let done = self.client.batch_execute(&sql);
        self.runtime.block_on(done).unwrap();
    }

    fn now(&self) -> Timestamp {
        let sql = self.in_schema("SELECT now FROM queuectl.hand_clock");
        let row = self.runtime.block_on(self.client.query_one(&sql, &[]));
        Timestamp(row.unwrap().get(0))
    }

    fn in_schema(&self, sql: &str) -> String {
        sql.replace("queuectl", &format!("\"{}\"", self.schema))
    }
}

impl<W> Drop for ServerScene<W> {
    fn drop(&mut self) {
        let sql = self.in_schema("SET lock_timeout = '2s'; DROP SCHEMA queuectl CASCADE");
        // Threads of a test that has failed may still be at it.
        let _ = self.runtime.block_on(self.client.batch_execute(&sql));
    }
}

fn open(location: &Location, now: Timestamp) -> Box<dyn Store> {
    let options = Options {
        clock: Arc::new(Stopped(now)),
        patience: Duration::from_secs(30),
    };
    queuectl_store::open(location, &options).unwrap()
}

/// A clock that stands still.
struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}
