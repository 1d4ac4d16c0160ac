//! One attempt: one address of one host, with TLS or without.

use std::net::IpAddr;
use std::task::{Context, Poll};

use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Config, Error, Socket};

use super::hosts::Host;
use super::stream::{Encrypted, Encryption};
use super::tls::{self, Mode};
use super::{Target, password};
use crate::ServerTrouble;
use crate::postgres::trouble;

/// The oldest version of a server that will do.
const OLDEST: u32 = 15;

/// What carries a client's messages. It has to be polled for anything to happen.
pub(in crate::postgres) struct Connection(tokio_postgres::Connection<Socket, Encrypted>);

impl Connection {
    /// The next message that isn't an answer; none once the connection has ended.
    pub(in crate::postgres) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<AsyncMessage, Error>>> {
        self.0.poll_message(cx)
    }

    /// The version that the server is of, if it is too old. Who doesn't say so is tried.
    fn too_old(&self) -> Option<&str> {
        let version = self.0.parameter("server_version")?;
        let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
        let major: u32 = digits.parse().ok()?;
        (major < OLDEST).then_some(version)
    }

    /// Whether it leads to where nothing can be written. Who doesn't say so, such as a pooler, is tried.
    fn is_read_only(&self) -> bool {
        ["in_hot_standby", "default_transaction_read_only"]
            .iter()
            .any(|name| self.0.parameter(name) == Some("on"))
    }
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What kind of trouble it was.
    pub(super) kind: ServerTrouble,
    /// What was tried, and what came of it.
    pub(super) words: String,
    /// Whether another host wouldn't say anything else.
    pub(super) is_final: bool,
}

impl Failure {
    /// One that the next host may not have.
    pub(super) fn passing(kind: ServerTrouble, words: String) -> Self {
        let is_final = false;
        Self {
            kind,
            words,
            is_final,
        }
    }

    fn lasting(kind: ServerTrouble, words: String) -> Self {
        let is_final = true;
        Self {
            kind,
            words,
            is_final,
        }
    }
}

impl Target {
    /// Connects to an address of a host; none is for its socket.
    pub(super) async fn attempt(
        &self,
        host: &Host,
        address: Option<IpAddr>,
    ) -> Result<(Client, Connection), Failure> {
        let mut config = self.config.clone();
        config
            .host(&host.name)
            .port(host.port)
            .ssl_negotiation(self.tls.negotiation)
            .channel_binding(self.tls.binding);
        if let Some(address) = address {
            config.hostaddr(address);
        }
        let ignored = self.add_password(host, &mut config);
        let tried = self.in_turn(host, &mut config).await;
        let (client, connection) = tried.map_err(|failure| match ignored {
            Some(why) if failure.kind == ServerTrouble::Denied => Failure {
                words: format!("{} ({why})", failure.words),
                ..failure
            },
            _ => failure,
        })?;
        if let Some(version) = connection.too_old() {
            let words = format!(
                "the server at {} is PostgreSQL {version}, and has to be {OLDEST} or newer",
                host.shown()
            );
            return Err(Failure::passing(ServerTrouble::Other, words));
        }
        if !self.any_session && connection.is_read_only() {
            let words = format!("the server at {} is a standby, or read-only", host.shown());
            return Err(Failure::passing(ServerTrouble::ReadOnly, words));
        }
        Ok((client, connection))
    }

    /// Tells the driver the password; returns why a file that may have one is passed over.
    fn add_password(&self, host: &Host, config: &mut Config) -> Option<String> {
        let given = match (&self.password, &self.password_file) {
            (Some(given), _) => Ok(Some(given.clone())),
            (None, Some(file)) => password::in_file(file, host, &self.database, &self.user),
            (None, None) => Ok(None),
        };
        match given {
            Ok(password) => {
                if let Some(password) = password {
                    config.password(password.reveal());
                }
                None
            }
            Err(why) => Some(why),
        }
    }

    /// With TLS and without, in the order and as far as `sslmode` says.
    async fn in_turn(
        &self,
        host: &Host,
        config: &mut Config,
    ) -> Result<(Client, Connection), Failure> {
        let turns: &[SslMode] = match self.tls.mode {
            // Nobody listens in on a socket of this machine.
            _ if host.is_socket() => &[SslMode::Disable],
            Mode::Disable => &[SslMode::Disable],
            Mode::Allow => &[SslMode::Disable, SslMode::Require],
            Mode::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => &[SslMode::Require],
        };
        let mut first = None;
        for mode in turns {
            config.ssl_mode(*mode);
            match self.once(host, config).await {
                Ok(done) => return Ok(done),
                Err((failure, again)) => {
                    // What the first way was refused for is what counts.
                    let failure = first.get_or_insert(failure);
                    if !again || failure.kind == ServerTrouble::Unreached {
                        break;
                    }
                }
            }
        }
        Err(first.expect("there is at least one turn, and it failed"))
    }

    /// Once; a failure says whether the other way may do.
    async fn once(
        &self,
        host: &Host,
        config: &Config,
    ) -> Result<(Client, Connection), (Failure, bool)> {
        let plain = config.get_ssl_mode() == SslMode::Disable;
        let tls = if plain {
            Ok(tls::unused())
        } else {
            self.tls.client_config()
        };
        let tls = tls.map_err(|why| (Failure::lasting(ServerTrouble::Tls, why), true))?;
        match config.connect(Encryption::by(tls)).await {
            Ok((client, connection)) => Ok((client, Connection(connection))),
            Err(error) => {
                let kind = trouble::kind(&error);
                let refused = error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
                let words = said_by(host, &error);
                let failure = match kind {
                    ServerTrouble::Unreached | ServerTrouble::Lost | ServerTrouble::Busy => {
                        Failure::passing(kind, words)
                    }
                    _ => Failure::lasting(kind, words),
                };
                Err((failure, kind == ServerTrouble::Tls || refused))
            }
        }
    }
}

/// What is said of an error: a server's words stand for themselves.
fn said_by(host: &Host, error: &Error) -> String {
    let words = trouble::words(error);
    match error.as_db_error() {
        Some(_) => words,
        None => format!("{}: {words}", host.shown()),
    }
}
