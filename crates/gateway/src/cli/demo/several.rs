//! `demo --nodes N`: several nodes on one machine, each a process of its own, with one system database in a file.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use anyhow::Context as _;
use nextlink_results::keys::MasterKeys;
use rustix::process::{Pid, Signal, kill_process};

use super::super::out::say;
use crate::cluster::{self, Rule};
use crate::config::{Config, SystemUrl};

/// A node that runs.
struct Running {
    name: String,
    child: Child,
    /// Where it serves.
    base: String,
    config: PathBuf,
}

/// Starts the nodes, says what to try, and waits until all of them have ended or a signal ends them.
pub fn serve(mut config: Config, nodes: u16) -> anyhow::Result<()> {
    check_ports(&config, nodes)?;
    let dir = config.data_dir.join("cluster");
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let key_file = dir.join("keys");
    if !key_file.exists() {
        MasterKeys::make(&key_file)?;
    }
    let system = format!("sqlite:{}", dir.join("system.db").display());
    config.cluster.system = Some(SystemUrl::from(system));
    config.cluster.key_file = Some(key_file);
    share(&mut config)?;
    let mut running = Vec::new();
    for number in 0..nodes {
        match start(&dir, &config, number) {
            Ok(node) => running.push(node),
            Err(error) => {
                stop(&mut running);
                return Err(error);
            }
        }
    }
    let text = banner(&running);
    say!("{text}");
    let result = wait(&mut running);
    stop(&mut running);
    result
}

/// Has the sample served by all nodes, wherever it was at the last start.
fn share(config: &mut Config) -> anyhow::Result<()> {
    let connected = cluster::connect(config)?;
    let shared = connected.shared.context("the nodes are several")?;
    shared.put(&std::mem::take(&mut config.sources), Rule::Each)?;
    Ok(())
}

/// Writes the configuration of a node, starts it, and waits until it serves.
fn start(dir: &Path, common: &Config, number: u16) -> anyhow::Result<Running> {
    let name = format!("n{}", number + 1);
    let mut config = common.clone();
    config.data_dir = dir.join(&name);
    [config.server.listen, config.server.admin_listen, config.cluster.listen] = addresses(common, number);
    config.cluster.name = Some(name.clone());
    // Nobody in front of them has to notice.
    config.cluster.drain_grace_ms = 0;
    let file = dir.join(format!("{name}.toml"));
    std::fs::write(&file, toml::to_string(&config)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let mut child = Command::new(std::env::current_exe()?)
        .arg("serve")
        .arg("--config")
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start a node")?;
    let said = follow(&name, child.stdout.take().context("a node has no output")?);
    match said.recv() {
        Ok(base) => Ok(Running { name, child, base, config: file }),
        Err(_) => {
            let _ = child.wait();
            anyhow::bail!("the node {name} did not start; its configuration is {}", file.display())
        }
    }
}

/// Where a node of this number listens: for clients, for administration and for the others.
fn addresses(common: &Config, number: u16) -> [SocketAddr; 3] {
    let (server, cluster) = (&common.server, &common.cluster);
    [above(server.listen, number), below(server.admin_listen, number), above(cluster.listen, number)]
}

/// Refuses ports of which two nodes, or two listeners of one, would have the same.
fn check_ports(common: &Config, nodes: u16) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    let taken = (0..nodes).flat_map(|number| addresses(common, number)).filter(|address| address.port() > 0);
    for address in taken {
        anyhow::ensure!(
            seen.insert(address),
            "two listeners of the nodes would be at {address}: ports go up from --listen and --cluster-listen, and down \
             from --admin-listen, one for each node"
        );
    }
    Ok(())
}

/// The address for a node of this number; port 0 is any port for all.
fn above(first: SocketAddr, number: u16) -> SocketAddr {
    SocketAddr::new(first.ip(), if first.port() == 0 { 0 } else { first.port().saturating_add(number) })
}

/// Ports of the administration go down from the first one: above it are those for the other nodes.
fn below(first: SocketAddr, number: u16) -> SocketAddr {
    SocketAddr::new(first.ip(), if first.port() == 0 { 0 } else { first.port().saturating_sub(number) })
}

/// Shows what a node says; its public address, once it is known, is sent.
fn follow(name: &str, out: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    let name = name.to_owned();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            say!("{name}: {line}");
            if let Some(base) = line.strip_prefix("listening on ") {
                // It is wanted once.
                let _ = send.send(base.to_owned());
            }
        }
    });
    receive
}

fn banner(running: &[Running]) -> String {
    let mut text = String::from("\nThe sample company is served by several nodes as one service:\n\n");
    for node in running {
        let (name, base, process) = (&node.name, &node.base, node.child.id());
        text.push_str(&format!("  {name}  {base}/api/odata4/demo/  (process {process})\n"));
    }
    let (Some(first), Some(second)) = (running.first(), running.get(1)) else { return text };
    let (one, two, process) = (&first.base, &second.base, first.child.id());
    text.push_str(&format!(
        "
Try: the first page on one node, and its next page on another, which fetches it from the first.

  next=$(curl -s '{one}/api/odata4/demo/OrderItems' | grep -o '\"@odata.nextLink\":\"[^\"]*' | cut -d'\"' -f4)
  curl -s \"{two}${{next#{one}}}\" | tail -c 300

Then end the first node with kill -9 {process}, and ask again: the page comes all the same.

  nextlink nodes --config {}

Stop all with Ctrl-C, or one with kill and its process.",
        first.config.display()
    ));
    text
}

/// Waits for a signal that ends all, or for the end of all.
fn wait(running: &mut [Running]) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut look = tokio::time::interval(std::time::Duration::from_millis(200));
        let mut ended = vec![false; running.len()];
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = look.tick() => {
                    for (node, ended) in running.iter_mut().zip(&mut ended) {
                        if let (false, Some(status)) = (*ended, node.child.try_wait()?) {
                            say!("{}: ended ({status})", node.name);
                            *ended = true;
                        }
                    }
                    if ended.iter().all(|ended| *ended) {
                        return Ok(());
                    }
                }
            }
        }
    })
}

/// Asks all nodes that still run to end, and waits for that.
fn stop(running: &mut [Running]) {
    for node in running.iter_mut() {
        let pid = i32::try_from(node.child.id()).ok().and_then(Pid::from_raw);
        if let (Ok(None), Some(pid)) = (node.child.try_wait(), pid) {
            // It may end just now by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
    for node in running.iter_mut() {
        let _ = node.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_have_ports_of_their_own() {
        for (listen, admin, cluster, nodes, good) in [
            (8080, 8189, 8190, 9, true),
            (0, 0, 0, 9, true),
            (59_580, 59_582, 8_190, 2, false),
            (59_580, 59_582, 8_190, 1, true),
            (8080, 8189, 8082, 2, true),
            (8080, 8189, 8082, 3, false),
            (65_535, 8189, 8190, 2, false),
            (8080, 1, 8190, 3, true),
        ] {
            let mut config = Config::default();
            config.server.listen.set_port(listen);
            config.server.admin_listen.set_port(admin);
            config.cluster.listen.set_port(cluster);
            let checked = check_ports(&config, nodes);
            assert_eq!(checked.is_ok(), good, "{listen} {admin} {cluster} {nodes}: {checked:?}");
        }
    }
}
