//! Collections of values: those for which something holds, and some of them in an order.

use nextlink_odata::model::{EntitySetId, PrimitiveType};
use nextlink_odata::query::{Chosen, ExprKind, Inside, Items, Query, Variable};

use super::Planner;
use super::frames::{Carried, Frames};
use crate::catalog::{NativeType, Storage};
use crate::dialect::{Form, Operand, Unsupported};
use crate::statement::ResultColumn;
use crate::tree::{Operator, OrderTerm, Select, Source, Sql};

impl Planner<'_> {
    /// The values of a collection for which the predicate holds, or (`negated`) does not hold.
    pub(super) fn items(
        &self,
        frames: &mut Frames,
        items: &Items,
        negated: bool,
    ) -> Result<Select, Unsupported> {
        self.enter_items(frames, items, negated, items.numbered)?;
        frames.select().columns.push(Sql::Integer(1));
        Ok(frames.leave())
    }

    /// Starts a select over the values of a collection.
    pub(super) fn enter_items(
        &self,
        frames: &mut Frames,
        items: &Items,
        negated: bool,
        numbered: bool,
    ) -> Result<(), Unsupported> {
        match (&items.collection.kind, self.json_place(frames, &items.collection)) {
            // Rows of a SELECT have no order.
            (ExprKind::Called(_), _) if numbered => {
                return Err(self.cannot_call("The order of what a function gives"));
            }
            (ExprKind::Called(called), _) => self.enter_called(frames, called, items.variable)?,
            (_, Some(place)) => self.enter_json_items(frames, place, items.variable),
            (_, None) => self.enter_array(frames, items, numbered)?,
        }
        if let Some(predicate) = &items.predicate {
            let condition = self.condition(frames, predicate)?;
            frames.filter(if negated { Sql::IsNotTrue(Box::new(condition)) } else { condition });
        }
        Ok(())
    }

    /// Whether a collection has values for which predicates hold, one behind the other. The first one that fits leaves most to come
    /// behind it, so each is looked for once.
    pub(super) fn sequence(&self, frames: &mut Frames, steps: &[Items]) -> Result<Sql, Unsupported> {
        let mut found: Option<Sql> = None;
        for items in steps {
            self.enter_items(frames, items, false, true)?;
            let number = self.item_number(frames, items.variable).sql;
            if found.is_some() {
                frames.filter(Sql::binary(Operator::Gt, number.clone(), Sql::Bound(0)));
            }
            frames.select().columns.push(Sql::call("MIN", [number]));
            let first = Sql::Scalar(Box::new(frames.leave()));
            found = Some(match found {
                Some(before) => Sql::LetNumber(Box::new(before), Box::new(first)),
                None => first,
            });
        }
        let none = || Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(1));
        Ok(found.map_or_else(none, |found| Sql::IsNotNull(Box::new(found))))
    }

    /// The number of an item in its collection, from 0.
    pub(super) fn item_number(&self, frames: &Frames, variable: Variable) -> Operand {
        let Some((alias, item)) = frames.item(variable) else {
            return Operand::constant(Sql::Null, Some(PrimitiveType::Int64), true);
        };
        let number = match item.json {
            Some(_) => self.dialect.json_index(alias),
            None => Sql::binary(Operator::Sub, Sql::carried(alias, 1), Sql::Integer(1)),
        };
        Operand { nullable: false, ..Operand::computed(number, PrimitiveType::Int64) }
    }

    fn enter_array(&self, frames: &mut Frames, items: &Items, numbered: bool) -> Result<(), Unsupported> {
        let array = self.composite(frames, &items.collection)?;
        let storage = match &items.collection.kind {
            ExprKind::Property(place, property) => self.property(place.target(), *property).1.storage,
            ExprKind::Member(_, id, property) => self.part(*id, *property).1.storage,
            ExprKind::Column(variable, number) => {
                let whole = frames.carried(*variable, *number).and_then(|(_, carried)| carried.whole);
                let column = whole.and_then(|whole| self.column_of_whole(whole));
                column.map_or(Storage::Native, |column| column.storage)
            }
            _ => Storage::Native,
        };
        let primitive = items.collection.primitive;
        let operand = Operand {
            sql: Sql::Null,
            primitive,
            form: Form::Column(storage),
            nullable: true,
            native: NativeType::Plain,
        };
        // Labels become text where they are compared.
        let label = items.collection.enumeration.is_some();
        let operand = if label { Operand { form: Form::Column(Storage::Text), ..operand } } else { operand };
        let text = !label && storage == Storage::Native && primitive == Some(PrimitiveType::String);
        let whole = primitive.is_none();
        frames.enter_items(
            Source::Items { array: Box::new(array), whole, numbered },
            items.variable,
            Carried::of(operand, text),
        );
        Ok(())
    }

    /// Some values of a collection as it is read, and what it holds.
    pub(super) fn chosen_cell(
        &self,
        frames: &mut Frames,
        (alias, set, property, inside): (usize, EntitySetId, usize, &[Inside]),
        chosen: &Chosen,
    ) -> Result<(Sql, ResultColumn), Unsupported> {
        if self.property(set, property).1.json {
            return self.json_chosen(frames, (alias, set, property), chosen);
        }
        let (_, result) = self.cell(alias, set, property, inside)?;
        self.enter_items(frames, &chosen.items, false, true)?;
        let (alias, _) = frames.current();
        frames.select().columns.push(Sql::carried(alias, 0));
        self.add_item_order(frames, chosen, Sql::carried(alias, 1))?;
        let mut select = frames.leave();
        (select.limit, select.offset) = (chosen.top, chosen.skip);
        let native = &self.property(set, property).1.native;
        Ok((self.dialect.cell(Sql::Array(Box::new(select)), &result, native), result))
    }

    /// The order of the values that are chosen; what is equal in it stays in that of the collection, where each has its number.
    pub(super) fn add_item_order(
        &self,
        frames: &mut Frames,
        chosen: &Chosen,
        number: Sql,
    ) -> Result<(), Unsupported> {
        let (alias, _) = frames.current();
        for order in &chosen.orderby {
            let term = match &order.expr.kind {
                // Members are ordered as they were declared.
                ExprKind::Column(variable, 0)
                    if *variable == chosen.items.variable && order.expr.enumeration.is_some() =>
                {
                    let (expr, descending) = (Sql::carried(alias, 0), order.descending);
                    Some(OrderTerm { expr, value: None, descending, nullable: true })
                }
                _ => self.term(frames, &order.expr, order.descending)?,
            };
            frames.select().order.extend(term);
        }
        frames.select().order.push(OrderTerm {
            expr: number,
            value: None,
            descending: false,
            nullable: false,
        });
        Ok(())
    }

    /// The number of the values for which the predicate holds.
    pub(super) fn counted_items(&self, query: &Query, chosen: &Chosen) -> Result<Select, Unsupported> {
        let mut frames = self.asked(query)?;
        let mut counted = self.items(&mut frames, &chosen.items, false)?;
        counted.columns = vec![Sql::CountAll];
        let most = Sql::call("MAX", [Sql::Scalar(Box::new(counted))]);
        let mut select = frames.finish();
        // There is at most one entity.
        select.columns.push(Sql::call("COALESCE", [most, Sql::Integer(0)]));
        Ok(select)
    }
}
