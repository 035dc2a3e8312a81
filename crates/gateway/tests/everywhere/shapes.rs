//! Shapes and the functions of them, in the databases that have them.

use crate::types::{Rows, others};
use crate::world::World;

const POSTGRES: &str = "
CREATE EXTENSION postgis;
CREATE TABLE place (id int PRIMARY KEY, spot geometry(Point), way geometry(LineString), area geometry(Polygon), any_shape geometry);
CREATE TABLE city (id int PRIMARY KEY, spot geography(Point, 4326));
INSERT INTO city VALUES (1, 'POINT(13.4 52.5)'), (2, 'POINT(2.35 48.85)'), (3, NULL);
";

const MARIADB: &str = "
CREATE TABLE place (id int PRIMARY KEY, spot point, way linestring, area polygon, any_shape geometry);
";

const PLACES: &str = "
INSERT INTO place VALUES
    (1, ST_GeomFromText('POINT(1.5 2)'), ST_GeomFromText('LINESTRING(0 0,3 4)'),
        ST_GeomFromText('POLYGON((0 0,4 0,4 4,0 4,0 0))'), ST_GeomFromText('MULTIPOINT(1 1,2 2)')),
    (2, ST_GeomFromText('POINT(4.5 6)'), NULL, NULL, ST_GeomFromText('POINT(0 0)')),
    (3, NULL, NULL, NULL, NULL);
";

/// The same on both.
const BOTH: Rows = &[
    ("place(1)/spot", 200, r#""value":{"type":"Point","coordinates":[1.5,2]}}"#),
    ("place(3)/spot", 204, ""),
    (
        "place?$select=spot,way",
        200,
        r#""value":[{"@odata.id":"place(1)","spot":{"type":"Point","coordinates":[1.5,2]},"way":{"type":"LineString","coordinates":[[0,0],[3,4]]}},{"@odata.id":"place(2)","spot":{"type":"Point","coordinates":[4.5,6]},"way":null},{"@odata.id":"place(3)","spot":null,"way":null}]}"#,
    ),
    (
        "place?$filter=geo.distance(spot,geometry'SRID=0;Point(1.5 0)') lt 3&$select=id",
        200,
        r#""value":[{"id":1}]}"#,
    ),
    (
        "place?$filter=geo.intersects(spot,geometry'SRID=0;Polygon((4 5,5 5,5 7,4 7,4 5))')&$select=id",
        200,
        r#""value":[{"id":2}]}"#,
    ),
    ("place?$filter=geo.intersects(spot,area)&$select=id", 200, r#""value":[{"id":1}]}"#),
    ("place?$filter=geo.length(way) eq 5&$select=id", 200, r#""value":[{"id":1}]}"#),
    (
        "place?$orderby=geo.distance(@p,spot) desc&$select=id&$top=1&@p=geometry'SRID=0;Point(0 0)'",
        200,
        r#""value":[{"id":2}]}"#,
    ),
    (
        "place?$compute=geo.distance(spot,geometry'SRID=0;Point(1.5 0)') as d&$filter=id eq 1&$select=d",
        200,
        r#""value":[{"@odata.id":"place(1)","d":2.0}]}"#,
    ),
    ("place?$apply=aggregate(geo.length(way) with max as m)", 200, r#""value":[{"m":5.0}]}"#),
    ("place?$filter=isof(any_shape,Edm.GeometryPoint)", 501, "NotImplemented"),
    ("place?$compute=cast(any_shape,Edm.GeometryPoint) as p", 501, "NotImplemented"),
    ("place?$filter=spot eq null&$select=id", 200, r#""value":[{"id":3}]}"#),
    ("place?$filter=null ne way&$select=id", 200, r#""value":[{"id":1}]}"#),
    (
        "place?$apply=filter(id eq 2)/concat(identity,aggregate($count as n))",
        200,
        r##""value":[{"id":2,"spot":{"type":"Point","coordinates":[4.5,6]},"way":null,"area":null,"any_shape":{"type":"Point","coordinates":[0,0]}},{"n@odata.type":"#Decimal","n":1}]}"##,
    ),
    (
        "place?$apply=concat(filter(id eq 1),filter(id eq 2))/filter(geo.length(way) gt 1)",
        501,
        "NotImplemented",
    ),
    ("place?$filter=spot eq geometry'SRID=0;Point(1.5 2)'", 400, "BadRequest"),
    ("place?$orderby=spot", 400, "BadRequest"),
    ("place?$apply=groupby((spot))", 400, "BadRequest"),
    ("place?$filter=geo.length(spot) gt 1", 400, "BadRequest"),
    ("place?$filter=geo.distance(spot,geography'SRID=4326;Point(1 2)') lt 1", 400, "BadRequest"),
    ("place?$filter=geo.intersects(spot,geometry'SRID=0;Polygon((0 0,1 0,1 1,0 1))')", 400, "BadRequest"),
    ("place?$filter=geo.distance(spot,geometry'SRID=0;Point(1 2 3)') lt 1", 501, "NotImplemented"),
    ("place?$filter=geo.distance(spot) lt 1", 400, "BadUrl"),
    ("place?$filter=geo.distance(spot,geometry'SRID=4326;Point(1 2)') lt 1", 400, "ExpressionFailed"),
    ("place?$filter=geo.intersects(geometry'SRID=4326;Point(1 2)',area)", 400, "ExpressionFailed"),
    ("place?$filter=geo.distance(spot,null) lt 1&$select=id", 200, r#""value":[]}"#),
];

/// Distances on the globe are metres.
const ON_POSTGRES: Rows = &[
    (
        "city?$filter=geo.distance(spot,geography'SRID=4326;Point(2.35 48.85)') lt 1000000&$select=id",
        200,
        r#""value":[{"id":1},{"id":2}]}"#,
    ),
    (
        "city?$filter=geo.distance(spot,geography'SRID=4326;Point(2.35 48.85)') lt 800000&$select=id",
        200,
        r#""value":[{"id":2}]}"#,
    ),
    ("city?$filter=geo.distance(spot,geography'SRID=99999;Point(1 2)') lt 1", 400, "ExpressionFailed"),
    ("city(2)/spot", 200, r#""value":{"type":"Point","coordinates":[2.35,48.85]}}"#),
];

/// Types as `$metadata` has them.
const TYPES: [&str; 4] = [
    r#"Name="spot" Type="Edm.GeometryPoint" SRID="variable""#,
    r#"Name="way" Type="Edm.GeometryLineString" SRID="variable""#,
    r#"Name="area" Type="Edm.GeometryPolygon" SRID="variable""#,
    r#"Name="any_shape" Type="Edm.Geometry" SRID="variable""#,
];

/// Whether PostGIS is installed beside a server.
fn has_postgis() -> bool {
    let versions = std::fs::read_dir("/usr/share/postgresql").into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("extension/postgis.control").exists())
}

#[test]
fn shapes_are_read_and_asked_for() {
    let postgis = has_postgis();
    let postgres = if postgis { [POSTGRES, PLACES].concat() } else { String::new() };
    let world = World::scripts(&postgres, &[MARIADB, PLACES].concat(), "");
    let mut sources = vec![("mariadb", BOTH)];
    if postgis {
        sources.extend([("postgres", BOTH), ("postgres", ON_POSTGRES)]);
    } else {
        println!("skipped: PostGIS is not installed");
    }
    let mut wrong = Vec::new();
    for (source, rows) in sources {
        wrong.extend(others(&world, source, rows));
        let metadata = world.ask(source, "$metadata", &[]).body;
        let missing = TYPES.iter().filter(|ty| !metadata.contains(**ty));
        wrong.extend(missing.map(|ty| format!("{source}: {ty} is not in {metadata}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
