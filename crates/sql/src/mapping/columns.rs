//! Columns as the model file wants each of them.

use nextlink_odata::model::PrimitiveType;

use super::find::{about, find_column};
use super::reshape::Shaper;
use super::zones;
use crate::catalog::ColumnType;
use crate::notice::Notice;
use crate::shape::{Code, Named, PropertyShape};

impl Shaper<'_, '_> {
    /// The column of this name, which a notice misses where there is none.
    pub(super) fn column(&mut self, index: usize, named: &Named) -> Option<usize> {
        let table = &self.catalog.tables[index];
        let own = self.part.and_then(|part| self.joins.of(index)?.column(part, &named.text));
        let found = own.or_else(|| find_column(table, &named.text));
        if found.is_none() {
            self.notices.push(about(named, &table.name, "it has no such column"));
        }
        found
    }

    /// Lets a column be what is said of it. A key has no null anyway.
    pub(super) fn apply(&mut self, index: usize, column: usize, told: &PropertyShape, is_key: bool) {
        let wrong = told
            .type_name
            .as_ref()
            .filter(|name| !self.is_of(index, column, name) && !self.coded(index, column, &name.text))
            .filter(|name| is_key || !self.as_json(index, column, &name.text));
        let table = &mut self.catalog.tables[index];
        if let Some(name) = wrong {
            let column = &table.columns[column].name;
            let text =
                ["The model file, ", &name.spot.to_string(), ": it cannot be served as ", &name.text, "."];
            self.notices.push(Notice::column(&table.name, column, text.concat()));
        }
        self.notices.extend(zones::tell(&table.name, &mut table.columns[column], told));
        let column = &mut table.columns[column];
        let set = |here: &mut Option<u32>, told: Option<u32>| *here = told.or(*here);
        let defined = told.type_name.as_ref().and_then(|name| self.shape.type_definitions.get(&name.text));
        set(&mut column.max_length, told.max_length);
        set(&mut column.precision, told.precision);
        set(&mut column.scale, told.scale);
        if let Some(defined) = defined.filter(|_| wrong.is_none()) {
            // What stands at the definition cannot be said in another way where it is used.
            set(&mut column.max_length, defined.max_length);
            set(&mut column.precision, defined.precision);
            set(&mut column.scale, defined.scale);
        }
        // What is no JSON of its type is null.
        let nullable = column.nullable || matches!(column.ty, ColumnType::Json(_));
        column.nullable = told.nullable.filter(|_| !is_key).unwrap_or(nullable);
        column.computed = told.computed.unwrap_or(column.computed);
        column.default_value = told.default.clone().or(column.default_value.take());
        column.comment = told.description.clone().or(column.comment.take());
    }

    /// Makes a column be of an enumeration whose members its numbers or texts stand for, if they can.
    fn coded(&mut self, index: usize, column: usize, name: &str) -> bool {
        let Some(told) = self.shape.enumerations.get(name).filter(|told| told.of.is_none()) else {
            return false;
        };
        let ColumnType::Primitive(primitive) = self.catalog.tables[index].columns[column].ty else {
            return false;
        };
        let fits = |(_, code): &(Named, Code)| match code {
            Code::Number(_) => primitive.is_integer(),
            Code::Text(_) => primitive == PrimitiveType::String,
        };
        if !told.members.iter().all(fits) {
            return false;
        }
        let found = self.enumeration(name, told);
        let column = &mut self.catalog.tables[index].columns[column];
        column.ty = ColumnType::Coded(found, primitive);
        true
    }
}
