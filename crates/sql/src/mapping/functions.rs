//! Functions that a model file writes as SELECTs: each gives entities of a set, by their keys.

use nextlink_odata::model::{EntitySetId, Function, Property};

use super::reshape::about;
use super::{FunctionMap, Mapping};
use crate::notice::Notice;
use crate::shape::{Shape, ToldSelect};

/// Adds all that can be served. `found` are the columns that the database tells of each SELECT.
pub(super) fn add(
    mapping: &mut Mapping,
    found: &[(String, Vec<String>)],
    shape: &Shape,
    notices: &mut Vec<Notice>,
) {
    for ToldSelect { name, pieces, parameters, .. } in shape.selects() {
        let told = shape.functions.get(&name.text).zip(parameters);
        let columns = found.iter().find(|(known, _)| *known == name.text);
        // Where nothing is known of it, a notice says why.
        let (Some((told, parameters)), Some((_, columns))) = (told, columns) else { continue };
        let Some(set) = mapping.model.find_set(&told.returns.text) else {
            notices.push(about(&told.returns, &name.text, "there is no such entity set"));
            continue;
        };
        match key(mapping, set, columns) {
            Ok(key) => mapping.functions.push(FunctionMap { pieces, key }),
            Err(missing) => {
                let text = ["its SELECT has no column `", &missing, "`, which is of the key"].concat();
                notices.push(about(&told.returns, &name.text, &text));
                continue;
            }
        }
        mapping.model.functions.push(Function {
            name: name.text.clone(),
            parameters: parameters.iter().map(|(name, ty)| Property::plain(name, *ty)).collect(),
            returns: set,
            description: told.description.clone(),
        });
    }
}

/// The columns with the key, which have the names of its properties or of their columns.
fn key(mapping: &Mapping, set: EntitySetId, columns: &[String]) -> Result<Vec<String>, String> {
    let ty = mapping.model.entity_type(mapping.model.entity_set(set).entity_type);
    let place = |property: &usize| {
        let names = [&mapping.table(set).columns[*property].column, &ty.properties[*property].name];
        let exact = columns.iter().find(|column| names.contains(column));
        let like = || {
            let same =
                |column: &&String| names.iter().any(|name| name.to_lowercase() == column.to_lowercase());
            columns.iter().find(same)
        };
        exact.or_else(like).cloned().ok_or_else(|| names[0].clone())
    };
    ty.key.iter().map(place).collect()
}
