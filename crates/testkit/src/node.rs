//! A node: the real program in a process of its own, on ports of its own.

use crate::http::{self, Answer};
use crate::ports::Port;
use crate::signal;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a node may take to say where it listens before the test is considered stuck.
const STUCK: Duration = Duration::from_secs(120);
/// How long the last words of a process that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// What the node says before its public address, at the start of a line of its standard output.
const LISTENING: &str = "listening on ";
/// What it says before its name and its address for the other nodes.
const CLUSTER: &str = "node ";
/// What it says before its admin address.
const ADMIN: &str = "admin on ";
/// What stands before an address to listen on.
const LISTEN: [&str; 3] = ["--listen", "--admin-listen", "--cluster-listen"];

/// How to start a node. Its data directory lasts as long as this value and every node started by it.
#[derive(Clone, Debug)]
pub struct Launch {
    program: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
    data_dir: Arc<TempDir>,
    ports: Vec<Arc<Port>>,
}

impl Launch {
    /// Any program with any arguments.
    pub fn new(program: impl AsRef<Path>, args: &[&str]) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: args.iter().map(ToString::to_string).collect(),
            env: Vec::new(),
            data_dir: Arc::new(tempfile::tempdir().expect("a temporary directory can be made")),
            ports: Vec::new(),
        }
    }

    /// `serve NAME=sqlite:PATH …`, on free ports, with a data directory of its own.
    pub fn serve(program: impl AsRef<Path>, sources: &[(&str, &Path)]) -> Self {
        let mut launch = Self::new(program, &["serve"]);
        for (name, path) in sources {
            launch = launch.arg(&format!("{name}=sqlite:{}", path.display()));
        }
        launch.on_free_ports()
    }

    /// `demo`, on free ports, with a data directory of its own.
    pub fn demo(program: impl AsRef<Path>) -> Self {
        Self::new(program, &["demo"]).on_free_ports()
    }

    /// One more argument.
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// More arguments.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// A variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Started by another command, which becomes the node: a shell that ends with `exec "$0" "$@"`, say.
    pub fn through(mut self, command: &[impl AsRef<str>]) -> Self {
        let mut command = command.iter().map(|part| part.as_ref().to_owned());
        if let Some(first) = command.next() {
            let program = std::mem::replace(&mut self.program, first.into());
            let program = program.display().to_string();
            self.args = command.chain([program]).chain(self.args).collect();
        }
        self
    }

    /// With a time of day that is off, such as `+1h`; what it measures time by is not.
    ///
    /// # Panics
    /// When libfaketime is not installed.
    #[track_caller]
    pub fn off_by(self, time: &str) -> Self {
        let places = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let mut libraries = places.map(|place| place.path().join("faketime/libfaketime.so.1"));
        let library = libraries.find(|library| library.exists());
        let library = library.expect("libfaketime is not installed: run `cargo xtask setup`");
        self.env("LD_PRELOAD", &library.display().to_string())
            .env("FAKETIME", time)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    /// The directory that the node may write to.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    fn on_free_ports(self) -> Self {
        let dir = self.data_dir().display().to_string();
        self.args(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", &dir])
    }

    /// With ports of its own in place of any free ones that a node is to choose, so that it finds them free when it is
    /// started again.
    #[track_caller]
    fn on_own_ports(mut self) -> Self {
        for at in 1..self.args.len() {
            let listens = LISTEN.contains(&self.args[at - 1].as_str());
            let Some(host) = self.args[at].strip_suffix(":0").filter(|_| listens) else { continue };
            let port = Port::claim();
            self.args[at] = format!("{host}:{}", port.number());
            self.ports.push(Arc::new(port));
        }
        self
    }

    /// Starts the node, and waits until it has said where it listens. Where it is to listen on a free port, it has that for
    /// itself until it is dropped.
    ///
    /// # Panics
    /// When it does not start, ends before, or says nothing; with what it wrote.
    #[track_caller]
    pub fn start(&self) -> Node {
        self.run().unwrap_or_else(|why| panic!("{why}"))
    }

    /// The node, or why there is none, with what it wrote.
    #[track_caller]
    fn run(&self) -> Result<Node, String> {
        let launch = self.clone().on_own_ports();
        let mut command = Command::new(&launch.program);
        command.args(&launch.args).envs(launch.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", launch.program.display()));
        let wants_admin = launch.args.iter().any(|arg| arg == "--admin-listen");
        let mut node =
            Node { launch, child, base: String::new(), admin: None, member: None, log: Log::default() };
        let (send, receive) = mpsc::channel();
        node.log.follow(node.child.stdout.take(), Some(send));
        node.log.follow(node.child.stderr.take(), None);
        while node.base.is_empty() || wants_admin && node.admin.is_none() {
            let line = receive.recv_timeout(STUCK).map_err(|error| {
                let why = match error {
                    RecvTimeoutError::Timeout => "has not said where it listens",
                    RecvTimeoutError::Disconnected => "closed its output before it listened",
                };
                node.log.wait();
                format!("{:?} {why}; it wrote:\n{}", node.launch.args, node.log())
            })?;
            if let Some((name, address)) = line.strip_prefix(CLUSTER).and_then(|rest| rest.split_once(" on "))
            {
                node.member = Some((name.to_owned(), address.trim_end_matches('/').to_owned()));
            } else if let Some(address) = line.strip_prefix(LISTENING) {
                node.base = address.trim_end_matches('/').to_owned();
            } else if let Some(address) = line.strip_prefix(ADMIN) {
                node.admin = Some(address.trim_end_matches('/').to_owned());
            }
        }
        Ok(node)
    }
}

/// A running node. Dropping it kills it; if the test is failing, what it wrote is shown.
#[derive(Debug)]
pub struct Node {
    launch: Launch,
    child: Child,
    base: String,
    admin: Option<String>,
    /// Its name in the cluster, and where the other nodes reach it.
    member: Option<(String, String)>,
    log: Log,
}

impl Node {
    /// Starts a program with these arguments, as [`Launch::start`] does.
    #[track_caller]
    pub fn start(program: impl AsRef<Path>, args: &[&str]) -> Self {
        Launch::new(program, args).start()
    }

    /// The public address: `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A URL of the public listener; `path` begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The root of a source's service, with a slash at its end.
    pub fn service(&self, source: &str) -> String {
        self.url(&format!("/api/odata4/{source}/"))
    }

    /// A URL of the admin listener; `path` begins with `/`.
    ///
    /// # Panics
    /// When it was started without one.
    #[track_caller]
    pub fn admin_url(&self, path: &str) -> String {
        format!("{}{path}", self.admin.as_deref().expect("the node was started with --admin-listen"))
    }

    /// Its name in the cluster.
    ///
    /// # Panics
    /// When it is alone.
    #[track_caller]
    pub fn name(&self) -> &str {
        &self.member.as_ref().expect("the node is one of a cluster").0
    }

    /// The address and the port of the listener for the other nodes.
    ///
    /// # Panics
    /// When it is alone.
    #[track_caller]
    pub fn cluster_address(&self) -> &str {
        let base = self.cluster_base();
        base.split_once("://").map_or(base, |(_, authority)| authority)
    }

    /// The address of the listener for the other nodes: `http://127.0.0.1:PORT`, or `https://…`.
    ///
    /// # Panics
    /// When it is alone.
    #[track_caller]
    pub fn cluster_base(&self) -> &str {
        &self.member.as_ref().expect("the node is one of a cluster").1
    }

    /// Asks for a path of the public listener.
    #[track_caller]
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        http::get(&self.url(path), headers)
    }

    /// The directory that the node may write to.
    pub fn data_dir(&self) -> &Path {
        self.launch.data_dir()
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All that the node has written so far, both streams in the order in which they were read.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Waits until the node has written these words: what it writes comes by another way than its answers.
    ///
    /// # Panics
    /// When it does not, with what it wrote.
    #[track_caller]
    pub fn says(&self, words: &str) {
        let since = Instant::now();
        while !self.log().contains(words) {
            assert!(since.elapsed() < STUCK, "the node does not say '{words}':\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the process is no more.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_some())
    }

    /// Kills the node as `kill -9` does, and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.wait();
    }

    /// Asks the node to end, by SIGTERM, and waits for its end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Sends a signal by its name: `TERM`, `INT`, `STOP`, `CONT`.
    ///
    /// # Panics
    /// When the node has ended.
    #[track_caller]
    pub fn signal(&mut self, name: &str) {
        let ended = self.child.try_wait().expect("the state of a child can be asked");
        assert_eq!(ended, None, "the node has ended already:\n{}", self.log());
        assert!(signal::send(name, &[self.pid()]), "the node does not take {name}");
    }

    /// Waits for the end of the node.
    pub fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("a child can be waited for");
        self.log.wait();
        status
    }

    /// Starts a node with the same data directory, arguments and addresses, after this one has ended, so
    /// that links given out before mean the new one.
    ///
    /// # Panics
    /// As [`Launch::start`] does.
    #[track_caller]
    pub fn start_again(&mut self) -> Node {
        self.end();
        self.launch.start()
    }

    /// The same as one who looks after nodes does it: once more where it ends before it listens, as it does when the system
    /// database does not answer in time.
    ///
    /// # Panics
    /// When it never listens.
    #[track_caller]
    pub fn start_until_it_listens(&mut self) -> Node {
        self.end();
        let since = Instant::now();
        loop {
            match self.launch.run() {
                Ok(node) => return node,
                Err(why) => assert!(since.elapsed() < STUCK, "{why}"),
            }
        }
    }

    fn end(&mut self) {
        if !self.has_ended() {
            self.kill();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- node {:?} wrote:\n{}---", self.launch.args, self.log());
        }
    }
}

/// What a process writes, gathered by threads that end with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    text: Arc<Mutex<String>>,
    readers: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Log {
    pub(crate) fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until what a process that has ended wrote was read; not for children that it has left behind.
    pub(crate) fn wait(&self) {
        let deadline = Instant::now() + LAST_WORDS;
        let reading = || {
            let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.iter().any(|reader| !reader.is_finished())
        };
        while reading() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Gathers a stream line by line; also sends each line, until nobody wants them any more.
    pub(crate) fn follow(&self, stream: Option<impl Read + Send + 'static>, lines: Option<Sender<String>>) {
        let log = self.clone();
        let Some(stream) = stream else { return };
        let reader = std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                log.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(&format!("{text}\n"));
                if let Some(lines) = &lines {
                    let _ = lines.send(text);
                }
                line.clear();
            }
        });
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }
}
