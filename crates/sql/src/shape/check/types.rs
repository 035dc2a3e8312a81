//! Types and properties that a model file names.

use nextlink_odata::model::PrimitiveType;

use super::super::json;
use super::super::named::{Entries, Named};
use super::super::parts::{Code, ComplexShape, DefinitionShape, EnumShape, PropertyShape, Shape};
use super::names::{Checked, Names, bad};

/// An enumeration: of the database, or with members of one kind.
pub(super) fn enumeration(name: &Named, told: &EnumShape) -> Checked {
    if told.of.is_some() != told.members.is_empty() {
        let words = "an enumeration has either `of`, one of the database, or `members`";
        return Err(bad(name.spot, &[words]));
    }
    let mut names = Names::default();
    let mut codes: Vec<&Code> = Vec::new();
    for (member, code) in told.members.iter() {
        names.add(member)?;
        let known = codes.contains(&code);
        codes.push(code);
        if known {
            return Err(bad(member.spot, &["another member stands for the same value"]));
        }
        let bit = |number: i64| number > 0 && number.count_ones() == 1;
        if told.flags && !matches!(code, Code::Number(number) if bit(*number)) {
            return Err(bad(member.spot, &["with flags the number of each member is a bit: 1, 2, 4, 8, …"]));
        }
    }
    let numbers = codes.iter().filter(|code| matches!(code, Code::Number(_))).count();
    if numbers != 0 && numbers != codes.len() {
        return Err(bad(name.spot, &["all members are numbers in the column, or all are texts"]));
    }
    Ok(())
}

/// A type definition has facets that its underlying type can have (CSDL 4.01 section 11.1).
pub(super) fn definition(told: &DefinitionShape) -> Checked {
    use PrimitiveType as P;
    let name = &told.underlying;
    let Some(underlying) = P::from_name(&name.text) else {
        return Err(bad(name.spot, &["`", &name.text, "` is no primitive type such as Edm.Decimal"]));
    };
    let precise = matches!(underlying, P::Decimal | P::DateTimeOffset | P::Duration | P::TimeOfDay);
    let wrong = [
        (told.max_length.is_some() && !matches!(underlying, P::String | P::Binary), "maxLength"),
        (told.precision.is_some() && !precise, "precision"),
        (told.scale.is_some() && underlying != P::Decimal, "scale"),
    ];
    if let Some((_, facet)) = wrong.iter().find(|(wrong, _)| *wrong) {
        return Err(bad(name.spot, &["values of ", &name.text, " have no `", facet, "`"]));
    }
    if told.scale.zip(told.precision).is_some_and(|(scale, precision)| scale > precision) {
        return Err(bad(name.spot, &["`scale` cannot be greater than `precision`"]));
    }
    Ok(())
}

/// A complex type.
pub(super) fn complex(shape: &Shape, name: &Named, told: &ComplexShape) -> Checked {
    if told.of.is_none() && !told.properties.is_empty() {
        json::complex(shape, name, told)?;
    }
    members(shape, &told.properties)
}

/// Properties of a complex type: each of one column.
fn members(shape: &Shape, told: &Entries<PropertyShape>) -> Checked {
    let (mut names, mut columns) = (Names::default(), Names::default());
    for (name, told) in told.iter() {
        names.add(name)?;
        columns.once(told.column.as_ref().unwrap_or(name), "the column")?;
        if !told.columns.is_empty() {
            return Err(bad(name.spot, &["a complex value cannot hold another one made of columns"]));
        }
        if told.is_stream() {
            return Err(bad(name.spot, &["only entities have streams"]));
        }
        property(shape, told)?;
    }
    Ok(())
}

/// A group of columns: its complex type has the same properties wherever it is used.
pub(super) fn group(shape: &Shape, ty: &Named, told: &Entries<PropertyShape>) -> Checked {
    members(shape, told)?;
    if shape.enumerations.get(&ty.text).is_some() {
        return Err(bad(ty.spot, &["`", &ty.text, "` is an enumeration"]));
    }
    if shape.complex_types.get(&ty.text).is_some_and(|known| known.of.is_some()) {
        return Err(bad(
            ty.spot,
            &["`", &ty.text, "` is a type of the database, and cannot be made of columns"],
        ));
    }
    if shape.json_type(&ty.text).is_some() {
        return Err(bad(
            ty.spot,
            &["`", &ty.text, "` has `properties`, so its values are JSON in one column"],
        ));
    }
    let first = shape.properties().map(|(_, property)| property).find(|property| {
        !property.columns.is_empty() && property.type_name.as_ref().is_some_and(|name| name.text == ty.text)
    });
    let names = |entries: &Entries<PropertyShape>| -> Vec<String> {
        entries.iter().map(|(name, _)| name.text.clone()).collect()
    };
    match first {
        Some(first) if names(&first.columns) != names(told) => {
            let has = names(&first.columns).join(", ");
            Err(bad(ty.spot, &["`", &ty.text, "` has other properties elsewhere: ", &has]))
        }
        _ => Ok(()),
    }
}

/// A property names a type that there is.
pub(super) fn property(shape: &Shape, told: &PropertyShape) -> Checked {
    let Some(ty) = &told.type_name else { return Ok(()) };
    if json::item_type(&ty.text).is_some() {
        return json::collection(shape, ty);
    }
    let known = |name: &str| {
        let named = shape.enumerations.get(name).is_some() || shape.complex_types.get(name).is_some();
        named || shape.type_definitions.get(name).is_some()
    };
    if known(&ty.text) || ty.text.contains('.') {
        return Ok(());
    }
    let words = [
        "there is no type `",
        &ty.text,
        "`: name one of `enumerations` or `typeDefinitions`, or one such as Edm.String",
    ];
    Err(bad(ty.spot, &words))
}
