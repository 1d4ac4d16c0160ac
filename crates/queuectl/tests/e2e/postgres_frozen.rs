//! A server that lets everybody in and then says nothing, as one whose disk hangs, or a pooler whose server is away: each command
//! says so in the time that it has, and no job is begun.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config};

use crate::support::Home;

/// A command has five seconds. What a busy machine adds to that is not its fault.
const SAID: Duration = Duration::from_millis(6500);

/// How the server says that it waits for a question.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// Listens on a port; who comes is let in by the server on another one, and hears no more of it.
fn frozen(server: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it listens").port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let server = TcpStream::connect(("127.0.0.1", server)).expect("it listens");
            let client = client.expect("somebody comes");
            let (asks, answers) = (client.try_clone(), server.try_clone());
            let (mut asks, mut answers) = (asks.expect("a handle"), answers.expect("a handle"));
            let (mut client, mut server) = (client, server);
            std::thread::spawn(move || std::io::copy(&mut asks, &mut server));
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                let mut is_in = false;
                while let Ok(length @ 1..) = answers.read(&mut buffer) {
                    if !is_in && client.write_all(&buffer[..length]).is_err() {
                        return;
                    }
                    is_in = is_in || buffer[..length].ends_with(READY);
                }
            });
        }
    });
    port
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_five_seconds_by_every_command() {
    let server = Cluster::start(&Config::new()).expect("a server can be started");
    let url = server.tcp_url();
    Home::on(&url).make_store();
    let port = frozen(server.port()).to_string();
    let home = Home::on(&url.replace(&server.port().to_string(), &port));
    let commands: [&[&str]; 6] = [
        &["status"],
        &["list"],
        &["enqueue", "--command", "true"],
        &["clear", "--yes", "--force"],
        &["dlq", "retry", "--all"],
        &["worker", "list"],
    ];
    std::thread::scope(|scope| {
        for command in commands {
            let home = &home;
            scope.spawn(move || {
                let begun = Instant::now();
                let output = home.run(command.iter().copied());
                let elapsed = begun.elapsed();
                output.failed(5);
                assert!(output.err().contains("does not answer"), "{output}");
                assert!(elapsed < SAID, "{command:?} took {elapsed:?}");
            });
        }
    });
}
