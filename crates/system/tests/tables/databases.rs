//! Each test runs on every database.

use std::sync::Arc;

use nextlink_results::peer::NodeFacts;
use nextlink_results::{NodeId, Registration};
use nextlink_system::{Join, JoinError, System, open};
use nextlink_testkit::postgres;
use std::time::Duration;

/// Opens a database, more than once as several nodes do.
pub type Open<'a> = &'a (dyn Fn() -> Arc<dyn System> + Sync);

/// Runs a test on a new database of each kind.
pub fn each(test: impl Fn(&str, Open<'_>)) {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", dir.path().join("system.db").display());
    test("SQLite", &|| open(&file, None).unwrap());
    let database = postgres::server().database("system");
    let (url, ca) = (database.url(), postgres::server().ca());
    test("PostgreSQL", &|| open(&url, Some(&ca)).unwrap());
}

pub const LEASE: Duration = Duration::from_secs(60);
pub const HERE: &str = "10.0.0.1:8190";
pub const ELSEWHERE: &str = "10.0.0.2:8190";

pub fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 16])
}

/// What a node asks for at a start.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    pub id: u8,
    pub name: Option<&'a str>,
    pub address: Option<&'a str>,
    pub lease: Option<Duration>,
}

impl Start<'_> {
    pub fn alone(id: u8) -> Self {
        Self { id, name: None, address: None, lease: None }
    }

    pub fn member(id: u8) -> Self {
        Self { id, name: None, address: Some(HERE), lease: Some(LEASE) }
    }

    pub fn join(self, system: &dyn System) -> Result<NodeFacts, JoinError> {
        system.join(&Join {
            id: node(self.id),
            registration: Registration::generate().unwrap(),
            name: self.name,
            address: self.address,
            lease: self.lease,
            sign: &|facts| facts.name.clone().into_bytes(),
        })
    }
}
