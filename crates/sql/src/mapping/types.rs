//! Enumerations and composite types of the database become types of the model, where columns are of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use nextlink_odata::model::{
    ComplexType, ComplexTypeId, EnumMember, EnumType, EnumTypeId, PrimitiveType, Property, Type,
};
use nextlink_odata::value::Value;

use super::names::{Scope, Wish};
use super::options::{Case, ModelOptions};
use super::reshape::{Made, TableShape};
use super::{Codes, ColumnMap, ComplexMap, EnumMap, zones};
use crate::catalog::{Catalog, CatalogComposite, CatalogEnum, Column, ColumnType};
use crate::identifier::is_identifier;
use crate::notice::Notice;
use crate::shape::{Code, ComplexShape, Named, PropertyShape, Shape};

/// Greatest number of members with a bit of their own: a value is a signed number of 64 bits.
const MOST_FLAGS: usize = 63;

/// The types made of those of a catalogue.
pub(super) struct Types<'a> {
    catalog: &'a Catalog,
    pub(super) shape: &'a Shape,
    pub(super) made: Made,
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
        (catalog, made): (&'a Catalog, &Made),
        tables: &[(&str, &[Column])],
        schema: &mut Scope,
        options: &'a ModelOptions,
    ) -> Types<'a> {
        let mut types = Types {
            catalog,
            shape: &options.shape,
            made: *made,
            enums: HashMap::new(),
            texts: HashMap::new(),
            composites: HashMap::new(),
            found: Vec::new(),
            enum_types: Vec::new(),
            complex_types: Vec::new(),
        };
        let mut enums = Vec::new();
        for column in tables.iter().flat_map(|(_, columns)| *columns) {
            types.find(&column.ty, &mut enums);
        }
        types.name_all(&enums, schema, options);
        types
    }

    /// Finds the types in a type, and says whether it holds no composite type that holds itself.
    fn find(&mut self, ty: &ColumnType, enums: &mut Vec<usize>) -> bool {
        match ty {
            ColumnType::Primitive(_) => true,
            ColumnType::Enum(index) | ColumnType::Coded(index, _) => {
                if *index < self.catalog.enums.len() && !enums.contains(index) {
                    enums.push(*index);
                }
                true
            }
            ColumnType::Array(item) | ColumnType::Json(item) => self.find(item, enums),
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
        let shape = self.shape;
        let wishes: Vec<Wish<'_>> = legal
            .iter()
            .map(|found| {
                if self.codes(&found.name).is_some() {
                    return Wish::Exactly((&found.name).into());
                }
                let told = shape.enumerations.iter().find(|(_, told)| is_of(told.of.as_ref(), &found.name));
                told.map_or(Wish::Like((&found.name).into()), |(name, _)| Wish::Exactly((&name.text).into()))
            })
            .collect();
        let names = schema.name_all(&wishes, options.case);
        self.enum_types = legal.iter().zip(names).map(|(found, name)| enum_type(found, name)).collect();
        for (ty, found) in self.enum_types.iter_mut().zip(&legal) {
            let codes = codes(catalog, self.made, shape, &found.name);
            for (member, (_, code)) in
                ty.members.iter_mut().zip(codes.iter().flat_map(|codes| &codes.members))
            {
                if let Value::Integer(number) = code {
                    member.value = *number;
                }
            }
            let told = shape.enumerations.get(&ty.name).and_then(|told| told.description.clone());
            ty.description = told.or(ty.description.take());
        }
        self.name_complex(schema, options);
    }

    fn name_complex(&mut self, schema: &mut Scope, options: &ModelOptions) {
        let (catalog, shape) = (self.catalog, self.shape);
        let found: Vec<(usize, &CatalogComposite)> =
            self.found.iter().map(|&i| (i, &catalog.composites[i])).collect();
        let told = |(index, found): &(usize, &CatalogComposite)| {
            let of = |(_, told): &&(Named, ComplexShape)| is_of(told.of.as_ref(), &found.name);
            let json = |(name, _): &&(Named, ComplexShape)| name.text == found.name;
            match *index < self.made.composites {
                true => shape.complex_types.iter().find(of),
                false => {
                    shape.complex_types.iter().find(json).filter(|_| shape.json_type(&found.name).is_some())
                }
            }
        };
        let wishes: Vec<Wish<'_>> = found
            .iter()
            .map(|one| match told(one) {
                _ if one.0 >= self.made.composites => Wish::Exactly((&one.1.name).into()),
                Some((name, _)) => Wish::Exactly((&name.text).into()),
                None => Wish::Like((&one.1.name).into()),
            })
            .collect();
        let names = schema.name_all(&wishes, options.case);
        let types = found.iter().zip(names).map(|(one, name)| {
            let told = told(one).map(|(_, told)| told);
            let wishes: Vec<Wish<'_>> =
                one.1.columns.iter().map(|c| self.part_name(one.0, told, c)).collect();
            let names = Scope::default().name_all(&wishes, options.case);
            let named = one.1.columns.iter().zip(names).enumerate();
            let part = |(number, (column, name)): (usize, (&Column, String))| {
                let property = self.property(column, name, false);
                let json = self.is_json(one.0).then(|| column.name.clone());
                let definition = self.definition(&property, self.part_type(*one, told, number));
                Property { definition, json, ..property }
            };
            ComplexType {
                name,
                properties: named.map(part).collect(),
                description: told.and_then(|told| told.description.clone()).or(one.1.comment.clone()),
            }
        });
        self.complex_types = types.collect();
    }

    /// How a property of a complex type is to be named.
    fn part_name<'n>(&self, index: usize, told: Option<&'n ComplexShape>, column: &'n Column) -> Wish<'n> {
        if index >= self.made.composites && told.is_none() {
            return Wish::Exactly((&column.name).into());
        }
        let of = |(name, property): &&(Named, PropertyShape)| {
            property.column.as_ref().unwrap_or(name).text == column.name
        };
        let found = told.and_then(|told| told.properties.iter().find(of));
        found.map_or(Wish::Like((&column.name).into()), |(name, _)| Wish::Exactly((&name.text).into()))
    }

    /// Properties of columns, of which those in `key` have no null. Property `i` is column `i`.
    pub(super) fn properties(
        &self,
        columns: &'a [Column],
        shape: &TableShape<'a>,
        key: &[usize],
        scope: &mut Scope,
        case: Case,
    ) -> Vec<Property> {
        let visible = || columns[..shape.visible].iter().zip(&shape.properties);
        let wish = |(column, told): (&'a Column, &Option<(&'a Named, &PropertyShape)>)| {
            told.map_or(Wish::Like((&column.name).into()), |(name, _)| Wish::Exactly((&name.text).into()))
        };
        let wishes: Vec<Wish<'_>> = visible().map(wish).collect();
        let names = scope.name_all(&wishes, case);
        let mut properties = Vec::with_capacity(shape.visible);
        let others_searched = !shape.told.is_some_and(|(_, told)| told.searches_marked);
        for (i, ((column, told), name)) in visible().zip(names).enumerate() {
            let property = self.property(column, name, key.contains(&i));
            let definition = self.definition(&property, told.and_then(|(_, told)| told.type_name.as_ref()));
            let searchable = told.and_then(|(_, told)| told.searchable).unwrap_or(others_searched);
            properties.push(Property {
                definition,
                searchable: property.searchable && searchable,
                in_parts: shape.groups.contains_key(&i),
                ..property
            });
        }
        properties
    }

    /// A property of a column.
    pub(super) fn property(&self, column: &Column, name: String, is_key: bool) -> Property {
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
            definition: None,
            collection: served.collection,
            in_parts: false,
            json: matches!(column.ty, ColumnType::Json(_)).then(|| "".to_owned()),
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
            ColumnType::Enum(index) | ColumnType::Coded(index, _) => {
                match (self.enums.get(index), self.texts.get(index)) {
                    (Some(id), _) => single(Type::Enum(*id)),
                    (None, Some(reason)) => text(reason),
                    (None, None) => text("its enumeration is not known."),
                }
            }
            ColumnType::Composite(index) => match self.composites.get(index) {
                Some(Some(id)) => single(Type::Complex(*id)),
                _ => text("its composite type is not known or holds itself."),
            },
            ColumnType::Json(of) => self.served(of),
            ColumnType::Array(item) => match &**item {
                ColumnType::Array(_) => text("OData has no collections of collections."),
                item => Served { collection: true, ..self.served(item) },
            },
        }
    }

    /// Where the values of columns lie.
    pub(super) fn column_maps(
        &self,
        columns: &[Column],
        groups: &HashMap<usize, Vec<usize>>,
    ) -> Vec<ColumnMap> {
        let map = |(index, column): (usize, &Column)| {
            let group = groups.get(&index).cloned();
            ColumnMap { group, ..self.column_map(column) }
        };
        columns.iter().enumerate().map(map).collect()
    }

    /// What is behind a column that is no group.
    pub(super) fn column_map(&self, column: &Column) -> ColumnMap {
        ColumnMap {
            column: column.name.clone(),
            primitive: column.ty.primitive().unwrap_or(PrimitiveType::String),
            codes: match &column.ty {
                ColumnType::Coded(index, _) => self.codes(&self.catalog.enums[*index].name).map(Arc::new),
                _ => None,
            },
            group: None,
            json: matches!(column.ty, ColumnType::Json(_)),
            storage: column.storage,
            native: column.native.clone(),
            binary_collation: column.binary_collation,
            labels: matches!(column.ty, ColumnType::Enum(_)),
            meant_in: zones::of(column),
        }
    }

    /// What is behind each complex type.
    pub(super) fn complex_maps(&self) -> Vec<ComplexMap> {
        let none = HashMap::new();
        let map = |&index: &usize| {
            let found = &self.catalog.composites[index];
            let of = (index < self.made.composites).then(|| found.name.clone());
            let mut columns = self.column_maps(&found.columns, &none);
            columns.iter_mut().for_each(|column| column.json = self.is_json(index));
            ComplexMap { of, columns }
        };
        self.found.iter().map(map).collect()
    }

    /// Whether values of a composite type are objects of JSON.
    fn is_json(&self, index: usize) -> bool {
        let name = &self.catalog.composites[index].name;
        index >= self.made.composites && self.shape.json_type(name).is_some()
    }

    /// What stands in columns for the members of an enumeration that was made.
    fn codes(&self, name: &str) -> Option<Codes> {
        codes(self.catalog, self.made, self.shape, name)
    }

    /// What is behind each enumeration type.
    pub(super) fn enum_maps(&self) -> Vec<EnumMap> {
        let mut all: Vec<(&usize, &EnumTypeId)> = self.enums.iter().collect();
        all.sort_by_key(|(_, id)| **id);
        let map = |index: usize| {
            let found = &self.catalog.enums[index];
            match self.codes(&found.name).filter(|_| index >= self.made.enums) {
                Some(codes) => EnumMap::Codes(Arc::new(codes)),
                None => EnumMap::Database(found.clone()),
            }
        };
        all.into_iter().map(|(index, _)| map(*index)).collect()
    }

    /// Says of which columns the model tells less than the database knows.
    pub(super) fn notices(&self, tables: &[(&str, &[Column])], notices: &mut Vec<Notice>) {
        let composites = self.found.iter().map(|&i| &self.catalog.composites[i]);
        let composites = composites.map(|c| (c.name.as_str(), c.columns.as_slice()));
        for (name, columns) in tables.iter().copied().chain(composites) {
            for column in columns {
                if let Some(text) = self.served(&column.ty).notice {
                    notices.push(Notice::column(name, &column.name, text));
                }
            }
        }
    }
}

fn codes(catalog: &Catalog, made: Made, shape: &Shape, name: &str) -> Option<Codes> {
    catalog.enums[made.enums..].iter().find(|found| found.name == name)?;
    let told = shape.enumerations.get(name)?;
    let code = |(member, code): &(Named, Code)| {
        let value = match code {
            Code::Number(number) => Value::Integer(*number),
            Code::Text(text) => Value::String(text.clone()),
        };
        (member.text.clone(), value)
    };
    Some(Codes { flags: told.flags, members: told.members.iter().map(code).collect() })
}

/// Whether a type of the database is the one that a model file means.
pub(super) fn is_of(of: Option<&Named>, found: &str) -> bool {
    of.is_some_and(|of| of.text == found)
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
