//! Parses `addnested` and `expand` of `$apply`: related instances, as `$expand` would have them.

use super::apply::{DataPath, Nested, TransformationKind};
use super::ast::{ExpandItem, ExpandSuffix, Options};
use super::cursor::Cursor;
use super::error::Result;

impl Cursor<'_> {
    /// A path, then transformations with commas between, each with a name (section 3.6).
    pub(super) fn add_nested(&mut self) -> Result<Vec<Nested>> {
        let at = self.at();
        let path = names(self.data_path()?);
        self.comma("a comma and transformations")?;
        self.items(|cursor| {
            let start = cursor.pos;
            let apply = Some(cursor.pipeline(false)?);
            let texts = vec![["$apply=", cursor.slice(start, cursor.pos)].concat()];
            let alias = cursor.required_alias()?;
            let options = Options { apply, texts, ..Options::default() };
            let expand = ExpandItem { at, path: path.clone(), suffix: ExpandSuffix::None, options };
            Ok(Nested { expand, alias })
        })
    }

    /// A path, perhaps a filter, then what is expanded below.
    pub(super) fn expanded(&mut self) -> Result<ExpandItem> {
        self.enter()?;
        let at = self.at();
        let path = names(self.data_path()?);
        let mut options = Options::default();
        let mut below: Vec<ExpandItem> = Vec::new();
        while self.eat_comma() {
            self.more(below.len())?;
            let start = self.pos;
            match self.transformation()?.kind {
                TransformationKind::Filter(condition) if options.filter.is_none() && below.is_empty() => {
                    let text = self.slice(start + "filter(".len(), self.pos - 1);
                    options.texts.push(["$filter=", text].concat());
                    options.filter = Some(condition);
                }
                TransformationKind::Expand(item) => below.push(*item),
                _ => return Err(self.expected_at(start, "filter first, or expand")),
            }
        }
        if !below.is_empty() {
            let texts: Vec<String> = below.iter().map(text).collect();
            options.texts.push(["$expand=", &texts.join(",")].concat());
            options.expand = Some(below);
        }
        self.leave();
        Ok(ExpandItem { at, path, suffix: ExpandSuffix::None, options })
    }
}

fn names(path: DataPath) -> Vec<String> {
    path.into_iter().map(|name| name.name).collect()
}

/// An item as `$expand` writes it.
fn text(item: &ExpandItem) -> String {
    let path = item.path.join("/");
    if item.options.texts.is_empty() {
        path
    } else {
        [&path, "(", &item.options.texts.join(";"), ")"].concat()
    }
}
