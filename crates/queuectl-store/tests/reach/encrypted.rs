//! TLS: when it is spoken, whom it is spoken with, and who we are.

use queuectl_cluster::certificates::Authority;
use queuectl_cluster::{Cluster, Config};
use queuectl_store::ServerTrouble;

use crate::scene::Scene;

/// A server with a certificate for `localhost`, and what certifies it and its clients.
struct Encrypted {
    server: Cluster,
    authority: Authority,
}

impl Encrypted {
    fn new(access: &str) -> Self {
        let authority = Authority::new("an authority");
        let certified = authority.server(&["localhost"]);
        let config = Config::new()
            .tls(&certified, &authority)
            .access(access)
            .set("log_connections", "on");
        let server = Cluster::start(&config).unwrap();
        Self { server, authority }
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        let (password, port) = (self.server.password(), self.server.port());
        format!("postgres://postgres:{password}@{host}:{port}/postgres?{parameters}")
    }

    /// How the last who came in did so, by the server's log.
    fn last(&self) -> String {
        let log = self.server.log();
        let mut lines = log.lines().rev();
        let line = lines.find(|line| line.contains("application_name=queuectl"));
        line.unwrap_or_default().to_owned()
    }
}

const ANY: &str = "host all all 127.0.0.1/32 scram-sha-256";
const ENCRYPTED: &str = "hostssl all all 127.0.0.1/32 scram-sha-256";
const PLAIN: &str = "hostnossl all all 127.0.0.1/32 scram-sha-256";

#[test]
fn it_is_spoken_where_both_can_unless_it_is_not_wanted() {
    let there = Encrypted::new(ANY);
    let scene = Scene::new();
    for (mode, encrypted) in [
        ("prefer", true),
        ("require", true),
        ("allow", false),
        ("disable", false),
    ] {
        scene
            .open(&there.url("127.0.0.1", &format!("sslmode={mode}")))
            .unwrap();
        let last = there.last();
        assert_eq!(last.contains("SSL enabled"), encrypted, "{mode}: {last}");
    }
}

#[test]
fn statements_are_prepared_where_the_server_itself_is_at_the_other_end() {
    let there = Encrypted::new(ANY);
    let scene = Scene::new();
    let logged = "ALTER ROLE postgres SET log_statement = 'all'";
    there.server.sql(logged).unwrap();
    let mut before = 0;
    for mode in ["require", "disable"] {
        let url = there.url("127.0.0.1", &format!("sslmode={mode}"));
        let mut store = scene.open(&url).unwrap();
        // The first work on a connection finds out what is at the other end, and the second bounds the session.
        for _ in 0..2 {
            store.counts().unwrap();
        }
        let prepared = there.server.log().matches("execute s").count();
        assert!(prepared > before, "{mode}: {prepared} statements");
        before = prepared;
    }
}

#[test]
fn who_only_prefers_it_does_as_the_server_says() {
    let scene = Scene::new();
    let there = Encrypted::new(PLAIN);
    scene
        .open(&there.url("127.0.0.1", "sslmode=prefer"))
        .unwrap();
    assert!(!there.last().contains("SSL enabled"));
    let (trouble, said) = scene.refused(&there.url("127.0.0.1", "sslmode=require"));
    assert_eq!(trouble, ServerTrouble::Denied);
    assert!(said.contains("no pg_hba.conf entry"), "{said}");

    let there = Encrypted::new(ENCRYPTED);
    scene
        .open(&there.url("127.0.0.1", "sslmode=allow"))
        .unwrap();
    assert!(there.last().contains("SSL enabled"));
    let (_, said) = scene.refused(&there.url("127.0.0.1", "sslmode=disable"));
    assert!(said.contains("no pg_hba.conf entry"), "{said}");
}

#[test]
fn the_server_is_verified_as_far_as_is_asked_for() {
    let there = Encrypted::new(ENCRYPTED);
    let scene = Scene::new();
    let ours = scene.file("ours.crt", &there.authority.certificate());
    let others = scene.file("others.crt", &Authority::new("another").certificate());
    let with = |host, mode: &str, roots: &std::path::Path| {
        let roots = roots.display().to_string().replace('/', "%2F");
        there.url(host, &format!("sslmode={mode}&sslrootcert={roots}"))
    };
    scene
        .open(&with("localhost", "verify-full", &ours))
        .unwrap();
    scene.open(&with("127.0.0.1", "verify-ca", &ours)).unwrap();
    let unverified = |url: &str, words: &str| {
        let (trouble, said) = scene.refused(url);
        assert_eq!(trouble, ServerTrouble::Tls, "{said}");
        assert!(said.contains(words), "{said}");
    };
    unverified(
        &with("127.0.0.1", "verify-full", &ours),
        "not valid for name",
    );
    unverified(
        &with("localhost", "verify-ca", &others),
        "invalid peer certificate",
    );
    // As with psql, a file of authorities that is named is meant.
    unverified(
        &with("localhost", "require", &others),
        "invalid peer certificate",
    );
    unverified(
        &there.url("localhost", "sslmode=verify-full"),
        "sslrootcert=system",
    );
    unverified(
        &there.url("localhost", "sslrootcert=system"),
        "invalid peer certificate",
    );
    let missing = scene.home().join("missing.crt");
    unverified(
        &with("localhost", "verify-ca", &missing),
        "can't read certificates",
    );
}

#[test]
fn a_server_that_certifies_itself_is_believed_by_its_certificate() {
    let own = Authority::of_itself(&["localhost"]);
    let config = Config::new().tls(&own, &Authority::new("an authority"));
    let server = Cluster::start(&config).unwrap();
    let scene = Scene::new();
    let roots = scene.file("root.crt", &own.certificate);
    let (password, port) = (server.password(), server.port());
    let url = |host| {
        let roots = roots.display().to_string().replace('/', "%2F");
        format!(
            "postgres://postgres:{password}@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={roots}"
        )
    };
    scene.open(&url("localhost")).unwrap();
    assert_eq!(scene.refused(&url("127.0.0.1")).0, ServerTrouble::Tls);
}

#[test]
fn a_certificate_of_ones_own_stands_for_a_password() {
    let there = Encrypted::new("hostssl all all 127.0.0.1/32 cert");
    there.server.sql("CREATE USER alice SUPERUSER").unwrap();
    let scene = Scene::new();
    let alice = there.authority.client("alice");
    let roots = there.authority.certificate();
    let folder = if cfg!(unix) {
        ".postgresql"
    } else {
        "postgresql"
    };
    let url = format!(
        "postgres://alice@localhost:{}/postgres?sslmode=verify-full",
        there.server.port()
    );
    scene.file(&format!("{folder}/root.crt"), &roots);
    let (trouble, said) = scene.refused(&url);
    assert_eq!(trouble, ServerTrouble::Denied);
    assert!(
        said.contains("requires a valid client certificate"),
        "{said}"
    );
    scene.file(&format!("{folder}/postgresql.crt"), &alice.certificate);
    let key = scene.file(&format!("{folder}/postgresql.key"), &alice.key);
    scene.open(&url).unwrap();
    assert!(there.last().contains("SSL enabled"), "{}", there.last());
    assert!(scene.parse(&url).unwrap().files().contains(&key));

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
        let (_, said) = scene.refused(&url);
        assert!(
            said.contains("isn't used, since others may get at it"),
            "{said}"
        );
    }
}

#[test]
fn the_password_is_bound_to_the_servers_certificate() {
    let there = Encrypted::new(ANY);
    let scene = Scene::new();
    scene
        .open(&there.url("localhost", "channel_binding=require"))
        .unwrap();
    let (trouble, said) =
        scene.refused(&there.url("localhost", "channel_binding=require&sslmode=disable"));
    assert_eq!(trouble, ServerTrouble::Denied);
    assert!(said.contains("channel binding"), "{said}");
}
