//! A way to the server that counts how often somebody waits for an answer, and can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// When a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A COMMIT is on its way, and doesn't arrive.
    BeforeCommit,
    /// A COMMIT has arrived; the answer doesn't.
    AfterCommit,
    /// A COMMIT doesn't arrive, and neither does that the connection has ended: the server waits for what comes next.
    Unheard,
    /// As that; and the COMMIT arrives when it is [let go](Proxy::let_go).
    Late,
    /// A COMMIT has arrived, and its answer comes; nothing does after it.
    SilentAfterAnswer,
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
    /// Nothing comes from the server any more, but that it lets somebody in.
    is_frozen: AtomicBool,
    /// How long it takes until somebody is let in, in milliseconds.
    lets_in_after: AtomicU64,
    /// What was held back, and for whom.
    late: Mutex<Option<(Vec<u8>, TcpStream)>>,
}

impl Proxy {
    pub(crate) fn new(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            round_trips: AtomicU32::new(0),
            server_spoke: AtomicBool::new(true),
            cut: Mutex::new(None),
            is_frozen: AtomicBool::new(false),
            lets_in_after: AtomicU64::new(0),
            late: Mutex::new(None),
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

    /// From now on nothing comes from the server, but that it lets somebody in.
    pub(crate) fn freeze(&self) {
        self.shared.is_frozen.store(true, Ordering::SeqCst);
    }

    /// From now on it takes so long until somebody is let in.
    pub(crate) fn let_in_after(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.shared.lets_in_after.store(millis, Ordering::SeqCst);
    }

    /// Lets the COMMIT arrive that is late.
    pub(crate) fn let_go(&self) {
        let late = self.shared.late.lock().unwrap().take();
        let (bytes, mut server) = late.expect("nothing was held back");
        server.write_all(&bytes).unwrap();
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
    let mute = Arc::new(Mutex::new(None));
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

impl End {
    /// Listens to who has nothing more to say, until he ends.
    fn unsaid_by(mut from: &TcpStream) -> Self {
        let _ = std::io::copy(&mut from, &mut std::io::sink());
        Self::Unsaid
    }
}

/// How the server says that it waits for the next.
const READY: &[u8] = b"Z\0\0\0\x05I";
/// How it says that it has committed.
const COMMITTED: &[u8] = b"COMMIT\0Z\0\0\0\x05I";

/// Where these bytes end, if they are there.
fn place_after(bytes: &[u8], these: &[u8]) -> Option<usize> {
    let mut windows = bytes.windows(these.len());
    Some(windows.position(|window| window == these)? + these.len())
}

fn carry(
    mut from: &TcpStream,
    mut to: &TcpStream,
    is_client: bool,
    shared: &Shared,
    mute: &Mutex<Option<Cut>>,
) -> End {
    let mut buffer = vec![0; 1 << 20];
    let mut is_in = false;
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
                    Some(Cut::AfterCommit | Cut::SilentAfterAnswer) => *mute.lock().unwrap() = cut,
                    Some(Cut::Unheard) => return End::unsaid_by(from),
                    Some(Cut::Late) => {
                        let server = to.try_clone().unwrap();
                        *shared.late.lock().unwrap() = Some((bytes.to_vec(), server));
                        return End::unsaid_by(from);
                    }
                    None => {}
                }
            }
        } else {
            let cut = *mute.lock().unwrap();
            let answer = place_after(bytes, COMMITTED).filter(|_| cut.is_some());
            if cut == Some(Cut::AfterCommit) {
                // The server finishes, and nobody is told.
                match answer {
                    Some(_) => return End::Said,
                    None => continue,
                }
            }
            if let Some(end) = answer {
                let _ = to.write_all(&bytes[..end]);
                return End::unsaid_by(from);
            }
            if shared.is_frozen.load(Ordering::SeqCst) && is_in {
                continue;
            }
            if !is_in && bytes.ends_with(READY) {
                let millis = shared.lets_in_after.load(Ordering::SeqCst);
                thread::sleep(Duration::from_millis(millis));
                is_in = true;
            }
            shared.server_spoke.store(true, Ordering::SeqCst);
        }
        if to.write_all(bytes).is_err() {
            return End::Said;
        }
    }
    End::Said
}
