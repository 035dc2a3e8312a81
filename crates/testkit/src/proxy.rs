//! A TCP proxy between nodes that can be told to misbehave.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a connection that stands still waits before it looks whether it may go on.
const LOOK: Duration = Duration::from_millis(5);

/// How often the table of connections is read until one is found.
const READINGS: usize = 100;

/// What the proxy does with bytes and connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Passes all on.
    Pass,
    /// Closes every connection, old or new, at once.
    Refuse,
    /// Takes connections and bytes, and passes nothing on: a network that is cut.
    Hole,
    /// The same for connections of one process of this machine.
    HoleFrom(u32),
    /// Breaks a connection off after so many bytes of answers.
    CutAfter(usize),
    /// The same by a reset in place of an end.
    ResetAfter(usize),
    /// Passes answers on in pieces of so many bytes, every 5 ms.
    Trickle(usize),
}

#[derive(Debug)]
struct Shared {
    behaviour: Behaviour,
    target: Option<SocketAddr>,
}

/// A running proxy; its port stays taken as long as the process lives.
#[derive(Clone, Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl Proxy {
    /// Listens on a free port, and leads nowhere yet.
    ///
    /// # Panics
    /// When no port is free.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into())
    }

    /// The same at another address of this machine.
    ///
    /// # Panics
    /// When it is none, or no port is free.
    #[track_caller]
    pub fn start_at(address: IpAddr) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Mutex::new(Shared { behaviour: Behaviour::Pass, target: None }));
        let proxy = Self { address, shared };
        let accepting = proxy.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let proxy = accepting.clone();
                std::thread::spawn(move || proxy.serve(client));
            }
        });
        proxy
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leads to `target`, such as `http://127.0.0.1:8190`.
    ///
    /// # Panics
    /// When that is no address.
    #[track_caller]
    pub fn lead_to(&self, target: &str) {
        let target = target.trim_start_matches("http://").parse();
        self.shared().target = Some(target.expect("an address and a port"));
    }

    /// Behaves in this way from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared().behaviour = behaviour;
    }

    fn behaviour(&self) -> Behaviour {
        self.shared().behaviour
    }

    fn serve(&self, client: TcpStream) {
        let target = self.shared().target;
        let Some(Ok(server)) = target.map(TcpStream::connect) else { return };
        let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { return };
        let asking = self.clone();
        std::thread::spawn(move || asking.pass(from, to, false));
        self.pass(server, client, true);
    }

    /// Passes bytes on in one direction until the connection ends.
    fn pass(&self, mut from: TcpStream, mut to: TcpStream, answers: bool) {
        let (mut passed, mut buffer) = (0, vec![0; 64 * 1024]);
        // Looked for when somebody asks whose it is.
        let mut known: Option<Option<String>> = None;
        if from.set_read_timeout(Some(LOOK)).is_err() {
            return;
        }
        loop {
            let room = match self.behaviour() {
                Behaviour::Refuse => break,
                Behaviour::Hole => {
                    std::thread::sleep(LOOK);
                    continue;
                }
                Behaviour::HoleFrom(pid) => {
                    let client = if answers { &to } else { &from };
                    let socket = known.get_or_insert_with(|| socket(client));
                    if socket.as_deref().is_some_and(|socket| has_open(pid, socket)) {
                        std::thread::sleep(LOOK);
                        continue;
                    }
                    buffer.len()
                }
                Behaviour::CutAfter(bytes) | Behaviour::ResetAfter(bytes) if answers => {
                    bytes.saturating_sub(passed)
                }
                Behaviour::Trickle(bytes) if answers => {
                    std::thread::sleep(LOOK);
                    bytes
                }
                Behaviour::Pass
                | Behaviour::CutAfter(_)
                | Behaviour::ResetAfter(_)
                | Behaviour::Trickle(_) => buffer.len(),
            };
            let room = room.min(buffer.len());
            if room == 0 {
                break;
            }
            match from.read(&mut buffer[..room]) {
                Ok(0) => break,
                Ok(read) => {
                    passed += read;
                    if to.write_all(&buffer[..read]).is_err() {
                        break;
                    }
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => break,
            }
        }
        let (server, client) = if answers { (&from, &to) } else { (&to, &from) };
        let mut end = Shutdown::Both;
        if matches!(self.behaviour(), Behaviour::ResetAfter(_)) {
            // It is sent when both directions have dropped the connection; the other one notices that nothing comes.
            let _ = rustix::net::sockopt::set_socket_linger(client, Some(Duration::ZERO));
            end = Shutdown::Read;
        }
        let _ = (server.shutdown(Shutdown::Both), client.shutdown(end));
    }
}

/// The other end of a connection, as processes of this machine name it among what they have open.
fn socket(client: &TcpStream) -> Option<String> {
    let text = |address: SocketAddr| {
        let SocketAddr::V4(address) = address else { return None };
        let ip = u32::from_ne_bytes(address.ip().octets());
        Some(format!("{ip:08X}:{:04X}", address.port()))
    };
    let (local, remote) = (text(client.peer_addr().ok()?)?, text(client.local_addr().ok()?)?);
    // The kernel gives its table in pieces, and an entry can be missed while others come and go.
    (0..READINGS).find_map(|_| {
        let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
        let mut lines = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
        // One that ended before may have had the same port to somewhere else.
        let line =
            lines.find(|fields| fields.get(1) == Some(&&*local) && fields.get(2) == Some(&&*remote))?;
        line.get(9).map(|inode| format!("socket:[{inode}]"))
    })
}

fn has_open(pid: u32, socket: &str) -> bool {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|link| link.as_os_str() == socket)
}
