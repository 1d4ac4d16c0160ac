//! Another role of the database may make things in a schema that is looked through, as `public` is by default in a cluster that was made
//! before PostgreSQL 15. A function or operator there that fits better than a built-in one would run as us.

use std::fmt::Write as _;

use queuectl_cluster::Pooling;
use queuectl_store::{Clear, Store, Turn};

use crate::qualified::{bare, calls, is_grammar, statements};
use crate::scene::{Hand, Scene, check_all_ran_once, check_sound, named, numbered, open};

/// The types of what our statements compute with.
const TYPES: [&str; 15] = [
    "bigint",
    "integer",
    "numeric",
    "text",
    "name",
    "\"char\"",
    "bytea",
    "boolean",
    "timestamptz",
    "interval",
    "oid",
    "regclass",
    "regrole",
    "bigint[]",
    "text[]",
];

/// The operators of our statements; the first six compare.
const OPERATORS: [&str; 11] = ["=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "||"];

/// Makes a role that has a schema of its own in `public`, full of what would be taken for built-in functions and operators. Nobody
/// else may call these, so a statement that would is refused before it runs, and what isn't refused raises an error.
fn plant(scene: &Scene) {
    let mut sql = String::from(
        "CREATE ROLE queue LOGIN PASSWORD 'own'; GRANT CREATE ON DATABASE postgres TO queue;
         CREATE ROLE neighbour; GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC;
         SET ROLE neighbour; SET check_function_bodies = off;
         ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;",
    );
    let mut names: Vec<_> = statements()
        .iter()
        .flat_map(|(_, sql)| calls(sql))
        .collect();
    names.retain(|name| name.starts_with("pg_catalog.") || !name.contains('.'));
    let mut names: Vec<_> = names
        .iter()
        .map(|name| name.trim_start_matches("pg_catalog."))
        .collect();
    names.retain(|name| *name == "unnest" || !is_grammar(name));
    names.sort_unstable();
    names.dedup();
    assert!(
        names.contains(&"nextval") && names.contains(&"format"),
        "{names:?}"
    );
    let list = |of: &[&str]| {
        of.iter()
            .map(|one| format!("'{one}'"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let _ = write!(
        sql,
        "DO $do$
         DECLARE
             body CONSTANT text := 'LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION ''a shadow was run''; END $$';
             types CONSTANT text[] := ARRAY [{types}];
             name text; one text; other text; place bigint;
         BEGIN
             FOREACH one IN ARRAY types LOOP
                 FOREACH name IN ARRAY ARRAY [{names}] LOOP
                     EXECUTE pg_catalog.format('CREATE FUNCTION public.%s(%s) RETURNS text %s', name, one, body);
                     FOREACH other IN ARRAY ARRAY ['bigint', 'integer', 'text', 'oid'] LOOP
                         EXECUTE pg_catalog.format('CREATE FUNCTION public.%s(%s, %s) RETURNS text %s', name, one, other, body);
                     END LOOP;
                 END LOOP;
                 FOREACH other IN ARRAY types LOOP
                     FOR name, place IN SELECT * FROM pg_catalog.unnest(ARRAY [{operators}]) WITH ORDINALITY LOOP
                         EXECUTE pg_catalog.format(
                             'CREATE FUNCTION public.operator_%s(%s, %s) RETURNS %s %s', place, one, other,
                             CASE WHEN place <= 6 THEN 'boolean' ELSE one END, body
                         );
                         EXECUTE pg_catalog.format(
                             'CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.operator_%s)',
                             name, one, other, place
                         );
                     END LOOP;
                 END LOOP;
             END LOOP;
         END
         $do$",
        types = list(&TYPES),
        names = list(&names),
        operators = list(&OPERATORS),
    );
    scene.sql(&sql);
    // That they are taken where they fit better is what the rest depends on.
    let taken = scene
        .server
        .sql("SET ROLE queue; SELECT nextval('x'::text)")
        .unwrap_err();
    assert!(
        taken
            .to_string()
            .contains("permission denied for function nextval"),
        "{taken}"
    );
    let taken = scene
        .server
        .sql("SET ROLE queue; SELECT 'x'::text || 1::bigint")
        .unwrap_err();
    assert!(
        taken
            .to_string()
            .contains("permission denied for function operator_11"),
        "{taken}"
    );
}

fn as_queue(url: &str, scene: &Scene) -> String {
    url.replace(
        &format!("postgres:{}@", scene.server.password()),
        "queue:own@",
    )
}

/// Has all of a store done that workers and users do.
fn use_all(open: impl Fn() -> Box<dyn Store>) {
    let mut hand = Hand::new(open(), "w");
    hand.store.enqueue(numbered(4)).unwrap();
    hand.work_until_done();
    check_all_ran_once(&mut *hand.store, 4);
    hand.store.renew(&hand.id).unwrap();
    hand.store.make_ids_after(1_000).unwrap();
    hand.store.unregister(&hand.id).unwrap();
}

#[test]
fn nothing_is_planned_or_made_with_a_function_or_operator_of_others() {
    let scene = Scene::new();
    plant(&scene);
    drop(open(&as_queue(&scene.server.tcp_url(), &scene)));
    let mut sql = String::from("SET ROLE queue; SET plan_cache_mode = force_generic_plan;\n");
    let mut planned = 0;
    for (name, text) in statements() {
        let first = bare(&text);
        let first = first.split_whitespace().next().unwrap_or_default();
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first)
            || name == "0001_first"
        {
            continue;
        }
        planned += 1;
        let most = (1..20)
            .rev()
            .find(|number| text.contains(&format!("${number}")));
        let values = vec!["NULL"; most.unwrap_or(0)].join(", ");
        let values = if values.is_empty() {
            values
        } else {
            format!("({values})")
        };
        let _ = writeln!(
            sql,
            "PREPARE \"{name}\" AS {text};\nEXPLAIN EXECUTE \"{name}\"{values};"
        );
    }
    assert!(planned > 80, "{planned} statements were planned");
    scene.sql(&sql);
    run_every_body(&scene);
    let of_others = scene.sql(
        "SET search_path = pg_catalog; SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
         WHERE (refclassid, refobjid) IN (
            SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprnamespace = 'public'::regnamespace
         ) AND pg_describe_object(classid, objid, objsubid) LIKE '%queuectl%'",
    );
    assert_eq!(of_others, "");
}

/// Runs what is only looked up when it runs: each function that isn't SQL, through each of its statements.
fn run_every_body(scene: &Scene) {
    const FAR: &str = "-9000000000000000000";
    let calls = [
        ("make_ids_after", "SELECT make_ids_after(5000)".to_owned()),
        ("lower_floors", format!("SELECT lower_floors({FAR}, {FAR})")),
        (
            "raise_floors",
            "SELECT raise_floors(true), raise_floors(false)".into(),
        ),
        ("others_lapsed", "SELECT others_lapsed('w')".into()),
        ("first", "SELECT first(1)".into()),
        ("due", "SELECT due()".into()),
        (
            "completed_before",
            format!("SELECT completed_before({FAR}, 0, 1)"),
        ),
        ("rest", "SELECT rest()".into()),
        ("expect", "SELECT expect(1, 1)".into()),
        (
            "wake_one",
            "INSERT INTO waiters VALUES (1000, 'c', 'infinity'); SELECT wake_one(), wake_one()"
                .into(),
        ),
        ("ring", "SELECT ring()".into()),
        ("hear", "SELECT hear(), hear()".into()),
    ];
    let names = scene.sql(
        "SET search_path = pg_catalog; SELECT proname FROM pg_proc
         WHERE pronamespace = 'queuectl'::regnamespace AND prosqlbody IS NULL ORDER BY proname",
    );
    let mut known: Vec<_> = calls.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(names.lines().collect::<Vec<_>>(), known);
    for (_, call) in calls {
        scene.sql(&format!(
            "SET ROLE queue; SET search_path = queuectl, public; {call}"
        ));
    }
}

#[test]
fn a_store_works_beside_them_in_sessions_and_behind_a_pooler() {
    let scene = Scene::new();
    plant(&scene);
    let url = as_queue(&scene.server.tcp_url(), &scene);
    use_all(|| open(&url));
    scene.sql("DROP SCHEMA queuectl CASCADE");
    let pooler = scene.server.pooler(Pooling::Transaction, 2);
    let pooler = pooler.unwrap_or_else(|trouble| panic!("{trouble}"));
    // The pooler comes as the superuser; what is looked up is the same.
    scene.sql("ALTER ROLE postgres SET search_path = public");
    use_all(|| open(&pooler.url("postgres")));
    assert!(
        !scene.server.log().contains("a shadow was run"),
        "{}",
        scene.server.log()
    );
}

#[test]
fn a_function_beside_ours_that_fits_nearly_is_not_called() {
    let scene = Scene::new();
    scene.sql(
        "CREATE ROLE queue LOGIN PASSWORD 'own'; GRANT CREATE ON DATABASE postgres TO queue; CREATE ROLE neighbour",
    );
    let mut hand = Hand::new(open(&as_queue(&scene.server.tcp_url(), &scene)), "w");
    scene.sql("GRANT CREATE, USAGE ON SCHEMA queuectl TO neighbour");
    // The store is open: what is made now isn't noticed, and must not be called.
    scene.sql(
        "SET ROLE neighbour;
         DO $do$
         DECLARE
             ours record; one text;
         BEGIN
             FOR ours IN
                 SELECT proname, pronargs FROM pg_proc
                 WHERE pronamespace = 'queuectl'::regnamespace AND pronargs > 0
             LOOP
                 FOREACH one IN ARRAY ARRAY [
                     'integer', 'numeric', 'float8', 'name', 'varchar', 'anyelement', 'anycompatible', 'anyarray', 'oid'
                 ] LOOP
                     EXECUTE format(
                         'CREATE FUNCTION queuectl.%I(%s) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION ''a shadow was run''; END $$',
                         ours.proname, array_to_string(array_fill(one, ARRAY [ours.pronargs::integer]), ', ')
                     );
                 END LOOP;
             END LOOP;
         END
         $do$;
         CREATE FUNCTION queuectl.expect(bigint, integer) RETURNS void LANGUAGE plpgsql
         AS $$ BEGIN RAISE EXCEPTION 'a shadow was run'; END $$",
    );
    for _ in 0..2 {
        hand.store.enqueue(numbered(4)).unwrap();
        hand.work_until_done();
        hand.store.renew(&hand.id).unwrap();
        hand.store.make_ids_after(1_000).unwrap();
        check_all_ran_once(&mut *hand.store, 4);
        hand.store.clear(Clear::All { force: false }).unwrap();
        cut_off(&scene);
    }
    let log = scene.server.log();
    assert!(!log.contains("a shadow was run"), "{log}");
}

/// Ends all connections, so that what is done next is the first in a new one.
fn cut_off(scene: &Scene) {
    scene.sql(
        "SET search_path = pg_catalog; SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
}

/// Has each thing done as the first in a new connection.
fn use_each_anew(scene: &Scene, url: &str) {
    let mut hand = Hand::new(open(url), "w");
    let steps: [fn(&mut Hand); 21] = [
        |hand| assert!(hand.store.now().is_ok()),
        |hand| drop(hand.store.identity().unwrap()),
        |hand| drop(hand.store.enqueue(numbered(4)).unwrap()),
        |hand| {
            let many = (100..200).map(|number| named(&format!("{number}")));
            hand.store.enqueue(many.collect()).unwrap();
        },
        |hand| drop(hand.turn(0).unwrap()),
        |hand| assert_eq!(hand.turn(2).unwrap().claimed.len(), 2),
        |hand| assert!(hand.store.renew(&hand.id).unwrap().is_some()),
        |hand| {
            let held: Vec<_> = hand.done.iter().map(|done| done.ticket).collect();
            let turn = Turn {
                held: &held,
                ..Turn::of(&hand.id)
            };
            assert_eq!(hand.store.turn(&turn).unwrap().lost, []);
        },
        |hand| {
            assert_eq!(hand.turn(0).unwrap().lost, []);
            hand.done.clear();
        },
        |hand| drop(hand.store.job(&"0".parse().unwrap()).unwrap()),
        |hand| {
            assert_eq!(hand.store.attempts(&"0".parse().unwrap()).unwrap().len(), 1);
        },
        |hand| assert_eq!(hand.store.counts().unwrap().total(), 104),
        |hand| drop(hand.store.settings().unwrap()),
        |hand| assert_eq!(hand.store.workers().unwrap().len(), 1),
        |hand| assert_eq!(hand.store.lost_workers().unwrap().len(), 0),
        |hand| assert_eq!(hand.store.export(i64::MIN, 9).unwrap().len(), 9),
        |hand| check_sound(&mut *hand.store),
        |hand| hand.store.make_ids_after(1_000).unwrap(),
        |hand| assert_eq!(hand.store.last_id_number().unwrap(), 1_000),
        Hand::work_until_done,
        |hand| hand.store.unregister(&hand.id).unwrap(),
    ];
    for step in steps {
        cut_off(scene);
        step(&mut hand);
    }
}

/// The owner of a database sets the search path of its sessions, and may name a schema ahead of `pg_catalog`.
#[test]
fn a_path_with_their_schema_first_is_used_for_nothing() {
    let scene = Scene::new();
    plant(&scene);
    let pooler = scene.server.pooler(Pooling::Transaction, 2);
    let pooler = pooler.unwrap_or_else(|trouble| panic!("{trouble}"));
    scene.sql(
        "ALTER ROLE queue SET search_path = public, pg_catalog;
         ALTER ROLE postgres SET search_path = public, pg_catalog",
    );
    let was_run = |line: &&str| {
        line.contains("a shadow was run") || line.contains("permission denied for function")
    };
    // Their owner has tried two.
    assert_eq!(scene.server.log().lines().filter(was_run).count(), 2);
    let url = as_queue(&scene.server.tcp_url(), &scene);
    use_each_anew(&scene, &url);
    scene.sql("SET search_path = pg_catalog; DROP SCHEMA queuectl CASCADE");
    use_each_anew(&scene, &pooler.url("postgres"));
    let log = scene.server.log();
    let were_run: Vec<_> = log.lines().filter(was_run).skip(2).collect();
    assert_eq!(were_run, Vec::<&str>::new());
}
