//! The keeper of a server: a small process that ends it when its users are gone, however they went.

use super::Server;
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

const SCRIPT: &str = include_str!("keeper.sh");

/// The files by which the users of a server and its keeper agree.
#[derive(Debug)]
pub(super) struct Locks {
    /// Every user holds a shared lock; its time is when the server was last used.
    pub(super) users: PathBuf,
    /// Locked while a server is started or ended.
    pub(super) starting: PathBuf,
    /// Says where the server is.
    pub(super) state: PathBuf,
    /// How long the server stays when nobody uses it.
    pub(super) stays: Duration,
}

impl Locks {
    /// The lock of a user, which lasts as long as the file is open.
    pub(super) fn hold(&self) -> File {
        let users = open(&self.users);
        users.lock_shared().expect("a file can be locked");
        users.set_modified(SystemTime::now()).expect("a file of our own can be touched");
        users
    }

    /// Starts a keeper for the server unless it has one. The lock of a user has to be held.
    pub(super) fn keep(&self, server: &Server) {
        if open(&server.dir.join("kept")).try_lock().is_err() {
            return;
        }
        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", SCRIPT, "nextlink-keeper"]).args([&self.users, &self.starting, &self.state]);
        keeper.arg(self.stays.as_secs().to_string()).arg(&server.dir).arg(server.product.end());
        keeper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        keeper.current_dir("/").process_group(0);
        let_go(keeper.spawn().expect("the shell can be started"));
    }
}

/// Lets a process outlive us; if it ends before, it is waited for, so that it is really gone.
pub(super) fn let_go(mut child: Child) {
    std::thread::spawn(move || child.wait());
}

/// Opens a file for its lock; makes it if it is not there.
pub(super) fn open(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
