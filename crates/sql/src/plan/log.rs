//! Changes that a table tells of, which triggers fill: the keys of rows that were changed, in order.

use nextlink_odata::model::PrimitiveType;
use nextlink_odata::query::{Expr, ExprKind, Variable};

use super::Planner;
use super::frames::{Carried, Frames, named_table};
use crate::dialect::{Operand, Relation, Unsupported};
use crate::mapping::{ColumnMap, LogMap};
use crate::position;
use crate::seek;
use crate::tree::{Join, JoinKind, Operator, OrderTerm, Select, Source, Sql};

/// The rows of the table that tells of changes: the values of the key, the last change of each, and what entities are found by
/// where that is another form of a value.
pub(super) const LOG: Variable = Variable(usize::MAX);

/// The alias of the table itself.
pub(super) const OWN: usize = 0;

impl Planner<'_> {
    /// The table that tells of changes, and what its rows are ordered by.
    pub(super) fn log_rows(&self, log: &LogMap) -> (Select, OrderTerm) {
        let table = named_table(log.schema.as_ref(), &log.table, OWN);
        let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
        (Select { from, ..Select::default() }, self.in_order(OWN, &log.at))
    }

    /// Each key that was told since a mark, once, with its entity where that is there.
    pub(super) fn told_since(&self, log: &LogMap, since: &[u8]) -> Frames {
        let set = self.query.root;
        let (mut select, term) = self.log_rows(log);
        let mark = position::from_bytes(since).and_then(|values| values.into_iter().next());
        // What has the very same mark may have come after it was read.
        let range = mark.and_then(|mark| seek::range(&term, &mark));
        select.filter.push(range.unwrap_or_else(|| not_null(OWN, &log.at)));
        // A row without all of the key is of no entity.
        select.filter.extend(log.key.iter().map(|column| not_null(OWN, column)));
        let mut columns = Vec::with_capacity(2 * log.key.len() + 1);
        for (column, property) in log.key.iter().zip(self.key_of(set)) {
            let (property, _) = self.property(set, *property);
            let operand = self.read(Sql::column(OWN, &column.column), property, column);
            let text =
                matches!(operand.sql, Sql::Collate(..)) && operand.primitive == Some(PrimitiveType::String);
            columns.push(Carried::of(self.dialect.carried(operand), text));
        }
        select.group = columns.len();
        let last = self.extreme("MAX", self.raw(Sql::column(OWN, &log.at.column), true, &log.at));
        columns.push(Carried::of(last, false));
        let bare = self.bare_values(log, &mut columns);
        select.columns = columns.iter().map(|column| column.operand.sql.clone()).collect();
        let source = Source::Selects(vec![select]);
        Frames::behind(self.mapping, (source, LOG, columns), set, |frames, alias| {
            self.is_told(log, &bare, frames, alias)
        })
    }

    /// The columns in which values of the key lie as they lie in the table of the entities, which its index serves.
    fn bare_values(&self, log: &LogMap, columns: &mut Vec<Carried>) -> Vec<Option<usize>> {
        let mut bare = Vec::with_capacity(log.key.len());
        for (number, (column, property)) in log.key.iter().zip(self.key_of(self.query.root)).enumerate() {
            let (_, own) = self.property(self.query.root, *property);
            let sql = Sql::column(OWN, &column.column);
            bare.push(if !lie_alike(own, column) {
                None
            } else if columns[number].operand.sql == sql {
                Some(number)
            } else {
                // All of a group are the same.
                let operand = Operand { sql: Sql::call("MIN", [sql]), ..columns[number].operand.clone() };
                columns.push(Carried::of(operand, false));
                Some(columns.len() - 1)
            });
        }
        bare
    }

    /// That an entity is the one whose key is told.
    fn is_told(&self, log: &LogMap, bare: &[Option<usize>], frames: &Frames, alias: usize) -> Vec<Sql> {
        let set = self.query.root;
        let mut conditions = Vec::with_capacity(2 * bare.len());
        for (number, (property, bare)) in self.key_of(set).iter().zip(bare).enumerate() {
            let (_, own) = self.property(set, *property);
            if let Some((there, _)) = bare.and_then(|bare| frames.carried(LOG, bare)) {
                conditions.push(Sql::binary(Operator::Eq, Sql::column(alias, &own.column), there));
            }
            // The collation of a column may take values for one that differ.
            let exact = bare.is_some() && (own.primitive != PrimitiveType::String || own.binary_collation);
            if !exact {
                let there = self.carried(frames, LOG, number, &self.told_key(log, number));
                let (left, mut right) = self.dialect.comparable(
                    self.column(alias, set, *property),
                    vec![there],
                    Relation::Equality,
                );
                conditions.push(Sql::binary(Operator::Eq, left, right.pop().unwrap_or(Sql::Null)));
            }
        }
        conditions
    }

    /// A value of the key as it is told.
    pub(super) fn told_key(&self, log: &LogMap, number: usize) -> Expr {
        let own = self.key_of(self.query.root).get(number);
        let primitive = own.and_then(|property| self.property(self.query.root, *property).0.primitive());
        debug_assert!(number < log.key.len());
        told(number, primitive.unwrap_or(PrimitiveType::String))
    }

    /// The order in which changes are told.
    pub(super) fn add_told_order(&self, frames: &mut Frames, log: &LogMap) -> Result<(), Unsupported> {
        let last = told(log.key.len(), log.at.primitive);
        let keys = (0..log.key.len()).map(|number| self.told_key(log, number));
        for value in std::iter::once(last).chain(keys) {
            if let Some(term) = self.term(frames, &value, false)? {
                frames.select().order.push(term);
            }
        }
        Ok(())
    }

    fn key_of(&self, set: nextlink_odata::model::EntitySetId) -> &[usize] {
        &self.mapping.model.entity_type(self.mapping.model.entity_set(set).entity_type).key
    }
}

/// A value that is told of a change, none of which is null.
fn told(number: usize, primitive: PrimitiveType) -> Expr {
    let kind = ExprKind::Column(LOG, number);
    Expr { at: 0, primitive: Some(primitive), enumeration: None, nullable: false, kind }
}

fn not_null(alias: usize, column: &ColumnMap) -> Sql {
    Sql::IsNotNull(Box::new(Sql::column(alias, &column.column)))
}

/// Whether values of two columns can be compared as they are.
fn lie_alike(left: &ColumnMap, right: &ColumnMap) -> bool {
    let plain = |column: &ColumnMap| column.codes.is_none() && !column.labels;
    plain(left)
        && plain(right)
        && left.primitive == right.primitive
        && left.storage == right.storage
        && left.native == right.native
        && left.binary_collation == right.binary_collation
        && left.zone() == right.zone()
}
