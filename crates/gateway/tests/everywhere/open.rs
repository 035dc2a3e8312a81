//! Open types: members of JSON objects in a column are properties that the model does not have.

use crate::models::{round_trip, validate, wrong, wrong_conditions, wrong_parts};
use crate::world::{SOURCES, World};

const TABLES: &str = "
CREATE TABLE makers (id int PRIMARY KEY, name varchar(20) NOT NULL, more json);
CREATE TABLE things (id int PRIMARY KEY, name varchar(20) NOT NULL, maker int, attributes json, note varchar(20),
    FOREIGN KEY (maker) REFERENCES makers (id));
";

const FILLED: &str = r#"
INSERT INTO makers VALUES (1, 'Acme', '{"Since": 1920}'), (2, 'Bolt', '[1]');
INSERT INTO things VALUES
    (1, 'Ball', 1, '{"Size": {"Width": 2, "Height": 3}, "Tags": ["a b", 1, null], "Color": "red", "Price": 12.50, "Round": true}', 'x'),
    (2, 'Box', 1, '{"2nd": 1, "Id": 77, "Name": "no", "a-b": 1, "Color": "blue", "Empty": null, "Maker": 5, "Price": 7, "Größe": "L\"\\ é"}', NULL),
    (3, 'Bag', 2, '{"Color": 5, "Price": "dear"}', NULL),
    (4, 'Bar', 2, NULL, NULL),
    (5, 'Bin', NULL, '"text"', NULL),
    (6, 'Bud', NULL, '{"Made": "2020-02-03"}', NULL);
"#;

const MODEL: &str = "
namespace: Shop
entities:
  Things:
    table: things
    type: Thing
    open: attributes
    properties: {Id: id, Name: name}
    hide: [maker, note]
    navigation: {Maker: {target: Makers, on: {maker: Id}}}
  Makers:
    table: makers
    type: Maker
    open: more
    properties: {Id: id, Name: name}
    navigation: {Things: {target: Things, on: {Id: maker}}}
";

const ROWS: &[(&str, u16, &str)] = &[
    (
        "Things(1)",
        200,
        r#""Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Color":"red","Price":12.50,"Round":true}"#,
    ),
    // What is no identifier, and what is called like a declared property, is left out.
    ("Things(2)", 200, r#""Id":2,"Name":"Box","Color":"blue","Empty":null,"Price":7,"Größe":"L\"\\ é"}"#),
    (
        "Things?$filter=Id ge 3&$orderby=Id",
        200,
        r#""value":[{"Id":3,"Name":"Bag","Color":5,"Price":"dear"},{"Id":4,"Name":"Bar"},{"Id":5,"Name":"Bin"},{"Id":6,"Name":"Bud","Made":"2020-02-03"}]}"#,
    ),
    (
        "Things?$select=Color,Id&$top=3",
        200,
        r#""value":[{"Id":1,"Color":"red"},{"Id":2,"Color":"blue"},{"Id":3,"Color":5}]}"#,
    ),
    (
        "Things?$select=Nowhere&$top=2",
        200,
        r#""value":[{"@odata.id":"Things(1)"},{"@odata.id":"Things(2)"}]}"#,
    ),
    (
        "Things?$select=Name,*&$filter=Id eq 3",
        200,
        r#""value":[{"Id":3,"Name":"Bag","Color":5,"Price":"dear"}]}"#,
    ),
    ("Things?$select=Name&$filter=Id eq 1", 200, r#""value":[{"@odata.id":"Things(1)","Name":"Ball"}]}"#),
    (
        "Things?$select=Size/Width,Id&$top=3",
        200,
        r#""value":[{"Id":1,"Size":{"Width":2}},{"Id":2},{"Id":3}]}"#,
    ),
    (
        "Things(1)?$select=Size/Height,Size/Width,Size/None",
        200,
        r#""@odata.id":"Things(1)","Size":{"Width":2,"Height":3}}"#,
    ),
    ("Things(1)?$select=Size/Height,Size", 200, r#""@odata.id":"Things(1)","Size":{"Width":2,"Height":3}}"#),
    ("Things(1)?$select=Size,Size/Height", 200, r#""@odata.id":"Things(1)","Size":{"Width":2,"Height":3}}"#),
    ("Things(1)?$select=Size/None,Color/Deep,Tags/a", 200, r#""@odata.id":"Things(1)","Size":{}}"#),
    ("Things?$select=Size/a.b", 400, "BadRequest"),
    ("Things?$select=Size/*", 400, "BadUrl"),
    ("Things?$select=Size($select=Width)", 501, "NotImplemented"),
    ("Things(1)/Color", 200, r#""value":"red"}"#),
    ("Things(1)/Color/$value", 200, "red"),
    ("Things(1)/Price", 200, r#""value":12.50}"#),
    ("Things(1)/Price/$value", 200, "12.50"),
    ("Things(1)/Round/$value", 200, "true"),
    ("Things(1)/Size", 200, r#""Width":2,"Height":3}"#),
    ("Things(1)/Size/Width", 200, r#""value":2}"#),
    ("Things(1)/Size/Width/$value", 200, "2"),
    ("Things(1)/Size/$value", 404, "NotFound"),
    ("Things(1)/Tags", 200, r#""value":["a b",1,null]}"#),
    ("Things(1)/Tags/0", 200, r#""value":"a b"}"#),
    ("Things(1)/Tags/-2/$value", 200, "1"),
    ("Things(1)/Tags/2", 204, ""),
    ("Things(1)/Tags/7", 204, ""),
    ("Things(1)/Tags/$value", 404, "NotFound"),
    ("Things(1)/Tags/$count", 501, "NotImplemented"),
    ("Things(1)/Tags/$filter($this eq 1)", 501, "NotImplemented"),
    ("Things(1)/Color/Deep", 204, ""),
    ("Things(1)/Color/a.b", 404, "NotFound"),
    ("Things(1)/Color()", 404, "NotFound"),
    ("Things(1)/Color(1)", 404, "NotFound"),
    ("Things(1)/a.b", 404, "NotFound"),
    ("Things(1)/Color/$value/x", 400, "BadUrl"),
    ("Things(1)/Color/$ref", 404, "NotFound"),
    ("Things(1)/Color?$select=Deep", 501, "NotImplemented"),
    ("Things(1)/Color?$top=1", 501, "NotImplemented"),
    ("Things(2)/Empty", 204, ""),
    ("Things(2)/Empty/$value", 204, ""),
    ("Things(2)/Größe/$value", 200, "L\"\\ é"),
    ("Things(2)/Nowhere", 204, ""),
    ("Things(4)/Color", 204, ""),
    ("Things(4)/Color/$value", 204, ""),
    ("Things(5)/Color", 204, ""),
    ("Things(7)/Color", 404, "NotFound"),
    ("Things(7)/Color/$value", 404, "NotFound"),
    ("Things(3)/Maker/Since", 204, ""),
    ("Things(1)/Maker/Since/$value", 200, "1920"),
    ("Things(4)/Maker/Since", 204, ""),
    ("Things(5)/Maker/Since", 404, "NotFound"),
    ("Things/Color", 404, "NotFound"),
    ("Things?$select=a.b", 400, "BadRequest"),
    (
        "Things?$expand=Maker&$filter=Id eq 3",
        200,
        r#""value":[{"Id":3,"Name":"Bag","Color":5,"Price":"dear","Maker":{"Id":2,"Name":"Bolt"}}]}"#,
    ),
    (
        "Makers?$expand=Things($select=Color,Name;$filter=Id le 2)&$select=Since",
        200,
        r#""value":[{"@odata.id":"Makers(1)","Since":1920,"Things":[{"@odata.id":"Things(1)","Name":"Ball","Color":"red"},{"@odata.id":"Things(2)","Name":"Box","Color":"blue"}]},{"@odata.id":"Makers(2)","Things":[]}]}"#,
    ),
    (
        "Things?$compute=Id add 1 as Color&$filter=Id eq 3",
        200,
        r##""value":[{"Id":3,"Name":"Bag","Color@odata.type":"#Int64","Color":4,"Price":"dear"}]}"##,
    ),
];

/// Conditions, and the entities for which they hold.
const CONDITIONS: &[(&str, &[u8])] = &[
    ("Color eq 'red'", &[1]),
    ("'red' eq Color", &[1]),
    ("Color ne 'red'", &[2, 3, 4, 5, 6]),
    ("not (Color eq 'red')", &[2, 3, 4, 5, 6]),
    ("Color gt 'c'", &[1]),
    ("Color eq 5", &[3]),
    ("Price gt 7", &[1]),
    ("5 lt Price", &[1, 2]),
    ("Price ge 7.5e0", &[1]),
    ("Price eq 12.5", &[1]),
    ("Price lt Id", &[]),
    ("Round", &[1]),
    ("Round eq true", &[1]),
    ("Round ne true", &[2, 3, 4, 5, 6]),
    ("Round gt false", &[1]),
    ("Color gt true", &[]),
    ("Color", &[]),
    ("Color eq null", &[4, 5, 6]),
    ("Color ne null", &[1, 2, 3]),
    ("Empty ne null", &[]),
    ("Size ne null", &[1]),
    ("Nowhere eq null", &[1, 2, 3, 4, 5, 6]),
    ("Nowhere eq 'x'", &[]),
    ("Size/Width eq 2", &[1]),
    ("Size/Width/Deep eq 2", &[]),
    ("Color/Width eq 2", &[]),
    ("Size eq 'x'", &[]),
    ("contains(Color,'e')", &[1, 2]),
    ("length(Color) eq 3", &[1]),
    ("toupper(Color) eq 'RED'", &[1]),
    ("round(Price) eq 13", &[1]),
    ("Color in ('red','blue')", &[1, 2]),
    ("Price in (7,12.5)", &[1, 2]),
    ("Price add 1 gt 13", &[1]),
    ("Price mul Size/Width eq 25", &[1]),
    ("-Price lt -10", &[1]),
    ("Color eq Name", &[]),
    ("concat(Color,'x') eq 'redx'", &[1]),
    ("Made gt 2020-01-01", &[6]),
    ("Made eq 2020-02-03", &[6]),
    ("year(cast(Made,Edm.Date)) eq 2020", &[6]),
    ("cast(Price,Edm.String) eq 'dear'", &[3]),
    ("isof(Price,Edm.String)", &[3]),
    ("cast(Price,Edm.Double) gt 7", &[1]),
    ("Größe eq 'L\"\\ é'", &[2]),
    ("Maker/Since eq 1920", &[1, 2]),
    ("Maker/Since eq null", &[3, 4, 5, 6]),
    ("Maker/Things/any(t:t/Color eq 'red')", &[1, 2]),
    ("Maker/Things/$count($filter=Price gt 1) eq 2", &[1, 2]),
];

/// What expressions and orders over dynamic properties come to.
const EXPRESSIONS: &[(&str, u16, &str)] = &[
    (
        "Things?$orderby=Color,Id&$select=Id",
        200,
        r#""value":[{"Id":4},{"Id":5},{"Id":6},{"Id":2},{"Id":1},{"Id":3}]}"#,
    ),
    (
        "Things?$orderby=Color desc,Id desc&$select=Id",
        200,
        r#""value":[{"Id":3},{"Id":1},{"Id":2},{"Id":6},{"Id":5},{"Id":4}]}"#,
    ),
    ("Things?$orderby=Size/Width desc&$top=1&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    (
        "Things?$compute=cast(Price,Edm.Double) mul 2 as D&$select=D&$filter=Id le 3",
        200,
        r#""value":[{"@odata.id":"Things(1)","D":25.0},{"@odata.id":"Things(2)","D":14.0},{"@odata.id":"Things(3)","D":null}]}"#,
    ),
    (
        "Things?$apply=filter(Color eq 'red')/aggregate($count as N)",
        200,
        r##""value":[{"N@odata.type":"#Decimal","N":1}]}"##,
    ),
    (
        "Things?$apply=compute(cast(Color,Edm.String) as C)/groupby((C),aggregate($count as N))",
        200,
        r##""value":[{"C":null,"N@odata.type":"#Decimal","N":4},{"C":"blue","N@odata.type":"#Decimal","N":1},{"C":"red","N@odata.type":"#Decimal","N":1}]}"##,
    ),
    ("Things/$count?$filter=Color eq 'red'", 200, "1"),
    ("Things/$count?$filter=Color eq binary'blue' and not (Color gt duration'PT1H')", 200, "1"),
    ("Things?$filter=Color eq Price", 501, "NotImplemented"),
    ("Things?$filter=Tags/any(t:t eq 1)", 501, "NotImplemented"),
    ("Things?$compute=Color as C", 501, "NotImplemented"),
    ("Things?$apply=groupby((Color))", 501, "NotImplemented"),
    ("Things?$filter=year(Made) eq 2020", 501, "NotImplemented"),
    ("Things?$filter=Color in ('red',5)", 400, "BadRequest"),
    ("Things?$filter=Color/a.b eq 5", 400, "BadRequest"),
];

/// Rows that are made of entities, and all entities.
const MADE: &[(&str, u16, &str)] = &[
    (
        "Things?$apply=concat(filter(Id eq 1),filter(Id eq 2)/compute(Id add 1 as Color),aggregate($count as N))",
        200,
        r##""value":[{"Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Color":"red","Price":12.50,"Round":true},{"Id":2,"Name":"Box","Empty":null,"Price":7,"Größe":"L\"\\ é","Color@odata.type":"#Int64","Color":3},{"N@odata.type":"#Decimal","N":6}]}"##,
    ),
    (
        "Things?$apply=concat(filter(Id eq 1),aggregate($count as N))/compute(1 as Price)",
        200,
        r##""value":[{"Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Color":"red","Round":true,"Price@odata.type":"#Int64","Price":1},{"N@odata.type":"#Decimal","N":6,"Price@odata.type":"#Int64","Price":1}]}"##,
    ),
    (
        "Things?$apply=concat(identity,aggregate($count as N))&$select=Color,Size/Width,Id,N&$top=3",
        200,
        r##""value":[{"Id":1,"Size":{"Width":2},"Color":"red"},{"Id":2,"Color":"blue"},{"Id":3,"Color":5}]}"##,
    ),
    (
        "Things?$apply=concat(identity,aggregate($count as N))&$select=Color,*&$top=1",
        200,
        r##""value":[{"Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Color":"red","Price":12.50,"Round":true}]}"##,
    ),
    (
        "Things?$apply=concat(identity,aggregate($count as N))&$select=Id&$top=1",
        200,
        r##""value":[{"Id":1}]}"##,
    ),
    (
        "Things?$apply=concat(identity,identity)&$filter=Id eq 3 or Id eq 5&$count=true",
        200,
        r##""@odata.count":4,"value":[{"Id":3,"Name":"Bag","Color":5,"Price":"dear"},{"Id":5,"Name":"Bin"},{"Id":3,"Name":"Bag","Color":5,"Price":"dear"},{"Id":5,"Name":"Bin"}]}"##,
    ),
    ("Things/$count?$apply=concat(identity,identity)", 200, "12"),
    (
        "Makers?$apply=join(Things as Price)&$filter=Price/Id eq 1",
        200,
        r##""value":[{"Id":1,"Name":"Acme","Since":1920,"Price":{"Id@odata.type":"#Int32","Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Color":"red","Price":12.50,"Round":true}}]}"##,
    ),
    (
        "Makers?$apply=join(Things as T)&$select=T/Color,Since,T/Id&$filter=T/Id le 2",
        200,
        r##""value":[{"Since":1920,"T":{"Id@odata.type":"#Int32","Id":1,"Color":"red"}},{"Since":1920,"T":{"Id@odata.type":"#Int32","Id":2,"Color":"blue"}}]}"##,
    ),
    (
        "Makers?$apply=outerjoin(Things as T)/filter(T/Id eq 3)&$select=T",
        200,
        r##""value":[{"T":{"Id@odata.type":"#Int32","Id":3,"Name":"Bag","Color":5,"Price":"dear"}}]}"##,
    ),
    (
        "Things?$apply=groupby((Maker),aggregate(Id with max as Since))",
        200,
        r##""value":[{"Maker":null,"Since@odata.type":"#Int32","Since":6},{"Maker":{"Id":1,"Name":"Acme","Since":1920},"Since@odata.type":"#Int32","Since":2},{"Maker":{"Id":2,"Name":"Bolt"},"Since@odata.type":"#Int32","Since":4}]}"##,
    ),
    (
        "Things?$apply=groupby((Maker),aggregate($count as N))&$select=Maker/Since,Maker/Id,N",
        200,
        r##""value":[{"Maker":null,"N@odata.type":"#Decimal","N":2},{"Maker":{"Id":1,"Since":1920},"N@odata.type":"#Decimal","N":2},{"Maker":{"Id":2},"N@odata.type":"#Decimal","N":2}]}"##,
    ),
    (
        "Makers?$expand=Things($apply=concat(filter(Id le 2),aggregate($count as N)))&$select=Id",
        200,
        r##""value":[{"Id":1,"Things":[{"Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Color":"red","Price":12.50,"Round":true},{"Id":2,"Name":"Box","Color":"blue","Empty":null,"Price":7,"Größe":"L\"\\ é"},{"N@odata.type":"#Decimal","N":2}]},{"Id":2,"Things":[{"N@odata.type":"#Decimal","N":2}]}]}"##,
    ),
    (
        "Things?$apply=filter(Id le 2)/nest(identity as All)",
        200,
        r##""value":[{"All@odata.context":"#Things","All":[{"Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Color":"red","Price":12.50,"Round":true},{"Id":2,"Name":"Box","Color":"blue","Empty":null,"Price":7,"Größe":"L\"\\ é"}]}]}"##,
    ),
    ("Things?$apply=concat(identity,identity)&$filter=Color eq 'red'", 501, "NotImplemented"),
    ("Things?$apply=concat(identity,identity)&$filter=Maker eq 'red'", 400, "BadRequest"),
    ("Makers?$apply=join(Things as T)/groupby((T/Color))", 501, "NotImplemented"),
    ("Things?$apply=concat(identity,identity)&$select=Maker", 400, "BadRequest"),
    ("Things?$apply=concat(identity,identity)&$select=Color/a.b", 400, "BadRequest"),
    (
        "$all?$filter=Shop.Thing/Id eq 1 or Shop.Maker/Id eq 1",
        200,
        r##""value":[{"@odata.context":"#Makers/$entity","@odata.type":"#Shop.Maker","Id":1,"Name":"Acme","Since":1920},{"@odata.context":"#Things/$entity","@odata.type":"#Shop.Thing","Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Color":"red","Price":12.50,"Round":true}]}"##,
    ),
    (
        "$all?$filter=Shop.Thing/Id le 2 or Shop.Maker/Id eq 1&$select=Shop.Thing/Size/Width,Shop.Thing/Id,Shop.Maker/Since",
        200,
        r##""value":[{"@odata.context":"#Makers(Since)/$entity","@odata.type":"#Shop.Maker","Since":1920},{"@odata.context":"#Things(Size/Width,Id)/$entity","@odata.type":"#Shop.Thing","Id":1,"Size":{"Width":2}},{"@odata.context":"#Things(Size/Width,Id)/$entity","@odata.type":"#Shop.Thing","Id":2}]}"##,
    ),
    (
        "$all?$filter=Shop.Thing/Id eq 1&$compute=Shop.Thing/Id add 1 as Color",
        200,
        r##""value":[{"@odata.context":"#Things(*,Color)/$entity","@odata.type":"#Shop.Thing","Id":1,"Name":"Ball","Size":{"Width":2,"Height":3},"Tags":["a b",1,null],"Price":12.50,"Round":true,"Color@odata.type":"#Int64","Color":2}]}"##,
    ),
    ("$all?$select=Shop.Thing/Color/a.b", 400, "BadRequest"),
    ("$all?$compute=Shop.Thing/Id add 1 as Color&$select=Color,Shop.Thing/Color", 400, "BadRequest"),
];

/// Parts of answers: URL, media type, part.
const TOLD: &[(&str, &str, &str)] = &[
    ("$metadata?$format=xml", "*/*", r#"<EntityType Name="Thing" OpenType="true">"#),
    ("$metadata?$format=json", "*/*", r#""Thing":{"$Kind":"EntityType","$Key":["Id"],"$OpenType":true"#),
    ("Things?$select=Color,Id", "*/*", "$metadata#Things(Id,Color)\""),
    ("Things?$select=*", "*/*", "$metadata#Things(*)\""),
    ("Things?$apply=concat(identity,identity)", "*/*", "$metadata#Things(Id,Name,*)\""),
    (
        "Things?$apply=concat(identity,identity)&$select=Id,Size/Width",
        "*/*",
        "$metadata#Things(Id,Size/Width)\"",
    ),
    (
        "$all?$select=Shop.Thing/Size/Width&$top=0",
        "*/*",
        "Collection(Edm.EntityType)(Shop.Thing/Size/Width)\"",
    ),
    ("Things?$select=Size/Width,Id", "*/*", "$metadata#Things(Id,Size/Width)\""),
    ("Things(1)/Size/Width", "*/*", "$metadata#Things(1)/Size/Width\",\"value\":2}"),
    ("Things(1)/Size", "*/*", "$metadata#Things(1)/Size\",\"Width\":2"),
    ("Things(1)/Tags/0", "*/*", "$metadata#Things(1)/Tags/0\",\"value\""),
    ("Things(1)/Size", "application/json;odata.metadata=none", r#"{"Width":2,"Height":3}"#),
    (
        "Things(3)",
        "application/json;odata.metadata=full",
        r#""Name":"Bag","Color":5,"Price":"dear","Maker@odata.associationLink""#,
    ),
];

fn world() -> World {
    let jsonb = [&TABLES.replace("attributes json", "attributes jsonb"), FILLED].concat();
    let plain = [TABLES, FILLED].concat();
    // A backslash in a text of MariaDB begins an escape.
    let escaped = [TABLES, &FILLED.replace('\\', "\\\\")].concat();
    World::written([&plain, &jsonb, &escaped], MODEL)
}

#[test]
fn members_of_json_are_properties() {
    let world = world();
    validate(MODEL);
    let mut wrong = [wrong(&world, ROWS), wrong(&world, EXPRESSIONS), wrong(&world, MADE)].concat();
    wrong.extend(wrong_conditions(&world, "Things", CONDITIONS));
    wrong.extend(wrong_parts(&world, TOLD));
    for source in SOURCES {
        let nothing = world.ask(source, "Things(2)?$select=Empty,Color", &[("prefer", "omit-values=nulls")]);
        if !nothing.body.ends_with(r#","Color":"blue"}"#) {
            wrong.push(format!("{source}: {}", nothing.body));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}

#[test]
fn columns_that_hold_no_json_are_said() {
    let model = MODEL.replace("open: more", "open: nothing").replace("open: attributes", "open: id");
    let world = World::modelled(&TABLES.replace("json", "varchar(99)"), &model);
    let rows = [
        "`nothing`: it has no such column",
        "`id`: a part of the key cannot have the properties of an open type",
    ];
    world.says(&world.config(), &rows.map(|words| (words, SOURCES.len())));
    let model = MODEL.replace("open: more", "open: name");
    let world = World::modelled(TABLES, &model);
    let words = "`name`: only a column of JSON can have the properties of an open type";
    world.says(&world.config(), &[(words, 1)]);
}

/// Names that are escaped, or lie in another charset, and numbers beyond those of doubles.
const ODD: &str = r#"
CREATE TABLE things (id int PRIMARY KEY, attributes json);
INSERT INTO things VALUES
    (1, '{"Größe": "L", "Far": 1e400, "Ü": {"ä": 1}}'),
    (2, '{"Gr\u00f6\u00dfe": "S", "Far": -1e400, "\u00dc": {"\u00e4": 2}}'),
    (3, '{"Far": 3}');
"#;

const ODD_CONDITIONS: &[(&str, &[u8])] = &[
    ("Größe eq 'L'", &[1]),
    ("Größe eq 'S'", &[2]),
    ("Größe eq null", &[3]),
    ("Ü/ä gt 0", &[1, 2]),
    ("Far eq 3e0", &[3]),
    ("cast(Far,Edm.Double) gt 1", &[3]),
    ("cast(Far,Edm.Double) eq null", &[1, 2]),
    ("Far eq 3", &[3]),
    ("Far ne null", &[1, 2, 3]),
];

#[test]
fn odd_members_are_found() {
    let jsonb = ODD.replace("attributes json", "attributes jsonb");
    let latin = ODD.replace("attributes json", "attributes longtext character set latin1");
    let model =
        "namespace: Shop\nentities: {Things: {table: things, open: attributes, properties: {Id: id}}}\n";
    let world = World::written([ODD, &jsonb, &latin.replace('\\', "\\\\")], model);
    let mut wrong = Vec::new();
    for source in SOURCES {
        for (condition, expected) in ODD_CONDITIONS {
            let url = ["Things?$select=Id&$orderby=Id&$filter=", condition].concat();
            let ids: Vec<String> = expected.iter().map(|id| format!("{{\"Id\":{id}}}")).collect();
            let told = world.ask(source, &url, &[]);
            if !told.body.ends_with(&format!(",\"value\":[{}]}}", ids.join(","))) {
                wrong.push(format!("{source}: {condition}: {} {}", told.status, told.body));
            }
        }
        for url in
            ["Things?$orderby=Far&$select=Id", "Things?$filter=Far gt 1&$select=Id", "Things?$select=Far"]
        {
            let told = world.ask(source, url, &[]);
            if told.status != 200 {
                wrong.push(format!("{source}: {url}: {} {}", told.status, told.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
