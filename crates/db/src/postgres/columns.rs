//! Columns, enumerations and composite types of the server as those of a catalogue.

use nextlink_odata::model::{Computed, PrimitiveType};
use nextlink_sql::catalog::{CatalogComposite, CatalogEnum, Column, ColumnType, NativeType};
use nextlink_sql::zone::Zone;

use super::tables::{RawColumn, RawType};
use super::types::{Served, Types};
use crate::defaults::{self, Default as DefaultValue};

/// A column.
pub(super) fn column(raw: &RawColumn, served: Served) -> Column {
    let expression = raw.default.as_ref().or(served.default.as_ref()).map(|text| literal(text));
    let default = match (&served.ty, expression) {
        (_, None) => DefaultValue::Nothing,
        (ColumnType::Primitive(primitive), expression) => {
            defaults::read(expression, *primitive, served.max_length)
        }
        (ColumnType::Enum(_) | ColumnType::Coded(..), expression) => {
            defaults::read(expression, PrimitiveType::String, None)
        }
        (ColumnType::Composite(_) | ColumnType::Json(_) | ColumnType::Array(_), Some(text)) => {
            match defaults::is_null(text) {
                true => DefaultValue::Nothing,
                false => DefaultValue::Computed,
            }
        }
    };
    let computed = match (&default, raw.identity.as_str()) {
        _ if raw.generated => Computed::Always,
        (_, "a") => Computed::Always,
        (_, "d") | (DefaultValue::Computed, _) => Computed::Default,
        (DefaultValue::Constant(_) | DefaultValue::Nothing, _) => Computed::No,
    };
    let zone = tells_no_zone(&served.native).then_some(Zone::UTC);
    Column {
        name: raw.name.clone(),
        declared: raw.declared.clone(),
        ty: served.ty,
        storage: served.storage,
        native: served.native,
        nullable: !(raw.not_null || served.not_null),
        max_length: served.max_length,
        precision: served.precision,
        scale: served.scale,
        default_value: match default {
            DefaultValue::Constant(value) if !raw.generated => Some(value),
            _ => None,
        },
        computed,
        binary_collation: !served.text || (raw.by_code_point == Some(true) && !raw.loose),
        zone,
        comment: raw.comment.clone(),
    }
}

/// Whether values of a type are points in time that say no time zone.
fn tells_no_zone(native: &NativeType) -> bool {
    matches!(native, NativeType::Named { schema, name } if schema == "pg_catalog" && name == "timestamp")
}

/// A default expression without casts around a literal, as in `('0'::text)::character varying`.
fn literal(expression: &str) -> &str {
    let text = expression.trim();
    if let Some((inner, ty)) = text.rsplit_once("::") {
        let is_type = |c: char| c.is_alphanumeric() || " _.\"[](),".contains(c);
        if ty.chars().all(is_type)
            && balanced(ty)
            && (inner.ends_with(['\'', ')']) || !inner.contains(['\'', '(']))
        {
            return literal(inner);
        }
    }
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) if balanced(inner) => literal(inner),
        _ => text,
    }
}

/// Whether every parenthesis has its partner.
fn balanced(text: &str) -> bool {
    let depth = text.chars().try_fold(0_u32, |depth, c| match c {
        '(' => Some(depth + 1),
        ')' => depth.checked_sub(1),
        _ => Some(depth),
    });
    depth == Some(0)
}

/// An enumeration.
pub(super) fn enumeration(ty: &RawType) -> CatalogEnum {
    CatalogEnum {
        schema: Some(ty.schema.clone()),
        name: ty.name.clone(),
        labels: ty.labels.clone(),
        flags: false,
        comment: ty.comment.clone(),
    }
}

/// A composite type.
pub(super) fn composite(ty: &RawType, types: &Types<'_>) -> CatalogComposite {
    let members = types.members(ty).iter();
    CatalogComposite {
        schema: Some(ty.schema.clone()),
        name: ty.name.clone(),
        columns: members.map(|member| column(member, types.column(member))).collect(),
        comment: ty.comment.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_lose_their_casts() {
        for (expression, expected) in [
            ("0", "0"),
            ("'abc'::character varying", "'abc'"),
            ("'a::b'::text", "'a::b'"),
            ("('-1'::integer)::bigint", "'-1'"),
            ("(-1)", "-1"),
            ("NULL::character varying(10)", "NULL"),
            ("'x'::\"My Type\"", "'x'"),
            ("'{}'::integer[]", "'{}'"),
            ("'it''s'::text", "'it''s'"),
            ("nextval('a_id_seq'::regclass)", "nextval('a_id_seq'::regclass)"),
            ("('a'::text || 'b'::text)", "'a'::text || 'b'"),
            ("now()", "now()"),
            ("(now())::date", "now()"),
        ] {
            assert_eq!(literal(expression), expected, "{expression}");
        }
    }
}
