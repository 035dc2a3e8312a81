//! Enumerations, arrays and composite types, and relations of all kinds.

use crate::setting::{Served, Setting, catalogue, database, location};

const SCRIPT: &str = "
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE odd AS ENUM ('two words', 'x');
CREATE DOMAIN small AS int CHECK (VALUE < 100);
CREATE TYPE point2 AS (x int, y numeric(5,2), label text);
CREATE TYPE place AS (name varchar(20), at point2, tags text[], felt mood, n small, day date);
CREATE TYPE seen_by AS (who inet);
CREATE TABLE thing (id int PRIMARY KEY, m mood, o odd, ints int[], texts varchar(5)[], moods mood[], days date[],
    nets inet[], padded char(3)[], prices money[], smalls small[], grid int[][], place place, places place[],
    seen seen_by, seens seen_by[], j jsonb[]);
INSERT INTO thing VALUES
    (1, 'happy', 'two words', '{1,null,-3}', '{a,\"b,c\",null}', '{sad,ok}', '{2024-02-29,infinity}',
        '{10.0.0.1,::1}', '{a,bcd}', '{1.5,-2}', '{7}', '{{1,2},{3,4}}',
        ROW('Home', ROW(1, 2.50, 'a \"b\"'), '{x,y}', 'ok', 5, '2024-01-01'),
        ARRAY[ROW('A', NULL, NULL, NULL, NULL, NULL)::place, NULL], ROW('10.0.0.1'), ARRAY[ROW('::1')::seen_by],
        ARRAY['{\"a\": 1}'::jsonb]),
    (2, NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL);
INSERT INTO thing (id, ints) VALUES (3, '{{1,2},{3,4}}');
CREATE TABLE by_mood (m mood PRIMARY KEY, label text);
INSERT INTO by_mood VALUES ('happy', 'H'), ('sad', 'S');
CREATE TABLE by_odd (o odd PRIMARY KEY, label text);
INSERT INTO by_odd VALUES ('x', 'X'), ('two words', '2');
";

#[test]
fn structured_values_are_structures() {
    let setting = Setting::new(SCRIPT);
    setting.check(&[
        (
            "thing(1)?$select=m,o,ints,texts,moods,days,nets,padded,prices,smalls,grid",
            concat!(
                r#"{"m":"happy","o":"two words","ints":[1,null,-3],"texts":["a","b,c",null],"moods":["sad","ok"],"#,
                r#""days":["2024-02-29","9999-12-31"],"nets":["10.0.0.1","::1"],"padded":["a","bcd"],"#,
                r#""prices":[1.5,-2],"smalls":[7],"grid":"{{1,2},{3,4}}"}"#
            ),
        ),
        (
            "thing(1)?$select=place,places",
            concat!(
                r#"{"place":{"name":"Home","at":{"x":1,"y":2.5,"label":"a \"b\""},"tags":["x","y"],"felt":"ok","n":5,"#,
                r#""day":"2024-01-01"},"places":[{"name":"A","at":null,"tags":[],"felt":null,"n":null,"day":null},null]}"#
            ),
        ),
        (
            "thing(1)?$select=seen,seens,j",
            r#"{"seen":"(10.0.0.1)","seens":"{(::1)}","j":["{\"a\": 1}"]}"#,
        ),
        (
            "thing(2)?$select=m,ints,texts,moods,place,places",
            r#"{"m":null,"ints":[],"texts":[],"moods":[],"place":null,"places":[]}"#,
        ),
        ("thing(3)/ints", "[1,2,3,4]"),
        ("thing?$filter=m eq 'happy'&$select=id", r#"{"id":1}"#),
        ("thing?$filter=m gt 'sad'&$select=id", r#"{"id":1}"#),
        ("thing?$filter=o eq 'two words'&$select=id", r#"{"id":1}"#),
        // Served as text, it is compared as text, and any text is one to compare with.
        ("thing?$filter=o eq 'no label'&$select=id", ""),
        ("thing?$filter=o in ('no label','two words')&$select=id", r#"{"id":1}"#),
        ("thing?$filter=o gt 'sad'&$select=id", r#"{"id":1}"#),
        ("thing?$filter=startswith(o,'two')&$select=id", r#"{"id":1}"#),
        ("by_odd('x')/label", r#""X""#),
        ("by_odd?$orderby=o&$select=label", r#"{"label":"2"},{"label":"X"}"#),
        ("by_odd?$filter=not (o eq 'none')&$select=label&$orderby=label", r#"{"label":"2"},{"label":"X"}"#),
        ("by_mood?$orderby=m desc&$select=label", r#"{"label":"H"},{"label":"S"}"#),
        ("by_mood('sad')/label", r#""S""#),
    ]);
}

#[test]
fn what_cannot_be_a_structure_is_said() {
    let setting = Setting::new(SCRIPT);
    let (_, notices) = catalogue(&setting.served.source);
    assert_eq!(
        notices,
        [
            "thing.grid: Served as text: it is an array of arrays.",
            "thing.seen: Served as text: a member of its composite type cannot be read on its own.",
            "thing.seens: Served as text: a member of its composite type cannot be read on its own.",
        ]
    );
}

/// Rows of partitions, of another server, of views and of views that are stored.
#[test]
fn relations_of_all_kinds_are_read() {
    let database = database(
        "CREATE TABLE part (region int, id int, name text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
         CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
         CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2) PARTITION BY RANGE (id);
         CREATE TABLE part_2_low PARTITION OF part_2 FOR VALUES FROM (0) TO (100);
         CREATE TABLE part_rest PARTITION OF part DEFAULT;
         INSERT INTO part VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 7, 'c');
         CREATE TABLE line (id int PRIMARY KEY, region int, no int, FOREIGN KEY (region, no) REFERENCES part);
         INSERT INTO line VALUES (10, 2, 1), (11, 2, 1), (12, NULL, 1);
         CREATE MATERIALIZED VIEW kept AS SELECT id, region FROM line;
         CREATE UNIQUE INDEX kept_id ON kept (id);
         CREATE VIEW slow AS SELECT id, no FROM line;
         CREATE TABLE near (id int, tags text[], at timestamptz);
         INSERT INTO near VALUES (1, '{x,y}', '2024-02-29 12:00+01'), (2, NULL, NULL);
         CREATE EXTENSION IF NOT EXISTS postgres_fdw;",
    );
    let server = database.server();
    database.run(&format!(
        "CREATE SERVER itself FOREIGN DATA WRAPPER postgres_fdw
             OPTIONS (host '127.0.0.1', port '{}', dbname '{}');
         CREATE USER MAPPING FOR CURRENT_USER SERVER itself OPTIONS (user '{}', password '{}');
         CREATE FOREIGN TABLE far (id int, tags text[], at timestamptz) SERVER itself OPTIONS (table_name 'near');",
        server.port(),
        database.name(),
        server.user(),
        server.password()
    ));
    let served = Served::open(&location(server, database.name()));
    served.check(&[
        ("part?$select=name&$orderby=name desc", r#"{"name":"c"},{"name":"b"},{"name":"a"}"#),
        (
            "part(region=2,id=1)?$select=name&$expand=line($select=id)",
            r#"{"name":"b","line":[{"id":10},{"id":11}]}"#,
        ),
        ("part/$count", "3"),
        ("line(10)/part/name", r#""b""#),
        ("kept?$filter=region eq null", r#"{"id":12,"region":null}"#),
        ("kept(10)/region", "2"),
        ("slow?$filter=no eq 1&$top=1", r#"{"id":10,"no":1}"#),
        ("far", r#"{"id":1,"tags":["x","y"],"at":"2024-02-29T11:00:00Z"},{"id":2,"tags":[],"at":null}"#),
        ("far(2)/id", "2"),
        ("far?$filter=at gt 2024-01-01T00:00:00Z&$select=id", r#"{"id":1}"#),
    ]);
}
