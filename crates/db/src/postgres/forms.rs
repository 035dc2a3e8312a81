//! How the wire writes the values of a type, and whether they are values of the type that a cell is served as.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_sql::statement::{ResultColumn, Structure};
use tokio_postgres::types::{Kind, Type};

/// How the wire writes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// One byte.
    Bool,
    /// 2 bytes.
    Int2,
    /// 4 bytes.
    Int4,
    /// 8 bytes.
    Int8,
    /// 4 bytes without a sign.
    Oid,
    /// IEEE 754 binary32.
    Float4,
    /// IEEE 754 binary64.
    Float8,
    /// Groups of digits.
    Numeric,
    /// Text as it is.
    Text,
    /// Text that is GeoJSON.
    Shape,
    /// Text behind a version.
    Jsonb,
    /// Bytes as they are.
    Bytea,
    /// Days.
    Date,
    /// Microseconds of a day.
    Time,
    /// Microseconds.
    Instant,
    /// Microseconds, days and months.
    Interval,
    /// 16 bytes.
    Uuid,
    /// Items of one form.
    Array(Box<Form>),
    /// One value for each column.
    Composite(Box<[Form]>),
}

impl Form {
    /// The form of a cell whose column has this type; none where that goes together no more.
    pub fn of(cell: &ResultColumn, ty: &Type) -> Option<Form> {
        match (cell.structure.as_deref(), base(ty).kind()) {
            (None, _) if cell.primitive.is_shape() => (base(ty) == &Type::TEXT).then_some(Form::Shape),
            (None, _) => Form::plain(ty).filter(|form| form.fits(cell.primitive)),
            (Some(Structure::Collection(item)), Kind::Array(of)) => {
                Some(Form::Array(Box::new(Form::of(item, of)?)))
            }
            (Some(Structure::Complex(members)), Kind::Composite(fields)) if members.len() == fields.len() => {
                let forms = members.iter().zip(fields).map(|(member, field)| Form::of(member, field.type_()));
                Some(Form::Composite(forms.collect::<Option<_>>()?))
            }
            _ => None,
        }
    }

    fn plain(ty: &Type) -> Option<Form> {
        let ty = base(ty);
        Some(match *ty {
            Type::BOOL => Form::Bool,
            Type::INT2 => Form::Int2,
            Type::INT4 => Form::Int4,
            Type::INT8 => Form::Int8,
            Type::OID => Form::Oid,
            Type::FLOAT4 => Form::Float4,
            Type::FLOAT8 => Form::Float8,
            Type::NUMERIC => Form::Numeric,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::XML => Form::Text,
            Type::JSONB => Form::Jsonb,
            Type::BYTEA => Form::Bytea,
            Type::DATE => Form::Date,
            Type::TIME => Form::Time,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Form::Instant,
            Type::INTERVAL => Form::Interval,
            Type::UUID => Form::Uuid,
            _ => match ty.kind() {
                Kind::Enum(_) => Form::Text,
                _ => return None,
            },
        })
    }

    /// Whether values of this form are values of a primitive type.
    fn fits(&self, primitive: P) -> bool {
        let whole = matches!(self, Form::Int2 | Form::Int4 | Form::Int8 | Form::Oid);
        match primitive {
            P::Boolean => *self == Form::Bool,
            P::Byte | P::SByte | P::Int16 | P::Int32 | P::Int64 => whole,
            P::Decimal => whole || *self == Form::Numeric,
            P::Double | P::Single => matches!(self, Form::Float4 | Form::Float8),
            P::String => matches!(self, Form::Text | Form::Jsonb),
            P::Binary => *self == Form::Bytea,
            P::Date => *self == Form::Date,
            P::TimeOfDay => *self == Form::Time,
            P::DateTimeOffset => *self == Form::Instant,
            P::Duration => *self == Form::Interval,
            P::Guid => *self == Form::Uuid,
            P::Shape(..) => *self == Form::Shape,
        }
    }

    /// The name of what it writes, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Form::Bool => "boolean",
            Form::Int2 => "smallint",
            Form::Int4 => "integer",
            Form::Int8 => "bigint",
            Form::Oid => "oid",
            Form::Float4 => "real",
            Form::Float8 => "double precision",
            Form::Numeric => "numeric",
            Form::Text | Form::Shape => "text in UTF-8",
            Form::Jsonb => "jsonb",
            Form::Bytea => "bytea",
            Form::Date => "date",
            Form::Time => "time",
            Form::Instant => "timestamp",
            Form::Interval => "interval",
            Form::Uuid => "uuid",
            Form::Array(_) => "an array",
            Form::Composite(_) => "a composite type",
        }
    }
}

/// The type that a domain is over.
pub fn base(ty: &Type) -> &Type {
    match ty.kind() {
        Kind::Domain(inner) => base(inner),
        _ => ty,
    }
}
