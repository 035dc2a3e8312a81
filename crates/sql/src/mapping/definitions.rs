//! Type definitions of a model file, and the properties that are of them.

use nextlink_odata::model::{PrimitiveType, Property, Type, TypeDefinition, TypeDefinitionId};

use super::types::{Types, is_of};
use crate::catalog::CatalogComposite;
use crate::shape::{ComplexShape, Named, PropertyShape};

impl<'a> Types<'a> {
    /// The type definition that a property is of, where the model file says so and it has that type.
    pub(super) fn definition(&self, property: &Property, told: Option<&Named>) -> Option<TypeDefinitionId> {
        let told = told?;
        let found = self.shape.type_definitions.iter().position(|(name, _)| name.text == told.text)?;
        let underlying = PrimitiveType::from_name(&self.shape.type_definitions.0[found].1.underlying.text)?;
        (property.ty == Type::Primitive(underlying)).then_some(TypeDefinitionId(found))
    }

    /// All type definitions, in the order of the model file.
    pub(super) fn definitions(&self) -> Vec<TypeDefinition> {
        let all = self.shape.type_definitions.iter();
        let made = all.filter_map(|(name, told)| {
            Some(TypeDefinition {
                name: name.text.clone(),
                underlying: PrimitiveType::from_name(&told.underlying.text)?,
                max_length: told.max_length,
                precision: told.precision,
                scale: told.scale,
                description: told.description.clone(),
            })
        });
        made.collect()
    }

    /// The type that a model file names for a part of a complex value.
    pub(super) fn part_type<'n>(
        &self,
        (index, composite): (usize, &CatalogComposite),
        told: Option<&'n ComplexShape>,
        part: usize,
    ) -> Option<&'n Named>
    where
        'a: 'n,
    {
        if index >= self.made.composites && told.is_none() {
            let uses = self.shape.tables().flat_map(|(_, entity)| entity.properties.iter());
            let mut uses = uses.filter(|(_, told)| !told.columns.is_empty());
            let of = |told: &PropertyShape| is_of(told.type_name.as_ref(), &composite.name);
            let (_, used) = uses.find(|(_, told)| of(told))?;
            return used.columns.0.get(part)?.1.type_name.as_ref();
        }
        let column = &composite.columns[part].name;
        let named = |(name, property): &&(Named, PropertyShape)| {
            property.column.as_ref().unwrap_or(name).text == *column
        };
        told?.properties.iter().find(named)?.1.type_name.as_ref()
    }
}
