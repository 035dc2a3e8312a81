//! The command line: what it prints, how it ends, and what it says when it cannot do what is asked.

mod common;

use common::{PROGRAM, SHOP, ask, run, shop, shop_configured, shop_with};
use nextlink_testkit::http;
use nextlink_testkit::node::Launch;
use nextlink_testkit::sqlite::sqlite;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

/// A folder with files that are no good databases, and one that is.
fn folder() -> Launch {
    let launch = Launch::new(PROGRAM, &[]);
    let dir = launch.data_dir();
    sqlite(&dir.join("shop.db"), include_str!("common/shop.sql"));
    let good = std::fs::read(dir.join("shop.db")).expect("the shop can be read");
    let mut broken = good.clone();
    broken[100..4096].fill(0x55);
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(dir.join(name), bytes).expect("a file can be written");
    write("broken.db", &broken);
    write("cut.db", &good[..good.len() / 2]);
    write("text.db", b"this is no database, whatever its name says");
    write("empty.db", b"");
    sqlite(
        &dir.join("names.db"),
        "CREATE TABLE \"Order Details\" (id INTEGER PRIMARY KEY, \"unit price\" REAL); CREATE TABLE plain (id INTEGER PRIMARY KEY);",
    );
    sqlite(
        &dir.join("keyless.db"),
        "CREATE TABLE a (x, y); CREATE TABLE b (id INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT 1 AS one;",
    );
    launch
}

fn source(dir: &Path, file: &str) -> String {
    format!("a=sqlite:{}", dir.join(file).display())
}

#[test]
fn databases_that_cannot_be_served() {
    let launch = folder();
    let dir = launch.data_dir();
    let rows: &[(&str, &str)] = &[
        ("broken.db", "damaged"),
        ("cut.db", "damaged"),
        ("text.db", "not a database"),
        ("missing.db", "unable to open"),
        ("no/such/folder.db", "unable to open"),
        ("", "directory"),
    ];
    for (file, words) in rows {
        let source = source(dir, file);
        for command in ["check", "model", "serve"] {
            let mut args = vec![command, &source];
            let data = dir.join("data").display().to_string();
            if command == "serve" {
                args.extend([
                    "--listen",
                    "127.0.0.1:0",
                    "--admin-listen",
                    "127.0.0.1:0",
                    "--data-dir",
                    &data,
                ]);
            }
            let run = run(&args);
            let said = [run.out.as_str(), &run.err].concat();
            assert_eq!(run.code, Some(1), "{args:?}: {said}");
            assert!(said.contains("source 'a'") && said.contains(words), "{args:?}: {said}");
            assert!(run.err.contains("nextlink: "), "{args:?}: {said}");
        }
    }
    assert!(!dir.join("missing.db").exists(), "no file was made");
}

#[test]
fn databases_with_little_in_them() {
    let launch = folder();
    let dir = launch.data_dir();
    for (file, code, words) in [
        ("empty.db", 0, &["a: 0 entity sets"][..]),
        ("keyless.db", 0, &["a: 1 entity sets", "  a: Not served", "  v: Not served"]),
        ("shop.db", 0, &["a: 5 entity sets", "The configuration is valid."]),
        (
            "names.db",
            0,
            &[
                "a: 2 entity sets",
                "  Order Details: served as Order_Details",
                "  Order Details.unit price: served as unit_price",
            ],
        ),
    ] {
        let run = run(&["check", &source(dir, file)]);
        assert_eq!(run.code, Some(code), "{file}: {}{}", run.out, run.err);
        for words in words {
            assert!(run.out.lines().any(|line| line.starts_with(words)), "{file}: '{words}' in {}", run.out);
        }
    }
    let node = Launch::serve(PROGRAM, &[("a", &dir.join("empty.db"))]).start();
    assert_eq!(node.get("/api/odata4/a/", &[]).json()["value"], serde_json::json!([]));
    assert!(node.get("/api/odata4/a/$metadata", &[]).text().contains("<Schema Namespace=\"a\""));
}

#[test]
fn a_locked_file_is_said_to_be_locked() {
    let launch = folder();
    let dir = launch.data_dir();
    let other = rusqlite::Connection::open(dir.join("shop.db")).expect("the file can be opened");
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("a lock");
    let run = run(&["check", &source(dir, "shop.db")]);
    assert_eq!(run.code, Some(1), "{}{}", run.out, run.err);
    assert!(run.out.contains("locked"), "{}{}", run.out, run.err);
}

#[test]
fn wrong_arguments() {
    let launch = folder();
    let good = source(launch.data_dir(), "shop.db");
    let rows: &[(&[&str], i32, &str)] = &[
        (&[], 2, "Usage"),
        (&["frobnicate"], 2, "frobnicate"),
        (&["serve", "--frobnicate"], 2, "--frobnicate"),
        (&["serve", "--listen", "localhost:80"], 2, "an IP address and a port are needed"),
        (&["serve"], 1, "no source to serve"),
        (&["check"], 1, "no source to serve"),
        (&["serve", "a=sqlite:x", "a=sqlite:y"], 1, "source 'a' is named twice"),
        (&["check", "a=sqlite:x", "b=sqlite:y", "a=sqlite:x"], 1, "source 'a' is named twice"),
        (&["serve", "shop"], 1, "NAME=sqlite:"),
        (&["serve", "shop="], 1, "sources.shop.url"),
        (&["serve", "shop=oracle:x"], 1, "sources.shop.url"),
        (&["serve", "=sqlite:x"], 1, "source name"),
        (&["serve", "a b=sqlite:x"], 1, "source name"),
        (&["serve", "a=sqlite:x", "A=sqlite:y"], 1, "differ only in case"),
        (&["serve", &good, "--listen", "0.0.0.0:0"], 1, "server.listen: 0.0.0.0:0 is not a loopback address"),
        (&["serve", &good, "--listen", "[::]:0"], 1, "server.listen"),
        (&["serve", &good, "--admin-listen", "0.0.0.0:0"], 1, "server.admin_listen"),
        (&["demo", "--listen", "0.0.0.0:0"], 1, "server.listen"),
        (&["serve", &good, "--listen", "nowhere"], 2, "--listen"),
        (&["serve", &good, "--public-url", "example.com"], 1, "server.public_url"),
        (&["serve", &good, "--log", "loud"], 1, "log.level"),
        (&["serve", "--config", "missing.toml"], 1, "missing.toml"),
        (&["model", "a"], 1, "no source 'a'"),
        (&["model"], 2, "SOURCE"),
        (&["explain", &good], 2, "URL"),
        (&["explain", &good, "Nothing"], 1, "404 NotFound: There is no entity set 'Nothing'"),
        (&["explain", &good, "Products?$filter=Nam eq 1"], 1, "Did you mean 'Name'"),
        (&["explain", &good, "Products?$apply=x"], 1, "400"),
        (&["serve", &good, "--data-dir", "/proc/nothing"], 1, "/proc/nothing"),
    ];
    for (args, code, words) in rows {
        let run = run(args);
        assert_eq!(run.code, Some(*code), "{args:?}: {}{}", run.out, run.err);
        assert!(run.err.contains(words), "{args:?}: '{words}' in {}", run.err);
    }
}

/// Errors in a file name the file, the line and the key.
#[test]
fn wrong_files() {
    let launch = folder();
    let dir = launch.data_dir();
    let good = format!("[sources.shop]\nurl = \"sqlite:{}\"\n", dir.join("shop.db").display());
    let file = dir.join("nextlink.toml");
    for (text, line, words) in [
        ("[server]\nlisen = \"x\"", 2, "lisen"),
        ("[nonsense]\n", 1, "nonsense"),
        ("\n\n[limits\n", 3, "unclosed"),
        ("[limits]\nqueries = \"many\"", 2, "queries"),
        ("[limits]\n\nqueries = 0", 3, "limits.queries"),
        ("[limits]\nurl_bytes = 100000", 2, "limits.url_bytes"),
        ("[limits]\nexpression_depth = 65", 2, "limits.expression_depth"),
        ("[limits]\nexpand_depth = 17", 2, "limits.expand_depth"),
        ("[limits]\nlist_values = 0", 2, "limits.list_values"),
        ("[limits]\nnavigations = 61", 2, "limits.navigations"),
        ("[limits]\nheader_bytes = 100", 2, "limits.header_bytes"),
        ("[limits]\nurl_bytes = -1", 2, "url_bytes"),
        ("[server]\nlisten = \"0.0.0.0:8080\"", 2, "server.listen"),
        ("[server]\ntrusted_proxies = [\"10.0.0.0/33\"]", 2, "10.0.0.0/33"),
        ("[server]\npublic_url = \"x\"", 2, "server.public_url"),
        ("[results]\nidle_minutes = 0", 2, "results.idle_minutes"),
        ("[server]\nlisten = \"localhost:8080\"", 2, "listen: an IP address and a port are needed"),
        ("[log]\nformat = \"xml\"", 2, "xml"),
        ("[log]\nlevel = \"loud\"", 2, "log.level"),
        ("[sources.x]\nurl = \"oracle:y\"", 2, "sources.x.url"),
        ("[sources.x]\nurl = \"sqlite:y\"\npage_rows = 0", 3, "sources.x.page_rows"),
        ("[sources.x]\nurl = \"sqlite:y\"\npage_byts = 5", 3, "page_byts"),
    ] {
        std::fs::write(&file, format!("{text}\n{good}")).expect("a file can be written");
        let path = file.display().to_string();
        for command in ["check", "serve", "dump-config"] {
            let run = run(&[command, "--config", &path]);
            assert_eq!(run.code, Some(1), "{command} {text}: {}{}", run.out, run.err);
            let named = run.err.contains(&path)
                && run.err.contains(&format!("line {line}"))
                && run.err.contains(words);
            assert!(named, "{command} {text}: {}", run.err);
        }
    }
}

/// All that is wrong with a file is told at once, without what may be secret.
#[test]
fn all_mistakes_of_a_file() {
    let launch = folder();
    let file = launch.data_dir().join("nextlink.toml");
    let text = "[limits]\nqueries = 0\nurl_bytes = \"x://S3CRET\"\n[sources.a]\nurl = \"postgres://u:S3CRET@h\"\npasword = 1\n";
    std::fs::write(&file, text).expect("a file can be written");
    for command in ["check", "serve", "dump-config"] {
        let run = run(&[command, "--config", &file.display().to_string()]);
        let told: Vec<&str> = run.err.lines().collect();
        assert_eq!((run.code, told.len()), (Some(1), 5), "{command}: {}", run.err);
        let words = [
            "4 mistakes",
            "line 2: limits.queries",
            "line 3, column 13: url_bytes",
            "line 5: sources.a.url",
            "line 6",
        ];
        for (line, words) in told.iter().zip(words) {
            assert!(line.contains(words), "{command}: {words}: {}", run.err);
        }
        assert!(!run.err.contains("S3CRET"), "{command}: {}", run.err);
    }
}

/// The amount of logs comes from the line, else from the environment, else from the file.
#[test]
fn the_amount_of_logs_comes_from_the_environment() {
    let launch = folder();
    let file = launch.data_dir().join("nextlink.toml");
    std::fs::write(&file, "[log]\nlevel = \"warn\"\n").expect("a file can be written");
    for (env, line, expected) in [
        (None, &[][..], Ok("warn")),
        (Some(""), &[], Ok("warn")),
        (Some("debug"), &[], Ok("debug")),
        (Some("debug"), &["--log", "error"], Ok("error")),
        (Some("loud"), &[], Err("log.level: 'loud' is no level")),
    ] {
        let mut dump = Command::new(PROGRAM);
        dump.args(["dump-config", "--config"]).arg(&file).args(line).env_remove("NEXTLINK_LOG");
        env.map(|env| dump.env("NEXTLINK_LOG", env));
        let done = dump.output().expect("it can be started");
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        match expected {
            Ok(level) => {
                assert!(out.contains(&format!("level = \"{level}\"")), "{env:?} {line:?}: {out}{err}")
            }
            Err(words) => assert!(err.contains(words), "{env:?} {line:?}: {out}{err}"),
        }
    }
}

/// What would keep a node from starting is told by `check`, all of it, and by `serve`.
#[test]
fn what_a_start_takes_is_checked() {
    let launch = folder();
    let dir = launch.data_dir();
    let made = run(&["new-keys", &dir.join("good.keys").display().to_string()]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    std::fs::write(dir.join("open.keys"), std::fs::read(dir.join("good.keys")).expect("keys"))
        .expect("a file");
    std::fs::set_permissions(dir.join("open.keys"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .expect("the mode can be changed");
    let made = run(&["new-keys", &dir.join("nowhere/new.keys").display().to_string()]);
    assert!(made.code == Some(1) && made.err.contains("nowhere is not there"), "{}", made.err);
    let file = dir.join("nextlink.toml");
    let (server, data) = ("[server]\nvocabulary_folder = \"none\"", "data_dir = \"shop.db/data\"");
    let cluster = |keys: &str, system: &str, more: &str| {
        format!("data_dir = \"data\"\n[cluster]\nkey_file = \"{keys}\"\nsystem = \"{system}\"\n{more}")
    };
    let (system, away) = ("sqlite:system.db", "postgres://u:S3CRET@127.0.0.1:1/d");
    let tls = "tls = {certificate = \"c.pem\", key = \"k.pem\", ca = \"ca.pem\"}";
    let both = format!("{data}\n{server}");
    for (text, words) in [
        (server, &["server.vocabulary_folder"][..]),
        (data, &["shop.db is no directory"]),
        (&both, &["server.vocabulary_folder", "shop.db is no directory"]),
        (&cluster("none.keys", system, ""), &["none.keys: No such file"]),
        (&cluster("open.keys", system, ""), &["open.keys may be read by others"]),
        (&cluster("shop.db", system, ""), &["cannot read the key file"]),
        (&cluster("good.keys", "sqlite:none/system.db", ""), &["none/system.db: No such file"]),
        (&cluster("good.keys", "sqlite:text.db", ""), &["text.db: file is not a database"]),
        (&cluster("good.keys", away, ""), &["cannot open the system database"]),
        (&cluster("good.keys", away, "system_ca = \"ca.pem\""), &["TLS of the system database"]),
        (&cluster("good.keys", system, tls), &["c.pem (cluster.tls.certificate)"]),
        (&cluster("none.keys", "sqlite:none/s.db", tls), &["none.keys", "none/s.db", "c.pem"]),
    ] {
        let text = format!("{text}\n[sources.shop]\nurl = \"sqlite:shop.db\"");
        std::fs::write(&file, &text).expect("a file can be written");
        let from = file.display().to_string();
        let check = run(&["check", "--config", &from]);
        assert_eq!(check.code, Some(1), "{text}: {}{}", check.out, check.err);
        for words in words {
            assert_eq!(check.out.matches(words).count(), 1, "{text}: {words}: {}", check.out);
        }
        assert!(check.out.contains("shop: 5 entity sets"), "{text}: {}", check.out);
        assert!(!dir.join("data").exists() && !dir.join("system.db").exists(), "{text}: nothing is made");
        let free =
            ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--cluster-listen", "127.0.0.1:0"];
        let serve = run(&[&["serve", "--config", &from][..], &free].concat());
        assert_eq!(serve.code, Some(1), "{text}: {}{}", serve.out, serve.err);
        // It ends at the first one, which it may see in another way.
        let names =
            |words: &&&str| words.split([':', ' ']).next().is_some_and(|name| serve.err.contains(name));
        assert!(words.iter().any(|words| names(&words)), "{text}: {}", serve.err);
        assert!(!serve.err.contains("S3CRET") && !check.out.contains("S3CRET"), "{text}");
        let _ = std::fs::remove_dir_all(dir.join("data"));
        let _ = std::fs::remove_file(dir.join("system.db"));
    }
    // A start would make the system database.
    std::fs::write(&file, cluster("good.keys", system, "")).expect("a file can be written");
    let check = run(&["check", "--config", &file.display().to_string()]);
    assert_eq!(check.code, Some(0), "{}{}", check.out, check.err);
    assert!(!dir.join("system.db").exists(), "nothing is made");
}

#[test]
fn what_is_printed() {
    let launch = folder();
    let dir = launch.data_dir();
    let good = source(dir, "shop.db");
    let rows: &[(&[&str], &[&str])] = &[
        (&["--help"], &["serve", "demo", "check", "model", "explain", "dump-config", "Exit codes"]),
        (&["--version"], &["nextlink "]),
        (
            &["serve", "--help"],
            &["--listen", "--admin-listen", "--data-dir", "--public-url", "127.0.0.1:8080"],
        ),
        (&["explain", "--help"], &["URL"]),
        (
            &["model", &good],
            &[
                "namespace: \"a\"",
                "  \"Order_Details\":",
                "    table: \"Order Details\"",
                "column: \"Unit Price\"",
            ],
        ),
        (
            &["explain", &good, "Products?$filter=ID eq 5&$expand=Category"],
            &["-- url", "-- query", "-- plan", "-- statements", "SELECT", "--   parameter 1"],
        ),
        (&["explain", &good, "http://localhost:8080/api/odata4/a/Products(1)"], &["SELECT"]),
        (&["explain", &good, "$metadata"], &["the metadata document"]),
        (&["explain", &good, ""], &["the service document"]),
        (
            &["dump-config", &good, "--listen", "127.0.0.1:99"],
            &["[sources.a]", "listen = \"127.0.0.1:99\"", "[limits]"],
        ),
    ];
    for (args, words) in rows {
        let run = run(args);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{args:?}: {}", run.out);
        for words in *words {
            assert!(run.out.contains(words), "{args:?}: '{words}' in {}", run.out);
        }
    }
    // What is printed can be read again, and gives the same.
    let printed = run(&["dump-config", &good, "--log-json", "--public-url", "https://x.example"]).out;
    let file = dir.join("again.toml");
    std::fs::write(&file, &printed).expect("a file can be written");
    assert_eq!(run(&["dump-config", "--config", &file.display().to_string()]).out, printed);
}

/// The first rows of a SELECT tell of which types its columns are; `check` looks at all of them.
#[test]
fn values_further_on_in_a_select_are_told() {
    let launch = folder();
    let dir = launch.data_dir();
    let model = "entities:\n  Numbers:\n    key: [id]\n    sql: |\n      WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 12000)\n      \
                 SELECT i AS id, CASE WHEN i < 11000 THEN i ELSE 'x' END AS n FROM c\n";
    std::fs::write(dir.join("model.yaml"), model).expect("a file can be written");
    let url = source(dir, "shop.db");
    let (_, url) = url.split_once('=').expect("a name");
    let config = dir.join("nextlink.toml").display().to_string();
    let model = dir.join("model.yaml").display().to_string();
    std::fs::write(&config, format!("[sources.a]\nurl = {url:?}\nmodel = {model:?}\n"))
        .expect("a file can be written");
    let checked = run(&["check", "--config", &config]);
    let said =
        "  Numbers.n: Further on in its SELECT are values that are no Edm.Int64: what reads them fails.";
    assert_eq!((checked.code, checked.out.matches(said).count()), (Some(0), 1), "{}", checked.out);
    assert_eq!(checked.out.matches("Further on").count(), 1, "{}", checked.out);
}

/// Whoever reads what is printed may have enough: that is no error. What cannot be written is one.
#[test]
fn output_that_nobody_reads() {
    let launch = folder();
    let good = source(launch.data_dir(), "shop.db");
    for args in [
        &["explain", &good, "Products"][..],
        &["openapi", &good],
        &["model", &good],
        &["model", "--schema"],
        &["check", &good],
        &["dump-config", &good],
    ] {
        for (reader, code, err) in [
            (Stdio::from(closed_pipe()), 0, ""),
            (Stdio::from(full()), 1, "nextlink: the output cannot be written: No space left on device"),
        ] {
            let command = Command::new(PROGRAM).args(args).stdout(reader).stderr(Stdio::piped()).output();
            let done = command.expect("the program runs");
            let told = String::from_utf8_lossy(&done.stderr);
            assert_eq!(done.status.code(), Some(code), "{args:?}: {told}");
            assert!(told.starts_with(err) && told.is_empty() == err.is_empty(), "{args:?}: {told}");
        }
    }
    let failed = Command::new(PROGRAM).args(["check", "nothing"]).stderr(closed_pipe()).status();
    assert_eq!(failed.expect("the program runs").code(), Some(1), "there is nobody to tell it");
}

/// A pipe whose other end is closed.
fn closed_pipe() -> std::io::PipeWriter {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer
}

/// A device that is full.
fn full() -> std::fs::File {
    std::fs::File::options().write(true).open("/dev/full").expect("the device is there")
}

#[test]
fn one_data_directory_one_server() {
    let first = shop();
    let data = first.data_dir().join("data").display().to_string();
    let shop = format!("shop=sqlite:{}", first.data_dir().join("shop.db").display());
    let second = run(&[
        "serve",
        &shop,
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--data-dir",
        &data,
    ]);
    assert_eq!(second.code, Some(1), "{}{}", second.out, second.err);
    assert!(second.err.contains("another process") && second.err.contains(&data), "{}", second.err);
    assert_eq!(ask(&first, "Products(1)", &[]).status, 200, "the first goes on");
    let used = first.base().trim_start_matches("http://").to_owned();
    let third = run(&[
        "serve",
        &shop,
        "--listen",
        &used,
        "--admin-listen",
        "127.0.0.1:0",
        "--data-dir",
        &format!("{data}3"),
    ]);
    assert_eq!(third.code, Some(1), "{}{}", third.out, third.err);
    assert!(third.err.contains(&format!("cannot listen on {used} (server.listen)")), "{}", third.err);
}

/// A stop lets requests that are under way end, and ends with 0.
#[test]
fn stops_end_cleanly() {
    for signal in ["TERM", "INT"] {
        let mut node = shop_with(&["--log", "info"]);
        let host = node.base().trim_start_matches("http://").to_owned();
        // A request whose answer has begun, and a connection that waits for its next request.
        let mut busy = TcpStream::connect(&host).expect("a connection");
        let url = format!("{SHOP}Products?$expand=Category,Order_Details");
        busy.write_all(format!("GET {url} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())
            .expect("a request is sent");
        let mut first = [0; 15];
        busy.read_exact(&mut first).expect("the answer begins");
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        let mut idle = TcpStream::connect(&host).expect("a connection");
        idle.write_all(format!("GET {SHOP}Products(1) HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())
            .expect("a request is sent");
        assert_eq!(http::read_answer(&mut BufReader::new(&idle), false).expect("an answer").status, 200);
        node.signal(signal);
        let rest =
            http::read_answer(&mut BufReader::new(first.chain(&busy)), false).expect("the answer is whole");
        assert_eq!(rest.json()["value"].as_array().map(Vec::len), Some(2_000), "SIG{signal}");
        assert_eq!(node.wait().code(), Some(0), "SIG{signal}: {}", node.log());
        assert!(node.log().contains("stopped"), "{}", node.log());
        assert!(TcpStream::connect(&host).is_err(), "nobody listens any more");
    }
}

/// Who asks for the stop once more does not want to wait for what is under way.
#[test]
fn a_second_signal_ends_at_once() {
    let mut node = shop_configured("[server]\nshutdown_seconds = 600\n[limits]\nbody_seconds = 600");
    let mut busy = TcpStream::connect(node.base().trim_start_matches("http://")).expect("a connection");
    let head = "Host: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\nExpect: 100-continue";
    busy.write_all(format!("POST {SHOP}Products/$query HTTP/1.1\r\n{head}\r\n\r\n").as_bytes())
        .expect("a request is sent");
    let mut first = [0; 21];
    busy.read_exact(&mut first).expect("the body is waited for");
    assert_eq!(&first, b"HTTP/1.1 100 Continue");
    node.signal("TERM");
    node.says("stopping");
    assert!(!node.has_ended(), "{}", node.log());
    node.signal("TERM");
    assert_eq!(node.wait().code(), Some(0), "{}", node.log());
    assert!(node.log().contains("stopped connections=1"), "{}", node.log());
}

/// The demo makes its data once, and prints commands that work as they stand.
#[test]
fn the_demo_prints_commands_that_work() {
    let mut node = Launch::demo(PROGRAM).start();
    assert_eq!(node.get("/api/odata4/demo/", &[]).status, 200);
    node.terminate();
    let log = node.log();
    assert!(log.contains("made ") && log.contains("rows in"), "{log}");
    let again = node.start_again();
    assert_eq!(again.get("/api/odata4/demo/Customers/$count", &[]).status, 200);
    again.says("-d '$top=2'");
    let log = again.log();
    assert!(!log.contains("made "), "{log}");
    let commands: Vec<_> = log.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(commands.len(), 3, "{log}");
    for command in commands {
        let output = Command::new("sh")
            .args(["-c", &command.replacen("curl ", "curl -sS --fail --noproxy '*' ", 1)])
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let body: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{command}: {e}: {text}"));
        assert!(body["value"].as_array().is_some_and(|rows| !rows.is_empty()), "{command}: {text:.300}");
    }
}

/// The command of the README, which is started in some folder with a data directory in that.
#[test]
fn several_nodes_of_the_demo_start_where_they_are() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut demo = Command::new(PROGRAM)
        .args(["demo", "--nodes", "2", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(["--cluster-listen", "127.0.0.1:0"])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the demo starts");
    let lines = BufReader::new(demo.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let said: Vec<String> = lines.take_while(|line| !line.starts_with("Stop all")).collect();
    let bases = said
        .iter()
        .filter_map(|line| line.trim().split_once("  http://"))
        .filter(|(name, _)| name.starts_with('n'));
    let bases: Vec<&str> =
        bases.filter_map(|(_, rest)| rest.split_once("  (process")).map(|(base, _)| base).collect();
    let answers: Vec<u16> =
        bases.iter().map(|base| http::get(&format!("http://{base}Customers/$count"), &[]).status).collect();
    let ended = Command::new("sh").args(["-c", &format!("kill -TERM {}", demo.id())]).status();
    let output = demo.wait_with_output().expect("it ends");
    assert_eq!(answers, [200, 200], "{said:#?} {}", String::from_utf8_lossy(&output.stderr));
    assert!(ended.is_ok_and(|status| status.success()) && output.status.success(), "{output:?}");
    assert!(dir.path().join("nextlink-data/cluster/keys").is_file(), "{said:#?}");
}
