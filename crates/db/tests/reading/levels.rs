//! Expanded collections over batches of parents, and the next links inside of them (Part 1 section 11.2.6.7).

use serde_json::{Value, json};

use crate::data::PEOPLE;
use crate::world::{Ask, World};

/// Parents, children and grandchildren: parent `p` has `children(p)` children, child `c` of it `grandchildren(p, c)`.
fn family(parents: i64) -> (World, Vec<Value>) {
    let mut script = String::from(
        "CREATE TABLE Parent (Id INTEGER PRIMARY KEY, Name TEXT);
         CREATE TABLE Child (ParentId INTEGER NOT NULL REFERENCES Parent, No INTEGER NOT NULL, W INT,
            PRIMARY KEY (ParentId, No));
         CREATE TABLE Grand (Id INTEGER PRIMARY KEY, ParentId INTEGER, No INTEGER,
            FOREIGN KEY (ParentId, No) REFERENCES Child (ParentId, No));
",
    );
    let mut expected = Vec::new();
    let mut grand = 0;
    for p in 0..parents {
        script += &format!("INSERT INTO Parent VALUES ({p}, 'p{p}');");
        let mut kids = Vec::new();
        for c in 0..children(p) {
            script += &format!("INSERT INTO Child VALUES ({p}, {c}, {});", weight(p, c));
            let mut grands = Vec::new();
            for _ in 0..grandchildren(p, c) {
                grand += 1;
                script += &format!("INSERT INTO Grand VALUES ({grand}, {p}, {c});");
                grands.push(json!({ "Id": grand }));
            }
            kids.push(json!({ "No": c, "Grand": grands }));
        }
        expected.push(json!({ "Id": p, "Child": kids }));
    }
    (World::new(&script), expected)
}

fn children(p: i64) -> i64 {
    match p {
        // More children than one statement takes parents.
        7 => 300,
        127..=129 => 2,
        _ => p % 4,
    }
}

fn grandchildren(p: i64, c: i64) -> i64 {
    (p + c) % 3
}

fn weight(p: i64, c: i64) -> i64 {
    (p * 7 + c * 3) % 5
}

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(&format!("[{text}]")).expect("rows")
}

#[test]
fn children_and_grandchildren_over_many_batches() {
    let (world, expected) = family(400);
    let found = rows(&world.ask("Parent?$select=Id&$expand=Child($select=No;$expand=Grand($select=Id))"));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
}

/// The least `batch_bytes` with which a URL is answered.
fn least_batch_bytes(world: &World, url: &str) -> usize {
    let fits = |bytes: usize| {
        let mut ask = Ask::default();
        ask.limits.batch_bytes = bytes;
        world.ask_with(url, &ask).is_ok()
    };
    let (mut less, mut enough) = (0_usize, 1 << 20);
    while enough - less > 1 {
        let middle = less.midpoint(enough);
        if fits(middle) { enough = middle } else { less = middle }
    }
    enough
}

/// A batch that is too large is read in parts: what the largest parent alone needs is enough for all.
#[test]
fn memory_for_one_parent_is_enough_for_all() {
    let (world, expected) = family(400);
    for options in [
        "Child($select=No;$expand=Grand($select=Id))",
        "Child($select=No;$count=true;$expand=Grand($select=Id))",
    ] {
        let url = format!("Parent?$select=Id&$expand={options}");
        let least = least_batch_bytes(&world, &format!("Parent(7)?$select=Id&$expand={options}"));
        assert!(least > 1_000, "{options}: {least}");
        assert_eq!(least_batch_bytes(&world, &url), least, "{options}");
        let mut ask = Ask::default();
        ask.limits.batch_bytes = least;
        let answer = world.ask_with(&url, &ask).unwrap_or_else(|e| panic!("{options}: {e}"));
        let mut found = rows(&answer.rows());
        for (p, parent) in found.iter_mut().enumerate() {
            let count = parent.as_object_mut().and_then(|parent| parent.remove("Child@odata.count"));
            assert_eq!(
                count,
                options.contains("$count").then(|| json!(children(p as i64))),
                "{options}: {p}"
            );
        }
        assert_eq!(found, expected, "{options}");
    }
}

#[test]
fn nested_options_over_many_batches() {
    let (world, _) = family(400);
    let url = "Parent?$select=Id&$expand=Child($select=No,W;$filter=W ge 1;$orderby=W desc;$skip=1;$top=2;$count=true)";
    let found = rows(&world.ask(url));
    assert_eq!(found.len(), 400);
    for (p, found) in found.iter().enumerate() {
        let p = p as i64;
        let mut all: Vec<(i64, i64)> =
            (0..children(p)).map(|c| (-weight(p, c), c)).filter(|(w, _)| *w <= -1).collect();
        all.sort_unstable();
        let kept: Vec<Value> = all.iter().skip(1).take(2).map(|(w, c)| json!({ "No": c, "W": -w })).collect();
        assert_eq!(*found, json!({ "Id": p, "Child@odata.count": all.len(), "Child": kept }), "{p}");
    }
    let counts = rows(&world.ask("Parent?$select=Id&$expand=Child/$count($filter=W eq 0)"));
    for (p, found) in counts.iter().enumerate() {
        let p = p as i64;
        let count = (0..children(p)).filter(|c| weight(p, *c) == 0).count();
        assert_eq!(*found, json!({ "Id": p, "Child@odata.count": count }), "{p}");
    }
}

/// Follows the next links of nested collections until each is complete.
fn complete(world: &World, ask: &Ask, value: &mut Value) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(|item| complete(world, ask, item));
    }
    let Value::Object(members) = value else {
        return;
    };
    let links: Vec<String> = members.keys().filter(|k| k.ends_with("@odata.nextLink")).cloned().collect();
    for name in links {
        let Some(Value::String(link)) = members.remove(&name) else {
            panic!("{name} is no text");
        };
        // The resource has pages of its own, so one answer has all that is left.
        let answer = world.ask_with(&link, ask).unwrap_or_else(|e| panic!("{link}: {e}"));
        let collection = name.strip_suffix("@odata.nextLink").expect("a name");
        let more = rows(&answer.rows());
        assert!(!more.is_empty(), "{link} leads to nothing");
        members[collection].as_array_mut().expect("a collection").extend(more);
    }
    members.values_mut().for_each(|member| complete(world, ask, member));
}

#[test]
fn next_links_of_nested_collections_continue_them() {
    let (world, _) = family(20);
    let people = World::new(PEOPLE);
    let mut staff =
        String::from("CREATE TABLE Staff (Id INTEGER PRIMARY KEY, Boss INTEGER REFERENCES Staff);");
    for id in 1..=120 {
        staff += &format!(
            "INSERT INTO Staff VALUES ({id}, {});",
            if id == 1 { "NULL".into() } else { (id / 3).max(1).to_string() }
        );
    }
    let staff = World::new(&staff);
    let urls: &[(&World, &str)] = &[
        (&world, "Parent?$expand=Child"),
        (&world, "Parent?$expand=Child($expand=Grand)"),
        (&world, "Parent?$expand=Child($filter=W gt 1;$orderby=W desc,No desc;$select=No)"),
        (
            &world,
            "Parent?$expand=Child($filter=W eq @w or No lt @n;$expand=Grand($orderby=Id desc))&@w=2&@n=250",
        ),
        (&world, "Parent?$expand=Child($skip=2;$top=7;$expand=Grand)"),
        (&world, "Parent?$expand=Child($top=1)"),
        (&world, "Parent?$expand=Child/$ref"),
        (&world, "Parent?$expand=Child/$ref($skip=1)"),
        (&world, "Parent(7)?$select=Name&$expand=Child($select=W;$count=true)"),
        (&world, "Child?$expand=Parent($expand=Child($select=No)),Grand"),
        (
            &people,
            "Team?$expand=Person($filter=contains(Name,'a') or Name eq '%26''%2B;)(' or true;$expand=Line,Skill)",
        ),
        (&people, "Person?$select=Skill&$expand=Skill,Line,Team"),
        (&people, "Skill?$expand=Person($expand=Skill)"),
        (&people, "Person?$expand=*"),
        (&staff, "Staff?$expand=StaffByBoss($levels=4)"),
        (&staff, "Staff(1)?$expand=StaffByBoss($levels=max;$orderby=Id desc;$top=5;$select=Id)"),
        (&staff, "Staff?$expand=StaffByBoss($levels=3;$expand=StaffByBoss($select=Id))"),
        (&staff, "Staff?$expand=StaffByBoss($levels=3;$expand=BossStaff;$skip=1)"),
        (&staff, "Staff?$expand=BossStaff($levels=3;$expand=StaffByBoss($select=Id))"),
    ];
    for (world, url) in urls {
        let whole = rows(&world.ask(url));
        for page in [1, 2, 3, 5] {
            let mut ask = Ask::default();
            ask.limits.rows = page;
            let answer = world.ask_with(url, &ask).unwrap_or_else(|e| panic!("{url}: {e}"));
            let mut found = Value::Array(rows(&answer.rows()));
            complete(world, &ask, &mut found);
            assert_eq!(found.as_array(), Some(&whole), "{url} by {page}");
        }
    }
}

#[test]
fn rows_of_entities_without_a_key_are_not_there() {
    let world = World::new(PEOPLE);
    for (url, expected) in [
        ("Loose?$select=V", r#"{"V":"ok"},{"V":"ok"}"#),
        ("Loose/$count", "2"),
        ("Team('red')/Loose?$select=V", r#"{"V":"ok"}"#),
        ("Team('red')/Loose/$count", "1"),
        (
            "Team('red')?$select=Code&$expand=Loose($select=V;$count=true)",
            r#"{"Code":"red","Loose@odata.count":1,"Loose":[{"V":"ok"}]}"#,
        ),
        ("Team?$filter=Loose/$count gt 1&$select=Code", ""),
        ("Team?$filter=Loose/any(l:startswith(l/V,'no'))&$select=Code", ""),
        ("LooseNote?$filter=Loose ne null&$select=Id", r#"{"Id":1}"#),
        ("LooseNote?$filter=Loose eq null&$select=Id", r#"{"Id":2},{"Id":3},{"Id":4}"#),
        ("LooseNote(2)/Loose", ""),
    ] {
        assert_eq!(world.ask(url), expected, "{url}");
    }
}

#[test]
fn paths() {
    let world = World::new(PEOPLE);
    for (url, expected, parent) in [
        ("Team('red')/Person?$select=Name", r#"{"Name":"Ada"},{"Name":"Bob"}"#, None),
        ("Team('o''hara%2F1%20%25')/Person(3)/Name", r#""Cyd""#, None),
        ("Team('red')/Person(3)/Name", "", Some(true)),
        ("Team('none')/Person", "", Some(false)),
        ("Team('empty')/Person", "", Some(true)),
        ("Person(4)/Team", "", Some(true)),
        ("Person(9)/Team", "", Some(false)),
        ("Person(5)/Boss/Boss/Boss/Name", r#""Ada""#, None),
        ("Person(5)/Boss/Boss/Boss/Boss", "", Some(true)),
        ("Person(1)/Skill?$select=Label", r#"{"Label":"sql"},{"Label":"rust"}"#, None),
        ("Person(1)/Skill(2)/Person(2)/Line(PersonId=2,No=1)/Amount", "7", None),
        ("Person(1)/Skill(2)/Person/$count", "2", None),
        ("Person(9)/Line/$count", "0", Some(false)),
        ("Person(5)/Line/$count", "0", Some(true)),
        ("Person(1)/Line?$filter=Amount gt 1&$select=No", r#"{"No":1}"#, None),
        ("Line(No=3,PersonId=1)/Person/Team/Title/$value", r#""The Reds""#, None),
        ("Person?$filter=Team/Title eq null&$select=Id", r#"{"Id":3},{"Id":4},{"Id":5}"#, None),
        ("Person?$filter=Team eq null&$select=Id", r#"{"Id":4},{"Id":5}"#, None),
        ("Person?$filter=$it/Boss/Boss ne null&$select=Id", r#"{"Id":4},{"Id":5}"#, None),
        ("Person?$filter=Skill/any(s:s/Label eq 'rust')&$select=Id", r#"{"Id":1},{"Id":2}"#, None),
        (
            "Person?$filter=Line/all(l:l/Amount gt 1)&$select=Id",
            r#"{"Id":2},{"Id":3},{"Id":4},{"Id":5}"#,
            None,
        ),
        ("Person?$filter=Line/any()&$select=Id", r#"{"Id":1},{"Id":2},{"Id":4}"#, None),
        ("Person?$filter=not Line/any()&$select=Id", r#"{"Id":3},{"Id":5}"#, None),
        ("Person?$filter=Skill/any(s:s/Person/any(p:p/Id ne Id))&$select=Id", r#"{"Id":1},{"Id":2}"#, None),
        ("Person?$filter=Skill/any(s:s/Person/any(s:s/Id eq 4))&$select=Id", r#"{"Id":4}"#, None),
        ("Person?$filter=Boss/Line/$count eq 3&$select=Id", r#"{"Id":2},{"Id":3}"#, None),
        ("Person?$filter=Line/$count($filter=Amount gt 1) eq 1&$select=Id", r#"{"Id":1},{"Id":2}"#, None),
        (
            "Person?$orderby=Line/$count desc,Name desc&$select=Id",
            r#"{"Id":1},{"Id":4},{"Id":2},{"Id":5},{"Id":3}"#,
            None,
        ),
        ("Person?$orderby=Team/Title&$select=Id", r#"{"Id":3},{"Id":4},{"Id":5},{"Id":1},{"Id":2}"#, None),
        ("Person?$search=da OR eve&$select=Id", r#"{"Id":1},{"Id":4},{"Id":5}"#, None),
        ("Person?$search=ace NOT bob&$select=Id", r#"{"Id":1}"#, None),
        ("Person?$search=\"o'hara/1 %25\"&$select=Id", r#"{"Id":3}"#, None),
        ("Person?$top=2&$skip=1&$select=Id", r#"{"Id":2},{"Id":3}"#, None),
        ("Person?$top=0", "", None),
        ("Person?$skip=99", "", None),
        ("Person?$top=18446744073709551615&$skip=18446744073709551615", "", None),
        ("Person?$skip=4&$select=Id", r#"{"Id":5}"#, None),
        (
            "Person(1)?$select=Id&$expand=Line($top=18446744073709551615;$skip=2;$select=No)",
            r#"{"Id":1,"Line":[{"No":3}]}"#,
            None,
        ),
        ("Person(1)?$select=Id&$expand=Line($skip=18446744073709551615)", r#"{"Id":1,"Line":[]}"#, None),
        (
            "Person(1)?$select=Id&$expand=Line($top=0;$count=true)",
            r#"{"Id":1,"Line@odata.count":3,"Line":[]}"#,
            None,
        ),
        ("Person(1)?$select=Line", "{}", None),
        ("Person?$select=Line&$top=2", "{},{}", None),
        ("Person(1)?$select=Line&$expand=Line($select=Person)", r#"{"Line":[{},{},{}]}"#, None),
        (
            "Person(3)?$select=Line&$expand=Line,Skill,Team($select=Code),Boss($select=Line;$expand=Line($select=No;$top=1))",
            r#"{"Team":{"Code":"o'hara/1 %"},"Boss":{"Line":[{"No":1}]},"Line":[],"Skill":[]}"#,
            None,
        ),
    ] {
        let answer = world.ask_with(url, &Ask::default()).unwrap_or_else(|e| panic!("{url}: {e}"));
        assert_eq!(answer.rows(), expected, "{url}");
        if parent.is_some() || expected.is_empty() {
            assert_eq!(answer.outcome.parent, parent, "{url}");
        }
    }
}
