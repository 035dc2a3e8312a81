//! Whether what a model file says fits together, whatever the database has.

use std::collections::HashMap;

use nextlink_odata::model::{PrimitiveType, is_media_type};

use super::ShapeError;
use super::media::MediaTypeShape;
use super::named::{Entries, Named, Spot};
use super::parts::{
    Code, ComplexShape, DefinitionShape, EntityShape, EnumShape, FunctionShape, NavigationShape,
    PropertyShape, Shape, SingletonShape,
};
use super::select::{Piece, pieces};
use crate::identifier::is_identifier;

pub(super) type Checked = Result<(), ShapeError>;

/// Checks a model file.
///
/// # Errors
/// The first thing in it that contradicts another one, or that no model can have.
pub(super) fn check(shape: &Shape) -> Checked {
    if let Some(namespace) = &shape.namespace
        && !namespace.text.split('.').all(is_identifier)
    {
        return Err(bad(namespace.spot, &["`", &namespace.text, "` can't be a namespace"]));
    }
    let mut types = Names::default();
    if let Some(container) = &shape.container {
        types.add(container)?;
    }
    for (name, told) in shape.enumerations.iter() {
        types.add(name)?;
        enumeration(name, told)?;
    }
    for (name, told) in shape.type_definitions.iter() {
        types.add(name)?;
        definition(told)?;
    }
    for (name, told) in shape.complex_types.iter() {
        types.add(name)?;
        complex(shape, name, told)?;
    }
    let mut container = Names::default();
    for (name, told) in shape.entities.iter() {
        container.add(name)?;
        if let Some(name) = &told.type_name {
            types.add(name)?;
        }
        entity(shape, told)?;
    }
    for (name, told) in shape.singletons.iter() {
        container.add(name)?;
        if let Some(name) = &told.entity.type_name {
            types.add(name)?;
        }
        singleton(shape, name, told)?;
    }
    for (name, _) in shape.derived() {
        types.add(name)?;
    }
    for (name, told) in shape.functions.iter() {
        types.add(name)?;
        container.add(name)?;
        function(told)?;
    }
    groups(shape, &mut types)
}

/// A function: each parameter of its SELECT has a primitive type.
fn function(told: &FunctionShape) -> Checked {
    let mut names = Names::default();
    for (name, ty) in told.parameters.iter() {
        names.add(name)?;
        if PrimitiveType::from_name(&ty.text).is_none_or(PrimitiveType::is_shape) {
            return Err(bad(ty.spot, &["`", &ty.text, "`: a parameter has a type such as Edm.String"]));
        }
    }
    for piece in pieces(&told.sql)? {
        if let Piece::Parameter(name) = piece
            && told.parameters.get(&name).is_none()
        {
            return Err(bad(told.sql.spot, &["`:", &name, "`: there is no such parameter"]));
        }
    }
    Ok(())
}

/// A singleton is a row of an entity set, or has a table of its own.
fn singleton(shape: &Shape, name: &Named, told: &SingletonShape) -> Checked {
    match (&told.of, told.row.is_empty()) {
        (None, true) => entity(shape, &told.entity),
        (Some(_), false) => {
            let EntityShape { description, .. } = &told.entity;
            let alone = EntityShape { description: description.clone(), ..EntityShape::default() };
            if told.entity == alone {
                return Ok(());
            }
            let words = "a singleton with `of` is an entity of that set: nothing but `row` and `description` can be said of it";
            Err(bad(name.spot, &[words]))
        }
        _ => Err(bad(name.spot, &["a singleton has both `of`, an entity set, and `row`, or none of them"])),
    }
}

/// Complex types that only groups of columns name have names of their own, too.
fn groups<'s>(shape: &'s Shape, types: &mut Names<'s>) -> Checked {
    let mut seen: Vec<&str> = shape.complex_types.iter().map(|(name, _)| name.text.as_str()).collect();
    for (_, property) in shape.properties() {
        if let Some(ty) = property.type_name.as_ref().filter(|_| !property.columns.is_empty())
            && !seen.contains(&ty.text.as_str())
        {
            types.add(ty)?;
            seen.push(&ty.text);
        }
    }
    Ok(())
}

/// What is wrong at a place.
pub(super) fn bad(spot: Spot, words: &[&str]) -> ShapeError {
    ShapeError { spot, problem: words.concat() }
}

fn is_name(name: &Named) -> Checked {
    if is_identifier(&name.text) {
        return Ok(());
    }
    let words =
        ["`", &name.text, "` can't be a name: letters, digits and _ can, 128 at most, no digit first"];
    Err(bad(name.spot, &words))
}

/// Names that must differ, with the places where they stand.
#[derive(Default)]
struct Names<'a>(HashMap<&'a str, Spot>);

impl<'a> Names<'a> {
    fn add(&mut self, name: &'a Named) -> Checked {
        is_name(name)?;
        self.once(name, "the name")
    }

    fn once(&mut self, name: &'a Named, what: &str) -> Checked {
        match self.0.insert(&name.text, name.spot) {
            None => Ok(()),
            Some(first) => {
                let line = first.line.to_string();
                Err(bad(name.spot, &[what, " `", &name.text, "` stands in line ", &line, " already"]))
            }
        }
    }
}

fn enumeration(name: &Named, told: &EnumShape) -> Checked {
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
fn definition(told: &DefinitionShape) -> Checked {
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
        return Err(bad(name.spot, &["`scale` can't be greater than `precision`"]));
    }
    Ok(())
}

fn complex(shape: &Shape, name: &Named, told: &ComplexShape) -> Checked {
    if told.of.is_none() && !told.properties.is_empty() {
        let words = "the properties of a complex type stand where it is used, under `columns`; those here are of one of the database, \
             named by `of`";
        return Err(bad(name.spot, &[words]));
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
            return Err(bad(name.spot, &["a complex value can't hold another one made of columns"]));
        }
        if told.is_stream() {
            return Err(bad(name.spot, &["only entities have streams"]));
        }
        property(shape, told)?;
    }
    Ok(())
}

/// A SELECT in the place of a table.
fn select(told: &Named, entity: &EntityShape) -> Checked {
    if let Some(table) = &entity.table {
        return Err(bad(table.spot, &["an entity set has either `table` or `sql`"]));
    }
    if entity.key.is_empty() {
        return Err(bad(told.spot, &["entities of `sql` need `key`, with what identifies a row"]));
    }
    for piece in pieces(told)? {
        if let Piece::Parameter(name) = piece {
            return Err(bad(told.spot, &["`:", &name, "`: a SELECT of an entity set has no parameters"]));
        }
    }
    Ok(())
}

fn entity(shape: &Shape, told: &EntityShape) -> Checked {
    if let Some(sql) = &told.sql {
        select(sql, told)?;
    }
    let (mut names, mut columns) = (Names::default(), Names::default());
    for (name, told) in told.properties.iter() {
        names.add(name)?;
        if told.columns.is_empty() {
            columns.once(told.column.as_ref().unwrap_or(name), "the column")?;
            property(shape, told)?;
            stream(name, told)?;
        } else {
            grouped(shape, name, told, &mut columns)?;
        }
    }
    for (name, told) in told.navigation.iter() {
        names.add(name)?;
        navigation(name, told)?;
    }
    media_type(told.media.as_ref().and_then(|media| media.media_type.as_ref()))?;
    derived(shape, told, &mut names, &mut columns)
}

/// A property that is made of columns.
fn grouped<'s>(shape: &Shape, name: &Named, told: &'s PropertyShape, columns: &mut Names<'s>) -> Checked {
    let Some(ty) = &told.type_name else {
        return Err(bad(name.spot, &["a property made of `columns` needs `type`: its complex type"]));
    };
    if told.column.is_some() {
        return Err(bad(name.spot, &["a property has either `column` or `columns`"]));
    }
    is_name(ty)?;
    group(shape, ty, &told.columns)?;
    for (name, told) in told.columns.iter() {
        columns.once(told.column.as_ref().unwrap_or(name), "the column")?;
    }
    Ok(())
}

/// Types below that of an entity set: told from each other by one column, and each with names of its own.
fn derived<'s>(
    shape: &Shape,
    entity: &'s EntityShape,
    names: &mut Names<'s>,
    columns: &mut Names<'s>,
) -> Checked {
    if entity.is_abstract && entity.derived.is_empty() {
        let spot =
            entity.type_name.as_ref().or(entity.table.as_ref()).map_or(Spot::default(), |named| named.spot);
        return Err(bad(spot, &["an abstract type needs `derived` types"]));
    }
    let mut column: Option<&Named> = None;
    let mut codes: Vec<&Code> = Vec::new();
    for (number, (name, told)) in entity.derived.iter().enumerate() {
        let before = &entity.derived.0[..number];
        if let Some(base) = &told.base
            && !before.iter().any(|(known, _)| known.text == base.text)
        {
            return Err(bad(base.spot, &["there is no derived type `", &base.text, "` before this one"]));
        }
        match told.when.0.as_slice() {
            [] if told.is_abstract => {}
            [(own, _)] if column.is_some_and(|known| known.text != own.text) => {
                return Err(bad(own.spot, &["one column tells all derived types of a set from each other"]));
            }
            [(own, when)] => {
                column = Some(own);
                if when.0.is_empty() || when.0.iter().any(|code| codes.contains(&code)) {
                    return Err(bad(own.spot, &["each derived type needs values of its own"]));
                }
                codes.extend(&when.0);
            }
            _ => {
                let words =
                    "a derived type needs `when`: one column, with the values that stand there for it";
                return Err(bad(name.spot, &[words]));
            }
        }
        for (name, told) in told.properties.iter() {
            names.add(name)?;
            if !told.columns.is_empty() {
                grouped(shape, name, told, columns)?;
                continue;
            }
            columns.once(told.column.as_ref().unwrap_or(name), "the column")?;
            if told.is_stream() {
                return Err(bad(name.spot, &["only the type of the entity set has streams, none below it"]));
            }
            stream(name, told)?;
            property(shape, told)?;
        }
        for (name, told) in told.navigation.iter() {
            names.add(name)?;
            navigation(name, told)?;
        }
    }
    if column.is_none() && !entity.derived.is_empty() {
        return Err(bad(
            entity.derived.0[0].0.spot,
            &["all derived types are abstract, so no entity is of them"],
        ));
    }
    Ok(())
}

/// What only streams have.
fn stream(name: &Named, told: &PropertyShape) -> Checked {
    if told.content_type.is_some() && !told.is_stream() {
        return Err(bad(name.spot, &["`contentType` is for streams: say `type: Edm.Stream`, too"]));
    }
    media_type(told.content_type.as_ref())
}

fn media_type(told: Option<&MediaTypeShape>) -> Checked {
    match told {
        Some(MediaTypeShape::Fixed(name)) if !is_media_type(&name.text) => {
            Err(bad(name.spot, &["`", &name.text, "` is no media type, such as image/png"]))
        }
        _ => Ok(()),
    }
}

/// A group of columns: its complex type has the same properties wherever it is used.
fn group(shape: &Shape, ty: &Named, told: &Entries<PropertyShape>) -> Checked {
    members(shape, told)?;
    if shape.enumerations.get(&ty.text).is_some() {
        return Err(bad(ty.spot, &["`", &ty.text, "` is an enumeration"]));
    }
    if shape.complex_types.get(&ty.text).is_some_and(|known| known.of.is_some()) {
        return Err(bad(
            ty.spot,
            &["`", &ty.text, "` is a type of the database, and can't be made of columns"],
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

fn property(shape: &Shape, told: &PropertyShape) -> Checked {
    let Some(ty) = &told.type_name else { return Ok(()) };
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

fn navigation(name: &Named, told: &NavigationShape) -> Checked {
    let Some(through) = &told.through else {
        if told.on.is_empty() {
            return Err(bad(
                name.spot,
                &["navigation needs `on`, with what is equal, or `through`, with a table"],
            ));
        }
        return Ok(());
    };
    if !told.on.is_empty() {
        return Err(bad(name.spot, &["navigation has either `on` or `through`"]));
    }
    if through.near.is_empty() != through.far.is_empty() {
        return Err(bad(name.spot, &["`through` needs both `near` and `far`, or none of them"]));
    }
    if told.collection == Some(false) {
        return Err(bad(name.spot, &["what goes through a table leads to many"]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Shape;

    #[test]
    fn bad_files_are_refused_with_line_and_column() {
        for (text, expected) in [
            ("a: [", "line 1"),
            ("nam: x", "line 1, column 1: unknown field"),
            ("entities:\n  A:\n    tabel: x", "line 3, column 5: unknown field"),
            ("entities:\n  A: {table: [x]}", "line 2, column 14: "),
            ("entities:\n  A: {}\n  A: {}", "line 3, column 3: "),
            ("entities:\n  A b: {}", "line 2, column 3: `A b` can't be a name"),
            ("namespace: a..b", "line 1, column 12: `a..b` can't be a namespace"),
            ("case: loud", "line 1, column 7: "),
            ("pluralSets: maybe", "line 1, column 13: "),
            (
                "entities:\n  A: {type: T}\n  B: {type: T}",
                "line 3, column 13: the name `T` stands in line 2 already",
            ),
            ("annotations:\n  A: {Core.Tags: 1}", "line 2, column 7: `Core.Tags`: a term begins with @"),
            ("annotations:\n  A: {'@UI.Tags': 1}", "line 2, column 7: `@UI.Tags`: a term begins with @"),
            (
                "annotations:\n  A: {'@Core.Description': x}",
                "line 2, column 7: `@Core.Description` is said of what",
            ),
            (
                "annotations:\n  A: {'@Core.Tags': {$Path: 1}}",
                "line 2, column 7: `@Core.Tags`: `$Path` is of a text",
            ),
            (
                "annotations:\n  A: {'@Core.Tags': [{'@type': X.Y}]}",
                "line 2, column 7: `@Core.Tags`: `X.Y` is of no",
            ),
            ("vocabularies:\n  A: {namespace: x}", "line 2, column 7: missing field `url`"),
            ("enumerations:\n  E: {}", "line 2, column 3: an enumeration has either"),
            ("enumerations:\n  E: {members: {A: 1, B: 1}}", "line 2, column 23: another member"),
            ("enumerations:\n  E: {members: {A: 1, B: b}}", "line 2, column 3: all members"),
            ("enumerations:\n  E: {flags: true, members: {A: 3}}", "line 2, column 30: with flags"),
            (
                "enumerations:\n  E: {members: {A: 9223372036854775808}}",
                "line 2, column 20: the number is too great",
            ),
            ("entities:\n  A:\n    properties: {x: a, y: a}", "line 3, column 27: the column `a`"),
            (
                "entities:\n  A:\n    properties: {x: {columns: {a: b}}}",
                "line 3, column 18: a property made of",
            ),
            (
                "entities:\n  A:\n    properties: {x: {type: Nope}}",
                "line 3, column 28: there is no type `Nope`",
            ),
            (
                "entities:\n  A:\n    properties:\n      x: {type: T, columns: {a: b}}\n      y: {type: T, columns: {c: d}}",
                "line 5, column 17: `T` has other properties elsewhere: a",
            ),
            ("typeDefinitions:\n  A: {underlying: Money}", "line 2, column 19: `Money` is no primitive"),
            (
                "typeDefinitions:\n  A: {underlying: Edm.Int32, scale: 1}",
                "line 2, column 19: values of Edm.Int32",
            ),
            (
                "typeDefinitions:\n  A: {underlying: Edm.Decimal, precision: 2, scale: 3}",
                "line 2, column 19: `scale`",
            ),
            ("entities:\n  A: {derived: {B: {}}}", "line 2, column 17: a derived type needs `when`"),
            (
                "entities:\n  A: {derived: {B: {when: {k: 1}, base: C}}}",
                "line 2, column 41: there is no derived",
            ),
            (
                "entities:\n  A: {derived: {B: {when: {k: 1}}, C: {when: {k: [2, 1]}}}}",
                "line 2, column 47: each derived type",
            ),
            (
                "entities:\n  A: {derived: {B: {when: {k: 1}}, C: {when: {l: 2}}}}",
                "line 2, column 47: one column",
            ),
            (
                "entities:\n  A: {derived: {B: {abstract: true}}}",
                "line 2, column 17: all derived types are abstract",
            ),
            ("entities:\n  A: {table: a, abstract: true}", "line 2, column 14: an abstract type"),
            (
                "entities:\n  A: {derived: {B: {when: {k: 1}, properties: {p: {type: Edm.Stream}}}}}",
                "line 2, column 48: only the type of the entity set has streams",
            ),
            (
                "entities:\n  A: {properties: {x: a}, derived: {B: {when: {k: 1}, properties: {y: a}}}}",
                "line 2, column 71: the column `a`",
            ),
            ("singletons:\n  A: {of: B}", "line 2, column 3: a singleton has both"),
            ("singletons:\n  A: {of: B, row: {x: 1}, hide: [y]}", "line 2, column 3: a singleton with `of`"),
            ("entities:\n  A: {}\nsingletons:\n  A: {}", "line 4, column 3: the name `A` stands in line 2"),
            (
                "entities:\n  A: {sql: select 1, table: a, key: [x]}",
                "line 2, column 29: an entity set has either",
            ),
            (
                "functions:\n  F: {sql: 'select :a', returns: A}",
                "line 2, column 12: `:a`: there is no such parameter",
            ),
            (
                "functions:\n  F: {sql: 'select :a', parameters: {a: int}, returns: A}",
                "line 2, column 41: `int`: a parameter has a type",
            ),
            (
                "functions:\n  F: {sql: 'select :a', parameters: {a: Edm.GeographyPoint}, returns: A}",
                "line 2, column 41: `Edm.GeographyPoint`: a parameter has a type",
            ),
            ("functions:\n  F: {sql: select 1}", "line 2, column "),
            (
                "entities:\n  F: {}\nfunctions:\n  F: {sql: select 1, returns: F}",
                "line 4, column 3: the name",
            ),
            ("entities:\n  A: {sql: select 1}", "line 2, column 12: entities of `sql` need `key`"),
            (
                "entities:\n  A: {sql: 'select :a', key: [x]}",
                "line 2, column 12: `:a`: a SELECT of an entity set",
            ),
            ("entities:\n  A: {sql: delete from a, key: [x]}", "line 2, column 12: one SELECT is meant"),
            ("entities:\n  A:\n    navigation: {N: {target: B}}", "line 3, column 18: navigation needs `on`"),
            (
                "entities:\n  A:\n    properties: {P: {contentType: image/png}}",
                "line 3, column 18: `contentType` is for",
            ),
            (
                "entities:\n  A:\n    properties: {P: {type: Edm.Stream, contentType: png}}",
                "line 3, column 53: `png` is no media type",
            ),
            ("entities:\n  A:\n    media: {column: p, type: [x]}", "line 3, column "),
            ("entities:\n  A:\n    media: {type: image/png}", "line 3, column "),
            (
                "entities:\n  A:\n    properties: {x: {type: T, columns: {a: {type: Edm.Stream}}}}",
                "line 3, column 41: only entities",
            ),
            ("entities:\n  A:\n    navigation: {N: {on: {a: b}}}", "line 3, column "),
            (
                "entities:\n  A:\n    properties: {x: a}\n    navigation: {x: {target: B, on: {a: b}}}",
                "line 4, column 18: the name `x`",
            ),
        ] {
            let error = Shape::parse(text).expect_err(text).to_string();
            assert!(error.starts_with(expected), "{text}\n{error}");
        }
    }

    #[test]
    fn good_files_are_read() {
        for text in [
            "",
            "# nothing\n",
            "entities:\n  A:\n    table: sales.a\n    properties: {Id: id, B: {column: b, maxLength: 3}, C: }\n    hide: [x]",
            "enumerations: {E: {flags: true, members: {A: 1, B: 4}}, F: {members: {A: a, B: b}}}",
        ] {
            Shape::parse(text).expect(text);
        }
    }
}
