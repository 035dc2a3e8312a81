//! Numbered migrations of the SQLite file: each is applied once, in order, in a transaction of its own.

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

/// All steps so far. A step that was released is never changed; a new one is added.
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
];

/// Brings the schema up to date; `false` when the database was made by a later version.
pub(crate) fn migrate(connection: &mut Connection, migrations: &[Migration]) -> rusqlite::Result<bool> {
    let newest = migrations.last().map_or(0, |migration| migration.number);
    for migration in migrations {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let at: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if at > newest {
            return Ok(false);
        }
        if at < migration.number {
            transaction.execute_batch(migration.sql)?;
            transaction.pragma_update(None, "user_version", migration.number)?;
        }
        transaction.commit()?;
    }
    Ok(true)
}
