//! What `deploy` holds, as far as it can be checked without images: it can be read, it fits together, and the settings
//! in it are settings.

mod common;

use common::{PROGRAM, run};
use nextlink_testkit::sqlite::sqlite;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What a node that is to end takes before it stops, at most, in seconds: grace, and handing over what it holds.
const PATIENCE: u64 = 35;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn yaml(file: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The items of a list, or the names of a table.
fn names(of: &Value) -> BTreeSet<String> {
    match of {
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
        }
        Value::Object(table) => table.keys().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

/// The texts of a list.
#[track_caller]
fn texts(of: &Value) -> Vec<String> {
    let items = of.as_array().unwrap_or_else(|| panic!("no list: {of}"));
    items.iter().map(|item| item.as_str().unwrap_or_else(|| panic!("no text: {item}")).to_owned()).collect()
}

/// All settings of a node that is started so, with this text in its configuration file. What a start takes is checked too:
/// in the place of the databases there is a small one, and all else is in its folder.
#[track_caller]
fn settings(args: &[String], configuration: &str) -> Settings {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let (file, database) = (dir.path().join("nextlink.toml"), dir.path().join("s.db"));
    std::fs::write(&file, configuration).expect("the configuration can be written");
    assert_eq!(args.first().map(String::as_str), Some("serve"), "{args:?}");
    let mut args: Vec<String> = args.to_vec();
    args[0] = "dump-config".to_owned();
    let file = file.display().to_string();
    let replaced = args.iter_mut().filter(|arg| arg.ends_with("/nextlink.toml"));
    let count = replaced.map(|arg| *arg = arg.replace("/etc/nextlink/nextlink.toml", &file)).count();
    assert_eq!(count, 1, "{args:?}");
    let dumped = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((dumped.code, dumped.err.as_str()), (Some(0), ""), "{args:?}:\n{configuration}");

    sqlite(&database, "CREATE TABLE T (Id INTEGER NOT NULL PRIMARY KEY)");
    let source = format!("url = \"sqlite:{}\"", database.display());
    let ours = |line: &str| match line.trim_start() {
        line if line.starts_with("url = ") => Some(source.clone()),
        line if line.starts_with("system = ") => Some("system = \"sqlite:system.db\"".to_owned()),
        line if line.starts_with("key_file = ") => Some("key_file = \"cluster.keys\"".to_owned()),
        line if line.starts_with("data_dir = ") => Some("data_dir = \"data\"".to_owned()),
        line if ["user", "password", "tls"].iter().any(|key| line.starts_with(key)) => None,
        line => Some(line.to_owned()),
    };
    let lines: Vec<String> = configuration.lines().filter_map(ours).collect();
    std::fs::write(&file, lines.join("\n")).expect("the configuration can be written");
    let made = run(&["new-keys", &dir.path().join("cluster.keys").display().to_string()]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let checked = run(&["check", "--config", &file]);
    assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""), "{}", checked.out);
    assert!(checked.out.contains("shop: 1 entity sets"), "{}", checked.out);
    Settings(toml::from_str(&dumped.out).expect("settings are TOML"))
}

/// Settings as `dump-config` prints them.
struct Settings(toml::Table);

impl Settings {
    /// The value of a key of a table; numbers and lists as they are written.
    #[track_caller]
    fn get(&self, table: &str, key: &str) -> String {
        let table = self.0.get(table).and_then(toml::Value::as_table).unwrap_or(&self.0);
        let value = table.get(key).unwrap_or_else(|| panic!("no {key} in {table}"));
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }
}

/// Addresses of the nodes by their names, as a configuration of HAProxy has them.
fn servers(file: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let mut words = line.trim().strip_prefix("server ")?.split(' ');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    read(file).lines().filter_map(line).collect()
}

#[test]
fn compose_fits_together() {
    let file = yaml("deploy/compose.yaml").remove(0);
    let services = &file["services"];
    assert_eq!(names(services), ["haproxy", "keys", "n1", "n2", "n3", "postgres"].map(str::to_owned).into());
    let text = file["configs"]["nextlink"]["content"].as_str().expect("a configuration");
    assert!(text.contains("${NEXTLINK_DB_PASSWORD}"));
    let text = text.replace("${NEXTLINK_DB_PASSWORD}", "0f");
    assert!(!text.contains('$'), "nothing else is put in");
    let balancer = services["haproxy"]["networks"]["nodes"]["ipv4_address"].as_str().expect("an address");
    let mut nodes = Vec::new();
    for name in ["n1", "n2", "n3"] {
        let node = &services[name];
        let address = node["networks"]["nodes"]["ipv4_address"].as_str().expect("an address");
        let settings = settings(&texts(&node["command"]), &text);
        assert_eq!(settings.get("cluster", "name"), name);
        assert_eq!(settings.get("cluster", "listen"), format!("{address}:8190"));
        assert_eq!(settings.get("server", "listen"), "0.0.0.0:8080");
        assert!(settings.get("server", "trusted_proxies").contains(&format!("{balancer}/32")));
        assert!(settings.get("cluster", "system").starts_with("postgres://"));
        assert_eq!(settings.get("cluster", "drain_status"), "404", "for HAProxy's disable-on-404");
        nodes.push((name.to_owned(), format!("{address}:8080")));
        let volumes = texts(&node["volumes"]);
        let data = settings.get("", "data_dir");
        assert!(volumes.contains(&format!("{name}:{data}")), "{volumes:?}");
        let keys = settings.get("cluster", "key_file");
        let keys = Path::new(&keys).parent().expect("a folder");
        assert!(volumes.contains(&format!("keys:{}:ro", keys.display())), "{volumes:?}");
        for volume in volumes {
            let volume = volume.split(':').next().unwrap_or_default();
            assert!(names(&file["volumes"]).contains(volume), "{volume}");
        }
        let grace = node["stop_grace_period"].as_str().and_then(|text| text.strip_suffix('m')?.parse().ok());
        let shutdown: u64 = settings.get("server", "shutdown_seconds").parse().expect("a number");
        assert!(grace.is_some_and(|minutes: u64| minutes * 60 > shutdown + PATIENCE), "{grace:?}");
        let context = root().join("deploy").join(node["build"]["context"].as_str().expect("a folder"));
        assert!(context.join(node["build"]["dockerfile"].as_str().expect("a file")).exists());
    }
    for config in ["haproxy", "insert", "prefix", "stick"] {
        assert_eq!(servers(&format!("deploy/haproxy/{config}.cfg")), nodes, "{config}.cfg");
    }
    for volume in texts(&services["haproxy"]["volumes"]) {
        let file = volume.split(':').next().unwrap_or_default();
        assert!(root().join("deploy").join(file).exists(), "{file}");
    }
    let database = services["postgres"]["networks"]["nodes"]["ipv4_address"].as_str().expect("an address");
    assert_eq!(text.matches(&format!("@{database}/")).count(), 2, "system database and source");
}

/// The sample data of the compose file can be loaded, and is served.
#[test]
fn compose_has_data_that_can_be_served() {
    let file = yaml("deploy/compose.yaml").remove(0);
    let script = file["configs"]["shop"]["content"].as_str().expect("a script");
    let (_, script) = script.split_once("\\connect shop\n").expect("a database of its own");
    let database = nextlink_testkit::postgres::server().database("shop");
    database.run(script);
    let checked = run(&["check", &format!("shop={}", database.url())]);
    assert_eq!(checked.code, Some(0), "{}{}", checked.out, checked.err);
    assert!(checked.out.contains("shop: 1 entity sets"), "{}", checked.out);
}

/// The document of this kind and name.
#[track_caller]
fn kind<'a>(all: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found = all.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

#[test]
fn kubernetes_fits_together() {
    let all = yaml("deploy/kubernetes/nextlink.yaml");
    let secrets = yaml("deploy/kubernetes/secret.yaml");
    let set = &kind(&all, "StatefulSet", "nextlink")["spec"];
    let pod = &set["template"]["spec"];
    let node = &pod["containers"][0];
    let (name, ip) = ("nextlink-0", "10.1.2.3");
    let args: Vec<String> = texts(&node["args"])
        .iter()
        .map(|a| a.replace("$(POD_NAME)", name).replace("$(POD_IP)", ip))
        .collect();
    assert!(args.iter().all(|arg| !arg.contains('$')), "{args:?}");
    let config = kind(&secrets, "Secret", "nextlink-config");
    let text = config["stringData"]["nextlink.toml"].as_str().expect("a configuration");
    let settings = settings(&args, text);
    assert_eq!(settings.get("cluster", "name"), name);
    assert_eq!(settings.get("cluster", "listen"), format!("{ip}:8190"));

    // Ports: of the container, of the settings, and those that others name.
    let port = |name: &str| {
        let ports = node["ports"].as_array().expect("ports");
        let found =
            ports.iter().find(|port| port["name"] == name).unwrap_or_else(|| panic!("no port {name}"));
        found["containerPort"].as_u64().expect("a number")
    };
    for (name, table, key) in
        [("http", "server", "listen"), ("admin", "server", "admin_listen"), ("cluster", "cluster", "listen")]
    {
        assert!(settings.get(table, key).ends_with(&format!(":{}", port(name))), "{name}");
    }
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let asked = &node[probe]["httpGet"];
        assert_eq!(asked["port"], "admin", "{probe}");
        assert_eq!(asked["path"], if probe == "readinessProbe" { "/readyz" } else { "/healthz" });
    }
    for service in ["nextlink", "nextlink-nodes"] {
        let service = &kind(&all, "Service", service)["spec"];
        assert_eq!(service["selector"], set["selector"]["matchLabels"]);
        for listed in service["ports"].as_array().expect("ports") {
            port(listed["targetPort"].as_str().expect("a name"));
        }
    }
    let headless = kind(&all, "Service", set["serviceName"].as_str().expect("a name"));
    assert_eq!(headless["spec"]["clusterIP"], "None");
    assert_eq!(set["template"]["metadata"]["labels"], set["selector"]["matchLabels"]);

    // Volumes: each that is mounted is there, and each path that is a setting is mounted.
    let mut volumes: BTreeSet<&str> = pod["volumes"]
        .as_array()
        .expect("volumes")
        .iter()
        .filter_map(|volume| volume["name"].as_str())
        .collect();
    volumes.extend(
        set["volumeClaimTemplates"]
            .as_array()
            .expect("claims")
            .iter()
            .filter_map(|claim| claim["metadata"]["name"].as_str()),
    );
    let mut mounted = BTreeSet::new();
    for container in [node, &pod["initContainers"][0]] {
        for mount in container["volumeMounts"].as_array().expect("mounts") {
            assert!(volumes.contains(mount["name"].as_str().expect("a name")), "{mount}");
        }
    }
    for mount in node["volumeMounts"].as_array().expect("mounts") {
        mounted.insert(mount["mountPath"].as_str().expect("a path"));
    }
    let keys = settings.get("cluster", "key_file");
    let keys = Path::new(&keys);
    for path in [settings.get("", "data_dir"), keys.parent().expect("a folder").display().to_string()] {
        assert!(mounted.contains(&*path), "{path}");
    }
    let made = texts(&pod["initContainers"][0]["command"]);
    assert_eq!(made.last().map(String::as_str), keys.to_str());
    assert_eq!(pod["volumes"][0]["secret"]["secretName"], config["metadata"]["name"]);

    let grace = pod["terminationGracePeriodSeconds"].as_u64().expect("a number");
    let shutdown: u64 = settings.get("server", "shutdown_seconds").parse().expect("a number");
    assert!(grace > shutdown + PATIENCE, "{grace}");
}

/// What a unit of systemd says for a key, all in one where it says it several times.
fn unit<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_of_systemd_fits() {
    let text = read("deploy/nextlink.service");
    let command = unit(&text, "ExecStart").join("");
    let mut words: Vec<String> = command.split(' ').map(str::to_owned).collect();
    assert_eq!(words.remove(0), "/usr/local/bin/nextlink");
    let settings = settings(&words, &read("deploy/nextlink.toml"));
    assert_eq!(settings.get("", "data_dir"), format!("/var/lib/{}", unit(&text, "StateDirectory").join("")));
    let patience: u64 = unit(&text, "TimeoutStopSec").join("").parse().expect("a number");
    let shutdown: u64 = settings.get("server", "shutdown_seconds").parse().expect("a number");
    assert!(patience > shutdown + PATIENCE);
    let dir = TempDir::new().expect("a temporary directory can be made");
    let file = dir.path().join("nextlink.service");
    std::fs::write(&file, text.replace("/usr/local/bin/nextlink", PROGRAM)).expect("a unit can be written");
    match Command::new("systemd-analyze").arg("verify").arg(&file).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // Whatever it says of other units is not about this one.
            let ours: Vec<_> = said.lines().filter(|line| line.contains("nextlink.service")).collect();
            assert!(ours.is_empty(), "{ours:?}");
        }
        Err(error) => println!("skipped: systemd-analyze: {error}"),
    }
}

/// Every configuration in the manual's page is one.
#[test]
fn the_manual_has_settings_that_exist() {
    let text = read("docs/cluster.md");
    let blocks: Vec<&str> =
        text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let block = format!("{block}\n[sources.shop]\nurl = \"sqlite:shop.db\"\n");
        let args = ["serve", "--config", "/etc/nextlink/nextlink.toml"].map(str::to_owned);
        let settings = settings(&args, &block);
        assert_eq!(settings.get("cluster", "route"), "true");
    }
    // So is every file that it links to.
    for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
        assert!(root().join("docs").join(link).exists(), "{link}");
    }
}
