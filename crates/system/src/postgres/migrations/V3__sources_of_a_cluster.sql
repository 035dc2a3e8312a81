CREATE TABLE sources (
    key text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    revision bigint NOT NULL,
    changed_ms bigint NOT NULL,
    sealed bytea NOT NULL
);
CREATE TABLE revisions (what text NOT NULL PRIMARY KEY, revision bigint NOT NULL);
INSERT INTO revisions (what, revision) VALUES ('sources', 0);
ALTER TABLE nodes ADD COLUMN sources text;
CREATE TABLE schema_reader (reader bigint NOT NULL);
INSERT INTO schema_reader (reader) VALUES (2);
