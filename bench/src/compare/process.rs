//! Processes that are measured or do the measuring, on cores of their own, and ended with the comparison.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::source::Source;

/// How long a server may take until it accepts connections, to become idle, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// A server is idle when it used no processor time for so long; the kernel counts in steps of 10 ms.
const IDLE: Duration = Duration::from_millis(200);

/// All rounds store more than one user may by default.
const SETTINGS: &str = "[server]
admin_listen = \"127.0.0.1:0\"
[results]
node_mib = 65536
source_mib = 65536
user_mib = 65536
";

/// Where processes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cores {
    /// Wherever the system puts them.
    Any,
    /// Servers and raw scans on core 0, clients on core 1.
    Apart,
}

impl Cores {
    /// [`Cores::Apart`] where there are two cores and the program `taskset`.
    pub(super) fn detect() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let taskset = Command::new("taskset").arg("--version").stdout(Stdio::null()).status();
        if cores >= 2 && taskset.is_ok_and(|status| status.success()) { Self::Apart } else { Self::Any }
    }

    fn command(self, core: &str, program: &Path) -> Command {
        match self {
            Self::Any => Command::new(program),
            Self::Apart => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", core]).arg(program);
                command
            }
        }
    }

    /// A command on the servers' core.
    pub(super) fn server(self, program: &Path) -> Command {
        self.command("0", program)
    }

    /// A command on the clients' core.
    pub(super) fn client(self, program: &Path) -> Command {
        self.command("1", program)
    }
}

/// Runs a program that prints one line of JSON.
pub(super) fn measure(command: &mut Command) -> anyhow::Result<Value> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", output.status);
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?}"))
}

/// A server that is ended when this is dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// The bare server.
    pub(super) fn bare(programs: &Path, source: &Source, cores: Cores) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = cores.server(programs);
        command.arg("bare-server").arg(source.argument()).arg(address.to_string());
        Self::start(&mut command, address)
    }

    /// Nextlink with the database as the source `bench`.
    pub(super) fn nextlink(
        program: &Path,
        source: &Source,
        data: &Path,
        cores: Cores,
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = cores.server(program);
        fs::create_dir_all(data)?;
        let settings = data.join("bench.toml");
        fs::write(&settings, SETTINGS)?;
        command.arg("serve").arg(format!("bench={}", source.plain_argument())).arg("--config").arg(settings);
        command.arg("--listen").arg(address.to_string()).arg("--data-dir").arg(data);
        Self::start(&mut command, address)
    }

    fn start(command: &mut Command, address: SocketAddr) -> anyhow::Result<Self> {
        // What a server has to say must not mix with the table.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        let mut server = Self { child, address };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} has ended: {status}");
            }
            if start.elapsed() > PATIENCE {
                bail!("{command:?} does not listen on {address}");
            }
            sleep(POLL);
        }
        Ok(server)
    }

    /// The URL of a path, which begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until the server uses no processor time: until it has written what earlier requests began.
    pub(super) fn wait_until_idle(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut last = (self.ticks()?, Instant::now());
        while last.1.elapsed() < IDLE {
            if start.elapsed() > PATIENCE {
                bail!("the server does not become idle");
            }
            sleep(POLL);
            let ticks = self.ticks()?;
            if ticks != last.0 {
                last = (ticks, Instant::now());
            }
        }
        Ok(())
    }

    /// Processor time used so far, in ticks of the kernel: fields 14 and 15 of `/proc/PID/stat`.
    fn ticks(&self) -> anyhow::Result<u64> {
        let stat = self.proc("stat")?;
        // The name in parentheses may hold spaces.
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
        let mut times = fields.split_whitespace().skip(11);
        let mut next = || times.next().and_then(|field| field.parse::<u64>().ok()).context("/proc/PID/stat");
        Ok(next()? + next()?)
    }

    /// The greatest resident memory so far, in megabytes; pages of mapped files count.
    pub(super) fn peak_memory_mb(&self) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().context("VmHWM")?;
        Ok(kilobytes * 1_024.0 / 1e6)
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path).with_context(|| path.clone())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The standard library sends no SIGTERM. A server that does not end on it, or when there is no such
        // program, is killed; an error there means that it has ended.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().is_ok_and(|s| s.success());
        let start = Instant::now();
        while asked && start.elapsed() < PATIENCE / 6 && matches!(self.child.try_wait(), Ok(None)) {
            sleep(POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of this host that nobody listens on.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
