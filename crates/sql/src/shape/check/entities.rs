//! Entity sets of a model file: where their rows are, and what is told of them.

use nextlink_odata::model::is_media_type;
use nextlink_odata::url::parse_plain_expression;

use super::super::changes::ChangesShape;
use super::super::media::MediaTypeShape;
use super::super::named::{Named, Spot};
use super::super::parts::{Code, DerivedShape, EntityShape, NavigationShape, PropertyShape, Shape};
use super::super::select::{Piece, pieces};
use super::names::{Checked, Names, bad, is_name};
use super::types::{group, property};

/// An entity set, with the types below that of its entities.
pub(super) fn entity(shape: &Shape, told: &EntityShape) -> Checked {
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
    changes(told.changes.as_ref())?;
    if let Some(name) = told.search.as_ref().and_then(|search| search.configuration.as_ref()) {
        is_name(name)?;
    }
    if let Some(rows) = &told.rows {
        parse_plain_expression(&rows.text).map_err(|error| bad(rows.spot, &["`rows`: ", &error.message]))?;
    }
    derived(shape, told, &mut names, &mut columns)
}

/// A table whose rows are not all there for clients, or not for all of them, is of one entity set only.
pub(super) fn rows_stand_once(shape: &Shape) -> Checked {
    let table = |(name, told): &(&Named, &EntityShape)| {
        told.table.as_ref().filter(|_| told.sql.is_none()).unwrap_or(name).text.to_lowercase()
    };
    let all: Vec<_> = shape.tables().filter(|(_, told)| told.sql.is_none()).collect();
    for (number, entity) in all.iter().enumerate() {
        let Some(spot) = bounded(*entity) else { continue };
        let mut others = all.iter().enumerate().filter(|(other, _)| *other != number);
        if others.any(|(_, other)| table(other) == table(entity)) {
            return Err(bad(
                spot,
                &["another entity set is of this table, too, and would have all of its rows for everybody"],
            ));
        }
    }
    Ok(())
}

/// Where it is said that something of an entity set is kept from somebody.
fn bounded((name, told): (&Named, &EntityShape)) -> Option<Spot> {
    let rows = told.rows.as_ref().map(|rows| rows.spot);
    rows.or_else(|| told.readers.are_told().then_some(name.spot)).or_else(|| {
        told.all_properties().find(|(_, told)| told.readers.are_told()).map(|(name, _)| name.spot)
    })
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

/// Changes are told by a column of the table, or by another table.
fn changes(told: Option<&ChangesShape>) -> Checked {
    let Some(told) = told else {
        return Ok(());
    };
    match (&told.column, &told.table) {
        (Some(_), Some(table)) => Err(bad(table.spot, &["changes are told by either `column` or `table`"])),
        (None, Some(table)) if told.at.is_none() => {
            Err(bad(table.spot, &["`table` needs `at`: its column that tells what came first"]))
        }
        (_, None) => match told.at.as_ref().or(told.key.iter().next().map(|(name, _)| name)) {
            Some(named) => Err(bad(named.spot, &["`key` and `at` are of a `table` that tells of changes"])),
            None => Ok(()),
        },
        (None, Some(_)) => {
            let (mut names, mut columns) = (Names::default(), Names::default());
            for (name, column) in told.key.iter() {
                names.once(name, "the name")?;
                columns.once(column, "the column")?;
            }
            Ok(())
        }
    }
}

/// A property that is made of columns.
fn grouped<'s>(shape: &Shape, name: &Named, told: &'s PropertyShape, columns: &mut Names<'s>) -> Checked {
    let Some(ty) = &told.type_name else {
        return Err(bad(name.spot, &["a property made of `columns` needs `type`: its complex type"]));
    };
    if told.column.is_some() {
        return Err(bad(name.spot, &["a property has either `column` or `columns`"]));
    }
    if let Some(zone) = &told.time_zone {
        return Err(bad(zone.spot, &["`timeZone` is told of each of the `columns`"]));
    }
    is_name(ty)?;
    group(shape, ty, &told.columns)?;
    for (name, told) in told.columns.iter() {
        columns.once(told.column.as_ref().unwrap_or(name), "the column")?;
    }
    Ok(())
}

/// What tells derived types from each other.
#[derive(Default)]
struct ToldApart<'s> {
    column: Option<&'s Named>,
    codes: Vec<&'s Code>,
    tables: bool,
    /// Whether an entity can be of one of them.
    any: bool,
}

impl<'s> ToldApart<'s> {
    fn add(&mut self, entity: &EntityShape, name: &Named, told: &'s DerivedShape) -> Checked {
        if let Some(table) = &told.table {
            if let Some(sql) = &entity.sql {
                return Err(bad(sql.spot, &["where derived types have tables, the entity set has one, too"]));
            }
            if !told.when.is_empty() || self.column.is_some() {
                return Err(bad(table.spot, &["derived types have either `when` or `table`"]));
            }
            (self.tables, self.any) = (true, self.any || !told.is_abstract);
            return Ok(());
        }
        match told.when.0.as_slice() {
            [] if told.is_abstract => {}
            [(own, _)] if self.tables => {
                return Err(bad(own.spot, &["derived types have either `when` or `table`"]));
            }
            [(own, _)] if self.column.is_some_and(|known| known.text != own.text) => {
                return Err(bad(own.spot, &["one column tells all derived types of a set from each other"]));
            }
            [(own, when)] => {
                (self.column, self.any) = (Some(own), true);
                if when.0.is_empty() || when.0.iter().any(|code| self.codes.contains(&code)) {
                    return Err(bad(own.spot, &["each derived type needs values of its own"]));
                }
                self.codes.extend(&when.0);
            }
            _ => {
                let words = "a derived type needs `when`: one column, with the values that stand there for it, or \
                             `table`: one that shares its key";
                return Err(bad(name.spot, &[words]));
            }
        }
        Ok(())
    }
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
    let mut told_apart = ToldApart::default();
    for (number, (name, told)) in entity.derived.iter().enumerate() {
        let before = &entity.derived.0[..number];
        if let Some(base) = &told.base
            && !before.iter().any(|(known, _)| known.text == base.text)
        {
            return Err(bad(base.spot, &["there is no derived type `", &base.text, "` before this one"]));
        }
        told_apart.add(entity, name, told)?;
        media(entity, told)?;
        let mut own = Names::default();
        // Columns of a table of its own have nothing to do with others.
        let columns = if told.table.is_some() { &mut own } else { &mut *columns };
        for (name, told) in told.properties.iter() {
            names.add(name)?;
            if !told.columns.is_empty() {
                grouped(shape, name, told, columns)?;
                continue;
            }
            columns.once(told.column.as_ref().unwrap_or(name), "the column")?;
            stream(name, told)?;
            property(shape, told)?;
        }
        for (name, told) in told.navigation.iter() {
            names.add(name)?;
            navigation(name, told)?;
        }
    }
    if !told_apart.any && !entity.derived.is_empty() {
        return Err(bad(
            entity.derived.0[0].0.spot,
            &["all derived types are abstract, so no entity is of them"],
        ));
    }
    Ok(())
}

/// A type has the bytes that the type above it has, and no others.
fn media(entity: &EntityShape, told: &DerivedShape) -> Checked {
    let Some(media) = &told.media else {
        return Ok(());
    };
    let above = |told: &DerivedShape| entity.derived.get(&told.base.as_ref()?.text);
    if entity.media.is_some()
        || std::iter::successors(above(told), |told| above(told)).any(|told| told.media.is_some())
    {
        return Err(bad(media.column.spot, &["a type above has `media` already, and this one has the same"]));
    }
    media_type(media.media_type.as_ref())
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
