//! The scene of the PostgreSQL store behind a pooler that gives each transaction another of two connections.

use queuectl_cluster::{Behind, Pooler, Pooling};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::postgres_scene::{ServerScene, Way};

pub(crate) type PooledScene = ServerScene<Pooled>;

/// By way of a pooler of its own.
pub(crate) struct Pooled {
    pooler: Pooler,
    database: String,
}

impl Way for Pooled {
    fn new() -> Self {
        let server: Config = queuectl_cluster::shared().parse().unwrap();
        let host = match &server.get_hosts()[0] {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.to_str().unwrap().to_owned(),
        };
        let password = server.get_password().unwrap_or_default();
        let behind = Behind {
            host,
            port: server.get_ports()[0],
            user: server.get_user().unwrap().to_owned(),
            password: String::from_utf8(password.to_vec()).unwrap(),
        };
        let pooler = Pooler::start(&behind, Pooling::Transaction, 2);
        Self {
            pooler: pooler.unwrap_or_else(|trouble| panic!("{trouble}")),
            database: server.get_dbname().unwrap().to_owned(),
        }
    }

    fn url(&self) -> String {
        self.pooler.url(&self.database)
    }
}
