//! Metadata and service documents, word by word (CSDL XML and JSON 4.01; OData 4.01 JSON section 5).

use nextlink_odata::csdl::{self, CsdlOptions};
use nextlink_odata::model::{
    ComplexType, ComplexTypeId, Computed, DerivedType, EntitySet, EntitySetId, EntityType, EntityTypeId,
    EnumMember, EnumType, EnumTypeId, Family, Model, NavigationProperty, OnDelete, PrimitiveType, Property,
    Type,
};
use nextlink_odata::service;
use nextlink_odata::version::{MetadataLevel, Version};
use serde_json::{Value, json};

fn property(name: &str, primitive: PrimitiveType) -> Property {
    let searchable = primitive == PrimitiveType::String;
    Property { nullable: true, searchable, ..Property::plain(name, primitive) }
}

fn navigation(name: &str, target: usize, collection: bool) -> NavigationProperty {
    NavigationProperty {
        name: name.to_owned(),
        target: EntityTypeId(target),
        target_set: EntitySetId(target),
        collection,
        nullable: false,
        vouched: true,
        partner: Some(0),
        constraints: Vec::new(),
        on_delete: None,
    }
}

fn model() -> Model {
    let key = |name: &str, primitive| Property { nullable: false, ..property(name, primitive) };
    let order = EntityType {
        name: "Order".to_owned(),
        key: vec![0],
        properties: vec![
            Property { computed: Computed::Default, ..key("ID", PrimitiveType::Int64) },
            key("Customer_ID", PrimitiveType::String),
        ],
        navigation: vec![NavigationProperty {
            constraints: vec![(1, 0)],
            ..navigation("Customer", 1, false)
        }],
        description: Some("Orders of <all> \"kinds\"\u{1}".to_owned()),
        ..EntityType::default()
    };
    let customer = EntityType {
        name: "Kunde_ä".to_owned(),
        key: vec![0],
        properties: vec![Property { max_length: Some(5), ..key("ID", PrimitiveType::String) }],
        navigation: vec![NavigationProperty {
            on_delete: Some(OnDelete::Cascade),
            ..navigation("Orders", 0, true)
        }],
        ..EntityType::default()
    };
    let set = |name: &str, t| EntitySet {
        name: name.to_owned(),
        entity_type: EntityTypeId(t),
        description: None,
        tracked: false,
    };
    let sets = vec![set("Orders", 0), set("Kunden_ä", 1)];
    Model::new(
        "Shop.V1".to_owned(),
        "Container".to_owned(),
        Vec::new(),
        Vec::new(),
        vec![order, customer],
        sets,
    )
}

/// A model of one set with the given properties behind its key.
fn one(properties: Vec<Property>) -> Model {
    let mut all = vec![Property { nullable: false, ..property("ID", PrimitiveType::Int32) }];
    all.extend(properties);
    let t = EntityType { name: "T".to_owned(), key: vec![0], properties: all, ..EntityType::default() };
    let set =
        EntitySet { name: "T".to_owned(), entity_type: EntityTypeId(0), description: None, tracked: false };
    Model::new("N".to_owned(), "C".to_owned(), Vec::new(), Vec::new(), vec![t], vec![set])
}

fn xml(model: &Model, version: Version) -> String {
    let options = CsdlOptions { version, vocabulary_base: "/v/".to_owned() };
    let document = csdl::xml(model, &options);
    document.lines().map(str::trim_start).collect()
}

#[test]
fn xml_document() {
    let capabilities = |expandable: bool| {
        let record = |term: &str, property: &str, value: bool| {
            format!(
                "<Annotation Term=\"Org.OData.Capabilities.V1.{term}\"><Record>\
                 <PropertyValue Property=\"{property}\" Bool=\"{value}\"/></Record></Annotation>"
            )
        };
        let flag =
            |term: &str| format!("<Annotation Term=\"Org.OData.Capabilities.V1.{term}\" Bool=\"true\"/>");
        [
            record("InsertRestrictions", "Insertable", false),
            record("UpdateRestrictions", "Updatable", false),
            record("DeleteRestrictions", "Deletable", false),
            record("FilterRestrictions", "Filterable", true),
            record("SortRestrictions", "Sortable", true),
            record("ExpandRestrictions", "Expandable", expandable),
            record("SearchRestrictions", "Searchable", true),
            record("CountRestrictions", "Countable", true),
            flag("TopSupported"),
            flag("SkipSupported"),
        ]
        .concat()
    };
    for (version, number) in [(Version::V40, "4.0"), (Version::V401, "4.01")] {
        let expected = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            &format!(
                "<edmx:Edmx Version=\"{number}\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">"
            ),
            "<edmx:Reference Uri=\"/v/Org.OData.Core.V1.xml\">",
            "<edmx:Include Namespace=\"Org.OData.Core.V1\"/></edmx:Reference>",
            "<edmx:Reference Uri=\"/v/Org.OData.Capabilities.V1.xml\">",
            "<edmx:Include Namespace=\"Org.OData.Capabilities.V1\"/></edmx:Reference>",
            "<edmx:DataServices>",
            "<Schema Namespace=\"Shop.V1\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">",
            "<EntityType Name=\"Order\"><Key><PropertyRef Name=\"ID\"/></Key>",
            "<Property Name=\"ID\" Type=\"Edm.Int64\" Nullable=\"false\">",
            "<Annotation Term=\"Org.OData.Core.V1.ComputedDefaultValue\" Bool=\"true\"/></Property>",
            "<Property Name=\"Customer_ID\" Type=\"Edm.String\" Nullable=\"false\"/>",
            "<NavigationProperty Name=\"Customer\" Type=\"Shop.V1.Kunde_ä\" ",
            "Nullable=\"false\" Partner=\"Orders\">",
            "<ReferentialConstraint Property=\"Customer_ID\" ReferencedProperty=\"ID\"/>",
            "</NavigationProperty>",
            "<Annotation Term=\"Org.OData.Core.V1.Description\" ",
            "String=\"Orders of &lt;all&gt; &quot;kinds&quot;\u{FFFD}\"/></EntityType>",
            "<EntityType Name=\"Kunde_ä\"><Key><PropertyRef Name=\"ID\"/></Key>",
            "<Property Name=\"ID\" Type=\"Edm.String\" Nullable=\"false\" MaxLength=\"5\"/>",
            "<NavigationProperty Name=\"Orders\" Type=\"Collection(Shop.V1.Order)\" Partner=\"Customer\">",
            "<OnDelete Action=\"Cascade\"/></NavigationProperty></EntityType>",
            "<EntityContainer Name=\"Container\"><EntitySet Name=\"Orders\" EntityType=\"Shop.V1.Order\">",
            "<NavigationPropertyBinding Path=\"Customer\" Target=\"Kunden_ä\"/>",
            &capabilities(true),
            "</EntitySet><EntitySet Name=\"Kunden_ä\" EntityType=\"Shop.V1.Kunde_ä\">",
            "<NavigationPropertyBinding Path=\"Orders\" Target=\"Orders\"/>",
            &capabilities(true),
            "</EntitySet><Annotation Term=\"Org.OData.Core.V1.ODataVersions\" String=\"4.01\"/>",
            "<Annotation Term=\"Org.OData.Core.V1.ConventionalIDs\" Bool=\"true\"/>",
            "<Annotation Term=\"Org.OData.Core.V1.DereferenceableIDs\" Bool=\"true\"/>",
            "<Annotation Term=\"Org.OData.Capabilities.V1.AsynchronousRequestsSupported\" Bool=\"true\"/>",
            "<Annotation Term=\"Org.OData.Capabilities.V1.BatchContinueOnErrorSupported\" Bool=\"true\"/>",
            "<Annotation Term=\"Org.OData.Capabilities.V1.BatchSupported\" Bool=\"true\"/>",
            "<Annotation Term=\"Org.OData.Capabilities.V1.BatchSupport\"><Record><PropertyValue \
             Property=\"RequestDependencyConditionsSupported\" Bool=\"true\"/></Record></Annotation>",
            "<Annotation Term=\"Org.OData.Capabilities.V1.CrossJoinSupported\" Bool=\"true\"/>",
            "<Annotation Term=\"Org.OData.Capabilities.V1.KeyAsSegmentSupported\" Bool=\"true\"/>",
            "<Annotation Term=\"Org.OData.Capabilities.V1.QuerySegmentSupported\" Bool=\"true\"/>",
            "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>",
        ];
        assert_eq!(xml(&model(), version), expected.concat(), "{number}");
    }
}

#[test]
fn facets() {
    use PrimitiveType::*;
    let base = property;
    for (property, in_xml, in_json) in [
        (base("P", String), "Type=\"Edm.String\"", json!({"$Nullable": true})),
        (
            Property { max_length: Some(9), ..base("P", Binary) },
            "Type=\"Edm.Binary\" MaxLength=\"9\"",
            json!({"$Type": "Edm.Binary", "$Nullable": true, "$MaxLength": 9}),
        ),
        (
            base("P", Decimal),
            "Type=\"Edm.Decimal\" Scale=\"variable\"",
            json!({"$Type": "Edm.Decimal", "$Nullable": true}),
        ),
        (
            Property { precision: Some(10), scale: Some(0), nullable: false, ..base("P", Decimal) },
            "Type=\"Edm.Decimal\" Nullable=\"false\" Precision=\"10\" Scale=\"0\"",
            json!({"$Type": "Edm.Decimal", "$Precision": 10, "$Scale": 0}),
        ),
        (
            Property { precision: Some(6), ..base("P", DateTimeOffset) },
            "Type=\"Edm.DateTimeOffset\" Precision=\"6\"",
            json!({"$Type": "Edm.DateTimeOffset", "$Nullable": true, "$Precision": 6}),
        ),
    ] {
        let model = one(vec![property]);
        let found = xml(&model, Version::V40);
        assert!(found.contains(&format!("<Property Name=\"P\" {in_xml}/>")), "{in_xml}: {found}");
        let found: Value = serde_json::from_str(&csdl::json(&model, &CsdlOptions::default())).expect("JSON");
        assert_eq!(found["N"]["T"]["P"], in_json, "{in_xml}");
    }
}

/// Enumerations and complex types beside an entity type that has properties of them.
fn with_types() -> Model {
    let member = |name: &str, value| EnumMember { name: name.to_owned(), value };
    let color = EnumType {
        name: "Färbe".to_owned(),
        flags: false,
        members: vec![member("Red", 0), member("Blue", 1)],
        description: Some("Of paint".to_owned()),
    };
    let rights = EnumType {
        name: "Rights".to_owned(),
        flags: true,
        members: vec![member("Read", 1), member("Own", 1 << 40)],
        description: None,
    };
    let (color_type, address_type) = (Type::Enum(EnumTypeId(0)), Type::Complex(ComplexTypeId(0)));
    let of = |name: &str, ty| Property { ty, ..property(name, PrimitiveType::Int32) };
    let many = |name: &str, ty| Property { collection: true, ..of(name, ty) };
    let text = Type::Primitive(PrimitiveType::String);
    let address = ComplexType {
        name: "Address".to_owned(),
        properties: vec![
            Property { max_length: Some(9), ..of("Street", text) },
            of("Color", color_type),
            many("Lines", text),
        ],
        description: Some("Where".to_owned()),
    };
    let properties = vec![
        Property { default_value: Some("Blue".to_owned()), nullable: false, ..of("Color", color_type) },
        of("Rights", Type::Enum(EnumTypeId(1))),
        of("Home", address_type),
        many("Stops", address_type),
        Property {
            precision: Some(5),
            nullable: false,
            ..many("Prices", Type::Primitive(PrimitiveType::Decimal))
        },
    ];
    let mut model = one(properties);
    model.enum_types = vec![color, rights];
    model.complex_types = vec![address];
    model
}

#[test]
fn enumerations_and_complex_types_in_xml() {
    let restriction = |restrictions: &str, property: &str, listed: &str| {
        format!(
            "<Annotation Term=\"Org.OData.Capabilities.V1.{restrictions}\"><Record>\
             <PropertyValue Property=\"{property}\" Bool=\"true\"/><PropertyValue Property=\"{listed}\">\
             <Collection><PropertyPath>Stops</PropertyPath><PropertyPath>Prices</PropertyPath></Collection>\
             </PropertyValue></Record></Annotation>"
        )
    };
    for version in [Version::V40, Version::V401] {
        let found = xml(&with_types(), version);
        for expected in [
            [
                "<EnumType Name=\"Färbe\"><Member Name=\"Red\" Value=\"0\"/><Member Name=\"Blue\" Value=\"1\"/>",
                "<Annotation Term=\"Org.OData.Core.V1.Description\" String=\"Of paint\"/></EnumType>",
                "<EnumType Name=\"Rights\" UnderlyingType=\"Edm.Int64\" IsFlags=\"true\">",
                "<Member Name=\"Read\" Value=\"1\"/><Member Name=\"Own\" Value=\"1099511627776\"/></EnumType>",
                "<ComplexType Name=\"Address\"><Property Name=\"Street\" Type=\"Edm.String\" MaxLength=\"9\"/>",
                "<Property Name=\"Color\" Type=\"N.Färbe\"/>",
                "<Property Name=\"Lines\" Type=\"Collection(Edm.String)\" Nullable=\"true\"/>",
                "<Annotation Term=\"Org.OData.Core.V1.Description\" String=\"Where\"/></ComplexType>",
            ]
            .concat(),
            [
                "<Property Name=\"Color\" Type=\"N.Färbe\" Nullable=\"false\" DefaultValue=\"Blue\"/>",
                "<Property Name=\"Rights\" Type=\"N.Rights\"/><Property Name=\"Home\" Type=\"N.Address\"/>",
                "<Property Name=\"Stops\" Type=\"Collection(N.Address)\" Nullable=\"true\"/>",
                "<Property Name=\"Prices\" Type=\"Collection(Edm.Decimal)\" Nullable=\"false\" ",
                "Precision=\"5\" Scale=\"variable\"/>",
            ]
            .concat(),
            restriction("FilterRestrictions", "Filterable", "NonFilterableProperties"),
            restriction("SortRestrictions", "Sortable", "NonSortableProperties"),
        ] {
            assert!(found.contains(&expected), "{expected}\n{found}");
        }
    }
}

#[test]
fn enumerations_and_complex_types_in_json() {
    let text = csdl::json(&with_types(), &CsdlOptions::default());
    let found: Value = serde_json::from_str(&text).expect("JSON");
    for (path, expected) in [
        (
            "Färbe",
            json!({"$Kind": "EnumType", "Red": 0, "Blue": 1, "@Org.OData.Core.V1.Description": "Of paint"}),
        ),
        (
            "Rights",
            json!({
                "$Kind": "EnumType", "$UnderlyingType": "Edm.Int64", "$IsFlags": true,
                "Read": 1, "Own": 1_099_511_627_776_i64,
            }),
        ),
        (
            "Address",
            json!({
                "$Kind": "ComplexType",
                "Street": {"$Nullable": true, "$MaxLength": 9},
                "Color": {"$Type": "N.Färbe", "$Nullable": true},
                "Lines": {"$Collection": true, "$Nullable": true},
                "@Org.OData.Core.V1.Description": "Where",
            }),
        ),
        ("T/Color", json!({"$Type": "N.Färbe", "$DefaultValue": "Blue"})),
        ("T/Rights", json!({"$Type": "N.Rights", "$Nullable": true})),
        ("T/Home", json!({"$Type": "N.Address", "$Nullable": true})),
        ("T/Stops", json!({"$Collection": true, "$Type": "N.Address", "$Nullable": true})),
        ("T/Prices", json!({"$Collection": true, "$Type": "Edm.Decimal", "$Precision": 5})),
        (
            "C/T/@Org.OData.Capabilities.V1.SortRestrictions",
            json!({"Sortable": true, "NonSortableProperties": ["Stops", "Prices"]}),
        ),
    ] {
        let pointer = format!("/N/{path}");
        assert_eq!(found.pointer(&pointer), Some(&expected), "{path}");
    }
}

#[test]
fn default_values() {
    use PrimitiveType::*;
    for (primitive, text, in_xml, in_json) in [
        (Int32, "5", "5", json!(5)),
        (Int64, "-9223372036854775808", "-9223372036854775808", json!(i64::MIN)),
        (Boolean, "true", "true", json!(true)),
        (Boolean, "false", "false", json!(false)),
        (Decimal, "1.5", "1.5", json!(1.5)),
        // JSON numbers would lose the last zero, or digits.
        (Decimal, "1.50", "1.50", json!("1.50")),
        (Decimal, "12345678901234567890.5", "12345678901234567890.5", json!("12345678901234567890.5")),
        (Double, "INF", "INF", json!("INF")),
        (String, "5", "5", json!("5")),
        (String, "", "", json!("")),
        (String, "a\n\"<&>'", "a&#10;&quot;&lt;&amp;&gt;&apos;", json!("a\n\"<&>'")),
        (Date, "2024-02-29", "2024-02-29", json!("2024-02-29")),
    ] {
        let model = one(vec![Property { default_value: Some(text.to_owned()), ..property("P", primitive) }]);
        let found = xml(&model, Version::V40);
        assert!(found.contains(&format!(" DefaultValue=\"{in_xml}\"/>")), "{text}: {found}");
        let found: Value = serde_json::from_str(&csdl::json(&model, &CsdlOptions::default())).expect("JSON");
        assert_eq!(found["N"]["T"]["P"]["$DefaultValue"], in_json, "{text} of {primitive:?}");
    }
}

#[test]
fn json_document() {
    let options = CsdlOptions { version: Version::V401, vocabulary_base: "/v/".to_owned() };
    let text = csdl::json(&model(), &options);
    let found: Value = serde_json::from_str(&text).expect("JSON");
    // Clients of 4.0 get the same, as a document of 4.0.
    let older = csdl::json(&model(), &CsdlOptions { version: Version::V40, ..options });
    assert_eq!(older.replacen("\"4.0\"", "\"4.01\"", 1), text);
    let capabilities = |object: Value| {
        let mut all = json!({
            "@Org.OData.Capabilities.V1.InsertRestrictions": {"Insertable": false},
            "@Org.OData.Capabilities.V1.UpdateRestrictions": {"Updatable": false},
            "@Org.OData.Capabilities.V1.DeleteRestrictions": {"Deletable": false},
            "@Org.OData.Capabilities.V1.FilterRestrictions": {"Filterable": true},
            "@Org.OData.Capabilities.V1.SortRestrictions": {"Sortable": true},
            "@Org.OData.Capabilities.V1.ExpandRestrictions": {"Expandable": true},
            "@Org.OData.Capabilities.V1.SearchRestrictions": {"Searchable": true},
            "@Org.OData.Capabilities.V1.CountRestrictions": {"Countable": true},
            "@Org.OData.Capabilities.V1.TopSupported": true,
            "@Org.OData.Capabilities.V1.SkipSupported": true,
        });
        for (name, value) in object.as_object().expect("an object") {
            all[name] = value.clone();
        }
        all
    };
    let expected = json!({
        "$Version": "4.01",
        "$EntityContainer": "Shop.V1.Container",
        "$Reference": {
            "/v/Org.OData.Core.V1.json": {"$Include": [{"$Namespace": "Org.OData.Core.V1"}]},
            "/v/Org.OData.Capabilities.V1.json": {"$Include": [{"$Namespace": "Org.OData.Capabilities.V1"}]},
        },
        "Shop.V1": {
            "Order": {
                "$Kind": "EntityType",
                "$Key": ["ID"],
                "ID": {"$Type": "Edm.Int64", "@Org.OData.Core.V1.ComputedDefaultValue": true},
                "Customer_ID": {},
                "Customer": {
                    "$Kind": "NavigationProperty",
                    "$Type": "Shop.V1.Kunde_ä",
                    "$Partner": "Orders",
                    "$ReferentialConstraint": {"Customer_ID": "ID"},
                },
                "@Org.OData.Core.V1.Description": "Orders of <all> \"kinds\"\u{1}",
            },
            "Kunde_ä": {
                "$Kind": "EntityType",
                "$Key": ["ID"],
                "ID": {"$MaxLength": 5},
                "Orders": {
                    "$Kind": "NavigationProperty",
                    "$Collection": true,
                    "$Type": "Shop.V1.Order",
                    "$Partner": "Customer",
                    "$OnDelete": "Cascade",
                },
            },
            "Container": {
                "$Kind": "EntityContainer",
                "Orders": capabilities(json!({
                    "$Collection": true,
                    "$Type": "Shop.V1.Order",
                    "$NavigationPropertyBinding": {"Customer": "Kunden_ä"},
                })),
                "Kunden_ä": capabilities(json!({
                    "$Collection": true,
                    "$Type": "Shop.V1.Kunde_ä",
                    "$NavigationPropertyBinding": {"Orders": "Orders"},
                })),
                "@Org.OData.Core.V1.ODataVersions": "4.01",
                "@Org.OData.Core.V1.ConventionalIDs": true,
                "@Org.OData.Core.V1.DereferenceableIDs": true,
                "@Org.OData.Capabilities.V1.AsynchronousRequestsSupported": true,
                "@Org.OData.Capabilities.V1.BatchContinueOnErrorSupported": true,
                "@Org.OData.Capabilities.V1.BatchSupported": true,
                "@Org.OData.Capabilities.V1.BatchSupport": {"RequestDependencyConditionsSupported": true},
                "@Org.OData.Capabilities.V1.CrossJoinSupported": true,
                "@Org.OData.Capabilities.V1.KeyAsSegmentSupported": true,
                "@Org.OData.Capabilities.V1.QuerySegmentSupported": true,
            },
        },
    });
    assert_eq!(found, expected);
    assert!(text.starts_with("{\"$Version\":\"4.01\""), "the version comes first: {text}");
}

#[test]
fn capabilities_follow_the_type() {
    let without_text = one(vec![]);
    let found = xml(&without_text, Version::V401);
    for (property, value) in [("Searchable", "false"), ("Expandable", "false"), ("Filterable", "true")] {
        let expected = format!("<PropertyValue Property=\"{property}\" Bool=\"{value}\"/>");
        assert!(found.contains(&expected), "{expected}: {found}");
    }
    let computed = one(vec![Property { computed: Computed::Always, ..property("P", PrimitiveType::Int32) }]);
    let found = xml(&computed, Version::V40);
    assert!(found.contains("<Annotation Term=\"Org.OData.Core.V1.Computed\" Bool=\"true\"/>"), "{found}");
}

#[test]
fn self_referencing_keys_are_hierarchies() {
    let mut model = one(vec![property("Boss_ID", PrimitiveType::Int32)]);
    assert!(!xml(&model, Version::V401).contains("Aggregation"));
    let up = NavigationProperty {
        nullable: true,
        constraints: vec![(1, 0)],
        partner: None,
        ..navigation("Boss", 0, false)
    };
    let down = NavigationProperty { partner: None, ..navigation("Staff", 0, true) };
    model.entity_types[0].navigation = vec![down, up];
    let found = xml(&model, Version::V40);
    for expected in [
        r#"<edmx:Include Namespace="Org.OData.Aggregation.V1"/>"#,
        r#"<Annotation Term="Org.OData.Aggregation.V1.RecursiveHierarchy" Qualifier="BossHierarchy">"#,
        r#"<PropertyValue Property="NodeProperty" PropertyPath="ID"/>"#,
        r#"<PropertyValue Property="ParentNavigationProperty" NavigationPropertyPath="Boss"/>"#,
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    let document = csdl::json(&model, &CsdlOptions::default());
    let document: Value = serde_json::from_str(&document).expect("JSON");
    let ty = &model.entity_types[0].name;
    assert_eq!(
        document[&model.namespace][ty]["@Org.OData.Aggregation.V1.RecursiveHierarchy#BossHierarchy"],
        json!({ "NodeProperty": "ID", "ParentNavigationProperty": "Boss" })
    );
    // Navigation of a type below is found behind that.
    let (name, base, is_abstract, media, description) = ("Low".to_owned(), None, false, None, None);
    let below = DerivedType { name, base, is_abstract, media, description };
    let (navigation, properties) = (vec![None, Some(0)], vec![None; model.entity_types[0].properties.len()]);
    let family = Family { derived: vec![below], navigation, properties, ..Family::default() };
    model.entity_types[0].family = Some(Box::new(family));
    let path = ["NavigationPropertyPath=\"", &model.namespace, ".Low/Boss\""].concat();
    let found = xml(&model, Version::V40);
    assert!(found.contains(&path), "{path}: {found}");
}

#[test]
fn service_documents() {
    let sets = json!([
        {"name": "Orders", "kind": "EntitySet", "url": "Orders"},
        {"name": "Kunden_ä", "kind": "EntitySet", "url": "Kunden_%C3%A4"},
    ]);
    for (metadata, version, expected) in [
        (MetadataLevel::Minimal, Version::V40, json!({"@odata.context": "/s/$metadata", "value": sets})),
        (MetadataLevel::Full, Version::V40, json!({"@odata.context": "/s/$metadata", "value": sets})),
        (MetadataLevel::None, Version::V40, json!({"value": sets})),
        (MetadataLevel::Minimal, Version::V401, json!({"@context": "/s/$metadata", "value": sets})),
        (MetadataLevel::Full, Version::V401, json!({"@context": "/s/$metadata", "value": sets})),
        (MetadataLevel::None, Version::V401, json!({"value": sets})),
    ] {
        let text = service::document(&model(), "/s/$metadata", metadata, version);
        let found: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(found, expected, "{metadata:?} in {}", version.as_str());
    }
    let empty = Model::new("N".to_owned(), "C".to_owned(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let text = service::document(&empty, "$metadata", MetadataLevel::None, Version::V40);
    assert_eq!(text, "{\"value\":[]}");
}
