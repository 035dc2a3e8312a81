//! `$select`, `$orderby` and `$compute` (OData 4.01 Part 2 sections 5.1.3 to 5.1.5).

use super::ast::{ComputeItem, Options, OrderItem, SelectItem};
use super::cursor::Cursor;
use super::error::Result;
use super::options::Allowed;

impl Cursor<'_> {
    /// Items with commas between, at least one.
    pub(crate) fn items<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat_comma() {
            self.more(items.len())?;
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// The value of `$orderby`.
    pub(crate) fn orderby(&mut self) -> Result<Vec<OrderItem>> {
        self.items(Self::order_item)
    }

    /// An expression and its direction.
    pub(crate) fn order_item(&mut self) -> Result<OrderItem> {
        let expr = self.json_or_expr()?;
        let descending = self.eat_spaced_word("desc");
        if !descending {
            self.eat_spaced_word("asc");
        }
        Ok(OrderItem { expr, descending })
    }

    /// The value of `$compute`.
    pub(crate) fn compute(&mut self) -> Result<Vec<ComputeItem>> {
        self.items(Self::compute_item)
    }

    /// `expression as name`
    pub(crate) fn compute_item(&mut self) -> Result<ComputeItem> {
        let expr = self.json_or_expr()?;
        if !self.eat_spaced_word("as") || !self.skip_space() {
            return Err(self.expected("an operator, or as and a name"));
        }
        let at = self.at();
        let name = self.identifier("the name of the computed property")?.to_owned();
        Ok(ComputeItem { expr, name, at })
    }

    /// The value of `$select`.
    pub(crate) fn select(&mut self) -> Result<Vec<SelectItem>> {
        self.items(Self::select_item)
    }

    /// A path with nested options or parameter names.
    fn select_item(&mut self) -> Result<SelectItem> {
        let at = self.at();
        let mut path = Vec::new();
        loop {
            self.more(path.len())?;
            if self.peek() == Some(b'@') {
                path.push(self.annotation_name()?);
            } else if path.is_empty() && self.eat(b'*') {
                return Ok(SelectItem {
                    at,
                    path: vec!["*".into()],
                    parameters: None,
                    options: Options::default(),
                });
            } else if let Some(name) = self.eat_qualified() {
                if path.is_empty() && self.rest().starts_with(".*") {
                    self.pos += 2;
                    let path = vec![format!("{name}.*")];
                    return Ok(SelectItem { at, path, parameters: None, options: Options::default() });
                }
                path.push(name.to_owned());
            } else {
                return Err(self.expected(if path.is_empty() { "a property or *" } else { "a property" }));
            }
            if !self.eat(b'/') {
                break;
            }
        }
        if self.peek() != Some(b'(') {
            return Ok(SelectItem { at, path, parameters: None, options: Options::default() });
        }
        if self.option_follows() {
            let options = *self.nested_options(Allowed::SELECT)?;
            return Ok(SelectItem { at, path, parameters: None, options });
        }
        self.open()?;
        let names = self
            .items(|cursor| Ok(cursor.identifier("a query option or the name of a parameter")?.to_owned()))?;
        self.close(", or )")?;
        Ok(SelectItem { at, path, parameters: Some(names), options: Options::default() })
    }

    /// The parenthesis that is next holds query options, not names.
    fn option_follows(&self) -> bool {
        let inside = self.rest().get(1..).unwrap_or_default().trim_start_matches([' ', '\t']);
        let end = crate::lexical::scan_identifier(inside, 0);
        inside.starts_with(['$', '@']) || inside.get(end..).is_some_and(|rest| rest.starts_with('='))
    }
}
