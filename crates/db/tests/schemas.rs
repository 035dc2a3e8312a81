//! Models of databases that are legal and odd: names, keys, foreign keys, link tables.

mod common;

use nextlink_sql::mapping::{Case, Link, Mapping, ModelOptions};

#[test]
fn outlines() {
    for odd in common::odd::ODD {
        let (mapping, notices) = common::model(&common::database(odd.script), &ModelOptions::default());
        let outline = common::outline(&mapping);
        assert_eq!(outline, odd.outline, "{}: the model is now\n{outline}", odd.name);
        assert_eq!(notices.len(), odd.notices.len(), "{}: {notices:#?}", odd.name);
        for (notice, expected) in notices.iter().zip(odd.notices) {
            assert!(notice.starts_with(expected), "{}: {notice}", odd.name);
        }
        check_links(odd.name, &mapping);
    }
}

#[test]
fn samples_are_consistent() {
    for name in common::SAMPLES {
        let Some(conn) = common::sample(name) else {
            continue;
        };
        for (case, plural_sets) in [(Case::AsIs, false), (Case::Lower, true), (Case::Camel, true)] {
            let options = ModelOptions { case, plural_sets, ..ModelOptions::default() };
            check_links(name, &common::model(&conn, &options).0);
        }
    }
}

/// What holds in every mapping: partners lead back, joins fit the constraints, names are unique.
fn check_links(name: &str, mapping: &Mapping) {
    let model = &mapping.model;
    assert_eq!(mapping.tables.len(), model.entity_sets.len(), "{name}");
    for (i, t) in model.entity_types.iter().enumerate() {
        assert_eq!(model.entity_sets[i].entity_type.0, i, "{name}: set {i}");
        assert_eq!(t.properties.len(), mapping.tables[i].columns.len(), "{name}: {}", t.name);
        assert_eq!(t.navigation.len(), mapping.tables[i].links.len(), "{name}: {}", t.name);
        let mut names: Vec<&str> = t.properties.iter().map(|p| p.name.as_str()).collect();
        names.extend(t.navigation.iter().map(|n| n.name.as_str()));
        names.sort_unstable();
        assert!(names.windows(2).all(|w| w[0] != w[1]), "{name}: {} has {names:?}", t.name);
        assert!(!t.key.is_empty() && t.key.iter().all(|&k| !t.properties[k].nullable), "{name}: {}", t.name);
        for (n, (navigation, link)) in t.navigation.iter().zip(&mapping.tables[i].links).enumerate() {
            let name = format!("{name}: {}.{}", t.name, navigation.name);
            let target = model.entity_type(navigation.target);
            let back = &target.navigation[navigation.partner.expect("a partner")];
            assert_eq!(back.partner, Some(n), "{name} is not its partner's partner");
            assert_eq!(back.target.0, i, "{name}: its partner leads elsewhere");
            match link {
                Link::Direct(pairs) => {
                    let constraints = &navigation.constraints;
                    assert!(
                        constraints.is_empty() || constraints == pairs,
                        "{name}: {pairs:?} {constraints:?}"
                    );
                }
                Link::Through(_) => {
                    assert!(navigation.collection && back.collection, "{name} is many-to-many");
                }
            }
        }
    }
}

/// A foreign key as text: joins, and whether they are told as referential constraints.
fn link(mapping: &Mapping, set: &str, navigation: &str) -> String {
    let id = mapping.model.find_set(set).expect("the set is there");
    let t = mapping.model.entity_type(mapping.model.entity_set(id).entity_type);
    let n = t.find_navigation(navigation).expect("the navigation property is there");
    let target = mapping.model.entity_type(t.navigation[n].target);
    let mut text = match &mapping.table(id).links[n] {
        Link::Direct(pairs) => {
            let pairs = pairs.iter();
            let pairs =
                pairs.map(|&(a, b)| format!("{}={}", t.properties[a].name, target.properties[b].name));
            pairs.collect::<Vec<_>>().join(",")
        }
        Link::Through(link) => {
            let near = link.near.iter().map(|(a, b)| format!("{}={b}", t.properties[*a].name));
            let far = link.far.iter().map(|(a, b)| format!("{a}={}", target.properties[*b].name));
            format!("{}: {}", link.table, near.chain(far).collect::<Vec<_>>().join(","))
        }
    };
    if !t.navigation[n].constraints.is_empty() {
        text += " told";
    }
    if let Some(action) = t.navigation[n].on_delete {
        text += &format!(" {action:?}");
    }
    text
}

/// Database, entity set, navigation property, and its link as text.
const JOINS: &[(&str, &str, &str, &str)] = &[
    // Of different types, so no constraint in the sense of CSDL.
    ("self-references", "employees", "manager", "manager_id=id"),
    ("self-references", "employees", "employees_by_manager", "id=manager_id"),
    // One type, and null on one side only where the navigation may be null.
    ("self-references", "node", "parent_node", "parent=id told"),
    ("self-references", "node", "root", "root_id=id told"),
    ("several to one table", "orders", "billing_address", "billing_address_id=id told"),
    ("several to one table", "addresses", "orders_by_billing_address", "id=billing_address_id Cascade"),
    ("several to one table", "addresses", "orders_by_shipping_address", "id=shipping_address_id SetNull"),
    ("several to one table", "addresses", "orders_by_origin", "id=origin None"),
    ("several to one table", "addresses", "orders_by_OtherAddress", "id=OtherAddress SetDefault"),
    // Null in one column of two makes the navigation nullable, and then both columns would have to be.
    ("composite", "cities", "regions", "country=country,region=code"),
    ("composite", "offices", "regions", "region=code,country=country told"),
    ("composite", "regions", "offices", "code=region,country=country"),
    ("composite", "routes", "tc_tr_region", "tc=country,tr=code told"),
    ("foreign keys that lead nowhere", "a", "p", "x6=code told"),
    ("one to one", "users", "profile", "id=user_id"),
    ("link tables", "people", "people_by_friend", "friends: id=person_id,friend_id=id"),
    ("link tables", "people", "people_by_person", "friends: id=friend_id,person_id=id"),
    ("link tables", "clubs", "people_via_members", "members: id=club_id,person_id=id"),
];

#[test]
fn joins() {
    for &(database, set, navigation, expected) in JOINS {
        let odd = common::odd::ODD.iter().find(|o| o.name == database).expect("it is in the list");
        let (mapping, _) = common::model(&common::database(odd.script), &ModelOptions::default());
        assert_eq!(link(&mapping, set, navigation), expected, "{database}: {set}/{navigation}");
    }
}

const SHOP: &str = "CREATE TABLE order_items (order_id INTEGER PRIMARY KEY, item_name TEXT);
    CREATE TABLE Categories (CategoryID INTEGER PRIMARY KEY, up INTEGER REFERENCES Categories);
    CREATE TABLE log (at DATETIME, line TEXT);
    CREATE VIEW totals AS SELECT order_id, count(*) AS n FROM order_items GROUP BY order_id;";

#[test]
fn options() {
    let strings = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<String>>();
    let base = ModelOptions::default;
    let plural = |case| ModelOptions { plural_sets: true, case, ..base() };
    let include = |p| ModelOptions { include: strings(&[p]), ..base() };
    let keys = |table: &str, columns: &[&str]| ModelOptions {
        keys: [(table.to_owned(), strings(columns))].into(),
        ..base()
    };
    let both = "Categories/Categories order_items/order_items";
    for (name, options, sets, notices) in [
        ("default", base(), both, 2),
        ("plural", plural(Case::AsIs), "Categories/Category order_items/order_item", 2),
        ("Pascal", plural(Case::Pascal), "Categories/Category OrderItems/OrderItem", 2),
        ("upper", plural(Case::Upper), "CATEGORIES/CATEGORY ORDER_ITEMS/ORDER_ITEM", 2),
        ("include", include("ORDER*"), "order_items/order_items", 0),
        (
            "exclude",
            ModelOptions { exclude: strings(&["cat*", "log"]), ..base() },
            "order_items/order_items",
            1,
        ),
        ("nothing matches", include("x*"), "", 1),
        ("view", keys("totals", &["ORDER_ID"]), &[both, " totals/totals"].concat(), 1),
        ("table", keys("LOG", &["at", "line"]), "Categories/Categories log/log order_items/order_items", 1),
        ("no such column", keys("log", &["nothing"]), both, 3),
        ("twice", keys("log", &["at", "AT"]), both, 3),
        ("no column", keys("log", &[]), both, 3),
        ("no such table", keys("logs", &["at"]), both, 3),
    ] {
        let (mapping, said) = common::model(&common::database(SHOP), &options);
        let model = &mapping.model;
        let sets_found = model.entity_sets.iter();
        let found = sets_found.map(|s| format!("{}/{}", s.name, model.entity_type(s.entity_type).name));
        assert_eq!(found.collect::<Vec<_>>().join(" "), sets, "{name}");
        assert_eq!(said.len(), notices, "{name}: {said:#?}");
        check_links(name, &mapping);
    }
}

#[test]
fn keys_that_may_be_null() {
    for (table, expected) in [
        ("t (id INTEGER PRIMARY KEY)", false),
        ("t (id INTEGER PRIMARY KEY DESC)", true),
        ("t (id TEXT PRIMARY KEY)", true),
        ("t (id TEXT PRIMARY KEY NOT NULL)", false),
        ("t (id TEXT PRIMARY KEY) WITHOUT ROWID", false),
        ("t (id TEXT PRIMARY KEY) STRICT", false),
        ("t (id TEXT NOT NULL UNIQUE)", false),
        ("t (a INT NOT NULL DEFAULT 1, b INT, PRIMARY KEY (a, b))", true),
    ] {
        let conn = common::database(&format!("CREATE TABLE {table};"));
        // What is said about null is checked against SQLite itself.
        let inserted = conn.execute("INSERT INTO t DEFAULT VALUES", []);
        let (mapping, _) = common::model(&conn, &ModelOptions::default());
        assert_eq!(mapping.tables[0].null_key, expected, "{table}");
        let t = &mapping.model.entity_types[0];
        let last = &mapping.tables[0].columns[*t.key.last().expect("a key")].column;
        let sql = format!("SELECT count(*) FROM t WHERE {last} IS NULL");
        let nulls: i64 = conn.query_row(&sql, [], |row| row.get(0)).expect("a count");
        assert_eq!(nulls > 0, expected, "{table}: {inserted:?}");
    }
}
