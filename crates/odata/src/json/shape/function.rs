//! What is told of the functions that can be called on an entity, or on a set as a whole (JSON Format section 16).

use super::{Compiler, Entity};
use crate::json::key::write_plain_key;
use crate::json::text::write_string;
use crate::model::EntitySetId;

impl Compiler<'_> {
    /// Of an entity, each as prefix and what follows the identifier: `,"#Shop.Since(day)":{"title":"Since","target":` and
    /// `/Shop.Since(day=@day)"}`.
    pub(super) fn function_links(&self, entity: Entity<'_>) -> Vec<Vec<u8>> {
        self.calls_of(entity.functions()).into_iter().flat_map(|(prefix, path)| [prefix, path]).collect()
    }

    /// Of a set as a whole, as members: `"#Shop.Sum":{"title":"Sum","target":"Orders/Shop.Sum()"}`.
    pub(super) fn set_links(&self, set: EntitySetId) -> Option<String> {
        let on = |number: &usize| {
            let bound = self.model.functions[*number].bound.as_ref();
            bound.is_some_and(|bound| bound.set == set && bound.collection)
        };
        let all: Vec<usize> = (0..self.model.functions.len()).filter(on).collect();
        let mut text = Vec::new();
        for (prefix, path) in self.calls_of(&all) {
            text.extend(prefix);
            text.push(b'"');
            write_plain_key(&mut text, &self.model.entity_set(set).name);
            text.extend(path);
        }
        // The first one has a comma before it.
        (!text.is_empty()).then(|| String::from_utf8(text.split_off(1)).ok()).flatten()
    }

    fn calls_of(&self, functions: &[usize]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut links = Vec::with_capacity(functions.len());
        for number in functions {
            let function = &self.model.functions[*number];
            let qualified = self.model.function_name(function);
            // Where there are several of one name, the parameters tell which is meant.
            let several =
                functions.iter().filter(|other| self.model.functions[**other].name == function.name);
            let (mut names, mut path) = (Vec::new(), vec![b'/']);
            write_plain_key(&mut path, &qualified);
            path.push(b'(');
            for (place, (_, parameter)) in function.own_parameters().enumerate() {
                names.push(parameter.name.as_str());
                path.extend_from_slice(if place > 0 { b"," } else { b"" });
                write_plain_key(&mut path, &parameter.name);
                path.extend_from_slice(b"=@");
                write_plain_key(&mut path, &parameter.name);
            }
            path.extend_from_slice(b")\"}");
            let name = match several.count() {
                0 | 1 => qualified,
                _ => [&qualified, "(", &names.join(","), ")"].concat(),
            };
            let mut prefix = self.member(&["#", &name].concat());
            prefix.extend_from_slice(b"{\"title\":");
            write_string(&mut prefix, &function.name);
            prefix.extend_from_slice(b",\"target\":");
            links.push((prefix, path));
        }
        links
    }
}
