//! Navigation properties in the model file that is printed.

use nextlink_odata::model::{EntityType, NavigationProperty};
use nextlink_sql::mapping::{ColumnMap, Link, TableMap};

use super::{qualified, text};
use crate::served::Served;

/// Navigation properties of a type, or of one below it.
pub(super) fn navigation(
    served: &Served,
    ty: &EntityType,
    table: &TableMap,
    owner: Option<usize>,
    out: &mut String,
) {
    let own = |(index, _): &(usize, _)| ty.owner_of_navigation(*index) == owner;
    let all = ty.navigation.iter().zip(&table.links).enumerate().filter(own).map(|(_, both)| both);
    let indent = if owner.is_some() { "        " } else { "    " };
    for (number, (navigation, link)) in all.enumerate() {
        if number == 0 {
            out.push_str(&format!("{indent}navigation:\n"));
        }
        let facts = navigation_facts(served, navigation, (ty, &table.columns), link);
        out.push_str(&format!("{indent}  {}: {{{}}}\n", text(&navigation.name), facts.join(", ")));
    }
}

fn navigation_facts(
    served: &Served,
    navigation: &NavigationProperty,
    near: (&EntityType, &[ColumnMap]),
    link: &Link,
) -> Vec<String> {
    let model = &served.mapping.model;
    let target = model.entity_set(navigation.target_set);
    let far_type = model.entity_type(navigation.target);
    let far = (far_type, served.mapping.table(navigation.target_set).columns.as_slice());
    let mut facts = vec![format!("target: {}", text(&target.name))];
    facts.push(format!("collection: {}", navigation.collection));
    // Columns that are no properties stand by their own names.
    let name = |(ty, columns): (&EntityType, &[ColumnMap]), index: usize| {
        text(ty.properties.get(index).map_or(&columns[index].column, |property| &property.name))
    };
    let table = |pairs: Vec<String>| format!("{{{}}}", pairs.join(", "));
    match link {
        Link::Direct(pairs) => {
            let pairs =
                pairs.iter().map(|(here, there)| format!("{}: {}", name(near, *here), name(far, *there)));
            // Readers of YAML 1.1 take a plain `on` for a truth value.
            facts.push(format!("\"on\": {}", table(pairs.collect())));
        }
        Link::Through(through) => {
            let named = qualified(through.schema.as_ref(), &through.table);
            let here =
                through.near.iter().map(|(here, column)| format!("{}: {}", name(near, *here), text(column)));
            let there =
                through.far.iter().map(|(column, there)| format!("{}: {}", text(column), name(far, *there)));
            facts.push(format!(
                "through: {{table: {}, near: {}, far: {}}}",
                text(&named),
                table(here.collect()),
                table(there.collect())
            ));
        }
    }
    if let Some(partner) = navigation.partner {
        facts.push(format!("partner: {}", text(&far_type.navigation[partner].name)));
    }
    facts
}
