//! Where a database of a private server is.

use std::time::Duration;

use nextlink_db::location::{Location, Login, Secret, Server, Tls};
use nextlink_testkit::server::Database;

/// The location of a database, for the user who may do everything.
pub fn location(database: &Database) -> Location {
    let server = database.server();
    let login = Login { user: server.user().to_owned(), password: Secret(server.password().to_owned()) };
    let place = Server {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        database: database.name().to_owned(),
        login: Some(login),
        tls: Tls::default(),
        schemas: Vec::new(),
        connect_timeout: Duration::from_secs(20),
        connections: 4,
        pool_wait: Duration::from_secs(20),
        client_age: Server::CLIENT_AGE,
    };
    if server.scheme() == "postgres" { Location::Postgres(place) } else { Location::MySql(place) }
}
