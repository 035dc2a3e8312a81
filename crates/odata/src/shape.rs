//! Shapes on the globe and on a plane, and the names of their types (CSDL 4.01 section 3.3).

/// Where a shape lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// On the globe: positions are longitude and latitude.
    Geography,
    /// On a plane.
    Geometry,
}

/// What kind of shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Any of the others.
    Any,
    /// A position.
    Point,
    /// Positions with straight lines between.
    LineString,
    /// A ring, and rings that are holes in it.
    Polygon,
    /// Points.
    MultiPoint,
    /// Lines.
    MultiLineString,
    /// Polygons.
    MultiPolygon,
    /// Shapes of several kinds.
    Collection,
}

/// Each with its name on the globe and on a plane.
const NAMES: [(Shape, &str, &str); 8] = [
    (Shape::Any, "Edm.Geography", "Edm.Geometry"),
    (Shape::Point, "Edm.GeographyPoint", "Edm.GeometryPoint"),
    (Shape::LineString, "Edm.GeographyLineString", "Edm.GeometryLineString"),
    (Shape::Polygon, "Edm.GeographyPolygon", "Edm.GeometryPolygon"),
    (Shape::MultiPoint, "Edm.GeographyMultiPoint", "Edm.GeometryMultiPoint"),
    (Shape::MultiLineString, "Edm.GeographyMultiLineString", "Edm.GeometryMultiLineString"),
    (Shape::MultiPolygon, "Edm.GeographyMultiPolygon", "Edm.GeometryMultiPolygon"),
    (Shape::Collection, "Edm.GeographyCollection", "Edm.GeometryCollection"),
];

impl Shape {
    /// The shape with this name in well-known text, in any case.
    pub fn from_well_known(name: &str) -> Option<Shape> {
        if name.eq_ignore_ascii_case("GeometryCollection") || name.eq_ignore_ascii_case("GeomCollection") {
            return Some(Shape::Collection);
        }
        if name.eq_ignore_ascii_case("Geometry") {
            return Some(Shape::Any);
        }
        let named = |(_, _, known): &&(Shape, &str, &str)| {
            known.strip_prefix("Edm.Geometry").is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        NAMES.iter().skip(1).find(named).map(|(shape, ..)| *shape)
    }
}

/// The qualified name of the type of a shape.
pub(crate) fn name(space: Space, shape: Shape) -> &'static str {
    let found = NAMES.iter().find(|(known, ..)| *known == shape);
    found.map_or("Edm.Geometry", |(_, globe, plane)| match space {
        Space::Geography => globe,
        Space::Geometry => plane,
    })
}

/// All shapes in both spaces.
pub(crate) fn all() -> impl Iterator<Item = (Space, Shape)> {
    let spaces = [Space::Geography, Space::Geometry].into_iter();
    spaces.flat_map(|space| NAMES.iter().map(move |(shape, ..)| (space, *shape)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_found_by_their_names() {
        assert_eq!(all().count(), 16);
        assert_eq!(name(Space::Geography, Shape::MultiPoint), "Edm.GeographyMultiPoint");
        for (name, shape) in [
            ("POINT", Some(Shape::Point)),
            ("multilinestring", Some(Shape::MultiLineString)),
            ("geometrycollection", Some(Shape::Collection)),
            ("geometry", Some(Shape::Any)),
            ("", None),
            ("circle", None),
        ] {
            assert_eq!(Shape::from_well_known(name), shape, "{name}");
        }
    }
}
