//! Load balancers: HAProxy and nginx from the operating system, as processes of the test on ports of their own.

use crate::node::Log;
use crate::ports::Port;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a load balancer may take to listen before the test is considered stuck.
const STUCK: Duration = Duration::from_secs(60);

/// A load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// HAProxy.
    Haproxy,
    /// nginx; a configuration is what stands in its http context.
    Nginx,
}

/// The ports of a load balancer.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// For HTTP.
    pub http: u16,
    /// For HTTPS.
    pub https: u16,
}

/// A running load balancer. Dropping it kills it; if the test is failing, what it wrote is shown.
#[derive(Debug)]
pub struct Balancer {
    program: Program,
    child: Child,
    log: Log,
    ports: Ports,
    base: String,
    _claims: [Port; 2],
    _dir: TempDir,
}

impl Balancer {
    /// Starts a load balancer with the configuration that is made for its ports, and waits until it listens for HTTP.
    ///
    /// # Panics
    /// When it does not start; with what it wrote.
    #[track_caller]
    pub fn start(program: Program, make: impl FnOnce(Ports) -> String) -> Self {
        let claims = [Port::claim(), Port::claim()];
        let ports = Ports { http: claims[0].number(), https: claims[1].number() };
        launch(program, claims, ports, &make(ports))
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its ports.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// All that it has written so far.
    pub fn log(&self) -> String {
        self.log.text()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {:?} wrote:\n{}---", self.program, self.log());
        }
    }
}

/// Makes a key and a certificate for `host` that has signed itself, in one file.
///
/// # Panics
/// When it cannot be made or written.
#[track_caller]
pub fn certificate(host: &str, dir: &Path) -> PathBuf {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate can be made");
    let file = dir.join("nextlink.pem");
    let text = [made.cert.pem(), made.signing_key.serialize_pem()].concat();
    std::fs::write(&file, text).expect("a certificate can be written");
    file
}

#[track_caller]
fn launch(program: Program, claims: [Port; 2], ports: Ports, text: &str) -> Balancer {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let file = dir.path().join("configuration");
    let mut command = match program {
        Program::Haproxy => {
            std::fs::write(&file, text).expect("the configuration can be written");
            let mut command = Command::new("/usr/sbin/haproxy");
            command.arg("-db").arg("-f").arg(&file);
            command
        }
        Program::Nginx => {
            std::fs::write(&file, nginx(dir.path(), text)).expect("the configuration can be written");
            let mut command = Command::new("/usr/sbin/nginx");
            command.args(["-e", "stderr", "-p"]).arg(dir.path()).arg("-c").arg(&file);
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let advice = "`cargo xtask setup` installs it";
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program:?}: {error}; {advice}"));
    let log = Log::default();
    log.follow(child.stdout.take(), None);
    log.follow(child.stderr.take(), None);
    let base = format!("http://127.0.0.1:{}", ports.http);
    let mut balancer = Balancer { program, child, log, ports, base, _claims: claims, _dir: dir };
    let deadline = Instant::now() + STUCK;
    loop {
        if balancer.child.try_wait().expect("the state of a child can be asked").is_some() {
            balancer.log.wait();
            panic!("{program:?} does not start:\n{}", balancer.log());
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, ports.http)).is_ok() {
            return balancer;
        }
        assert!(Instant::now() < deadline, "{program:?} does not listen:\n{}", balancer.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What stands around the http context, so that one process writes nowhere but to its own folder.
fn nginx(dir: &Path, text: &str) -> String {
    let dir = dir.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("    {what}_temp_path {dir}/{what};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {dir}/pid;\nevents {{}}\n\
         http {{\n    access_log off;\n{temporary}{text}\n}}\n"
    )
}
