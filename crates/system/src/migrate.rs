//! Numbered migrations of the SQLite file: each is applied once, in order, in a transaction of its own.

use std::cmp::Ordering;

use rusqlite::{Connection, TransactionBehavior};

/// A step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number; the first is 1, and none is left out.
    pub number: u32,
    /// What it is for.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

/// Whether this version can use the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It can.
    Good,
    /// It takes a version that knows this step.
    TooNew {
        /// The step.
        reader: u32,
    },
}

/// All steps so far. A step that was released is never changed; a new one is added. Nodes of an earlier version go on while
/// a step is made, and start again behind it, as they do not look at what it has added; a step that takes something from
/// them sets `schema_reader` to its own number.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "nodes and results",
        sql: "
            CREATE TABLE nodes (
                id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                boot INTEGER NOT NULL,
                address TEXT,
                state TEXT NOT NULL,
                started_ms INTEGER NOT NULL,
                heartbeat_ms INTEGER,
                lease_ms INTEGER,
                mac BLOB
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE results (
                id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                generation INTEGER NOT NULL,
                owner BLOB NOT NULL CHECK (length(owner) = 16),
                state TEXT NOT NULL CHECK (state IN ('writing', 'complete', 'failed')),
                replicas TEXT,
                user TEXT NOT NULL,
                source TEXT NOT NULL,
                recovery TEXT NOT NULL CHECK (recovery IN ('none', 'key')),
                pages INTEGER NOT NULL,
                rows INTEGER NOT NULL,
                bytes INTEGER NOT NULL,
                created_ms INTEGER NOT NULL,
                expires_ms INTEGER NOT NULL,
                absolute_ms INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX results_owner ON results (owner);
        ",
    },
    Migration {
        number: 2,
        name: "registrations",
        // Rows of a version before have neither; the node writes them at its next start.
        sql: "
            ALTER TABLE nodes ADD COLUMN registration BLOB CHECK (length(registration) = 16);
            ALTER TABLE nodes ADD COLUMN name TEXT;
            CREATE UNIQUE INDEX nodes_name ON nodes (name);
        ",
    },
    Migration {
        number: 3,
        name: "executions of results",
        sql: "
            CREATE TABLE executions (
                id BLOB NOT NULL CHECK (length(id) = 16),
                generation INTEGER NOT NULL,
                owner BLOB NOT NULL CHECK (length(owner) = 16),
                state TEXT NOT NULL CHECK (state IN ('writing', 'complete', 'failed')),
                replicas TEXT,
                user TEXT NOT NULL,
                source TEXT NOT NULL,
                recovery TEXT NOT NULL CHECK (recovery IN ('none', 'key')),
                pages INTEGER NOT NULL,
                rows INTEGER NOT NULL,
                bytes INTEGER NOT NULL,
                created_ms INTEGER NOT NULL,
                expires_ms INTEGER NOT NULL,
                absolute_ms INTEGER NOT NULL,
                continues_generation INTEGER,
                continues_page INTEGER,
                header BLOB,
                PRIMARY KEY (id, generation)
            ) STRICT, WITHOUT ROWID;
            INSERT INTO executions SELECT id, generation, owner, state, replicas, user, source, recovery, pages,
                rows, bytes, created_ms, expires_ms, absolute_ms, NULL, NULL, NULL FROM results;
            DROP TABLE results;
            ALTER TABLE executions RENAME TO results;
            CREATE INDEX results_owner ON results (owner);
        ",
    },
    Migration {
        number: 4,
        name: "sources of a cluster",
        // Versions before refuse every later file, so they are not among the readers.
        sql: "
            CREATE TABLE sources (
                key TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                revision INTEGER NOT NULL,
                changed_ms INTEGER NOT NULL,
                sealed BLOB NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE revisions (what TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            INSERT INTO revisions (what, revision) VALUES ('sources', 0);
            ALTER TABLE nodes ADD COLUMN sources TEXT;
            CREATE TABLE schema_reader (reader INTEGER NOT NULL) STRICT;
            INSERT INTO schema_reader (reader) VALUES (4);
        ",
    },
];

/// Brings the schema up to date. A later version may have done so already: that is no reason not to go on, unless it says
/// so (`schema_reader`).
pub(crate) fn migrate(connection: &mut Connection, migrations: &[Migration]) -> rusqlite::Result<Fit> {
    let known = migrations.last().map_or(0, |migration| migration.number);
    for migration in migrations {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let at: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if at > known {
            return fit(&transaction, known);
        }
        if at < migration.number {
            transaction.execute_batch(migration.sql)?;
            transaction.pragma_update(None, "user_version", migration.number)?;
        }
        transaction.commit()?;
    }
    Ok(Fit::Good)
}

/// Whether the schema has all steps of this version.
pub(crate) fn is_current(connection: &Connection, migrations: &[Migration]) -> rusqlite::Result<Option<Fit>> {
    let known = migrations.last().map_or(0, |migration| migration.number);
    let at: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match at.cmp(&known) {
        Ordering::Less => Ok(None),
        Ordering::Equal => Ok(Some(Fit::Good)),
        Ordering::Greater => fit(connection, known).map(Some),
    }
}

/// Whether a version that knows so many steps can use what a later one has made of the file.
fn fit(connection: &Connection, known: u32) -> rusqlite::Result<Fit> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_reader'";
    let says: u32 = connection.query_row(sql, [], |row| row.get(0))?;
    if says == 0 {
        return Ok(Fit::TooNew { reader: known + 1 });
    }
    let reader = connection.query_row("SELECT max(reader) FROM schema_reader", [], |row| row.get(0))?;
    Ok(if reader > known { Fit::TooNew { reader } } else { Fit::Good })
}
