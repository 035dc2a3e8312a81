//! `cargo xtask setup`: installs what the tests need, after saying what is missing and why.

use crate::run::{root, run, succeeds};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Debian package, and how to see that what it brings is there.
struct Package {
    name: &'static str,
    why: &'static str,
    probe: (&'static str, &'static [&'static str]),
}

/// Packages that bring a service of their name with them; tests need the program alone.
const SERVICES: &[&str] = &["haproxy", "nginx"];

/// What is used from Debian. A probe asks for the tool, not for the package: where it came from does
/// not matter.
const PACKAGES: &[Package] = &[
    Package {
        name: "libxml2-utils",
        why: "xmllint checks $metadata against the schemas of the standard",
        probe: ("xmllint", &["--version"]),
    },
    Package { name: "g++", why: "builds libFuzzer", probe: ("g++", &["--version"]) },
    Package { name: "python3", why: "runs the Python OData clients", probe: ("python3", &["--version"]) },
    Package {
        name: "python3-venv",
        why: "keeps the Python OData clients apart from the system's packages",
        probe: ("python3", &["-c", "import venv, ensurepip"]),
    },
    Package {
        name: "chromium",
        why: "shows tables of OpenUI5, without a screen",
        probe: ("/usr/bin/chromium", &["--version"]),
    },
    Package { name: "nodejs", why: "runs the JavaScript OData clients", probe: ("node", &["--version"]) },
    Package { name: "npm", why: "installs the JavaScript OData clients", probe: ("npm", &["--version"]) },
    Package {
        name: "postgresql",
        why: "tests start private PostgreSQL servers, 15 or newer",
        probe: (
            "sh",
            &[
                "-c",
                "for dir in /usr/lib/postgresql/*; do
                    test \"${dir##*/}\" -ge 15 && test -x \"$dir/bin/postgres\" && exit
                done
                exit 1",
            ],
        ),
    },
    Package {
        name: "postgresql-postgis",
        why: "tests of shapes in PostgreSQL",
        probe: ("sh", &["-c", "ls /usr/share/postgresql/*/extension/postgis.control"]),
    },
    // Servers of tests need no service, no user and no start at boot, which `mariadb-server` would bring.
    Package {
        name: "mariadb-server-core",
        why: "tests start private MariaDB servers",
        probe: ("/usr/sbin/mariadbd", &["--version"]),
    },
    Package {
        name: "mariadb-client-core",
        why: "tests fill and ask private MariaDB servers",
        probe: ("/usr/bin/mariadb", &["--version"]),
    },
    Package {
        name: "haproxy",
        why: "tests put it in front of clusters of nodes (the program alone; its service is disabled)",
        probe: ("/usr/sbin/haproxy", &["-v"]),
    },
    Package {
        name: "nginx",
        why: "tests put it in front of clusters of nodes (the program alone; its service is disabled)",
        probe: ("/usr/sbin/nginx", &["-v"]),
    },
    Package {
        name: "openssl",
        why: "makes certificates as the manual says",
        probe: ("openssl", &["version"]),
    },
    Package {
        name: "iproute2",
        why: "tests that are root give nodes networks of their own",
        probe: ("/sbin/ip", &["-V"]),
    },
    Package {
        name: "iptables",
        why: "tests that are root cut these networks",
        probe: ("/usr/sbin/iptables", &["--version"]),
    },
    Package {
        name: "libfaketime",
        why: "tests start nodes whose clocks are off",
        probe: (
            "sh",
            &[
                "-c",
                "for lib in /usr/lib/*/faketime/libfaketime.so.1; do test -e \"$lib\" && exit; done; exit 1",
            ],
        ),
    },
];

/// Runs apt-get, and keeps packages from starting their services meanwhile: nobody needs them, and in a
/// container they may fail to start, and the installation with them (see invoke-rc.d).
const INSTALL: &str = r#"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
fi
apt-get -q install --yes --no-install-recommends "$@"
"#;

/// Keeps services from being started when the machine is started next.
const DISABLE: &str = r#"
for service in "$@"; do
    if command -v systemctl >/dev/null; then systemctl --quiet disable "$service"; fi
    if command -v update-rc.d >/dev/null; then update-rc.d "$service" disable; fi
done
"#;

/// A set of OData clients: pinned in files of the project, installed under `target/clients`.
struct Clients {
    what: &'static str,
    why: &'static str,
    /// Where the pins are, from the root of the workspace.
    pins: &'static str,
    /// The files that decide what is installed; a change of one installs anew.
    pin_files: &'static [&'static str],
    /// Where the clients go, from the root of the workspace.
    place: &'static str,
    install: fn(&Path, &Path) -> Result<()>,
}

const CLIENTS: &[Clients] = &[
    Clients {
        what: "Python clients (python-odata, requests) and checkers (openapi-spec-validator, schemathesis)",
        why: "tests read the demo with clients that people use, and check the OpenAPI document",
        pins: "tests/clients/python",
        pin_files: &["requirements.txt"],
        place: "target/clients/python",
        install: install_python,
    },
    Clients {
        what: "JavaScript OData clients (angular-odata, o.js, odata2ts, OpenUI5)",
        why: "tests read the demo with clients that people use",
        pins: "tests/clients/node",
        pin_files: &["package.json", "package-lock.json"],
        place: "target/clients/node",
        install: install_node,
    },
];

/// Installs what is missing; with `dry_run` it only says so, and fails if anything is missing.
pub fn setup(dry_run: bool) -> Result<()> {
    let packages: Vec<_> = PACKAGES.iter().filter(|package| !package.is_there()).collect();
    let mut clients = Vec::new();
    for set in CLIENTS {
        if !set.is_there()? {
            clients.push(set);
        }
    }
    if packages.is_empty() && clients.is_empty() {
        println!("setup: everything the tests need is there");
        return Ok(());
    }
    println!("setup: the tests need what is missing here:");
    for package in &packages {
        println!("  Debian package {}: {}", package.name, package.why);
    }
    for set in &clients {
        println!("  {}, to {}: {}", set.what, set.place, set.why);
    }
    if dry_run {
        bail!("not everything is there; `cargo xtask setup` installs it");
    }
    install_packages(&packages)?;
    for set in clients {
        set.install()?;
    }
    println!("setup: done");
    Ok(())
}

impl Package {
    fn is_there(&self) -> bool {
        let (program, args) = self.probe;
        succeeds(Path::new(program), args)
    }
}

impl Clients {
    /// The text of the pins. The stamp of a finished installation holds the same text.
    fn pins(&self) -> Result<String> {
        let mut all = String::new();
        for file in self.pin_files {
            let path = root().join(self.pins).join(file);
            all += &fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        }
        Ok(all)
    }

    fn stamp(&self) -> PathBuf {
        root().join(self.place).join("installed")
    }

    fn is_there(&self) -> Result<bool> {
        let installed = fs::read_to_string(self.stamp()).unwrap_or_default();
        Ok(!installed.is_empty() && installed == self.pins()?)
    }

    /// Installs from nothing: an installation that was cut off leaves no stamp and is removed here.
    fn install(&self) -> Result<()> {
        let place = root().join(self.place);
        if place.exists() {
            fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", self.place))?;
        }
        fs::create_dir_all(&place).with_context(|| format!("cannot make {}", self.place))?;
        (self.install)(&root().join(self.pins), &place)?;
        fs::write(self.stamp(), self.pins()?).with_context(|| format!("cannot write in {}", self.place))
    }
}

fn install_packages(packages: &[&Package]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = packages.iter().map(|package| package.name).collect();
    if !succeeds(Path::new("apt-get"), &["--version"]) {
        bail!("there is no apt-get here; install by other means: {}", names.join(", "));
    }
    run(&mut as_root(&["apt-get", "-q", "update"])?)?;
    run(as_root(&["sh", "-c", INSTALL, "install"])?.args(&names))?;
    let services: Vec<_> = names.iter().filter(|name| SERVICES.contains(name)).collect();
    if !services.is_empty() {
        run(as_root(&["sh", "-c", DISABLE, "disable"])?.args(services))?;
    }
    match packages.iter().find(|package| !package.is_there()) {
        Some(package) => {
            bail!("{} is installed, and still `{}` does not work", package.name, package.probe.0)
        }
        None => Ok(()),
    }
}

/// A command as root, or by a `sudo` that may ask for a password on the terminal, never on standard input.
fn as_root(args: &[&str]) -> Result<Command> {
    let user = Command::new("id").arg("-u").output().context("cannot start id")?;
    let as_root = user.stdout.trim_ascii() == b"0";
    if !as_root && !succeeds(Path::new("sudo"), &["--version"]) {
        bail!("installing Debian packages needs root, or sudo");
    }
    let mut command = Command::new(if as_root { "env" } else { "sudo" });
    command.arg("DEBIAN_FRONTEND=noninteractive").args(args);
    Ok(command)
}

fn install_python(pins: &Path, place: &Path) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv"]).arg(place))?;
    run(Command::new(place.join("bin/python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--requirement",
        ])
        .arg(pins.join("requirements.txt")))
}

fn install_node(pins: &Path, place: &Path) -> Result<()> {
    for file in ["package.json", "package-lock.json"] {
        fs::copy(pins.join(file), place.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    run(Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(place))
}
