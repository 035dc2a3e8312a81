//! What the tests over HTTP share: a small shop with awkward values, nodes that serve it, and runs of the program.

// Each test file uses a part of it.
#![allow(dead_code)]

use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::sqlite::sqlite;
use std::path::Path;
use std::process::{Command, Stdio};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_nextlink");
/// Where the shop is served.
pub const SHOP: &str = "/api/odata4/shop/";

/// A node that serves the shop, with more arguments.
pub fn shop_with(args: &[&str]) -> Node {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let dir = launch.data_dir().to_owned();
    sqlite(&dir.join("shop.db"), include_str!("shop.sql"));
    let source = format!("shop=sqlite:{}", dir.join("shop.db").display());
    on_free_ports(launch.arg(&source), &dir).args(args).start()
}

/// A node that serves the shop.
pub fn shop() -> Node {
    shop_with(&[])
}

/// A node that serves the shop with a configuration file that has these lines besides the source.
pub fn shop_configured(settings: &str) -> Node {
    shop_launch(settings).start()
}

/// The same, not yet started.
pub fn shop_launch(settings: &str) -> Launch {
    let launch = Launch::new(PROGRAM, &["serve"]);
    let dir = launch.data_dir().to_owned();
    sqlite(&dir.join("shop.db"), include_str!("shop.sql"));
    let shop = format!("[sources.shop]\nurl = \"sqlite:{}\"\n", dir.join("shop.db").display());
    let file = dir.join("nextlink.toml");
    std::fs::write(&file, format!("{settings}\n{shop}")).expect("the configuration can be written");
    on_free_ports(launch.args(&["--config", &file.display().to_string()]), &dir)
}

fn on_free_ports(launch: Launch, dir: &Path) -> Launch {
    let data = dir.join("data").display().to_string();
    launch.args(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", &data])
}

/// Asks the shop; `url` stands behind its root, and may have characters that are encoded here.
#[track_caller]
pub fn ask(node: &Node, url: &str, headers: &[(&str, &str)]) -> Answer {
    node.get(&[SHOP, &encoded(url)].concat(), headers)
}

/// The text with everything percent-encoded that may not stand in a request line.
pub fn encoded(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>#`".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Writes bytes to the public listener and reads one answer.
#[track_caller]
pub fn raw(node: &Node, request: &[u8]) -> Answer {
    let host = node.base().trim_start_matches("http://");
    http::raw(host, request).unwrap_or_else(|error| {
        panic!("{}: {error}", String::from_utf8_lossy(&request[..request.len().min(200)]))
    })
}

/// The OData error of an answer: code, message, target, offset.
#[derive(Debug)]
pub struct ODataError {
    pub code: String,
    pub message: String,
    pub target: Option<String>,
    pub offset: Option<u64>,
}

/// Takes the OData error out of an answer, and checks what all of them have.
#[track_caller]
pub fn odata_error(what: &str, answer: &Answer) -> ODataError {
    assert!(answer.status >= 400, "{what}: {} {}", answer.status, answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    assert_eq!(answer.header("content-language"), Some("en"), "{what}");
    let body = answer.json();
    let error = &body["error"];
    let text = |name: &str| error[name].as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let (Some(code), Some(message)) = (text("code"), text("message")) else {
        panic!("{what}: no code or message: {body}");
    };
    let inner = &error["innererror"];
    assert_eq!(inner["trace"].as_str(), answer.header("trace-id"), "{what}: {body}");
    ODataError { code, message, target: text("target"), offset: inner["offset"].as_u64() }
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the program to its end.
pub fn run(args: &[&str]) -> Run {
    let output = Command::new(PROGRAM).args(args).stdin(Stdio::null()).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
