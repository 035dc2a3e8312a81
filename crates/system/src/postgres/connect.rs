//! Connections to the PostgreSQL server of the system database: pool, TLS, and the schema brought up to date.

use std::path::Path;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Timeouts};
use refinery::{Migration, Runner};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, told};

/// Connections of a node: heartbeat, results that begin and end, administration.
const CONNECTIONS: usize = 4;
const CONNECT: Duration = Duration::from_secs(3);
const WAIT: Duration = Duration::from_secs(2);
/// How long what was sent may be unheard of until the connection is given up.
const UNHEARD: Duration = Duration::from_secs(5);
/// Statements are short; one that is not must not hold its locks for long.
const OPTIONS: &str = "-c statement_timeout=5000 -c lock_timeout=4000";
/// Names the lock under which one node at a time changes the schema.
const MIGRATION_LOCK: i64 = 0x6e78_746c_6e6b_0001;
const MIGRATION_TABLE: &str = "nextlink_migrations";

/// The steps of the schema. A step that was released is never changed, and each leaves what nodes of the version
/// before need: in an upgrade both run side by side, and those start again behind it. One that cannot leave it sets
/// `schema_reader` to its own number: then earlier versions do not start any more, and say why.
pub(super) const STEPS: &[(&str, &str)] = &[
    ("V1__nodes_and_results", include_str!("migrations/V1__nodes_and_results.sql")),
    ("V2__executions_of_results", include_str!("migrations/V2__executions_of_results.sql")),
    ("V3__sources_of_a_cluster", include_str!("migrations/V3__sources_of_a_cluster.sql")),
];

/// Reads a URL and sets what is not in it.
pub(super) fn config(url: &str) -> Result<Config, Error> {
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| Error::Url(told(&error)))?;
    if config.get_dbname().is_none() {
        return Err(Error::Url("it names no database".into()));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_application_name().is_none() {
        config.application_name("nextlink");
    }
    if config.get_options().is_none() {
        config.options(OPTIONS);
    }
    config.keepalives_idle(Duration::from_secs(10));
    if config.get_tcp_user_timeout().is_none() {
        // What was sent into a network that is cut: a new connection is there sooner than the old one is again.
        config.tcp_user_timeout(UNHEARD);
    }
    Ok(config)
}

/// Makes the pool; connects to nothing yet.
pub(super) fn pool(config: Config, ca: Option<&Path>) -> Result<Pool, Error> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match tls(&config, ca)? {
        Some(tls) => Manager::from_config(config, tls, recycling),
        None => Manager::from_config(config, NoTls, recycling),
    };
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(CONNECT), recycle: Some(WAIT) };
    Pool::builder(manager)
        .max_size(CONNECTIONS)
        .timeouts(timeouts)
        .runtime(deadpool_postgres::Runtime::Tokio1)
        .build()
        .map_err(|error| Error::Server(told(&error)))
}

fn tls(config: &Config, ca: Option<&Path>) -> Result<Option<MakeRustlsConnect>, Error> {
    if config.get_ssl_mode() == SslMode::Disable {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            let fail =
                |error: rustls::pki_types::pem::Error| Error::Tls(format!("{}: {error}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(fail)? {
                let added = roots.add(certificate.map_err(fail)?);
                added.map_err(|error| Error::Tls(format!("{}: {error}", path.display())))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(config)))
}

/// Why there is no connection, without what the pool says of itself.
pub(super) fn refused(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => told(error),
        other => told(other),
    }
}

/// Brings the schema up to date; nodes that start at the same time do so one after the other.
pub(super) async fn migrate(pool: &Pool, all: &[(&str, &str)]) -> Result<(), Error> {
    let mut connection = pool.get().await.map_err(|error| Error::Server(refused(&error)))?;
    let failed = |error: &dyn std::error::Error| Error::Migrate(told(error));
    // A node that waits here waits for another that does the same, which may take longer than other statements.
    let patient = "SET statement_timeout = '60s'; SET lock_timeout = '60s'";
    connection.batch_execute(patient).await.map_err(|error| failed(&error))?;
    let lock = "SELECT pg_advisory_lock($1)";
    connection.execute(lock, &[&MIGRATION_LOCK]).await.map_err(|error| failed(&error))?;
    let migrated = steps(&mut connection, all).await;
    // The session goes, and with it its settings and its lock, whatever has happened.
    drop(deadpool_postgres::Object::take(connection));
    migrated
}

async fn steps(client: &mut Client, all: &[(&str, &str)]) -> Result<(), Error> {
    let failed = |error: refinery::Error| Error::Migrate(told(&error));
    let step = |(name, sql): &(&str, &str)| Migration::unapplied(name, sql);
    let steps = all.iter().map(step).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let known = steps.iter().map(Migration::version).max().unwrap_or(0);
    refuse_later(client, u32::try_from(known).unwrap_or(0)).await?;
    // What a later version has added is no reason not to start: see `STEPS`.
    let mut runner = Runner::new(&steps).set_abort_missing(false).set_abort_divergent(true);
    runner.set_migration_table_name(MIGRATION_TABLE);
    runner.run_async(client).await.map(drop).map_err(failed)
}

/// Whether the schema has all steps of this version.
pub(super) async fn is_current(pool: &Pool, all: &[(&str, &str)]) -> Result<bool, Error> {
    let connection = pool.get().await.map_err(|error| Error::Server(refused(&error)))?;
    let failed = |error: tokio_postgres::Error| Error::Migrate(told(&error));
    let known = u32::try_from(all.len()).unwrap_or(u32::MAX);
    refuse_later(&connection, known).await?;
    let begun = "SELECT to_regclass($1) IS NOT NULL";
    if !connection.query_one(begun, &[&MIGRATION_TABLE]).await.map_err(failed)?.get::<_, bool>(0) {
        return Ok(false);
    }
    let steps = ["SELECT count(*) FROM ", MIGRATION_TABLE].concat();
    let steps: i64 = connection.query_one(&steps, &[]).await.map_err(failed)?.get(0);
    Ok(steps >= i64::from(known))
}

/// Refuses a schema that versions such as this one, which knows so many steps, cannot use.
async fn refuse_later(client: &Client, known: u32) -> Result<(), Error> {
    let failed = |error: tokio_postgres::Error| Error::Migrate(told(&error));
    let says = "SELECT to_regclass('schema_reader') IS NOT NULL";
    if !client.query_one(says, &[]).await.map_err(failed)?.get::<_, bool>(0) {
        return Ok(());
    }
    let reader = client.query_one("SELECT coalesce(max(reader), 0) FROM schema_reader", &[]).await;
    let reader: i64 = reader.map_err(failed)?.get(0);
    match u32::try_from(reader) {
        Ok(reader) if reader <= known => Ok(()),
        reader => Err(Error::TooNew { reader: reader.unwrap_or(u32::MAX), known }),
    }
}
