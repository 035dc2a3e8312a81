//! Northwind and Chinook as they come: every row of every set, and every navigation property, against the database.

mod common;

use common::PROGRAM;
use nextlink_testkit::http::get;
use nextlink_testkit::ledger::{Expected, read_all};
use nextlink_testkit::node::{Launch, Node};
use nextlink_testkit::shared::shared;
use nextlink_testkit::sqlite::sqlite_from_script;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

const FULL: (&str, &str) = ("Accept", "application/json;odata.metadata=full");
/// Rows of each set whose navigation properties are followed.
const FOLLOWED: usize = 3;

/// A database that is served, and the same one at hand.
struct Sample {
    node: Node,
    direct: Connection,
    root: String,
    /// `$metadata` as JSON.
    schema: Map<String, Value>,
    /// Sets in the order of the service document.
    sets: Vec<String>,
    /// The tables of the sets, as `model` tells.
    tables: Vec<(String, String)>,
}

fn open(script: &str) -> Option<Sample> {
    let script = shared(script)?;
    let launch = Launch::new(PROGRAM, &["serve"]);
    let dir = launch.data_dir().to_owned();
    let path = dir.join("sample.db");
    sqlite_from_script(&path, &script);
    let source = format!("sample=sqlite:{}", path.display());
    let data = dir.join("data").display().to_string();
    let node = launch
        .args(&[&source, "--listen", "127.0.0.1:0", "--data-dir", &data, "--admin-listen", "127.0.0.1:0"])
        .start();
    let root = node.service("sample");
    let metadata = get(&format!("{root}$metadata?$format=json"), &[]).json();
    let schema = metadata["sample"].as_object().expect("the schema is there").clone();
    let document = get(&root, &[]).json();
    let sets = document["value"].as_array().expect("sets").iter();
    let sets = sets.map(|set| set["url"].as_str().expect("a URL").to_owned()).collect();
    let model = common::run(&["model", &source]);
    assert_eq!(model.code, Some(0), "{}", model.err);
    let direct = Connection::open(&path).expect("the database can be opened");
    Some(Sample { node, direct, root, schema, sets, tables: tables(&model.out) })
}

/// Pairs of a set and its table in the printed model.
fn tables(model: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut set = String::new();
    for line in model.lines() {
        if let Some(name) = line.strip_prefix("  \"").and_then(|rest| rest.strip_suffix("\":")) {
            set = name.to_owned();
        } else if let Some(table) = line.strip_prefix("    table: ") {
            found.push((set.clone(), serde_json::from_str(table).expect("a quoted name")));
        }
    }
    found
}

impl Sample {
    fn table(&self, set: &str) -> String {
        let found = self.tables.iter().find(|(name, _)| name == set);
        found.unwrap_or_else(|| panic!("{set} is in the model")).1.replace('"', "\"\"")
    }

    fn entity_type(&self, set: &str) -> &Map<String, Value> {
        let container = self.schema["Container"][set]["$Type"].as_str().expect("a type");
        self.schema[container.rsplit('.').next().unwrap_or_default()].as_object().expect("an object")
    }

    fn key(&self, set: &str) -> Vec<&str> {
        self.entity_type(set)["$Key"].as_array().expect("a key").iter().filter_map(Value::as_str).collect()
    }

    /// The values of the key columns of all rows, in the order of the key.
    fn keys(&self, set: &str) -> Vec<Value> {
        let key = self.key(set);
        let columns: Vec<_> = key.iter().map(|name| format!("\"{}\"", self.column(set, name))).collect();
        let columns = columns.join(", ");
        let sql = format!("SELECT {columns} FROM \"{}\" ORDER BY {columns}", self.table(set));
        let mut statement = self.direct.prepare(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows = statement.query_map([], |row| {
            let mut object = Map::new();
            for (at, name) in key.iter().enumerate() {
                let value = match row.get_ref(at)? {
                    ValueRef::Integer(number) => Value::from(number),
                    ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Real(number) => Value::from(number),
                    other => panic!("{set}: a key that is {other:?}"),
                };
                object.insert((*name).to_owned(), value);
            }
            Ok(Value::Object(object))
        });
        rows.expect(&sql).collect::<Result<_, _>>().expect(&sql)
    }

    /// The column of a property: names that are no identifiers were made legal.
    fn column(&self, set: &str, property: &str) -> String {
        let sql = format!("SELECT name FROM pragma_table_info('{}')", self.table(set).replace('\'', "''"));
        let mut statement = self.direct.prepare(&sql).expect(&sql);
        let names = statement.query_map([], |row| row.get::<_, String>(0)).expect(&sql);
        let names: Vec<String> = names.collect::<Result<_, _>>().expect(&sql);
        let legal =
            |name: &str| name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect::<String>();
        let found = names.iter().find(|name| legal(name) == property);
        found.unwrap_or_else(|| panic!("{set}.{property} has a column in {names:?}")).clone()
    }

    /// Reads every set to its end in three ways, and compares the keys with those in the database.
    fn every_row(&self) {
        let mut total = 0;
        for set in &self.sets {
            let rows = self.keys(set);
            let url = format!("{}{set}", self.root);
            let key = self.key(set);
            let expected = Expected::rows(&key, rows.iter().cloned());
            total += rows.len();
            for headers in [
                &[("Prefer", "odata.maxpagesize=7")][..],
                &[],
                &[("Accept-Encoding", "gzip"), ("Prefer", "odata.maxpagesize=7")],
            ] {
                // Seven rows a page take long for the largest sets: their beginning is enough.
                let small = headers.iter().any(|(name, _)| *name == "Prefer");
                if small && rows.len() > 4_000 {
                    let ledger = read_all(&format!("{url}?$top=500"), headers);
                    ledger.check(&Expected::rows(&key, rows[..500].iter().cloned()));
                    continue;
                }
                let ledger = read_all(&format!("{url}?$count=true"), headers);
                ledger.check(&expected);
                let page = if small { 7 } else { 2_000 };
                let pages = rows.len().div_ceil(page).max(1);
                // A page of large rows is closed early.
                assert!(ledger.entries.len() >= pages, "{set} {headers:?}: {} pages", ledger.entries.len());
            }
            let counted = get(&format!("{url}/$count"), &[]).text();
            assert_eq!(counted, rows.len().to_string(), "{set}/$count");
        }
        println!("{total} rows in {} sets", self.sets.len());
        assert!(total > 1_000, "{total} rows");
    }

    /// Follows every navigation property of the first rows in the path and by `$expand`: both are equal.
    fn every_navigation(&self) {
        let mut followed = 0;
        for set in &self.sets {
            let navigation: Vec<_> = self
                .entity_type(set)
                .iter()
                .filter(|(_, member)| member["$Kind"] == "NavigationProperty")
                .map(|(name, member)| (name.as_str(), member["$Collection"] == true))
                .collect();
            let first = get(&format!("{}{set}?$top={FOLLOWED}", self.root), &[FULL]).json();
            for row in first["value"].as_array().expect("rows") {
                let id = row["@odata.id"].as_str().expect("an id");
                for (name, collection) in &navigation {
                    self.follow(id, name, *collection);
                    followed += 1;
                }
            }
        }
        println!("{followed} navigation properties followed");
        assert!(followed > 20, "{followed}");
    }

    fn follow(&self, id: &str, name: &str, collection: bool) {
        let what = format!("{id}/{name}");
        let expanded = get(&format!("{}{id}?$expand={name}", self.root), &[]);
        assert_eq!(expanded.status, 200, "{what}: {}", expanded.text());
        let expanded = expanded.json();
        let inner = &expanded[name];
        let path = format!("{}{id}/{name}", self.root);
        if collection {
            let mut wanted = inner.as_array().unwrap_or_else(|| panic!("{what}: {inner}")).clone();
            if let Some(link) = expanded[format!("{name}@odata.nextLink")].as_str() {
                let context = expanded["@odata.context"].as_str().expect("a context URL");
                let link = nextlink_testkit::http::resolve(context, link).expect("a link");
                wanted.extend(read_all(&link, &[]).rows().cloned());
            }
            let ledger = read_all(&path, &[]);
            let found: Vec<_> = ledger.rows().cloned().collect();
            assert_eq!(found, wanted, "{what}");
            let counted = get(&format!("{path}/$count"), &[]).text();
            assert_eq!(counted, found.len().to_string(), "{what}/$count");
            return;
        }
        let answer = get(&path, &[]);
        if inner.is_null() {
            assert_eq!(answer.status, 204, "{what}: {}", answer.text());
            return;
        }
        let mut entity = answer.json();
        let object = entity.as_object_mut().unwrap_or_else(|| panic!("{what}: {}", answer.text()));
        object.retain(|name, _| !name.starts_with('@'));
        assert_eq!(&entity, inner, "{what}");
    }
}

#[test]
fn northwind_every_row() {
    if let Some(sample) = open("data/northwind/northwind_sqlite.sql") {
        assert!(sample.sets.iter().any(|set| set == "Order_Details"), "{:?}", sample.sets);
        sample.every_row();
    }
}

#[test]
fn northwind_every_navigation() {
    if let Some(sample) = open("data/northwind/northwind_sqlite.sql") {
        sample.every_navigation();
    }
}

#[test]
fn northwind_of_other_names_every_row() {
    if let Some(sample) = open("data/northwind/northwind_sqlite_ms.sql") {
        assert_eq!(sample.sets.len(), 14, "{:?}", sample.sets);
        sample.every_row();
    }
}

#[test]
fn northwind_of_other_names_every_navigation() {
    if let Some(sample) = open("data/northwind/northwind_sqlite_ms.sql") {
        sample.every_navigation();
    }
}

#[test]
fn chinook_every_row() {
    if let Some(sample) = open("data/chinook/Chinook_Sqlite.sql") {
        sample.every_row();
    }
}

#[test]
fn chinook_every_navigation() {
    if let Some(sample) = open("data/chinook/Chinook_Sqlite.sql") {
        sample.every_navigation();
    }
}

/// What people ask Northwind: the answer is that of a statement of their own.
#[test]
fn northwind_questions() {
    let Some(sample) = open("data/northwind/northwind_sqlite.sql") else {
        return;
    };
    for (url, sql) in [
        ("Orders/$count?$filter=Freight gt 100", "SELECT count(*) FROM Orders WHERE Freight > 100"),
        (
            "Order_Details/$count?$filter=Discount gt 0 and Quantity ge 50",
            "SELECT count(*) FROM \"Order Details\" WHERE Discount > 0 AND Quantity >= 50",
        ),
        (
            "Products/$count?$filter=contains(ProductName,'ch')",
            "SELECT count(*) FROM Products WHERE instr(ProductName, 'ch') > 0",
        ),
        (
            "Customers/$count?$filter=startswith(CompanyName,'A') or Country eq 'Germany'",
            "SELECT count(*) FROM Customers WHERE substr(CompanyName, 1, 1) = 'A' OR Country = 'Germany'",
        ),
        ("Customers/$count?$filter=Region eq null", "SELECT count(*) FROM Customers WHERE Region IS NULL"),
        (
            "Customers/$count?$filter=not (Region eq 'BC')",
            "SELECT count(*) FROM Customers WHERE Region IS NULL OR Region <> 'BC'",
        ),
    ] {
        let answer = get(&format!("{}{}", sample.root, common::encoded(url)), &[]);
        let wanted: i64 = sample.direct.query_row(sql, [], |row| row.get(0)).expect(sql);
        assert_eq!((answer.status, answer.text()), (200, wanted.to_string()), "{url}");
        assert!(wanted > 0, "{sql} finds something");
    }
    drop(sample.node);
}
