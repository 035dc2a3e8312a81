//! Who runs a database server: ourselves, or somebody with fewer rights where we are root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Users that Debian's base or the servers' packages bring.
const USERS: &[&str] = &["postgres", "mysql", "nobody"];
/// Where folders are made, after `$TMPDIR`: for the case that another user may not enter that.
const PLACES: &[&str] = &["/tmp", "/var/tmp"];
/// The longest path of a folder, in bytes: a socket in it has to stay below 108.
const MAX_PATH: usize = 80;

/// A user, by numbers; nobody where we run servers ourselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account(Option<(u32, u32)>);

impl Account {
    /// PostgreSQL refuses to run as root, so that root needs somebody else.
    pub(crate) fn for_servers() -> Self {
        let own = fs::metadata("/proc/self").expect("/proc is there").uid();
        if own != 0 {
            return Self(None);
        }
        let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd can be read");
        let found = USERS.iter().find_map(|name| numbers(&users, name));
        Self(Some(found.unwrap_or_else(|| panic!("root needs one of the users {USERS:?} to run a server"))))
    }

    /// Ourselves, whoever we are.
    pub(crate) fn ours() -> Self {
        Self(None)
    }

    /// A command that will run as this user, in this folder, without our environment.
    pub(crate) fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes the file or folder this user's.
    pub(crate) fn own(self, path: &Path) {
        if let Some((user, group)) = self.0 {
            chown(path, Some(user), Some(group))
                .unwrap_or_else(|error| panic!("{}: cannot change the owner: {error}", path.display()));
        }
    }

    /// A fresh folder that is this user's, and that nobody else but root may enter.
    pub(crate) fn folder(self, prefix: &str) -> PathBuf {
        let places = std::iter::once(std::env::temp_dir()).chain(PLACES.iter().map(PathBuf::from));
        for place in places {
            let mut builder = tempfile::Builder::new();
            let builder = builder.prefix(prefix).permissions(Permissions::from_mode(0o700));
            let Ok(folder) = builder.tempdir_in(place) else { continue };
            self.own(folder.path());
            let mut probe = self.command(Path::new("/bin/sh"), folder.path());
            let enters = probe.args(["-c", "test -w ."]).status().is_ok_and(|status| status.success());
            if enters && folder.path().as_os_str().len() <= MAX_PATH {
                return folder.keep();
            }
        }
        panic!("no temporary directory can be entered by the user that runs a server; set TMPDIR")
    }
}

/// User and group of a line of `/etc/passwd`: `name:password:user:group:…`.
fn numbers(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields =
        users.lines().map(|line| line.split(':')).find_map(|mut f| (f.next() == Some(name)).then_some(f))?;
    Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn users_are_found_by_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:,,,:/nonexistent:/bin/false\nodd\n";
        let rows: &[(&str, Option<(u32, u32)>)] =
            &[("root", Some((0, 0))), ("nobody", Some((65534, 65533))), ("body", None), ("odd", None)];
        for (name, expected) in rows {
            assert_eq!(numbers(users, name), *expected, "{name}");
        }
    }
}
