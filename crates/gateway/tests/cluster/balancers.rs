//! The configurations of load balancers that are shipped, as they are shipped, in front of three nodes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use nextlink_testkit::balancer::{Balancer, Program, certificate};
use nextlink_testkit::cluster::{Cluster, HOST, ask};
use nextlink_testkit::http::{self, Answer, HttpError};
use nextlink_testkit::ledger::{Expected, Ledger, read_with};
use nextlink_testkit::node::Node;
use serde_json::Value;

use crate::copies::copied;
use crate::group::{QUICK, ROOT, plan, slow_to_end};
use crate::site::{metric, prefer, rows, table, until};

/// Which clients come to the node that holds their result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direct {
    /// All.
    All,
    /// Those that keep cookies.
    Cookies,
    /// None but by chance.
    None,
}

/// What is shipped.
const SHIPPED: &[(Program, &str, Direct)] = &[
    (Program::Haproxy, "haproxy/haproxy.cfg", Direct::All),
    (Program::Haproxy, "haproxy/insert.cfg", Direct::Cookies),
    (Program::Haproxy, "haproxy/prefix.cfg", Direct::Cookies),
    (Program::Haproxy, "haproxy/stick.cfg", Direct::Cookies),
    (Program::Nginx, "nginx/nextlink.conf", Direct::All),
    (Program::Nginx, "nginx/skiptoken.conf", Direct::All),
    (Program::Nginx, "nginx/cookie.conf", Direct::Cookies),
    (Program::Nginx, "nginx/round-robin.conf", Direct::None),
];

/// The text of a file of `deploy`.
fn shipped(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Replaces what has to be there.
#[track_caller]
fn put(text: &mut String, what: &str, by: &str) {
    assert!(text.contains(what), "the configuration has no '{what}'");
    *text = text.replace(what, by);
}

/// The host and port of an address such as `http://127.0.0.1:8080`.
fn host(base: &str) -> &str {
    base.trim_start_matches("http://")
}

/// Starts what is shipped, with its addresses replaced by those of the nodes, and with the lines that bear one of the
/// `marks`.
#[track_caller]
pub fn start(cluster: &Cluster, program: Program, file: &str, marks: &[&str]) -> Balancer {
    start_text(cluster, program, &shipped(file), marks)
}

/// The same with a text that may be another one.
#[track_caller]
fn start_text(cluster: &Cluster, program: Program, text: &str, marks: &[&str]) -> Balancer {
    Balancer::start(program, |ports| {
        let mut text = text.to_owned();
        for (number, node) in cluster.nodes.iter().enumerate() {
            let public = format!("172.30.8.1{}:8080", number + 1);
            let admin = node.admin_url("");
            let port = host(&admin).rsplit(':').next().unwrap_or_default();
            if program == Program::Haproxy {
                let checked = format!("{public} check port 8189");
                put(&mut text, &checked, &format!("{} check port {port}", host(node.base())));
            } else {
                put(&mut text, &public, host(node.base()));
            }
        }
        match program {
            Program::Haproxy => put(&mut text, "bind :8080", &format!("bind 127.0.0.1:{}", ports.http)),
            Program::Nginx => put(&mut text, "listen 8080;", &format!("listen 127.0.0.1:{};", ports.http)),
        }
        for mark in marks {
            put(&mut text, &format!("# {mark}: "), "");
        }
        if marks.contains(&"tls") {
            let file = certificate(HOST, cluster.plan.dir()).display().to_string();
            match program {
                Program::Haproxy => {
                    put(&mut text, "bind :8443", &format!("bind 127.0.0.1:{}", ports.https));
                    put(&mut text, "/etc/haproxy/nextlink.pem", &file);
                }
                Program::Nginx => {
                    put(&mut text, "listen 8443", &format!("listen 127.0.0.1:{}", ports.https));
                    put(&mut text, "/etc/nginx/nextlink.pem", &file);
                }
            }
        }
        text
    })
}

/// Three nodes that believe a load balancer on this machine.
fn three(sql: &str) -> Cluster {
    plan(sql).cluster(QUICK).settings("[server]\ntrusted_proxies = [\"127.0.0.1\"]").start(3)
}

/// A client: one that keeps cookies, or does not, and that encodes the dollar of options, or does not.
#[derive(Clone, Copy, Debug)]
struct Client {
    cookies: bool,
    encodes: bool,
}

const CLIENTS: [Client; 4] = [
    Client { cookies: false, encodes: false },
    Client { cookies: false, encodes: true },
    Client { cookies: true, encodes: false },
    Client { cookies: true, encodes: true },
];

impl Client {
    /// Reads all pages through a load balancer.
    fn read(self, balancer: &Balancer, path: &str, page_rows: u64) -> Ledger {
        let jar: RefCell<BTreeMap<String, String>> = RefCell::default();
        let maximum = prefer(page_rows);
        read_with(&Cluster::url(path), |url| {
            let sent: Vec<_> = jar.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
            let sent = sent.join("; ");
            let mut headers = vec![("Prefer", maximum.as_str())];
            if self.cookies && !sent.is_empty() {
                headers.push(("Cookie", &sent));
            }
            let url = if self.encodes { url.replace("$skiptoken", "%24skiptoken") } else { url.to_owned() };
            let answer = ask(balancer.base(), &url, &headers)?;
            for set in answer.headers_named("set-cookie") {
                let pair = set.split(';').next().unwrap_or_default();
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                jar.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
            Ok::<Answer, HttpError>(answer)
        })
    }
}

/// Pages that were asked of the nodes that hold them, and of others.
fn asked(cluster: &Cluster) -> (f64, f64) {
    let total = |name| cluster.nodes.iter().map(|node| metric(node, name)).sum::<f64>();
    let own = total("nextlink_own_pages_total");
    (own, total("nextlink_requests_total{kind=\"page\",status=\"2xx\"}") - own)
}

#[test]
fn pages_come_straight_from_their_owner() {
    let cluster = three(&table(1_000));
    for (program, file, direct) in SHIPPED {
        let balancer = start(&cluster, *program, file, &[]);
        for client in CLIENTS {
            let before = asked(&cluster);
            for turn in 0..4 {
                let ledger = client.read(&balancer, &[ROOT, "T?$orderby=Id&$count=true"].concat(), 50);
                let faults = ledger.faults(&rows(1..=1_000));
                assert!(faults.is_empty(), "{file}, {client:?}, turn {turn}: {faults:?}");
            }
            let after = asked(&cluster);
            let (own, other) = (after.0 - before.0, after.1 - before.1);
            assert_eq!(own + other, 4.0 * 19.0, "{file}, {client:?}");
            let straight = *direct == Direct::All || (*direct == Direct::Cookies && client.cookies);
            assert_eq!(other == 0.0, straight, "{file}, {client:?}: {own} from the owner, {other} by others");
            println!("{file}, {client:?}: {own} straight, {other} fetched");
        }
    }
}

/// Two clients that keep cookies and read at the same time do not lead each other astray.
#[test]
fn clients_with_cookies_read_at_the_same_time() {
    let cluster = three(&table(1_000));
    for (program, file, direct) in SHIPPED.iter().filter(|(_, _, direct)| *direct != Direct::None) {
        let balancer = start(&cluster, *program, file, &[]);
        let before = asked(&cluster);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let client = Client { cookies: true, encodes: false };
                    let ledger = client.read(&balancer, &[ROOT, "T?$orderby=Id"].concat(), 50);
                    let faults = ledger.faults(&rows(1..=1_000));
                    assert!(faults.is_empty(), "{file}: {faults:?}");
                });
            }
        });
        assert_eq!(asked(&cluster).1, before.1, "{file}, {direct:?}");
    }
}

/// What looks like affinity, and is none: the manual warns of it.
#[test]
fn traps_are_traps() {
    let cluster = three(&table(1_000));
    let client = Client { cookies: true, encodes: false };
    let stick = shipped("haproxy/stick.cfg");
    let learnt = |line: &&str| !line.trim_start().starts_with("stick store-response");
    let on_request = stick.lines().filter(learnt).collect::<Vec<_>>().join("\n") + "\n";
    let cases = [
        ("stick on the cookie of requests", on_request.replace("stick match", "stick on")),
        (
            "a hash of the cookie",
            shipped("haproxy/haproxy.cfg")
                .replace("balance roundrobin", "balance hdr(Cookie)")
                .replace("use-server", "# use-server"),
        ),
    ];
    for (what, text) in cases {
        let balancer = start_text(&cluster, Program::Haproxy, &text, &[]);
        let before = asked(&cluster);
        for _ in 0..4 {
            let ledger = client.read(&balancer, &[ROOT, "T?$orderby=Id"].concat(), 50);
            let faults = ledger.faults(&rows(1..=1_000));
            assert!(faults.is_empty(), "{what}: {faults:?}");
        }
        assert!(asked(&cluster).1 > before.1 + 10.0, "{what} gives affinity");
    }
}

/// What else a client asks while it reads goes to the node of its result, too, where there is a cookie.
#[test]
fn cookies_lead_other_requests() {
    let cluster = three(&table(300));
    let reads = |node: &Node| metric(node, "nextlink_requests_total{kind=\"read\",status=\"2xx\"}");
    let maximum = prefer(100);
    for (program, file, direct) in SHIPPED {
        let balancer = start(&cluster, *program, file, &[]);
        let url = Cluster::url(&[ROOT, "T?$orderby=Id"].concat());
        let first = ask(balancer.base(), &url, &[("Prefer", &maximum)]).expect("an answer");
        let sent: Vec<_> =
            first.headers_named("set-cookie").filter_map(|set| set.split(';').next()).collect();
        let (sent, next) = (sent.join("; "), links(&first).0);
        let owner = next.split_once("$skiptoken=n").and_then(|(_, rest)| rest[..1].parse::<usize>().ok());
        let owner = &cluster.nodes[owner.expect("a route") - 1];
        let before = reads(owner);
        for id in 1..=6 {
            let url = Cluster::url(&format!("{ROOT}T({id})"));
            assert_eq!(ask(balancer.base(), &url, &[("Cookie", &sent)]).expect("an answer").status, 200);
        }
        let came = reads(owner) - before;
        let led = *direct != Direct::None && *file != "nginx/skiptoken.conf";
        assert_eq!(came == 6.0, led, "{file}: {came} of 6 came to {}", owner.name());
    }
}

/// The first link of a page, and its context.
#[track_caller]
fn links(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let page = answer.json();
    let text = |name: &str| page[name].as_str().unwrap_or_else(|| panic!("no {name}: {page}")).to_owned();
    (text("@odata.nextLink"), text("@odata.context"))
}

/// What a client says of where it came from.
const FORGED: &[(&str, &str)] = &[
    ("Forwarded", "for=1.2.3.4;host=evil.example;proto=https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Port", "99"),
    ("X-Forwarded-Prefix", "/evil"),
];

#[test]
fn links_are_right_behind_each() {
    let cluster = three(&table(300));
    let doubting = plan(&table(300)).start(3);
    let maximum = prefer(100);
    let headers = [FORGED, &[("Prefer", maximum.as_str())]].concat();
    let root = format!("http://{HOST}{ROOT}");
    for (program, file, _) in SHIPPED {
        // Nodes that believe the load balancer, and nodes that believe nobody; those are asked directly, too.
        for cluster in [&cluster, &doubting] {
            let balancer = start(cluster, *program, file, &[]);
            let (next, context) =
                links(&ask(balancer.base(), &[&root, "T"].concat(), &headers).expect("an answer"));
            assert!(next.starts_with(&format!("{root}T?$skiptoken=n")), "{file}: {next}");
            assert_eq!(context, format!("{root}$metadata#T"), "{file}");
        }
        let (next, _) = links(&doubting.ask(0, &[&root, "T"].concat(), &headers).expect("an answer"));
        assert!(next.starts_with(&format!("{root}T?$skiptoken=n1--")), "asked directly: {next}");
    }
}

#[test]
fn links_are_right_below_a_path() {
    let cluster = three(&table(300));
    let root = format!("/odata{ROOT}");
    for (program, file, direct) in SHIPPED {
        let balancer = start(&cluster, *program, file, &["prefix"]);
        for client in CLIENTS {
            let before = asked(&cluster);
            let ledger = client.read(&balancer, &[&root, "T?$orderby=Id"].concat(), 100);
            let faults = ledger.faults(&rows(1..=300));
            assert!(faults.is_empty(), "{file}: {faults:?}");
            for link in ledger.links() {
                assert!(link.starts_with(&Cluster::url(&[&root, "T?"].concat())), "{file}: {link}");
            }
            let straight = *direct == Direct::All || (*direct == Direct::Cookies && client.cookies);
            assert!(!straight || asked(&cluster).1 == before.1, "{file}, {client:?}");
        }
        // What stands in keys and options comes to the node as it was sent.
        let odd = Cluster::url(
            &[&root, "T?$filter=Name%20eq%20'n%202%20%22%C3%A9'%20and%20'a%2Fb'%20ne%20'%2B'"].concat(),
        );
        let page = ask(balancer.base(), &odd, &[]).expect("an answer").json();
        assert_eq!(page["value"].as_array().map(Vec::len), Some(1), "{file}: {page}");
        // Beside that path nothing is put before links.
        let plain = ask(balancer.base(), &Cluster::url(&[ROOT, "T"].concat()), &[("Prefer", &prefer(100))]);
        let (next, _) = links(&plain.expect("an answer"));
        assert!(next.starts_with(&Cluster::url(ROOT)), "{file}: {next}");
    }
}

/// Links that leave scheme and host to the client lead on through any load balancer, below a path too.
#[test]
fn relative_links_lead_on() {
    let settings = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\nrelative_links = true";
    let cluster = plan(&table(300)).cluster(QUICK).settings(settings).start(3);
    for (program, file, _) in SHIPPED {
        let balancer = start(&cluster, *program, file, &["prefix"]);
        for root in [ROOT.to_owned(), format!("/odata{ROOT}")] {
            let (next, context) = links(
                &ask(balancer.base(), &Cluster::url(&[&root, "T"].concat()), &[("Prefer", &prefer(100))])
                    .expect("an answer"),
            );
            assert!(next.starts_with(&format!("{root}T?$skiptoken=n")), "{file}: {next}");
            assert_eq!(context, format!("{root}$metadata#T"), "{file}");
            let first = format!("{}{root}T?$orderby=Id", balancer.base());
            let ledger = nextlink_testkit::ledger::read_all(&first, &[("Prefer", &prefer(100))]);
            ledger.check(&rows(1..=300));
        }
    }
}

/// Asks over TLS, by curl, which checks the certificate.
fn secure(balancer: &Balancer, authority: &Path, path: &str, header: &str) -> Answer {
    let port = balancer.ports().https;
    let output = Command::new("curl")
        .args(["-sS", "-i", "--raw", "--http1.1", "--noproxy", "*", "-H", header, "--cacert"])
        .arg(authority)
        .args(["--resolve", &format!("{HOST}:{port}:127.0.0.1"), &format!("https://{HOST}:{port}{path}")])
        .stdin(Stdio::null())
        .output()
        .expect("curl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    http::read_answer(&mut BufReader::new(output.stdout.as_slice()), false).expect("an answer")
}

#[test]
fn links_and_cookies_are_right_behind_tls() {
    let cluster = three(&table(300));
    let maximum = format!("Prefer: {}", prefer(100));
    for (program, file, _) in SHIPPED {
        let balancer = start(&cluster, *program, file, &["tls"]);
        let authority = cluster.plan.dir().join("nextlink.pem");
        let answer = secure(&balancer, &authority, &[ROOT, "T"].concat(), &maximum);
        let (next, _) = links(&answer);
        let root = format!("https://{HOST}:{}", balancer.ports().https);
        let rest = next.strip_prefix(&root).unwrap_or_else(|| panic!("{file}: {next}"));
        let second = secure(&balancer, &authority, rest, &maximum);
        assert_eq!(second.json()["value"][0]["Id"], 101, "{file}: {}", second.text());
        let set: Vec<_> = answer.headers_named("set-cookie").filter(|set| set.starts_with("C2S-")).collect();
        assert!(set.len() == 1 && set[0].contains("; Secure"), "{file}: {set:?}");
    }
}

/// Links stay short, whatever the query is that a load balancer lets pass; longer ones it refuses by itself.
#[test]
fn links_stay_short_behind_each() {
    let cluster = three(&table(300));
    for (program, file, _) in SHIPPED {
        let balancer = start(&cluster, *program, file, &[]);
        let most = if *program == Program::Haproxy { 15_000 } else { 8_000 };
        for length in [10, 1_000, 1_500, 1_600, 1_700, 1_800, 4_000, most] {
            let path = [ROOT, "T?$orderby=Id&note=", &"x".repeat(length - 10)].concat();
            let ledger = Client { cookies: false, encodes: false }.read(&balancer, &path, 100);
            let faults = ledger.faults(&rows(1..=300));
            assert!(faults.is_empty(), "{file}, {length}: {faults:?}");
            let longest = ledger.links().iter().map(|link| link.len()).max();
            assert!(longest.is_some_and(|longest| longest < 2_000), "{file}, {length}: {longest:?}");
        }
        let long = [ROOT, "T?note=", &"x".repeat(16_500)].concat();
        let refused = ask(balancer.base(), &Cluster::url(&long), &[]).expect("an answer");
        assert!([400, 414].contains(&refused.status), "{file}: {}", refused.status);
    }
}

/// A node that is gone is noticed by no client.
#[test]
fn a_node_that_is_killed_is_gone_round() {
    let mut cluster = three(&table(1_000));
    for (program, file, _) in SHIPPED {
        let balancer = start(&cluster, *program, file, &[]);
        cluster.nodes[2].kill();
        let expected = Expected::keys("Id", 1..=1_000u64);
        for client in CLIENTS {
            for _ in 0..4 {
                let ledger = client.read(&balancer, &[ROOT, "T?$orderby=Id&$select=Id"].concat(), 200);
                let faults = ledger.faults(&expected);
                assert!(faults.is_empty(), "{file}, {client:?}: {faults:?}");
            }
        }
        let again = cluster.nodes[2].start_again();
        cluster.nodes[2] = again;
        until("the node is asked again", || {
            let before = metric(&cluster.nodes[2], "nextlink_requests_total{kind=\"read\",status=\"2xx\"}");
            let url = Cluster::url(&[ROOT, "T(1)"].concat());
            let statuses: Vec<Value> = (0..3)
                .map(|_| ask(balancer.base(), &url, &[]).map_or(Value::Null, |answer| answer.status.into()))
                .collect();
            assert_eq!(statuses, [200, 200, 200], "{file}");
            metric(&cluster.nodes[2], "nextlink_requests_total{kind=\"read\",status=\"2xx\"}") > before
        });
    }
}

/// A node that is to end gets no new clients from HAProxy, and what it holds is still asked of it until it has been handed
/// over. Behind nginx, which asks no node how it is, nobody notices either.
#[test]
fn a_node_that_drains_is_taken_out_softly() {
    for (program, file, direct) in SHIPPED {
        // nginx asks no node how it is, so that there is nothing to wait for. HAProxy is waited for, and then the node is told
        // to wait no longer.
        let grace = if *program == Program::Haproxy { 60_000 } else { 100 };
        let settings = format!("{QUICK}\ndrain_status = 404\ndrain_grace_ms = {grace}");
        let mut cluster = slow_to_end(&table(1_000)).cluster(&settings).start(3);
        drained_softly(&mut cluster, *program, file, *direct);
    }
}

fn drained_softly(cluster: &mut Cluster, program: Program, file: &str, direct: Direct) {
    let maximum = prefer(100);
    let reads = |node: &Node| metric(node, "nextlink_requests_total{kind=\"read\",status=\"2xx\"}");
    let balancer = start(cluster, program, file, &[]);
    let ask = |url: &str| {
        let answer = ask(balancer.base(), url, &[("Prefer", &maximum)]).expect("an answer");
        assert_eq!(answer.status, 200, "{file}: {url}: {}", answer.text());
        answer
    };
    let first = Cluster::url(&[ROOT, "T?$orderby=Id&$select=Id"].concat());
    let mut next = String::new();
    until("the third node has a result", || {
        next = links(&ask(&first)).0;
        next.contains("$skiptoken=n3--")
    });
    copied(cluster, 1);
    cluster.nodes[2].signal("TERM");
    if program == Program::Haproxy {
        until("the load balancer knows", || {
            let before = reads(&cluster.nodes[2]);
            (1..=6).for_each(|id| drop(ask(&Cluster::url(&format!("{ROOT}T({id})")))));
            reads(&cluster.nodes[2]) == before
        });
    }
    if program == Program::Haproxy && direct == Direct::All {
        let before = metric(&cluster.nodes[2], "nextlink_own_pages_total");
        ask(&next);
        assert_eq!(metric(&cluster.nodes[2], "nextlink_own_pages_total"), before + 1.0, "{file}");
    }
    if program == Program::Haproxy {
        cluster.nodes[2].signal("TERM");
    }
    assert_eq!(cluster.nodes[2].wait().code(), Some(0), "{file}: {}", cluster.nodes[2].log());
    let ledger = read_with(&next, |url| Ok(ask(url)));
    let faults = ledger.faults(&Expected::keys("Id", 101..=1_000u64));
    assert!(faults.is_empty(), "{file}: {faults:?}");
}
