//! Conditions on the rows of entity sets, as a model file has them.

use std::sync::Arc;

use nextlink_odata::bind::{Rule, bind_rule};
use nextlink_odata::model::EntitySetId;
use nextlink_odata::url::parse_plain_expression;

use super::find::about;
use super::reshape::TableShape;
use super::{Mapping, RowsMap, TableMap};
use crate::notice::Notice;
use crate::shape::Named;

impl RowsMap {
    /// Whether it depends on who asks.
    pub fn names_user(&self) -> bool {
        self.rule.as_ref().is_some_and(|(_, rule)| rule.names_user)
    }
}

/// The condition that a model file has, not bound yet.
pub(super) fn told(shape: &TableShape<'_>) -> Option<Box<RowsMap>> {
    let told = shape.told?.1.rows.clone()?;
    Some(Box::new(RowsMap { told, rule: None }))
}

/// Calls what is served as it is called there, and columns that are hidden as in the database, where no other one has that name.
fn name_hidden(mapping: &Mapping, whole: &mut Mapping) {
    for (number, table) in whole.tables.iter().enumerate() {
        let same = |other: &TableMap| {
            (&other.schema, &other.table, &other.select) == (&table.schema, &table.table, &table.select)
        };
        let Some(set) = mapping.tables.iter().position(same) else { continue };
        let served = &mapping.model.entity_types[set];
        let ty = &mut whole.model.entity_types[number];
        for (property, column) in ty.properties.iter_mut().zip(&table.columns) {
            let mut known = served.properties.iter().zip(&mapping.tables[set].columns);
            if let Some((own, _)) = known.find(|(_, map)| map.column == column.column) {
                property.name = own.name.clone();
                continue;
            }
            property.name = column.column.clone();
            let taken = |name: &str| {
                served.properties.iter().any(|own| own.name == name)
                    || served.navigation.iter().any(|own| own.name == name)
            };
            while taken(&property.name) {
                property.name.push('_');
            }
        }
    }
}

/// Binds them; `whole` has all that the model file hides. Where one means nothing, no row is there.
pub(super) fn add(mapping: &mut Mapping, mut whole: Mapping, notices: &mut Vec<Notice>) {
    name_hidden(mapping, &mut whole);
    // A name that is mistyped would be that of a dynamic property which no row has, and the condition hold of all.
    whole.model.entity_types.iter_mut().for_each(|ty| ty.open = false);
    let mut ruled = Vec::new();
    for (number, table) in mapping.tables.iter_mut().enumerate() {
        let Some(rows) = &mut table.rows else { continue };
        ruled.push(EntitySetId(number));
        let same = |other: &Option<Box<RowsMap>>| other.as_ref().is_some_and(|other| other.told == rows.told);
        let set = whole.tables.iter().position(|other| same(&other.rows)).map(EntitySetId);
        match set.map(|set| bound(&whole, set, &rows.told).map(|rule| (set, rule))) {
            Some(Ok(found)) => {
                let followed = &mut mapping.model.entity_sets[number].tracked;
                if let (true, Some(why)) = (*followed, unfollowed(&found.1)) {
                    *followed = false;
                    let text = ["changes of its rows are not followed, as the condition ", why].concat();
                    notices.push(about(&rows.told, &table.table, &text));
                }
                rows.rule = Some(found);
            }
            Some(Err(problem)) => notices.push(unusable(&rows.told, &table.table, &problem)),
            None => {
                notices.push(unusable(&rows.told, &table.table, "with what is hidden there is no such set"))
            }
        }
    }
    mapping.model.set_unseen(&ruled);
    // In a condition, rows of other sets are as they lie there.
    whole.tables.iter_mut().for_each(|table| table.rows = None);
    mapping.whole = Some(Arc::new(whole));
}

/// Takes them over from the mapping that has all that anybody sees, of the same catalogue.
pub(super) fn share(mapping: &mut Mapping, all: &Mapping) {
    let mut ruled = Vec::new();
    for (number, table) in mapping.tables.iter_mut().enumerate() {
        let Some(rows) = &mut table.rows else { continue };
        ruled.push(EntitySetId(number));
        let same = |other: &TableMap| other.rows.as_ref().is_some_and(|other| other.told == rows.told);
        let Some(known) = all.tables.iter().position(same) else { continue };
        rows.rule = all.tables[known].rows.as_ref().and_then(|rows| rows.rule.clone());
        mapping.model.entity_sets[number].tracked &= all.model.entity_sets[known].tracked;
    }
    mapping.model.set_unseen(&ruled);
    mapping.whole.clone_from(&all.whole);
}

/// Why changes of rows of which a condition is to hold can't be followed, if they can't.
fn unfollowed(rule: &Rule) -> Option<&'static str> {
    if !rule.condition.is_own() {
        // What happens to other rows would have rows come and go without a change of their own.
        return Some("looks at others, too");
    }
    // Rows of other users would be told by their keys, as if they were deleted.
    rule.names_user.then_some("depends on who asks")
}

fn bound(whole: &Mapping, set: EntitySetId, told: &Named) -> Result<Rule, String> {
    let parsed = parse_plain_expression(&told.text).map_err(|error| error.message)?;
    bind_rule(&whole.model, set, &parsed).map_err(|error| error.message)
}

/// Says that a condition can't be used.
pub fn unusable(told: &Named, table: &str, problem: &str) -> Notice {
    let place = told.spot.to_string();
    let end = if problem.ends_with(['.', '?']) { "" } else { "." };
    let what = " So none of its rows is there for clients.";
    Notice::table(table, ["The model file, ", &place, ": `rows`: ", problem, end, what].concat())
}
