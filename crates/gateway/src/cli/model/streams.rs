//! Streams and media entities in the model file that is printed.

use nextlink_odata::model::{EntityType, MediaType, Stream};
use nextlink_sql::mapping::{StreamMap, TableMap};

use super::properties::readers;
use super::text;
use crate::served::Served;

/// What the bytes of a stream are.
fn media_type(table: &TableMap, stream: &Stream, map: &StreamMap) -> String {
    let column = |index: usize| text(&table.columns[index].column);
    match (&stream.media_type, map.media_type) {
        (MediaType::Fixed(media_type), _) => text(media_type),
        (MediaType::Told, told) => format!("{{column: {}}}", told.map(column).unwrap_or_default()),
    }
}

/// Stream properties of a type, or of one below it, which come last of all properties.
pub(super) fn stream_properties(
    served: &Served,
    ty: &EntityType,
    table: &TableMap,
    owner: Option<usize>,
    out: &mut String,
) {
    let indent = if owner.is_some() { "          " } else { "      " };
    for (index, (stream, map)) in ty.streams.iter().zip(&table.streams).enumerate() {
        if ty.owner_of_stream(index) != owner {
            continue;
        }
        let mut facts = vec![
            "type: Edm.Stream".to_owned(),
            format!("column: {}", text(&table.columns[map.content].column)),
            format!("contentType: {}", media_type(table, stream, map)),
            format!("nullable: {}", stream.nullable),
        ];
        facts.extend(stream.description.as_ref().map(|told| format!("description: {}", text(told))));
        facts.extend(readers(served, table, &stream.name));
        out.push_str(&format!("{indent}{}: {{{}}}\n", text(&stream.name), facts.join(", ")));
    }
}

/// The bytes of media entities of a type, or of one below it.
pub(super) fn media(ty: &EntityType, table: &TableMap, owner: Option<usize>, out: &mut String) {
    let indent = if owner.is_some() { "        " } else { "    " };
    let map = match owner {
        None => table.media.as_ref(),
        Some(derived) => table.family.as_ref().and_then(|family| family.media.get(derived)?.as_ref()),
    };
    if let (Some(stream), Some(map)) = (ty.own_media(owner), map) {
        let (column, media_type) = (text(&table.columns[map.content].column), media_type(table, stream, map));
        let nullable = stream.nullable;
        out.push_str(&format!(
            "{indent}media: {{column: {column}, type: {media_type}, nullable: {nullable}}}\n"
        ));
    }
}
