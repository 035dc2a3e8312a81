//! Neither clients that read slowly nor results that take long take a source away from others.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use nextlink_testkit::http::{Answer, get, read_answer};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::server::Database;
use nextlink_testkit::sqlite::sqlite;

use crate::common::{PROGRAM, encoded};
use crate::narrow::narrow;
use crate::world::{SOURCES, servers};

/// Statements that run at one time, connections, and no hurry: who waits for a turn that does not come waits for a minute.
const LIMITS: &str = "queries = 4\nqueue_seconds = 60\nslow_client_seconds = 600\n";
/// Clients that read nothing: more than there are turns.
const CLIENTS: usize = 6;
/// Rows of a page that is many times larger than what a connection takes by itself.
const ROWS: usize = 40;

/// A node that serves what a script for each of [`SOURCES`] makes, and its databases.
fn start(scripts: [&str; 3], limits: &str) -> (Node, [Database; 2]) {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let dir = launch.data_dir().to_owned();
    sqlite(&dir.join("s.db"), scripts[0]);
    let databases = servers().map(|(_, server)| server.database("slow"));
    databases.iter().zip(&scripts[1..]).for_each(|(database, script)| database.run(script));
    let mut text = ["[results]\nmin_free_mib = 0\n[limits]\n", limits].concat();
    let urls = [format!("sqlite:{}", dir.join("s.db").display()), databases[0].url(), databases[1].url()];
    for (source, url) in SOURCES.iter().zip(&urls) {
        text += &format!("[sources.{source}]\nurl = \"{url}\"\nkeys = {{later = [\"id\"]}}\n");
        text += "page_bytes = 16777216\n";
        if !url.starts_with("sqlite:") {
            text += "connections = 4\npool_wait_seconds = 60\n";
        }
    }
    let config = dir.join("nextlink.toml");
    std::fs::write(&config, text).expect("the configuration can be written");
    let launch = launch.args(&["--config", &config.display().to_string()]);
    let launch = launch.args(&["--data-dir", &dir.join("data").display().to_string()]);
    (launch.args(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).start(), databases)
}

/// Large rows, and a small table.
fn large() -> [String; 3] {
    let small = "CREATE TABLE small (id int PRIMARY KEY); INSERT INTO small VALUES (1), (2), (3);";
    let big = |text: &str, numbers: &str| {
        let columns = ["CREATE TABLE big (id int PRIMARY KEY, pad ", text, ");"].concat();
        [small, &columns, numbers].concat()
    };
    [
        big(
            "text",
            "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 40)
            INSERT INTO big SELECT i, hex(zeroblob(150000)) FROM c;",
        ),
        big("text", "INSERT INTO big SELECT i, repeat('0', 300000) FROM generate_series(1, 40) i;"),
        big("longtext", "INSERT INTO big SELECT seq, repeat('0', 300000) FROM seq_1_to_40;"),
    ]
}

fn started(limits: &str) -> (Node, [Database; 2]) {
    let scripts = large();
    start([&scripts[0], &scripts[1], &scripts[2]], limits)
}

/// A client that has asked for the large rows and read the first byte of the answer.
fn begun(node: &Node, source: &str) -> TcpStream {
    let host = node.base().trim_start_matches("http://");
    let mut stream = narrow(host);
    let request =
        format!("GET /api/odata4/{source}/big HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the request can be sent");
    stream.read_exact(&mut [0]).expect("the answer begins");
    stream
}

/// What else is asked is answered.
#[track_caller]
fn is_served(node: &Node, source: &str) {
    let answer = get(&[&node.service(source), "small"].concat(), &[]);
    assert_eq!(answer.status, 200, "{source}: {}", answer.text());
}

fn metric(node: &Node, name: &str) -> f64 {
    let text = get(&node.admin_url("/metrics"), &[]).text();
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    values.next().unwrap_or(0.0)
}

#[test]
fn clients_that_read_nothing_keep_nobody_waiting() {
    let (node, _databases) = started(LIMITS);
    for source in SOURCES {
        let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| begun(&node, source)).collect();
        is_served(&node, source);
        for client in &clients {
            // The byte that was read is that of the status line.
            let mut answer = BufReader::new((&b"H"[..]).chain(client));
            let page = read_answer(&mut answer, false).expect("the page is whole").json();
            assert_eq!(page["value"].as_array().map(Vec::len), Some(ROWS), "{source}");
            assert_eq!(page["@odata.nextLink"], serde_json::Value::Null, "{source}");
        }
    }
    assert_eq!(metric(&node, "nextlink_broken_off_total"), 0.0);
}

#[test]
fn where_nothing_is_kept_a_client_is_waited_for_until_others_wait() {
    let (node, _databases) = started(&[LIMITS, "slow_clients_mib = 0\n"].concat());
    for source in SOURCES {
        let before = metric(&node, "nextlink_broken_off_total");
        let clients: Vec<TcpStream> = (0..4).map(|_| begun(&node, source)).collect();
        is_served(&node, source);
        let mut broken = 0.0;
        for mut client in clients {
            let mut rest = Vec::new();
            let _ = client.read_to_end(&mut rest);
            if !rest.ends_with(b"0\r\n\r\n") {
                broken += 1.0;
            }
        }
        assert!(broken >= 1.0, "{source}: all were waited for");
        assert_eq!(metric(&node, "nextlink_broken_off_total"), before + broken, "{source}");
    }
}

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field of a header block that is kept in no table (RFC 7541 section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    [&[0, name.len() as u8], name.as_bytes(), &[value.len() as u8], value.as_bytes()].concat()
}

#[test]
fn streams_without_a_window_keep_nobody_waiting() {
    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const END: u8 = 5;
    let (node, _databases) = started(LIMITS);
    for source in SOURCES {
        let mut stream = TcpStream::connect(node.base().trim_start_matches("http://")).expect("a connection");
        let no_window = [0, 4, 0, 0, 0, 0];
        let begin =
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &no_window)].concat();
        stream.write_all(&begin).expect("it can be sent");
        let path = format!("/api/odata4/{source}/big");
        let fields = [(":method", "GET"), (":scheme", "http"), (":path", &path), (":authority", "localhost")];
        let block: Vec<u8> = fields.iter().flat_map(|(name, value)| field(name, value)).collect();
        for number in 0..CLIENTS as u32 {
            stream.write_all(&frame(HEADERS, END, 2 * number + 1, &block)).expect("it can be sent");
        }
        // All have begun once each has a header.
        let mut headers = 0;
        while headers < CLIENTS {
            let mut head = [0; 9];
            stream.read_exact(&mut head).expect("a frame");
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            stream.read_exact(&mut vec![0; length as usize]).expect("a frame");
            headers += usize::from(head[3] == HEADERS);
        }
        is_served(&node, source);
    }
}

/// Rows that are there at once up to a number, and then do not come for minutes.
const LATER: [&str; 3] = [
    "CREATE TABLE small (id integer PRIMARY KEY);
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000)
    INSERT INTO small SELECT i FROM c;
    CREATE TABLE child (id integer PRIMARY KEY, parent int NOT NULL REFERENCES small (id));
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 4000000)
    INSERT INTO child SELECT i, 1 + i % 7 FROM c;",
    "CREATE TABLE small (id int PRIMARY KEY);
    INSERT INTO small SELECT i FROM generate_series(1, 5000) i;
    CREATE FUNCTION waits(id int) RETURNS text LANGUAGE plpgsql STABLE AS
    'BEGIN IF id > 4000 THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END';
    CREATE VIEW later AS SELECT id, waits(id) AS x FROM small;
    DO 'BEGIN EXECUTE format(''ALTER DATABASE %I SET enable_sort = off'', current_database());
    EXECUTE format(''ALTER DATABASE %I SET enable_seqscan = off'', current_database()); END';",
    "CREATE TABLE small (id int PRIMARY KEY); CREATE VIEW later AS SELECT id FROM small;",
];

/// A first page of ten rows.
#[track_caller]
fn page(node: &Node, source: &str, url: &str, prefer: &str) -> Answer {
    let prefer = ["odata.maxpagesize=10", prefer].concat();
    let answer = get(&(node.service(source) + &encoded(url)), &[("Prefer", &prefer)]);
    assert_eq!(answer.status, 200, "{source}: {}", answer.text());
    answer
}

/// Whether the rest of a result is stored, as its first page says.
fn is_stored(answer: &Answer) -> bool {
    let page = answer.json();
    let link = page["@odata.nextLink"].as_str().expect("there is more");
    assert_eq!(link.contains("$skip="), page["@Nextlink.Snapshot"] == false, "{page}");
    !link.contains("$skip=")
}

#[test]
fn results_that_take_long_have_half_of_what_there_is() {
    // SQLite has no connections that count, so there it is half of the statements of the node.
    for (source, share) in SOURCES.into_iter().zip([3, 2]) {
        let (node, _databases) = start(LATER, "queries = 6\nqueue_seconds = 1\n");
        let later = |number: usize| match source {
            "sqlite" => format!("small?$filter=id gt {number} and (id le 4000 or child/$count gt 1000000)"),
            _ => format!("later?$filter=id gt {number}"),
        };
        let stored: Vec<bool> =
            (0..share + 2).map(|number| is_stored(&page(&node, source, &later(number), ""))).collect();
        let expected: Vec<bool> = (0..share + 2).map(|number| number < share).collect();
        assert_eq!(stored, expected, "{source}");
        assert_eq!(metric(&node, "nextlink_not_stored_total"), 2.0, "{source}");
        // What was to be stored as a whole finds no place either, and is answered at once.
        assert!(!is_stored(&page(&node, source, &later(0), ",respond-async")), "{source}");
        assert_eq!(metric(&node, "nextlink_not_stored_total"), 4.0, "{source}");
        is_served(&node, source);
    }
}

#[test]
fn places_are_given_back() {
    let (node, _databases) = start(LATER, LIMITS);
    for source in &SOURCES[..2] {
        for number in 0..12 {
            let first = page(&node, source, &format!("small?$filter=id gt {number} and id lt 100"), "");
            assert!(is_stored(&first), "{source}: {number}");
            // All is stored once the last page is there.
            let mut next = first.json()["@odata.nextLink"].as_str().map(str::to_owned);
            while let Some(link) = next {
                next = get(&link, &[]).json()["@odata.nextLink"].as_str().map(str::to_owned);
            }
        }
    }
    assert_eq!(metric(&node, "nextlink_not_stored_total"), 0.0);
}
