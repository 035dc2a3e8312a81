//! Enumerations and composite types of the database become types of the model, where columns are of them.

use std::collections::{HashMap, HashSet};

use nextlink_odata::model::{
    ComplexType, ComplexTypeId, EnumMember, EnumType, EnumTypeId, PrimitiveType, Property, Type,
};

use super::ColumnMap;
use super::names::{Scope, is_identifier};
use super::options::{Case, ModelOptions};
use crate::catalog::{Catalog, CatalogComposite, CatalogEnum, Column, ColumnType, Table};
use crate::notice::Notice;

/// Greatest number of members with a bit of their own: a value is a signed number of 64 bits.
const MOST_FLAGS: usize = 63;

/// The types made of those of a catalogue.
pub(super) struct Types<'a> {
    catalog: &'a Catalog,
    /// By index in the catalogue, where it has a type.
    enums: HashMap<usize, EnumTypeId>,
    /// By index in the catalogue, where columns of it are served as text: why.
    texts: HashMap<usize, String>,
    /// By index in the catalogue; none where a composite type holds itself.
    composites: HashMap<usize, Option<ComplexTypeId>>,
    /// Composite types, in the order of their identifiers.
    found: Vec<usize>,
    pub(super) enum_types: Vec<EnumType>,
    pub(super) complex_types: Vec<ComplexType>,
}

/// What a column is served as.
pub(super) struct Served {
    pub(super) ty: Type,
    pub(super) collection: bool,
    /// Why it is served as something else than it is.
    pub(super) notice: Option<String>,
}

impl<'a> Types<'a> {
    /// The types that columns of the tables are of, with names that are free in the schema.
    pub(super) fn of(
        catalog: &'a Catalog,
        tables: &[&Table],
        schema: &mut Scope,
        options: &ModelOptions,
    ) -> Types<'a> {
        let mut types = Types {
            catalog,
            enums: HashMap::new(),
            texts: HashMap::new(),
            composites: HashMap::new(),
            found: Vec::new(),
            enum_types: Vec::new(),
            complex_types: Vec::new(),
        };
        let mut enums = Vec::new();
        for column in tables.iter().flat_map(|table| &table.columns) {
            types.find(&column.ty, &mut enums);
        }
        types.name_all(&enums, schema, options);
        types
    }

    /// Finds the types in a type, and says whether it holds no composite type that holds itself.
    fn find(&mut self, ty: &ColumnType, enums: &mut Vec<usize>) -> bool {
        match ty {
            ColumnType::Primitive(_) => true,
            ColumnType::Enum(index) => {
                if *index < self.catalog.enums.len() && !enums.contains(index) {
                    enums.push(*index);
                }
                true
            }
            ColumnType::Array(item) => self.find(item, enums),
            ColumnType::Composite(index) => {
                // One that is being looked at has no entry of its own yet: it is met inside of itself.
                if let Some(known) = self.composites.get(index) {
                    return known.is_some();
                }
                let catalog = self.catalog;
                let Some(composite) = catalog.composites.get(*index) else {
                    return false;
                };
                self.composites.insert(*index, None);
                if composite.columns.iter().all(|column| self.find(&column.ty, enums)) {
                    self.composites.insert(*index, Some(ComplexTypeId(self.found.len())));
                    self.found.push(*index);
                    return true;
                }
                false
            }
        }
    }

    /// Gives names, first to enumerations. Labels keep theirs: they are what the database knows.
    fn name_all(&mut self, enums: &[usize], schema: &mut Scope, options: &ModelOptions) {
        let catalog = self.catalog;
        let mut legal: Vec<&CatalogEnum> = Vec::new();
        for &index in enums {
            let found = &catalog.enums[index];
            match unfit(found) {
                Some(reason) => {
                    self.texts.insert(index, reason);
                }
                None => {
                    self.enums.insert(index, EnumTypeId(legal.len()));
                    legal.push(found);
                }
            }
        }
        let names = schema.give_all(&legal.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), options.case);
        self.enum_types = legal.iter().zip(names).map(|(found, name)| enum_type(found, name)).collect();
        let found: Vec<&CatalogComposite> = self.found.iter().map(|&i| &catalog.composites[i]).collect();
        let names = schema.give_all(&found.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), options.case);
        let types = found.iter().zip(names).map(|(composite, name)| ComplexType {
            name,
            properties: self.properties(&composite.columns, &[], &mut Scope::default(), options.case),
            description: composite.comment.clone(),
        });
        self.complex_types = types.collect();
    }

    /// Properties of columns, of which those in `key` have no null. Property `i` is column `i`.
    pub(super) fn properties(
        &self,
        columns: &[Column],
        key: &[usize],
        scope: &mut Scope,
        case: Case,
    ) -> Vec<Property> {
        let texts: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        let names = scope.give_all(&texts, case);
        let named = columns.iter().zip(names).enumerate();
        named.map(|(i, (column, name))| self.property(column, name, key.contains(&i))).collect()
    }

    fn property(&self, column: &Column, name: String, is_key: bool) -> Property {
        use PrimitiveType::*;
        let served = self.served(&column.ty);
        let primitive = match served.ty {
            Type::Primitive(primitive) => Some(primitive),
            Type::Enum(_) | Type::Complex(_) => None,
        };
        let sized = matches!(primitive, Some(String | Binary));
        let precise = matches!(primitive, Some(Decimal | DateTimeOffset | Duration | TimeOfDay));
        let scaled = primitive == Some(Decimal);
        let precision = column.precision.filter(|&p| precise && (!scaled || p > 0));
        // Scale may not be greater than precision (CSDL 4.01 section 7.2.4).
        let scale = column.scale.filter(|&s| scaled && precision.is_none_or(|p| s <= p));
        let default = column.default_value.as_ref().filter(|text| match served.ty {
            Type::Primitive(_) => !served.collection,
            Type::Enum(id) => {
                let known = |label: &str| self.enum_types[id.0].find_member(label).is_some();
                !served.collection && text.split(',').all(known)
            }
            Type::Complex(_) => false,
        });
        Property {
            name,
            ty: served.ty,
            collection: served.collection,
            // A key has no null (CSDL 4.01 section 6.5); `TableMap::null_key` keeps rows with null out. What is in
            // an array can always be null.
            nullable: served.collection || (column.nullable && !is_key),
            max_length: column.max_length.filter(|&n| sized && n > 0),
            precision,
            scale,
            default_value: default.cloned(),
            computed: column.computed,
            searchable: primitive == Some(String) && !served.collection,
            description: column.comment.clone(),
        }
    }

    /// What a column of this type is served as.
    pub(super) fn served(&self, ty: &ColumnType) -> Served {
        let text = |notice: &str| Served {
            ty: Type::Primitive(PrimitiveType::String),
            collection: false,
            notice: Some(["Served as Edm.String: ", notice].concat()),
        };
        let single = |ty: Type| Served { ty, collection: false, notice: None };
        match ty {
            ColumnType::Primitive(primitive) => single(Type::Primitive(*primitive)),
            ColumnType::Enum(index) => match (self.enums.get(index), self.texts.get(index)) {
                (Some(id), _) => single(Type::Enum(*id)),
                (None, Some(reason)) => text(reason),
                (None, None) => text("its enumeration is not known."),
            },
            ColumnType::Composite(index) => match self.composites.get(index) {
                Some(Some(id)) => single(Type::Complex(*id)),
                _ => text("its composite type is not known or holds itself."),
            },
            ColumnType::Array(item) => match &**item {
                ColumnType::Array(_) => text("OData has no collections of collections."),
                item => Served { collection: true, ..self.served(item) },
            },
        }
    }

    /// Where the values of columns lie.
    pub(super) fn column_maps(&self, columns: &[Column]) -> Vec<ColumnMap> {
        let map = |column: &Column| ColumnMap {
            column: column.name.clone(),
            storage: column.storage,
            native: column.native.clone(),
            binary_collation: column.binary_collation,
            labels: matches!(column.ty, ColumnType::Enum(_)),
        };
        columns.iter().map(map).collect()
    }

    /// The columns behind the properties of each complex type.
    pub(super) fn complex_maps(&self) -> Vec<Vec<ColumnMap>> {
        self.found.iter().map(|&i| self.column_maps(&self.catalog.composites[i].columns)).collect()
    }

    /// The enumerations of the database behind the enumeration types.
    pub(super) fn enum_maps(&self) -> Vec<CatalogEnum> {
        let mut all: Vec<(&usize, &EnumTypeId)> = self.enums.iter().collect();
        all.sort_by_key(|(_, id)| **id);
        all.into_iter().map(|(index, _)| self.catalog.enums[*index].clone()).collect()
    }

    /// Says of which columns the model tells less than the database knows.
    pub(super) fn notices(&self, tables: &[&Table], notices: &mut Vec<Notice>) {
        let tables = tables.iter().map(|table| (&table.name, &table.columns));
        let composites = self.found.iter().map(|&i| &self.catalog.composites[i]);
        for (name, columns) in tables.chain(composites.map(|c| (&c.name, &c.columns))) {
            for column in columns {
                if let Some(text) = self.served(&column.ty).notice {
                    notices.push(Notice::column(name, &column.name, text));
                }
            }
        }
    }
}

/// Whether columns of an enumeration of the database are served as one of OData, and not as text.
pub fn is_enumeration(found: &CatalogEnum) -> bool {
    unfit(found).is_none()
}

/// Why an enumeration of the database cannot be one of OData.
fn unfit(found: &CatalogEnum) -> Option<String> {
    let of = ["enumeration `", &found.name, "` "].concat();
    if found.labels.is_empty() {
        return Some([&of, "has no labels."].concat());
    }
    if found.flags && found.labels.len() > MOST_FLAGS {
        return Some([&of, "has more than ", &MOST_FLAGS.to_string(), " labels."].concat());
    }
    if let Some(label) = found.labels.iter().find(|label| !is_identifier(label)) {
        return Some([&of, "has the label `", label, "`, which is no identifier."].concat());
    }
    let mut seen = HashSet::new();
    let twice = found.labels.iter().find(|label| !seen.insert(label.as_str()));
    twice.map(|label| [&of, "has the label `", label, "` twice."].concat())
}

fn enum_type(found: &CatalogEnum, name: String) -> EnumType {
    let value = |i: usize| if found.flags { 1_i64 << i } else { i as i64 };
    let labels = found.labels.iter().enumerate();
    EnumType {
        name,
        flags: found.flags,
        members: labels.map(|(i, label)| EnumMember { name: label.clone(), value: value(i) }).collect(),
        description: found.comment.clone(),
    }
}
