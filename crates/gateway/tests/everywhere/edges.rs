//! Values at the edges of their types, null where it is seldom, and trees that are deep or large: the same on all databases.

use std::fmt::Write as _;

use crate::common::encoded;
use crate::models::wrong_conditions;
use crate::world::{SOURCES, World};

const SCRIPT: &str = "
CREATE TABLE things (id int PRIMARY KEY, big bigint, place int, name varchar(20), flag boolean, size DOUBLE, weight SINGLE, at INSTANT, last INSTANT,
    day date);
INSERT INTO things VALUES (1, 9223372036854775807, NULL, 'one', true, 1e300, 32.38, '2020-01-02 00:00:01.5', 'LAST', 'DAY'),
    (2, 9223372036854775807, 1, 'two', false, -2.5, 1e-30, NULL, NULL, NULL), (3, NULL, 2, NULL, NULL, 0.49999999999999994, NULL, NULL, NULL, NULL);
CREATE TABLE nodes (id int PRIMARY KEY, above int, FOREIGN KEY (above) REFERENCES nodes (id));
CREATE TABLE rates (day date, rate decimal(5, 2), good boolean, PRIMARY KEY (day, rate, good));
INSERT INTO rates VALUES ('2024-01-01', 1.5, true);
CREATE TABLE links (id int PRIMARY KEY, above int, FOREIGN KEY (above) REFERENCES links (id));
CREATE TABLE marks (code varchar(5) PRIMARY KEY, thing int, many bigint, FOREIGN KEY (thing) REFERENCES things (id));
INSERT INTO marks VALUES ('a', 1, 1), ('b', 1, 2), ('c', 1, 3);
";

const MODEL: &str = "
namespace: Edges
entities:
  Things: {table: things, properties: {Id: id, Big: big, Place: place, Name: name, Flag: flag, Size: size, Weight: weight, At: at, Last: last, Day: day},
    navigation: {Marks: {target: Marks, on: {id: thing}}}}
  Rates: {table: rates}
  Nodes:
    table: nodes
    properties: {Id: id, AboveId: above}
    navigation: {Above: {target: Nodes, on: {above: id}}}
  Links:
    table: links
    properties: {Id: id, AboveId: above}
    navigation: {Above: {target: Links, on: {above: id}}}
  Marks:
    table: marks
    properties: {Code: code, Many: many}
    navigation: {Thing: {target: Things, on: {thing: id}, partner: Marks}}
";

/// Nodes of a tree in which two are below each; so many that no server keeps all of their paths in memory.
const NODES: u32 = 20_000;
/// Nodes in a row.
const LINKS: u32 = 1_500;

/// URLs and what stands in the body.
const ROWS: &[(&str, &str)] = &[
    (
        "Things?$apply=aggregate(Big with sum as Sum)",
        r##""value":[{"Sum@odata.type":"#Decimal","Sum":18446744073709551614}]"##,
    ),
    ("Things?$apply=aggregate(Big with average as Mean)", r#""value":[{"Mean":9.223372036854776e+18}]"#),
    ("Things?$filter=Flag gt false&$select=Id", r#""value":[{"Id":1}]"#),
    ("Things?$filter=Flag le false&$select=Id", r#""value":[{"Id":2}]"#),
    ("Things?$filter=substring(Name,Place) eq null&$select=Id", r#""value":[{"Id":1},{"Id":3}]"#),
    ("Things?$filter=substring(Name,0,Place) eq null&$select=Id", r#""value":[{"Id":1},{"Id":3}]"#),
    ("Things?$filter=substring(Name,1,Place) eq 'w'&$select=Id", r#""value":[{"Id":2}]"#),
    ("Things?$filter=round(Size) gt 1e299&$select=Id", r#""value":[{"Id":1}]"#),
    ("Things?$filter=round(Size) eq -3&$select=Id", r#""value":[{"Id":2}]"#),
    ("Things?$filter=round(Size) eq 0&$select=Id", r#""value":[{"Id":3}]"#),
    ("Rates/2024-01-01/1.5/true", r#""rate":1.5"#),
    ("Rates/2024-01-01/1.50/true/rate/$value", "1.5"),
    ("Things(1)/Weight/$value", "32.38"),
    ("Things(1)/Weight", r#""value":32.38}"#),
    ("Things(2)/Weight/$value", "1e-30"),
    ("Things?$orderby=round(1) desc,Id&$select=Id&$top=1", r#""value":[{"Id":1}]"#),
    // What is null in all rows orders nothing.
    (
        "Things?$orderby=cast(5,Edm.Guid),case(true:null) desc,Id desc&$select=Id&$top=1",
        r#""value":[{"Id":3}]"#,
    ),
    ("Things?$orderby=cast(Day,Edm.Double)&$select=Id&$top=1", r#""value":[{"Id":1}]"#),
    (
        "Things?$compute=case(Flag:null,true:cast(null,Edm.String)) as D&$orderby=D,Id desc&$select=Id&$top=1",
        r#""value":[{"Id":3}]"#,
    ),
    (
        "Things(1)?$select=Id&$expand=Marks($select=Code;$orderby=cast(5,Edm.Guid),Code desc;$top=1)",
        r#""Marks":[{"Code":"c"}]"#,
    ),
    ("Things?$apply=orderby(cast(Day,Edm.Double))/top(1)&$select=Id", r#""value":[{"Id":1}]"#),
    ("Things?$apply=topcount(1,cast(Day,Edm.Double))&$select=Id", r#""value":[{"Id":1}]"#),
    (
        "$crossjoin(Things,Rates)?$orderby=cast(5,Edm.Guid)&$expand=Things($select=Id)&$top=1",
        r#""Things":{"Id":1}"#,
    ),
    ("$all/Edges.Things?$orderby=cast(5,Edm.Guid)&$select=Id&$top=1", r#""Id":1"#),
    ("Things?$orderby=floor(5),Id desc&$select=Id&$top=1", r#""value":[{"Id":3}]"#),
    (
        "Things?$apply=compute(cast(null,Edm.Int32) as Nothing)/aggregate(Nothing with max as Most)",
        r##""value":[{"Most@odata.type":"#Int32","Most":null}]"##,
    ),
    ("Things?$filter=case(Flag:Place sub null,true:null sub Id) eq 1&$select=Id", r#""value":[]"#),
    ("Things?$filter=case(Flag:case(Flag:null,true:null),true:Id) eq 3&$select=Id", r#""value":[{"Id":3}]"#),
    ("Things?$compute=maxdatetime() as M&$select=M&$top=1", r#""M":"9999-12-31T23:59:59.999999"#),
    (
        "Things?$compute=2020-01-01T00:00:00.1234567Z as M&$select=M&$top=1",
        r#""M":"2020-01-01T00:00:00.123456"#,
    ),
    (
        "Things?$apply=concat(aggregate(At sub 2020-01-01T00:00:00Z with max as D),filter(Id eq 2)/compute(duration'PT1.5S' as D)/groupby((D)))",
        r##""value":[{"D@odata.type":"#Duration","D":"P1DT1.5S"},{"D@odata.type":"#Duration","D":"PT1.5S"}]"##,
    ),
    (
        "Things?$compute=cast(Weight,Edm.String) as T&$select=T",
        r#""value":[{"@odata.id":"Things(1)","T":"32.38"},{"@odata.id":"Things(2)","T":"1e-30"},{"@odata.id":"Things(3)","T":null}]"#,
    ),
    // Texts are what their characters are, whatever a server thinks of case and accents.
    (
        "Things?$filter=concat('É',cast(Id,Edm.String)) eq concat('é',cast(Id,Edm.String))&$select=Id",
        r#""value":[]"#,
    ),
    ("Rates?$filter=cast(good,Edm.String) in ('TRUE','True')&$select=rate", r#""value":[]"#),
    (
        "Nodes?$apply=filter(Id le 3)/groupby((Id))/traverse($root/Nodes,AboveHierarchy,Id,preorder)",
        r#""value":[{"Id":1},{"Id":2},{"Id":3}]"#,
    ),
    (
        "Nodes?$apply=concat(filter(Id eq 3),filter(Id eq 2))/traverse($root/Nodes,AboveHierarchy,Id,preorder)&$select=Id",
        r#""Id":2"#,
    ),
    (
        "Things?$apply=concat(filter(Id eq 3)/groupby((Id)),outerjoin(Marks as M)/filter(Id ge 2))",
        r#""value":[{"Id":3},{"Id":2,"Big":9223372036854775807,"#,
    ),
    (
        "Things?$apply=concat(filter(Id eq 3)/groupby((Id)),outerjoin(Marks as M)/filter(M/Code eq 'b'))",
        r#""M":{"Code":"b","#,
    ),
    ("Things/$count?$apply=addnested(Marks,filter(Many gt 1) as Some)", "3"),
    (
        "Things?$compute=cast(cast(9007199254740991,Edm.Double),Edm.Int64) as N&$select=N&$top=1",
        r#""N":9007199254740991"#,
    ),
    ("Things?$compute=cast(1e16,Edm.Double) mod 3 as N&$select=N&$top=1", r#""N":1.0"#),
    ("Things?$compute=cast(1e16,Edm.Double) mod 7.5 as N&$select=N&$top=1", r#""N":2.5"#),
    (
        "Things?$compute=cast(0.3,Edm.Double) mod cast(0.1,Edm.Double) as N&$select=N&$top=1",
        r#""N":0.09999999999999998"#,
    ),
    (
        "Things?$compute=Size mod 2.0 as N,Size mod 1e300 as L&$select=N,L",
        r#""value":[{"@odata.id":"Things(1)","N":0.0,"L":0.0},{"@odata.id":"Things(2)","N":-0.5,"L":-2.5},{"@odata.id":"Things(3)","N":0.49999999999999994,"L":0.49999999999999994}]"#,
    ),
    // What PostgreSQL has as infinity.
    ("Things?$compute=year(maxdatetime()) as Y&$select=Y&$top=1", r#""Y":9999"#),
    ("Things?$compute=hour(mindatetime()) as H&$select=H&$top=1", r#""H":0"#),
    ("Things?$compute=second(Last) as S,day(Day) as D&$select=D&$filter=S eq 59&$top=1", r#""D":31"#),
    (
        "Things?$compute=maxdatetime() sub duration'P1D' as M&$select=M&$top=1",
        r#""M":"9999-12-30T23:59:59.999999"#,
    ),
    ("Things?$compute=Last sub duration'P1D' as L&$select=L&$top=1", r#""L":"9999-12-30T23:59:59.999999"#),
    ("Things?$compute=At sub mindatetime() as D&$select=D&$top=1", r#""D":"P737425DT1.5S""#),
    ("Things?$select=Last,Day&$top=1", r#""Last":"9999-12-31T23:59:59.999999"#),
    ("Things?$compute=cast(Last,Edm.String) as T&$select=T&$top=1", r#""T":"9999-12-31T23:59:59.999999Z""#),
    ("Things?$compute=cast(Day,Edm.String) as T&$select=T&$top=1", r#""T":"9999-12-31""#),
    ("Things?$compute=cast(Last,Edm.TimeOfDay) as T&$select=T&$top=1", r#""T":"23:59:59.999999"#),
    ("Things?$compute=cast(Last,Edm.Date) as T&$select=T&$top=1", r#""T":"9999-12-31""#),
    ("Things?$compute=Last sub 9999-12-31T23:59:58.999999Z as T&$select=T&$top=1", r#""T":"PT1S""#),
    ("Things?$compute=Day sub 9999-12-30 as T&$select=T&$top=1", r#""T":"P1D""#),
    ("Things?$filter=Last sub At gt duration'P1D'&$select=Id", r#""value":[{"Id":1}]"#),
    // Doubles beyond what 17 digits hold, where they are kept or compared by groups.
    ("Things?$apply=aggregate(round(Size) with max as M)", r#""value":[{"M":1e+300}]"#),
    ("Things?$apply=compute(floor(Size) as F)/groupby((F))/topcount(1,F)", r#""value":[{"F":1e+300}]"#),
    (
        "Things?$compute=ceiling(Size) as C&$select=C",
        r#""value":[{"@odata.id":"Things(1)","C":1e+300},{"@odata.id":"Things(2)","C":-2.0},{"@odata.id":"Things(3)","C":1.0}]"#,
    ),
    // What is cast and does not fit is null.
    (
        "Things?$compute=cast(Size,Edm.Int32) as N&$select=N",
        r##""N":null},{"@odata.id":"Things(2)","N@odata.type":"#Int32","N":-2}"##,
    ),
    (
        "Things?$compute=cast(Size,Edm.Single) as N&$select=N",
        r##""N":null},{"@odata.id":"Things(2)","N@odata.type":"#Single","N":-2.5}"##,
    ),
    ("Things?$compute=cast(Big,Edm.Int16) as N&$select=N&$top=1", r#""N":null}"#),
    ("Things?$compute=cast(Id,Edm.Byte) as N&$select=N&$top=1", r#""N":1}"#),
    (
        "Things?$compute=cast(Size,Edm.Boolean) as B,cast(Size mul 0,Edm.Boolean) as F&$select=B,F&$top=1",
        r#""value":[{"@odata.id":"Things(1)","B":null,"F":false}]"#,
    ),
    (
        "Things?$compute=cast(cast(Size,Edm.String),Edm.Double) as N&$select=N",
        r#""value":[{"@odata.id":"Things(1)","N":1e+300},{"@odata.id":"Things(2)","N":-2.5},{"@odata.id":"Things(3)","N":0.49999999999999994}]"#,
    ),
    (
        "Things?$compute=cast(Size,Edm.String) as T&$select=T",
        r#""value":[{"@odata.id":"Things(1)","T":"1e300"},{"@odata.id":"Things(2)","T":"-2.5"},{"@odata.id":"Things(3)","T":"0.49999999999999994"}]"#,
    ),
    (
        "Things?$compute=cast(Size mul 0 add cast(1e15,Edm.Double),Edm.String) as T&$select=T&$top=1",
        r#""T":"1e15""#,
    ),
    (
        "Things?$compute=cast(Size mul 0 add cast(0.00001234,Edm.Double),Edm.String) as T&$select=T&$top=1",
        r#""T":"0.00001234""#,
    ),
    (
        "Things?$compute=cast(Size mul 0 sub cast(0.000001,Edm.Double),Edm.String) as T&$select=T&$top=1",
        r#""T":"-1e-6""#,
    ),
    (
        "Things?$compute=cast(Size mul 0 add cast(1.25e-15,Edm.Double),Edm.String) as T&$select=T&$top=1",
        r#""T":"1.25e-15""#,
    ),
    ("Things?$compute=cast(-(Size mul 0),Edm.String) as T&$select=T&$top=1", r#""T":"0""#),
    // A hundred thousand days and more, to the microsecond.
    (
        "Things?$compute=(At sub 0001-01-01T00:00:00Z) mul 4 div 7 as F&$select=F&$top=1",
        r#""F":"P421385DT17H8M35.142857S""#,
    ),
    // Numbers with more digits than a server keeps.
    (
        "Things/$count?$filter=Id eq 0.99999999999999999999999999999999999999999999999999 or Id in (1e-60,5e-50)",
        "0",
    ),
    (
        "Things/$count?$filter=Id gt 0.99999999999999999999999999999999999999999999999999 and Id lt 1.00000000000000000000000000000000000000000000000001",
        "1",
    ),
    // Nothing, of no type by itself.
    (
        "Things?$apply=aggregate(cast(null,Edm.Decimal) with sum as S,cast(null,Edm.Int64) with average as A)",
        r#""S":null,"A":null}]}"#,
    ),
    ("Things?$filter=0 sub Big sub 1 eq -9223372036854775808&$select=Id&$top=1", r#""value":[{"Id":1}]"#),
    ("Things?$compute=Id sub 4 as N&$select=N&$top=1", r#""N":-3}"#),
    // The one row of an aggregate without groups has no order.
    (
        "Things?$select=Id&$expand=Marks($apply=aggregate(Many with sum as W);$top=1)&$top=2",
        r#""W":6}]},{"Id":2,"Marks":[]}]"#,
    ),
    (
        "Things?$select=Id&$expand=Marks($apply=aggregate($count as N)/compute(1 as X);$skip=1)&$top=2",
        r#""value":[{"Id":1,"Marks":[]},{"Id":2,"Marks":[]}]"#,
    ),
    (
        "Things?$select=Id&$expand=Marks($apply=groupby((Code))/aggregate($count as N);$top=0)&$top=2",
        r#""value":[{"Id":1,"Marks":[]},{"Id":2,"Marks":[]}]"#,
    ),
    (
        "Things?$select=Id&$expand=Marks($apply=aggregate($count as N)/top(1))&$top=2",
        r#""N":3}]},{"Id":2,"Marks":[]}]"#,
    ),
    // The first point in time that there is.
    ("Things?$compute=At sub duration'P737425D' as F&$select=F&$top=1", r#""F":"0001-01-01T00:00:01.5"#),
    (
        "Nodes?$apply=traverse($root/Nodes,AboveHierarchy,Id,preorder)&$select=Id&$count=true&$skip=19999",
        r#""@odata.count":20000,"value":[{"Id":16383}]"#,
    ),
    (
        "Links?$apply=descendants($root/Links,AboveHierarchy,Id,filter(Id eq 1))/aggregate($count as N)",
        r##""value":[{"N@odata.type":"#Decimal","N":1499}]"##,
    ),
];

/// URLs of what cannot be computed on any database.
const REFUSED: &[&str] = &[
    "Things?$compute=-(0 sub Big sub 1) as N&$select=N",
    "Things?$filter=0 sub (0 sub Big sub 1) gt 0",
    "Things?$compute=0 sub Big sub 2 as N&$select=N",
    "Things?$compute=Day add duration'P1D' as D&$select=D",
    "Things?$compute=Last add duration'PT0.000001S' as D&$select=D",
    "Things?$compute=At add duration'P3000000D' as D&$select=D",
    "Things?$compute=At sub duration'P737426D' as D&$select=D",
    "Things?$compute=cast(At,Edm.Date) sub duration'P737426D' as D&$select=D",
];

/// Expressions that stand in themselves so many times, around a first one.
const NESTED: &[(&str, usize, &str)] = &[
    ("round({})", 30, "Size"),
    ("{} mod 3", 30, "Size"),
    ("cast(cast({},Edm.String),Edm.Double)", 12, "Size"),
    ("cast(cast({},Edm.String),Edm.Decimal)", 12, "Id"),
    ("cast(cast({},Edm.Int32),Edm.String)", 12, "Name"),
    ("cast(cast({},Edm.Date),Edm.String)", 12, "Name"),
    ("cast(cast({},Edm.Guid),Edm.String)", 12, "Name"),
    ("cast({},Edm.Single)", 20, "Size"),
    ("{} add duration'PT1S'", 20, "At"),
    ("{} sub 1", 30, "Id"),
];

/// The same where the database has durations.
const SPANS: &[(&str, &str)] = &[
    ("Waits/$ref", r#"Waits(span=duration'-PT10H',many=1)"}"#),
    ("Waits(span=duration'-PT10H',many=1)/$ref", r#"Waits(span=duration'-PT10H',many=1)""#),
    ("Gaps/$ref", r#"Gaps(duration'PT1.5S')"}"#),
    (
        "Spans?$apply=concat(filter(Id eq 1)/groupby((Span)),filter(Id eq 1)/compute(duration'PT2S' as Other)/groupby((Other)))",
        r##""value":[{"Span":"PT1M"},{"Other@odata.type":"#Duration","Other":"PT2S"}]"##,
    ),
    (
        "Spans?$apply=concat(aggregate(Span with max as M),filter(Id eq 1)/compute(Span add duration'PT0.5S' as M)/groupby((M)),filter(Id eq 1)/compute(duration'PT2S' as M)/groupby((M)))",
        r##""value":[{"M@odata.type":"#Duration","M":"PT1H"},{"M@odata.type":"#Duration","M":"PT1M0.5S"},{"M@odata.type":"#Duration","M":"PT2S"}]"##,
    ),
    ("Spans?$apply=aggregate(Span with max as M)", r##""value":[{"M@odata.type":"#Duration","M":"PT1H"}]"##),
    (
        "Spans?$apply=groupby((Span),aggregate($count as N))/filter(Span gt duration'PT2M')",
        r##""value":[{"Span":"PT1H","N@odata.type":"#Decimal","N":1}]"##,
    ),
    (
        "Spans?$apply=concat(filter(Id eq 1),filter(Id eq 2))&$select=Span",
        r#""value":[{"Span":"PT1M"},{"Span":"PT1H"}]"#,
    ),
    (
        "Spans?$apply=concat(groupby((Span)),aggregate(Span with min as Span))",
        r#""value":[{"Span":"PT1M"},{"Span":"PT1H"},{"Span":"PT1M"}]"#,
    ),
];

#[test]
fn durations_at_their_edges() {
    let script = "CREATE TABLE spans (id int PRIMARY KEY, span TYPE);
        INSERT INTO spans VALUES (1, '00:01:00'), (2, '01:00:00');
        CREATE TABLE waits (span TYPE, many int, PRIMARY KEY (span, many)); INSERT INTO waits VALUES ('-10:00:00', 1);
        CREATE TABLE gaps (span TYPE PRIMARY KEY); INSERT INTO gaps VALUES ('00:00:01.5');";
    let model = "entities: {Spans: {table: spans, properties: {Id: id, Span: span}}, Waits: {table: waits}, Gaps: {table: gaps}}";
    let [sqlite, postgres, mariadb] = ["text", "interval", "time(6)"].map(|ty| script.replace("TYPE", ty));
    let world = World::written([&sqlite, &postgres, &mariadb], model);
    let wrong = wrong(&world, &SOURCES[1..], SPANS);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Comparisons of days with points in time, and the rows for which they hold: a day is its midnight.
const DAYS: &[(&str, &[u8])] = &[
    ("Day eq At", &[1, 6]),
    ("At eq Day", &[1, 6]),
    ("Day ne At", &[2, 3, 4, 5]),
    ("Day gt At", &[3]),
    ("Day ge At", &[1, 3]),
    ("Day lt At", &[2]),
    ("Day le At", &[1, 2]),
    ("At lt Day", &[3]),
    ("At ge Day", &[1, 2]),
    ("not (Day lt At)", &[1, 3, 4, 5, 6]),
    ("not (Day eq At)", &[2, 3, 4, 5]),
];

#[test]
fn days_against_points_in_time() {
    let script = |instant: &str, zone: &str| {
        let rows = [
            ("'2024-01-02'", "'2024-01-02 00:00:00Z'"),
            ("'2024-01-02'", "'2024-01-02 00:00:00.5Z'"),
            ("'2024-01-02'", "'2024-01-01 23:59:59Z'"),
            ("'2024-01-02'", "NULL"),
            ("NULL", "'2024-01-02 00:00:00Z'"),
            ("NULL", "NULL"),
        ];
        let rows = rows.iter().zip(1..).map(|((day, at), id)| format!("({id}, {day}, {at})"));
        let rows = rows.collect::<Vec<_>>().join(", ").replace('Z', zone);
        format!(
            "CREATE TABLE spans (id int PRIMARY KEY, day date, at {instant}); INSERT INTO spans VALUES {rows};"
        )
    };
    let scripts = [script("datetime", "Z"), script("timestamptz", "Z"), script("datetime(6)", "")];
    let model = "entities: {Spans: {table: spans, properties: {Id: id, Day: day, At: at}}}";
    let world = World::written([&scripts[0], &scripts[1], &scripts[2]], model);
    let grouped = "Spans?$apply=groupby((Id,Day,At))";
    let rows = SOURCES
        .map(|source| world.ask(source, &[grouped, "/filter(Day eq At)&$select=Id"].concat(), &[]).body);
    assert!(rows.iter().all(|body| body.ends_with(r#"[{"Id":1},{"Id":6}]}"#)), "{rows:?}");
    let wrong = wrong_conditions(&world, "Spans", DAYS);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn text_does_not_double_without_end() {
    let script =
        "CREATE TABLE words (id integer PRIMARY KEY, word text); INSERT INTO words VALUES (1, 'one');";
    let world = World::written(
        [script, "", ""],
        "entities: {Words: {table: words, properties: {Id: id, Word: word}}}",
    );
    let doubled =
        |name: &str| (0..5).fold(name.to_owned(), |text, _| ["concat(", &text, ",", &text, ")"].concat());
    let steps = |number: usize| {
        let name = |step: usize| if step == 0 { "Word".to_owned() } else { format!("W{step}") };
        let step = |step: usize| {
            format!("/compute({} as W{})/groupby((W{}))", doubled(&name(step)), step + 1, step + 1)
        };
        let steps: String = (0..number).map(step).collect();
        format!("Words?$apply=filter(Id eq 1){steps}/compute(length(W{number}) as L)&$select=L")
    };
    for (number, status, expected) in [(4, 200, "3145728"), (5, 400, "ExpressionFailed")] {
        let answer = world.node.get(&["/api/odata4/sqlite/", &encoded(&steps(number))].concat(), &[]);
        assert_eq!((answer.status, answer.text().contains(expected)), (status, true), "{}", answer.text());
    }
}

#[test]
fn what_stands_in_itself_is_computed_once() {
    let script = "CREATE TABLE things (id int PRIMARY KEY, name varchar(20), size DOUBLE, at INSTANT);
        INSERT INTO things VALUES (1, 'one', 1.5, '2020-01-02 00:00:01.5'), (2, NULL, 7.25, NULL);
        CREATE TABLE nodes (id int PRIMARY KEY, above int, FOREIGN KEY (above) REFERENCES nodes (id));
        INSERT INTO nodes VALUES (1, NULL), (2, 1);";
    let of = |double, instant| script.replace("DOUBLE", double).replace("INSTANT", instant);
    let scripts =
        [of("double", "timestamp"), of("double precision", "timestamptz"), of("double", "datetime(6)")];
    let model = "entities: {Things: {table: things, properties: {Id: id, Name: name, Size: size, At: at}}, \
                 Nodes: {table: nodes, navigation: {Below: {target: Nodes, on: {id: above}}}}}";
    let world = World::written([&scripts[0], &scripts[1], &scripts[2]], model);
    let answer =
        |source: &str, url: &str| world.node.get(&["/api/odata4/", source, "/", &encoded(url)].concat(), &[]);
    for source in SOURCES {
        for (outer, times, first) in NESTED {
            let nested = (0..*times).fold((*first).to_owned(), |inner, _| outer.replace("{}", &inner));
            let url = ["Things?$select=Id&$orderby=Id&$top=1&$compute=", &nested, " as X"].concat();
            let answer = answer(source, &url);
            let text = answer.text();
            assert!(
                answer.status == 200 && text.contains(r#""value":[{"Id":1}]"#),
                "{source}: {outer}: {text}"
            );
        }
        // SQLite takes expressions of some depth only.
        let (mut path, mut end) = (String::new(), String::new());
        for level in 1..=40 {
            write!(path, "Below/any(n{level}:n{level}/").expect("a text grows");
            end.push(')');
        }
        let answer = answer(source, &["Nodes?$filter=", &path, "id gt 0", &end].concat());
        let expected = if source == "sqlite" { (400, "too complex") } else { (200, r#""value":[]"#) };
        assert_eq!(
            (answer.status, answer.text().contains(expected.1)),
            (expected.0, true),
            "{}",
            answer.text()
        );
    }
}

/// What is answered in another way.
fn wrong(world: &World, sources: &[&str], rows: &[(&str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        for (url, expected) in rows {
            let answer = world.node.get(&["/api/odata4/", source, "/", &encoded(url)].concat(), &[]);
            let text = answer.text();
            if answer.status != 200 || !text.contains(expected) {
                wrong.push(format!("{source}: {url}: {}: {text:.400}", answer.status));
            }
        }
    }
    wrong
}

#[test]
fn edges() {
    let mut script = SCRIPT.to_owned();
    for (table, rows, pairs) in [("nodes", NODES, true), ("links", LINKS, false)] {
        write!(script, "INSERT INTO {table} VALUES (1, NULL)").expect("a text grows");
        for id in 2..=rows {
            let above = if pairs { id / 2 } else { id - 1 };
            write!(script, ", ({id}, {above})").expect("a text grows");
        }
        script.push_str(";\n");
    }
    let of = |double: &str, single: &str, instant: &str, last: [&str; 2]| {
        let numbers = script.replace("DOUBLE", double).replace("SINGLE", single);
        numbers.replace("INSTANT", instant).replace("LAST", last[0]).replace("DAY", last[1])
    };
    let last = ["9999-12-31 23:59:59.999999", "9999-12-31"];
    let scripts = [
        of("double", "double", "timestamp", last),
        of("double precision", "real", "timestamptz", ["infinity"; 2]),
        of("double", "float", "datetime(6)", last),
    ];
    let world = World::written([&scripts[0], &scripts[1], &scripts[2]], MODEL);
    let wrong = wrong(&world, &SOURCES, ROWS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (source, url) in SOURCES.iter().flat_map(|source| REFUSED.iter().map(move |url| (source, url))) {
        let answer = world.node.get(&["/api/odata4/", source, "/", &encoded(url)].concat(), &[]);
        let refused = answer.status == 400 && answer.text().contains("ExpressionFailed");
        assert!(refused, "{source}: {url}: {}", answer.text());
    }
    // A link to the rest has the format of the request.
    let format = "$format=application/json;IEEE754Compatible=true";
    for source in SOURCES {
        let url = ["/api/odata4/", source, "/Things(1)?$expand=Marks&$select=Id&", format].concat();
        let text = world.node.get(&url, &[("Prefer", "maxpagesize=2")]).text();
        let next = [r#"Things(1)/Marks?"#, format, r#"&$skip=2""#].concat();
        assert!(text.contains(&next), "{source}: {text}");
        let nearly_one = ["/api/odata4/", source, "/Things(0.", &"9".repeat(50), ")"].concat();
        assert_eq!(world.node.get(&nearly_one, &[]).status, 404, "{source}");
    }
}
