//! Disks of nodes that are full or take nothing any more, and few file handles: of the owner, or of the node with the copy.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::ledger::{Expected, Ledger, read_with};

use crate::copies::{Writer, copied};
use crate::group::{PROGRAM, QUICK, ROOT, first_page, follow, plan};
use crate::lost::patient;
use crate::site::{big_table, metric, prefer, row, table, until};

/// Rows of the large table.
const ROWS: u64 = 20_000;
/// What is changed in it all the time, and not read.
const CHANGE: &str = "UPDATE Big SET Pad = substr(hex(randomblob(150)), 1, 300) WHERE Id % 1000 = 7";
const PATH: &str = "Big?$orderby=Id&$filter=Id%20mod%201000%20ne%207";

fn expected() -> Expected {
    Expected::keys("Id", (1..=ROWS).filter(|id| id % 1000 != 7))
}

fn sql() -> String {
    table(500) + &big_table(ROWS, 300)
}

/// A file system of its own; goes away with the value.
struct Disk(PathBuf);

impl Disk {
    /// So many MiB of ext4 in a file beside it; nothing where that cannot be mounted.
    fn mount(at: &Path, mib: usize) -> Option<Disk> {
        std::fs::create_dir_all(at).expect("a directory");
        let image = at.with_extension("image");
        let file = std::fs::File::create(&image).expect("a file");
        file.set_len((mib << 20) as u64).expect("room");
        let run = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
        let made = run(Command::new("/sbin/mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image));
        let mount = || run(Command::new("mount").args(["-o", "loop,errors=remount-ro"]).arg(&image).arg(at));
        (made && mount()).then(|| Disk(at.to_owned()))
    }

    /// Takes nothing any more from now on, as after an error of the device.
    fn abort(&self) {
        let done = Command::new("mount").args(["-o", "remount,abort"]).arg(&self.0).output();
        assert!(done.is_ok_and(|output| output.status.success()), "it can be remounted");
        until("nothing can be written", || std::fs::write(self.0.join("x"), "x").is_err());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a failing test may leave a node that has files open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Reads a large result of the first node through all nodes; `at` is told the number of the page.
fn read(cluster: &mut Cluster, mut at: impl FnMut(usize, &mut Cluster)) -> Ledger {
    let (maximum, mut turn) = (prefer(500), 0);
    read_with(&Cluster::url(&[ROOT, PATH].concat()), |url| {
        at(turn, cluster);
        let node = if turn == 0 { 0 } else { turn % cluster.nodes.len() };
        turn += 1;
        Ok(patient(cluster, node, url, &[("Prefer", &maximum)]))
    })
}

/// The page at which a result ends that had no room, if there is one.
fn cut(ledger: &Ledger) -> Option<usize> {
    ledger.entries.iter().position(|entry| entry.answer.json()["@Nextlink.Snapshot"] == false)
}

#[test]
fn the_disk_of_the_owner_is_full() {
    let plan = plan(&sql()).cluster(QUICK);
    let Some(disk) = Disk::mount(&plan.data_dir(0), 4) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    without_room(plan);
    drop(disk);
}

#[test]
fn what_the_owner_may_use_of_its_disk_is_full() {
    let plan = Plan::new(PROGRAM).cluster(QUICK).cluster("drain_grace_ms = 100");
    let source = plan.dir().join("s.db");
    crate::group::source(&source, &sql());
    let source = source.display();
    without_room(plan.settings(&format!(
        "[results]\nmin_free_mib = 0\nresult_mib = 2\n[sources.s]\nurl = \"sqlite:{source}\""
    )));
}

/// Where the owner has no room, the reading goes on by a `$skip` link, and says so.
fn without_room(plan: Plan) {
    let mut cluster = plan.start(3);
    let writer = Writer::start(&cluster, CHANGE);
    let ledger = read(&mut cluster, |_, _| {});
    drop(writer);
    assert_eq!(ledger.faults(&expected()), Vec::<String>::new());
    let cut = cut(&ledger).expect("it did not find room");
    assert!(cut > 2, "{cut} pages were stored");
    let next = ledger.entries[cut].next.as_deref().unwrap_or_default();
    assert!(next.contains("$skip="), "{next}");
    let headers = [("Prefer", &*prefer(500))];
    let mut stored = ledger;
    stored.entries.truncate(cut + 1);
    for node in 0..3 {
        assert_eq!(
            stored.reread(|url| cluster.ask(node, url, &headers)),
            Vec::<String>::new(),
            "node {node}"
        );
    }
}

/// Where the node with the copy has no room, or its disk takes nothing any more, the result is whole without.
#[test]
fn the_disk_of_the_copy_is_full_or_read_only() {
    for broken in [false, true] {
        let plan = plan(&sql()).cluster(QUICK);
        let Some(disk) = Disk::mount(&plan.data_dir(1), if broken { 64 } else { 4 }) else {
            println!("skipped: no file system can be mounted here");
            return;
        };
        let mut cluster = plan.start(2);
        let writer = Writer::start(&cluster, CHANGE);
        if broken {
            disk.abort();
        }
        let ledger = read(&mut cluster, |_, _| {});
        drop(writer);
        assert_eq!(ledger.faults(&expected()), Vec::<String>::new(), "broken: {broken}");
        assert_eq!(cut(&ledger), None, "broken: {broken}");
        let given_up = "nextlink_copies_given_up_total";
        until("the copy is given up", || metric(&cluster.nodes[0], given_up) >= 1.0);
        drop(cluster);
    }
}

/// The disk of a node takes nothing any more: what lies there is read as ever, and new results are paged without.
#[test]
fn a_disk_that_becomes_read_only() {
    let plan = plan(&sql()).cluster(QUICK);
    let Some(disk) = Disk::mount(&plan.data_dir(0), 64) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let mut cluster = plan.start(3);
    let writer = Writer::start(&cluster, CHANGE);
    let ledger = read(&mut cluster, |turn, cluster| {
        if turn == 4 {
            copied(cluster, 1);
            disk.abort();
        }
    });
    assert_eq!((ledger.faults(&expected()), cut(&ledger)), (Vec::new(), None));
    let headers = [("Prefer", &*prefer(500))];
    for node in 0..3 {
        assert_eq!(
            ledger.reread(|url| cluster.ask(node, url, &headers)),
            Vec::<String>::new(),
            "node {node}"
        );
    }
    let anew = read(&mut cluster, |_, _| {});
    drop(writer);
    assert_eq!(anew.faults(&expected()), Vec::<String>::new());
    assert_eq!(cut(&anew), Some(0), "its first page says that the rest is of another moment");
    drop(cluster);
}

/// Nodes with 256 file handles hold more results than that, and one that has none left is helped out.
#[test]
fn few_file_handles() {
    const RESULTS: usize = 300;
    let plan = plan(&table(500)).cluster(QUICK);
    let few = ["sh", "-c", "ulimit -n 256 && exec \"$0\" \"$@\""];
    let nodes = (0..3).map(|number| plan.launch(number, "").through(&few).start()).collect();
    let cluster = Cluster { plan, nodes };
    cluster.acquainted();
    let links: Vec<String> =
        (0..RESULTS).map(|_| first_page(&cluster, 0, "T?$orderby=Id&$top=250", 100).1).collect();
    copied(&cluster, 1);
    let check = |nodes: &[usize], links: &[String]| {
        std::thread::scope(|scope| {
            for reader in 0..24 {
                let cluster = &cluster;
                scope.spawn(move || {
                    for (turn, link) in links.iter().enumerate().skip(reader).step_by(24) {
                        let answer = follow(cluster, nodes[turn % nodes.len()], link);
                        assert_eq!(answer.status, 200, "{}", answer.text());
                        assert_eq!(answer.json()["value"][0], row(101));
                    }
                });
            }
        });
    };
    check(&[0, 1, 2], &links);
    // Connections that nobody uses take all handles of the owner; those of clients leave it some.
    let admin = cluster.nodes[0].admin_url("");
    let address = admin.trim_start_matches("http://").parse().expect("an address");
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(500)).ok();
    let idle: Vec<TcpStream> = (0..300).map_while(connect).collect();
    assert!(idle.len() > 100, "{} connections", idle.len());
    let handles = format!("/proc/{}/fd", cluster.nodes[0].pid());
    let open = || std::fs::read_dir(&handles).expect("it runs").count();
    until("it has no handle left", || open() >= 255);
    check(&[1, 2], &links[..100]);
    drop(idle);
    check(&[0, 1, 2], &links);
}
