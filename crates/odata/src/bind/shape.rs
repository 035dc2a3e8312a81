//! Literals of shapes: what the grammar leaves open is checked here, so that no database is asked for what is no shape.

use super::error::{BindResult, invalid, not_supported};
use crate::model::{Shape, Space};
use crate::value::Value;

/// The constant that `SRID=0;Point(1 2)` behind `geography` or `geometry` stands for.
pub fn from_literal(prefix: &str, literal: &str, at: u32) -> BindResult<Value> {
    let space = if prefix.eq_ignore_ascii_case("geography") { Space::Geography } else { Space::Geometry };
    let known = || {
        let (system, text) = literal.split_once(';')?;
        let srid: u32 = system.split_once('=')?.1.parse().ok()?;
        let shape = Shape::from_well_known(text.split('(').next()?)?;
        Some((srid, shape, text))
    };
    let (srid, shape, text) =
        known().ok_or_else(|| invalid(at, prefix, format!("'{literal}' is no shape.")))?;
    let mut lists = text.split(['(', ')']).filter(|list| list.contains(' '));
    if lists.clone().flat_map(|list| list.split(',')).any(|position| position.split(' ').count() > 2) {
        return Err(not_supported(at, prefix, "Shapes with a third coordinate are not supported."));
    }
    let rings = matches!(shape, Shape::Polygon | Shape::MultiPolygon);
    if rings && !lists.all(is_ring) {
        let message = "A ring of a polygon has at least four positions, and ends where it begins.";
        return Err(invalid(at, prefix, message));
    }
    Ok(Value::Shape { space, shape, srid, text: text.to_owned() })
}

fn is_ring(positions: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let position = |text: &str| {
        let (x, y) = text.split_once(' ')?;
        Some((number(x)?, number(y)?))
    };
    let mut all = positions.split(',');
    let first = all.next().and_then(position);
    let last = all.next_back().and_then(position);
    all.count() >= 2 && first.is_some() && first == last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_shapes_or_refused() {
        for (literal, expected) in [
            ("SRID=0;Point(1 2)", Some((0, Shape::Point))),
            ("SRID=4326;linestring(1 2,3 4.5)", Some((4326, Shape::LineString))),
            ("SRID=0;Polygon((0 0,1 0,1 1,0.0 0))", Some((0, Shape::Polygon))),
            ("SRID=0;Polygon((0 0,1 0,1 1,0 1))", None),
            ("SRID=0;Polygon((0 0,1 0,0 0))", None),
            ("SRID=0;MultiPolygon(((0 0,1 0,1 1,0 0),(0 0,1 0,1 1,0 1)))", None),
            ("SRID=0;Point(1 2 3)", None),
            ("SRID=0;MultiPoint((1 2),(3 4))", Some((0, Shape::MultiPoint))),
        ] {
            let found = match from_literal("geometry", literal, 0) {
                Ok(Value::Shape { srid, shape, .. }) => Some((srid, shape)),
                _ => None,
            };
            assert_eq!(found, expected, "{literal}");
        }
    }
}
