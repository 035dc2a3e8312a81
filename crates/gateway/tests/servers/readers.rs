//! Parts of the model that only some logins see: to all others they do not exist, by whatever way they are asked for.

use nextlink_testkit::http::{self, Answer};
use nextlink_testkit::node::Node;
use nextlink_testkit::server::PrivateServer;
use nextlink_testkit::wait::until;
use nextlink_testkit::{mariadb, postgres};

use super::{PASSWORD, ask, bare, configured, is_postgres, refused, told, user};

const TABLES: &str = "
CREATE TABLE departments (id int PRIMARY KEY, name varchar(20) NOT NULL);
CREATE TABLE staff (id int PRIMARY KEY, name varchar(20) NOT NULL, wage int, grade varchar(20), street varchar(20),
    town varchar(20), scan BYTES, kind varchar(9), bonus int, department int, changed bigint NOT NULL,
    note varchar(20),
    FOREIGN KEY (department) REFERENCES departments (id));
CREATE TABLE reviews (id int PRIMARY KEY, staff int NOT NULL, words varchar(40), FOREIGN KEY (staff) REFERENCES staff (id));
CREATE TABLE staff_departments (staff int, department int, PRIMARY KEY (staff, department),
    FOREIGN KEY (staff) REFERENCES staff (id), FOREIGN KEY (department) REFERENCES departments (id));
INSERT INTO departments VALUES (1, 'Sales'), (2, 'Stores');
INSERT INTO staff VALUES (1, 'Ann', 70, 'zircon', 'Elm', 'Ulm', NULL, 'm', 9, 1, 1, 'calm'), (2, 'Bo', 50, 'quartz', 'Oak', 'Bonn', NULL, 'e', NULL, 1, 2, 'loud'),
    (3, 'Cy', 40, 'quartz', 'Ash', 'Ulm', NULL, 'e', NULL, 2, 3, 'calm'), (4, 'Di', 900, 'zircon', 'Yew', 'Ulm', NULL, 'e', NULL, 2, 4, NULL);
INSERT INTO reviews VALUES (1, 1, 'good'), (2, 2, 'zebra'), (3, 3, 'fair');
INSERT INTO staff_departments VALUES (1, 1), (1, 2), (2, 1);
";

/// `hr` sees everything, carol the reviews, others neither.
const MODEL: &str = "
namespace: Firm
groups: {hr: [anna], talk: [anna, carol]}
entities:
  Departments:
    table: departments
    type: Department
    properties: {Id: id, Name: name}
    rows: staff/any(s:s/Wage eq 50)
    navigation: {Many: {target: Staff, through: staff_departments, partner: Departments}}
  Staff:
    table: staff
    type: Person
    properties:
      Id: id
      Name: name
      Wage: {column: wage, readers: [hr]}
      Grade: {column: grade, type: Grade, readers: [hr]}
      Home: {type: Address, columns: {Street: street, Town: town}, readers: [hr]}
      Scan: {column: scan, type: Edm.Stream, readers: [hr]}
      Note: {column: note, readers: [hr]}
      Changed: changed
    changes: {column: changed}
    etag: [changed, wage]
    rows: Wage lt 100
    derived: {Manager: {when: {kind: m}, properties: {Bonus: {column: bonus, readers: [hr]}}}}
    navigation:
      Reviews: {target: Reviews, on: {Id: StaffId}, partner: Of}
      Departments: {target: Departments, through: staff_departments, partner: Many}
    annotations:
      '@Core.LongDescription': Who gets a Wage
      '@Core.LongDescription#b': Who works here
      '@Core.LongDescription#Wage': Who asks
  Reviews:
    table: reviews
    type: Review
    readers: [talk]
    properties: {Id: id, StaffId: staff, Verdict: words}
    navigation: {Of: {target: Staff, on: {StaffId: Id}, partner: Reviews}}
  Placements:
    table: staff_departments
    type: Placement
    readers: [hr]
singletons:
  Chief: {of: Staff, row: {Id: 1}, readers: [hr]}
  Payer: {of: Staff, row: {Wage: 50}}
functions:
  Rich: {sql: SELECT id FROM staff WHERE wage > 45, returns: Staff, readers: [hr]}
  Sum: {sql: 'SELECT count(*) FROM staff', type: Edm.Int64, readers: [anna]}
  Spoken: {bound: Staff, sql: 'SELECT id FROM reviews WHERE staff = :Id', parameters: {Id: Edm.Int32}, returns: Reviews}
enumerations: {Grade: {members: {High: zircon, Low: quartz}}}
";

/// What must not be seen. `NAME` stands for a name that is there for others, and for one that is nowhere.
const HIDDEN: &[(&str, &str)] = &[
    ("Wage", "Staff?$filter=NAME gt 1"),
    ("Wage", "Staff?$orderby=NAME"),
    ("Wage", "Staff?$select=NAME"),
    ("Wage", "Staff?$select=Id,NAME"),
    ("Wage", "Staff?$compute=NAME add 1 as W&$select=W"),
    ("Wage", "Staff?$apply=groupby((NAME))"),
    ("Wage", "Staff?$apply=aggregate(NAME with sum as W)"),
    ("Wage", "Staff?$apply=filter(NAME gt 1)/aggregate($count as C)"),
    ("Wage", "Staff?$apply=topcount(1,NAME)"),
    ("Wage", "Staff(1)/NAME"),
    ("Wage", "Staff(1)/NAME/$value"),
    ("Wage", "Staff(1)?$select=NAME"),
    ("Wage", "Staff(NAME=1)"),
    ("Wage", "Staff/$filter(NAME gt 1)"),
    ("Wage", "Staff?$filter=$it/NAME gt 1"),
    ("Wage", "Staff?$filter=$root/Staff(1)/NAME gt 1"),
    ("Wage", "Staff?$filter=cast(NAME,Edm.String) eq '1'"),
    ("Wage", "Staff?$filter=Id in $root/Staff/NAME"),
    ("Wage", "Departments?$expand=Staff($select=NAME)"),
    ("Wage", "Departments?$expand=Staff($filter=NAME gt 1)"),
    ("Wage", "Departments?$expand=Staff($orderby=NAME)"),
    ("Wage", "Departments?$filter=Staff/any(s:s/NAME gt 1)"),
    ("Wage", "Departments?$orderby=Staff/$count($filter=NAME gt 1)"),
    ("Wage", "Departments?$apply=aggregate(Staff/NAME with sum as W)"),
    ("Wage", "$crossjoin(Staff,Departments)?$filter=Staff/NAME gt 1"),
    ("Wage", "$all/Firm.Person?$filter=NAME gt 1"),
    ("Wage", "Staff?$filter=@a gt 1&@a=NAME"),
    ("Wage", "Staff?$expand=NAME"),
    ("Wage", "Staff?$deltatoken=x&$filter=NAME gt 1"),
    ("Grade", "Staff?$filter=NAME eq 'High'"),
    ("Grade", "Staff?$filter=Name eq Firm.NAME'High'"),
    ("Grade", "Staff?$filter=isof(Name,Firm.NAME)"),
    ("Home", "Staff?$filter=NAME/Town eq 'Ulm'"),
    ("Home", "Staff?$select=NAME/Town"),
    ("Home", "Staff(1)/NAME/Town"),
    ("Home", "Staff(1)/NAME"),
    ("Address", "Staff?$filter=isof(Name,Firm.NAME)"),
    ("Scan", "Staff(1)/NAME"),
    ("Scan", "Staff(1)/NAME/$value"),
    ("Scan", "Staff?$select=NAME"),
    ("Bonus", "Staff/Firm.Manager?$filter=NAME gt 1"),
    ("Bonus", "Staff?$filter=Firm.Manager/NAME gt 1"),
    ("Bonus", "Staff(1)/Firm.Manager/NAME"),
    ("Chief", "NAME"),
    ("Chief", "NAME/Name"),
    ("Chief", "Staff?$filter=$root/NAME/Id eq 1"),
    ("Payer", "NAME"),
    ("Rich", "NAME()"),
    ("Rich", "NAME"),
    ("Rich", "Staff?$filter=Firm.NAME()/any()"),
    ("Sum", "NAME()"),
    ("Sum", "Staff?$filter=Id eq Firm.NAME()"),
    ("Placements", "NAME"),
    ("Placements", "$crossjoin(Staff,NAME)"),
    ("Placement", "$all/Firm.NAME"),
    ("Placements", "$entity?$id=NAME(StaffId=1,DepartmentId=1)"),
    ("Placements", "Staff(1)/NAME"),
    ("Departments", "Staff?$expand=NAME"),
    ("Departments", "Staff(1)/NAME"),
    ("Many", "Departments?$expand=NAME"),
    ("Many", "Departments?$filter=NAME/any()"),
];

/// The same, of what carol sees, too.
const TALK: &[(&str, &str)] = &[
    ("Reviews", "NAME"),
    ("Reviews", "NAME(1)"),
    ("Reviews", "NAME/$count"),
    ("Reviews", "NAME(1)/$ref"),
    ("Reviews", "Staff?$expand=NAME"),
    ("Reviews", "Staff?$expand=NAME/$ref"),
    ("Reviews", "Staff?$expand=NAME($levels=2)"),
    ("Reviews", "Staff?$filter=NAME/any()"),
    ("Reviews", "Staff?$filter=NAME/$count gt 1"),
    ("Reviews", "Staff?$orderby=NAME/$count"),
    ("Reviews", "Staff?$apply=aggregate(NAME/$count as C)"),
    ("Reviews", "Staff?$apply=join(NAME as R)"),
    ("Reviews", "Staff?$select=NAME"),
    ("Reviews", "Staff(1)/NAME"),
    ("Reviews", "Staff(1)/NAME/$count"),
    ("Reviews", "Staff(1)/NAME/$ref"),
    ("Reviews", "Staff/$each/NAME"),
    ("Reviews", "Departments?$expand=Staff($expand=NAME)"),
    ("Reviews", "Staff?$filter=Id in $root/NAME/Id"),
    ("Reviews", "Staff?$filter=$root/NAME(1)/Id eq 1"),
    ("Reviews", "$crossjoin(NAME,Staff)"),
    ("Reviews", "$entity?$id=NAME(1)"),
    ("Review", "$all/Firm.NAME"),
    ("Review", "Staff/Firm.NAME"),
    ("Review", "Staff?$filter=isof(Firm.NAME)"),
    ("Spoken", "Staff(1)/Firm.NAME()"),
    ("Spoken", "Staff?$filter=Firm.NAME()/any()"),
];

type Headers = Vec<(&'static str, &'static str)>;

fn login(user: &'static str) -> Headers {
    vec![("ddcloud-datasource-user", user), ("ddcloud-datasource-password", PASSWORD)]
}

/// A node that serves the tables, with a model file.
fn world(server: &PrivateServer, model: &str) -> (Node, std::path::PathBuf) {
    let database = server.database("firm");
    let bytes = if is_postgres(&database) { "bytea" } else { "longblob" };
    database.run(&TABLES.replace("BYTES", bytes));
    for name in ["cataloguer", "anna", "carol", "dave"] {
        user(&database, name, PASSWORD, &["departments", "staff", "reviews", "staff_departments"]);
    }
    let launch = configured("");
    let [file, config] = ["firm.yaml", "nextlink.toml"].map(|name| launch.data_dir().join(name));
    let settings = format!(
        "[sources.s]\nurl = \"{}\"\nuser = \"cataloguer\"\npassword = {PASSWORD:?}\nclient_login = \"allowed\"\n\
         model = {file:?}\nrefresh_seconds = 1\n",
        bare(&database)
    );
    for (path, text) in [(&file, model), (&config, &settings)] {
        std::fs::write(path, text).expect("the file can be written");
    }
    (launch.start(), file)
}

/// Status and text without what tells names apart: themselves, and names like them, which can only be those that are seen.
fn shown(answer: &Answer, name: &str) -> (u16, String) {
    let text = answer.text();
    let shown = match text.split_once(" Did you mean ").map(|(head, rest)| (head, rest.split_once('?'))) {
        Some((head, Some((_, rest)))) => [head, rest].concat(),
        _ => text,
    };
    (answer.status, shown.replace(name, "NAME"))
}

fn hidden(node: &Node, headers: &[(&str, &str)], rows: &[(&str, &str)], wrong: &mut Vec<String>) {
    let headers = &[headers, &[("Trace-ID", "t")]].concat();
    for (name, url) in rows {
        // As long, and unlike all that there is.
        let other = "Xqxqxqxqxqxqxq".get(..name.len()).expect("a name");
        for url in [
            (*url).to_owned(),
            format!("{url}{}$format=application/foo", if url.contains('?') { "&" } else { "?" }),
        ] {
            let of = |name: &str| shown(&ask(node, &url.replace("NAME", name), headers), name);
            let (found, expected) = (of(name), of(other));
            if found != expected || found.0 < 400 && !url.contains("$deltatoken") {
                wrong.push(format!("{url} {name} {headers:?}: {found:?}, not {expected:?}"));
            }
        }
    }
}

/// Names that stand in all documents of somebody.
fn documents(node: &Node, headers: &[(&str, &str)]) -> String {
    let urls = [
        "",
        "$metadata",
        "$metadata?$format=json",
        "$openapi",
        "$all",
        "Staff?$expand=*&$select=*",
        "Staff",
        "Departments?$expand=*",
    ];
    let answers =
        urls.map(|url| ask(node, url, &[headers, &[("Accept", "*/*;odata.metadata=full")]].concat()));
    answers.map(|answer| answer.text()).join("\n")
}

fn readers(server: &PrivateServer) {
    let (node, file) = world(server, MODEL);
    let [anna, carol, dave] = ["anna", "carol", "dave"].map(login);
    // One behind the other, so that whatever is kept of one meets the other.
    let mut wrong = Vec::new();
    for _ in 0..2 {
        for (name, url) in HIDDEN.iter().chain(TALK) {
            let answer = ask(&node, &url.replace("NAME", name), &anna);
            if answer.status >= 500 && answer.status != 501 {
                wrong.push(format!("{url} {name}: {} {}", answer.status, answer.text()));
            }
        }
        hidden(&node, &carol, HIDDEN, &mut wrong);
        for headers in [&dave[..], &[]] {
            hidden(&node, headers, HIDDEN, &mut wrong);
            hidden(&node, headers, TALK, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let secret = [
        "Wage",
        "Grade",
        "Home",
        "Address",
        "Town",
        "Scan",
        "Bonus",
        "Chief",
        "Payer",
        "Rich",
        "Sum",
        "Placement",
        "Many",
        "zircon",
        "High",
    ];
    let talk = ["Review", "Verdict", "Spoken", "Of\"", "zebra"];
    for (headers, sees) in
        [(&anna[..], [true, true]), (&carol, [false, true]), (&dave, [false, false]), (&[], [false, false])]
    {
        let all = documents(&node, headers);
        for (names, seen) in [(&secret[..13], sees[0]), (&talk[..3], sees[1])] {
            let found: Vec<&str> = names.iter().copied().filter(|name| all.contains(name) != seen).collect();
            assert!(found.is_empty(), "{headers:?}: {found:?} in {all}");
        }
        let told = all.contains("Who works here");
        assert!(told, "{headers:?}");
    }
    searched(&node);
    links(&node);
    refreshed(&node, &file);
}

/// What is not seen is not searched.
fn searched(node: &Node) {
    for (word, headers, count) in [
        ("calm", login("anna"), "2"),
        ("calm", login("carol"), "0"),
        ("Ann", login("carol"), "1"),
        ("Ulm", login("dave"), "0"),
    ] {
        let answer = ask(node, &format!("Staff/$count?$search={word}"), &headers);
        assert_eq!((answer.status, answer.text().as_str()), (200, count), "{word} {headers:?}");
    }
    for (headers, rows) in [(login("anna"), "3"), (login("dave"), "3"), (Vec::new(), "3")] {
        assert_eq!(
            ask(node, "Staff/$count", &headers).text(),
            rows,
            "conditions hold of what is not seen: {headers:?}"
        );
    }
}

/// Links, and whatever is stored, belong to who asked.
fn links(node: &Node) {
    let [anna, carol, dave] = ["anna", "carol", "dave"].map(login);
    let pages = ("Prefer", "maxpagesize=1");
    let tracks = ("Prefer", "odata.track-changes");
    let link = |headers: &Headers, more: (&'static str, &'static str), url: &str, name: &str| {
        let answer = ask(node, url, &[&headers[..], &[more]].concat());
        answer.json()[name].as_str().unwrap_or_else(|| panic!("{url}: {}", answer.text())).to_owned()
    };
    let next = link(&anna, pages, "Staff?$select=Id,Wage", "@odata.nextLink");
    let delta = link(&anna, tracks, "Staff?$select=Id,Wage", "@odata.deltaLink");
    let own = link(&dave, tracks, "Staff", "@odata.deltaLink");
    for (url, headers, expected) in [
        (&next, &anna, refused(200, "")),
        (&next, &carol, refused(400, "BadSkipToken")),
        (&delta, &anna, refused(200, "")),
        (&own, &dave, refused(200, "")),
    ] {
        assert_eq!(told(&http::get(url, headers)), expected, "{url} {headers:?}");
    }
    for headers in [&carol, &dave] {
        assert_eq!(http::get(&delta, headers).status, 400, "{headers:?}");
    }
    let later = ask(node, "Staff?$select=Id,Wage", &[&anna[..], &[("Prefer", "respond-async")]].concat());
    let monitor = later.header("location").expect("a location").to_owned();
    until("an answer", || http::get(&monitor, &anna).status == 200);
    assert!(http::get(&monitor, &carol).status >= 400);
    batches(node, &[(&anna, [200, 200, 200]), (&carol, [404, 200, 424]), (&dave, [404, 404, 424])]);
    // A name is believed only where the password is right.
    let wrong = [("ddcloud-datasource-user", "anna"), ("ddcloud-datasource-password", "x")];
    for url in [
        "$metadata",
        "",
        "$openapi",
        "Staff?$filter=Wage gt 'x'",
        "Staff/Xq",
        "Staff(1)/Wage?$format=application/foo",
        "Reviews?$format=application/foo",
    ] {
        assert_eq!(told(&ask(node, url, &wrong)), refused(403, "SourceLoginRefused"), "{url}");
    }
    // Nor is what is answered later accepted before.
    let later = ask(node, "Staff?$select=Wage", &[&wrong[..], &[("Prefer", "respond-async")]].concat());
    assert_eq!(told(&later), refused(403, "SourceLoginRefused"));
}

/// Each part of a batch is read by who sends it.
fn batches(node: &Node, rows: &[(&Headers, [u16; 3])]) {
    for (login, expected) in rows {
        let urls = ["Staff(2)/Wage", "Reviews(2)", "Staff?$filter=Wage%20eq%20$0&$select=Id"];
        let requests = urls.iter().enumerate().map(
            |(id, url)| serde_json::json!({ "id": id.to_string(), "method": "get", "url": url, "dependsOn": [] }),
        );
        let body = serde_json::json!({ "requests": requests.collect::<Vec<_>>() }).to_string();
        let headers =
            [&login[..], &[("Content-Type", "application/json"), ("Prefer", "continue-on-error")]].concat();
        let answer =
            http::send("POST", &format!("{}$batch", node.service("s")), &headers, Some(body.as_bytes()));
        let document = answer.expect("an answer").json();
        let statuses: Vec<_> =
            document["responses"].as_array().expect("answers").iter().map(|r| &r["status"]).collect();
        assert_eq!(statuses, expected, "{login:?}: {document}");
    }
}

/// What the file says later holds then, and documents have ETags of their own.
fn refreshed(node: &Node, file: &std::path::Path) {
    for headers in [&login("anna")[..], &[]] {
        let answer = ask(node, "Staff", headers);
        let vary = answer.header("vary").expect("it varies");
        assert!(vary.contains("Accept") && vary.contains("DDCloud-DataSource-User"), "{vary}");
    }
    let etag =
        |user: &'static str| ask(node, "$metadata", &login(user)).header("etag").expect("an ETag").to_owned();
    let etags = ["anna", "carol", "dave"].map(etag);
    assert!(etags[0] != etags[1] && etags[1] != etags[2] && etags[0] != etags[2], "{etags:?}");
    assert_eq!(
        ask(node, "$metadata", &[&login("carol")[..], &[("If-None-Match", &etags[1])]].concat()).status,
        304
    );
    assert_eq!(
        ask(node, "$metadata", &[&login("dave")[..], &[("If-None-Match", &etags[1])]].concat()).status,
        200
    );
    std::fs::write(
        file,
        MODEL.replace("{hr: [anna], talk: [anna, carol]}", "{hr: [carol, anna], talk: [anna]}"),
    )
    .expect("the file can be written");
    until("the readers are others", || ask(node, "Staff(1)/Wage", &login("carol")).status == 200);
    assert_eq!(ask(node, "Reviews", &login("carol")).status, 404);
    assert_eq!(ask(node, "Reviews", &login("anna")).status, 200);
}

#[test]
fn postgres_logins_see_parts_of_the_model() {
    readers(&postgres::private());
}

#[test]
fn mariadb_logins_see_parts_of_the_model() {
    readers(&mariadb::private());
}
