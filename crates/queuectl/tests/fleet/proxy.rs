//! A TCP proxy between a host's network and this machine's, for links that are slow, stalled or half open.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::network::Host;

/// How a link treats what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// As it should.
    Whole,
    /// Each piece comes so much later.
    Slow(Duration),
    /// Nothing passes. All of it does when the link is whole again.
    Stalled,
    /// As if the far end had lost its power: nothing passes, and nobody says that it won't. Connections of that time stay
    /// so for ever; later ones aren't touched.
    HalfOpen,
}

/// The proxy; its threads end with the test's process.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    link: Arc<Shared>,
}

struct Shared {
    link: Mutex<Link>,
    changed: Condvar,
}

impl Proxy {
    /// Listens on `port` of `host`, and passes everything on to `to`, which is seen from here.
    pub(crate) fn start(host: &Host, port: u16, to: SocketAddr) -> Self {
        let network = std::fs::File::open(host.network()).expect("the host is there");
        let link = Arc::new(Shared {
            link: Mutex::new(Link::Whole),
            changed: Condvar::new(),
        });
        let (address, shared) = (SocketAddr::new(host.address, port), Arc::clone(&link));
        let (ready, listens) = channel();
        let (taken, near_ends) = channel();
        // This thread stays in the network of whoever starts it, and so do those that it starts.
        thread::spawn(move || {
            for near in near_ends {
                connect(near, to, &shared);
            }
        });
        let shared = Arc::clone(&link);
        thread::spawn(move || {
            // A socket belongs for ever to the network in which it was made, and so does a thread that has entered one.
            let network_of_thread = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(network.as_fd(), network_of_thread).expect("it may enter");
            let listener = TcpListener::bind(address).expect("the address is the host's own");
            ready.send(()).expect("the test waits for it");
            for near in listener.incoming() {
                let near = near.expect("connections can be taken");
                match shared.now() {
                    Link::HalfOpen => std::mem::forget(near),
                    _ => taken.send(near).expect("the other thread takes them"),
                }
            }
        });
        listens.recv().expect("the proxy listens");
        Self { address, link }
    }

    /// Changes how it treats what passes from now on.
    pub(crate) fn set(&self, link: Link) {
        *self.link.lock() = link;
        self.link.changed.notify_all();
    }
}

/// Passes on what comes, both ways.
fn connect(near: TcpStream, to: SocketAddr, shared: &Arc<Shared>) {
    let Ok(far) = TcpStream::connect_timeout(&to, Duration::from_secs(5)) else {
        return;
    };
    let ways = [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))];
    for (from, to) in ways {
        let (from, to) = (
            from.expect("it can be cloned"),
            to.expect("it can be cloned"),
        );
        let shared = Arc::clone(shared);
        thread::spawn(move || pass_on(from, to, &shared));
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        if !shared.let_pass() {
            // Both ends stay open, and hear nothing any more.
            std::mem::forget((from, to));
            return;
        }
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() || to.write_all(bytes).is_err() {
            let _ = to.shutdown(Shutdown::Write);
            let _ = from.shutdown(Shutdown::Read);
            return;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Link> {
        self.link.lock().expect("nobody panics while holding it")
    }

    fn now(&self) -> Link {
        *self.lock()
    }

    /// Waits as long as the link makes a piece wait; says whether it passes at all.
    fn let_pass(&self) -> bool {
        if let Link::Slow(by) = self.now() {
            thread::sleep(by);
        }
        let stalled = |link: &mut Link| *link == Link::Stalled;
        let link = self.changed.wait_while(self.lock(), stalled);
        *link.expect("nobody panics while holding it") != Link::HalfOpen
    }
}
