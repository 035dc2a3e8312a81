//! The part of `[sources.NAME]` that is for servers: who logs in there, by which password, and how it is reached.

use std::time::Duration;

use nextlink_db::location::{BadLocation, HIDDEN, Location, Login, Secret, Server};

use super::client_login::ClientLogin;
use super::source::SourceConfig;

/// A field, and what is wrong with its value.
pub(super) type Problem = (&'static str, String);

impl SourceConfig {
    /// What is wrong, as far as that can be seen without reading a password.
    pub(super) fn wrong_access(&self) -> Vec<Problem> {
        let mut wrong = Vec::new();
        match settled(self, &mut wrong) {
            Some(Location::Sqlite(_)) => wrong.extend(only_for_servers(self)),
            Some(Location::Postgres(server) | Location::MySql(server)) => {
                let login = wrong_login(self, &server);
                wrong.extend(login.filter(|(field, _)| wrong.iter().all(|(told, _)| told != field)));
            }
            None => {}
        }
        wrong
    }

    /// Where the source is, with the password as it is now.
    ///
    /// # Errors
    /// The password cannot be read; where it should be, by its key.
    pub fn location(&self) -> Result<Location, String> {
        let said = |(field, problem): Problem| [field, ": ", &problem].concat();
        let mut wrong = Vec::new();
        let settled = settled(self, &mut wrong);
        if let Some(first) = wrong.into_iter().next() {
            return Err(said(first));
        }
        let mut location = settled.ok_or("url: it says no place")?;
        if let Location::Postgres(server) | Location::MySql(server) = &mut location
            && let (Some(login), Some(password)) = (&mut server.login, password(self).map_err(said)?)
        {
            login.password = Secret(password);
        }
        Ok(location)
    }
}

/// The password, where it does not stand in the URL.
fn password(config: &SourceConfig) -> Result<Option<String>, Problem> {
    if let Some(password) = &config.password {
        return Ok(Some(password.reveal().to_owned()));
    }
    if let Some(name) = &config.password_env {
        let found = std::env::var(name);
        return found.map(Some).map_err(|_| {
            ("password_env", format!("the environment has no variable '{name}', or it is no UTF-8"))
        });
    }
    let Some(path) = &config.password_file else {
        return Ok(None);
    };
    let mut text = std::fs::read_to_string(path)
        .map_err(|error| ("password_file", format!("cannot read {}: {error}", path.display())))?;
    let end = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(end);
    Ok(Some(text))
}

/// The location of the URL with what the other fields change, as far as they can; none where the URL is none.
fn settled(config: &SourceConfig, wrong: &mut Vec<Problem>) -> Option<Location> {
    let mut location: Location = match config.url.reveal().parse() {
        Ok(location) => location,
        Err(problem) => {
            wrong.push(("url", problem.to_string()));
            return None;
        }
    };
    let (Location::Postgres(server) | Location::MySql(server)) = &mut location else {
        return Some(location);
    };
    if let Some(user) = &config.user {
        if server.login.is_some() {
            wrong.push(("user", "url names a user too; name one".to_owned()));
        } else if user.is_empty() || user.contains('\0') {
            wrong.push(("user", "a user has a name".to_owned()));
        } else {
            server.login = Some(Login { user: user.clone(), password: Secret(String::new()) });
        }
    }
    match config.tls.as_deref().map(str::parse) {
        Some(Ok(mode)) => server.tls.mode = mode,
        Some(Err(problem)) => wrong.push(("tls", BadLocation::to_string(&problem))),
        None => {}
    }
    if config.tls_ca.is_some() {
        server.tls.ca.clone_from(&config.tls_ca);
    }
    if let Some(schemas) = &config.schemas {
        if schemas.is_empty() || schemas.iter().any(String::is_empty) {
            wrong.push(("schemas", "name at least one schema, or leave it out for all".to_owned()));
        }
        server.schemas.clone_from(schemas);
    }
    if let Some(seconds) = config.connect_seconds {
        wrong.extend(within("connect_seconds", seconds, 1, 300));
        server.connect_timeout = Duration::from_secs(seconds);
    }
    if let Some(connections) = config.connections {
        wrong.extend(within("connections", connections as u64, 1, 1_000));
        server.connections = connections;
    }
    if let Some(seconds) = config.pool_wait_seconds {
        wrong.extend(within("pool_wait_seconds", seconds, 1, 300));
        server.pool_wait = Duration::from_secs(seconds);
    }
    if let Some(seconds) = config.client_login_seconds {
        wrong.extend(within("client_login_seconds", seconds, 1, 86_400));
        server.client_age = Duration::from_secs(seconds);
    }
    Some(location)
}

fn within(field: &'static str, value: u64, least: u64, most: u64) -> Option<Problem> {
    (!(least..=most).contains(&value)).then(|| (field, format!("must be {least} to {most}")))
}

/// A server has a user, whose password stands in one place.
fn wrong_login(config: &SourceConfig, server: &Server) -> Option<Problem> {
    let in_url = server.login.as_ref().is_some_and(|login| !login.password.0.is_empty());
    let ways = [
        ("url", in_url),
        ("password", config.password.is_some()),
        ("password_env", config.password_env.is_some()),
        ("password_file", config.password_file.is_some()),
    ];
    let mut given = ways.into_iter().filter(|(_, given)| *given).map(|(field, _)| field);
    let (first, second) = (given.next(), given.next());
    if let (Some(first), Some(second)) = (first, second) {
        return Some((second, format!("the password is given by {first} too; give it once")));
    }
    if config.password.as_ref().is_some_and(|password| password.reveal() == HIDDEN) {
        let problem = "the password is hidden; what dump-config prints for reading lacks it";
        return Some(("password", problem.to_owned()));
    }
    if server.login.is_some() {
        return None;
    }
    let problem = match (first, config.client_login) {
        (Some(field), _) => format!("{field} gives a password; name its user too"),
        (None, ClientLogin::Never) => "a server needs a user, here or in url".to_owned(),
        (None, ClientLogin::Allowed | ClientLogin::Required) => {
            "the catalogue is read before any client is there: name a user for it, here or in url".to_owned()
        }
    };
    Some(("user", problem))
}

/// A file has no login and no connections.
fn only_for_servers(config: &SourceConfig) -> impl Iterator<Item = Problem> {
    let given = [
        ("user", config.user.is_some()),
        ("password", config.password.is_some()),
        ("password_env", config.password_env.is_some()),
        ("password_file", config.password_file.is_some()),
        ("client_login", config.client_login != ClientLogin::Never),
        ("schemas", config.schemas.is_some()),
        ("tls", config.tls.is_some()),
        ("tls_ca", config.tls_ca.is_some()),
        ("connect_seconds", config.connect_seconds.is_some()),
        ("connections", config.connections.is_some()),
        ("pool_wait_seconds", config.pool_wait_seconds.is_some()),
        ("client_login_seconds", config.client_login_seconds.is_some()),
    ];
    let given = given.into_iter().filter(|(_, given)| *given);
    given.map(|(field, _)| (field, "is for servers; this source is a file".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nextlink_db::location::TlsMode;

    fn config(text: &str) -> SourceConfig {
        toml::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn server(text: &str) -> Server {
        let config = config(text);
        assert_eq!(config.wrong_access(), [], "{text}");
        match config.location().unwrap_or_else(|e| panic!("{text}: {e}")) {
            Location::Postgres(server) | Location::MySql(server) => server,
            Location::Sqlite(path) => panic!("{text}: {}", path.display()),
        }
    }

    #[test]
    fn a_login_comes_from_one_place() {
        let dir = std::env::temp_dir().join(format!("nextlink-login-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        let file = dir.join("password");
        std::fs::write(&file, "from file \n\n").expect("a file");
        let by_file = format!("url = \"postgres://u@h/d\"\npassword_file = '{}'", file.display());
        for (text, user, password) in [
            ("url = \"postgres://u:p@h/d\"", "u", "p"),
            ("url = \"postgres://u@h/d\"", "u", ""),
            ("url = \"postgres://u@h/d\"\npassword = \"p@:/%41\"", "u", "p@:/%41"),
            ("url = \"mysql://h/d\"\nuser = \"a@b\"\npassword = \"p\"", "a@b", "p"),
            ("url = \"mysql://u@h/d\"\npassword_env = \"CARGO_PKG_NAME\"", "u", "nextlink"),
            (by_file.as_str(), "u", "from file "),
            ("url = \"postgres://u:p@h/d\"\nclient_login = \"required\"", "u", "p"),
        ] {
            let login = server(text).login.expect(text);
            assert_eq!((login.user.as_str(), login.password.0.as_str()), (user, password), "{text}");
        }
        std::fs::remove_dir_all(&dir).expect("the directory can be removed");
        for (text, expected) in [
            (by_file.as_str(), "password_file: cannot read "),
            (
                "url = \"mysql://u@h/d\"\npassword_env = \"NO_SUCH_VARIABLE\"",
                "password_env: the environment has no",
            ),
        ] {
            let error = config(text).location().expect_err(text);
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn settings_count_more_than_options() {
        let plain = server("url = \"postgres://u@h/d?sslmode=require&schema=a&connect_timeout=3\"");
        assert_eq!((plain.tls.mode, plain.schemas.len(), plain.connections), (TlsMode::Require, 1, 20));
        let set = server(
            "url = \"postgres://u@h/d?sslmode=require&sslrootcert=x&schema=a&connect_timeout=3\"\ntls = \"verify-full\"
             tls_ca = \"ca.pem\"\nschemas = [\"b\", \"c\"]\nconnect_seconds = 4\nconnections = 5\npool_wait_seconds = 6",
        );
        assert_eq!(set.tls.mode, TlsMode::VerifyFull);
        assert_eq!(set.tls.ca, Some("ca.pem".into()));
        assert_eq!(set.schemas, ["b", "c"]);
        assert_eq!((set.connect_timeout, set.pool_wait), (Duration::from_secs(4), Duration::from_secs(6)));
        assert_eq!(set.connections, 5);
    }

    #[test]
    fn what_cannot_be_is_said_by_its_field() {
        let server = "url = \"postgres://u@h/d\"\n";
        for (start, rest, field) in [
            ("url = \"postgres://u:S3CRET@h\"", "", "url"),
            ("url = \"postgres://h/d\"", "", "user"),
            ("url = \"postgres://h/d\"", "client_login = \"allowed\"", "user"),
            ("url = \"postgres://h/d\"", "client_login = \"required\"", "user"),
            ("url = \"postgres://h/d\"", "password = \"S3CRET\"", "user"),
            ("url = \"postgres://h/d\"", "user = \"\"", "user"),
            ("url = \"postgres://u:S3CRET@h/d\"", "user = \"v\"", "user"),
            ("url = \"postgres://u:S3CRET@h/d\"", "password = \"S3CRET\"", "password"),
            ("url = \"postgres://u:S3CRET@h/d\"", "password_env = \"X\"", "password_env"),
            ("url = \"postgres://u:S3CRET@h/d\"", "password_file = \"X\"", "password_file"),
            (server, "password = \"S3CRET\"\npassword_env = \"X\"", "password_env"),
            (server, "password_env = \"X\"\npassword_file = \"X\"", "password_file"),
            (server, "password = \"***\"", "password"),
            ("url = \"postgres://***@h/d\"", "", "url"),
            (server, "tls = \"on\"", "tls"),
            (server, "schemas = []", "schemas"),
            (server, "schemas = [\"a\", \"\"]", "schemas"),
            (server, "connect_seconds = 0", "connect_seconds"),
            (server, "connect_seconds = 301", "connect_seconds"),
            (server, "connections = 0", "connections"),
            (server, "connections = 1001", "connections"),
            (server, "pool_wait_seconds = 0", "pool_wait_seconds"),
            (server, "client_login_seconds = 0", "client_login_seconds"),
            (server, "client_login_seconds = 86401", "client_login_seconds"),
            ("url = \"sqlite:x\"", "user = \"u\"", "user"),
            ("url = \"sqlite:x\"", "password = \"S3CRET\"", "password"),
            ("url = \"sqlite:x\"", "password_env = \"X\"", "password_env"),
            ("url = \"sqlite:x\"", "password_file = \"X\"", "password_file"),
            ("url = \"sqlite:x\"", "client_login = true", "client_login"),
            ("url = \"sqlite:x\"", "schemas = [\"a\"]", "schemas"),
            ("url = \"sqlite:x\"", "tls = \"prefer\"", "tls"),
            ("url = \"sqlite:x\"", "tls_ca = \"x\"", "tls_ca"),
            ("url = \"sqlite:x\"", "connect_seconds = 1", "connect_seconds"),
            ("url = \"sqlite:x\"", "connections = 1", "connections"),
            ("url = \"sqlite:x\"", "pool_wait_seconds = 1", "pool_wait_seconds"),
            ("url = \"sqlite:x\"", "client_login_seconds = 1", "client_login_seconds"),
        ] {
            let text = [start, "\n", rest].concat();
            let config = config(&text);
            let found = config.wrong_access();
            let fields: Vec<&str> = found.iter().map(|(field, _)| *field).collect();
            assert_eq!(fields, [field], "{text}: {found:?}");
            let shown =
                format!("{found:?} {config:?} {}", toml::to_string(&config).expect("it can be written"));
            assert!(!shown.contains("S3CRET"), "{shown}");
        }
    }

    #[test]
    fn client_logins_are_words_or_flags() {
        for (value, expected) in [
            ("false", Some(ClientLogin::Never)),
            ("true", Some(ClientLogin::Allowed)),
            ("\"never\"", Some(ClientLogin::Never)),
            ("\"allowed\"", Some(ClientLogin::Allowed)),
            ("\"required\"", Some(ClientLogin::Required)),
            ("\"S3CRET\"", None),
            ("5", None),
        ] {
            let text = format!("url = \"postgres://u@h/d\"\nclient_login = {value}");
            match (toml::from_str::<SourceConfig>(&text), expected) {
                (Ok(config), Some(expected)) => {
                    assert_eq!(config.client_login, expected, "{value}");
                    let again = toml::to_string(&config).expect("it can be written");
                    let again: SourceConfig = toml::from_str(&again).expect("and read");
                    assert_eq!(again.client_login, expected, "{value}");
                }
                (Err(error), None) => assert!(!error.message().contains("S3CRET"), "{error}"),
                (found, _) => panic!("{value}: {found:?}"),
            }
        }
    }
}
