//! A database server of the tests: its folder, its port, its process, and how tests reach it.

mod account;
mod client;
mod common;
mod database;
mod keeper;
mod lock;
mod private;
mod tls;

pub use database::Database;
pub use lock::TableLock;
pub use private::PrivateServer;

pub(crate) use account::Account;
pub(crate) use client::talk;
pub(crate) use common::Common;
pub(crate) use tls::{CA, CERTIFICATE, KEY};

use crate::ports::Port;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::RefUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A row of a query as text; nothing stands for null.
pub type Row = Vec<Option<String>>;

/// How long a server may take to start, or to do what it is told, before the test is considered stuck.
const STUCK: Duration = Duration::from_secs(120);
/// How often the state of a server is asked while something waits for it.
const GLANCE: Duration = Duration::from_millis(20);
/// The user that tests connect as, who may do everything.
pub(crate) const USER: &str = "tester";

/// What tells one database product from another.
pub(crate) trait Product: Sync + RefUnwindSafe {
    /// For names of files.
    fn name(&self) -> &'static str;
    /// What URLs begin with.
    fn scheme(&self) -> &'static str;
    /// The database that is there from the start.
    fn first_database(&self) -> &'static str;
    /// What a shared server was started with: one that runs with something else is left alone.
    fn settings(&self) -> String;
    /// Makes the data directory.
    fn prepare(&self, server: &Server);
    /// Runs the server in the foreground.
    fn serve(&self, server: &Server) -> Command;
    /// Whether what listens there is ready, by the first bytes that it sends.
    fn answers(&self, connection: TcpStream) -> std::io::Result<bool>;
    /// The signal that stops the server in good order.
    fn stop(&self) -> &'static str;
    /// The signal that ends it at once and leaves nothing but its folder.
    fn end(&self) -> &'static str;
    /// A client that runs a script from its standard input, up to the first error.
    fn client(&self, server: &Server, database: &str) -> Command;
    /// Runs statements and reads the rows of all of them.
    fn query(&self, server: &Server, database: &str, sql: &str) -> Result<Vec<Row>, String>;
    /// Makes a database.
    fn create(&self, database: &str) -> String;
    /// Drops a database, with the connections to it.
    fn drop(&self, database: &str) -> String;
}

/// A running server, on 127.0.0.1, for tests only.
#[derive(Clone)]
pub struct Server {
    product: &'static dyn Product,
    dir: PathBuf,
    port: u16,
    /// What keeps the port where we have started the server.
    _claim: Option<Arc<Port>>,
    password: String,
    private: bool,
}

impl Server {
    /// Makes a database whose name begins with `name`, and that is dropped with the value.
    ///
    /// # Panics
    /// When the server refuses, with its words.
    #[track_caller]
    pub fn database(&self, name: &str) -> Database {
        Database::create(self, name)
    }

    /// `scheme://user:password@127.0.0.1:port/database`, as the user who may do everything.
    pub fn url(&self, database: &str) -> String {
        let Self { port, password, .. } = self;
        format!("{}://{USER}:{password}@127.0.0.1:{port}/{database}", self.product.scheme())
    }

    /// What URLs of this server begin with: `postgres` or `mysql`.
    pub fn scheme(&self) -> &'static str {
        self.product.scheme()
    }

    /// The port on 127.0.0.1, and on 127.0.0.2, which its certificate does not name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user who may do everything.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The password of this user.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The certificate, as PEM, of the authority that signed the server's, for `localhost` and `127.0.0.1`.
    pub fn ca(&self) -> PathBuf {
        self.dir.join(CA)
    }

    /// The certificate of an authority that signed nothing.
    pub fn other_ca(&self) -> PathBuf {
        self.dir.join(tls::OTHER_CA)
    }

    /// The folder of the server's Unix socket.
    pub fn socket_dir(&self) -> &Path {
        &self.dir
    }

    /// All that the server has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join("log")).unwrap_or_default()).into_owned()
    }

    /// Whether a test may kill it.
    pub(crate) fn is_private(&self) -> bool {
        self.private
    }

    /// The folder of the data.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// A server that does not run yet, in a new folder.
    fn new(product: &'static dyn Product, private: bool) -> Self {
        let dir = Account::for_servers().folder(&format!("nextlink-{}-", product.name()));
        let claim = Port::claim();
        let (port, password) = (claim.number(), random());
        Self { product, dir, port, _claim: Some(Arc::new(claim)), password, private }
    }

    /// Makes certificates and data, and starts the server.
    fn install(&self) -> Child {
        tls::write(&self.dir, Account::for_servers());
        self.product.prepare(self);
        self.start().unwrap_or_else(|| panic!("{self:?} does not start; it says:\n{}", self.log()))
    }

    /// Starts the server on its port, and waits until it is ready; nothing when it ends before.
    fn start(&self) -> Option<Child> {
        let log = OpenOptions::new().create(true).append(true).open(self.dir.join("log"));
        let log = log.expect("the log can be written");
        let mut command = self.product.serve(self);
        // A group of its own: what ends a test from the keyboard does not end a server that others use.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
        fs::write(self.dir.join("pid"), child.id().to_string()).expect("the folder can be written");
        let since = Instant::now();
        while !self.answers() {
            if child.try_wait().expect("the state of a child can be asked").is_some() {
                return None;
            }
            assert!(since.elapsed() < STUCK, "{self:?} does not answer; it says:\n{}", self.log());
            std::thread::sleep(GLANCE);
        }
        Some(child)
    }

    /// Whether the server is there and ready.
    fn answers(&self) -> bool {
        let greet = || {
            let connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            connection.set_read_timeout(Some(Duration::from_secs(10)))?;
            self.product.answers(connection)
        };
        self.data().exists() && greet().unwrap_or(false)
    }
}

/// Without the password.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on port {}", self.product.name(), self.port)
    }
}

/// 32 hexadecimal digits.
pub(crate) fn random() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Writes a file that only its owner may read, who is the user that runs the server.
pub(crate) fn write_private(path: &Path, text: &str, account: Account) {
    let file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path);
    let written = file.and_then(|mut file: File| file.write_all(text.as_bytes()));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    account.own(path);
}

/// Runs a program to its end.
///
/// # Panics
/// When it fails, with what it wrote.
pub(crate) fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let wrote = || text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{:?} fails: {}", command.get_program(), wrote());
}
