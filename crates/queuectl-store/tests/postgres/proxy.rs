//! A way to the server that counts how often somebody waits for an answer, and can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// When a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A COMMIT is on its way, and doesn't arrive.
    BeforeCommit,
    /// A COMMIT has arrived; the answer doesn't.
    AfterCommit,
    /// A COMMIT doesn't arrive, and neither does that the connection has ended: the server waits for what comes next.
    Unheard,
}

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// How often the client has spoken after the server had.
    round_trips: AtomicU32,
    server_spoke: AtomicBool,
    cut: Mutex<Option<Cut>>,
}

impl Proxy {
    pub(crate) fn new(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            round_trips: AtomicU32::new(0),
            server_spoke: AtomicBool::new(true),
            cut: Mutex::new(None),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                serve(client.unwrap(), server, &of_thread);
            }
        });
        Self { port, shared }
    }

    /// Cuts the next connection on which there is a COMMIT.
    pub(crate) fn cut(&self, when: Cut) {
        *self.shared.cut.lock().unwrap() = Some(when);
    }

    /// Whether a connection has been cut since it was asked for.
    pub(crate) fn has_cut(&self) -> bool {
        self.shared.cut.lock().unwrap().is_none()
    }

    /// How often the client waited for the server while this was done.
    pub(crate) fn round_trips(&self, during: impl FnOnce()) -> u32 {
        let before = self.shared.round_trips.load(Ordering::SeqCst);
        during();
        self.shared.round_trips.load(Ordering::SeqCst) - before
    }
}

fn serve(client: TcpStream, port: u16, shared: &Arc<Shared>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
        return;
    };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let mute = Arc::new(AtomicBool::new(false));
    let ways = [
        (
            client.try_clone().unwrap(),
            server.try_clone().unwrap(),
            true,
        ),
        (server, client, false),
    ];
    for (from, to, is_client) in ways {
        let (shared, mute) = (Arc::clone(shared), Arc::clone(&mute));
        thread::spawn(move || {
            if carry(&from, &to, is_client, &shared, &mute) == End::Unsaid {
                std::mem::forget(to);
                return;
            }
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

/// Whether the other end is told that one has ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Said,
    Unsaid,
}

fn carry(
    mut from: &TcpStream,
    mut to: &TcpStream,
    is_client: bool,
    shared: &Shared,
    mute: &AtomicBool,
) -> End {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(length) = from.read(&mut buffer) {
        if length == 0 {
            return End::Said;
        }
        let bytes = &buffer[..length];
        if is_client {
            if shared.server_spoke.swap(false, Ordering::SeqCst) {
                shared.round_trips.fetch_add(1, Ordering::SeqCst);
            }
            if bytes.windows(7).any(|word| word == b"COMMIT\0") {
                let cut = shared.cut.lock().unwrap().take();
                match cut {
                    Some(Cut::BeforeCommit) => return End::Said,
                    Some(Cut::AfterCommit) => mute.store(true, Ordering::SeqCst),
                    Some(Cut::Unheard) => {
                        let _ = std::io::copy(&mut from, &mut std::io::sink());
                        return End::Unsaid;
                    }
                    None => {}
                }
            }
        } else {
            if mute.load(Ordering::SeqCst) {
                // Something was answered; let the server finish, and tell nobody.
                thread::sleep(std::time::Duration::from_millis(200));
                return End::Said;
            }
            shared.server_spoke.store(true, Ordering::SeqCst);
        }
        if to.write_all(bytes).is_err() {
            return End::Said;
        }
    }
    End::Said
}
