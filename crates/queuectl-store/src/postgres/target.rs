//! Where a server is, and how it is reached.

use std::ffi::OsString;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};

use crate::StoreError;

/// A schema of a database of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    config: Box<Config>,
    schema: String,
}

/// What carries a client's messages. It must be polled for anything to happen.
pub(super) struct Connection(tokio_postgres::Connection<Socket, NoTlsStream>);

impl Target {
    pub(crate) fn parse(
        url: &str,
        _env: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, StoreError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut schema = "queuectl".to_owned();
        let mut rest = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.strip_prefix("schema=") {
                Some(name) => schema = name.replace("%20", " "),
                None => rest.push(part),
            }
        }
        let url = format!("{base}?{}", rest.join("&"));
        let config: Config = url
            .parse()
            .map_err(|error: tokio_postgres::Error| StoreError::BadLocation(error.to_string()))?;
        let config = Box::new(config);
        Ok(Self { config, schema })
    }

    pub(super) async fn connect(
        &self,
        patience: Duration,
    ) -> Result<(Client, Connection), StoreError> {
        let connecting = tokio::time::timeout(patience, self.config.connect(NoTls));
        match connecting.await {
            Ok(Ok((client, connection))) => Ok((client, Connection(connection))),
            Ok(Err(error)) => Err(StoreError::Open {
                location: self.to_string(),
                reason: super::fault::words(&error),
            }),
            Err(_) => Err(StoreError::Open {
                location: self.to_string(),
                reason: "the server does not answer".into(),
            }),
        }
    }

    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }
}

impl Connection {
    /// The next message that isn't an answer; none once the connection has ended.
    pub(super) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>> {
        self.0.poll_message(cx)
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "postgres://…?schema={}", self.schema)
    }
}
