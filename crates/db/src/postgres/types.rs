//! What the types of the server are served as, domains and arrays and composite types looked through.

use std::collections::HashMap;

use nextlink_odata::model::{PrimitiveType as P, Shape, Space};
use nextlink_sql::catalog::{ColumnType, NativeType, Storage};
use tokio_postgres::types::Oid;

use super::tables::{RawColumn, RawType};

/// Digits behind the point of a second, where the type names no number.
const FRACTION: u32 = 6;
/// Of a length, precision and scale, so much is added to the number that the catalogue keeps.
const MODIFIER_OFFSET: i32 = 4;

/// What a column is served as.
#[derive(Debug, Clone)]
pub struct Served {
    pub ty: ColumnType,
    pub storage: Storage,
    pub native: NativeType,
    pub max_length: Option<u32>,
    pub precision: Option<u32>,
    pub scale: Option<u32>,
    /// Whether a domain forbids null.
    pub not_null: bool,
    /// The default of a domain.
    pub default: Option<String>,
    /// Whether it is text of the server, which has a collation.
    pub text: bool,
    /// Why it is served as text although it has a structure.
    pub flattened: Option<&'static str>,
}

/// The types of a database, and which of them the catalogue has.
pub struct Types<'a> {
    raw: HashMap<Oid, &'a RawType>,
    /// Columns of composite types, by their relation.
    members: HashMap<Oid, Vec<&'a RawColumn>>,
    /// Indexes in the catalogue.
    pub enums: Vec<&'a RawType>,
    pub composites: Vec<&'a RawType>,
}

impl<'a> Types<'a> {
    /// The types, and the columns of those that are composite.
    pub fn new(types: &'a [RawType], members: &'a [RawColumn]) -> Types<'a> {
        let mut by_relation: HashMap<Oid, Vec<&RawColumn>> = HashMap::new();
        for member in members {
            by_relation.entry(member.relation).or_default().push(member);
        }
        Types {
            raw: types.iter().map(|ty| (ty.oid, ty)).collect(),
            members: by_relation,
            enums: types.iter().filter(|ty| ty.kind == "e").collect(),
            composites: types.iter().filter(|ty| ty.kind == "c").collect(),
        }
    }

    /// The columns of a composite type.
    pub fn members(&self, composite: &RawType) -> &[&'a RawColumn] {
        self.members.get(&composite.relation).map_or(&[], Vec::as_slice)
    }

    /// A type by its number.
    pub fn get(&self, oid: Oid) -> Option<&'a RawType> {
        self.raw.get(&oid).copied()
    }

    /// A type without domains around it, or that of the items of an array; and whether it is one.
    pub fn item(&self, oid: Oid) -> (Option<&'a RawType>, bool) {
        match self.get(oid) {
            Some(ty) if ty.kind == "d" => self.item(ty.base),
            Some(ty) if ty.item != 0 => (self.item(ty.item).0, true),
            found => (found, false),
        }
    }

    /// What a column is served as.
    pub fn column(&self, column: &RawColumn) -> Served {
        let served = self.of(column.ty, column.modifier, column.dimensions);
        // Where texts that differ can be equal, only a cast makes them differ.
        let loose = column.loose && served.text;
        Served { storage: if loose { Storage::Text } else { served.storage }, ..served }
    }

    fn of(&self, oid: Oid, modifier: i32, dimensions: i32) -> Served {
        let Some(ty) = self.raw.get(&oid) else {
            return as_text(NativeType::Plain, None);
        };
        let native = NativeType::Named { schema: ty.schema.clone(), name: ty.name.clone() };
        match ty.kind.as_str() {
            "d" => {
                let modifier = if ty.modifier >= 0 { ty.modifier } else { modifier };
                let inner = self.of(ty.base, modifier, dimensions.max(ty.dimensions));
                let default = ty.default.clone().or(inner.default);
                Served { not_null: inner.not_null || ty.not_null, default, ..inner }
            }
            "e" => {
                let native = NativeType::Enum { schema: ty.schema.clone(), name: ty.name.clone() };
                let index = self.enums.iter().position(|known| known.oid == oid).unwrap_or_default();
                Served { ty: ColumnType::Enum(index), ..plain(P::String, native) }
            }
            "c" => self.composite(ty, native),
            _ if ty.item != 0 => self.array(ty.item, modifier, dimensions, native),
            _ if ty.schema == "pg_catalog" => built_in(&ty.name, modifier, native),
            _ => shape(ty, modifier)
                .map_or_else(|| as_text(native.clone(), None), |p| plain(p, native.clone())),
        }
    }

    /// The server makes sure that none holds itself.
    fn composite(&self, ty: &RawType, native: NativeType) -> Served {
        let bare = self.members(ty).iter().all(|member| {
            let served = self.of(member.ty, member.modifier, member.dimensions);
            // A member comes as the wire has it: there is no place for a cast.
            let shape = served.ty.primitive().is_some_and(P::is_shape);
            served.flattened.is_none()
                && !shape
                && (served.storage == Storage::Native || comes_as_text(&served))
        });
        if !bare {
            return as_text(native, Some("a member of its composite type cannot be read on its own"));
        }
        let index = self.composites.iter().position(|known| known.oid == ty.oid).unwrap_or_default();
        Served { ty: ColumnType::Composite(index), ..plain(P::String, native) }
    }

    fn array(&self, item: Oid, modifier: i32, dimensions: i32, native: NativeType) -> Served {
        let item = self.of(item, modifier, 0);
        let nested = dimensions > 1 || matches!(item.ty, ColumnType::Array(_));
        if nested {
            return as_text(native, Some("it is an array of arrays"));
        }
        if item.ty.primitive().is_some_and(P::is_shape) {
            return as_text(native, Some("it is an array of shapes"));
        }
        match item.flattened {
            Some(why) => as_text(native, Some(why)),
            None => {
                Served { ty: ColumnType::Array(Box::new(item.ty)), not_null: false, default: None, ..item }
            }
        }
    }
}

/// Types that are cast to text where that can be done, and come as text all the same where it can't.
fn comes_as_text(served: &Served) -> bool {
    const TEXTS: [&str; 5] = ["bpchar", "name", "json", "jsonb", "xml"];
    let NativeType::Named { schema, name } = &served.native else {
        return false;
    };
    schema == "pg_catalog" && TEXTS.contains(&name.as_str())
}

/// The type of shapes that a type of PostGIS is, where its functions are found without a schema. Its modifier holds the
/// kind of shape and whether there are more than two coordinates.
fn shape(ty: &RawType, modifier: i32) -> Option<P> {
    let space = match ty.name.as_str() {
        "geometry" => Space::Geometry,
        "geography" => Space::Geography,
        _ => return None,
    };
    let kind = if modifier < 0 { 0 } else { modifier >> 2 & 0x3F };
    let shape = match kind {
        1 => Shape::Point,
        2 => Shape::LineString,
        3 => Shape::Polygon,
        4 => Shape::MultiPoint,
        5 => Shape::MultiLineString,
        6 => Shape::MultiPolygon,
        7 => Shape::Collection,
        _ => Shape::Any,
    };
    ty.has_shapes.then_some(P::Shape(space, shape))
}

fn plain(primitive: P, native: NativeType) -> Served {
    Served {
        ty: ColumnType::Primitive(primitive),
        storage: Storage::Native,
        native,
        max_length: None,
        precision: None,
        scale: None,
        not_null: false,
        default: None,
        text: false,
        flattened: None,
    }
}

fn as_text(native: NativeType, flattened: Option<&'static str>) -> Served {
    Served { storage: Storage::Text, flattened, ..plain(P::String, native) }
}

fn built_in(name: &str, modifier: i32, native: NativeType) -> Served {
    let length = u32::try_from(modifier - MODIFIER_OFFSET).ok();
    // An interval's number also says which fields it has.
    let fraction = || {
        Some(u32::try_from(modifier & 0xFFFF).ok().filter(|&p| modifier >= 0 && p <= 6).unwrap_or(FRACTION))
    };
    let as_text = |native| as_text(native, None);
    match name {
        "bool" => plain(P::Boolean, native),
        "int2" => plain(P::Int16, native),
        "int4" => plain(P::Int32, native),
        "int8" | "oid" => plain(P::Int64, native),
        "float4" => plain(P::Single, native),
        "float8" => plain(P::Double, native),
        "numeric" => {
            let (precision, scale) = decimal(modifier).unzip();
            Served { precision, scale, ..plain(P::Decimal, native) }
        }
        "money" => Served { storage: Storage::Text, ..plain(P::Decimal, native) },
        "text" => Served { text: true, ..plain(P::String, native) },
        "varchar" => Served { text: true, max_length: length, ..plain(P::String, native) },
        "bpchar" => Served { text: true, max_length: length, ..as_text(native) },
        "bytea" => plain(P::Binary, native),
        "date" => plain(P::Date, native),
        "time" => Served { precision: fraction(), ..plain(P::TimeOfDay, native) },
        "timestamp" | "timestamptz" => Served { precision: fraction(), ..plain(P::DateTimeOffset, native) },
        "interval" => Served { precision: fraction(), ..plain(P::Duration, native) },
        "uuid" => plain(P::Guid, native),
        _ => as_text(native),
    }
}

/// Precision and scale of a `numeric`. OData has no negative scale, and none greater than the precision.
fn decimal(modifier: i32) -> Option<(u32, u32)> {
    let packed = modifier.checked_sub(MODIFIER_OFFSET).filter(|&packed| packed >= 0)?;
    let precision = (packed >> 16 & 0xFFFF) as u32;
    // 11 bits with a sign.
    let scale = ((packed & 0x7FF) ^ 1024) - 1024;
    match u32::try_from(scale) {
        Ok(scale) => Some((precision.max(scale), scale)),
        Err(_) => Some((precision + scale.unsigned_abs(), 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_scale() {
        let packed = |precision: i32, scale: i32| (precision << 16 | (scale & 0x7FF)) + MODIFIER_OFFSET;
        for (modifier, expected) in [
            (-1, None),
            (packed(10, 2), Some((10, 2))),
            (packed(1000, 0), Some((1000, 0))),
            (packed(3, -2), Some((5, 0))),
            (packed(3, 5), Some((5, 5))),
            (packed(1000, 1000), Some((1000, 1000))),
            (packed(1000, -1000), Some((2000, 0))),
        ] {
            assert_eq!(decimal(modifier), expected, "{modifier}");
        }
    }
}
