//! Types below that of an entity set, as a model file tells them from each other by a column.

use nextlink_odata::model::{DerivedType, EntityType, Family};
use nextlink_odata::value::Value;

use super::FamilyMap;
use super::joined::Joined;
use super::reshape::TableShape;
use crate::catalog::Column;
use crate::shape::{Code, DerivedShape};

/// The types below that of a table, whose navigation properties are not known yet.
pub(super) fn family(shape: &TableShape<'_>, columns: &[Column]) -> Option<Box<Family>> {
    let (_, told) = shape.told.filter(|_| shape.kind.is_some())?;
    let derived = told.derived.iter().enumerate().map(|(number, (name, one))| DerivedType {
        name: name.text.clone(),
        base: one
            .base
            .as_ref()
            .and_then(|base| told.derived.iter().position(|(known, _)| known.text == base.text)),
        is_abstract: one.is_abstract,
        media: shape.streams.media(Some(number), columns),
        description: one.description.clone(),
    });
    let derived = derived.collect();
    let (properties, streams) = (shape.owners.clone(), shape.streams.owners().collect());
    let (is_abstract, navigation) = (told.is_abstract, Vec::new());
    Some(Box::new(Family { is_abstract, derived, properties, navigation, streams }))
}

/// Says which navigation properties only types below that of a set have.
pub(super) fn own_navigation(ty: &mut EntityType, shape: &TableShape<'_>, owners: &[Option<usize>]) {
    let (Some(family), Some((_, told))) = (&mut ty.family, shape.told) else {
        return;
    };
    let owner = |name: &str| {
        let has = |derived: &DerivedShape| derived.navigation.get(name).is_some();
        told.derived.iter().position(|(_, derived)| has(derived))
    };
    let named = ty.navigation.iter().map(|navigation| owner(&navigation.name));
    family.navigation = named.zip(owners).map(|(named, known)| named.or(*known)).collect();
}

/// What tells the types from each other.
pub(super) fn family_map(
    ty: &EntityType,
    shape: &TableShape<'_>,
    joined: Option<&Joined>,
) -> Option<FamilyMap> {
    let ((_, told), column, family) = (shape.told?, shape.kind?, ty.family.as_ref()?);
    let value = |code: &Code| match code {
        Code::Number(number) => Value::Integer(*number),
        Code::Text(text) => Value::String(text.clone()),
    };
    let codes = told
        .derived
        .iter()
        .map(|(_, one)| one.when.iter().flat_map(|(_, when)| &when.0).map(value).collect());
    let mut own: Vec<Vec<Value>> = codes.collect();
    for (number, table) in joined.iter().flat_map(|joined| &joined.tables.kinds) {
        if let Some(derived) = joined.and_then(|joined| joined.tables.tables[*table].derived) {
            own[derived].push(Value::Integer(*number));
        }
    }
    let below = |top: usize| (0..own.len()).filter(move |one| family.is_a(Some(*one), Some(top)));
    let all = (0..own.len()).map(|top| below(top).flat_map(|one| own[one].clone()).collect()).collect();
    let media = (0..own.len()).map(|derived| shape.streams.media_map(Some(derived))).collect();
    Some(FamilyMap { column, own, all, media })
}
