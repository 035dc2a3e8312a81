//! Calls that do not come from a node of the cluster: unsigned, forged, replayed, late, meant for another; and nodes
//! that are not what their row says.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nextlink_results::keys::{MasterKey, MasterKeys};
use nextlink_results::peer::{BodyHash, Call, NodeFacts, Party, PeerKeys};
use nextlink_results::{NodeId, Registration};
use nextlink_system::{Join, open};
use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::http::{self, Answer};

use crate::group::{QUICK, first_page, follow, listed, plan};
use crate::site::{metric, refusal, table, until};

const NODE: &str = "X-Nextlink-Node";
const AUTH: &str = "X-Nextlink-Auth";
const BODY: &str = "X-Nextlink-Body";
const PING: &str = "/internal/v1/ping";

/// A member of the cluster that is this test: it has the keys and a row.
struct Insider {
    keys: PeerKeys,
    facts: NodeFacts,
}

impl Insider {
    fn join(plan: &Plan, id: u8, address: &str) -> Insider {
        let keys = PeerKeys::new(&MasterKeys::read(&plan.key_file()).expect("keys")).expect("keys");
        let system = open(plan.system_url(), None).expect("the system database");
        let join = Join {
            id: NodeId::from_bytes([id; 16]),
            registration: Registration::generate().expect("random bytes"),
            name: None,
            address: Some(address),
            lease: Some(Duration::from_secs(600)),
            sign: &|facts| keys.sign_row(facts),
        };
        let facts = system.join(&join).expect("it is free");
        Insider { keys, facts }
    }

    /// The two headers of a call.
    fn sign(&self, keys: &PeerKeys, call: &Call<'_>, time_ms: u64, number: u64) -> [(String, String); 2] {
        let (proof, _) = keys.prove(call, time_ms, number).expect("a proof");
        [(NODE.to_owned(), self.facts.registration.to_string()), (AUTH.to_owned(), proof)]
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis() as u64
}

/// A node as those who call it name it.
fn party(cluster: &Cluster, number: usize) -> Party {
    let listed = listed(&cluster.nodes[number]);
    let listed = listed.iter().find(|node| node["isSelf"] == true).expect("it lists itself");
    Party {
        registration: Registration::parse(listed["registration"].as_str().expect("text")).expect("a UUID"),
        boot: listed["boot"].as_u64().expect("a number"),
    }
}

fn send(cluster: &Cluster, node: usize, method: &str, target: &str, headers: &[(String, String)]) -> Answer {
    let url = [cluster.nodes[node].cluster_base(), target].concat();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    http::send(method, &url, &headers, None).expect("an answer")
}

/// Makes calls of another node to one, as they go over the wire.
pub fn signed_pings(cluster: &Cluster, node: usize) -> impl FnMut() -> String + use<> {
    let insider = Insider::join(&cluster.plan, 79, "127.0.0.1:1");
    let (from, to) = (insider.facts.party(), party(cluster, node));
    let mut number = 0;
    move || {
        number += 1;
        let call = Call { method: "GET", target: PING, body: BodyHash::of(b""), from, to };
        let headers = insider.sign(&insider.keys, &call, now_ms(), number);
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("GET {PING} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n")
    }
}

/// Ends a result on a node, as another node may.
pub fn end(cluster: &Cluster, node: usize, id: &str) {
    let insider = Insider::join(&cluster.plan, 78, "127.0.0.1:1");
    let target = format!("/internal/v1/results/{id}/1");
    let (from, to) = (insider.facts.party(), party(cluster, node));
    let call = Call { method: "DELETE", target: &target, body: BodyHash::of(b""), from, to };
    let headers = insider.sign(&insider.keys, &call, now_ms(), 1);
    assert_eq!(send(cluster, node, "DELETE", &target, &headers).status, 204);
}

#[test]
fn only_calls_of_members_are_answered() {
    let cluster = plan(&table(500)).start(2);
    let insider = Insider::join(&cluster.plan, 77, "127.0.0.1:1");
    let (to, other) = (party(&cluster, 0), party(&cluster, 1));
    let ping = Call { method: "GET", target: PING, body: BodyHash::of(b""), from: insider.facts.party(), to };
    let strangers =
        MasterKeys::new(MasterKey::from_bytes([1; 32]).expect("a key"), Vec::new()).expect("keys");
    let strangers = PeerKeys::new(&strangers).expect("keys");
    let mut number = 0;
    let mut good = |call: &Call<'_>| {
        number += 1;
        insider.sign(&insider.keys, call, now_ms(), number)
    };

    let headers = good(&ping);
    let answer = send(&cluster, 0, "GET", PING, &headers);
    assert_eq!((answer.status, &answer.json()["name"]), (200, &"n1".into()), "a good call");
    assert!(answer.header(AUTH).is_some(), "the answer is proved, too");
    assert_eq!(send(&cluster, 0, "GET", PING, &headers).status, 401, "replayed");
    assert_eq!(send(&cluster, 1, "GET", PING, &good(&ping)).status, 401, "meant for another node");
    assert_eq!(send(&cluster, 0, "DELETE", PING, &good(&ping)).status, 401, "another method");
    assert_eq!(send(&cluster, 0, "GET", &[PING, "?a=b"].concat(), &good(&ping)).status, 401, "another query");
    let url = [cluster.nodes[0].cluster_base(), PING].concat();
    let [(_, node), (_, proof)] = good(&ping);
    let with = |headers: &[(&str, &str)], body: Option<&[u8]>| {
        http::send("GET", &url, headers, body).expect("an answer").status
    };
    assert_eq!(with(&[(NODE, &node), (AUTH, &proof)], Some(b"x")), 401, "another body");
    assert_eq!(with(&[(NODE, &node)], None), 401, "no proof");
    assert_eq!(with(&[(AUTH, &proof)], None), 401, "no node");
    assert_eq!(with(&[(NODE, &node), (AUTH, "")], None), 401, "an empty proof");
    assert_eq!(with(&[(NODE, &node), (AUTH, &proof), (AUTH, &proof)], None), 401, "two proofs");
    assert_eq!(
        with(&[(NODE, &other.registration.to_string()), (AUTH, &proof)], None),
        401,
        "as another node"
    );
    assert_eq!(
        with(&[(NODE, &to.registration.to_string()), (AUTH, &proof)], None),
        401,
        "as the node itself"
    );
    let unknown = Registration::generate().expect("random bytes").to_string();
    assert_eq!(with(&[(NODE, &unknown), (AUTH, &proof)], None), 401, "as nobody");
    assert_eq!(with(&[(NODE, "x"), (AUTH, &proof)], None), 401, "no UUID");
    assert_eq!(with(&[(NODE, &node), (AUTH, &proof)], None), 200, "none of these has spent the proof");

    let sign = |keys: &PeerKeys, call: &Call<'_>, time_ms, number| {
        send(&cluster, 0, "GET", PING, &insider.sign(keys, call, time_ms, number)).status
    };
    let minute = 60_000;
    assert_eq!(sign(&insider.keys, &ping, now_ms() - minute, 1_001), 401, "late");
    assert_eq!(sign(&insider.keys, &ping, now_ms() + minute, 1_002), 401, "early");
    assert_eq!(sign(&strangers, &ping, now_ms(), 1_003), 401, "another key");
    let boot = Call { from: Party { boot: ping.from.boot + 1, ..ping.from }, ..ping };
    assert_eq!(sign(&insider.keys, &boot, now_ms(), 1_004), 401, "another start of the caller");
    let boot = Call { to: Party { boot: to.boot + 1, ..to }, ..ping };
    assert_eq!(sign(&insider.keys, &boot, now_ms(), 1_005), 401, "another start of the node");
    assert_eq!(sign(&insider.keys, &ping, now_ms(), 1_006), 200);

    let id = "00112233445566778899aabbccddeeff";
    for (method, target) in [
        ("PUT", format!("/internal/v1/replicas/{id}/1?offset=0")),
        ("DELETE", format!("/internal/v1/replicas/{id}/1")),
        ("DELETE", format!("/internal/v1/results/{id}/1")),
        ("POST", "/internal/v1/handoff".to_owned()),
        ("POST", "/internal/v1/touch".to_owned()),
    ] {
        let call = Call { method, target: &target, body: BodyHash::of(b""), from: insider.facts.party(), to };
        let (stranger, late) = (
            insider.sign(&strangers, &call, now_ms(), 2_000),
            insider.sign(&insider.keys, &call, now_ms() - minute, 2_001),
        );
        for headers in [&[][..], &stranger, &late] {
            assert_eq!(send(&cluster, 0, method, &target, headers).status, 401, "{method} {target}");
        }
        let good = insider.sign(&insider.keys, &call, now_ms(), number_of(method, &target));
        let first = send(&cluster, 0, method, &target, &good).status;
        assert!([200, 400, 404].contains(&first), "{method} {target}: {first}");
        assert_eq!(send(&cluster, 0, method, &target, &good).status, 401, "{method} {target}, replayed");
    }
    let unsigned = http::get(&url, &[]);
    assert_eq!((unsigned.status, unsigned.body.len()), (401, 0), "no reason is given");
    assert!(unsigned.header(AUTH).is_none() && unsigned.header("content-type").is_none(), "{unsigned:?}");
    assert!(metric(&cluster.nodes[0], "nextlink_peer_refused_total") >= 18.0);
}

/// Nobody has a body taken that is not proved to come from a member, and a member none that is not the one of its proof.
#[test]
fn bodies_are_taken_from_members_alone() {
    const LENGTH: usize = 100_000_000;
    let cluster = plan(&table(500)).start(1);
    let insider = Insider::join(&cluster.plan, 77, "127.0.0.1:1");
    let to = party(&cluster, 0);
    let strangers =
        MasterKeys::new(MasterKey::from_bytes([1; 32]).expect("a key"), Vec::new()).expect("keys");
    let strangers = PeerKeys::new(&strangers).expect("keys");
    let target = "/internal/v1/replicas/00112233445566778899aabbccddeeff/1?offset=0";
    let hash = BodyHash::of(b"another");
    let call = Call { method: "PUT", target, body: hash, from: insider.facts.party(), to };
    let host = cluster.nodes[0].cluster_base().trim_start_matches("http://").to_owned();
    let piece = vec![0; 64 * 1024];
    for (what, keys, told) in [
        ("a stranger", &strangers, hash.to_string()),
        ("another hash", &insider.keys, BodyHash::of(b"").to_string()),
        ("no hash", &insider.keys, String::new()),
    ] {
        let [node, proof] = insider.sign(keys, &call, now_ms(), 1);
        let mut stream = std::net::TcpStream::connect(&host).expect("a connection");
        write!(
            stream,
            "PUT {target} HTTP/1.1\r\nHost: {host}\r\n{}: {}\r\n{}: {}\r\n{BODY}: {told}\r\nContent-Length: {LENGTH}\r\n\r\n",
            node.0, node.1, proof.0, proof.1
        )
        .expect("the head can be sent");
        let sent = (0..LENGTH / piece.len()).take_while(|_| stream.write_all(&piece).is_ok()).count();
        assert!(sent < LENGTH / piece.len(), "{what}: all was taken");
    }
    let headers = insider.sign(&insider.keys, &call, now_ms(), 2);
    let mut headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let told = hash.to_string();
    headers.push((BODY, &told));
    let url = [cluster.nodes[0].cluster_base(), target].concat();
    let status = |body: &[u8]| http::send("PUT", &url, &headers, Some(body)).expect("an answer").status;
    assert_eq!(status(b"one that is not proved"), 401);
    let [node, proof] = insider.sign(&insider.keys, &call, now_ms(), 3);
    let headers = [(&*node.0, &*node.1), (&*proof.0, &*proof.1), (BODY, &told)];
    let answer = http::send("PUT", &url, &headers, Some(b"another")).expect("an answer");
    assert_eq!(answer.status, 400, "it is no part of a result");
}

/// A number for a call that no other call has.
fn number_of(method: &str, target: &str) -> u64 {
    3_000 + (method.len() * 100 + target.len()) as u64
}

/// What a member may ask, and what it is told.
#[test]
fn members_are_told_what_is_there() {
    let cluster = plan(&table(500)).start(1);
    let insider = Insider::join(&cluster.plan, 77, "127.0.0.1:1");
    first_page(&cluster, 0, "T?$orderby=Id", 50);
    let results = cluster.plan.data_dir(0).join("results");
    let names = std::fs::read_dir(results).expect("results").map(|file| file.expect("a file").file_name());
    let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    let id = names.iter().find_map(|name| name.split_once(".00000001.")).expect("a result").0.to_owned();
    let to = party(&cluster, 0);
    let mut number = 0;
    let mut ask = |method: &str, target: &str, body: Option<&str>| {
        number += 1;
        let bytes = body.unwrap_or_default().as_bytes();
        let hash = BodyHash::of(bytes);
        let call = Call { method, target, body: hash, from: insider.facts.party(), to };
        let headers = insider.sign(&insider.keys, &call, now_ms(), number);
        let mut headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let hash = hash.to_string();
        headers.extend(body.map(|_| (BODY, hash.as_str())));
        let url = [cluster.nodes[0].cluster_base(), target].concat();
        http::send(method, &url, &headers, body.map(str::as_bytes)).expect("an answer")
    };
    let nobody = "00112233445566778899aabbccddeeff";
    let (id, touch) = (id.as_str(), format!("[\"{id}/1\",\"{id}/2\",\"{nobody}/1\"]"));
    let (root, copies) = ("/internal/v1/results", "/internal/v1/replicas");
    until("all pages are written", || ask("GET", &format!("{root}/{id}/1/pages/8"), None).status == 200);
    for (method, target, body, status, kind) in [
        ("GET", format!("{root}/{id}/1/pages/0"), None, 200, ""),
        ("GET", format!("{root}/{id}/1/pages/9"), None, 416, "noSuchPage"),
        ("GET", format!("{root}/{id}/2/pages/0"), None, 409, "generation"),
        ("GET", format!("{root}/{nobody}/1/pages/0"), None, 404, "unknown"),
        ("GET", format!("{root}/{id}/1/header"), None, 200, ""),
        ("GET", format!("{root}/{id}/2/header"), None, 409, "generation"),
        ("GET", format!("{root}/{id}/1/pages/-1"), None, 400, ""),
        ("GET", format!("{root}/{id}/1/pages/99999999999"), None, 400, ""),
        ("GET", format!("{root}/x/1/pages/0"), None, 400, ""),
        ("GET", format!("{root}/../../x/1/pages/0"), None, 404, ""),
        ("GET", format!("{root}/{id}/1"), None, 404, ""),
        ("GET", "/internal/v2/ping".to_owned(), None, 404, ""),
        ("GET", "/metrics".to_owned(), None, 404, ""),
        ("POST", "/internal/v1/touch".to_owned(), Some(touch.as_str()), 200, ""),
        ("POST", "/internal/v1/touch".to_owned(), Some("[5]"), 400, ""),
        ("POST", "/internal/v1/touch".to_owned(), Some("[\"x/1\"]"), 400, ""),
        ("PUT", format!("{copies}/{nobody}/1?offset=5"), Some("x"), 409, ""),
        ("PUT", format!("{copies}/{nobody}/1?offset=0"), Some("x"), 400, ""),
        ("PUT", format!("{copies}/{nobody}/1"), Some("x"), 400, ""),
        ("PUT", format!("{copies}/{id}/1?offset=0"), Some("x"), 400, ""),
        ("PUT", format!("{copies}/../../x/1?offset=0"), Some("x"), 404, ""),
        ("DELETE", format!("{copies}/{id}/1"), None, 404, ""),
        ("DELETE", format!("{root}/{id}/2"), None, 409, ""),
        ("DELETE", format!("{root}/{nobody}/1"), None, 404, ""),
        ("DELETE", format!("{root}/{id}/1"), None, 204, ""),
        ("DELETE", format!("{root}/{id}/1"), None, 404, ""),
        ("GET", format!("{root}/{id}/1/pages/0"), None, 404, "unknown"),
    ] {
        let answer = ask(method, &target, body);
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.text());
        assert!(answer.header(AUTH).is_some(), "{method} {target}");
        if !kind.is_empty() {
            assert_eq!(answer.json()["kind"], kind, "{method} {target}");
        }
        if target.ends_with("touch") && status == 200 {
            assert_eq!(answer.json(), serde_json::json!([true, false, false]));
        }
    }
}

/// Answers every connection with these bytes, and counts them.
fn answering(text: &'static str) -> (String, Arc<AtomicUsize>, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("an address").to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let kept = listener.try_clone().expect("a listener can be shared");
    serve(listener, text, Arc::clone(&count));
    (address, count, kept)
}

fn serve(listener: TcpListener, text: &'static str, count: Arc<AtomicUsize>) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            count.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 4096];
            let _ = BufReader::new(&stream).read(&mut head);
            let _ = stream.write_all(text.as_bytes());
        }
    });
}

/// Somebody else listens where the owner was: nothing that it says is taken for the owner's word, and nobody is sent
/// elsewhere.
#[test]
fn an_impostor_is_not_believed() {
    let (elsewhere, visits, _elsewhere) = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let redirect: &'static str = Box::leak(
        format!(
            "HTTP/1.1 302 Found\r\nLocation: http://{elsewhere}/internal/v1/ping\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        )
        .into_boxed_str(),
    );
    for (what, text) in [
        ("a redirect", redirect),
        (
            "unknown",
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{\"kind\":\"unknown\"}",
        ),
        (
            "expired",
            "HTTP/1.1 410 Gone\r\nContent-Type: application/json\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{\"kind\":\"expired\"}",
        ),
        (
            "a page",
            "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.nextlink.sealed\r\nContent-Length: 40\r\nConnection: close\r\n\r\n0123456789012345678901234567890123456789",
        ),
        (
            "a page that ends early",
            "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\nConnection: close\r\n\r\n0123456789",
        ),
        ("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"),
        ("nothing", ""),
    ] {
        let mut cluster = plan(&table(500)).cluster(QUICK).cluster("replicas = 0").start(2);
        let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
        let page = follow(&cluster, 1, &link);
        assert_eq!(page.status, 200, "{what}");
        let address = cluster.nodes[0].cluster_address().to_owned();
        cluster.nodes[0].kill();
        let impostor = bind(&address);
        let asked = Arc::new(AtomicUsize::new(0));
        serve(impostor, text, Arc::clone(&asked));
        assert_eq!(refusal(&follow(&cluster, 1, &link)), (503, "OwnerUnreachable".to_owned()), "{what}");
        assert!(asked.load(Ordering::SeqCst) > 0, "{what}: it was asked");
        assert_eq!(visits.load(Ordering::SeqCst), 0, "{what}: a redirect was followed");
    }
}

/// The address of a listener that has just ended.
fn bind(address: &str) -> TcpListener {
    let mut last = None;
    for _ in 0..200 {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) => last = Some(error),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{address}: {last:?}");
}

/// Somebody who can write to the system database has changed where a node is: nobody goes there.
#[test]
fn a_row_that_points_elsewhere_is_not_followed() {
    let cluster = plan(&table(500)).cluster(QUICK).cluster("replicas = 0").start(2);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    let page = follow(&cluster, 1, &link);
    let (elsewhere, visits, _listener) = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let path = cluster.plan.dir().join("system.db");
    let change = |sql: &str| {
        let database = rusqlite::Connection::open(&path).expect("the system database");
        database.busy_timeout(Duration::from_secs(5)).expect("a setting");
        database.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    change(&format!(
        "CREATE TABLE before AS SELECT * FROM nodes; UPDATE nodes SET address = '{elsewhere}' WHERE name = 'n1'"
    ));
    cluster.nodes[1].says("row of a node is not believed");
    // Its lease lasts, so it may come to be believed again.
    assert_eq!(refusal(&follow(&cluster, 1, &link)), (503, "OwnerUnreachable".to_owned()));
    // A row of a node that never was, with the signature of another.
    change(&format!(
        "INSERT INTO nodes SELECT randomblob(16), boot, '{elsewhere}', state, started_ms, heartbeat_ms, lease_ms, mac,
            randomblob(16), 'n9', NULL FROM before WHERE name = 'n1'"
    ));
    std::thread::sleep(Duration::from_millis(600));
    assert!(follow(&cluster, 0, &link).body == page.body, "the owner itself is not disturbed");
    change("UPDATE nodes SET address = (SELECT address FROM before WHERE name = 'n1') WHERE name = 'n1'");
    until("the row is believed again", || follow(&cluster, 1, &link).status == 200);
    assert!(follow(&cluster, 1, &link).body == page.body);
    assert_eq!(visits.load(Ordering::SeqCst), 0, "somebody went there");
}

/// Nodes outside the networks of the cluster are neither asked nor answered, whatever they have signed.
#[test]
fn nodes_elsewhere_are_no_members() {
    let plan = plan(&table(500)).cluster(QUICK).cluster("networks = [\"127.0.0.2/32\"]");
    let nodes = (0..2).map(|number| plan.launch(number, "").start()).collect();
    let cluster = Cluster { plan, nodes };
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    assert_eq!(refusal(&follow(&cluster, 1, &link)), (503, "OwnerUnreachable".to_owned()));
    cluster.nodes[1].says("in none of cluster.networks");
    let insider = Insider::join(&cluster.plan, 77, "127.0.0.2:1");
    let call = Call {
        method: "GET",
        target: PING,
        body: BodyHash::of(b""),
        from: insider.facts.party(),
        to: party(&cluster, 0),
    };
    let headers = insider.sign(&insider.keys, &call, now_ms(), 1);
    assert_eq!(send(&cluster, 0, "GET", PING, &headers).status, 401);
}

/// The keys are changed node by node, and links go on working on all of them.
#[test]
fn keys_are_changed_node_by_node() {
    let plan = plan(&table(500)).cluster(QUICK);
    let mut cluster = plan.start(2);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    let page = follow(&cluster, 1, &link);
    let old = std::fs::read_to_string(plan.key_file()).expect("keys");
    let fresh = plan.dir().join("fresh.keys");
    MasterKeys::make(&fresh).expect("a key");
    let fresh = std::fs::read_to_string(&fresh).expect("keys");
    let (head, old_key) = old.trim_end().split_once('\n').expect("a key");
    let new_key = fresh.trim_end().split_once('\n').expect("a key").1;
    // Learned by all, then used by all, then the old one is forgotten.
    for (keys, works) in [([old_key, new_key], true), ([new_key, old_key], true), ([new_key, new_key], false)]
    {
        let keys = if works { keys.join("\n") } else { keys[0].to_owned() };
        std::fs::write(plan.key_file(), format!("{head}\n{keys}\n")).expect("keys can be written");
        for number in 0..2 {
            let again = cluster.nodes[number].start_again();
            cluster.nodes[number] = again;
            let (answers, wanted) = (
                [0, 1].map(|node| follow(&cluster, node, &link)),
                if works { [200, 200] } else { [410, 410] },
            );
            let statuses = [answers[0].status, answers[1].status];
            if works {
                until("both nodes serve the page", || {
                    (0..2).all(|node| follow(&cluster, node, &link).status == 200)
                });
                assert!((0..2).all(|node| follow(&cluster, node, &link).body.len() == page.body.len()));
            } else if number == 1 {
                assert_eq!(statuses, wanted, "the key of the token is forgotten");
            }
        }
    }
    // The sources, too, were sealed anew before it was.
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    assert_eq!(follow(&cluster, 1, &link).status, 200, "the new key alone does");
}
