//! The one writer of SQL text. It cannot fail: what a database cannot do was refused in the plan.

mod keys;
mod joined;
mod recursion;
mod values;
mod windows;

use nextlink_odata::value::Value;

use recursion::NamedFirst;

use crate::dialect::{Dialect, ParentRows};
use crate::identifier::is_continue;
use crate::statement::Statement;
use crate::tree::{
    CastType, JoinKind, Operator, OrderTerm, Param, ParamForm, Select, Source, Sql, TableRef, Told,
};

/// Writes a select for so many parent rows (none where it takes none).
pub fn emit(dialect: &dyn Dialect, select: &Select, parent_rows: usize) -> Statement {
    let rows = if dialect.parent_rows() == ParentRows::Arrays { 1 } else { parent_rows };
    let taken = select.keys.as_ref().map_or(0, |columns| columns.len() * rows);
    let out = String::with_capacity(768);
    let mut writer = Writer {
        dialect,
        out,
        params: Vec::new(),
        taken,
        recursive: false,
        first: None,
        derived: Vec::new(),
        derivations: 0,
    };
    writer.keys(select, parent_rows);
    writer.begin_named(select);
    if select.window.is_some() {
        writer.windowed(select);
    } else {
        writer.select(select, false);
    }
    writer.put_named();
    if writer.recursive {
        writer.out.insert_str(0, dialect.before_recursion());
    }
    Statement { sql: writer.out.into(), params: writer.params }
}

struct Writer<'a> {
    dialect: &'a dyn Dialect,
    out: String,
    params: Vec<Param>,
    /// Parameters that the parent rows take.
    taken: usize,
    /// Whether a select refers to itself.
    recursive: bool,
    /// Selects that refer to themselves and have to stand first.
    first: Option<NamedFirst>,
    /// The aliases of tables that are selects with values of their own.
    derived: Vec<usize>,
    /// Selects and columns of such tables so far.
    derivations: usize,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn number(&mut self, number: u64) {
        self.out.push_str(&number.to_string());
    }

    fn param(&mut self, param: &Param) {
        self.params.push(param.clone());
        self.dialect.param(self.taken + self.params.len(), param, &mut self.out);
    }

    /// A select; in the place of a table its columns have names.
    fn select(&mut self, select: &Select, named: bool) {
        self.derives(select);
        self.text("SELECT ");
        for (i, column) in select.columns.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(column);
            if named {
                self.text(" AS c");
                self.number(i as u64);
            }
        }
        if select.columns.is_empty() {
            // Nothing is read of the rows but that they are there.
            self.text("1");
        }
        self.body(select);
        let last = select.group_last.then_some(select.columns.len());
        for (i, column) in (1..=select.group).chain(last).enumerate() {
            // By number: a parameter would be another one here.
            self.text(if i == 0 { " GROUP BY " } else { ", " });
            self.number(column as u64);
        }
        if select.count_by_parent {
            self.text(" GROUP BY k.o");
        }
        let by_parent = select.keys.is_some() && !select.count_by_parent && !named;
        if by_parent || !select.order.is_empty() {
            self.text(" ORDER BY ");
            if by_parent {
                self.text(if select.order.is_empty() { "k.o" } else { "k.o, " });
            }
            self.order(&select.order);
        }
        self.limit(select);
    }

    fn limit(&mut self, select: &Select) {
        const MOST: u64 = i64::MAX as u64;
        if select.limit.is_none() && select.chunk.is_none() && select.offset == 0 {
            return;
        }
        self.text(" LIMIT ");
        match select.chunk {
            Some(rows) => {
                let value = Value::Integer(rows.min(MOST) as i64);
                self.param(&Param { value, form: ParamForm::Native });
            }
            None => self.number(select.limit.unwrap_or(MOST).min(MOST)),
        }
        if select.offset > 0 {
            self.text(" OFFSET ");
            self.number(select.offset.min(MOST));
        }
    }

    /// FROM and WHERE. One row is there that is of no table.
    fn body(&mut self, select: &Select) {
        if select.keys.is_some() || !select.from.is_empty() {
            self.text(" FROM ");
        }
        if select.keys.is_some() {
            self.text("k");
            let forced = self.dialect.forced_join();
            self.text(forced);
        }
        let mut conditions: Vec<&Sql> = Vec::new();
        for (i, join) in select.from.iter().enumerate() {
            if i > 0 {
                self.text(if join.kind == JoinKind::Left { " LEFT JOIN " } else { " JOIN " });
            }
            self.table(&join.table);
            if i == 0 {
                conditions.extend(&join.on);
            } else {
                self.text(" ON ");
                self.all(&join.on.iter().collect::<Vec<_>>());
            }
        }
        conditions.extend(&select.filter);
        if !conditions.is_empty() {
            self.text(" WHERE ");
            self.all(&conditions);
        }
    }

    fn all(&mut self, conditions: &[&Sql]) {
        for (i, condition) in conditions.iter().enumerate() {
            if i > 0 {
                self.text(" AND ");
            }
            self.expr(condition);
        }
    }

    fn table(&mut self, table: &TableRef) {
        match &table.source {
            Source::Table { schema, name } => {
                if let Some(schema) = schema {
                    self.dialect.identifier(schema, &mut self.out);
                    self.text(".");
                }
                self.dialect.identifier(name, &mut self.out);
            }
            Source::Chosen(select) => {
                self.text("(");
                self.select(select, false);
                self.text(")");
            }
            Source::Told(pieces) => self.told(pieces),
            Source::Selects(selects) => self.selects(selects),
            Source::Recursive { base, step } => self.recursive(base, step),
            Source::SoFar => self.so_far(),
            Source::Joined(joined) => self.joined(joined),
            Source::JsonItems(array) => {
                let rows = self.dialect.json_rows();
                self.wrapped(rows.before, array, rows.behind);
            }
            Source::Items { array, whole, numbered } => self.items(array, *whole, *numbered),
        }
        self.text(" AS t");
        self.number(table.alias as u64);
        match table.source {
            Source::Items { whole: false, numbered, .. } => {
                self.text(if numbered { "(c0, c1)" } else { "(c0)" });
            }
            Source::JsonItems(_) => self.text(self.dialect.json_rows().columns),
            _ => {}
        }
    }

    /// The items of an array in the place of a table.
    fn items(&mut self, array: &Sql, whole: bool, numbered: bool) {
        match (whole, numbered) {
            (false, false) => self.wrapped("unnest(", array, ")"),
            (false, true) => self.wrapped("unnest(", array, ") WITH ORDINALITY"),
            (true, false) => self.wrapped("(SELECT unnest(", array, ") AS c0)"),
            (true, true) => {
                self.wrapped("(SELECT (", array, ")[i] AS c0, i AS c1");
                self.wrapped(" FROM generate_subscripts(", array, ", 1) AS i)");
            }
        }
    }

    /// A SELECT of the owner in the place of a table.
    fn told(&mut self, pieces: &[Told]) {
        self.text("(");
        for piece in pieces {
            match piece {
                Told::Text(text) => self.text(text),
                Told::Value(value) => self.expr(value),
            }
        }
        self.text(")");
    }

    /// Selects in the place of a table.
    fn selects(&mut self, selects: &[Select]) {
        self.text("(");
        for (i, select) in selects.iter().enumerate() {
            if i > 0 {
                self.text(" UNION ALL ");
            }
            // An order and a limit would be those of all.
            let inside = selects.len() > 1 && !select.order.is_empty();
            if inside {
                self.text("SELECT * FROM (");
            }
            self.select(select, true);
            if inside {
                self.text(") AS u");
            }
        }
        self.text(")");
    }

    fn order(&mut self, order: &[OrderTerm]) {
        for (i, term) in order.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(&term.expr);
            if term.descending {
                self.text(" DESC");
            }
            if term.nullable && !self.dialect.nulls_are_smallest() {
                self.text(if term.descending { " NULLS LAST" } else { " NULLS FIRST" });
            }
        }
    }

    fn list(&mut self, items: &[Sql]) {
        self.text("(");
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(item);
        }
        self.text(")");
    }

    fn wrapped(&mut self, before: &str, expr: &Sql, after: &str) {
        self.text(before);
        self.expr(expr);
        self.text(after);
    }

    fn within(&mut self, before: &str, select: &Select) {
        self.text(before);
        self.select(select, false);
        self.text(")");
    }

    fn expr(&mut self, expr: &Sql) {
        match expr {
            Sql::Column(alias, name) => {
                self.derivations += usize::from(self.derived.contains(alias));
                self.text("t");
                self.number(*alias as u64);
                self.text(".");
                self.dialect.identifier(name, &mut self.out);
            }
            Sql::Member(inner, name) => {
                self.wrapped("(", inner, ").");
                self.dialect.identifier(name, &mut self.out);
            }
            Sql::Item(array, index) => self.item(array, index),
            Sql::Position => self.text("k.o"),
            Sql::Key(column) => {
                self.text("k.k");
                self.number(*column as u64);
            }
            Sql::Param(param) => self.param(param),
            Sql::Integer(i) => self.out.push_str(&i.to_string()),
            Sql::Word(word) => {
                self.text("'");
                self.text(word);
                self.text("'");
            }
            Sql::Label(name) => {
                self.text("'");
                self.out.extend(name.chars().filter(|c| is_continue(*c)));
                self.text("'");
            }
            Sql::Null => self.text("NULL"),
            Sql::Binary(op, left, right) => self.binary(*op, left, right),
            Sql::Not(inner) => self.wrapped("(NOT ", inner, ")"),
            Sql::Negate(inner) => self.wrapped("(- ", inner, ")"),
            Sql::IsNull(inner) => self.wrapped("(", inner, " IS NULL)"),
            Sql::IsNotNull(inner) => self.wrapped("(", inner, " IS NOT NULL)"),
            Sql::IsTrue(inner) => self.wrapped("(", inner, " IS TRUE)"),
            Sql::IsNotTrue(inner) => self.wrapped("(", inner, " IS NOT TRUE)"),
            Sql::In(needle, items) => {
                self.text("(");
                self.expr(needle);
                self.text(" IN ");
                self.list(items);
                self.text(")");
            }
            Sql::Row(values) => self.list(values),
            Sql::InSelect(needle, select) => self.in_select(needle, select),
            Sql::RowNumber(among, order) => self.numbered("ROW_NUMBER", among, order),
            Sql::Rank(order) => self.numbered("DENSE_RANK", &[], order),
            Sql::Call(name, args) => {
                self.text(name);
                self.list(args);
            }
            Sql::Collate(inner, collation) => {
                self.wrapped("(", inner, " COLLATE ");
                self.text(collation);
                self.text(")");
            }
            Sql::Cast(inner, to) => self.cast(inner, to),
            Sql::Keyword(word) => self.text(word),
            Sql::Let(values, body) => self.with_values(values, body),
            Sql::LetNumber(number, body) => self.with_number(number, body),
            Sql::Bound(value) => {
                self.text("v.v");
                self.number(*value as u64);
            }
            Sql::Case(pairs) => self.case(pairs),
            Sql::Exists(select) => self.within("EXISTS (", select),
            Sql::Scalar(select) => self.within("(", select),
            Sql::Told(pieces) => self.told(pieces),
            Sql::Array(select) => self.within("ARRAY(", select),
            Sql::JsonNumbers(select) => self.json_numbers(select),
            Sql::BooleanMode(inner) => self.wrapped("(", inner, " IN BOOLEAN MODE)"),
            Sql::CountAll => self.text("COUNT(*)"),
            Sql::Distinct(inner) => self.wrapped("DISTINCT ", inner, ""),
            Sql::Over(call, among, order) => self.over(call, among, order),
        }
    }

    /// The order is that of the values, whatever that of the rows is.
    fn json_numbers(&mut self, select: &Select) {
        let (before, behind) = self.dialect.json_numbers();
        self.text("(SELECT ");
        for column in &select.columns {
            self.wrapped(before, column, behind);
        }
        self.text(" ORDER BY ");
        self.order(&select.order);
        self.text(")");
        self.body(select);
        self.text(")");
    }

    fn item(&mut self, array: &Sql, index: &Sql) {
        self.wrapped("(", array, ")[");
        self.wrapped("", index, "]");
    }

    fn in_select(&mut self, needle: &Sql, select: &Select) {
        self.wrapped("(", needle, " IN (");
        self.select(select, false);
        self.text("))");
    }

    fn numbered(&mut self, function: &str, among: &[Sql], order: &[OrderTerm]) {
        self.text(function);
        self.text("() OVER (");
        self.among(among);
        self.ordered(!among.is_empty(), order);
        self.text(")");
    }

    /// The order of a window, where it has one; rows of which there is one need none.
    fn ordered(&mut self, behind: bool, order: &[OrderTerm]) {
        if !order.is_empty() {
            self.text(if behind { " ORDER BY " } else { "ORDER BY " });
            self.order(order);
        }
    }

    fn among(&mut self, values: &[Sql]) {
        for (i, value) in values.iter().enumerate() {
            self.wrapped(if i == 0 { "PARTITION BY " } else { ", " }, value, "");
        }
    }

    fn over(&mut self, call: &Sql, among: &[Sql], order: &[OrderTerm]) {
        self.wrapped("", call, " OVER (");
        self.among(among);
        self.ordered(!among.is_empty(), order);
        if !order.is_empty() {
            self.text(" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING");
        }
        self.text(")");
    }

    fn binary(&mut self, op: Operator, left: &Sql, right: &Sql) {
        let negated = op == Operator::Distinct && self.dialect.distinct_negates();
        self.text(if negated { "(NOT (" } else { "(" });
        self.expr(left);
        self.text(self.dialect.operator(op));
        self.expr(right);
        self.text(if negated { "))" } else { ")" });
    }

    fn cast(&mut self, inner: &Sql, to: &CastType) {
        self.wrapped("CAST(", inner, " AS ");
        match to {
            CastType::Word(word) => self.text(word),
            CastType::Named(schema, name) => {
                self.dialect.identifier(schema, &mut self.out);
                self.text(".");
                self.dialect.identifier(name, &mut self.out);
            }
        }
        self.text(")");
    }

    fn case(&mut self, pairs: &[(Sql, Sql)]) {
        self.text("CASE");
        for (condition, value) in pairs {
            self.text(" WHEN ");
            self.expr(condition);
            self.text(" THEN ");
            self.expr(value);
        }
        self.text(" END");
    }
}
