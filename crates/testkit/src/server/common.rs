//! The server that all tests of a run share: the first who needs it starts it.

use super::keeper::{Locks, let_go, open};
use super::{Product, Server};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a server stays when no test uses it. `cargo xtask test` ends it at once.
const STAYS: Duration = Duration::from_secs(60);

/// A use of the shared server, for as long as the value lives.
#[derive(Debug)]
pub(crate) struct Common {
    server: Server,
    _user: File,
}

impl Common {
    /// Takes the server that is there, or starts it.
    ///
    /// # Panics
    /// When it does not start, with its log.
    pub(crate) fn start(product: &'static dyn Product) -> Self {
        Self::start_in(&folder(), product, STAYS)
    }

    /// The server itself.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    fn start_in(folder: &Path, product: &'static dyn Product, stays: Duration) -> Self {
        fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let file = |ending: &str| folder.join(format!("{}.{ending}", product.name()));
        let locks = Locks { users: file("users"), starting: file("starting"), state: file("json"), stays };
        let starting = open(&locks.starting);
        starting.lock().expect("a file can be locked");
        let user = locks.hold();
        let server = read(&locks.state, product).unwrap_or_else(|| {
            let server = Server::new(product, false);
            locks.keep(&server);
            let_go(server.install());
            write(&locks.state, &server);
            server
        });
        locks.keep(&server);
        Self { server, _user: user }
    }
}

/// Where the servers of this workspace are written down; what is there may be removed at any time.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/testkit")
}

/// The server that is written down, if it is ready and as it should be.
fn read(state: &Path, product: &'static dyn Product) -> Option<Server> {
    let state: Value = serde_json::from_slice(&fs::read(state).ok()?).ok()?;
    let text = |key: &str| state[key].as_str().map(str::to_owned);
    let server = Server {
        product,
        dir: text("dir")?.into(),
        port: state["port"].as_u64()?.try_into().ok()?,
        _claim: None,
        password: text("password")?,
        private: false,
    };
    (text("settings")? == product.settings() && server.answers()).then_some(server)
}

/// Written beside and renamed: a test that is ended here leaves no half of it.
fn write(state: &Path, server: &Server) {
    let Server { product, dir, port, password, .. } = server;
    let text = json!({ "dir": dir, "port": port, "password": password, "settings": product.settings() });
    let partial = state.with_extension("partial");
    super::write_private(&partial, &text.to_string(), super::Account::ours());
    fs::rename(&partial, state).unwrap_or_else(|error| panic!("{}: {error}", state.display()));
}

#[cfg(test)]
mod tests {
    use super::{Common, Server};
    use crate::wait::until;
    use crate::{mariadb::WITH_TLS, postgres::Postgres, signal};
    use std::path::Path;
    use std::time::Duration;

    const STAYS: Duration = Duration::from_secs(3);

    fn start(folder: &Path, name: &str) -> Common {
        match name {
            "postgres" => Common::start_in(folder, &Postgres, STAYS),
            _ => Common::start_in(folder, &WITH_TLS, STAYS),
        }
    }

    fn process(server: &Server) -> u32 {
        std::fs::read_to_string(server.dir.join("pid")).unwrap().parse().unwrap()
    }

    /// The locks belong to open files, so that two values in one process are as two processes.
    #[test]
    fn a_server_is_shared_and_ends_when_nobody_uses_it() {
        for name in ["postgres", "mariadb"] {
            let folder = tempfile::tempdir().unwrap();
            let state = folder.path().join(format!("{name}.json"));
            let first = start(folder.path(), name);
            let second = start(folder.path(), name);
            let server = second.server().clone();
            assert_eq!(first.server().port(), server.port(), "{name}");
            drop(first);
            std::thread::sleep(STAYS + Duration::from_secs(2));
            assert!(server.answers() && state.exists(), "{name}: somebody still uses it");
            drop(second);
            until("the server has ended", || !server.dir.exists() && !server.answers());
            assert!(!state.exists(), "{name}");
        }
    }

    #[test]
    fn a_server_that_is_gone_or_was_started_otherwise_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("postgres.json");
        let first = start(folder.path(), "postgres");
        assert!(signal::send("KILL", &[process(first.server())]));
        until("the server is down", || !first.server().answers());
        let second = start(folder.path(), "postgres");
        assert_ne!(first.server().port(), second.server().port());
        let text = std::fs::read_to_string(&state).unwrap();
        std::fs::write(&state, text.replace("fsync=off", "fsync=on")).unwrap();
        let third = start(folder.path(), "postgres");
        assert_ne!(second.server().port(), third.server().port());
        let dirs = [first, second, third].map(|common| common.server().dir.clone());
        until("all folders are gone", || dirs.iter().all(|dir| !dir.exists()));
    }

    #[test]
    fn a_keeper_that_is_gone_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let first = start(folder.path(), "postgres");
        let dir = first.server().dir.clone();
        let keepers = || {
            let children = signal::children(std::process::id());
            let command = |child: &u32| std::fs::read_to_string(format!("/proc/{child}/cmdline"));
            let named =
                |text: String| text.contains("nextlink-keeper") && text.contains(dir.to_str().unwrap());
            children.into_iter().filter(|child| command(child).is_ok_and(named)).collect::<Vec<_>>()
        };
        assert_eq!(keepers().len(), 1);
        assert!(signal::send("KILL", &keepers()));
        // What it waits in, a `sleep`, holds its lock for some time longer.
        until("there is a keeper again", || {
            drop(start(folder.path(), "postgres"));
            keepers().len() == 1
        });
        drop(first);
        until("the folder is gone", || !dir.exists());
    }
}
