//! Passwords, and the users of URLs, are shown by nothing: no command, no error, no log, whatever is wrong.

mod common;

use common::{PROGRAM, run};
use nextlink_testkit::node::Launch;
use nextlink_testkit::sqlite::sqlite;
use std::process::{Command, Stdio};

/// Stands in every password.
const SECRET: &str = "S3CRET";
/// Stands in every user of a URL.
const USER: &str = "us3r";
/// A server that is not there: nothing listens at this port.
const PLACE: &str = "127.0.0.1:1/d";

/// What was printed, after a look for the marks.
#[track_caller]
fn silent(what: &str, text: &str) -> String {
    for mark in [SECRET, "S3C", USER] {
        assert!(!text.contains(mark), "{what}: '{mark}' in: {text}");
    }
    text.to_owned()
}

/// URLs as people write them, and as they get them wrong.
fn urls() -> Vec<String> {
    let mut urls = Vec::new();
    for scheme in ["postgresql", "mariadb", "postgress", "oracle"] {
        urls.push(format!("{scheme}://us3r:S3CRET@{PLACE}"));
    }
    for scheme in ["postgres", "mysql"] {
        for info in [
            "us3r:S3CRET",
            "us3r:S3CRET@x",
            "us3r:S3C/RET",
            "us3r:S3C?RET",
            "us3r:S3C#RET",
            "us3r:S3C%RET",
            "us3r:S3C%FFRET",
            "us3r:S3C RET",
            "us3r:S3C\"R'ET",
        ] {
            urls.push(format!("{scheme}://{info}@{PLACE}"));
        }
    }
    for end in ["h:S3CRET/d", "[S3CRET]/d", "h", "h/d?password=S3CRET", "h/d?sslmode=S3CRET", "h/d?S3CRET"] {
        urls.push(format!("postgres://us3r:S3CRET@{end}"));
    }
    urls
}

#[test]
fn no_command_shows_a_url_with_its_login() {
    let launch = Launch::new(PROGRAM, &[]);
    let data = launch.data_dir().join("data").display().to_string();
    let free = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", &data];
    for url in urls() {
        let named = format!("shop={url}");
        // A server that cannot be reached is waited for; so `serve` is asked for something that cannot be, too.
        let hopeless = [&["serve", &named, "missing"], &free[..]].concat();
        let rows: Vec<Vec<&str>> = vec![
            vec!["check", &named],
            vec!["model", &named],
            vec!["explain", &named, "Orders"],
            vec!["dump-config", &named],
            vec!["check", &url],
            vec!["model", &url],
            vec!["explain", &url, "Orders"],
            vec!["dump-config", &url],
            vec!["serve", &url],
            vec!["serve", &named, "--frobnicate"],
            vec!["serve", &named, "--listen", &url],
            vec!["serve", "--config", &url],
            vec!["explain", &named],
            vec!["explain", &named, "Orders", &url],
            vec!["demo", &url],
            vec!["sources", "set", "shop", &url],
            vec!["sources", "set", &url],
            vec!["sources", "set", &url, "sqlite:x"],
            vec!["sources", "set", "shop", "sqlite:x", &url],
            vec!["sources", "apply", &url],
            vec!["sources", "remove", &url],
            vec![&url],
            hopeless,
        ];
        for args in rows {
            let run = run(&args);
            silent(&format!("{args:?}"), &[run.out.as_str(), &run.err].concat());
            let printed = args[0] == "dump-config" && run.code == Some(0);
            assert!(run.code != Some(0) || printed, "{args:?}: {}", run.out);
            assert!(printed == run.err.is_empty(), "{args:?}: {}", run.err);
        }
    }
}

#[test]
fn no_command_shows_the_settings_of_a_login() {
    let launch = Launch::new(PROGRAM, &[]);
    let dir = launch.data_dir();
    let file = dir.join("nextlink.toml");
    let cluster = dir.join("cluster.toml");
    let keys = dir.join("cluster.keys").display().to_string();
    assert_eq!(run(&["new-keys", &keys]).code, Some(0));
    let text =
        format!("[cluster]\nsystem = 'sqlite:{}'\nkey_file = '{keys}'\n", dir.join("system.db").display());
    std::fs::write(&cluster, text).expect("a file can be written");
    let cluster = cluster.display().to_string();
    let password = dir.join("password");
    std::fs::write(&password, "S3CRET\n").expect("a file can be written");
    let by_file = format!("url = \"postgres://us3r@{PLACE}\"\npassword_file = '{}'", password.display());
    for source in [
        &format!("url = \"postgres://us3r:S3CRET@{PLACE}\""),
        &format!("url = \"postgres://us3r@{PLACE}\"\npassword = \"S3CRET\""),
        &format!("url = \"mysql://us3r@{PLACE}\"\npassword_env = \"NEXTLINK_TEST_PASSWORD\""),
        &by_file,
        // Mistakes, of which the line is not shown.
        "url = \"postgres://us3r@h/d\"\npassword = S3CRET",
        "url = \"postgres://us3r@h/d\"\npassword = [\"S3CRET\"]",
        "url = \"postgres://us3r@h/d\"\npassword = \"S3CRET",
        "url = \"postgres://us3r@h/d\"\npasword = \"S3CRET\"",
        "url = \"postgres://us3r@h/d\"\npassword = \"S3CRET\"\npassword = \"S3CRET\"",
        "url = \"postgres://us3r:S3CRET@h/d\"\npassword = \"S3CRET\"",
        "url = [\"postgres://us3r:S3CRET@h/d\"]",
        "url = \"postgres://us3r:S3CRET@h/d",
        "urll = \"postgres://us3r:S3CRET@h/d\"",
        "page_rows = \"postgres://us3r:S3CRET@h/d\"",
        "client_login = \"S3CRET\"",
        "tls = \"S3CRET\"",
        "url = \"sqlite:x\"\npassword = \"S3CRET\"",
    ] {
        std::fs::write(&file, format!("[sources.shop]\n{source}\n")).expect("a file can be written");
        let path = file.display().to_string();
        for args in [
            &["check", "--config", &path][..],
            &["dump-config", "--config", &path],
            &["model", "shop", "--config", &path],
            &["explain", "shop", "Orders", "--config", &path],
            &["sources", "apply", &path, "--config", &cluster],
            &["sources", "--config", &cluster, "--json"],
        ] {
            let output = Command::new(PROGRAM)
                .args(args)
                .env("NEXTLINK_TEST_PASSWORD", SECRET)
                .stdin(Stdio::null())
                .output()
                .expect("the program runs");
            let text = [output.stdout, output.stderr].concat();
            let said = silent(&format!("{args:?} {source}"), &String::from_utf8_lossy(&text));
            assert!(!said.is_empty(), "{args:?} {source}");
        }
    }
    // In place of the table of a source.
    std::fs::write(&file, "[sources]\nshop = \"postgres://us3r:S3CRET@h/d\"\n")
        .expect("a file can be written");
    let run = run(&["check", "--config", &file.display().to_string()]);
    silent("a URL for a table", &[run.out, run.err].concat());
}

/// A node that waits for its server, asked with a login by somebody: neither its logs nor its answers have any of it.
#[test]
fn no_log_shows_a_login() {
    let launch = Launch::new(PROGRAM, &["serve", "--log", "trace", "--log-requests"]);
    let dir = launch.data_dir().to_owned();
    sqlite(&dir.join("shop.db"), include_str!("common/shop.sql"));
    let file = dir.join("nextlink.toml");
    let sources = format!(
        "[sources.shop]\nurl = 'sqlite:{}'\n[sources.away]\nurl = \"postgres://us3r:S3CRET@{PLACE}\"\n\
         client_login = \"allowed\"\n[sources.need]\nurl = \"mysql://us3r:S3CRET@{PLACE}\"\nclient_login = \"required\"\n",
        dir.join("shop.db").display()
    );
    std::fs::write(&file, sources).expect("a file can be written");
    let data = dir.join("data").display().to_string();
    let node = launch
        .args(&["--config", &file.display().to_string(), "--data-dir", &data])
        .args(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .start();
    let user = ("ddcloud-datasource-user", "us3r");
    let password = ("ddcloud-datasource-password", "S3CRET");
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);
    let rows: &[Row] = &[
        ("shop/Products", &[user, password], 200, ""),
        ("shop/Products?$filter=Nothing", &[user, password], 400, "BadRequest"),
        ("shop/Products", &[password], 400, "BadSourceLogin"),
        ("shop/Products", &[user, user], 400, "BadSourceLogin"),
        ("away/Products", &[], 503, "SourceUnavailable"),
        ("away/Products", &[user, password], 503, "SourceUnavailable"),
        ("away/$metadata", &[user, password], 503, "SourceUnavailable"),
        ("need/Products", &[], 403, "SourceLoginNeeded"),
        ("need/$metadata", &[], 403, "SourceLoginNeeded"),
        ("need/", &[user, password], 503, "SourceUnavailable"),
    ];
    for (url, headers, status, code) in rows {
        let answer = node.get(&format!("/api/odata4/{url}"), headers);
        assert_eq!(answer.status, *status, "{url} {headers:?}: {}", answer.text());
        silent(url, &format!("{answer:?} {}", answer.text()));
        if !code.is_empty() {
            assert_eq!(answer.json()["error"]["code"], *code, "{url} {headers:?}");
        }
        let retry = answer.header("retry-after").and_then(|s| s.parse::<u64>().ok());
        assert_eq!(retry.is_some_and(|s| (1..=31).contains(&s)), *status == 503, "{url}: {retry:?}");
    }
    silent("the metrics", &nextlink_testkit::http::get(&node.admin_url("/metrics"), &[]).text());
    silent("the landing page", &node.get("/", &[]).text());
    silent("the log", &node.log());
}
