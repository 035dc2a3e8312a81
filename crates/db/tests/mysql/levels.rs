//! Several levels: the first one is read in pieces, which make one result.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::ask::Ask;
use crate::world::World;

/// More rows than the first pieces have together.
const ROWS: usize = 1_300;

/// A type, and a value of it for row `seq`, with equal ones and null among them.
const ORDERS: &[(&str, &str)] = &[
    ("TINYINT", "CAST(seq % 100 AS SIGNED) - 50"),
    ("BIGINT UNSIGNED", "18446744073709551615 - seq % 40"),
    ("BIT(64)", "18446744073709551615 - seq % 40"),
    ("BIT(5)", "seq % 32"),
    ("BOOLEAN", "seq % 2"),
    ("FLOAT", "(seq % 37) / 10"),
    ("DOUBLE", "(seq % 1237) / 7"),
    ("DECIMAL(65,30)", "12345678901234567890123456789012345 - (seq % 90) / 1000000000000000000000000000000"),
    ("VARCHAR(20)", "CONCAT(CHAR(97 + seq % 3), ELT(1 + seq % 4, 'a', 'A', 'ä', '😀'), seq % 11)"),
    ("VARCHAR(20) COLLATE utf8mb4_nopad_bin", "CONCAT('x', REPEAT(' ', seq % 5))"),
    (
        "VARCHAR(20) CHARACTER SET latin1",
        "CONCAT(CHAR(97 + seq % 3), ELT(1 + seq % 3, 'a', 'A', 'ä'), seq % 11)",
    ),
    (
        "VARCHAR(20) CHARACTER SET utf16",
        "CONCAT(CHAR(97 + seq % 3), ELT(1 + seq % 3, 'a', 'A', '😀'), seq % 11)",
    ),
    ("CHAR(9)", "seq % 1000"),
    ("TEXT", "CONCAT(REPEAT('long', 400), seq % 1000)"),
    ("VARBINARY(9)", "UNHEX(LPAD(HEX(seq * 7919 % 65536), 4, '0'))"),
    ("BINARY(4)", "UNHEX(LPAD(HEX(seq * 7919 % 65536), 4, '0'))"),
    ("DATE", "'2024-02-29' - INTERVAL seq % 900 DAY"),
    ("DATE", "IF(seq % 3, '0000-00-00', '2024-00-10')"),
    ("DATETIME(6)", "'2024-02-29 23:59:59.999999' - INTERVAL seq % 900 MICROSECOND"),
    ("TIMESTAMP", "'2024-02-28 23:59:59' - INTERVAL seq % 900 SECOND"),
    ("TIME(3)", "SEC_TO_TIME((CAST(seq % 1500 AS SIGNED) - 750) * 3600.125)"),
    ("YEAR", "1901 + seq % 250"),
    ("ENUM('red','green','blue')", "1 + seq % 3"),
    ("ENUM('a b','c')", "1 + seq % 2"),
    ("SET('z','y','x')", "seq % 8"),
    ("UUID", "CONCAT(LPAD(HEX(seq * 7919 % 65536), 8, '0'), '-9dad-11d1-80b4-00c04fd430c8')"),
    ("INET6", "CONCAT('2001:db8::', HEX(seq % 300))"),
    ("JSON", "CONCAT('[', seq % 70, ']')"),
];

fn script() -> String {
    let columns: Vec<String> =
        ORDERS.iter().enumerate().map(|(i, (declared, _))| format!("c{i} {declared} NULL")).collect();
    let values: Vec<String> =
        ORDERS.iter().map(|(_, value)| format!("IF(seq % 13 = 0, NULL, {value})")).collect();
    format!(
        "SET sql_mode = '';
         CREATE TABLE Parent (id INT PRIMARY KEY, {});
         CREATE TABLE Child (id INT PRIMARY KEY, ParentId INT, n INT, FOREIGN KEY (ParentId) REFERENCES Parent (id));
         INSERT INTO Parent SELECT seq, {} FROM seq_1_to_{ROWS};
         INSERT INTO Child SELECT seq, 1 + seq % {ROWS}, seq FROM seq_1_to_{};",
        columns.join(", "),
        values.join(", "),
        ROWS * 2
    )
}

/// The rows of a level below, of one row.
fn below(id: usize) -> String {
    let mut rows: Vec<usize> = [id - 1, id - 1 + ROWS, id - 1 + 2 * ROWS].to_vec();
    rows.retain(|row| (1..=2 * ROWS).contains(row));
    let rows: Vec<String> = rows.iter().map(|row| format!("{{\"id\":{row}}}")).collect();
    format!("[{}]", rows.join(","))
}

#[test]
fn pieces_have_the_order_and_the_rows_of_the_whole() {
    let world = World::new(&script());
    let mut wrong = Vec::new();
    let mut check = |query: &str| {
        let flat = world.ask(&format!("Parent?$select=id&{query}"));
        assert!(flat.starts_with("{\"id\":"), "{query}: {flat}");
        let ids = flat.split("},{").map(|row| row.trim_matches(|c: char| !c.is_ascii_digit()));
        let expected: Vec<String> =
            ids.map(|id| format!("{{\"id\":{id},\"Child\":{}}}", below(id.parse().unwrap_or(1)))).collect();
        let found = world.ask(&format!("Parent?$select=id&$expand=Child($select=id)&{query}"));
        if found != expected.join(",") {
            wrong.push(format!("{query}: {} characters, not {}", found.len(), expected.join(",").len()));
        }
    };
    for (i, _) in ORDERS.iter().enumerate() {
        for direction in ["", " desc"] {
            check(&format!("$orderby=c{i}{direction}"));
        }
    }
    check("$orderby=c0,c8 desc,c17");
    check("$orderby=c0 desc,c6");
    check("$orderby=length(c8),c5 mul 2 desc");
    check("$orderby=year(c18) desc,c20");
    check("$orderby=c20 add duration'PT1.5S'");
    check("$orderby=c0 eq 5,c7 mul 3");
    check("$filter=c0 gt -20 and id lt 1250&$orderby=c0");
    check("$top=1200&$skip=50");
    check("$top=1&$orderby=c3");
    check("$top=128");
    check("$top=129&$orderby=c8");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn large_rows_are_read_in_small_pieces() {
    let world = World::new(
        "CREATE TABLE Parent (id INT PRIMARY KEY, t LONGTEXT NOT NULL);
         CREATE TABLE Child (id INT PRIMARY KEY, ParentId INT, FOREIGN KEY (ParentId) REFERENCES Parent (id));
         INSERT INTO Parent SELECT seq, REPEAT('x', 300000) FROM seq_1_to_100;
         INSERT INTO Child SELECT seq, seq FROM seq_1_to_100;",
    );
    let answer = world.ask_with("Parent?$expand=Child&$orderby=id desc", &Ask::default()).expect("an answer");
    assert_eq!(answer.outcome.rows, 100);
    let rows = answer.rows();
    let ids: Vec<&str> =
        rows.split("{\"id\":").skip(1).map(|r| r.split([',', '}']).next().unwrap()).collect();
    let expected: Vec<String> = (1..=100).rev().flat_map(|id| [id.to_string(), id.to_string()]).collect();
    assert_eq!(ids, expected);
}

/// A writer moves all children from one parent to another, again and again: at no time has any of them none, or two.
#[test]
fn all_pieces_and_levels_see_one_snapshot() {
    let world = World::new(
        "CREATE TABLE Parent (id INT PRIMARY KEY, turn INT NOT NULL);
         CREATE TABLE Child (id INT PRIMARY KEY, ParentId INT NOT NULL, turn INT NOT NULL, FOREIGN KEY (ParentId) REFERENCES Parent (id));
         INSERT INTO Parent SELECT seq, 0 FROM seq_1_to_1500;
         INSERT INTO Child SELECT seq, seq, 0 FROM seq_1_to_1500;",
    );
    /// Ends the writer, whatever becomes of the test.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ended = Done(&done);
        let writer = scope.spawn(|| {
            let mut turns = 0;
            while !done.load(Ordering::Relaxed) {
                turns += 1;
                world.database.run(
                    "BEGIN; UPDATE Child SET ParentId = 1 + ParentId % 1500, turn = turn + 1; UPDATE Parent SET turn = turn + 1; COMMIT;",
                );
            }
            turns
        });
        for _ in 0..6 {
            let rows = world.ask("Parent?$select=turn&$expand=Child($select=turn)&$count=true");
            let turns: Vec<&str> =
                rows.split("\"turn\":").skip(1).map(|r| r.split(['}', ',']).next().unwrap()).collect();
            assert_eq!(turns.len(), 3000, "each parent has one child");
            assert!(turns.iter().all(|turn| *turn == turns[0]), "all are of one time");
        }
        drop(ended);
        assert!(writer.join().expect("no panic") > 0);
    });
}

#[test]
fn counts_and_windows_of_lower_levels() {
    let world = World::new(
        "CREATE TABLE Parent (id INT PRIMARY KEY);
         CREATE TABLE Child (id INT PRIMARY KEY, ParentId INT, FOREIGN KEY (ParentId) REFERENCES Parent (id));
         CREATE TABLE Part (id INT PRIMARY KEY, ChildId INT, FOREIGN KEY (ChildId) REFERENCES Child (id));
         INSERT INTO Parent SELECT seq FROM seq_1_to_300;
         INSERT INTO Child SELECT seq, 1 + seq % 3 FROM seq_1_to_9;
         INSERT INTO Part SELECT seq, 1 + seq % 9 FROM seq_1_to_27;",
    );
    for (url, expected) in [
        (
            "Parent(2)?$expand=Child($top=2;$skip=1;$orderby=id desc;$count=true)",
            r#"{"id":2,"Child@odata.count":3,"Child":[{"id":4,"ParentId":2},{"id":1,"ParentId":2}]}"#,
        ),
        (
            "Parent?$filter=id lt 3&$expand=Child($select=id;$expand=Part($top=1;$select=id))",
            concat!(
                r#"{"id":1,"Child":[{"id":3,"Part":[{"id":2}]},{"id":6,"Part":[{"id":5}]},{"id":9,"Part":[{"id":8}]}]},"#,
                r#"{"id":2,"Child":[{"id":1,"Part":[{"id":9}]},{"id":4,"Part":[{"id":3}]},{"id":7,"Part":[{"id":6}]}]}"#
            ),
        ),
        ("Parent?$filter=id eq 300&$expand=Child", r#"{"id":300,"Child":[]}"#),
        ("Parent?$filter=id gt 300&$expand=Child", ""),
        ("Child(1)/Parent?$expand=Child($count=true;$top=0)", r#"{"id":2,"Child@odata.count":3,"Child":[]}"#),
    ] {
        assert_eq!(world.ask(url), expected, "{url}");
    }
}

/// The server sorts by the beginning of long texts only. Those with the same one come in the order of their keys, and none
/// is left out between two pieces.
#[test]
fn long_texts_with_the_same_beginning() {
    let world = World::new(
        "CREATE TABLE Parent (id INT PRIMARY KEY, t LONGTEXT, v VARCHAR(20) NOT NULL);
         CREATE TABLE Child (id INT PRIMARY KEY, ParentId INT, FOREIGN KEY (ParentId) REFERENCES Parent (id));
         INSERT INTO Parent SELECT seq, CONCAT(IF(seq % 2, 'a', 'b'), REPEAT('😀', 24000), 1000 - seq), 'v' FROM seq_1_to_200;
         INSERT INTO Child SELECT seq, seq FROM seq_1_to_200;",
    );
    for (query, expected) in [
        ("$orderby=t", (1..=200).step_by(2).chain((2..=200).step_by(2)).collect::<Vec<_>>()),
        ("$orderby=t desc", (2..=200).step_by(2).chain((1..=200).step_by(2)).collect()),
        ("$orderby=concat(t,v)", (1..=200).step_by(2).chain((2..=200).step_by(2)).collect()),
    ] {
        let rows = world.ask(&format!("Parent?$select=id&$expand=Child($select=id)&{query}"));
        let expected: Vec<String> =
            expected.iter().map(|id| format!("{{\"id\":{id},\"Child\":[{{\"id\":{id}}}]}}")).collect();
        assert_eq!(rows, expected.join(","), "{query}");
    }
}
