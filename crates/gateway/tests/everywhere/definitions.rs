//! Type definitions of model files: primitive types under names of their own.

use crate::models::{round_trip, validate, wrong, wrong_metadata};
use crate::world::World;

const SCRIPT: &str = "
CREATE TABLE offers (id int PRIMARY KEY, price decimal(9, 2) NOT NULL, code varchar(8), low decimal(9, 2), word varchar(20));
INSERT INTO offers VALUES (1, 12.5, 'ab', 3, 'x'), (2, 7, NULL, NULL, NULL);
";

const MODEL: &str = "
namespace: Shop
typeDefinitions:
  Money: {underlying: Edm.Decimal, precision: 12, scale: 3, description: An amount in euros}
  Code: {underlying: Edm.String, maxLength: 8}
  Number: {underlying: Edm.Int32}
  Unused: {underlying: Edm.Guid}
entities:
  Offers:
    table: offers
    type: Offer
    properties:
      Id: {column: id, type: Number}
      Price: {column: price, type: Money}
      Code: {column: code, type: Code}
      Range: {type: Span, columns: {Low: {column: low, type: Money}, Word: word}}
";

const ROWS: &[(&str, u16, &str)] = &[
    ("Offers(1)", 200, r#""Id":1,"Price":12.5,"Code":"ab","Range":{"Low":3,"Word":"x"}}"#),
    ("Offers?$filter=Price gt 10&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Offers?$filter=Range/Low lt Price&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Offers?$filter=cast(Id,Shop.Money) eq 2&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Offers?$filter=cast('7',Shop.Money) eq Price&$select=Id", 200, r#""value":[{"Id":2}]}"#),
    ("Offers?$filter=isof(Code,Shop.Code)&$select=Id", 200, r#""value":[{"Id":1}]}"#),
    ("Offers?$filter=isof(Price,Shop.Code)&$select=Id", 200, r#""value":[]}"#),
    ("Offers?$filter=cast(Id,Shop.Nothing) eq 2", 501, "NotImplemented"),
    (
        "Offers?$apply=aggregate(Price with sum as Sum)",
        200,
        r##""value":[{"Sum@odata.type":"#Decimal","Sum":19.5}]}"##,
    ),
    ("Offers(1)/Price", 200, r#""value":12.5}"#),
    ("Offers(1)/Range/Low/$value", 200, "3"),
];

/// Parts of the metadata in XML and in JSON, and of an answer with all metadata.
const TOLD: &[(&str, &str)] = &[
    (
        "$metadata?$format=xml",
        "<TypeDefinition Name=\"Money\" UnderlyingType=\"Edm.Decimal\" Precision=\"12\" Scale=\"3\">",
    ),
    ("$metadata?$format=xml", "String=\"An amount in euros\""),
    ("$metadata?$format=xml", "<TypeDefinition Name=\"Unused\" UnderlyingType=\"Edm.Guid\"/>"),
    ("$metadata?$format=xml", "<Property Name=\"Price\" Type=\"Shop.Money\" Nullable=\"false\"/>"),
    ("$metadata?$format=xml", "<Property Name=\"Code\" Type=\"Shop.Code\"/>"),
    ("$metadata?$format=xml", "<Property Name=\"Low\" Type=\"Shop.Money\"/>"),
    (
        "$metadata?$format=json",
        r#""Money":{"$Kind":"TypeDefinition","$UnderlyingType":"Edm.Decimal","$Precision":12,"$Scale":3"#,
    ),
    ("$metadata?$format=json", r#""Price":{"$Type":"Shop.Money"}"#),
    ("$metadata?$format=json", r#""Code":{"$Type":"Shop.Code","$Nullable":true}"#),
    ("Offers(1)", r##""Id@odata.type":"#Shop.Number","Id":1,"Price@odata.type":"#Shop.Money","Price":12.5"##),
    ("Offers(1)", r##""Code@odata.type":"#Shop.Code","Code":"ab""##),
    ("Offers(1)/Price", r##","@odata.type":"#Shop.Money","value":12.5}"##),
    ("Offers(1)/Code", r##","@odata.type":"#Shop.Code","value":"ab"}"##),
    ("Offers(1)/Range/Low", r##","@odata.type":"#Shop.Money","value":3}"##),
];

#[test]
fn primitive_types_have_names() {
    let world = World::modelled(SCRIPT, MODEL);
    validate(MODEL);
    let mut wrong = wrong(&world, ROWS);
    wrong.extend(wrong_metadata(&world, TOLD));
    assert!(wrong.is_empty(), "{wrong:#?}");
    round_trip(&world);
}
