//! `$expand` and its nested options (OData 4.01 Part 2 section 5.1.2).

use super::ast::{ExpandItem, ExpandSuffix, Levels, Options};
use super::cursor::Cursor;
use super::error::Result;
use super::option_names::Allowed;

/// Levels of `*` that are written out; more are beyond any limit of what is expanded.
const MOST_LEVELS: u32 = 16;

/// The options by which `*` goes so many levels deep: what is expanded differs from level to level.
fn below_star(at: u32, levels: u32) -> Options {
    if levels < 2 {
        return Options::default();
    }
    let options = below_star(at, levels - 1);
    let text = if levels > 2 { format!("$expand=*($levels={})", levels - 1) } else { "$expand=*".to_owned() };
    let item = ExpandItem { at, path: vec!["*".to_owned()], suffix: ExpandSuffix::None, options };
    Options { expand: Some(vec![item]), texts: vec![text], ..Options::default() }
}

impl Cursor<'_> {
    /// The value of `$expand`.
    pub(crate) fn expand(&mut self) -> Result<Vec<ExpandItem>> {
        self.items(Self::expand_item)
    }

    /// A path, `$ref` or `$count` at its end, and options.
    fn expand_item(&mut self) -> Result<ExpandItem> {
        let at = self.at();
        let mut path: Vec<String> = Vec::new();
        let mut suffix = ExpandSuffix::None;
        loop {
            self.more(path.len())?;
            match self.peek() {
                Some(b'$') => {
                    suffix = self.expand_suffix(&path)?;
                    break;
                }
                Some(b'@') => path.push(self.annotation_name()?),
                Some(b'*') => {
                    self.pos += 1;
                    path.push("*".into());
                    if self.rest().starts_with("/$ref") {
                        self.pos += 5;
                        suffix = ExpandSuffix::Ref;
                    }
                    break;
                }
                _ => path.push(match self.eat_qualified() {
                    Some(name) => name.to_owned(),
                    None if path.is_empty() => {
                        return Err(self.expected("a navigation property, * or $value"));
                    }
                    None => return Err(self.expected("a name, *, $ref or $count")),
                }),
            }
            if !self.eat(b'/') {
                break;
            }
        }
        let star = path.last().is_some_and(|name| name == "*");
        let allowed = match suffix {
            ExpandSuffix::None if star => Allowed::LEVELS,
            ExpandSuffix::None => Allowed::EXPAND,
            ExpandSuffix::Ref if !star => Allowed::REF,
            ExpandSuffix::Count => Allowed::COUNT,
            ExpandSuffix::Ref | ExpandSuffix::Value => {
                return Ok(ExpandItem { at, path, suffix, options: Options::default() });
            }
        };
        let mut options =
            if self.peek() == Some(b'(') { *self.nested_options(allowed)? } else { Options::default() };
        if let (true, Some((Levels::Number(levels @ ..=MOST_LEVELS), _))) = (star, options.levels) {
            options = below_star(at, levels);
        }
        Ok(ExpandItem { at, path, suffix, options })
    }

    /// `$value` alone, `$ref` or `$count` behind a path.
    fn expand_suffix(&mut self, path: &[String]) -> Result<ExpandSuffix> {
        let start = self.pos;
        self.pos += 1;
        match self.eat_identifier() {
            Some("value") if path.is_empty() => Ok(ExpandSuffix::Value),
            Some("ref") if !path.is_empty() => Ok(ExpandSuffix::Ref),
            Some("count") if !path.is_empty() => Ok(ExpandSuffix::Count),
            _ if path.is_empty() => Err(self.expected_at(start, "a navigation property, * or $value")),
            _ => Err(self.expected_at(start, "a name, *, $ref or $count")),
        }
    }

    /// The value of `$levels`: a number from 1, or `max`.
    pub(crate) fn levels(&mut self) -> Result<Levels> {
        let expected = "a number from 1, without leading zeros, or max";
        if self.eat_text("max") {
            return Ok(Levels::Max);
        }
        let start = self.pos;
        if self.peek() == Some(b'0') {
            return Err(self.expected(expected));
        }
        match u32::try_from(self.number(expected)?) {
            Ok(levels) => Ok(Levels::Number(levels)),
            Err(_) => Err(self.fault(start, expected, "the number of levels is beyond 32 bits".into())),
        }
    }
}
