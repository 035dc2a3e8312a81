//! Enumerations, complex values and collections in JSON: cells in, text out (JSON Format 4.01 section 7).

use std::sync::Arc;

use nextlink_odata::bind::{BindLimits, Request, bind};
use nextlink_odata::context::fragment;
use nextlink_odata::json::{Format, PageEnd, PageLimits, PageOutput, PageWriter, Shape};
use nextlink_odata::layout::Layout;
use nextlink_odata::model::{
    ComplexType, ComplexTypeId, EntitySet, EntitySetId, EntityType, EntityTypeId, EnumMember, EnumType,
    EnumTypeId, Model, NavigationProperty, PrimitiveType, Property, Type,
};
use nextlink_odata::query::Query;
use nextlink_odata::rows::{Flow, RowSink};
use nextlink_odata::url;
use nextlink_odata::version::{MetadataLevel, Version};

const INT32: Type = Type::Primitive(PrimitiveType::Int32);
const INT64: Type = Type::Primitive(PrimitiveType::Int64);
const TEXT: Type = Type::Primitive(PrimitiveType::String);
const COLOR: Type = Type::Enum(EnumTypeId(0));
const RIGHTS: Type = Type::Enum(EnumTypeId(1));
const CITY: Type = Type::Complex(ComplexTypeId(0));
const ADDRESS: Type = Type::Complex(ComplexTypeId(1));

fn one(name: &str, ty: Type) -> Property {
    Property { ty, nullable: true, ..Property::plain(name, PrimitiveType::Int32) }
}

fn many(name: &str, ty: Type) -> Property {
    Property { collection: true, ..one(name, ty) }
}

fn enumeration(name: &str, flags: bool, members: &[(&str, i64)]) -> EnumType {
    let member = |(name, value): &(&str, i64)| EnumMember { name: (*name).to_owned(), value: *value };
    EnumType {
        name: name.to_owned(),
        flags,
        members: members.iter().map(member).collect(),
        description: None,
    }
}

fn entity(name: &str, key: &[usize], properties: Vec<Property>) -> EntityType {
    EntityType { name: name.to_owned(), key: key.to_vec(), properties, ..EntityType::default() }
}

fn navigation(name: &str, target: usize, collection: bool) -> NavigationProperty {
    NavigationProperty {
        name: name.to_owned(),
        target: EntityTypeId(target),
        target_set: EntitySetId(target),
        collection,
        nullable: true,
        vouched: true,
        partner: None,
        constraints: vec![],
        on_delete: None,
    }
}

/// Things with a value of each kind, and paints whose key is made of enumerations.
fn model() -> Model {
    let color = enumeration("Färbe", false, &[("Red", 0), ("Blue", 1)]);
    let rights = enumeration("Rights", true, &[("Read", 1), ("Write", 2)]);
    let complex =
        |name: &str, properties| ComplexType { name: name.to_owned(), properties, description: None };
    let city = complex("City", vec![one("Name", TEXT), one("People", INT64)]);
    let address = complex(
        "Address",
        vec![one("Street", TEXT), one("City", CITY), many("Lines", TEXT), one("Color", COLOR)],
    );
    let mut thing = entity(
        "Thing",
        &[0],
        vec![
            one("Id", INT32),
            one("Color", COLOR),
            one("Rights", RIGHTS),
            many("Tags", INT64),
            one("Home", ADDRESS),
            many("Cities", CITY),
            one("End", INT32),
        ],
    );
    thing.navigation = vec![navigation("Next", 0, false), navigation("Parts", 0, true)];
    let paint = entity("Paint", &[0, 1], vec![one("Color", COLOR), one("Rights", RIGHTS)]);
    let set = |name: &str, i| EntitySet {
        name: name.to_owned(),
        entity_type: EntityTypeId(i),
        description: None,
        tracked: false,
    };
    Model::new(
        "Ns".to_owned(),
        "Container".to_owned(),
        vec![color, rights],
        vec![city, address],
        vec![thing, paint],
        vec![set("Things", 0), set("Paints", 1)],
    )
}

#[derive(Default)]
struct Page(Vec<u8>);

impl PageOutput for Page {
    fn count(&mut self, _: u64) {}
    fn bytes(&mut self, chunk: &mut Vec<u8>) -> Flow {
        self.0.append(chunk);
        Flow::Continue
    }
    fn page(&mut self, _: PageEnd) -> Flow {
        Flow::Continue
    }
}

fn query(model: &Model, text: &str) -> Query {
    let url = url::parse(text).expect("a URL");
    match bind(model, &url, BindLimits::default(), "") {
        Ok(Request::Query(query)) => *query,
        other => panic!("{text}: {other:?}"),
    }
}

/// Pushes rows written as words: `[` and `]` open and close, `-` is null, a number is one, other words are text, `''`
/// is no text at all, `;` ends a row, `1:0;` ends a row of level 1 with parent 0. A last row needs no end.
fn push(sink: &mut impl RowSink, rows: &str, nested: bool) {
    for row in rows.split(';') {
        let (node, row) = match row.trim().split_once(": ") {
            Some((node, row)) => (node.parse().expect("a level"), row),
            None => (0, row),
        };
        assert!(sink.begin_row(node, 0), "the row is wanted");
        for word in row.split_whitespace() {
            match (word, word.parse::<i64>()) {
                ("[", _) => sink.open(),
                ("]", _) => sink.close(),
                ("-", _) => sink.null(),
                ("''", _) => sink.string(""),
                (_, Ok(number)) => sink.integer(number),
                (text, Err(_)) if text.len() % 2 == 0 => assert!(sink.string_bytes(text.as_bytes())),
                (text, Err(_)) => sink.string(text),
            }
        }
        assert_eq!(sink.end_row(), Flow::Continue);
    }
    if nested {
        assert_eq!(sink.end_batch(1), Flow::Continue);
    }
}

fn written(text: &str, format: Format, rows: &str) -> String {
    let model = model();
    let query = query(&model, text);
    let layout = Layout::of(&model, &query, Shape::needs(&query, format));
    let shape = Shape::new(&model, &query, &layout, format, "");
    let limits = PageLimits { rows: 100, bytes: usize::MAX, batch_bytes: usize::MAX, total: u64::MAX };
    let mut writer = PageWriter::new(Arc::new(shape), limits, Page::default());
    push(&mut writer, rows, layout.nodes.len() > 1);
    String::from_utf8(writer.finish().0).expect("UTF-8")
}

const MINIMAL: Format = Format {
    version: Version::V40,
    metadata: MetadataLevel::Minimal,
    ieee754_compatible: false,
    omit_nulls: false,
};

/// All properties of a thing: the color, the rights, tags, home, cities, end.
const FULL_ROW: &str = "1 Red Read,Write [ 1 2 - ] [ Street [ Bonn 9 ] [ a - ] Blue ] [ [ Ulm - ] - ] 7";
/// The same with as little as there can be.
const EMPTY_ROW: &str = "1 - - - - - -";

#[test]
fn values() {
    for (select, cells, expected) in [
        ("Color", "Red", r#""Color":"Red""#),
        ("Color", "-", r#""Color":null"#),
        ("Rights", "Write", r#""Rights":"Write""#),
        ("Rights", "''", r#""Rights":"0""#),
        ("Rights", "-", r#""Rights":null"#),
        ("Tags", "[ 1 2 - 3 ]", r#""Tags":[1,2,null,3]"#),
        ("Tags", "[ ]", r#""Tags":[]"#),
        // An array that is not there is an empty collection.
        ("Tags", "-", r#""Tags":[]"#),
        (
            "Home",
            "[ Street [ Bonn 9 ] [ a - ] Blue ]",
            r#""Home":{"Street":"Street","City":{"Name":"Bonn","People":9},"Lines":["a",null],"Color":"Blue"}"#,
        ),
        ("Home", "[ - - - - ]", r#""Home":{"Street":null,"City":null,"Lines":[],"Color":null}"#),
        ("Home", "-", r#""Home":null"#),
        (
            "Cities",
            "[ [ Ulm 1 ] [ Bonn 2 ] ]",
            r#""Cities":[{"Name":"Ulm","People":1},{"Name":"Bonn","People":2}]"#,
        ),
        ("Cities", "[ - [ - - ] ]", r#""Cities":[null,{"Name":null,"People":null}]"#),
        ("Tags,End", "[ 1 ] 7", r#""Tags":[1],"End":7"#),
        ("Tags,End", "- 7", r#""Tags":[],"End":7"#),
        (
            "Home,End",
            "[ - [ - - ] - - ] 7",
            r#""Home":{"Street":null,"City":{"Name":null,"People":null},"Lines":[],"Color":null},"End":7"#,
        ),
        // A driver that gives too much, or another kind of value than was asked for, makes no broken JSON.
        (
            "Home,End",
            "[ - - - - 1 2 ] 7",
            r#""Home":{"Street":null,"City":null,"Lines":[],"Color":null},"End":7"#,
        ),
        ("Color,End", "[ 1 [ 2 ] ] 7", r#""Color":null,"End":7"#),
        ("Tags,End", "[ [ 5 ] 6 ] 7", r#""Tags":[null,6],"End":7"#),
        ("Tags,End", "5 7", r#""Tags":5,"End":7"#),
        ("Tags,End", "[ 1 ] ] 7", r#""Tags":[1],"End":7"#),
    ] {
        let (text, row) = (format!("Things?$select=Id,{select}"), format!("1 {cells}"));
        assert_eq!(written(&text, MINIMAL, &row), format!("{{\"Id\":1,{expected}}}"), "{select} of {cells}");
    }
}

#[test]
fn formats() {
    let full = Format { metadata: MetadataLevel::Full, ..MINIMAL };
    let new = Format { version: Version::V401, ..full };
    let omit = Format { omit_nulls: true, ..MINIMAL };
    let ieee = Format { ieee754_compatible: true, ..MINIMAL };
    for (format, cells, expected) in [
        (
            MINIMAL,
            FULL_ROW,
            r#"{"Id":1,"Color":"Red","Rights":"Read,Write","Tags":[1,2,null],"Home":{"Street":"Street","City":{"Name":"Bonn","People":9},"Lines":["a",null],"Color":"Blue"},"Cities":[{"Name":"Ulm","People":null},null],"End":7}"#,
        ),
        (
            ieee,
            FULL_ROW,
            r#"{"Id":1,"Color":"Red","Rights":"Read,Write","Tags":["1","2",null],"Home":{"Street":"Street","City":{"Name":"Bonn","People":"9"},"Lines":["a",null],"Color":"Blue"},"Cities":[{"Name":"Ulm","People":null},null],"End":7}"#,
        ),
        (
            omit,
            FULL_ROW,
            r#"{"Id":1,"Color":"Red","Rights":"Read,Write","Tags":[1,2,null],"Home":{"Street":"Street","City":{"Name":"Bonn","People":9},"Lines":["a",null],"Color":"Blue"},"Cities":[{"Name":"Ulm"},null],"End":7}"#,
        ),
        (
            MINIMAL,
            EMPTY_ROW,
            r#"{"Id":1,"Color":null,"Rights":null,"Tags":[],"Home":null,"Cities":[],"End":null}"#,
        ),
        (omit, EMPTY_ROW, r#"{"Id":1,"Tags":[],"Cities":[]}"#),
        (
            full,
            &format!("1 {FULL_ROW}"),
            r##"{"@odata.type":"#Ns.Thing","@odata.id":"Things(1)","@odata.readLink":"Things(1)","Id@odata.type":"#Int32","Id":1,"Color@odata.type":"#Ns.Färbe","Color":"Red","Rights@odata.type":"#Ns.Rights","Rights":"Read,Write","Tags@odata.type":"#Collection(Int64)","Tags":[1,2,null],"Home":{"@odata.type":"#Ns.Address","Street":"Street","City":{"@odata.type":"#Ns.City","Name":"Bonn","People@odata.type":"#Int64","People":9},"Lines@odata.type":"#Collection(String)","Lines":["a",null],"Color@odata.type":"#Ns.Färbe","Color":"Blue"},"Cities@odata.type":"#Collection(Ns.City)","Cities":[{"@odata.type":"#Ns.City","Name":"Ulm","People@odata.type":"#Int64","People":null},null],"End@odata.type":"#Int32","End":7,"Next@odata.associationLink":"Things(1)/Next/$ref","Next@odata.navigationLink":"Things(1)/Next","Parts@odata.associationLink":"Things(1)/Parts/$ref","Parts@odata.navigationLink":"Things(1)/Parts"}"##,
        ),
        (
            new,
            &format!("1 {EMPTY_ROW}"),
            r##"{"@type":"#Ns.Thing","@id":"Things(1)","@readLink":"Things(1)","Id@type":"Int32","Id":1,"Color@type":"#Ns.Färbe","Color":null,"Rights@type":"#Ns.Rights","Rights":null,"Tags@type":"#Collection(Int64)","Tags":[],"Home":null,"Cities@type":"#Collection(Ns.City)","Cities":[],"End@type":"Int32","End":null,"Next@associationLink":"Things(1)/Next/$ref","Next@navigationLink":"Things(1)/Next","Parts@associationLink":"Things(1)/Parts/$ref","Parts@navigationLink":"Things(1)/Parts"}"##,
        ),
    ] {
        assert_eq!(written("Things", format, cells), expected, "{format:?}");
    }
}

#[test]
fn related_entities() {
    let next = "Things?$select=Id&$expand=Next($select=Tags,Home)";
    let parts = "Things?$select=Id&$expand=Parts($select=Tags,Home)";
    for (text, rows, expected) in [
        (
            next,
            "1 5 5 [ 1 ] [ - - - - ]",
            r#"{"Id":1,"Next":{"@odata.id":"Things(5)","Tags":[1],"Home":{"Street":null,"City":null,"Lines":[],"Color":null}}}"#,
        ),
        // Of an entity that is not there nothing is written, whatever its cells hold.
        (next, "1 - - - -; 2 - 5 [ 1 ] [ 2 ]", r#"{"Id":1,"Next":null},{"Id":2,"Next":null}"#),
        (
            parts,
            "1 1; 1: 2 [ 1 2 ] -; 1: 3 - [ - - [ x ] - ]",
            r#"{"Id":1,"Parts":[{"@odata.id":"Things(2)","Tags":[1,2],"Home":null},{"@odata.id":"Things(3)","Tags":[],"Home":{"Street":null,"City":null,"Lines":["x"],"Color":null}}]}"#,
        ),
    ] {
        assert_eq!(written(text, MINIMAL, rows), expected, "{text} with {rows}");
    }
}

#[test]
fn identifiers_of_enumerations() {
    let full = Format { metadata: MetadataLevel::Full, ..MINIMAL };
    for (cells, id) in [
        ("Red Read,Write Red Read,Write", "Paints(Color=Ns.F%C3%A4rbe'Red',Rights=Ns.Rights'Read,Write')"),
        ("Blue '' Blue ''", "Paints(Color=Ns.F%C3%A4rbe'Blue',Rights=Ns.Rights'0')"),
    ] {
        let found = written("Paints?$select=Color,Rights", full, cells);
        assert!(found.contains(&format!("\"@odata.id\":\"{id}\"")), "{id}: {found}");
        // The identifier leads back to the entity.
        let decoded = id.replace("%C3%A4", "ä");
        let model = model();
        assert_eq!(query(&model, &decoded).steps.len(), 1, "{id}");
    }
}

#[test]
fn properties_alone() {
    for (text, cells, context, expected) in [
        ("Things(1)/Tags", "[ 1 - ]", "Things(1)/Tags", "[1,null]"),
        ("Things(1)/Tags", "-", "Things(1)/Tags", "[]"),
        ("Things(1)/Rights", "''", "Things(1)/Rights", r#""0""#),
        ("Things(1)/Home/City", "[ Ulm 5 ]", "Things(1)/Home/City", r#"{"Name":"Ulm","People":5}"#),
        ("Things(1)/Home/Ns.Address/City/Name", "Ulm", "Things(1)/Home/City/Name", r#""Ulm""#),
        ("Things(1)/Home/City", "-", "Things(1)/Home/City", "null"),
        ("Things(1)/Home/Lines", "[ a b ]", "Things(1)/Home/Lines", r#"["a","b"]"#),
        ("Things(1)/Cities", "[ [ Ulm 5 ] ]", "Things(1)/Cities", r#"[{"Name":"Ulm","People":5}]"#),
    ] {
        let omit = Format { omit_nulls: true, ..MINIMAL };
        for format in [MINIMAL, omit] {
            assert_eq!(written(text, format, cells), expected, "{text} of {cells}");
        }
        let model = model();
        assert_eq!(fragment(&model, &query(&model, text), "Things(1)", Version::V40), context, "{text}");
    }
}
