//! A server of one test, which the test may stop, kill, pause and start again.

use super::keeper::Locks;
use super::{GLANCE, Product, STUCK, Server};
use crate::signal;
use std::fs::File;
use std::ops::Deref;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// A server that nobody else uses. It ends with the value, or with the process that owns it, however that ends.
///
/// What was committed outlives [`PrivateServer::kill`], though not a failure of the machine.
#[derive(Debug)]
pub struct PrivateServer {
    server: Server,
    child: Child,
    _user: File,
}

impl PrivateServer {
    pub(crate) fn launch(product: &'static dyn Product) -> Self {
        let server = Server::new(product, true);
        let file = |name: &str| server.dir.join(name);
        let stays = Duration::ZERO;
        let locks = Locks { users: file("users"), starting: file("starting"), state: file("state"), stays };
        let user = locks.hold();
        locks.keep(&server);
        let child = server.install();
        Self { server, child, _user: user }
    }

    /// Stops the server in good order: connections are closed, and what was committed is kept.
    ///
    /// # Panics
    /// When it does not stop.
    #[track_caller]
    pub fn stop(&mut self) {
        assert!(signal::send(self.server.product.stop(), &[self.child.id()]), "{self:?} is down already");
        self.ended();
    }

    /// Ends the server and all its processes as `kill -9` does.
    ///
    /// # Panics
    /// When it is down already.
    #[track_caller]
    pub fn kill(&mut self) {
        // Paused first, so that it starts no other process meanwhile.
        let processes = self.pause_all();
        assert!(signal::send("KILL", &processes), "{self:?} is down already");
        self.ended();
        // They hold memory that a new server would find in use.
        let since = Instant::now();
        while processes.iter().any(|process| Path::new(&format!("/proc/{process}")).exists()) {
            assert!(since.elapsed() < STUCK, "a process of {:?} does not end", self.server);
            std::thread::sleep(GLANCE);
        }
    }

    /// Starts the server again, on its port, with its data.
    ///
    /// # Panics
    /// When it does not start, with its log.
    #[track_caller]
    pub fn start(&mut self) {
        let started = self.server.start();
        self.child = started.unwrap_or_else(|| panic!("{self:?} ends at once; it says:\n{}", self.log()));
    }

    /// Stops the server, and starts it again.
    ///
    /// # Panics
    /// When it does not stop or start.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Stops the server in its tracks: connections stay open, new ones are taken by the kernel, and nothing
    /// is answered.
    ///
    /// # Panics
    /// When it is down.
    #[track_caller]
    pub fn pause(&mut self) {
        self.pause_all();
    }

    /// Lets a paused server go on.
    ///
    /// # Panics
    /// When it is down.
    #[track_caller]
    pub fn resume(&mut self) {
        let mut processes = signal::children(self.child.id());
        processes.push(self.child.id());
        assert!(signal::send("CONT", &processes), "{self:?} is down");
    }

    /// Pauses the server and its processes; returns all of them.
    #[track_caller]
    fn pause_all(&mut self) -> Vec<u32> {
        let server = self.child.id();
        assert!(signal::send("STOP", &[server]), "{self:?} is down");
        let mut processes = signal::children(server);
        // One of them may have ended meanwhile, and the others are paused all the same.
        let _ = processes.is_empty() || signal::send("STOP", &processes);
        processes.insert(0, server);
        processes
    }

    #[track_caller]
    fn ended(&mut self) {
        let since = Instant::now();
        while self.child.try_wait().expect("the state of a child can be asked").is_none() {
            assert!(since.elapsed() < STUCK, "{:?} does not end; it says:\n{}", self.server, self.log());
            std::thread::sleep(GLANCE);
        }
    }
}

impl Deref for PrivateServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
