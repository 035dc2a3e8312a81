//! Rows that are no entities, and what their columns hold.

use nextlink_odata::model::{EntitySetId, EnumTypeId};
use nextlink_odata::query::{Variable, Whole};

use super::{Frame, Frames, equal};
use crate::catalog::NativeType;
use crate::dialect::{JsonPath, Operand};
use crate::plan::there::{Seen, with_all_rows};
use crate::tree::{Join, JoinKind, Source, Sql, TableRef};

/// What a column of rows that are no entities holds.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    /// What is known of it; the expression is the one that it was made of.
    pub(crate) operand: Operand,
    /// Whether it is text that the database would not compare by code point.
    pub(crate) text: bool,
    /// Where it is a value in JSON: where that is.
    pub(crate) json: Option<JsonPlace>,
    /// The enumeration of which it is the name of a member, where the database does not know of that.
    pub(crate) members: Option<EnumTypeId>,
    /// Of which property it is the value, where it is no primitive one.
    pub(crate) whole: Option<Whole>,
}

/// A value in JSON that lies in a column.
#[derive(Debug, Clone)]
pub(crate) struct JsonPlace {
    /// The column.
    pub(crate) column: Sql,
    /// Its type.
    pub(crate) native: NativeType,
    /// The way to the value.
    pub(crate) path: JsonPath,
}

impl Default for Carried {
    fn default() -> Carried {
        Carried::of(Operand::constant(Sql::Null, None, true), false)
    }
}

impl Carried {
    /// What is known of a column of rows.
    pub(crate) fn of(operand: Operand, text: bool) -> Carried {
        Carried { operand, text, json: None, members: None, whole: None }
    }
}

impl Frames {
    /// Says what the one column of the rows of the innermost select is.
    pub(crate) fn item_is(&mut self, item: Carried) {
        self.top().columns = vec![item];
    }

    /// Keeps the rows of the innermost select for which selects have a row some of whose columns equal the given ones.
    pub(crate) fn keep(&mut self, source: Source, columns: impl IntoIterator<Item = (usize, Sql)>) {
        let alias = self.alias();
        let pairs = columns.into_iter();
        let on = pairs.map(|(number, column)| equal(column, Sql::carried(alias, number))).collect();
        let join = Join { kind: JoinKind::Inner, table: TableRef { source, alias }, on };
        self.top().select.from.push(join);
    }

    /// Starts with rows that are no entities, and joins the entities to them that conditions choose by the aliases of both,
    /// where there are any.
    pub(crate) fn behind(
        seen: &Seen<'_>,
        (source, variable, columns): (Source, Variable, Vec<Carried>),
        set: EntitySetId,
        on: impl FnOnce(&Frames, usize) -> Vec<Sql>,
    ) -> Frames {
        let mut frames = Frames::of_rows(Variable(0), set, source, Vec::new());
        let (rows, alias) = (frames.top().alias, frames.alias());
        frames.top().beside.push((variable, rows, columns));
        let on = on(&frames, alias);
        let join = with_all_rows(seen, JoinKind::Left, (set, alias), on);
        let frame = frames.top();
        frame.alias = alias;
        frame.select.from.push(join);
        frames
    }

    /// A column of rows that are no entities.
    pub(crate) fn carried(&self, variable: Variable, number: usize) -> Option<(Sql, &Carried)> {
        let find = |frame: &'_ Frame| {
            let beside = frame.beside.iter().position(|(own, ..)| *own == variable);
            (frame.variable == variable || beside.is_some()).then_some(beside)
        };
        let (frame, beside) = self.frames.iter().rev().find_map(|frame| Some((frame, find(frame)?)))?;
        let (alias, columns) = match beside {
            Some(found) => (frame.beside[found].1, &frame.beside[found].2),
            None => (frame.alias, &frame.columns),
        };
        Some((Sql::carried(alias, number), columns.get(number)?))
    }

    /// The alias of the items that a variable stands for, and what each of them is.
    pub(crate) fn item(&self, variable: Variable) -> Option<(usize, &Carried)> {
        let frame = self.frames.iter().rev().find(|frame| frame.variable == variable)?;
        Some((frame.alias, frame.columns.first()?))
    }

    /// Puts rows beside those of the innermost select, whose first column equals a value of these.
    pub(crate) fn beside(&mut self, source: Source, variable: Variable, columns: Vec<Carried>, value: Sql) {
        let alias = self.alias();
        let on = vec![equal(value, Sql::carried(alias, 0))];
        let frame = self.top();
        frame.select.from.push(Join { kind: JoinKind::Inner, table: TableRef { source, alias }, on });
        frame.beside.push((variable, alias, columns));
    }
}
