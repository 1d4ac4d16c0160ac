//! Passwords: where they come from, in which order, and what is done with files that others may read.

use queuectl_store::ServerTrouble;

use crate::scene::{Scene, with_password};

#[test]
fn a_password_comes_from_the_url_the_environment_or_the_password_file() {
    let server = with_password();
    let port = server.port();
    let url = format!("postgres://alice@127.0.0.1:{port}/postgres");
    let (trouble, said) = Scene::new().refused(&url);
    assert_eq!(trouble, ServerTrouble::Denied);
    assert!(said.contains("password missing"), "{said}");

    let given = format!("postgres://alice:s3cret%3A%5C%3F%40%2F@127.0.0.1:{port}/postgres");
    Scene::new().open(&given).unwrap();
    let by_environment = Scene::new().with("PGPASSWORD", "s3cret:\\?@/");
    by_environment.open(&url).unwrap();

    let by_file = Scene::new();
    by_file.password_file(&format!(
        "# passwords\n\
         127.0.0.1:{port}:other:alice:wrong\n\
         *:{port}:*:bob:wrong\n\
         127.0.0.1:*:postgres:alice:s3cret\\:\\\\?@/\n\
         *:*:*:*:wrong\n"
    ));
    by_file.open(&url).unwrap();
    let elsewhere = by_file.file("elsewhere", "*:*:*:*:s3cret\\:\\\\?@/\n");
    by_file.password_file("*:*:*:*:wrong\n");
    let (trouble, said) = by_file.refused(&url);
    assert_eq!(trouble, ServerTrouble::Denied);
    assert_eq!(
        said,
        "FATAL: password authentication failed for user \"alice\""
    );
    let by_file = by_file.with("PGPASSFILE", elsewhere);
    by_file.open(&url).unwrap();
    let wrong_first = by_file.with("PGPASSWORD", "wrong");
    assert_eq!(wrong_first.refused(&url).0, ServerTrouble::Denied);
}

#[test]
#[cfg(unix)]
fn a_password_file_that_others_may_read_is_not_used_and_that_is_said() {
    use std::os::unix::fs::PermissionsExt as _;

    let server = with_password();
    let url = format!("postgres://alice@127.0.0.1:{}/postgres", server.port());
    let scene = Scene::new();
    let file = scene.password_file("*:*:*:*:s3cret\\:\\\\?@/\n");
    scene.open(&url).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let (_, said) = scene.refused(&url);
    assert!(
        said.contains("isn't used, since others may get at it"),
        "{said}"
    );
    assert_eq!(scene.parse(&url).unwrap().files(), [file]);
}
