CREATE TABLE nodes (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    registration bytea NOT NULL CHECK (length(registration) = 16),
    boot bigint NOT NULL,
    name text NOT NULL UNIQUE,
    address text,
    state text NOT NULL,
    mac bytea NOT NULL,
    started_ms bigint NOT NULL,
    heartbeat_ms bigint,
    lease_ms bigint
);
CREATE TABLE results (
    id bytea NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    generation bigint NOT NULL,
    owner bytea NOT NULL CHECK (length(owner) = 16),
    state text NOT NULL CHECK (state IN ('writing', 'complete', 'failed')),
    replicas text,
    "user" text NOT NULL,
    source text NOT NULL,
    recovery text NOT NULL CHECK (recovery IN ('none', 'key')),
    pages bigint NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL,
    absolute_ms bigint NOT NULL
);
CREATE INDEX results_owner ON results (owner);
