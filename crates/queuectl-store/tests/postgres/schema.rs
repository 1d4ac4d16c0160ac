//! The schema that a store is in: whose it may be, what it may be called, and what is known before it is touched.

use queuectl_store::{ErrorKind, Location, Options, Store, StoreError};

use crate::scene::{Hand, Scene, check_all_ran_once, numbered, open};

/// The server's URL for another user, database or schema.
fn url(scene: &Scene, user: &str, database: &str, rest: &str) -> String {
    let port = scene.server.port();
    format!("postgresql://{user}:own@127.0.0.1:{port}/{database}{rest}")
}

fn try_open(url: &str) -> Result<Box<dyn Store>, StoreError> {
    let location = Location::parse(url.as_ref(), &|_| None).unwrap();
    queuectl_store::open(&location, &Options::default())
}

#[track_caller]
fn refused(url: &str) -> StoreError {
    let Err(error) = try_open(url) else {
        panic!("{url} was opened");
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let location = Location::parse(url.as_ref(), &|_| None).unwrap();
    let looked = queuectl_store::open_existing(&location, &Options::default());
    let again = looked
        .err()
        .expect("it isn't opened to be looked at either");
    assert_eq!(again.to_string(), error.to_string());
    error
}

/// A server on which three users may make schemas.
fn with_users() -> Scene {
    let scene = Scene::new();
    for user in ["queue", "neighbour", "member"] {
        scene.sql(&format!(
            "CREATE ROLE {user} LOGIN PASSWORD 'own'; GRANT CREATE ON DATABASE postgres TO {user}"
        ));
    }
    scene.sql("GRANT queue TO member");
    scene
}

/// Objects whose code would run with the rights of every role that uses their schema.
const TRAP: &str = "CREATE SCHEMA queuectl; GRANT ALL ON SCHEMA queuectl TO PUBLIC;
    CREATE TABLE public.sprung (by name); GRANT ALL ON public.sprung TO PUBLIC;
    CREATE FUNCTION queuectl.spring() RETURNS bigint LANGUAGE sql SECURITY INVOKER
    AS 'INSERT INTO public.sprung SELECT current_user RETURNING 1::bigint';
    CREATE VIEW queuectl.about AS SELECT true AS one, queuectl.spring() AS version;
    GRANT ALL ON queuectl.about TO PUBLIC";

#[test]
fn a_schema_that_another_role_has_put_in_the_way_is_refused_and_nothing_in_it_is_run() {
    let scene = with_users();
    scene.sql("GRANT CREATE ON SCHEMA public TO PUBLIC");
    scene.sql(&format!("SET ROLE neighbour; {TRAP}"));
    // A superuser is a member of every role, so that doesn't count for it.
    let superuser = scene.server.tcp_url();
    for url in [url(&scene, "queue", "postgres", ""), superuser] {
        let error = refused(&url);
        assert!(
            matches!(&error, StoreError::ForeignSchema { owner, .. } if owner == "neighbour"),
            "{error}"
        );
    }
    assert_eq!(scene.sql("SELECT count(*) FROM public.sprung"), "0");
}

#[test]
fn a_table_or_a_function_of_another_role_in_ones_own_schema_is_refused_too() {
    let scene = with_users();
    let url = url(&scene, "queue", "postgres", "");
    scene.sql("CREATE SCHEMA queuectl AUTHORIZATION queue; GRANT CREATE, USAGE ON SCHEMA queuectl TO neighbour");
    for (made, gone) in [
        (
            "TABLE queuectl.about (version bigint)",
            "TABLE queuectl.about",
        ),
        (
            "FUNCTION queuectl.now_us() RETURNS bigint LANGUAGE sql RETURN 1",
            "FUNCTION queuectl.now_us",
        ),
    ] {
        scene.sql(&format!("SET ROLE neighbour; CREATE {made}"));
        assert!(matches!(refused(&url), StoreError::ForeignSchema { .. }));
        scene.sql(&format!("DROP {gone}"));
    }
    open(&url).enqueue(numbered(1)).unwrap();
}

/// What can be in a schema, and what stands after `CREATE` and `DROP` for it.
const THINGS: [(&str, &str); 14] = [
    ("TABLE queuectl.x (n bigint)", "TABLE queuectl.x"),
    ("VIEW queuectl.x AS SELECT 1 AS one", "VIEW queuectl.x"),
    ("SEQUENCE queuectl.x", "SEQUENCE queuectl.x"),
    (
        "FUNCTION queuectl.x(n bigint) RETURNS bigint LANGUAGE sql RETURN n",
        "FUNCTION queuectl.x",
    ),
    (
        "PROCEDURE queuectl.x() LANGUAGE sql AS ''",
        "PROCEDURE queuectl.x",
    ),
    (
        "AGGREGATE queuectl.x(bigint) (SFUNC = int8_sum, STYPE = numeric)",
        "AGGREGATE queuectl.x(bigint)",
    ),
    ("TYPE queuectl.x AS ENUM ('a')", "TYPE queuectl.x"),
    ("TYPE queuectl.x AS (n bigint)", "TYPE queuectl.x"),
    ("DOMAIN queuectl.x AS bigint", "DOMAIN queuectl.x"),
    (
        "OPERATOR queuectl.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = int8eq)",
        "OPERATOR queuectl.= (bigint, bigint)",
    ),
    (
        "COLLATION queuectl.x FROM pg_catalog.\"C\"",
        "COLLATION queuectl.x",
    ),
    (
        "CONVERSION queuectl.x FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
        "CONVERSION queuectl.x",
    ),
    (
        "TEXT SEARCH CONFIGURATION queuectl.x (COPY = pg_catalog.simple)",
        "TEXT SEARCH CONFIGURATION queuectl.x",
    ),
    (
        "TEXT SEARCH DICTIONARY queuectl.x (TEMPLATE = pg_catalog.simple)",
        "TEXT SEARCH DICTIONARY queuectl.x",
    ),
];

#[test]
fn a_store_in_whose_schema_another_role_has_made_something_is_refused() {
    let scene = with_users();
    let url = url(&scene, "queue", "postgres", "");
    open(&url).enqueue(numbered(1)).unwrap();
    for (made, gone) in THINGS {
        scene.sql(&format!(
            "GRANT CREATE, USAGE ON SCHEMA queuectl TO neighbour; SET ROLE neighbour; CREATE {made}"
        ));
        for given in ["GRANT CREATE", "REVOKE CREATE"] {
            let error = refused(&url);
            assert!(
                matches!(&error, StoreError::ForeignSchema { owner, .. } if owner == "neighbour"),
                "{made} after {given}: {error}"
            );
            scene.sql("REVOKE CREATE ON SCHEMA queuectl FROM neighbour");
        }
        scene.sql(&format!("DROP {gone}"));
        assert_eq!(open(&url).counts().unwrap().total(), 1, "without {made}");
    }
    // The right alone is no reason to refuse the store, nor are the objects of trusted roles.
    scene.sql("GRANT CREATE ON SCHEMA queuectl TO neighbour, member");
    scene.sql("CREATE TABLE queuectl.of_a_superuser (n bigint)");
    scene.sql("SET ROLE queue; CREATE TABLE queuectl.of_its_owner (n bigint)");
    assert_eq!(open(&url).counts().unwrap().total(), 1);
}

#[test]
fn a_schema_in_which_every_role_may_make_things_is_refused() {
    let scene = with_users();
    let url = url(&scene, "queue", "postgres", "");
    open(&url).enqueue(numbered(1)).unwrap();
    scene.sql("GRANT CREATE ON SCHEMA queuectl TO PUBLIC");
    assert!(matches!(refused(&url), StoreError::OpenSchema { .. }));
    scene.sql("REVOKE CREATE ON SCHEMA queuectl FROM PUBLIC");
    assert_eq!(open(&url).counts().unwrap().total(), 1);
}

#[test]
fn a_store_of_a_role_that_one_is_a_member_of_and_the_public_schema_of_ones_own_database_are_used() {
    let scene = with_users();
    open(&url(&scene, "queue", "postgres", ""))
        .enqueue(numbered(1))
        .unwrap();
    assert_eq!(
        open(&url(&scene, "member", "postgres", ""))
            .counts()
            .unwrap()
            .total(),
        1
    );
    scene.sql("CREATE DATABASE own OWNER queue");
    let public = url(&scene, "queue", "own", "?schema=public");
    open(&public).enqueue(numbered(2)).unwrap();
    assert_eq!(open(&public).counts().unwrap().total(), 2);
}

#[test]
fn a_schema_may_have_any_characters_in_its_name() {
    let scene = with_users();
    for name in [
        "O'Brien",
        "a$$b",
        "$body_0$",
        "x\"y\\z",
        "queuectl.jobs",
        "Überstunden; --",
    ] {
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for user in ["queue", "member"] {
            let url = url(&scene, user, "postgres", &format!("?schema={encoded}"));
            if user == "queue" {
                let mut hand = Hand::new(open(&url), "w");
                hand.store.enqueue(numbered(2)).unwrap();
                hand.work_until_done();
                let _bell = hand.store.bell().unwrap();
            }
            check_all_ran_once(&mut *open(&url), 2);
        }
    }
    let named =
        |name: &str| Location::parse(format!("postgres://h/d?schema={name}").as_ref(), &|_| None);
    assert!(matches!(named("a%0Ab"), Err(StoreError::BadLocation(_))));
}

#[test]
fn a_database_that_does_not_keep_unicode_is_refused_and_one_beside_it_is_not() {
    let scene = with_users();
    scene.sql("CREATE DATABASE latin OWNER queue TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    let error = refused(&url(&scene, "queue", "latin", ""));
    assert!(
        matches!(&error, StoreError::Encoding { encoding, .. } if encoding == "LATIN1"),
        "{error}"
    );
    assert_eq!(
        scene.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'queuectl'"),
        "0"
    );
    // As the hint has it.
    scene.sql("CREATE DATABASE unicode OWNER queue TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
    open(&url(&scene, "queue", "unicode", ""))
        .enqueue(numbered(1))
        .unwrap();
}

#[test]
fn a_store_that_is_only_looked_for_is_not_made() {
    let scene = with_users();
    for prepared in ["SELECT 1", "CREATE SCHEMA queuectl AUTHORIZATION queue"] {
        scene.sql(prepared);
        let location = Location::parse(url(&scene, "queue", "postgres", "").as_ref(), &|_| None);
        let looked = queuectl_store::open_existing(&location.unwrap(), &Options::default());
        let error = looked.err().expect("there is none");
        assert!(matches!(error, StoreError::Missing(_)), "{error}");
        let made =
            "SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text = 'queuectl'";
        assert_eq!(scene.sql(made), "0");
    }
}
