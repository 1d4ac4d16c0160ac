//! The hosts that are tried, in order.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

use super::parameters::Parameters;
use super::url::encoded;

const PORT: u16 = 5432;

/// Where packages put the server's socket.
const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// One host that is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// Its name or address, or the folder with its socket.
    pub(super) name: String,
    /// Its address, if that isn't to be looked up.
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
}

impl Host {
    /// Whether it is reached by a socket on this machine.
    pub(super) fn is_socket(&self) -> bool {
        self.name.starts_with('/')
    }

    /// What a password file calls it.
    pub(super) fn name_for_password(&self) -> &str {
        if SOCKET_FOLDERS.contains(&&*self.name) {
            "localhost"
        } else {
            &self.name
        }
    }

    /// As people write it: an address and a port, or a path.
    pub(super) fn shown(&self) -> String {
        match self.is_socket() {
            true => format!("{}/.s.PGSQL.{}", self.name, self.port),
            false => format!("{}:{}", self.name, self.port),
        }
    }
}

impl fmt::Display for Host {
    /// As it stands in a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "[{address}]:{}", self.port),
            Err(_) => write!(f, "{}:{}", encoded(&self.name), self.port),
        }
    }
}

/// All hosts that are named; the usual one if none is.
pub(super) fn all(given: &Parameters) -> Result<Vec<Host>, String> {
    let list = |name| given.get(name).map(|list| list.split(',').map(str::trim));
    let names: Option<Vec<_>> = list("host").map(Iterator::collect);
    let addresses: Option<Vec<_>> = list("hostaddr").map(Iterator::collect);
    let ports: Vec<_> = list("port").map(Iterator::collect).unwrap_or_default();
    let count = match (&names, &addresses) {
        (Some(names), Some(addresses)) if names.len() != addresses.len() => {
            return Err("there are as many values of `host` as of `hostaddr`".into());
        }
        (Some(one), _) | (None, Some(one)) => one.len(),
        (None, None) => 1,
    };
    if ports.len() > 1 && ports.len() != count {
        return Err("there is one `port`, or one for each host".into());
    }
    let one = |number: usize| {
        let port = port(
            ports
                .get(number)
                .or(ports.first())
                .copied()
                .unwrap_or_default(),
        )?;
        let text = addresses.as_ref().map_or("", |addresses| addresses[number]);
        let address = Some(text).filter(|text| !text.is_empty()).map(str::parse);
        let address = address
            .transpose()
            .map_err(|_| "`hostaddr` is an IP address")?;
        let name = names.as_ref().map_or("", |names| names[number]);
        let name = match (name, address) {
            ("", Some(_)) => text.to_owned(),
            ("", None) => usual(port),
            (name, _) => name.to_owned(),
        };
        Ok(Host {
            name,
            address,
            port,
        })
    };
    (0..count).map(one).collect()
}

fn port(text: &str) -> Result<u16, String> {
    match text {
        "" => Ok(PORT),
        text => text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
            "a port is a number up to 65535; in a user's name or password a `:` is written `%3A`, and a `/` `%2F`".into()
        }),
    }
}

/// The server on this machine: by its socket if it has one.
fn usual(port: u16) -> String {
    let socket = |folder: &&&str| -> bool {
        let path: PathBuf = Path::new(folder).join(format!(".s.PGSQL.{port}"));
        path.exists()
    };
    let found = SOCKET_FOLDERS.iter().find(socket);
    (*found.unwrap_or(&"localhost")).to_owned()
}
