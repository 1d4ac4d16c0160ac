//! The parameters of a connection: those of `psql` under its names, and the schema, which is ours.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;

use super::Environment;

/// Each parameter, and the variable of the environment that says it if nothing else does.
const KNOWN: [(&str, &str); 27] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("service", "PGSERVICE"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("fallback_application_name", ""),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("client_encoding", ""),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("sslmode", "PGSSLMODE"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("gssencmode", "PGGSSENCMODE"),
    ("keepalives", ""),
    ("keepalives_idle", ""),
    ("keepalives_interval", ""),
    ("keepalives_count", ""),
    ("tcp_user_timeout", ""),
];

/// What `psql` can be asked for to be safe, and this program can't do. To pass over it would be unsafe.
const UNKNOWN: [(&str, &str); 7] = [
    ("requirepeer", "PGREQUIREPEER"),
    ("require_auth", "PGREQUIREAUTH"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcrldir", "PGSSLCRLDIR"),
    ("sslpassword", ""),
    ("sslcertmode", "PGSSLCERTMODE"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
];

/// A server that has vanished without a word is noticed within this time, instead of two hours: first when nothing
/// is on its way, asked this long after the last word, so often, and so many times; then when something is.
const KEEPALIVE: (u64, u64, u32) = (2, 2, 3);
const UNANSWERED: u64 = 8_000;

/// What has been said of a connection so far. An empty value says nothing.
#[derive(Default)]
pub(super) struct Parameters(BTreeMap<&'static str, String>);

impl Parameters {
    /// What a parameter is.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the file that a parameter names, as an absolute path: it is read for each connection, and
    /// a background worker leaves the folder in which it was started.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        let named = PathBuf::from(self.get(name)?);
        Some(std::path::absolute(&named).unwrap_or(named))
    }

    /// What a parameter is, which has to be one of these.
    pub(super) fn one_of(&self, name: &str, known: &[&str]) -> Result<Option<&str>, String> {
        match self.get(name) {
            Some(value) if !known.contains(&value) => {
                let known = known.join("`, `");
                Err(format!("`{name}` can be `{known}`"))
            }
            value => Ok(value),
        }
    }

    /// Takes in what the URL says. What is said later counts.
    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let name = known(name)?;
        if value.is_empty() {
            self.0.remove(name);
        } else {
            self.0.insert(name, value);
        }
        Ok(())
    }

    /// Takes in what somebody says who isn't asked first.
    pub(super) fn set_if_open(&mut self, name: &str, value: String) -> Result<(), String> {
        let name = known(name)?;
        if !value.is_empty() {
            self.0.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// Takes in what the environment says.
    pub(super) fn complete_from(&mut self, env: Environment<'_>) -> Result<(), String> {
        for (_, variable) in UNKNOWN.iter().filter(|(_, variable)| !variable.is_empty()) {
            if env(variable).is_some_and(|value| !value.is_empty()) {
                return Err(format!(
                    "the environment variable {variable} asks for what queuectl can't do"
                ));
            }
        }
        for (name, variable) in KNOWN.iter().filter(|(_, variable)| !variable.is_empty()) {
            let Some(value) = env(variable) else { continue };
            let value = value
                .into_string()
                .map_err(|_| format!("the environment variable {variable} isn't UTF-8"))?;
            self.set_if_open(name, value)?;
        }
        Ok(())
    }

    /// A number.
    fn number(&self, name: &str) -> Result<Option<u32>, String> {
        let number = self.get(name).map(|value| value.trim().parse());
        number
            .transpose()
            .map_err(|_| format!("`{name}` is a number"))
    }
}

fn known(name: &str) -> Result<&'static str, String> {
    if name == "schema" {
        return Ok("schema");
    }
    if UNKNOWN.iter().any(|(unknown, _)| *unknown == name) {
        return Err(format!(
            "queuectl can't do what the parameter `{name}` asks for"
        ));
    }
    let known = KNOWN.iter().find(|(known, _)| *known == name);
    known.map(|(known, _)| *known).ok_or_else(|| {
        // A name that is none may be the end of a password that wasn't encoded.
        "there is a parameter that isn't known; in a password a `?` is written `%3F`, and a `&` `%26`".into()
    })
}

/// How long to wait for a host. As with `psql`, 0 is for ever, and 1 second is taken for 2.
pub(super) fn connect_timeout(given: &Parameters) -> Result<Option<Duration>, String> {
    let seconds = given
        .number("connect_timeout")?
        .filter(|seconds| *seconds > 0);
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.max(2).into())))
}

/// What is the same for every host, as the driver takes it.
pub(super) fn config(given: &Parameters, user: &str, database: &str) -> Result<Config, String> {
    let mut config = Config::new();
    config.user(user).dbname(database);
    let name = given
        .get("application_name")
        .or(given.get("fallback_application_name"));
    config.application_name(name.unwrap_or("queuectl"));
    if let Some(options) = given.get("options") {
        config.options(options);
    }
    let encoding = given.get("client_encoding").unwrap_or("UTF8");
    if !["UTF8", "UTF-8", "AUTO", "UNICODE"].contains(&&*encoding.to_uppercase()) {
        return Err("`client_encoding` can be `UTF8`".into());
    }
    let (idle, interval, count) = KEEPALIVE;
    let seconds = |name, usual: u64| {
        let given = given.number(name)?.filter(|seconds| *seconds > 0);
        Ok::<_, String>(Duration::from_secs(given.map_or(usual, u64::from)))
    };
    config
        .keepalives(given.number("keepalives")? != Some(0))
        .keepalives_idle(seconds("keepalives_idle", idle)?)
        .keepalives_interval(seconds("keepalives_interval", interval)?)
        .keepalives_retries(given.number("keepalives_count")?.unwrap_or(count));
    let unanswered = given
        .number("tcp_user_timeout")?
        .map_or(UNANSWERED, u64::from);
    if unanswered > 0 {
        config.tcp_user_timeout(Duration::from_millis(unanswered));
    }
    // There is no GSSAPI here, so it can be wished for, and not required.
    given.one_of("gssencmode", &["disable", "prefer"])?;
    Ok(config)
}
