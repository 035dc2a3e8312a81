//! Enumerations, arrays and composite types.

use crate::setting::{Setting, catalogue};

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
