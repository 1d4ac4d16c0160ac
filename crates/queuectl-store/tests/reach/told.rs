//! What a URL says, who completes it, and how it is shown.

use crate::scene::Scene;

#[test]
fn a_url_is_shown_whole_but_for_its_password() {
    let shown = |url| Scene::new().shown(url);
    assert_eq!(
        shown("postgres://alice:s3cret@db.example:6432/jobs?sslmode=require"),
        "postgresql://alice@db.example:6432/jobs"
    );
    assert_eq!(
        shown("postgresql://a%40b@[::1],%2Frun%2Fpg:7/my%20jobs?schema=mine&password=s3cret"),
        "postgresql://a%40b@[::1]:5432,%2Frun%2Fpg:7/my%20jobs?schema=mine"
    );
    let location = Scene::new().parse("postgres://alice:s3cret@h/db").unwrap();
    assert!(!format!("{location:?}").contains("s3cret"));
}

#[test]
fn what_the_url_leaves_open_the_environment_says() {
    let scene = Scene::new()
        .with("PGHOST", "db.example")
        .with("PGPORT", "6432")
        .with("PGUSER", "alice")
        .with("PGDATABASE", "jobs");
    assert_eq!(
        scene.shown("postgres://"),
        "postgresql://alice@db.example:6432/jobs"
    );
    assert_eq!(
        scene.shown("postgres://bob@other:1/else"),
        "postgresql://bob@other:1/else"
    );
}

#[test]
fn a_database_is_called_as_its_user_unless_it_has_a_name() {
    assert_eq!(
        Scene::new().shown("postgres://alice@h"),
        "postgresql://alice@h:5432/alice"
    );
}

#[test]
fn a_service_comes_after_the_url_and_before_the_environment() {
    let scene = Scene::new()
        .with("PGPORT", "1")
        .with("PGDATABASE", "of_environment");
    let services = "[other]\nhost=wrong\n\n# ours\n[queue]\nhost=db.example\nport=6432\nuser=alice\n[more]\nuser=wrong\n";
    let file = scene.file("services", services);
    let scene = scene.with("PGSERVICEFILE", file);
    let expected = "postgresql://bob@db.example:6432/of_environment";
    assert_eq!(scene.shown("postgres://bob@/?service=queue"), expected);
    let named = Scene::new()
        .with("PGSERVICE", "queue")
        .with("PGSERVICEFILE", scene.home().join("services"));
    assert_eq!(named.shown("postgres://h/d"), "postgresql://alice@h:6432/d");
    let unknown = scene.shown("postgres://h/d?service=none");
    assert!(unknown.contains("there is no service `none`"), "{unknown}");
}

#[test]
fn a_url_that_is_wrong_is_refused_and_nothing_of_it_repeated() {
    let scene = Scene::new();
    for (url, why) in [
        ("postgres://u:pa@ss3cret@h/d", "written `%40`"),
        ("postgres://u:pa/ss3cret@h/d", "written `%40`"),
        ("postgres://u:pa/ss3cret", "a port is a number"),
        ("postgres://u:%s3cret@h/d", "two hexadecimal digits"),
        ("postgres://u:%00s3cret@h/d", "two hexadecimal digits"),
        ("postgres://[::1/s3cret", "ends with a `]`"),
        ("postgres://h/d?ss3cret=1", "a parameter that isn't known"),
        ("postgres://h/d?password", "a name, a `=` and a value"),
        ("postgres://h/d?sslmode=s3cret", "`sslmode` can be"),
        ("postgres://h/d?connect_timeout=s3cret", "is a number"),
        ("postgres://h,i/d?port=1,2,3", "one for each host"),
        ("postgres://h/d?hostaddr=s3cret", "an IP address"),
        (
            "postgres://h/d?target_session_attrs=standby",
            "a queue is written to",
        ),
        (
            "postgres://h/d?sslrootcert=system&sslmode=require",
            "verify-full",
        ),
        (
            "postgres://h/d?sslcrl=x",
            "can't do what the parameter `sslcrl`",
        ),
        ("postgres://h/d?gssencmode=require", "`gssencmode` can be"),
        (
            "postgres://h/d?client_encoding=latin1",
            "`client_encoding` can be",
        ),
        ("postgres://h/d?schema=pg_catalog", "PostgreSQL's own"),
    ] {
        let said = scene.shown(url);
        assert!(said.contains(why), "{url}: {said}");
        assert!(!said.contains("s3cret"), "{url}: {said}");
    }
    let said = Scene::new()
        .with("PGREQUIREAUTH", "none")
        .shown("postgres://h/d");
    assert!(said.contains("PGREQUIREAUTH"), "{said}");
}
