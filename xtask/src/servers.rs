//! The database servers that tests share: ended with the run, unless another run uses them.
//!
//! Each has files in `target/testkit`: `NAME.users`, on which every user holds a shared lock and whose time
//! is when it was last used; `NAME.starting`, locked while it is started or ended; `NAME.json`, which is
//! there as long as the server is. The server's keeper ends it when its last use is long ago.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// How long a keeper may take to end its server.
const STUCK: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);

/// Lets every server end that nobody uses, and waits for it.
pub fn end(folder: &Path) -> Result<()> {
    // Where no test needed a server, there is no folder.
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let users = entry?.path();
        if users.extension().is_some_and(|extension| extension == "users") {
            end_one(&users).with_context(|| format!("cannot end the server of {}", users.display()))?;
        }
    }
    Ok(())
}

fn end_one(users: &Path) -> Result<()> {
    let file = File::options().append(true).open(users)?;
    let since = Instant::now();
    while users.with_extension("json").exists() {
        if file.try_lock().is_err() {
            return Ok(());
        }
        file.unlock()?;
        // Again and again: its keeper takes our look at the lock for a use.
        file.set_modified(SystemTime::UNIX_EPOCH)?;
        if since.elapsed() > STUCK {
            bail!("it is still there after {STUCK:?}");
        }
        std::thread::sleep(GLANCE);
    }
    // Held by the keeper until the server is gone, and its folder with it.
    let starting = File::options().create(true).append(true).open(users.with_extension("starting"))?;
    Ok(starting.lock()?)
}

#[cfg(test)]
mod tests {
    use super::{GLANCE, end};
    use std::fs::{self, File};
    use std::path::Path;
    use std::time::{Duration, Instant, SystemTime};

    fn touch(path: &Path) -> File {
        File::options().create(true).append(true).open(path).unwrap()
    }

    #[test]
    fn servers_without_users_are_asked_to_end() {
        // A process of the same number may have left one.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
        let folder = std::env::temp_dir().join(format!("nextlink-xtask-{}-{now}", std::process::id()));
        end(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        end(&folder).unwrap();
        let users = folder.join("x.users");
        let user = touch(&users);
        touch(&folder.join("x.json"));
        user.lock_shared().unwrap();
        end(&folder).unwrap();
        let used = || fs::metadata(&users).unwrap().modified().unwrap() != SystemTime::UNIX_EPOCH;
        assert!(used(), "a server that is in use is left alone");
        user.unlock().unwrap();
        std::thread::scope(|scope| {
            // As a keeper does it.
            scope.spawn(|| {
                let starting = touch(&folder.join("x.starting"));
                let since = Instant::now();
                while used() && since.elapsed() < Duration::from_secs(20) {
                    std::thread::sleep(GLANCE);
                }
                starting.lock().unwrap();
                fs::remove_file(folder.join("x.json")).unwrap();
                std::thread::sleep(3 * GLANCE);
                fs::write(folder.join("gone"), "").unwrap();
            });
            end(&folder).unwrap();
            assert!(folder.join("gone").exists(), "the end is waited for");
        });
        assert!(!used());
        fs::remove_dir_all(&folder).unwrap();
    }
}
