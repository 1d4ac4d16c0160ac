//! A named pipe in the place of a file that is read on the way to a server: it may never be written to.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use crate::scene::Scene;

fn pipe(scene: &Scene, name: &str) -> PathBuf {
    let path = scene.file(name, "");
    std::fs::remove_file(&path).unwrap();
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

#[test]
fn it_is_refused_as_a_file_of_services() {
    let scene = Scene::new();
    let path = pipe(&scene, "services");
    let scene = scene.with("PGSERVICEFILE", &path);
    let said = scene.shown("postgresql://?service=s");
    assert!(
        said.contains(&format!("`{}` isn't a plain file", path.display())),
        "{said}"
    );
}

#[test]
fn it_is_refused_as_the_systems_authorities() {
    let scene = Scene::new();
    let path = pipe(&scene, "roots");
    let scene = scene.with("SSL_CERT_FILE", &path);
    let said = scene.shown("postgresql://h/d?sslrootcert=system");
    assert!(said.contains("isn't a plain file"), "{said}");
}

#[test]
fn it_is_refused_as_authorities_and_as_a_certificate_with_its_key() {
    let scene = Scene::new();
    let path = pipe(&scene, "pipe");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let pipe = path.display();
    for named in [
        format!("sslrootcert={pipe}"),
        format!("sslcert={pipe}&sslkey={pipe}"),
    ] {
        let (_, said) = scene.refused(&format!(
            "postgresql://u@127.0.0.1:{port}/d?sslmode=require&{named}"
        ));
        assert!(said.contains("isn't a plain file"), "{said}");
    }
}
