//! Annotations of the model file: in `$metadata`, in both forms, the same from each database.

use serde_json::json;

use crate::common;
use crate::models::{round_trip, validate};
use crate::world::{SOURCES, World};

const SCRIPT: &str =
    "CREATE TABLE parts (id int PRIMARY KEY, name varchar(20), price decimal(8,2), maker_id int, gone int);
CREATE TABLE makers (id int PRIMARY KEY, name varchar(20), kind varchar(5), street varchar(20), color varchar(5), rank int);";

const MODEL: &str = "
namespace: Shop
container: All
vocabularies:
  UI: {namespace: com.sap.vocabularies.UI.v1, url: 'https://sap.example/UI.xml'}
entities:
  Parts:
    table: parts
    type: Part
    properties: {Id: id, Name: name, Price: price}
    hide: [maker_id, gone]
    navigation: {Maker: {target: Makers, on: {maker_id: Id}}}
  Makers:
    table: makers
    type: Maker
    annotations: {'@UI.HeaderInfo': {TypeName: Maker, TypeNamePlural: Makers}}
    properties:
      Id: id
      Name: {column: name, annotations: {'@Core.LongDescription': As it is painted, '@Core.Example#one': {Value: Ann}}}
      Home: {type: Address, columns: {Street: {column: street, annotations: {'@Core.LongDescription': And number}}}, annotations: {'@UI.Hidden': true}}
      Color: {column: color, type: Color}
    navigation: {Parts: {target: Parts, on: {Id: maker_id}, partner: Maker, annotations: {'@Core.LongDescription': What is made}}}
    derived:
      Big:
        when: {kind: B}
        annotations: {'@Core.LongDescription': Large ones}
        properties: {Rank: {column: rank, type: Rank, annotations: {'@Measures.Unit': place}}}
complexTypes:
  Address: {annotations: {'@Core.LongDescription': Where somebody is}}
enumerations:
  Color: {members: {Red: r, Blue: b}, annotations: {'@Core.LongDescription': Of the sign}}
typeDefinitions:
  Rank: {underlying: Edm.Int32, annotations: {'@Core.LongDescription': 1 is best}}
annotations:
  All: {'@Core.LongDescription': Everything there is <here>}
  All/Parts: {'@Org.OData.Core.V1.LongDescription#short': Parts}
  Part:
    '@UI.LineItem':
      - {'@type': UI.DataField, Value: {$Path: Name}, Label: Name, Criticality: {$EnumMember: UI.CriticalityType/Positive}}
      - {'@type': 'https://sap.example/UI.xml#UI.DataField', Value: {$Path: Price}, '@UI.Hidden': {$Not: {$Eq: [{$Path: Price}, null]}}}
    '@UI.Facets': [{'@type': UI.ReferenceFacet, Target: {$AnnotationPath: '@UI.LineItem#all'}}]
  Part/Name: {'@Measures.Scale': 2, '@UI.HiddenFilter': true, '@Core.Example': {Value: {$If: [true, 1.5, null]}}}
  Shop.Part/Maker: {'@Core.LongDescription': Who makes it}
  Maker/Name: {'@Measures.Unit': letter, '@Core.Example#one': {Value: Bob}}
  Part/Gone: {'@Core.LongDescription': Not there}
";

/// What stands in `$metadata` in XML, without the space between elements.
const XML: &[&str] = &[
    "<edmx:Reference Uri=\"https://sap.example/UI.xml\"><edmx:Include Namespace=\"com.sap.vocabularies.UI.v1\"/></edmx:Reference>",
    "<Annotations Target=\"Shop.All\"><Annotation Term=\"Org.OData.Core.V1.LongDescription\" String=\"Everything there is &lt;here&gt;\"/></Annotations>",
    "<Annotations Target=\"Shop.All/Parts\"><Annotation Term=\"Org.OData.Core.V1.LongDescription\" Qualifier=\"short\" String=\"Parts\"/></Annotations>",
    "<Annotation Term=\"com.sap.vocabularies.UI.v1.LineItem\"><Collection><Record Type=\"com.sap.vocabularies.UI.v1.DataField\"><PropertyValue Property=\"Value\" Path=\"Name\"/><PropertyValue Property=\"Label\" String=\"Name\"/><PropertyValue Property=\"Criticality\" EnumMember=\"com.sap.vocabularies.UI.v1.CriticalityType/Positive\"/></Record>",
    "<Annotation Term=\"com.sap.vocabularies.UI.v1.Hidden\"><Not><Eq><Path>Price</Path><Null/></Eq></Not></Annotation>",
    "<PropertyValue Property=\"Target\" AnnotationPath=\"@com.sap.vocabularies.UI.v1.LineItem#all\"/>",
    "<Annotation Term=\"Org.OData.Measures.V1.Scale\" Int=\"2\"/><Annotation Term=\"com.sap.vocabularies.UI.v1.HiddenFilter\" Bool=\"true\"/>",
    "<If><Bool>true</Bool><Decimal>1.5</Decimal><Null/></If>",
    "<Annotations Target=\"Shop.Part/Maker\">",
    "<Annotations Target=\"Shop.Maker\"><Annotation Term=\"com.sap.vocabularies.UI.v1.HeaderInfo\"><Record><PropertyValue Property=\"TypeName\" String=\"Maker\"/>",
    "<Annotations Target=\"Shop.Maker/Parts\"><Annotation Term=\"Org.OData.Core.V1.LongDescription\" String=\"What is made\"/></Annotations>",
    "<Annotations Target=\"Shop.Maker/Home\"><Annotation Term=\"com.sap.vocabularies.UI.v1.Hidden\" Bool=\"true\"/></Annotations>",
    "<Annotations Target=\"Shop.Address/Street\"><Annotation Term=\"Org.OData.Core.V1.LongDescription\" String=\"And number\"/></Annotations>",
    "<Annotations Target=\"Shop.Address\">",
    "<Annotations Target=\"Shop.Big\"><Annotation Term=\"Org.OData.Core.V1.LongDescription\" String=\"Large ones\"/></Annotations>",
    "<Annotations Target=\"Shop.Big/Rank\"><Annotation Term=\"Org.OData.Measures.V1.Unit\" String=\"place\"/></Annotations>",
    "<Annotations Target=\"Shop.Color\">",
    "<Annotations Target=\"Shop.Rank\">",
    // What is said at a path and in place stands together, and what is said twice once.
    "<Annotations Target=\"Shop.Maker/Name\"><Annotation Term=\"Org.OData.Measures.V1.Unit\" String=\"letter\"/><Annotation Term=\"Org.OData.Core.V1.Example\" Qualifier=\"one\"><Record><PropertyValue Property=\"Value\" String=\"Bob\"/></Record></Annotation><Annotation Term=\"Org.OData.Core.V1.LongDescription\" String=\"As it is painted\"/></Annotations>",
];

#[test]
fn annotations_are_told() {
    let world = World::modelled(SCRIPT, MODEL);
    validate(MODEL);
    for source in SOURCES {
        let get = |url: &str| world.node.get(&["/api/odata4/", source, "/", url].concat(), &[]);
        let xml: String = get("$metadata").text().lines().map(str::trim_start).collect();
        for part in XML {
            assert!(xml.contains(part), "{source}: {part} in {xml}");
        }
        assert!(!xml.contains("Shop.Part/Gone"), "{source}");
        let csdl = get("$metadata?$format=json").json();
        let parts = &csdl["Shop"]["$Annotations"]["Shop.Part"];
        let first = json!({"@type": "https://sap.example/UI.json#com.sap.vocabularies.UI.v1.DataField", "Value": {"$Path": "Name"},
            "Label": "Name", "Criticality": "Positive"});
        assert_eq!(parts["@com.sap.vocabularies.UI.v1.LineItem"][0], first, "{source}: {csdl}");
        let facet = &parts["@com.sap.vocabularies.UI.v1.Facets"][0]["Target"];
        assert_eq!(*facet, "@com.sap.vocabularies.UI.v1.LineItem#all", "{source}");
        let include = json!({"$Include": [{"$Namespace": "com.sap.vocabularies.UI.v1"}]});
        let name = &csdl["Shop"]["$Annotations"]["Shop.Maker/Name"];
        assert_eq!(name["@Org.OData.Core.V1.LongDescription"], "As it is painted", "{source}: {csdl}");
        assert_eq!(csdl["$Reference"]["https://sap.example/UI.json"], include, "{source}");
    }
    let checked = common::run(&["check", "--config", &world.config()]);
    let told = format!("{}{}", checked.out, checked.err);
    assert_eq!(told.matches("`@Org.OData.Core.V1.Example` is said of it already").count(), 3, "{told}");
    round_trip(&world);
}
