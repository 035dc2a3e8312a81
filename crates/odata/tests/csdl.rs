//! Metadata and service documents, word by word (CSDL XML and JSON 4.01; OData 4.01 JSON section 5).

use nextlink_odata::csdl::{self, CsdlOptions};
use nextlink_odata::model::{
    Computed, EntitySet, EntitySetId, EntityType, EntityTypeId, Model, NavigationProperty, OnDelete,
    PrimitiveType, Property, Type,
};
use nextlink_odata::service;
use nextlink_odata::version::{MetadataLevel, Version};
use serde_json::{Value, json};

fn property(name: &str, primitive: PrimitiveType) -> Property {
    Property {
        name: name.to_owned(),
        ty: Type::Primitive(primitive),
        collection: false,
        nullable: true,
        max_length: None,
        precision: None,
        scale: None,
        default_value: None,
        computed: Computed::No,
        searchable: primitive == PrimitiveType::String,
        description: None,
    }
}

fn navigation(name: &str, target: usize, collection: bool) -> NavigationProperty {
    NavigationProperty {
        name: name.to_owned(),
        target: EntityTypeId(target),
        target_set: EntitySetId(target),
        collection,
        nullable: false,
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
    };
    let customer = EntityType {
        name: "Kunde_ä".to_owned(),
        key: vec![0],
        properties: vec![Property { max_length: Some(5), ..key("ID", PrimitiveType::String) }],
        navigation: vec![NavigationProperty {
            on_delete: Some(OnDelete::Cascade),
            ..navigation("Orders", 0, true)
        }],
        description: None,
    };
    let set =
        |name: &str, t| EntitySet { name: name.to_owned(), entity_type: EntityTypeId(t), description: None };
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
    let t = EntityType {
        name: "T".to_owned(),
        key: vec![0],
        properties: all,
        navigation: Vec::new(),
        description: None,
    };
    let set = EntitySet { name: "T".to_owned(), entity_type: EntityTypeId(0), description: None };
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
            "</EntitySet><Annotation Term=\"Org.OData.Capabilities.V1.BatchSupported\" Bool=\"false\"/>",
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
    let options = CsdlOptions { vocabulary_base: "/v/".to_owned(), ..CsdlOptions::default() };
    let text = csdl::json(&model(), &options);
    let found: Value = serde_json::from_str(&text).expect("JSON");
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
                "@Org.OData.Capabilities.V1.BatchSupported": false,
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
