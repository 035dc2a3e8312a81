//! Networks that are cut, in network namespaces of their own: between two nodes, between one node and the system database,
//! between one node and all else. Packets are lost without a word.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::network::Network;
use nextlink_testkit::postgres;
use nextlink_testkit::proxy::Proxy;

use crate::copies::{CHANGE, Writer, copied};
use crate::faults::{generations, read, stable};
use crate::group::{SHORT, listed, plan};
use crate::site::{table, until};

/// A cluster in a network of its own, with the system database outside of it. Nodes end before what they are in.
struct Cut {
    cluster: Cluster,
    database: nextlink_testkit::server::Database,
    network: Arc<Network>,
}

impl Cut {
    /// Nothing where no network can be made.
    fn start(replicas: usize) -> Option<Cut> {
        let Some(network) = Network::make(3) else {
            println!("skipped: no network can be made here, as that takes root and the rights to namespaces");
            return None;
        };
        let database = postgres::server().database("partitions");
        let (user, at) = database.url().split_once('@').map(|(user, at)| (user.to_owned(), at.to_owned()))?;
        let (server, name) = at.split_once('/')?;
        let door = Proxy::start_at(network.outside());
        door.lead_to(server);
        let plan: Plan = plan(&table(3_000))
            .settings("[server]\nallow_anonymous_network = true")
            .system(&format!("{user}@{}/{name}?sslmode=disable", door.address()))
            .cluster(SHORT)
            .cluster(&format!("replicas = {replicas}"));
        let start = |number: usize| {
            let host = network.node(number).to_string();
            plan.launch_on(&host, number, "").through(&network.enter(number)).start()
        };
        let nodes = (0..3).map(start).collect();
        let cluster = Cluster { plan, nodes };
        cluster.acquainted();
        Some(Cut { cluster, database, network: Arc::new(network) })
    }

    /// Reads with a cut that lasts longer than two leases, and checks that all of it is of so many executions, and that afterwards
    /// all links mean on all nodes what they meant before.
    #[track_caller]
    fn check(mut self, what: &str, copies: usize, cuts: &[(usize, Peer)], executions: usize) {
        let writer = Writer::start(&self.cluster, CHANGE);
        let address = |peer: &Peer| match peer {
            Node(node) => self.network.node(*node),
            System => self.network.outside(),
        };
        let cuts: Vec<(usize, IpAddr)> = cuts.iter().map(|(node, peer)| (*node, address(peer))).collect();
        let mut mending = None;
        let (ledger, _) = read(&mut self.cluster, |turn, cluster| match turn {
            4 => {
                copied(cluster, copies);
                cuts.iter().for_each(|(node, other)| self.network.cut(*node, *other));
                let (network, cuts) = (Arc::clone(&self.network), cuts.clone());
                // Pages may be waited for as long as it is cut.
                mending = Some(std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_secs(8));
                    cuts.iter().for_each(|(node, other)| network.mend(*node, *other));
                }));
            }
            5..10 => std::thread::sleep(Duration::from_millis(800)),
            10 => mending.take().expect("it is cut").join().expect("it is mended"),
            _ => {}
        });
        drop(writer);
        assert_eq!(ledger.faults(&stable()), Vec::<String>::new(), "{what}");
        assert_eq!(generations(&ledger), executions, "{what}");
        until("all nodes are up again", || {
            let up = |node: &serde_json::Value| node["state"] == "up";
            let url = |node: usize| self.cluster.nodes[node].admin_url("/api/admin/system/nodes");
            let answers = |node: usize| nextlink_testkit::http::get(&url(node), &[]).status == 200;
            (0..3).all(|node| answers(node) && listed(&self.cluster.nodes[node]).iter().all(up))
        });
        // A node that was taken for lost learns within a few signs of life what became of its results.
        let headers = [("Prefer", "odata.maxpagesize=40")];
        let reread =
            |node: usize| ledger.reread(|url| Ok(crate::lost::patient(&self.cluster, node, url, &headers)));
        let since = Instant::now();
        while !reread(0).is_empty() && since.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(300));
        }
        for node in 0..3 {
            assert_eq!(reread(node), Vec::<String>::new(), "{what}: node {node}");
        }
        let numbers = self.database.query("SELECT max(generation) FROM results");
        assert_eq!(numbers, [[Some(executions.to_string())]], "{what}");
    }
}

/// What a node is cut off from.
#[derive(Clone, Copy)]
enum Peer {
    Node(usize),
    System,
}

use Peer::{Node, System};

#[test]
fn two_nodes_do_not_reach_one_another() {
    for (what, replicas) in [("a copy", 1), ("none", 0)] {
        let Some(cut) = Cut::start(replicas) else { return };
        // Without a copy the node that is cut off from the owner waits, and the other one does not.
        cut.check(what, replicas, &[(0, Node(1))], 1);
    }
}

#[test]
fn a_node_does_not_reach_the_system_database() {
    for (what, replicas) in [("a copy", 1), ("none", 0)] {
        for node in 0..2 {
            let Some(cut) = Cut::start(replicas) else { return };
            // It serves what it has, and others ask it as before.
            cut.check(&format!("{what}, node {node}"), replicas, &[(node, System)], 1);
        }
    }
}

#[test]
fn a_node_reaches_nobody() {
    // The owner: where there is a copy nobody notices, else it is taken for lost.
    for (what, replicas, executions) in [("a copy", 1, 1), ("none", 0, 2)] {
        let Some(cut) = Cut::start(replicas) else { return };
        cut.check(what, replicas, &[(0, Node(1)), (0, Node(2)), (0, System)], executions);
    }
}
