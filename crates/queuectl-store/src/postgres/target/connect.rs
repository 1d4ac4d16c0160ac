//! Connecting: each address of each host in turn, within the time there is.

use std::net::{IpAddr, ToSocketAddrs as _};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Client;

use super::Target;
use super::attempt::{Connection, Failure};
use super::hosts::Host;
use crate::postgres::trouble::system_words;
use crate::{ServerTrouble, StoreError};

impl Target {
    /// Connects to the first host that will do.
    ///
    /// # Errors
    ///
    /// [`StoreError::Server`] in the words of the server, or of the system if there is no such server; within the
    /// patience of the caller, whatever the network does.
    pub(in crate::postgres) async fn connect(
        &self,
        patience: Duration,
    ) -> Result<(Client, Connection), StoreError> {
        let deadline = Instant::now() + patience;
        let mut failures = Vec::new();
        let hosts = self.hosts_in_order();
        for (number, host) in hosts.iter().enumerate() {
            let until = share(deadline, hosts.len() - number);
            match self.connect_to(host, until, &mut failures).await {
                Some(done) => return Ok(done),
                None if failures.last().is_some_and(|failure| failure.is_final) => break,
                None => {}
            }
        }
        Err(self.failed(failures))
    }

    /// Connects to one host, by the first of its addresses that will do.
    async fn connect_to(
        &self,
        host: &Host,
        until: Instant,
        failures: &mut Vec<Failure>,
    ) -> Option<(Client, Connection)> {
        let until = self
            .timeout
            .map_or(until, |timeout| until.min(Instant::now() + timeout));
        let addresses = match addresses(host, until).await {
            Ok(addresses) => addresses,
            Err(failure) => {
                failures.push(failure);
                return None;
            }
        };
        for (number, address) in addresses.iter().enumerate() {
            let until = share(until, addresses.len() - number);
            let attempt = timeout_at(until, self.attempt(host, *address)).await;
            let attempt = attempt.unwrap_or_else(|_| Err(silence(host)));
            match attempt {
                Ok(done) => return Some(done),
                Err(failure) => {
                    let is_final = failure.is_final;
                    failures.push(failure);
                    if is_final {
                        return None;
                    }
                }
            }
        }
        None
    }

    fn hosts_in_order(&self) -> Vec<&Host> {
        let mut hosts: Vec<_> = self.hosts.iter().collect();
        if self.shuffled {
            fastrand::shuffle(&mut hosts);
        }
        hosts
    }

    fn failed(&self, failures: Vec<Failure>) -> StoreError {
        // The last host is as good as any to say what kind of trouble it is; words there are of all.
        let trouble = failures
            .last()
            .map_or(ServerTrouble::Other, |failure| failure.kind);
        let mut words: Vec<_> = failures.into_iter().map(|failure| failure.words).collect();
        words.dedup();
        StoreError::Server {
            location: self.to_string(),
            reason: words.join("; "),
            trouble,
        }
    }
}

/// The part of the time that is left, if so many have to share it.
fn share(deadline: Instant, among: usize) -> Instant {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    now + left / u32::try_from(among).unwrap_or(1).max(1)
}

/// The addresses of a host; none for a socket.
async fn addresses(host: &Host, until: Instant) -> Result<Vec<Option<IpAddr>>, Failure> {
    if host.is_socket() {
        return Ok(vec![None]);
    }
    if let Some(address) = host.address.or_else(|| host.name.parse().ok()) {
        return Ok(vec![Some(address)]);
    }
    let unknown = |why: String| {
        let words = format!("the host `{}` can't be found: {why}", host.name);
        Failure::passing(ServerTrouble::Unreached, words)
    };
    match timeout_at(until, look_up(host)).await {
        Err(_) | Ok(None) => Err(unknown("no name server answers".into())),
        Ok(Some(Err(error))) => Err(unknown(system_words(&error))),
        Ok(Some(Ok(found))) if found.is_empty() => Err(unknown("it has no address".into())),
        Ok(Some(Ok(found))) => Ok(found.into_iter().map(Some).collect()),
    }
}

/// Asks for the addresses of a name. The system's way of asking blocks, for as long as it likes. On a thread that nobody
/// waits for; the runtime's own would be waited for in the end.
async fn look_up(host: &Host) -> Option<std::io::Result<Vec<IpAddr>>> {
    let (tell, told) = oneshot::channel();
    let place = (host.name.clone(), host.port);
    let thread = std::thread::Builder::new().name("names".into());
    let started = thread.spawn(move || {
        let found = place.to_socket_addrs();
        // Who has asked may have given up.
        let _ = tell.send(found.map(|all| all.map(|address| address.ip()).collect()));
    });
    match started {
        Ok(_) => told.await.ok(),
        Err(error) => Some(Err(error)),
    }
}

fn silence(host: &Host) -> Failure {
    let words = format!("{}: no answer", host.shown());
    Failure::passing(ServerTrouble::Unreached, words)
}
