//! Things with their parts: the same rows in every database, chosen to be awkward.

use rust_decimal::Decimal;

use crate::casts;
use crate::generate::Dice;
use crate::values::{Cell, DAY, Value, sql};

/// A row of `Thing`.
pub struct Thing {
    pub id: i64,
    pub parent: Option<i64>,
    cells: Vec<(&'static str, Cell)>,
    pub parts: Vec<Part>,
}

/// A row of `Part`.
pub struct Part {
    id: i64,
    cells: Vec<(&'static str, Cell)>,
}

fn find(cells: &[(&'static str, Cell)], name: &str) -> Cell {
    cells.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no {name}")).1.clone()
}

impl Thing {
    pub fn get(&self, name: &str) -> Cell {
        if name == "Id" { Some(Value::Integer(self.id)) } else { find(&self.cells, name) }
    }
}

impl Part {
    pub fn get(&self, name: &str) -> Cell {
        find(&self.cells, name)
    }
}

/// Text that databases treat in ways of their own.
pub const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "A",
    "b",
    "B",
    "ab",
    "aB",
    "a ",
    " a",
    "  a  b ",
    "\ta\u{a0}",
    "50%",
    "5_0",
    "a\\b",
    "\\",
    "%",
    "_",
    "it's",
    "''",
    "\"q\"",
    "ä",
    "Ä",
    "a\u{308}",
    "ß",
    "ss",
    "é",
    "É",
    "ж",
    "Ж",
    "Ω",
    "ω",
    "😀",
    "a😀b",
    "\u{10ffff}",
    "\u{ffff}",
    "日本",
    "10",
    "9",
    "-7",
    "12.5",
    "line\nbreak",
    "`x`",
    "[y]",
    "nul",
    "NULL",
];

/// Text that is a time, or nearly so.
const TIMES: &[&str] = &[
    "2024-02-29T23:30:00-01:00",
    "2024-02-29T23:30Z",
    "1999-12-31t23:59:59.999999z",
    "1999-12-31T23:59:59.9999999+14:00",
    "2016-05-06T07:08:09.5-14:00",
    "2016-05-06T07:08:09",
    "2016-05-06 07:08:09Z",
    "2023-02-29T00:00Z",
    "2016-05-06T24:00:00Z",
    "0001-01-01T00:00+00:01",
    "2016-05-06",
    "2024-02-30",
    "23:59:59.9999999",
    "07:08",
    "7:08",
    "",
];

/// All things, the same in each run.
pub fn things() -> Vec<Thing> {
    let mut dice = Dice::new(42);
    let mut part_id = 0;
    (0..90)
        .map(|id| {
            let rarely_null = |dice: &mut Dice, value: Value| (dice.roll(5) > 0).then_some(value);
            let text = Value::Text(TEXTS[id as usize % TEXTS.len()].to_owned());
            let other = Value::Text(TEXTS[dice.roll(TEXTS.len() as u64) as usize].to_owned());
            let small = Value::Integer(dice.roll(21) as i64 - 10);
            let large =
                Value::Integer([0, 1, -1, 1 << 40, -(1 << 40), 999_999_999_999][dice.roll(6) as usize]);
            let decimal = Value::Decimal(Decimal::new(dice.roll(20_001) as i64 * 5 - 50_000, 3));
            let double = Value::Double((dice.roll(801) as f64 - 400.0) / 8.0);
            let date = Value::Date(dice.roll(30_000) as i64 - 5_000);
            let time = Value::Time(dice.roll(86_400_000) as i64 * 1_000);
            let instant = Value::Instant(
                (dice.roll(20_000) as i64 - 3_000) * DAY + dice.roll(86_400_000) as i64 * 1_000,
            );
            let cells = vec![
                ("T", Some(text)),
                ("S", rarely_null(&mut dice, other)),
                ("I", rarely_null(&mut dice, small.clone())),
                ("J", Some(small)),
                ("L", rarely_null(&mut dice, large)),
                ("D", rarely_null(&mut dice, decimal.clone())),
                ("E", Some(decimal)),
                ("F", rarely_null(&mut dice, double)),
                ("B", [None, Some(false), Some(true)][dice.roll(3) as usize].map(Value::Boolean)),
                ("Day", rarely_null(&mut dice, date)),
                ("Clock", rarely_null(&mut dice, time)),
                ("At", rarely_null(&mut dice, instant)),
                ("W", rarely_null(&mut dice, Value::Text(TIMES[id as usize % TIMES.len()].to_owned()))),
            ];
            let parts = (0..[0, 0, 1, 2, 4][dice.roll(5) as usize])
                .map(|_| {
                    part_id += 1;
                    let quantity = [None, Some(-1), Some(0), Some(1), Some(5)][dice.roll(5) as usize];
                    let name = Value::Text(TEXTS[dice.roll(TEXTS.len() as u64) as usize].to_owned());
                    let cells = vec![
                        ("Quantity", quantity.map(Value::Integer)),
                        ("Name", rarely_null(&mut dice, name)),
                    ];
                    Part { id: part_id, cells }
                })
                .collect();
            let parent = (id > 3 && dice.roll(3) > 0).then(|| dice.roll(id as u64) as i64);
            Thing { id, parent, cells, parts }
        })
        .collect()
}

/// What a database calls the types, and what else its script needs.
pub struct Names {
    pub before: &'static str,
    pub text: &'static str,
    pub double: &'static str,
    pub instant: &'static str,
    pub time: &'static str,
    pub behind: &'static str,
}

/// The names of SQLite.
pub const SQLITE: Names =
    Names { before: "", text: "TEXT", double: "DOUBLE", instant: "DATETIME", time: "TIME", behind: "" };

/// The names of PostgreSQL, with a collation that is not by code point.
pub const POSTGRES: Names = Names {
    text: "TEXT COLLATE \"en-x-icu\"",
    double: "DOUBLE PRECISION",
    instant: "TIMESTAMP WITH TIME ZONE",
    before: "SET TIME ZONE 'UTC';",
    ..SQLITE
};

/// The names of MariaDB, with a collation that is not by code point.
pub const MARIADB: Names = Names {
    before: "SET NAMES utf8mb4; SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'; \
             SET time_zone = '+00:00';",
    text: "VARCHAR(40)",
    instant: "DATETIME(6)",
    time: "TIME(6)",
    behind: " DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    ..SQLITE
};

/// The script that makes the tables.
pub fn script(things: &[Thing], names: &Names) -> String {
    let Names { before, text, double, instant, time, behind } = names;
    let mut script = format!(
        "{before}\nCREATE TABLE \"Thing\" (\"Id\" INTEGER NOT NULL PRIMARY KEY, \"T\" {text} NOT NULL, \"S\" {text}, \
         \"I\" INTEGER, \"J\" INTEGER NOT NULL, \"L\" BIGINT, \"D\" DECIMAL(12,3), \"E\" DECIMAL(12,3) NOT NULL, \
         \"F\" {double}, \"B\" BOOLEAN, \"Day\" DATE, \"Clock\" {time}, \"At\" {instant}, \"W\" {text}, \
         \"ParentId\" INTEGER, FOREIGN KEY (\"ParentId\") REFERENCES \"Thing\" (\"Id\")){behind};\n\
         CREATE TABLE \"Part\" (\"Id\" INTEGER NOT NULL PRIMARY KEY, \"Quantity\" INTEGER, \"Name\" {text}, \
         \"ThingId\" INTEGER NOT NULL, FOREIGN KEY (\"ThingId\") REFERENCES \"Thing\" (\"Id\")){behind};\n"
    );
    for thing in things {
        let cells: Vec<String> = thing.cells.iter().map(|(_, cell)| sql(cell)).collect();
        let parent = thing.parent.map_or("NULL".to_owned(), |p| p.to_string());
        script += &format!("INSERT INTO \"Thing\" VALUES ({}, {}, {parent});\n", thing.id, cells.join(", "));
    }
    for thing in things {
        for part in &thing.parts {
            let cells: Vec<String> = part.cells.iter().map(|(_, cell)| sql(cell)).collect();
            script +=
                &format!("INSERT INTO \"Part\" VALUES ({}, {}, {});\n", part.id, cells.join(", "), thing.id);
        }
    }
    script + &casts::script(behind)
}
