//! Sources on database servers: how they are reached, who reads, and what clients are told when a server fails.

mod common;
#[path = "servers/readers.rs"]
mod readers;

use common::{PROGRAM, encoded, odata_error, run};
use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::ledger::{Expected, read_all};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::server::{Database, PrivateServer};
use nextlink_testkit::wait::until;
use nextlink_testkit::{mariadb, postgres};
use std::path::Path;

/// A password that has to be encoded in a URL.
const PASSWORD: &str = "S3CRET@:/%41?# ä+";
/// Two tables; the first has 300 rows.
const TABLES: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);
    CREATE TABLE u (id INTEGER PRIMARY KEY);
    INSERT INTO u VALUES (1);";

/// A private server with a database that has the tables.
fn prepared(server: PrivateServer) -> (PrivateServer, Database) {
    let database = server.database("served");
    let rows: Vec<String> = (1..=300).map(|id| format!("({id}, 'row {id}')")).collect();
    database.run(&format!("{TABLES} INSERT INTO t VALUES {};", rows.join(", ")));
    (server, database)
}

fn is_postgres(database: &Database) -> bool {
    database.server().scheme() == "postgres"
}

/// Makes a user who may read these tables.
fn user(database: &Database, name: &str, password: &str, tables: &[&str]) {
    let password = password.replace('\'', "''");
    let at = |table: &str| {
        if is_postgres(database) { table.to_owned() } else { format!("{}.{table}", database.name()) }
    };
    let made = if is_postgres(database) {
        format!("CREATE ROLE {name} LOGIN PASSWORD '{password}';")
    } else {
        format!("CREATE USER {name} IDENTIFIED BY '{password}'; GRANT USAGE ON *.* TO {name};")
    };
    let granted: Vec<String> =
        tables.iter().map(|t| format!("GRANT SELECT ON {} TO {name};", at(t))).collect();
    database.run(&[made, granted.concat()].concat());
}

/// Makes a function that these users may call, and others not.
fn function(database: &Database, users: &str) {
    let name = database.name();
    database.run(&if is_postgres(database) {
        format!(
            "CREATE FUNCTION once() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
             REVOKE EXECUTE ON FUNCTION once() FROM PUBLIC; GRANT EXECUTE ON FUNCTION once() TO {users};"
        )
    } else {
        format!(
            "CREATE FUNCTION once() RETURNS int NO SQL RETURN 1; GRANT EXECUTE ON FUNCTION {name}.once TO {users};"
        )
    });
}

/// The URL of the database without a login.
fn bare(database: &Database) -> String {
    let server = database.server();
    format!("{}://127.0.0.1:{}/{}", server.scheme(), server.port(), database.name())
}

/// A launch with a configuration file that has these lines.
fn configured(settings: &str) -> Launch {
    let launch = Launch::new(PROGRAM, &["serve", "--log", "debug", "--log-requests"]);
    let dir = launch.data_dir().to_owned();
    let file = dir.join("nextlink.toml");
    std::fs::write(&file, settings).expect("the configuration can be written");
    let data = dir.join("data").display().to_string();
    launch.args(&["--config", &file.display().to_string(), "--data-dir", &data]).args(&[
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ])
}

fn served(settings: &str) -> Node {
    configured(settings).start()
}

#[track_caller]
fn ask(node: &Node, url: &str, headers: &[(&str, &str)]) -> Answer {
    node.get(&["/api/odata4/s/", &encoded(url)].concat(), headers)
}

/// Status and code; a `Retry-After` where it may pass, and only there.
#[track_caller]
fn told(answer: &Answer) -> (u16, String) {
    if answer.status < 400 {
        return (answer.status, String::new());
    }
    let code = odata_error("a refusal", answer).code;
    let retry = answer.header("retry-after").and_then(|s| s.parse::<u64>().ok());
    assert_eq!(retry.is_some_and(|s| (1..=31).contains(&s)), answer.status == 503, "{code}: {retry:?}");
    (answer.status, code)
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn down_and_up(server: PrivateServer) {
    let (mut server, database) = prepared(server);
    server.stop();
    let settings = format!("[sources.s]\nurl = \"{}\"\nconnect_seconds = 2", database.url());
    let node = served(&settings);
    assert_eq!(told(&ask(&node, "t", &[])), refused(503, "SourceUnavailable"));
    server.start();
    until("the source is served", || ask(&node, "t(1)", &[]).status == 200);
    read_all(&format!("{}t", node.service("s")), &[("Prefer", "maxpagesize=70")])
        .check(&Expected::keys("id", 1..=300));
    // Away while it is served, and back.
    server.kill();
    for url in ["t(1)", "t", "t/$count"] {
        let (status, code) = told(&ask(&node, url, &[]));
        assert_eq!(status, 503, "{url}: {code}");
        assert!(["SourceUnreachable", "StatementEnded"].contains(&code.as_str()), "{url}: {code}");
    }
    assert_eq!(ask(&node, "$metadata", &[]).status, 200, "the model is known");
    server.start();
    for url in ["t(1)", "t", "t/$count"] {
        assert_eq!(told(&ask(&node, url, &[])), (200, String::new()), "{url}");
    }
    // A server that does not answer is no server.
    server.pause();
    let checked = run(&["check", &format!("s={}?connect_timeout=1", database.url())]);
    server.resume();
    assert_eq!(checked.code, Some(1), "{}{}", checked.out, checked.err);
    assert!(checked.out.contains("cannot be reached"), "{}{}", checked.out, checked.err);
}

#[test]
fn postgres_down_and_up() {
    down_and_up(postgres::private());
}

#[test]
fn mariadb_down_and_up() {
    down_and_up(mariadb::private());
}

/// All bytes of all files below a folder.
fn bytes_of(dir: &Path, out: &mut Vec<u8>) {
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            bytes_of(&path, out);
        } else {
            out.extend(std::fs::read(&path).unwrap_or_default());
        }
    }
}

fn holds(bytes: &[u8], mark: &str) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
}

/// Headers of a login, and the statuses of four requests in a batch.
type Login<'a> = (&'a [(&'a str, &'a str)], [u16; 4]);

/// Who sends a batch is who asks with each of its requests, whatever they say.
#[track_caller]
fn batches_log_in(node: &Node, link: &str, rows: &[Login<'_>]) {
    for (login, expected) in rows {
        let other = serde_json::json!({ "ddcloud-datasource-user": "cataloguer", "ddcloud-datasource-password": "S3CRET own" });
        let urls = ["t(1)", "t/$count", "u(1)", link];
        let requests = urls.iter().enumerate().map(|(id, url)| {
            serde_json::json!({ "id": id.to_string(), "method": "get", "url": url, "headers": other })
        });
        let body = serde_json::json!({ "requests": requests.collect::<Vec<_>>() }).to_string();
        let headers = [login, &[("Content-Type", "application/json")][..]].concat();
        let answer =
            http::send("POST", &format!("{}$batch", node.service("s")), &headers, Some(body.as_bytes()));
        let answer = answer.expect("an answer");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.text().contains("S3CRET"), "{}", answer.text());
        let document = answer.json();
        let statuses: Vec<_> =
            document["responses"].as_array().expect("answers").iter().map(|r| &r["status"]).collect();
        assert_eq!(statuses, expected, "{login:?}: {}", answer.text());
    }
}

fn clients_log_in(server: PrivateServer) {
    let (_server, database) = prepared(server);
    user(&database, "cataloguer", "S3CRET own", &["t", "u"]);
    user(&database, "annsmith", PASSWORD, &["t"]);
    user(&database, "bobsmith", "S3CRET bob", &["t"]);
    function(&database, "cataloguer, annsmith");
    let url = bare(&database);
    let source = |client_login: &str| {
        format!(
            "[sources.s]\nurl = \"{url}\"\nuser = \"cataloguer\"\npassword = \"S3CRET own\"\nclient_login = {client_login}"
        )
    };
    let mut node = served(&source("\"required\""));
    let name = "ddcloud-datasource-user";
    let password = "DDCloud-DataSource-Password";
    let ann = &[(name, "annsmith"), (password, PASSWORD)][..];
    let bob = &[(name, "bobsmith"), (password, "S3CRET bob")][..];
    let wrong = &[(name, "annsmith"), (password, "S3CRET wrong")][..];
    let nobody = &[(name, "nobody"), (password, "S3CRET")][..];
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);
    let rows: &[Row] = &[
        ("t(1)", ann, 200, ""),
        ("t", ann, 200, ""),
        ("t/$count", bob, 200, ""),
        ("$metadata", ann, 200, ""),
        ("t(1)", &[], 403, "SourceLoginNeeded"),
        ("t", &[], 403, "SourceLoginNeeded"),
        ("", &[], 403, "SourceLoginNeeded"),
        ("t(1)", wrong, 403, "SourceLoginRefused"),
        ("t", wrong, 403, "SourceLoginRefused"),
        ("t/$count", nobody, 403, "SourceLoginRefused"),
        ("u(1)", ann, 403, "SourceDenied"),
        ("u", ann, 403, "SourceDenied"),
        ("u/$count", bob, 403, "SourceDenied"),
        ("once()", ann, 200, ""),
        ("once()", bob, 403, "SourceDenied"),
        ("t", &ann[1..], 400, "BadSourceLogin"),
    ];
    for (url, headers, status, code) in rows {
        let answer = ask(&node, url, headers);
        assert_eq!(told(&answer), refused(*status, code), "{url} {headers:?}: {}", answer.text());
        let shown = format!("{:?} {}", answer.headers, answer.text());
        assert!(!shown.contains("S3CRET"), "{shown}");
        if *status == 200 {
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{url}");
        }
    }
    // Pages belong to whoever has the same login.
    let first = ask(&node, "t", &[ann, &[("Prefer", "maxpagesize=100")]].concat()).json();
    let link = first["@odata.nextLink"].as_str().expect("a link").to_owned();
    for (headers, expected) in [
        (ann, refused(200, "")),
        (bob, refused(400, "BadSkipToken")),
        (wrong, refused(400, "BadSkipToken")),
        (&[][..], refused(403, "SourceLoginNeeded")),
    ] {
        assert_eq!(told(&http::get(&link, headers)), expected, "{headers:?}");
    }
    batches_log_in(
        &node,
        &link,
        &[(ann, [200, 200, 403, 200]), (bob, [200, 200, 403, 400]), (wrong, [403, 403, 403, 400])],
    );
    read_all(&format!("{}t", node.service("s")), &[bob, &[("Prefer", "maxpagesize=70")]].concat())
        .check(&Expected::keys("id", 1..=300));
    node.terminate();
    let mut kept = Vec::new();
    bytes_of(&node.data_dir().join("data"), &mut kept);
    assert!(kept.len() > 10_000, "something was stored");
    let log = node.log();
    for mark in ["S3CRET", "annsmith", "bobsmith"] {
        assert!(!holds(&kept, mark), "{mark} is on disk");
    }
    assert!(!log.contains("S3CRET"), "{log}");
    // Where it is left to clients, the source's own user reads too.
    let node = served(&source("true"));
    for (url, headers, status, code) in [
        ("u", &[][..], 200, ""),
        ("u", ann, 403, "SourceDenied"),
        ("t", ann, 200, ""),
        ("t", wrong, 403, "SourceLoginRefused"),
    ] {
        assert_eq!(told(&ask(&node, url, headers)), refused(status, code), "{url} {headers:?}");
    }
    // And where it is not, nobody looks at the headers.
    let node = served(&source("\"never\""));
    assert_eq!(told(&ask(&node, "u", wrong)), refused(200, ""));
}

#[test]
fn postgres_clients_log_in() {
    clients_log_in(postgres::private());
}

#[test]
fn mariadb_clients_log_in() {
    clients_log_in(mariadb::private());
}

fn clients_see_rows_of_their_own(server: PrivateServer) {
    let (_server, database) = prepared(server);
    let rows: Vec<String> =
        (1..=300).map(|id| format!("({id}, {})", ["'annsmith'", "'bobsmith'", "NULL"][id % 3])).collect();
    let table = "CREATE TABLE owned (id INTEGER PRIMARY KEY, owner VARCHAR(20)); INSERT INTO owned VALUES";
    database.run(&format!("{table} {};", rows.join(", ")));
    for name in ["cataloguer", "annsmith", "bobsmith"] {
        user(&database, name, PASSWORD, &["owned"]);
    }
    let url = bare(&database);
    let launch = configured("");
    let [file, config] = ["owned.yaml", "nextlink.toml"].map(|name| launch.data_dir().join(name));
    let settings = format!(
        "[sources.s]\nurl = \"{url}\"\nuser = \"cataloguer\"\npassword = {PASSWORD:?}\nclient_login = \"allowed\"\n\
         model = {file:?}"
    );
    let model = "entities: {owned: {hide: [owner], rows: owner eq @user}}";
    for (path, text) in [(&file, model), (&config, &settings)] {
        std::fs::write(path, text).expect("the file can be written");
    }
    let node = launch.start();
    let password = ("ddcloud-datasource-password", PASSWORD);
    let [ann, bob] = ["annsmith", "bobsmith"].map(|name| [("ddcloud-datasource-user", name), password]);
    // One behind the other, so that whatever is kept of one meets the other.
    for _ in 0..3 {
        for (headers, count, statuses) in [
            (&ann[..], "100", [200, 404, 404]),
            (&bob[..], "100", [404, 200, 404]),
            (&[], "0", [404, 404, 404]),
        ] {
            assert_eq!(ask(&node, "owned/$count", headers).text(), count, "{headers:?}");
            for (url, status) in ["owned(3)", "owned(4)", "owned(5)"].into_iter().zip(statuses) {
                assert_eq!(ask(&node, url, headers).status, status, "{url} {headers:?}");
            }
        }
    }
    let own = |rest: i32| (1..=300).filter(move |id| id % 3 == rest);
    let pages = [("Prefer", "maxpagesize=30")];
    for (headers, rest) in [(&ann, 0), (&bob, 1)] {
        read_all(&format!("{}owned", node.service("s")), &[&headers[..], &pages].concat())
            .check(&Expected::keys("id", own(rest)));
    }
    let first = ask(&node, "owned", &[&ann[..], &pages].concat()).json();
    let link = first["@odata.nextLink"].as_str().expect("a link");
    for (headers, expected) in [
        (&ann[..], refused(200, "")),
        (&bob[..], refused(400, "BadSkipToken")),
        (&[], refused(400, "BadSkipToken")),
    ] {
        assert_eq!(told(&http::get(link, headers)), expected, "{headers:?}");
    }
}

#[test]
fn postgres_clients_see_rows_of_their_own() {
    clients_see_rows_of_their_own(postgres::private());
}

#[test]
fn mariadb_clients_see_rows_of_their_own() {
    clients_see_rows_of_their_own(mariadb::private());
}

fn ask_as(node: &Node, user: &str, password: &str) -> Answer {
    ask(node, "t(1)", &[("ddcloud-datasource-user", user), ("ddcloud-datasource-password", password)])
}

/// Sends wrong passwords until one has to wait; tells how many the database was asked about.
#[track_caller]
fn wrong_until_slowed_down(node: &Node, user: &str) -> usize {
    let mut statuses = Vec::new();
    let last = loop {
        let answer = ask_as(node, user, &format!("S3CRET {}", statuses.len()));
        statuses.push(answer.status);
        if answer.status != 403 || statuses.len() > 99 {
            break answer;
        }
    };
    assert!((11..100).contains(&statuses.len()), "{statuses:?}");
    let error = odata_error("too many", &last);
    assert_eq!((last.status, error.code.as_str()), (429, "TooManyLogins"));
    let retry = last.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    assert!(retry.is_some_and(|seconds| (1..=8).contains(&seconds)), "{retry:?}");
    statuses.len() - 1
}

/// Wrong passwords for one user are slowed down, and told of, but not by name; others, and whoever came in before, do not wait.
fn wrong_logins_wait(server: PrivateServer) {
    let (_server, database) = prepared(server);
    user(&database, "cataloguer", "own", &["t", "u"]);
    user(&database, "annsmith", "S3CRET ann", &["t"]);
    user(&database, "bobsmith", "S3CRET bob", &["t"]);
    let node = served(&format!(
        "[sources.s]\nurl = \"{}\"\nuser = \"cataloguer\"\npassword = \"own\"\nclient_login = \"required\"",
        bare(&database)
    ));
    assert_eq!(ask_as(&node, "annsmith", "S3CRET ann").status, 200);
    let tried = wrong_until_slowed_down(&node, "annsmith");
    assert_eq!(ask_as(&node, "annsmith", "S3CRET ann").status, 200, "it was right before");
    assert_eq!(ask_as(&node, "bobsmith", "S3CRET bob").status, 200, "it is another user");
    let metrics = http::get(&node.admin_url("/metrics"), &[]).text();
    let refused = format!("nextlink_logins_refused_total {tried}\n");
    assert!(metrics.contains(&refused), "{refused}: {metrics}");
    let log = node.log();
    assert!(log.contains("logins of clients were refused"), "{log}");
    assert!(!log.contains("S3CRET") && !log.contains("annsmith"), "{log}");
    // Where every request has a line, it says what was asked for, without the query, and by whom.
    assert!(log.contains("path=\"/t(1)\" client=\"127.0.0.1\""), "{log}");
}

#[test]
fn postgres_wrong_logins_wait() {
    wrong_logins_wait(postgres::private());
}

#[test]
fn mariadb_wrong_logins_wait() {
    wrong_logins_wait(mariadb::private());
}

/// What is told of a source that clients have to log in for, and for how long after their login was changed.
fn only_right_logins_are_told(server: PrivateServer) {
    let (_server, database) = prepared(server);
    user(&database, "cataloguer", "own", &["t", "u"]);
    user(&database, "annsmith", "S3CRET ann", &["t"]);
    let node = served(&format!(
        "[sources.s]\nurl = \"{}\"\nuser = \"cataloguer\"\npassword = \"own\"\nclient_login = \"required\"\n\
         client_login_seconds = 1",
        bare(&database)
    ));
    until("the source is served", || ask_as(&node, "annsmith", "S3CRET ann").status == 200);
    let ask_for = |url: &str, name: &str, password: &str| {
        told(&ask(
            &node,
            url,
            &[("ddcloud-datasource-user", name), ("ddcloud-datasource-password", password)],
        ))
    };
    for (url, right) in
        [("", (200, "")), ("$metadata", (200, "")), ("$openapi", (200, "")), ("v", (404, "NotFound"))]
    {
        assert_eq!(ask_for(url, "annsmith", "S3CRET ann"), refused(right.0, right.1), "{url}");
        assert_eq!(ask_for(url, "annsmith", "S3CRET"), refused(403, "SourceLoginRefused"), "{url}");
    }
    // MariaDB takes the quotes off.
    assert_eq!(ask_for("t(1)", "'annsmith'", "S3CRET ann"), refused(403, "SourceLoginRefused"));
    let landing = node.get("/", &[]).text();
    assert!(landing.contains("/api/odata4/s/") && !landing.contains("?$top"), "{landing}");
    database.run(if is_postgres(&database) {
        "ALTER ROLE annsmith PASSWORD 'S3CRET new'"
    } else {
        "ALTER USER annsmith IDENTIFIED BY 'S3CRET new'"
    });
    // It is in use all the while.
    until("the old password is refused", || ask_as(&node, "annsmith", "S3CRET ann").status == 403);
    assert_eq!(ask_as(&node, "annsmith", "S3CRET new").status, 200);
}

#[test]
fn postgres_only_right_logins_are_told() {
    only_right_logins_are_told(postgres::private());
}

#[test]
fn mariadb_only_right_logins_are_told() {
    only_right_logins_are_told(mariadb::private());
}

/// A directory may lock a user after a few wrong passwords, so those are slowed down too; what no password mends is not.
#[test]
fn postgres_wrong_logins_of_a_directory_wait() {
    let (mut server, database) = prepared(postgres::private());
    user(&database, "cataloguer", "own", &["t", "u"]);
    for name in ["annsmith", "bobsmith"] {
        user(&database, name, "S3CRET", &["t"]);
    }
    // Nothing answers there; the server says the same of a password that the directory refuses.
    let rules = "host all annsmith 127.0.0.0/8 ldap ldapserver=127.0.0.1 ldapport=1 ldapprefix=\"cn=\"
        host all bobsmith 127.0.0.0/8 reject
        host all all 127.0.0.0/8 scram-sha-256";
    let file = database.query("SHOW hba_file")[0][0].clone().expect("a path");
    let rules: Vec<String> = rules.lines().map(|rule| format!("('{}')", rule.trim())).collect();
    database.run(&format!("COPY (VALUES {}) TO '{file}'", rules.join(", ")));
    server.restart();
    let node = served(&format!(
        "[sources.s]\nurl = \"{}\"\nuser = \"cataloguer\"\npassword = \"own\"\nclient_login = \"required\"",
        bare(&database)
    ));
    wrong_until_slowed_down(&node, "annsmith");
    for number in 0..20 {
        let answer = ask_as(&node, "bobsmith", "S3CRET");
        assert_eq!(told(&answer), refused(403, "SourceLoginRefused"), "{number}");
    }
}

/// Sources that are read again need few connections beside those that they have, however many they are.
#[test]
fn sources_of_one_server_are_read_again_in_turn() {
    const SOURCES: usize = 24;
    let (_server, database) = prepared(postgres::private());
    user(&database, "reader", "own", &["t"]);
    database.run(&format!("ALTER ROLE reader CONNECTION LIMIT {}", SOURCES * 3 / 2));
    let source = |number: usize| {
        format!("[sources.s{number}]\nurl = \"{}\"\nuser = \"reader\"\npassword = \"own\"\n", bare(&database))
    };
    let mut node = served(&(0..SOURCES).map(source).collect::<String>());
    let told = |node: &Node, what: &str| node.log().matches(what).count();
    until("all are served", || told(&node, "source opened") == SOURCES);
    for turn in 1..=3 {
        node.signal("HUP");
        until("all were read again", || told(&node, "source read again") == SOURCES * turn);
    }
    assert_eq!(told(&node, "cannot be"), 0, "{}", node.log());
}

fn a_password_changes(server: PrivateServer) {
    let (_server, database) = prepared(server);
    user(&database, "reader", "first", &["t", "u"]);
    let dir = Launch::new(PROGRAM, &[]);
    let file = dir.data_dir().join("password");
    std::fs::write(&file, "first\n").expect("a file can be written");
    let settings = format!(
        "[sources.s]\nurl = \"{}\"\nuser = \"reader\"\npassword_file = '{}'",
        bare(&database),
        file.display()
    );
    let node = served(&settings);
    assert_eq!(told(&ask(&node, "t(1)", &[])), refused(200, ""));
    let (change, end) = if is_postgres(&database) {
        (
            "ALTER ROLE reader PASSWORD 'S3CRET second';",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader';",
        )
    } else {
        ("ALTER USER reader IDENTIFIED BY 'S3CRET second';", "KILL USER reader;")
    };
    database.run(change);
    database.query(end);
    until("the login is refused", || {
        let found = told(&ask(&node, "t", &[]));
        found == refused(503, "SourceLoginRefused")
    });
    assert_eq!(ask(&node, "$metadata", &[]).status, 200);
    std::fs::write(&file, "S3CRET second\n").expect("a file can be written");
    until("the new password is read", || ask(&node, "t(1)", &[]).status == 200);
    assert_eq!(told(&ask(&node, "t", &[])), refused(200, ""));
    assert!(!node.log().contains("S3CRET"), "{}", node.log());
}

#[test]
fn postgres_a_password_changes() {
    a_password_changes(postgres::private());
}

#[test]
fn mariadb_a_password_changes() {
    a_password_changes(mariadb::private());
}

fn the_database_changes(server: PrivateServer) {
    let (_server, database) = prepared(server);
    let node = served(&format!("[sources.s]\nurl = \"{}\"", database.url()));
    assert_eq!(told(&ask(&node, "t(1)", &[])), refused(200, ""));
    for (statement, url, then) in [
        ("ALTER TABLE t DROP COLUMN name", "t?$top=1", 200),
        ("ALTER TABLE t ADD COLUMN more INTEGER; ALTER TABLE u RENAME TO v", "u/$count", 404),
        ("DROP TABLE v", "v(1)", 404),
    ] {
        database.run(statement);
        assert_eq!(told(&ask(&node, url, &[])), refused(503, "SourceChanged"), "{statement}");
        until(statement, || ask(&node, url, &[]).status == then);
    }
    assert!(ask(&node, "t(1)", &[]).text().contains("\"more\":null"));
}

#[test]
fn postgres_the_database_changes() {
    the_database_changes(postgres::private());
}

#[test]
fn mariadb_the_database_changes() {
    the_database_changes(mariadb::private());
}

fn only_so_many_connections(server: PrivateServer) {
    let (_server, database) = prepared(server);
    let settings = format!(
        "[limits]\nstatement_seconds = 100\nlock_wait_seconds = 100\n[sources.s]\nurl = \"{}\"\nconnections = 1\n\
         pool_wait_seconds = 1",
        database.url()
    );
    let node = served(&settings);
    assert_eq!(told(&ask(&node, "t(1)", &[])), refused(200, ""));
    // Somebody locks the table, and the only connection waits for that.
    let lock = database.lock("u");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| told(&ask(&node, "u", &[])));
        until("the connection waits", || database.waiting() == 1);
        for url in ["t(1)", "t", "t/$count"] {
            assert_eq!(told(&ask(&node, url, &[])), refused(503, "SourceBusy"), "{url}");
        }
        drop(lock);
        assert_eq!(waiting.join().expect("an answer"), refused(200, ""));
    });
    assert_eq!(told(&ask(&node, "t", &[])), refused(200, ""));
}

#[test]
fn postgres_only_so_many_connections() {
    only_so_many_connections(postgres::private());
}

#[test]
fn mariadb_only_so_many_connections() {
    only_so_many_connections(mariadb::private());
}

fn certificates_are_checked(server: PrivateServer) {
    let (server, database) = prepared(server);
    let (ca, other) = (server.ca().display().to_string(), server.other_ca().display().to_string());
    let url = database.url();
    let elsewhere = url.replace("127.0.0.1", "127.0.0.2");
    for (url, mode, ca, good) in [
        (&url, "disable", None, true),
        (&url, "prefer", None, true),
        (&url, "require", None, true),
        (&url, "verify-ca", Some(&ca), true),
        (&url, "verify-full", Some(&ca), true),
        (&url, "verify-ca", Some(&other), false),
        (&url, "verify-full", Some(&other), false),
        (&url, "verify-full", None, false),
        (&elsewhere, "verify-ca", Some(&ca), true),
        (&elsewhere, "verify-full", Some(&ca), false),
    ] {
        let root = ca.map_or(String::new(), |ca| format!("&sslrootcert={ca}"));
        let source = format!("s={url}?sslmode={mode}{root}");
        let run = run(&["check", &source]);
        let said = [run.out.as_str(), &run.err].concat();
        assert_eq!(run.code, Some(i32::from(!good)), "{mode} {ca:?}: {said}");
        assert!(good || said.contains("certificate"), "{mode} {ca:?}: {said}");
        assert!(!said.contains(server.password()) && !said.contains("tester"), "{said}");
    }
}

#[test]
fn postgres_certificates_are_checked() {
    certificates_are_checked(postgres::private());
}

#[test]
fn mariadb_certificates_are_checked() {
    certificates_are_checked(mariadb::private());
}

/// The commands that read a source, on the command line.
fn commands(database: &Database) {
    database.run(TABLES);
    let source = format!("s={}", database.url());
    let rows: &[(&[&str], i32, &[&str])] = &[
        (&["check", &source], 0, &["s: 2 entity sets", "The configuration is valid."]),
        (&["model", &source], 0, &["namespace: \"s\"", "  \"t\":", "\"name\": {type: Edm.String"]),
        (
            &["explain", &source, "t?$filter=name eq 'x'"],
            0,
            &["-- statements (", "SELECT", "--   parameter 1"],
        ),
        (&["dump-config", &source], 0, &["://***@127.0.0.1:"]),
        (
            &["check", &source.replace(database.name(), "no_such_database")],
            1,
            &["source 's'", "no_such_database"],
        ),
        (&["check", &source.replace("tester:", "stranger:")], 1, &["source 's'", "refuses the login"]),
        (&["check", &source.replace("tester:", "tester:x")], 1, &["source 's'", "refuses the login"]),
    ];
    for (args, code, words) in rows {
        let run = run(args);
        let said = [run.out.as_str(), &run.err].concat();
        assert_eq!(run.code, Some(*code), "{}: {said}", args[0]);
        for words in *words {
            assert!(said.contains(words), "{}: '{words}' in {said}", args[0]);
        }
        assert!(!said.contains(database.server().password()), "{}: {said}", args[0]);
    }
    let node =
        Launch::new(PROGRAM, &["serve", &source, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    let data = node.data_dir().join("data").display().to_string();
    let node = node.args(&["--data-dir", &data]).start();
    assert_eq!(ask(&node, "u(1)", &[]).json()["id"], 1);
    assert!(!node.log().contains(database.server().password()), "{}", node.log());
}

#[test]
fn commands_take_servers() {
    for server in [postgres::server(), mariadb::server()] {
        commands(&server.database("commands"));
    }
}
