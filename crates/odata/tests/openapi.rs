//! The OpenAPI document of a model with all kinds of types, part by part.

use nextlink_odata::model::{
    ComplexType, ComplexTypeId, Computed, DerivedType, EntitySet, EntitySetId, EntityType, EntityTypeId,
    EnumMember, EnumType, EnumTypeId, Family, Function, MediaType, Model, NavigationProperty, Omitted,
    PrimitiveType, Property, Returns, Stream, Type,
};
use nextlink_odata::openapi::{Login, OpenApiOptions, document, servers};
use serde_json::{Value, json};

fn property(name: &str, ty: Type, nullable: bool) -> Property {
    Property { ty, nullable, ..Property::plain(name, PrimitiveType::Int32) }
}

fn entity_type(
    name: &str,
    keys: usize,
    properties: Vec<Property>,
    navigation: Vec<NavigationProperty>,
) -> EntityType {
    let (name, key) = (name.to_owned(), (0..keys).collect());
    EntityType { name, key, properties, navigation, ..EntityType::default() }
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
        constraints: Vec::new(),
        on_delete: None,
    }
}

fn enumeration(name: &str, flags: bool) -> EnumType {
    let member = |(value, name): (i64, &str)| EnumMember { name: name.to_owned(), value };
    let members = [(1, "Red"), (2, "Blue")].map(member).into();
    EnumType { name: name.to_owned(), flags, members, description: None }
}

fn model() -> Model {
    let primitive = Type::Primitive;
    let (color, marks, spot) =
        (Type::Enum(EnumTypeId(0)), Type::Enum(EnumTypeId(1)), Type::Complex(ComplexTypeId(0)));
    let spots = ComplexType {
        name: "Spot".to_owned(),
        properties: vec![property("X", primitive(PrimitiveType::Int16), true)],
        description: Some("Where it is".to_owned()),
    };
    let part = entity_type(
        "Größe",
        2,
        vec![
            Property {
                max_length: Some(5),
                searchable: true,
                ..property("Länge", primitive(PrimitiveType::String), false)
            },
            property("Color", color, false),
            property("Marks", marks, true),
            property("Spot", spot, true),
            Property { collection: true, ..property("Tags", primitive(PrimitiveType::Guid), true) },
            Property {
                computed: Computed::Always,
                ..property("Twice", primitive(PrimitiveType::Double), true)
            },
        ],
        vec![navigation("Whole", 1, false)],
    );
    let whole = entity_type(
        "Whole",
        1,
        vec![property("Id", primitive(PrimitiveType::Duration), false)],
        vec![navigation("Parts", 0, true)],
    );
    let set = |name: &str, t| EntitySet {
        name: name.to_owned(),
        entity_type: EntityTypeId(t),
        description: None,
        tracked: false,
    };
    Model::new(
        "N.S".to_owned(),
        "C".to_owned(),
        vec![enumeration("Color", false), enumeration("Marks", true)],
        vec![spots],
        vec![part, whole],
        vec![set("Größen", 0), set("Wholes", 1)],
    )
}

fn made(login: Login) -> Value {
    made_of(&model(), login)
}

fn made_of(model: &Model, login: Login) -> Value {
    let options = OpenApiOptions { title: "shop".to_owned(), version: "1.2".to_owned(), login };
    document(model, &options).into()
}

/// Wholes are hulls or, based on them, hulls with a motor; all have pictures and a manual.
fn with_types_below() -> Model {
    let mut model = model();
    let whole = &mut model.entity_types[1];
    let below = |name: &str, base| DerivedType {
        name: name.to_owned(),
        base,
        is_abstract: false,
        media: None,
        description: Some(["A ", name].concat()),
    };
    whole.properties.push(property("Length", Type::Primitive(PrimitiveType::Byte), false));
    whole.navigation.push(navigation("Tug", 1, false));
    whole.family = Some(Box::new(Family {
        is_abstract: true,
        derived: vec![below("Hull", None), below("Motor", Some(0))],
        properties: vec![None, Some(0)],
        navigation: vec![None, Some(1)],
        streams: vec![None, Some(1)],
    }));
    let stream = |name: &str, media_type, nullable| Stream {
        name: name.to_owned(),
        media_type,
        nullable,
        description: None,
    };
    whole.media = Some(stream("", MediaType::Told, false));
    whole.streams.push(stream("Manual", MediaType::Fixed("application/pdf".to_owned()), true));
    whole.streams.push(stream("Sound", MediaType::Fixed("audio/ogg".to_owned()), true));
    model
}

#[test]
fn paths_are_those_of_sets_keys_and_relations() {
    let made = made(Login::None);
    let paths: Vec<&str> = made["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
    let key = "(L%C3%A4nge='{Länge}',Color=N.S.Color'{Color}')";
    let expected = [
        "/".to_owned(),
        "/$metadata".to_owned(),
        "/Gr%C3%B6%C3%9Fen".to_owned(),
        "/Gr%C3%B6%C3%9Fen/$count".to_owned(),
        format!("/Gr%C3%B6%C3%9Fen{key}"),
        format!("/Gr%C3%B6%C3%9Fen{key}/Whole"),
        "/Wholes".to_owned(),
        "/Wholes/$count".to_owned(),
        "/Wholes(duration'{Id}')".to_owned(),
        "/Wholes(duration'{Id}')/Parts/$count".to_owned(),
        "/Wholes(duration'{Id}')/Parts".to_owned(),
    ];
    assert_eq!(paths, expected);
}

#[test]
fn each_part_is_as_it_should_be() {
    let made = made(Login::None);
    let schema = |name: &str| format!("/components/schemas/{name}");
    let part = "N.S.Gr-f6--df-e";
    let in_part = |name: &str| format!("{}/properties/{name}", schema(part));
    let rows: &[(&str, Value)] = &[
        ("/openapi", json!("3.1.0")),
        ("/info/title", json!("shop")),
        ("/info/version", json!("1.2")),
        ("/security", Value::Null),
        (&schema("N.S.Color"), json!({ "title": "Color", "type": "string", "enum": ["Red", "Blue"] })),
        (&format!("{}/pattern", schema("N.S.Marks")), json!("^(0|(Red|Blue)(,(Red|Blue))*)$")),
        (&format!("{}/description", schema("N.S.Spot")), json!("Where it is")),
        (
            &format!("{}/properties/X", schema("N.S.Spot")),
            json!({ "type": ["integer", "null"], "format": "int16", "minimum": -32768, "maximum": 32767 }),
        ),
        (&in_part("Länge"), json!({ "type": "string", "maxLength": 5 })),
        (&in_part("Color"), json!({ "$ref": "#/components/schemas/N.S.Color" })),
        (
            &in_part("Spot"),
            json!({ "anyOf": [{ "$ref": "#/components/schemas/N.S.Spot" }, { "type": "null" }] }),
        ),
        (
            &in_part("Tags"),
            json!({ "type": "array", "items": { "type": ["string", "null"], "format": "uuid" } }),
        ),
        (&format!("{}/readOnly", in_part("Twice")), json!(true)),
        (
            &in_part("Whole"),
            json!({ "anyOf": [{ "$ref": "#/components/schemas/N.S.Whole" }, { "type": "null" }] }),
        ),
        (&format!("{}/properties/Parts@odata.nextLink", schema("N.S.Whole")), json!({ "type": "string" })),
        (
            &format!("/components/parameters/{part}-orderby/schema/items/enum"),
            json!([
                "Länge",
                "Länge desc",
                "Color",
                "Color desc",
                "Marks",
                "Marks desc",
                "Twice",
                "Twice desc"
            ]),
        ),
        (&format!("/components/parameters/{part}-expand/explode"), json!(false)),
        ("/components/parameters/N.S.Whole-expand/schema/items/enum", json!(["Parts"])),
        // Nothing of it is text.
        ("/paths/~1Wholes~1$count/get/parameters", json!([{ "$ref": "#/components/parameters/filter" }])),
        (
            "/paths/~1Gr%C3%B6%C3%9Fen~1$count/get/parameters/1",
            json!({ "$ref": "#/components/parameters/search" }),
        ),
        ("/paths/~1Wholes~1$count/get/operationId", json!("Wholes.count")),
    ];
    for (pointer, expected) in rows {
        assert_eq!(made.pointer(pointer).unwrap_or(&Value::Null), expected, "{pointer}");
    }
}

#[test]
fn the_document_holds_together() {
    let made = made(Login::Required);
    assert_eq!(holds_together(&made), 11);
    assert_eq!(
        made.to_string(),
        self::made(Login::Required).to_string(),
        "the same model makes the same document"
    );
}

/// Every reference leads somewhere, names of components have no letter that they must not have, and operations differ
/// in their name. Gives how many operations there are.
fn holds_together(made: &Value) -> usize {
    let text = made.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap_or_default();
        assert!(made.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
    for (kind, components) in made["components"].as_object().expect("components") {
        for name in components.as_object().expect("components").keys() {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            assert!(name.chars().all(legal), "{kind}: {name}");
        }
    }
    let mut ids: Vec<&str> =
        text.split("\"operationId\":").skip(1).filter_map(|id| id.split('"').nth(1)).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    all
}

#[test]
fn types_below_have_casts_and_streams_have_media_types() {
    let made = made_of(&with_types_below(), Login::None);
    holds_together(&made);
    let paths = made["paths"].as_object().expect("paths").keys();
    let paths: Vec<&str> = paths.map(String::as_str).filter(|path| path.starts_with("/Wholes")).collect();
    let expected = [
        "/Wholes",
        "/Wholes/$count",
        "/Wholes(duration'{Id}')",
        "/Wholes(duration'{Id}')/$value",
        "/Wholes(duration'{Id}')/Manual",
        "/Wholes(duration'{Id}')/Parts/$count",
        "/Wholes(duration'{Id}')/Parts",
        "/Wholes/N.S.Hull",
        "/Wholes/N.S.Hull/$count",
        "/Wholes(duration'{Id}')/N.S.Hull",
        "/Wholes/N.S.Motor",
        "/Wholes/N.S.Motor/$count",
        "/Wholes(duration'{Id}')/N.S.Motor",
        "/Wholes(duration'{Id}')/N.S.Motor/Sound",
        "/Wholes(duration'{Id}')/N.S.Motor/Tug",
    ];
    assert_eq!(paths, expected);
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/N.S.{name}") });
    let of = |path: &str| format!("/paths/~1Wholes{path}/get");
    let content = "responses/200/content";
    let rows: &[(String, Value)] = &[
        ("/components/schemas/N.S.Whole/properties/Length".to_owned(), Value::Null),
        ("/components/schemas/N.S.Motor/allOf/0".to_owned(), schema("Hull")),
        ("/components/schemas/N.S.Hull/allOf/1/properties/Length/format".to_owned(), json!("uint8")),
        ("/components/schemas/N.S.Hull/allOf/1/description".to_owned(), json!("A Hull")),
        // No entity is just a Whole.
        (
            format!("{}/{content}/application~1json/schema/properties/value/items", of("")),
            json!({ "anyOf": [schema("Hull"), schema("Motor")] }),
        ),
        (
            format!("{}/{content}/application~1json/schema", of("(duration'{Id}')~1N.S.Motor")),
            schema("Motor"),
        ),
        ("/components/parameters/N.S.Whole-select/schema/items/enum".to_owned(), json!(["Id"])),
        ("/components/parameters/N.S.Motor-select/schema/items/enum".to_owned(), json!(["Id", "Length"])),
        ("/components/parameters/N.S.Motor-expand/schema/items/enum".to_owned(), json!(["Parts", "Tug"])),
        (format!("{}/{content}", of("(duration'{Id}')~1$value")), json!({ "*/*": {} })),
        (format!("{}/{content}", of("(duration'{Id}')~1Manual")), json!({ "application/pdf": {} })),
        (format!("{}/responses/204/description", of("(duration'{Id}')~1Manual")), json!("There are none.")),
        (format!("{}/responses/204", of("(duration'{Id}')~1$value")), Value::Null),
    ];
    for (pointer, expected) in rows {
        assert_eq!(made.pointer(pointer).unwrap_or(&Value::Null), expected, "{pointer}");
    }
}

/// A function of this name that takes parameters, of which some need not be given.
fn called(
    name: &str,
    takes: &[(&str, PrimitiveType, bool, bool)],
    returns: Returns,
    collection: bool,
) -> Function {
    let parameter = |(name, ty, nullable, _): &(&str, PrimitiveType, bool, bool)| {
        property(name, Type::Primitive(*ty), *nullable)
    };
    Function {
        name: name.to_owned(),
        parameters: takes.iter().map(parameter).collect(),
        defaults: takes.iter().map(|(.., optional)| optional.then_some(Omitted::Unknown)).collect(),
        returns,
        collection,
        bound: None,
        description: None,
    }
}

#[test]
fn calls_say_what_need_not_be_given_and_what_can_be_null() {
    use PrimitiveType::{Binary, Int16, String as Text};
    let mut model = model();
    let value = |ty| Returns::Values(Box::new(property("", ty, false)));
    let (spot, entities) = (value(Type::Complex(ComplexTypeId(0))), Returns::Entities(EntitySetId(1)));
    model.functions = vec![
        called(
            "Find",
            &[("a", Int16, false, false), ("b", Text, false, true), ("c", Binary, true, false)],
            spot,
            true,
        ),
        called("Find", &[("a", Int16, false, false), ("top", Int16, true, true)], entities.clone(), true),
        called("One", &[("top", Int16, true, true)], entities, false),
        called("Text", &[("t", Text, false, false)], value(Type::Primitive(Int16)), true),
    ];
    let made = made_of(&model, Login::None);
    holds_together(&made);
    let paths = made["paths"].as_object().expect("paths").keys();
    let paths: Vec<&str> = paths.map(String::as_str).skip(11).collect();
    assert_eq!(paths, ["/Find(a={a})", "/Find(a={a},top={top})", "/One()", "/Text(t='{t}')"]);
    let find = "/paths/~1Find(a={a})";
    let option = |name: &str, required: bool, what: &str, schema: Value| json!({ "name": name, "in": "query", "description": what, "schema": schema, "required": required });
    let int = json!({ "type": "integer", "format": "int16", "minimum": -32768, "maximum": 32767 });
    let text = |before: &str| json!({ "type": "string", "pattern": format!("^{before}'([^']|'')*'$") });
    let or_null = |schema: Value| json!({ "anyOf": [schema, { "const": "null" }] });
    let rows = [
        (format!("{find}/parameters/0/in"), json!("path")),
        (format!("{find}/parameters/1"), option("b", false, "Need not be given.", text(""))),
        (format!("{find}/parameters/2"), option("c", true, "Can be null.", or_null(text("binary")))),
        (format!("{find}/get/responses/200/description"), json!("The values, in pages.")),
        (
            format!("{find}/get/responses/200/content/application~1json/schema/properties/value/items"),
            json!({ "$ref": "#/components/schemas/N.S.Spot" }),
        ),
        (format!("{find}/get/parameters/1"), json!({ "$ref": "#/components/parameters/orderby" })),
        ("/paths/~1Find(a={a},top={top})/parameters/1/in".to_owned(), json!("path")),
        ("/paths/~1One()/parameters/0".to_owned(), option("@top", false, "Need not be given.", or_null(int))),
        ("/paths/~1One()/get/responses/204/description".to_owned(), json!("There is none.")),
        ("/paths/~1Text(t='{t}')/get/responses/200/description".to_owned(), json!("The values, in pages.")),
    ];
    for (pointer, expected) in rows {
        assert_eq!(made.pointer(&pointer).unwrap_or(&Value::Null), &expected, "{pointer}");
    }
}

#[test]
fn logins_and_servers() {
    let both = json!({ "user": [], "password": [] });
    let rows =
        [(Login::None, Value::Null), (Login::Optional, json!([{}, both])), (Login::Required, json!([both]))];
    for (login, expected) in rows {
        let made = made(login);
        assert_eq!(made.get("security").unwrap_or(&Value::Null), &expected, "{login:?}");
        assert_eq!(made["components"].get("securitySchemes").is_some(), login != Login::None, "{login:?}");
    }
    for (root, expected) in [("http://h/api/odata4/s/", "http://h/api/odata4/s"), ("/s/", "/s")] {
        assert_eq!(servers(root), json!([{ "url": expected }]));
    }
}
