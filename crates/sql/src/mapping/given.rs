//! Types of the model file that no column need be of: those that functions give, and those that nothing is of.

use nextlink_odata::model::Model;

use super::find::about;
use super::reshape::{Made, Shaper};
use super::types::is_enumeration;
use crate::catalog::{Catalog, CatalogEnum, Column, ColumnType};
use crate::notice::Notice;
use crate::shape::{EnumShape, Named, PropertyShape, Shape};

impl<'s> Shaper<'s, '_> {
    /// The columns of what functions give, where the types are among those of the model file.
    pub(super) fn given(&mut self) -> Vec<Column> {
        let shape = self.shape;
        let told = shape.functions.iter().flat_map(|(_, all)| &all.0);
        let told = told.filter(|told| !told.readers.are_others());
        let named: Vec<&'s Named> = told.filter_map(|told| told.type_name.as_ref()).collect();
        let types = named.into_iter().filter_map(|named| self.given_type(&named.text));
        let column = |ty| super::json::member("value", ty, &PropertyShape::default(), shape);
        types.map(column).collect()
    }

    fn given_type(&mut self, name: &str) -> Option<ColumnType> {
        let shape = self.shape;
        if shape.json_type(name).is_some() {
            return self.json_type(shape, name);
        }
        if let Some(told) = shape.complex_types.get(name) {
            let of = told.of.as_ref()?;
            let own = &self.catalog.composites[..self.made.composites];
            return own.iter().position(|own| own.name == of.text).map(ColumnType::Composite);
        }
        let told = shape.enumerations.get(name)?;
        let Some(of) = &told.of else {
            return Some(ColumnType::Enum(self.enumeration(name, told)));
        };
        let own = &self.catalog.enums[..self.made.enums];
        own.iter().position(|own| own.name == of.text).map(ColumnType::Enum)
    }

    /// The enumeration for whose members numbers or texts stand; it is made where there is none yet.
    pub(super) fn enumeration(&mut self, name: &str, told: &EnumShape) -> usize {
        let enums = &mut self.catalog.enums;
        if let Some(known) = enums[self.made.enums..].iter().position(|known| known.name == name) {
            return known + self.made.enums;
        }
        enums.push(CatalogEnum {
            schema: None,
            name: name.to_owned(),
            labels: told.members.iter().map(|(member, _)| member.text.clone()).collect(),
            flags: told.flags,
            comment: None,
        });
        enums.len() - 1
    }
}

/// Says which enumerations and complex types of the model file are none of the model, and why.
pub(super) fn unused(
    (catalog, made): (&Catalog, &Made),
    shape: &Shape,
    model: &Model,
    notices: &mut Vec<Notice>,
) {
    let mut tell = |name: &Named, of: Option<&Named>, known: bool| {
        let (at, why) = match of {
            Some(of) if !known => (of, "the database has no such type"),
            _ => (name, "nothing that is served is of this type, so it is left out"),
        };
        notices.push(about(at, &name.text, why));
    };
    for (name, told) in shape.enumerations.iter() {
        let of = told.of.as_ref();
        let found = catalog.enums[..made.enums].iter().find(|own| of.is_some_and(|of| of.text == own.name));
        // What can't be an enumeration is text, and that is told where it is used.
        if model.enum_types.iter().all(|ty| ty.name != name.text) && found.is_none_or(is_enumeration) {
            tell(name, of, found.is_some());
        }
    }
    for (name, told) in shape.complex_types.iter() {
        let of = told.of.as_ref();
        let known = |of: &Named| catalog.composites[..made.composites].iter().any(|own| own.name == of.text);
        if model.complex_types.iter().all(|ty| ty.name != name.text) {
            tell(name, of, of.is_some_and(known));
        }
    }
}
