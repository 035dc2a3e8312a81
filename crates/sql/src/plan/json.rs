//! Values in JSON that lies in columns: the model says of which types they are. What is of another one is null.

use nextlink_odata::model::{EntitySetId, PrimitiveType as P, Type};
use nextlink_odata::query::{Chosen, Expr, ExprKind, Inside, Variable};

use super::Planner;
use super::frames::{Carried, Frames, JsonPlace};
use crate::catalog::{NativeType, Storage};
use crate::dialect::{JsonKind, JsonPath, Operand, Unsupported};
use crate::mapping::ColumnMap;
use crate::statement::ResultColumn;
use crate::tree::{Operator, Source, Sql};

impl Planner<'_> {
    /// Where the value of an expression lies in JSON, if it does.
    pub(super) fn json_place(&self, frames: &mut Frames, value: &Expr) -> Option<JsonPlace> {
        match &value.kind {
            ExprKind::Property(place, property) => {
                let column = self.property(place.target(), *property).1;
                if !column.json {
                    return None;
                }
                let sql = Sql::column(frames.resolve(self.mapping, place), &column.column);
                self.json_whole(sql, column)
            }
            ExprKind::Member(outer, id, property) => {
                let outer = self.json_place(frames, outer)?;
                let path = outer.path.clone().member(&self.part(*id, *property).1.column)?;
                Some(JsonPlace { path, ..outer })
            }
            ExprKind::Item(outer, number) => {
                let outer = self.json_place(frames, outer)?;
                let path = outer.path.clone().item(*number);
                Some(JsonPlace { path, ..outer })
            }
            ExprKind::Column(variable, number) => {
                let (sql, carried) = frames.carried(*variable, *number)?;
                match carried.whole {
                    Some(whole) => self.json_whole(sql, self.column_of_whole(whole)?),
                    None => carried.json.clone(),
                }
            }
            _ => None,
        }
    }

    /// All that lies in a column with JSON.
    fn json_whole(&self, sql: Sql, column: &ColumnMap) -> Option<JsonPlace> {
        let native = column.native.clone();
        column.json.then(|| JsonPlace { column: sql, native, path: JsonPath::whole() })
    }

    /// A value as one of a primitive type.
    pub(super) fn json_value(&self, place: &JsonPlace, primitive: P) -> Result<Operand, Unsupported> {
        let asked = match primitive {
            P::Boolean | P::Decimal | P::Double => primitive,
            P::Single => P::Double,
            whole if whole.is_integer() => P::Int64,
            // Nothing that databases compute with is made of these.
            P::Shape(..) => {
                let what = ["A value of ", primitive.name(), " in JSON"].concat();
                return Err(Unsupported { what, database: self.dialect.name() });
            }
            // JSON has texts for all others.
            _ => P::String,
        };
        let JsonPlace { column, native, path } = place;
        let found = self.dialect.json_member(column.clone(), native, path, Some(asked));
        if found.primitive == Some(primitive) { Ok(found) } else { self.dialect.cast(found, primitive) }
    }

    /// Whether a complex value is null.
    pub(super) fn is_no_object(&self, place: JsonPlace) -> Sql {
        let JsonPlace { column, native, path } = place;
        Sql::IsNotTrue(Box::new(self.dialect.json_is(column, &native, &path, JsonKind::Object)))
    }

    /// Starts a select over the values of a collection.
    pub(super) fn enter_json_items(&self, frames: &mut Frames, place: JsonPlace, variable: Variable) {
        let JsonPlace { column, native, path } = place;
        let array = self.dialect.json_array(column.clone(), &native, &path);
        frames.enter_items(Source::JsonItems(Box::new(array)), variable, Carried::default());
        let (alias, _) = frames.current();
        let path = path.index(self.dialect.json_index(alias));
        let json = Some(JsonPlace { column, native, path });
        frames.item_is(Carried { json, ..Carried::default() });
    }

    /// The numbers of some values of a collection in their order, and behind them all of the JSON that it lies in.
    pub(super) fn json_chosen(
        &self,
        frames: &mut Frames,
        (own, set, property): (usize, EntitySetId, usize),
        chosen: &Chosen,
    ) -> Result<(Sql, ResultColumn), Unsupported> {
        self.enter_items(frames, &chosen.items, false, true)?;
        let (alias, _) = frames.current();
        let number = self.dialect.json_index(alias);
        frames.select().columns.push(number.clone());
        self.add_item_order(frames, chosen, number)?;
        // Which of them are passed over is seen to where they are written.
        let numbers = Sql::call("COALESCE", [Sql::JsonNumbers(Box::new(frames.leave())), Sql::Word("")]);
        let before = Sql::binary(Operator::Concat, numbers, Sql::Word(" "));
        let map = self.property(set, property).1;
        let text = Sql::binary(Operator::Concat, before, Sql::column(own, &map.column));
        let (primitive, storage) = (P::String, Storage::Native);
        let cell = ResultColumn { primitive, storage, nullable: true, structure: None, property: None };
        Ok((self.dialect.cell(text, &cell, &NativeType::Plain), cell))
    }

    /// That the items are there that steps lead to from a column.
    pub(super) fn json_items_are_there(
        &self,
        alias: usize,
        set: EntitySetId,
        property: usize,
        inside: &[Inside],
    ) -> Vec<Sql> {
        let (own, map) = self.property(set, property);
        let (mut ty, mut path) = (own.ty, JsonPath::whole());
        let mut conditions = Vec::new();
        for step in inside {
            match (step, ty) {
                (Inside::Member(index), Type::Complex(id)) => {
                    let (member, column) = self.part(id, *index);
                    ty = member.ty;
                    let Some(found) = path.member(&column.column) else { break };
                    path = found;
                }
                (Inside::Member(_), Type::Primitive(_) | Type::Enum(_)) => break,
                (Inside::Item(number), _) => {
                    let is = |path: &JsonPath, kind| {
                        let column = Sql::column(alias, &map.column);
                        self.dialect.json_is(column, &map.native, path, kind)
                    };
                    // Some databases take what is no array for its own first item.
                    conditions.push(is(&path, JsonKind::Array));
                    path = path.item(*number);
                    conditions.push(is(&path, JsonKind::There));
                }
            }
        }
        conditions
    }

    /// All of the JSON in a column, as it is read.
    pub(super) fn json_cell(&self, sql: Sql, column: &ColumnMap) -> (Sql, ResultColumn) {
        let (primitive, storage) = (P::String, column.storage);
        let cell = ResultColumn { primitive, storage, nullable: true, structure: None, property: None };
        (self.dialect.cell(sql, &cell, &column.native), cell)
    }
}
