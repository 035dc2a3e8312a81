//! Columns: what they hold, down to the members of structured ones, and how expressions see them.

use std::sync::Arc;

use nextlink_odata::model::{ComplexTypeId, EntitySetId, PrimitiveType, Property, Type};
use nextlink_odata::query::{Expr, ExprKind, Inside};

use super::Planner;
use super::frames::Frames;
use crate::catalog::{NativeType, Storage};
use crate::dialect::{Form, Operand, Unsupported};
use crate::mapping::ColumnMap;
use crate::statement::{ResultColumn, Structure};
use crate::tree::Sql;

impl Planner<'_> {
    /// A property of an entity type, and the column behind it.
    pub(super) fn property(&self, set: EntitySetId, property: usize) -> (&Property, &ColumnMap) {
        let model = &self.mapping.model;
        let ty = model.entity_type(model.entity_set(set).entity_type);
        (&ty.properties[property], &self.mapping.table(set).columns[property])
    }

    /// A property of a complex type, and the column of the composite type behind it.
    pub(super) fn part(&self, id: ComplexTypeId, property: usize) -> (&Property, &ColumnMap) {
        let ty = self.mapping.model.complex_type(id);
        (&ty.properties[property], &self.mapping.complex[id.0].columns[property])
    }

    /// The column of a table behind a part of a complex value that lies in a group of columns.
    pub(super) fn grouped(&self, set: EntitySetId, property: usize, member: usize) -> Option<&ColumnMap> {
        let columns = &self.mapping.table(set).columns;
        columns[property].group.as_ref().map(|group| &columns[group[member]])
    }

    /// The columns of a group, where the value of an expression is one, each not null somewhere in it.
    pub(super) fn group(&self, frames: &mut Frames, value: &Expr) -> Option<Vec<Sql>> {
        let ExprKind::Property(place, property) = &value.kind else {
            return None;
        };
        let columns = &self.mapping.table(place.target()).columns;
        let group = columns[*property].group.as_ref()?;
        let alias = frames.resolve(self.mapping, place);
        Some(group.iter().map(|column| Sql::column(alias, &columns[*column].column)).collect())
    }

    /// Whether only entities of a type below that of their set have a property.
    pub(super) fn is_partly(&self, set: EntitySetId, property: usize) -> bool {
        let model = &self.mapping.model;
        model.entity_type(model.entity_set(set).entity_type).owner_of_property(property).is_some()
    }

    /// The column of a property as an operand.
    pub(super) fn column(&self, alias: usize, set: EntitySetId, property: usize) -> Operand {
        let partly = self.is_partly(set, property);
        let (property, column) = self.property(set, property);
        let operand = self.read(Sql::column(alias, &column.column), property, column);
        Operand { nullable: operand.nullable || partly, ..operand }
    }

    /// What was read of a column as an operand.
    pub(super) fn read(&self, sql: Sql, property: &Property, column: &ColumnMap) -> Operand {
        if let Some(codes) = &column.codes
            && let Ok(names) = self.decoded_operand(self.raw(sql.clone(), property.nullable, column), codes)
        {
            return names;
        }
        let operand = Operand {
            sql,
            primitive: Some(property.primitive().unwrap_or(PrimitiveType::String)),
            form: Form::Column(column.storage),
            nullable: property.nullable,
            native: column.native.clone(),
        };
        if let Some(zone) = column.zone() {
            return self.in_utc(operand, zone);
        }
        let text = property.primitive() == Some(PrimitiveType::String);
        if text && column.labels {
            return self.label_text(operand);
        }
        if !text || column.binary_collation {
            return operand;
        }
        Operand { sql: self.dialect.by_code_point(operand.sql, &column.native), ..operand }
    }

    /// Labels of an enumeration as text.
    pub(super) fn label_text(&self, operand: Operand) -> Operand {
        let sql = self.dialect.label_text(operand.sql, &operand.native);
        Operand { nullable: operand.nullable, ..Operand::computed(sql, PrimitiveType::String) }
    }

    /// A property inside of a complex value as an operand.
    pub(super) fn inside(
        &self,
        frames: &mut Frames,
        value: &Expr,
        id: ComplexTypeId,
        property: usize,
    ) -> Result<Operand, Unsupported> {
        let (part, column) = self.part(id, property);
        if let ExprKind::Property(place, group) = &value.kind
            && let Some(column) = self.grouped(place.target(), *group, property)
        {
            let alias = frames.resolve(self.mapping, place);
            return Ok(self.read(Sql::column(alias, &column.column), part, column));
        }
        let sql = self.dialect.member(self.composite(frames, value)?, &column.column)?;
        Ok(self.read(sql, part, column))
    }

    /// That the items are there that steps lead to.
    pub(super) fn items_are_there(
        &self,
        alias: usize,
        set: EntitySetId,
        property: usize,
        inside: &[Inside],
    ) -> Result<Vec<Sql>, Unsupported> {
        if self.property(set, property).1.json {
            return Ok(self.json_items_are_there(alias, set, property, inside));
        }
        let number = property;
        let (mut property, column) = self.property(set, property);
        let mut sql = Sql::column(alias, &column.column);
        let mut conditions = Vec::new();
        for step in inside {
            match (step, property.ty) {
                (Inside::Member(index), Type::Complex(id)) => {
                    let grouped = self.grouped(set, number, *index).filter(|_| property.in_parts);
                    let part = self.part(id, *index);
                    property = part.0;
                    sql = match grouped {
                        Some(column) => Sql::column(alias, &column.column),
                        None => self.dialect.member(sql, &part.1.column)?,
                    };
                }
                (Inside::Member(_), _) => {}
                (Inside::Item(number), _) => {
                    let item = self.dialect.item(sql, *number)?;
                    sql = item.value;
                    conditions.push(item.is_there);
                }
            }
        }
        Ok(conditions)
    }

    /// A composite value as it lies in the database.
    pub(super) fn composite(&self, frames: &mut Frames, value: &Expr) -> Result<Sql, Unsupported> {
        match &value.kind {
            ExprKind::Property(place, property) => {
                let alias = frames.resolve(self.mapping, place);
                Ok(Sql::column(alias, &self.property(place.target(), *property).1.column))
            }
            ExprKind::Member(outer, id, property) => {
                if let ExprKind::Property(place, group) = &outer.kind
                    && let Some(column) = self.grouped(place.target(), *group, *property)
                {
                    let alias = frames.resolve(self.mapping, place);
                    return Ok(Sql::column(alias, &column.column));
                }
                let outer = self.composite(frames, outer)?;
                self.dialect.member(outer, &self.part(*id, *property).1.column)
            }
            ExprKind::Item(array, number) => {
                let array = self.composite(frames, array)?;
                Ok(self.dialect.item(array, *number)?.value)
            }
            ExprKind::Column(variable, number)
                if let Some((item, _)) = frames.carried(*variable, *number) =>
            {
                Ok(item)
            }
            _ => {
                let what = "A part of a computed value".to_owned();
                Err(Unsupported { what, database: self.dialect.name() })
            }
        }
    }

    /// The value that the steps lead to from a column, as it is read, and what it holds.
    pub(super) fn cell(
        &self,
        alias: usize,
        set: EntitySetId,
        property: usize,
        inside: &[Inside],
    ) -> Result<(Sql, ResultColumn), Unsupported> {
        let number = property;
        let (mut property, mut column) = self.property(set, property);
        if column.json {
            return Ok(self.json_cell(Sql::column(alias, &column.column), column));
        }
        let mut sql = Sql::column(alias, &column.column);
        let mut item = false;
        for step in inside {
            let grouped = match step {
                Inside::Member(index) if property.in_parts => self.grouped(set, number, *index),
                _ => None,
            };
            match (step, property.ty) {
                (Inside::Member(index), Type::Complex(id)) => {
                    property = self.part(id, *index).0;
                    if let Some(grouped) = grouped {
                        column = grouped;
                        sql = Sql::column(alias, &column.column);
                    } else {
                        column = self.part(id, *index).1;
                        sql = self.dialect.member(sql, &column.column)?;
                    }
                    item = false;
                }
                (Inside::Member(_), _) => {}
                (Inside::Item(number), _) => {
                    sql = self.dialect.item(sql, *number)?.value;
                    item = true;
                }
            }
        }
        let result = self.result_column(property, column);
        let result = match result.structure.as_deref() {
            Some(Structure::Collection(one)) if item => one.clone(),
            _ => result,
        };
        let nullable = result.nullable || !inside.is_empty();
        if let Some(codes) = &column.codes {
            let names = self.decoded(self.raw(sql, true, column), codes)?;
            let result = ResultColumn { nullable, storage: Storage::Native, ..result };
            return Ok((self.dialect.cell(names, &result, &NativeType::Plain), result));
        }
        let sql = self.moment(sql, column);
        Ok((self.dialect.cell(sql, &result, &column.native), ResultColumn { nullable, ..result }))
    }

    /// A single value of a column, whatever it is served as.
    pub(super) fn plain_cell(&self, alias: usize, map: &ColumnMap) -> (Sql, ResultColumn) {
        let result = ResultColumn {
            primitive: map.primitive,
            storage: map.storage,
            nullable: true,
            structure: None,
            property: None,
        };
        let read = self.moment(Sql::column(alias, &map.column), map);
        (self.dialect.cell(read, &result, &map.native), result)
    }

    /// What a column holds that is served as the property.
    pub(super) fn result_column(&self, property: &Property, column: &ColumnMap) -> ResultColumn {
        let item = ResultColumn {
            primitive: match property.ty {
                Type::Primitive(primitive) => primitive,
                Type::Enum(_) | Type::Complex(_) => PrimitiveType::String,
            },
            storage: column.storage,
            nullable: property.nullable,
            structure: match property.ty {
                Type::Complex(id) => {
                    let properties = &self.mapping.model.complex_type(id).properties;
                    let members = properties.iter().zip(&self.mapping.complex[id.0].columns);
                    let members = members.map(|(property, column)| self.result_column(property, column));
                    Some(Arc::new(Structure::Complex(members.collect())))
                }
                Type::Primitive(_) | Type::Enum(_) => None,
            },
            property: None,
        };
        if !property.collection {
            return item;
        }
        // A column without an array is an empty collection: OData's are never null.
        let outer = ResultColumn { primitive: PrimitiveType::String, nullable: true, ..item.clone() };
        ResultColumn { structure: Some(Arc::new(Structure::Collection(item))), ..outer }
    }
}
