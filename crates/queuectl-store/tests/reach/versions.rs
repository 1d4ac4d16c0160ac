//! A server that is too old is refused with a sentence, before anything is asked of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use queuectl_cluster::{Cluster, Config};
use queuectl_store::ServerTrouble;

use crate::scene::Scene;

/// How the server's version is told: by its name, and as a text that begins with it.
const NAME: &[u8] = b"server_version\0";

/// A way to a server that says of itself that it is of another version, of two digits.
fn of_version(server: u16, version: [u8; 2]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut asks, mut to_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut asks, &mut to_server));
            thread::spawn(move || answer(server, client, version));
        }
    });
    port
}

fn answer(mut server: TcpStream, mut client: TcpStream, version: [u8; 2]) {
    let mut buffer = [0; 1 << 16];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        let bytes = &mut buffer[..length];
        let place = bytes.windows(NAME.len()).position(|word| word == NAME);
        if let Some(place) = place {
            let place = place + NAME.len();
            bytes[place..place + 2].copy_from_slice(&version);
        }
        if client.write_all(bytes).is_err() {
            return;
        }
    }
}

#[test]
fn a_server_that_is_too_old_is_refused_and_the_next_host_is_tried() {
    let server = Cluster::start(&Config::new()).unwrap();
    let (password, port) = (server.password(), server.port());
    let old = of_version(port, *b"14");
    let url =
        |hosts: &str| format!("postgres://postgres:{password}@{hosts}/postgres?sslmode=disable");
    let alone = url(&format!("127.0.0.1:{old}"));
    let (trouble, said) = Scene::new().refused(&alone);
    assert_eq!(trouble, ServerTrouble::Other);
    assert!(said.contains("PostgreSQL 14"), "{said}");
    assert!(said.contains("15 or newer"), "{said}");
    let both = url(&format!("127.0.0.1:{old},127.0.0.1:{port}"));
    Scene::new().open(&both).unwrap();
}

#[test]
fn a_server_that_is_just_new_enough_will_do() {
    let server = Cluster::start(&Config::new()).unwrap();
    let (password, port) = (server.password(), server.port());
    let new = of_version(port, *b"15");
    let url = format!("postgres://postgres:{password}@127.0.0.1:{new}/postgres?sslmode=disable");
    Scene::new().open(&url).unwrap();
}
