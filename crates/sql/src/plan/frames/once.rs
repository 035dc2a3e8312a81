//! Entities that belong to any of several others: each of them once.

use nextlink_odata::query::Variable;

use super::{Frames, equal};
use crate::plan::there::Seen;
use crate::tree::{Join, JoinKind, Select, Source, Sql, TableRef};

impl Frames {
    /// Begins anew with the entities of the innermost select, each of them once however often it is there.
    pub(crate) fn once(self, mapping: &Seen<'_>) -> Frames {
        let (alias, set) = self.current();
        let key = &mapping.model.entity_type(mapping.model.entity_set(set).entity_type).key;
        let own = |alias: usize, property: &usize| {
            Sql::column(alias, &mapping.table(set).columns[*property].column)
        };
        let mut select = self.finish();
        select.columns = key.iter().map(|property| own(alias, property)).collect();
        let mut frames = Frames::new(mapping, Variable(0), set);
        let (alias, _) = frames.current();
        let condition = match key.as_slice() {
            [property] => Sql::InSelect(Box::new(own(alias, property)), Box::new(select)),
            _ => {
                let inner = frames.alias();
                let pairs = key.iter().enumerate();
                let filter = pairs.map(|(n, property)| equal(Sql::carried(inner, n), own(alias, property)));
                let table = TableRef { source: Source::Selects(vec![select]), alias: inner };
                let from = vec![Join { kind: JoinKind::Inner, table, on: Vec::new() }];
                Sql::Exists(Box::new(Select { from, filter: filter.collect(), ..Select::default() }))
            }
        };
        frames.filter(condition);
        frames
    }
}
