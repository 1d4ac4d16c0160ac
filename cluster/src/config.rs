//! What a cluster is to be like.

/// What a cluster is to be like. By default it forgets what it has in a power cut, as a test doesn't mind, and
/// lets in who may enter its folder, or knows its password.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) access: Option<String>,
    pub(crate) durable: bool,
    pub(crate) files: Vec<(&'static str, String)>,
}

impl Config {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Syncs what is committed, as a server does that is relied upon.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Sets a setting of the server.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Who is let in over the network: lines of `pg_hba.conf`. (Those of the Unix socket stay as they are.)
    #[must_use]
    pub fn access(mut self, lines: &str) -> Self {
        self.access = Some(lines.to_owned());
        self
    }

    /// Lets it speak TLS, with this certificate, and ask for those of clients.
    #[cfg(feature = "certificates")]
    #[must_use]
    pub fn tls(
        mut self,
        server: &crate::certificates::Certified,
        clients: &crate::certificates::Authority,
    ) -> Self {
        self.files.extend([
            ("server.crt", server.certificate.clone()),
            ("server.key", server.key.clone()),
            ("clients.crt", clients.certificate()),
        ]);
        self.set("ssl", "on").set("ssl_ca_file", "clients.crt")
    }

    /// The lines that are added to `postgresql.conf`.
    pub(crate) fn lines(&self) -> String {
        // Many tests share one server.
        let mut all = vec![
            ("max_connections", "400"),
            ("listen_addresses", "127.0.0.1"),
        ];
        if !self.durable {
            all.extend([("fsync", "off"), ("full_page_writes", "off")]);
        }
        all.extend(
            self.settings
                .iter()
                .map(|(name, value)| (&**name, &**value)),
        );
        let line =
            |(name, value): (&str, &str)| format!("{name} = '{}'\n", value.replace('\'', "''"));
        all.into_iter().map(line).collect()
    }

    /// The lines of `pg_hba.conf`.
    pub(crate) fn access_lines(&self) -> String {
        let network = self.access.as_deref();
        let network = network.unwrap_or("host all all 127.0.0.1/32 scram-sha-256");
        let socket = "local all all trust\nlocal replication all trust";
        // PostgreSQL refuses a line about sockets where there are none.
        let socket = if cfg!(unix) { socket } else { "" };
        format!("{socket}\n{network}\n")
    }
}
