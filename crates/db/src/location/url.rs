//! Locations of servers as URLs, in the form that the clients of PostgreSQL read.

use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{BadLocation, HIDDEN, Login, Secret, Server, Tls, TlsMode};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Postgres,
    MySql,
}

/// Longest time to wait for a connection, in seconds.
const MOST_CONNECT_SECONDS: u64 = 300;

/// Options of other clients that have another place, or none.
const ELSEWHERE: &[(&str, &str)] = &[
    ("user", "write it before the host, as in //user:password@host/database"),
    ("password", "write it before the host, as in //user:password@host/database"),
    ("port", "write it behind the host, as in //host:port/database"),
    ("dbname", "write it as the path, as in //host/database"),
    ("options", "the settings of a session are not open to change"),
    ("applicationname", "it is always nextlink"),
    ("sslcert", "a login is a user and a password, not a certificate"),
    ("sslkey", "a login is a user and a password, not a certificate"),
    ("passfile", "name the file as password_file in the configuration"),
    ("service", "there are no service files; write host and database"),
    ("targetsessionattrs", "there is one host"),
    ("loadbalancehosts", "there is one host"),
    ("ssl", "use sslmode"),
    ("tls", "use sslmode"),
    ("sslca", "use sslrootcert"),
    ("sslmode", "use sslmode"),
    ("sslrootcert", "use sslrootcert"),
    ("connecttimeout", "use connect_timeout"),
    ("schemas", "use schema"),
    ("currentschema", "use schema"),
    ("searchpath", "use schema"),
    ("socket", "use host, as in host=/run/mysqld/mysqld.sock"),
];

/// Reads what stands behind the scheme and its colon.
pub(super) fn server(rest: &str, kind: Kind) -> Result<Server, BadLocation> {
    let (authority, database, options) = parts(rest)?;
    // A password may hold @ as it is, a host may not.
    let (info, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = place_of(place)?;
    let mut server = Server {
        host,
        port: port.unwrap_or(match kind {
            Kind::Postgres => 5432,
            Kind::MySql => 3306,
        }),
        database: decoded("the name of the database", database)?,
        login: login(info)?,
        tls: Tls::default(),
        schemas: Vec::new(),
        connect_timeout: Server::CONNECT_TIMEOUT,
        connections: Server::CONNECTIONS,
        pool_wait: Server::POOL_WAIT,
        client_age: Server::CLIENT_AGE,
    };
    let mut seen = Vec::new();
    for pair in options.split('&').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return bad(["an option has a name, = and a value; in user and password write ? as %3F"]);
        };
        if seen.contains(&name) {
            return bad(["option ", &quoted(name), " is there twice"]);
        }
        seen.push(name);
        option(&mut server, name, value)?;
    }
    if server.database.is_empty() {
        return bad(["the name of the database is missing, as in //host/database"]);
    }
    if server.host.is_empty() {
        return bad(["the host is missing, as in //host/database"]);
    }
    Ok(server)
}

/// The same with user and password hidden; `rest` can be read.
pub(super) fn shown(rest: &str) -> String {
    let start = "//".len();
    let end = rest[start..].find(['/', '?']).map_or(rest.len(), |at| start + at);
    match rest[..end].rfind('@') {
        Some(at) => ["//", HIDDEN, &rest[at..]].concat(),
        None => rest.to_owned(),
    }
}

/// Authority, path and options.
fn parts(rest: &str) -> Result<(&str, &str, &str), BadLocation> {
    let Some(rest) = rest.strip_prefix("//") else {
        return bad(["a server is written as //user:password@host:port/database"]);
    };
    let (main, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = main.split_once('/').unwrap_or((main, ""));
    if options.contains('@') || path.contains('@') && !authority.contains('@') {
        return bad([
            "there is an @ behind the host; in user, password, database and options write / as %2F, ? as %3F and \
             @ as %40",
        ]);
    }
    Ok((authority, path, options))
}

fn login(info: &str) -> Result<Option<Login>, BadLocation> {
    if info == HIDDEN {
        return bad(["user and password are hidden; what was printed for reading lacks them"]);
    }
    let (user, password) = info.split_once(':').unwrap_or((info, ""));
    let user = decoded("the user", user)?;
    let password = Secret(decoded("the password", password)?);
    match (user.is_empty(), password.0.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => bad(["there is a password, but no user, as in //user:password@host/database"]),
        (false, _) => Ok(Some(Login { user, password })),
    }
}

/// Host and port; neither is repeated in errors, as they may be part of a password that was not encoded.
fn place_of(place: &str) -> Result<(String, Option<u16>), BadLocation> {
    if place.contains(',') {
        return bad(["there is one host, not a list"]);
    }
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else {
                return bad(["the ] behind the IPv6 address is missing"]);
            };
            let Ok(address) = address.parse::<Ipv6Addr>() else {
                return bad(["what stands in [ ] is no IPv6 address"]);
            };
            if !port.is_empty() && !port.starts_with(':') {
                return bad(["behind the ] of the IPv6 address comes : and the port, or /"]);
            }
            (address.to_string(), port.strip_prefix(':'))
        }
        None if place.matches(':').count() > 1 => {
            return bad(["the host has more than one colon; an IPv6 address stands in [ ]"]);
        }
        None => {
            let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
            (checked_host(decoded("the host", host)?)?, port)
        }
    };
    match port.filter(|port| !port.is_empty()).map(str::parse::<u16>) {
        None => Ok((host, None)),
        Some(Ok(port)) if port > 0 => Ok((host, Some(port))),
        Some(_) => bad([
            "the port is no number from 1 to 65535; in user and password write : as %3A, / as %2F and @ as %40",
        ]),
    }
}

/// A name or an address, the place of a Unix socket, or nothing.
fn checked_host(host: String) -> Result<String, BadLocation> {
    let legal = |c: char| c.is_alphanumeric() || "-._".contains(c);
    if !host.starts_with('/') && !host.chars().all(legal) {
        return bad(["the host is no name, no address and no path"]);
    }
    Ok(host)
}

fn option(server: &mut Server, name: &str, value: &str) -> Result<(), BadLocation> {
    let text = || decoded(name, value);
    match name {
        "sslmode" => server.tls.mode = text()?.parse()?,
        "sslrootcert" => server.tls.ca = Some(PathBuf::from(text()?)),
        "connect_timeout" => match text()?.parse() {
            Ok(seconds @ 1..=MOST_CONNECT_SECONDS) => server.connect_timeout = Duration::from_secs(seconds),
            _ => return bad(["connect_timeout must be 1 to 300 seconds"]),
        },
        "schema" => {
            // Decoded behind the cut, so that %2C is a comma of a name.
            let names = value.split(',').map(|name| decoded("schema", name.trim()));
            server.schemas = names.collect::<Result<_, _>>()?;
            if server.schemas.iter().any(String::is_empty) {
                return bad(["schema is a list of names, as in schema=sales,public"]);
            }
        }
        "host" if server.host.is_empty() => server.host = checked_host(text()?)?,
        "host" => return bad(["the host is there twice"]),
        _ => {
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let plain = plain.to_ascii_lowercase();
            let advice = ELSEWHERE.iter().find(|(other, _)| *other == plain).map_or(
                "the options are sslmode, sslrootcert, connect_timeout, schema and host",
                |(_, advice)| advice,
            );
            // The end of a password with a question mark in it would stand here too.
            let known = ELSEWHERE.iter().map(|(other, _)| *other).chain(OPTIONS);
            let near =
                plain.get(..3).is_some_and(|start| known.into_iter().any(|name| name.starts_with(start)));
            let shown = if near { quoted(name) } else { NAMELESS.to_owned() };
            return bad(["there is no option ", &shown, ": ", advice]);
        }
    }
    Ok(())
}

impl std::str::FromStr for TlsMode {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<TlsMode, BadLocation> {
        match text {
            "disable" => Ok(TlsMode::Disable),
            "prefer" => Ok(TlsMode::Prefer),
            "require" => Ok(TlsMode::Require),
            "verify-ca" => Ok(TlsMode::VerifyCa),
            "verify-full" => Ok(TlsMode::VerifyFull),
            _ => bad(["TLS is one of disable, prefer, require, verify-ca and verify-full"]),
        }
    }
}

/// Stands for a name that is not shown.
const NAMELESS: &str = "of this name";
/// The options that are read.
const OPTIONS: [&str; 5] = ["sslmode", "sslrootcert", "connecttimeout", "schema", "host"];

/// A name in quotes, where it can be nothing else.
fn quoted(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.len() <= 40 && name.chars().all(legal) { ["'", name, "'"].concat() } else { NAMELESS.to_owned() }
}

/// The text behind percent-encoding; what cannot be sent to a server is refused.
fn decoded(what: &str, text: &str) -> Result<String, BadLocation> {
    let hex = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    if text.match_indices('%').any(|(at, _)| !hex(at + 1) || !hex(at + 2)) {
        return bad([what, " has a % without two hexadecimal digits behind it; write % itself as %25"]);
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        Ok(_) => bad([what, " has a zero byte"]),
        Err(_) => bad([what, " is no UTF-8 behind its percent-encoding"]),
    }
}

fn bad<T, const N: usize>(message: [&str; N]) -> Result<T, BadLocation> {
    Err(BadLocation(message.concat()))
}

#[cfg(test)]
mod tests {
    use super::super::Location;
    use super::*;

    fn read(text: &str) -> Result<Server, BadLocation> {
        match text.parse()? {
            Location::Postgres(server) | Location::MySql(server) => Ok(server),
            Location::Sqlite(path) => panic!("{text} is a file: {}", path.display()),
        }
    }

    #[test]
    fn servers_are_read() {
        type Row<'a> = (&'a str, &'a str, u16, &'a str, Option<(&'a str, &'a str)>);
        let rows: &[Row] = &[
            ("postgres://h/d", "h", 5432, "d", None),
            ("postgresql://h/d", "h", 5432, "d", None),
            ("mysql://h/d", "h", 3306, "d", None),
            ("mariadb://h/d", "h", 3306, "d", None),
            ("postgres://u@h/d", "h", 5432, "d", Some(("u", ""))),
            ("postgres://u:@h/d", "h", 5432, "d", Some(("u", ""))),
            ("postgres://u:p@h:99/d", "h", 99, "d", Some(("u", "p"))),
            ("postgres://u:p@h:/d", "h", 5432, "d", Some(("u", "p"))),
            ("mysql://u:p@127.0.0.1:3307/d", "127.0.0.1", 3307, "d", Some(("u", "p"))),
            ("postgres://u:p@[::1]/d", "::1", 5432, "d", Some(("u", "p"))),
            ("postgres://[fe80:0::1]:7/d", "fe80::1", 7, "d", None),
            ("postgres://u:a%40b%3Ac%2Fd%25e%3Ff%23g@h/d", "h", 5432, "d", Some(("u", "a@b:c/d%e?f#g"))),
            // Where they can mean nothing else, they need not be encoded.
            ("postgres://u:a@b:c#d@h/d", "h", 5432, "d", Some(("u", "a@b:c#d"))),
            ("postgres://us%40er:%C3%A4+%20@h/d", "h", 5432, "d", Some(("us@er", "ä+ "))),
            ("postgres://h/a%20b%2Fc%3F", "h", 5432, "a b/c?", None),
            ("postgres:///d?host=/run/postgresql", "/run/postgresql", 5432, "d", None),
            ("postgres://u:p@/d?host=%2Frun%2Fpg", "/run/pg", 5432, "d", Some(("u", "p"))),
            ("mysql://u@/d?host=/run/my.sock", "/run/my.sock", 3306, "d", Some(("u", ""))),
            ("postgres://u@:7/d?host=/run/pg", "/run/pg", 7, "d", Some(("u", ""))),
            ("postgres://%2Frun%2Fpg:7/d", "/run/pg", 7, "d", None),
            ("postgres:///d?host=db.example", "db.example", 5432, "d", None),
        ];
        for (text, host, port, database, login) in rows {
            let server = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            let found = (server.host.as_str(), server.port, server.database.as_str());
            assert_eq!(found, (*host, *port, *database), "{text}");
            let found = server.login.as_ref().map(|l| (l.user.as_str(), l.password.0.as_str()));
            assert_eq!(found, *login, "{text}");
            assert_eq!(server.tls, Tls::default(), "{text}");
            assert_eq!(server.connect_timeout, Server::CONNECT_TIMEOUT, "{text}");
        }
    }

    #[test]
    fn options_are_read() {
        for (option, mode) in [
            ("sslmode=disable", TlsMode::Disable),
            ("sslmode=prefer", TlsMode::Prefer),
            ("sslmode=require", TlsMode::Require),
            ("sslmode=verify-ca", TlsMode::VerifyCa),
            ("sslmode=verify%2Dfull", TlsMode::VerifyFull),
            ("&&", TlsMode::Prefer),
        ] {
            for scheme in ["postgres", "mysql"] {
                let server = read(&format!("{scheme}://h/d?{option}")).expect(option);
                assert_eq!(server.tls.mode, mode, "{scheme} {option}");
            }
        }
        let text = "mariadb://h/d?schema=a,b%2Cc, d&sslrootcert=/etc/my%20ca.pem&connect_timeout=7&sslmode=verify-ca";
        let server = read(text).expect(text);
        assert_eq!(server.schemas, ["a", "b,c", "d"]);
        assert_eq!(server.tls.ca, Some(PathBuf::from("/etc/my ca.pem")));
        assert_eq!(server.connect_timeout, Duration::from_secs(7));
    }

    /// Each text has the marker as, or in, its password.
    #[test]
    fn what_cannot_be_read_is_said_without_the_password() {
        for (text, words) in [
            ("S3CRET", "a location is sqlite:"),
            ("oracle:x", "'oracle' is no kind of database"),
            ("postgress://u:S3CRET@h/d", "'postgress' is no kind"),
            ("u S3CRET:x@h/d", "this is no kind"),
            ("sqlite:", "path of the file"),
            ("postgres:u:S3CRET@h/d", "//user:password@host"),
            ("postgres://u:S3CRET@h", "name of the database is missing"),
            ("postgres://u:S3CRET@h/", "name of the database is missing"),
            ("postgres://u:S3CRET@/d", "host is missing"),
            ("postgres:///d", "host is missing"),
            ("postgres://:S3CRET@h/d", "no user"),
            ("postgres://***@h/d", "are hidden"),
            ("postgres://u:S3C/RET@h/d", "/ as %2F"),
            ("postgres://u:S3C?RET@h/d", "? as %3F"),
            ("postgres://u@x:S3C/RET@h/d", "the port is no number"),
            ("postgres://u:S3CRET%@h/d", "% itself as %25"),
            ("postgres://u:S3CRET%4@h/d", "% itself as %25"),
            ("postgres://u:S3CRET%zz@h/d", "% itself as %25"),
            ("postgres://u:S3CRET%FF@h/d", "the password is no UTF-8"),
            ("postgres://u:S3CRET%00@h/d", "zero byte"),
            ("postgres://u:S3CRET@h:0/d", "port"),
            ("postgres://u:S3CRET@h:65536/d", "port"),
            ("postgres://u:S3CRET@h:x/d", "port"),
            ("postgres://u:S3CRET@h,i/d", "one host"),
            ("postgres://u:S3CRET@::1/d", "IPv6"),
            ("postgres://u:S3CRET@[::1/d", "] behind"),
            ("postgres://u:S3CRET@[x]/d", "no IPv6 address"),
            ("postgres://u:S3CRET@[::1]7/d", "comes :"),
            ("postgres://u:S3CRET@a b/d", "no name, no address"),
            ("postgres://u:S3CRET@h/d?host=/run", "the host is there twice"),
            ("mysql://u:S3CRET@h/d?socket=/run", "no option 'socket': use host"),
            ("postgres://u@h/d?password=S3CRET", "no option 'password': write it before the host"),
            ("postgres://u@h/d?passwort=S3CRET", "no option 'passwort': the options are sslmode"),
            ("postgres://u@h/d?S3CRET", "an option has a name"),
            ("postgres://u@h/d?S3CRET%20x=y", "no option of this name"),
            ("postgres://u:x@y?S3CRET&a=b@h/d", "? as %3F"),
            ("postgres://u@h/d?options=-c%20x%3DS3CRET", "no option 'options'"),
            ("postgres://u:S3CRET@h/d?ssl-mode=REQUIRED", "use sslmode"),
            ("postgres://u:S3CRET@h/d?currentSchema=x", "use schema"),
            ("postgres://u:S3CRET@h/d?sslcert=x", "not a certificate"),
            ("postgres://u:S3CRET@h/d?sslmode=allow", "one of disable, prefer"),
            ("postgres://u:S3CRET@h/d?sslmode=S3CRET", "one of disable, prefer"),
            ("postgres://u:S3CRET@h/d?sslmode=disable&sslmode=require", "'sslmode' is there twice"),
            ("postgres://u:S3CRET@h/d?connect_timeout=0", "1 to 300"),
            ("postgres://u:S3CRET@h/d?connect_timeout=soon", "1 to 300"),
            ("postgres://u:S3CRET@h/d?schema=a,,b", "list of names"),
            ("postgres://u:S3CRET@h/d?schema=", "list of names"),
        ] {
            let error = text.parse::<Location>().expect_err(text);
            for said in [error.to_string(), format!("{error:?}")] {
                assert!(said.contains(words), "{text}: {said}");
                assert!(!said.contains("S3C") && !said.contains("RET"), "{text}: {said}");
            }
            assert_eq!(Location::shown(text), HIDDEN, "{text}");
        }
    }

    #[test]
    fn what_is_shown_has_no_login() {
        for (text, shown) in [
            ("sqlite:/a@b/c.db", "sqlite:/a@b/c.db"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgres://us:S3@CRET@h:1/d?schema=x%40y", "postgres://***@h:1/d?schema=x%40y"),
            ("mariadb://us@[::1]/d", "mariadb://***@[::1]/d"),
            ("postgresql://us:S3CRET@/d?host=/run", "postgresql://***@/d?host=/run"),
        ] {
            assert_eq!(Location::shown(text), shown);
            let debug = format!("{:?}", text.parse::<Location>());
            assert!(debug.starts_with("Ok(") && !debug.contains("CRET") && !debug.contains("us"), "{debug}");
        }
    }
}
