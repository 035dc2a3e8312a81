//! Every metadata document is valid by the schemas of the standard, in XML and in JSON.

mod common;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use boon::{Compiler, Schemas};
use nextlink_odata::csdl::{self, CsdlOptions};
use nextlink_odata::model::{Bound, EntitySetId, Function, Model, Omitted, PrimitiveType, Property, Returns};
use nextlink_odata::value::Value as Constant;
use nextlink_odata::version::Version;
use nextlink_sql::catalog::{Catalog, CatalogComposite, CatalogEnum, Column, ColumnType, Table, TableKind};
use nextlink_sql::mapping::{Case, ModelOptions, build, build_for};
use nextlink_sql::shape::Shape;
use serde_json::Value;

/// Checks a document with `xmllint`, and says which package has it where it is missing.
///
/// libxml2 takes ideographs (U+4E00 and on) and Hangul syllables for no letters, so names here have none.
fn validate_xml(name: &str, schemas: &Path, xml: &str) {
    let child = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schemas.join("edmx.xsd"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("`xmllint` runs: it is in the Debian package libxml2-utils");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(xml.as_bytes()).expect("xmllint reads");
    drop(stdin);
    let output = child.wait_with_output().expect("xmllint ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} is not valid: {said}\n{xml}");
}

/// Checks a document against the JSON schema. The length of names is bounded in there by patterns that no
/// regular expression engine likes; the test of names looks at it instead.
fn validate_json(name: &str, schemas: &Path, json: &str) {
    let text =
        std::fs::read_to_string(schemas.join("csdl.schema.json")).expect("the schema is beside the other");
    let schema: Value = serde_json::from_str(&text.replace("{0,127}", "*")).expect("the schema is JSON");
    let (mut all, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("csdl.json", schema).expect("the schema is a schema");
    let index = compiler.compile("csdl.json", &mut all).expect("the schema compiles");
    let document: Value = serde_json::from_str(json).expect("the document is JSON");
    if let Err(error) = all.validate(&document, index) {
        panic!("{name} is not valid: {error:#}\n{json}");
    }
}

fn validate(name: &str, model: &Model) {
    let schemas = common::shared().join("conformance/schemas");
    if !schemas.is_dir() {
        println!("skipped: {} is absent", schemas.display());
        return;
    }
    for version in [Version::V40, Version::V401] {
        let options = CsdlOptions { version, ..CsdlOptions::default() };
        let name = format!("{name} in {}", version.as_str());
        validate_xml(&name, &schemas, &csdl::xml(model, &options));
    }
    validate_json(name, &schemas, &csdl::json(model, &CsdlOptions::default()));
}

#[test]
fn a_wrong_document_is_refused() {
    let schemas = common::shared().join("conformance/schemas");
    if !schemas.is_dir() {
        println!("skipped: {} is absent", schemas.display());
        return;
    }
    let refused = |f: fn(&Path)| {
        let schemas = schemas.clone();
        std::panic::catch_unwind(move || f(&schemas)).is_err()
    };
    assert!(refused(|s| validate_xml("wrong", s, "<Edmx/>")));
    assert!(refused(|s| validate_json("wrong", s, r#"{"$Version":"4.01","a b":{}}"#)));
}

#[test]
fn samples() {
    for name in common::SAMPLES {
        let Some(conn) = common::sample(name) else {
            continue;
        };
        for case in [Case::AsIs, Case::Pascal] {
            let options = ModelOptions { case, plural_sets: case == Case::Pascal, ..ModelOptions::default() };
            let (mapping, _) = common::model(&conn, &options);
            validate(name, &mapping.model);
        }
    }
}

/// Types that SQLite has not, as other databases tell of them.
#[test]
fn enumerations_composite_types_and_arrays() {
    let column = |name: &str, ty: ColumnType| Column {
        max_length: Some(20),
        precision: Some(6),
        scale: Some(2),
        binary_collation: true,
        comment: Some("A column".to_owned()),
        ..Column::plain(name.to_owned(), ty)
    };
    let array = |item| ColumnType::Array(Box::new(item));
    let enumeration = |name: &str, flags| CatalogEnum {
        schema: None,
        name: name.to_owned(),
        labels: (0..40).map(|i| format!("Größe{i}")).collect(),
        flags,
        comment: Some("An enumeration".to_owned()),
    };
    let composite = |name: &str, columns| CatalogComposite {
        schema: None,
        name: name.to_owned(),
        columns,
        comment: Some("A type".to_owned()),
    };
    let all = || PrimitiveType::ALL.into_iter().chain(PrimitiveType::shapes());
    let primitives = || all().map(ColumnType::Primitive);
    let mut columns = vec![
        Column { nullable: false, ..column("color", ColumnType::Enum(0)) },
        Column {
            default_value: Some("Größe1,Größe2".to_owned()), ..column("rights", ColumnType::Enum(1))
        },
        column("colors", array(ColumnType::Enum(0))),
        column("home", ColumnType::Composite(1)),
        column("homes", array(ColumnType::Composite(1))),
    ];
    columns.extend(primitives().map(|ty| column(&format!("{ty:?}s"), array(ty))));
    let table = Table {
        schema: None,
        name: "things".to_owned(),
        kind: TableKind::Table,
        select: None,
        columns,
        system: Vec::new(),
        primary_key: vec![0],
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        comment: None,
    };
    let catalog = Catalog {
        tables: vec![table],
        enums: vec![enumeration("color", false), enumeration("rights", true)],
        composites: vec![
            composite("parts", primitives().map(|ty| column(&format!("{ty:?}"), ty)).collect()),
            composite(
                "address",
                vec![column("parts", ColumnType::Composite(0)), column("color", ColumnType::Enum(0))],
            ),
        ],
        ..Catalog::default()
    };
    let (mapping, notices) = build(&catalog, &ModelOptions::default());
    assert_eq!(notices, []);
    validate("types", &mapping.model);
}

#[test]
fn functions() {
    let mut types = Vec::new();
    for primitive in PrimitiveType::ALL {
        types.push(Property::plain(primitive.name().trim_start_matches("Edm."), primitive));
    }
    let conn = common::database("CREATE TABLE a (id INTEGER PRIMARY KEY);");
    let (catalog, _) = common::catalog(&conn);
    let (mut mapping, _) = build(&catalog, &ModelOptions::default());
    let function = |name: &str, parameters: Vec<Property>, description: Option<&str>| Function {
        name: name.to_owned(),
        defaults: vec![None; parameters.len()],
        parameters,
        returns: Returns::Entities(EntitySetId(0)),
        collection: true,
        bound: None,
        description: description.map(str::to_owned),
    };
    let key = Property::plain("id", PrimitiveType::Int64);
    let loose = Property { nullable: true, ..Property::plain("loose", PrimitiveType::Decimal) };
    let bound = Some(Bound { set: EntitySetId(0), collection: false, keys: vec![Some(0), None] });
    mapping.model.functions = vec![
        function("All", types, Some("Of all types")),
        function("None", Vec::new(), None),
        Function { collection: false, ..function("One", vec![loose.clone()], None) },
        Function {
            returns: Returns::Values(Box::new(loose.clone())),
            ..function("Values", Vec::new(), None)
        },
        Function {
            collection: false,
            returns: Returns::Values(Box::new(Property::plain("value", PrimitiveType::String))),
            ..function("Text", Vec::new(), None)
        },
        Function {
            bound: Some(Bound { set: EntitySetId(0), collection: true, keys: vec![None] }),
            defaults: vec![Some(Omitted::Value(Constant::Null))],
            ..function("Together", vec![loose.clone()], None)
        },
        Function {
            defaults: vec![None, Some(Omitted::Value(Constant::Integer(5)))],
            parameters: vec![
                Property::plain("first", PrimitiveType::Date),
                Property {
                    default_value: Some("5".to_owned()),
                    ..Property::plain("then", PrimitiveType::Int32)
                },
            ],
            ..function("One", Vec::new(), None)
        },
        Function { bound, ..function("Bound", vec![key, loose], Some("On an entity")) },
    ];
    validate("functions", &mapping.model);
}

#[test]
fn odd_databases() {
    for odd in common::odd::ODD {
        let (mapping, _) = common::model(&common::database(odd.script), &ModelOptions::default());
        validate(odd.name, &mapping.model);
    }
}

/// What only model files say.
#[test]
fn model_files() {
    let script = "CREATE TABLE company (id INTEGER PRIMARY KEY, name TEXT NOT NULL, boss INTEGER REFERENCES people (id));
        CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20), pay DECIMAL(9, 2), kind TEXT NOT NULL,
        photo BLOB, speech BLOB);";
    for text in [
        "singletons: {Company: {table: company, description: We}, First: {of: people, row: {id: 1}}}",
        "typeDefinitions: {Money: {underlying: Edm.Decimal, precision: 9, scale: 2, description: Euros}, Name: {underlying: Edm.String, \
         maxLength: 30}}\nentities: {people: {properties: {pay: {type: Money}, name: {type: Name}}}}",
        "entities: {people: {abstract: true, derived: {A: {abstract: true, description: All}, B: {base: A, when: {kind: b}, properties: \
         {pay: pay}, navigation: {Firm: {target: company, on: {id: boss}, collection: true}}}}}}",
        "entities: {people: {etag: [pay, kind]}, company: {etag: boss}}",
        "vocabularies: {UI: {namespace: com.sap.vocabularies.UI.v1, url: 'https://sap.example/UI.xml'}}\nnamespace: N\ncontainer: C\n\
         annotations: {C: {'@Core.LongDescription': All}, C/people: {'@UI.LineItem#q': [{'@type': UI.DataField, Value: {$Path: name}, \
         '@UI.Hidden': {$If: [{$And: [{$Not: true}, {$Le: [{$Path: pay}, 1.5]}]}, {$Apply: [a, {$UrlRef: b}], $Function: odata.concat}, null]}}]}, \
         people: {'@UI.Facets': [{'@type': UI.ReferenceFacet, Target: {$AnnotationPath: '@UI.LineItem#q'}, D: {$Date: '2024-01-31'}}], \
         '@Core.AlternateKeys': [{Key: [{Name: {$PropertyPath: name}, Alias: n}]}], '@Measures.Scale': 2, '@UI.Sizes': [1, 2.5, true, x, null, 1.0e300]}, \
         people/name: {'@UI.TextArrangement': {$EnumMember: UI.TextArrangementType/TextOnly}, '@Core.Tags': [[1], []]}}",
        "entities: {people: {derived: {A: {when: {kind: a}, media: {column: photo, type: image/png}}, B: {base: A, when: {kind: b}, \
         properties: {speech: {type: Edm.Stream, contentType: {column: name}}}}}}}",
        "namespace: N\nannotations: {N.people: {'@Core.Example#a': {Value: 1}}}\ncomplexTypes: {Card: {annotations: {'@Core.LongDescription': x}}}\n\
         entities: {people: {annotations: {'@Core.LongDescription': All}, derived: {A: {when: {kind: a}, annotations: {'@Core.Tags': [x]}, \
         properties: {photo: {type: Edm.Stream, annotations: {'@Core.LongDescription': y}}, card: {type: Card, columns: {n: {column: name, \
         annotations: {'@Core.LongDescription': z}}}, annotations: {'@Measures.Scale': 2}}}, navigation: {Firm: {target: company, on: {id: boss}, \
         annotations: {'@Core.Example': {Value: null}}}}}}}}",
    ] {
        let shape = Shape::parse(text).expect("the file is right");
        let options = ModelOptions { shape, ..ModelOptions::default() };
        let (mapping, notices) = common::model(&common::database(script), &options);
        assert_eq!(notices, Vec::<String>::new(), "{text}");
        validate(text, &mapping.model);
    }
}

/// What each login sees of it is a model of its own.
#[test]
fn readers() {
    let conn = common::database(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x INTEGER, y TEXT, z TEXT, kind TEXT, photo BLOB, up INTEGER REFERENCES a (id));
         CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a (id), x TEXT);
         CREATE TABLE ab (a INTEGER REFERENCES a (id), b INTEGER REFERENCES b (id), PRIMARY KEY (a, b)) STRICT;
         INSERT INTO a VALUES (1, 1, 'l', 'z', 'k', x'00', NULL); INSERT INTO b VALUES (1, 1, 'x');",
    );
    let model = "
        entities:
          A:
            table: a
            readers: [ann, bob, cy]
            etag: [x]
            properties:
              X: {column: x, readers: [bob]}
              Y: {column: y, type: E, readers: [ann]}
              Z: {type: C, columns: {Z: z}, readers: [ann]}
              Photo: {column: photo, type: Edm.Stream, readers: [ann]}
            derived: {K: {when: {kind: k}, properties: {Up: {column: up, readers: [ann]}}}}
            annotations: {'@UI.Label': {$Path: X}}
          B: {table: b, readers: [bob, cy]}
          AB: {table: ab, readers: [bob]}
        singletons: {One: {of: A, row: {id: 1}, readers: [ann]}}
        vocabularies: {UI: {namespace: an.ui, url: https://example.org/ui.xml}}
        enumerations: {E: {members: {L: l}}}
        ";
    let (catalog, _) = common::catalog(&conn);
    let options =
        ModelOptions { shape: Shape::parse(model).expect("a model file"), ..ModelOptions::default() };
    let (all, _) = build(&catalog, &options);
    assert!(all.lost.is_empty(), "{:?}", all.lost);
    validate("all", &all.model);
    for (login, sets) in [("ann", 1), ("bob", 3), ("cy", 2), ("dan", 0)] {
        let shape = options.shape.seen_by(Some(login));
        let mapping = build_for(&catalog, &ModelOptions { shape, ..options.clone() }, &all);
        assert_eq!(mapping.model.entity_sets.len(), sets, "{login}");
        let vocabularies = mapping.model.vocabularies.len();
        assert_eq!(
            vocabularies,
            usize::from(login == "bob"),
            "only those of annotations that are told: {login}"
        );
        validate(login, &mapping.model);
    }
}
