//! Faults between nodes and of nodes, with and without copies, while the source is changed: every reading is whole. This
//! table says which test makes sure of which fault.
//!
//! | fault | tests |
//! |---|---|
//! | owner killed between pages, or paused for good | `copies::a_killed_or_paused_owner_is_not_missed` |
//! | owner killed right behind the first page | `lost::an_owner_that_is_killed_at_once` |
//! | owner killed without a copy, again and again | `lost::a_lost_result_is_read_on`, `lost::readers_go_on_where_they_were_however_often` |
//! | owner paused shorter and longer than its lease | `faults::a_paused_owner_without_copies` |
//! | owner restarted with and without its disk | `faults::an_owner_that_is_restarted_with_and_without_its_disk` |
//! | node with a copy lost, then the owner | `copies::a_copy_that_is_lost_is_made_anew` |
//! | connection refused, cut, reset in mid page, silent, slow | `faults::faults_between_nodes_are_not_noticed_where_there_is_a_copy`, `faults::a_node_that_lives_is_not_replaced` |
//! | partition between two nodes, of one from the system database, of one from all | `partitions` |
//! | system database down, for many leases, or with the owner | `outages::the_system_database_is_down_for_a_while`, `faults::an_owner_is_lost_while_the_system_database_is_down` |
//! | clocks of nodes an hour off | `outages::clocks_of_nodes_are_off_by_an_hour` |
//! | key rotation | `outages::keys_are_changed_while_a_result_is_read`, `internal::keys_are_changed_node_by_node` |
//! | certificates changed, foreign, none | `tls` |
//! | disk full, or read only, of the owner or of the node with the copy | `disks` |
//! | few file handles | `disks::few_file_handles` |
//! | hundreds of results expiring at once, after which nothing is left | `expiry` |
//! | node drained under load, rolling restart | `drain` |
//! | calls forged, replayed, unsigned; rows that point elsewhere; two processes on one directory | `internal`, `membership` |
//! | slow client, quota, damage of any byte, tokens altered or of somebody else | the tests `paging`, and those of the crate `results` |

use std::time::{Duration, Instant};

use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::http;
use nextlink_testkit::ledger::{Expected, Ledger, read_with};
use nextlink_testkit::postgres;
use nextlink_testkit::proxy::{Behaviour, Proxy};

use crate::copies::{CHANGE, Writer, copied, registered};
use crate::group::{LONG, QUICK, ROOT, SOONER, plan};
use crate::lost::{ALONE, patient};
use crate::site::{prefer, rows, table, until};

/// Rows that nobody changes.
const PATH: &str = "T?$orderby=Id&$filter=Id%20le%20600%20and%20Id%20mod%2050%20ne%207";

pub fn stable() -> Expected {
    rows((1..=600).filter(|id| id % 50 != 7))
}

/// Nodes that reach one another through proxies.
fn proxied(plan: &Plan, nodes: usize) -> (Cluster, Vec<Proxy>) {
    let proxies: Vec<Proxy> = (0..nodes).map(|_| Proxy::start()).collect();
    let start = |(number, proxy): (usize, &Proxy)| {
        let node = plan.launch(number, &format!("address = \"{}\"", proxy.address())).start();
        proxy.lead_to(node.cluster_base());
        node
    };
    let nodes = proxies.iter().enumerate().map(start).collect();
    let cluster = Cluster { plan: plan.clone(), nodes };
    cluster.acquainted();
    (cluster, proxies)
}

/// How long a call to the system database waits where nobody answers, at most.
const CALL: Duration = Duration::from_secs(5);

/// That pages did not wait for the system database, by the times that they took.
#[track_caller]
pub fn none_waited(times: &[Duration], what: &str) {
    let mean = times.iter().sum::<Duration>() / times.len() as u32;
    assert!(mean < CALL, "{what}: {times:?}");
}

/// Reads a result of the first node through the others; `at` is told the number of the page that is asked for. Gives the
/// times that the pages behind the first one took, too.
pub fn read(cluster: &mut Cluster, mut at: impl FnMut(usize, &mut Cluster)) -> (Ledger, Vec<Duration>) {
    let (mut turn, mut times) = (0, Vec::new());
    let maximum = prefer(40);
    let ledger = read_with(&Cluster::url(&[ROOT, PATH].concat()), |url| {
        at(turn, cluster);
        let node = if turn == 0 { 0 } else { 1 + turn % (cluster.nodes.len() - 1) };
        let asked = Instant::now();
        let answer = patient(cluster, node, url, &[("Prefer", &maximum)]);
        if turn > 0 {
            times.push(asked.elapsed());
        }
        turn += 1;
        Ok(answer)
    });
    (ledger, times)
}

pub fn generations(ledger: &Ledger) -> usize {
    let of = |answer: &http::Answer| answer.header("nextlink-generation").map(str::to_owned);
    let mut all: Vec<_> = ledger.entries.iter().map(|entry| of(&entry.answer)).collect();
    all.dedup();
    all.len()
}

const FAULTS: [Behaviour; 6] = [
    Behaviour::Refuse,
    Behaviour::Hole,
    Behaviour::CutAfter(0),
    Behaviour::CutAfter(1_500),
    Behaviour::ResetAfter(1_500),
    Behaviour::Trickle(300),
];

/// With a copy nobody notices; not even slowly.
#[test]
fn faults_between_nodes_are_not_noticed_where_there_is_a_copy() {
    let (mut cluster, proxies) = proxied(&plan(&table(3_000)).cluster(LONG), 3);
    let writer = Writer::start(&cluster, CHANGE);
    for fault in FAULTS {
        let (ledger, times) = read(&mut cluster, |turn, cluster| match turn {
            4 => {
                copied(cluster, 1);
                proxies[0].behave(fault);
            }
            10 => proxies[0].behave(Behaviour::Pass),
            _ => {}
        });
        assert_eq!(ledger.faults(&stable()), Vec::<String>::new(), "{fault:?}");
        assert_eq!(generations(&ledger), 1, "{fault:?}");
        assert!(times.iter().all(|time| *time < SOONER), "{fault:?}: the owner was waited for: {times:?}");
    }
    drop(writer);
}

/// Without a copy a node that lives and cannot be reached is waited for, and never replaced.
#[test]
fn a_node_that_lives_is_not_replaced() {
    let (mut cluster, proxies) = proxied(&plan(&table(3_000)).cluster(ALONE), 3);
    let writer = Writer::start(&cluster, CHANGE);
    for fault in FAULTS {
        let (ledger, _) = read(&mut cluster, |turn, _| {
            if turn == 4 {
                proxies[0].behave(fault);
                let lifting = proxies[0].clone();
                // Longer than the lease lasts.
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(3_500));
                    lifting.behave(Behaviour::Pass);
                });
            }
        });
        proxies[0].behave(Behaviour::Pass);
        assert_eq!(ledger.faults(&stable()), Vec::<String>::new(), "{fault:?}");
        assert_eq!(generations(&ledger), 1, "{fault:?}");
    }
    drop(writer);
    let numbers = registered(&cluster, "generation");
    assert!(numbers.iter().all(|number| number.as_deref() == Some("1")), "{numbers:?}");
}

/// Paused shorter than its lease, a node is waited for; longer, and others read on. When it goes on, links mean what
/// they have come to mean.
#[test]
fn a_paused_owner_without_copies() {
    for (what, pause, executions) in [("shorter", 500, 1), ("longer", 8_000, 2)] {
        let mut cluster = plan(&table(3_000)).cluster(ALONE).start(3);
        let writer = Writer::start(&cluster, CHANGE);
        let mut waking = None;
        let (ledger, _) = read(&mut cluster, |turn, cluster| {
            if turn == 4 {
                cluster.nodes[0].signal("STOP");
                let pid = cluster.nodes[0].pid();
                waking = Some(std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(pause));
                    let mut wake = std::process::Command::new("sh");
                    let woken = wake.args(["-c", &format!("kill -CONT {pid}")]).status();
                    assert!(woken.is_ok_and(|status| status.success()));
                }));
            }
        });
        waking.expect("it was paused").join().expect("it goes on");
        drop(writer);
        assert_eq!(ledger.faults(&stable()), Vec::<String>::new(), "{what}");
        assert_eq!(generations(&ledger), executions, "{what}");
        let headers = [("Prefer", "odata.maxpagesize=40")];
        let again = |node: usize| ledger.reread(|url| cluster.ask(node, url, &headers));
        // It knows again within a few signs of life.
        until("the owner knows what became of its result", || again(0).is_empty());
        for node in 0..3 {
            assert_eq!(again(node), Vec::<String>::new(), "{what}: node {node}");
        }
    }
}

/// A node comes back with what it had, or as a new one with nothing.
#[test]
fn an_owner_that_is_restarted_with_and_without_its_disk() {
    for (disk, copies, executions) in [(true, 0, 1), (true, 1, 1), (false, 0, 2), (false, 1, 1)] {
        let lines = ALONE.replace("replicas = 0", &format!("replicas = {copies}"));
        let mut cluster = plan(&table(3_000)).cluster(&lines).start(3);
        let writer = Writer::start(&cluster, CHANGE);
        let (ledger, _) = read(&mut cluster, |turn, cluster| {
            if turn == 4 {
                copied(cluster, copies);
                cluster.nodes[0].kill();
                if !disk {
                    std::fs::remove_dir_all(cluster.plan.data_dir(0)).expect("it can be removed");
                }
                let again = cluster.nodes[0].start_again();
                cluster.nodes[0] = again;
            }
        });
        drop(writer);
        let what = format!("disk: {disk}, copies: {copies}");
        assert_eq!(ledger.faults(&stable()), Vec::<String>::new(), "{what}");
        assert_eq!(generations(&ledger), executions, "{what}");
        let headers = [("Prefer", "odata.maxpagesize=40")];
        // What was read of an execution that is lost for good cannot be read again.
        let lost = |url: &str| {
            let entry = ledger.entries.iter().find(|entry| entry.url == url).filter(|_| executions > 1);
            entry.filter(|entry| entry.answer.header("nextlink-generation").is_none())
        };
        for node in 0..3 {
            let again = ledger.reread(|url| {
                lost(url).map_or_else(|| cluster.ask(node, url, &headers), |entry| Ok(entry.answer.clone()))
            });
            assert_eq!(again, Vec::<String>::new(), "{what}: node {node}");
        }
    }
}

/// The system database is down, and then the owner of a result is, too.
#[test]
fn an_owner_is_lost_while_the_system_database_is_down() {
    let mut server = postgres::private();
    let ca = format!("system_ca = \"{}\"", server.ca().display());
    let plan = plan(&table(3_000)).system(&server.url("postgres")).cluster(QUICK).cluster(&ca);
    let mut cluster = plan.start(3);
    let (ledger, times) = read(&mut cluster, |turn, cluster| match turn {
        4 => {
            copied(cluster, 1);
            server.kill();
        }
        8 => cluster.nodes[0].kill(),
        _ => {}
    });
    assert_eq!(ledger.faults(&stable()), Vec::<String>::new());
    assert_eq!(generations(&ledger), 1);
    none_waited(&times, "lost");
}
