//! A client that closes its connection stops its statement, as the servers say themselves.

use nextlink_testkit::server::Database;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::common::encoded;
use crate::world::World;

const POSTGRES: &str = "
CREATE FUNCTION wait(s float) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT pg_sleep(s)::text';
CREATE VIEW slow AS SELECT n AS id, wait(120) AS x FROM generate_series(1, 100) n;
";
const MARIADB: &str = "CREATE VIEW slow AS SELECT seq AS id, SLEEP(120) AS x FROM seq_1_to_100;";

/// What a server says of statements that run in the database, other than the one that asks.
fn running(database: &Database) -> usize {
    let sql = if database.server().scheme() == "postgres" {
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
         AND pid <> pg_backend_pid()"
    } else {
        "SELECT INFO FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND COMMAND <> 'Sleep' \
         AND ID <> CONNECTION_ID()"
    };
    database.query(sql).len()
}

#[track_caller]
fn until_running(database: &Database, wanted: usize, what: &str) {
    let since = Instant::now();
    while running(database) != wanted {
        assert!(since.elapsed() < Duration::from_secs(30), "{what}: {} statements run", running(database));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_client_that_leaves_stops_its_statement() {
    let world = World::scripts(POSTGRES, MARIADB, "slow = [\"id\"]");
    let host = world.node.base().trim_start_matches("http://");
    for (source, database) in ["postgres", "mariadb"].iter().zip(&world.databases) {
        for url in
            ["slow", "slow(2)", "slow?$count=true", "slow/$count?$filter=x ne null", "slow?$top=1&$orderby=x"]
        {
            let url = encoded(url);
            let mut stream = TcpStream::connect(host).expect("a connection");
            let request = format!("GET /api/odata4/{source}/{url} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            stream.write_all(request.as_bytes()).expect("the request is sent");
            until_running(database, 1, &url);
            drop(stream);
            until_running(database, 0, &url);
        }
    }
}
