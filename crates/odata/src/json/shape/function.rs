//! What is told of the functions that can be called on an entity (JSON Format section 16).

use super::{Compiler, Entity};
use crate::json::key::write_plain_key;
use crate::json::text::write_string;

impl Compiler<'_> {
    /// Each as prefix and what follows the identifier: `,"#Shop.Since(day)":{"title":"Since","target":` and
    /// `/Shop.Since(day=@day)"}`.
    pub(super) fn function_links(&self, entity: Entity<'_>) -> Vec<Vec<u8>> {
        let mut links = Vec::new();
        for number in entity.functions {
            let function = &self.model.functions[*number];
            let qualified = self.model.function_name(function);
            // Where there are several of one name, the parameters tell which is meant.
            let several =
                entity.functions.iter().filter(|other| self.model.functions[**other].name == function.name);
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
            links.push(prefix);
            links.push(path);
        }
        links
    }
}
