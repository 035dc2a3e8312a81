//! Starting and ending nodes, with the shell in place of the real program.

use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::sqlite::{sqlite, sqlite_from_script};
use std::os::unix::process::ExitStatusExt;

/// Says where it is to listen, and shows its arguments; ends with 3 on SIGTERM.
const NODE: &str = r#"trap 'exit 3' TERM; echo "hello $X"; echo "$@"
echo "listening on http://$2/"; echo "admin on http://$4"
while :; do sleep 1 & wait; done"#;

fn launch() -> Launch {
    Launch::new("/bin/sh", &["-c", NODE, "sh", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
}

/// Host and port of a base.
fn host(base: &str) -> &str {
    base.trim_start_matches("http://")
}

#[test]
fn a_node_says_where_it_listens() {
    let mut node = launch().env("X", "y").start();
    let base = node.base();
    assert!(base.starts_with("http://127.0.0.1:") && !base.ends_with(":0"), "{base}");
    assert_eq!(node.service("demo"), format!("{base}/api/odata4/demo/"));
    let admin = node.admin_url("");
    assert!(admin.starts_with("http://127.0.0.1:") && admin != base, "{admin}");
    assert_eq!(node.admin_url("/readyz"), format!("{admin}/readyz"));
    assert_eq!(node.terminate().code(), Some(3));
    let mut again = node.start_again();
    again.kill();
    assert_eq!(again.wait().signal(), Some(9));
    assert!(node.log().contains("hello y\n"), "{}", node.log());
}

#[test]
fn a_node_started_again_has_the_same_addresses_and_data() {
    let mut node = launch().args(&["--last"]).start();
    let data_dir = node.data_dir().to_owned();
    std::fs::write(data_dir.join("x"), "").unwrap();
    let again = node.start_again();
    let args =
        format!("\n--listen {} --admin-listen {} --last\n", host(node.base()), host(&node.admin_url("")));
    drop(node);
    assert_eq!(again.data_dir(), data_dir);
    assert!(data_dir.join("x").exists(), "the data directory outlives the first node");
    assert!(again.log().contains(&args), "{args}: {}", again.log());
}

#[test]
fn a_node_that_ends_early_fails_the_test_with_its_words() {
    for script in ["exit 2", "echo 'listening on http://127.0.0.1:1'; exit 0"] {
        let started =
            std::panic::catch_unwind(|| Node::start("/bin/sh", &["-c", script, "sh", "--admin-listen"]));
        let message = *started.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("closed its output before it listened"), "{script}: {message}");
    }
}

#[test]
fn databases_are_made_from_scripts() {
    let dir = tempfile::tempdir().unwrap();
    let (path, script) = (dir.path().join("x.db"), dir.path().join("x.sql"));
    std::fs::write(&script, "\u{feff}create table t (a); insert into t values (1);\n-- end").unwrap();
    sqlite_from_script(&path, &script);
    sqlite(&path, "update t set a = 2");
    std::fs::write(&script, "create table t (a);").unwrap();
    let failed = std::panic::catch_unwind(|| sqlite_from_script(&path, &script));
    let message = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("x.sql") && message.contains("already exists"), "{message}");
}
