//! Mutual TLS between nodes: on top of signed calls, for all nodes or none, with certificates of the cluster's own
//! authority.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nextlink_testkit::certificates::{Authority, Issued};
use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::node::Node;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::copies::{CHANGE, Writer, copied};
use crate::group::{QUICK, ROOT, first_page, follow, plan};
use crate::internal::signed_pings;
use crate::site::{metric, prefer, refusal, rows, table, until};

const NAME: &str = "nextlink-node";

/// Writes what a node reads.
fn put(dir: &Path, authority: &str, issued: &Issued) {
    for (name, text) in [("node.pem", &issued.certificate), ("node.key", &issued.key)] {
        std::fs::write(dir.join(name), text).expect("it can be written");
    }
    std::fs::write(dir.join("ca.pem"), authority).expect("it can be written");
}

/// Lines of the configuration.
fn settings(dir: &Path) -> String {
    let path = |name: &str| dir.join(name).display().to_string();
    format!(
        "\n[cluster.tls]\ncertificate = \"{}\"\nkey = \"{}\"\nca = \"{}\"\n",
        path("node.pem"),
        path("node.key"),
        path("ca.pem")
    )
}

/// Nodes with a certificate each.
fn nodes(plan: &Plan, authority: &Authority, count: usize) -> Cluster {
    let start = |number: usize| {
        let dir = plan.dir().join(format!("tls{number}"));
        std::fs::create_dir_all(&dir).expect("a directory");
        put(&dir, &authority.pem(), &authority.issue(&[NAME]));
        plan.launch(number, &settings(&dir)).start()
    };
    let nodes = (0..count).map(start).collect();
    Cluster { plan: plan.clone(), nodes }
}

#[test]
fn nodes_talk_by_mutual_tls() {
    let plan = plan(&table(3_000)).cluster(QUICK);
    let authority = Authority::new("Cluster CA");
    let mut cluster = nodes(&plan, &authority, 3);
    cluster.acquainted();
    assert!(cluster.nodes[0].cluster_base().starts_with("https://"));
    let writer = Writer::start(&cluster, CHANGE);
    let path = "T?$orderby=Id&$filter=Id%20le%20600%20and%20Id%20mod%2050%20ne%207";
    let headers = [("Prefer", &*prefer(40))];
    let ledger = cluster.read_all(&[ROOT, path].concat(), &headers);
    drop(writer);
    cluster.check(&ledger, &rows((1..=600).filter(|id| id % 50 != 7)), &headers);
    assert!(cluster.nodes.iter().map(|node| metric(node, "nextlink_peer_pages_total")).sum::<f64>() > 5.0);
    // Copies are given and read by it, too.
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 100);
    copied(&cluster, 1);
    let page = follow(&cluster, 1, &link);
    cluster.nodes[0].kill();
    for node in 1..3 {
        assert!(follow(&cluster, node, &link).body == page.body);
    }
}

/// What a client shows that wants to talk to a node.
fn client(ca: &str, issued: Option<&Issued>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("a certificate")).expect("it is good");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_root_certificates(roots);
    Arc::new(match issued {
        None => config.with_no_client_auth(),
        Some(issued) => {
            let chain = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).expect("a certificate");
            let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("a key");
            config.with_client_auth_cert(vec![chain], key).expect("they belong together")
        }
    })
}

/// The status that a node answers to a call; nothing where there is no answer.
fn call(node: &Node, config: Arc<ClientConfig>, request: &str) -> Option<u16> {
    let socket = TcpStream::connect(node.cluster_address()).expect("it listens");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a setting");
    let name = ServerName::try_from(NAME).expect("a name");
    let connection = ClientConnection::new(config, name).expect("a connection");
    let mut stream = StreamOwned::new(connection, socket);
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // It may end without a farewell.
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[test]
fn only_nodes_of_the_cluster_are_talked_to() {
    let plan = plan(&table(500)).cluster(QUICK);
    let (authority, other) = (Authority::new("Cluster CA"), Authority::new("Another CA"));
    let cluster = nodes(&plan, &authority, 1);
    let node = &cluster.nodes[0];
    let ca = authority.pem();
    let (good, named) = (authority.issue(&[NAME]), authority.issue(&["somebody-else"]));
    let foreign = other.issue(&[NAME]);
    let unsigned = "GET /internal/v1/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut signed = signed_pings(&cluster, 0);
    for (what, shown, request, status) in [
        ("a node", Some(&good), signed(), Some(200)),
        ("a good certificate without a signature", Some(&good), unsigned.to_owned(), Some(401)),
        ("no certificate", None, signed(), None),
        ("a certificate of another authority", Some(&foreign), signed(), None),
        ("a certificate for another name", Some(&named), signed(), None),
    ] {
        assert_eq!(call(node, client(&ca, shown), &request), status, "{what}");
    }
    // In clear there is not even a refusal in HTTP.
    let mut socket = TcpStream::connect(node.cluster_address()).expect("it listens");
    socket.write_all(signed().as_bytes()).expect("it can be sent");
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    assert!(metric(node, "nextlink_peer_refused_total") >= 4.0, "all of that is counted");
}

/// Nodes with and without TLS say what is the matter, and none of them does without.
#[test]
fn there_is_no_way_back_to_http() {
    let plan = plan(&table(500)).cluster(QUICK).cluster("replicas = 0");
    let authority = Authority::new("Cluster CA");
    let mut cluster = nodes(&plan, &authority, 1);
    cluster.nodes.push(plan.launch(1, "").start());
    cluster.acquainted();
    for (owner, asked, says) in
        [(0, 1, "has it [cluster.tls], and this node none?"), (1, 0, "has it no [cluster.tls]?")]
    {
        let (_, link) = first_page(&cluster, owner, "T?$orderby=Id", 50);
        assert_eq!(refusal(&follow(&cluster, asked, &link)), (503, "OwnerUnreachable".to_owned()));
        cluster.nodes[asked].says("call to another node failed");
        cluster.nodes[asked].says(says);
        assert_eq!(follow(&cluster, owner, &link).status, 200);
    }
}

/// Certificates are changed while the nodes run: by SIGHUP, first those that are believed.
#[test]
fn certificates_are_read_again() {
    let plan = plan(&table(3_000)).cluster(QUICK).cluster("replicas = 0");
    let (old, new) = (Authority::new("Old CA"), Authority::new("New CA"));
    let mut cluster = nodes(&plan, &old, 2);
    cluster.acquainted();
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 100);
    let page = follow(&cluster, 1, &link);
    assert_eq!(page.status, 200);
    let both = old.pem() + &new.pem();
    let shown = [old.issue(&[NAME]), new.issue(&[NAME])];
    let mut times = 0;
    for (ca, issued) in [(&both, &shown[0]), (&both, &shown[1]), (&new.pem(), &shown[1])] {
        times += 1;
        for number in 0..2 {
            put(&plan.dir().join(format!("tls{number}")), ca, issued);
            cluster.nodes[number].signal("HUP");
            let said =
                || cluster.nodes[number].log().matches("certificates for other nodes read again").count();
            until("they are read", || said() == times);
            assert!(follow(&cluster, 1, &link).body == page.body, "step {times}, node {number}");
        }
    }
    // The old authority is believed no more, on connections that were there neither.
    let mut signed = signed_pings(&cluster, 0);
    let mut status = |issued: &Issued| call(&cluster.nodes[0], client(&new.pem(), Some(issued)), &signed());
    assert_eq!(status(&shown[0]), None);
    assert_eq!(status(&shown[1]), Some(200));
    // What is not right is said, and what was read before goes on being used.
    std::fs::write(plan.dir().join("tls1/node.key"), &shown[0].key).expect("it can be written");
    cluster.nodes[1].signal("HUP");
    cluster.nodes[1].says("those before are used");
    assert!(follow(&cluster, 1, &link).body == page.body);
}

/// What is wrong with the files is said at the start.
#[test]
fn files_that_cannot_be_used_are_named() {
    let plan = plan(&table(10)).cluster(QUICK);
    let (authority, dir) = (Authority::new("Cluster CA"), plan.dir().join("tls"));
    std::fs::create_dir_all(&dir).expect("a directory");
    let (good, named) = (authority.issue(&[NAME]), authority.issue(&["somebody-else"]));
    let mixed = Issued { key: named.key.clone(), ..good.clone() };
    let no = Issued { certificate: String::new(), ..good.clone() };
    for (issued, expected) in [
        (&named, "node.pem (cluster.tls.certificate)"),
        (&mixed, "node.pem (cluster.tls.certificate)"),
        (&no, "holds no certificate"),
    ] {
        put(&dir, &authority.pem(), issued);
        let (started, said) = crate::membership::run(&plan, 0, &settings(&dir));
        assert!(!started && said.contains(expected), "{expected}: {said}");
        assert!(!said.contains("PRIVATE"), "{said}");
    }
    put(&dir, &authority.pem(), &good);
    std::fs::remove_file(dir.join("ca.pem")).expect("it is there");
    let (started, said) = crate::membership::run(&plan, 0, &settings(&dir));
    assert!(!started && said.contains("ca.pem (cluster.tls.ca)"), "{said}");
}

/// What the manual says to make certificates with makes good ones.
#[test]
fn certificates_are_made_as_the_manual_says() {
    let plan = plan(&table(500)).cluster(QUICK).cluster("replicas = 0");
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cluster.md");
    let manual = std::fs::read_to_string(manual).expect("the manual");
    let (_, rest) = manual.split_once("```sh\nopenssl").expect("it says how");
    let script = ["openssl", rest.split_once("```").expect("an end").0].concat();
    let dir = plan.dir().join("tls");
    std::fs::create_dir_all(&dir).expect("a directory");
    let run = std::process::Command::new("sh").args(["-e", "-c", &script]).current_dir(&dir).output();
    let run = run.expect("sh runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let nodes = (0..2).map(|number| plan.launch(number, &settings(&dir)).start()).collect();
    let cluster = Cluster { plan, nodes };
    cluster.acquainted();
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 50);
    assert_eq!(follow(&cluster, 1, &link).status, 200);
}
