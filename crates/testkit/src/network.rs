//! A network of a test: nodes in network namespaces of their own, that can be cut off from one another.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

/// Networks `10.213.N.0/24` that tests take one of.
const NETWORKS: std::ops::Range<u8> = 1..250;
/// Where tests ask nodes from.
const TEST: u8 = 254;
/// Where nodes find what runs outside.
const OUTSIDE: u8 = 253;

/// A bridge with some namespaces. All of it goes away with the value.
#[derive(Debug)]
pub struct Network {
    number: u8,
    nodes: usize,
}

impl Network {
    /// A network for so many nodes; nothing where that cannot be made, as it takes root and the rights to namespaces.
    ///
    /// # Panics
    /// When it can be begun and not be finished.
    pub fn make(nodes: usize) -> Option<Self> {
        if std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() != 0) {
            return None;
        }
        // The name of the bridge is what keeps two tests from one network.
        let free = |number: &u8| ip(&["link", "add", &bridge(*number), "type", "bridge"]);
        let mut networks = NETWORKS;
        let number = networks.find(free)?;
        let network = Self { number, nodes };
        let bridge = bridge(number);
        for host in [TEST, OUTSIDE] {
            must(&["address", "add", &format!("{}/24", network.address(host)), "dev", &bridge]);
        }
        must(&["link", "set", &bridge, "up"]);
        for node in 0..nodes {
            let (space, outer) = (network.space(node), network.outer(node));
            // Being root is not enough in every container; what was made goes away with the value.
            if !ip(&["netns", "add", &space]) || !ip(&["netns", "exec", &space, "iptables", "-w", "-L", "-n"])
            {
                return None;
            }
            must(&["link", "add", &outer, "type", "veth", "peer", "name", "eth0", "netns", &space]);
            must(&["link", "set", &outer, "master", &bridge, "up"]);
            let address = format!("{}/24", network.node(node));
            must(&["-n", &space, "address", "add", &address, "dev", "eth0"]);
            must(&["-n", &space, "link", "set", "eth0", "up"]);
            must(&["-n", &space, "link", "set", "lo", "up"]);
        }
        Some(network)
    }

    fn address(&self, host: u8) -> IpAddr {
        Ipv4Addr::new(10, 213, self.number, host).into()
    }

    /// The address of a node, counted from 0.
    pub fn node(&self, node: usize) -> IpAddr {
        self.address(u8::try_from(node + 1).expect("there are few nodes"))
    }

    /// Where nodes find what runs outside of their namespaces.
    pub fn outside(&self) -> IpAddr {
        self.address(OUTSIDE)
    }

    fn space(&self, node: usize) -> String {
        format!("nl{}n{node}", self.number)
    }

    fn outer(&self, node: usize) -> String {
        format!("nl{}v{node}", self.number)
    }

    /// What runs a command as a node.
    pub fn enter(&self, node: usize) -> Vec<String> {
        ["ip", "netns", "exec", &self.space(node)].map(str::to_owned).into()
    }

    /// Cuts a node off from an address in both directions: whatever is sent is lost without a word.
    ///
    /// # Panics
    /// When there is no iptables.
    #[track_caller]
    pub fn cut(&self, node: usize, address: IpAddr) {
        self.filter(node, "-A", address);
    }

    /// Undoes [`cut`](Self::cut).
    ///
    /// # Panics
    /// When it was not cut off.
    #[track_caller]
    pub fn mend(&self, node: usize, address: IpAddr) {
        self.filter(node, "-D", address);
    }

    #[track_caller]
    fn filter(&self, node: usize, what: &str, address: IpAddr) {
        let (space, address) = (self.space(node), address.to_string());
        for (chain, side) in [("INPUT", "-s"), ("OUTPUT", "-d")] {
            let rule = ["-w", what, chain, side, &address, "-j", "DROP"];
            let args = ["netns", "exec", &space, "iptables"].into_iter().chain(rule);
            let output = Command::new("ip").args(args).output().expect("ip runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "iptables {rule:?}: {said}; run `cargo xtask setup`");
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for node in 0..self.nodes {
            // With both of its ends; that of the namespace would outlive it for a moment.
            ip(&["link", "delete", &self.outer(node)]);
            ip(&["netns", "delete", &self.space(node)]);
        }
        ip(&["link", "delete", &bridge(self.number)]);
    }
}

fn bridge(number: u8) -> String {
    format!("nl{number}bridge")
}

fn ip(args: &[&str]) -> bool {
    let mut command = Command::new("ip");
    let run = command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

#[track_caller]
fn must(args: &[&str]) {
    let output = Command::new("ip").args(args).output().expect("ip runs");
    assert!(output.status.success(), "ip {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}
