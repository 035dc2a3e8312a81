//! Clients read the demo: requests and python-odata on Python, o.js on Node.

use nextlink_testkit::node::Launch;

use crate::common::PROGRAM;
use crate::installed::{Language, run};

/// Starts the demo, and runs a script that reads it.
#[track_caller]
fn read_demo(language: Language, script: &str) {
    let node = Launch::demo(PROGRAM).start();
    run(language, script, &[&node.service("demo")]);
}

/// Plain requests without a session, so without cookies: every set, in one page each and in many.
#[test]
fn requests_reads_every_set() {
    read_demo(Language::Python, "plain_requests.py");
}

/// python-odata makes classes from `$metadata`, follows next links by itself, filters, orders, expands.
#[test]
fn python_odata_reads_and_follows_relations() {
    read_demo(Language::Python, "python_odata.py");
}

/// o.js takes next links apart and encodes them anew; it keeps no cookie.
#[test]
fn o_js_reads_the_largest_set() {
    read_demo(Language::Node, "o_js.mjs");
}
