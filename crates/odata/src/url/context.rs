//! The fragment of a context URL (OData 4.01 Part 1 section 10; grammar section 3), to check what is written.

use super::call::Arguments;
use super::cursor::Cursor;
use super::error::Result;

impl Cursor<'_> {
    /// `contextFragment`: what follows `$metadata#`.
    pub(crate) fn context(&mut self) -> Result<()> {
        let rest = self.rest();
        if ["$ref", "Collection($ref)"].contains(&rest) {
            self.pos = self.text.len();
            return Ok(());
        }
        let name = self.eat_qualified();
        if name.is_none() {
            return Err(self.expected("the name of an entity set, singleton or type"));
        }
        if name == Some("Collection") && self.eat(b'(') {
            let start = self.pos;
            if !self.eat_qualified().is_some_and(|name| name.contains('.')) {
                return Err(self.expected_at(start, "the qualified name of a type"));
            }
            self.expect(b')', ")")?;
            return if self.peek() == Some(b'(') { self.select_list() } else { Ok(()) };
        }
        loop {
            if self.peek() == Some(b'(') && !self.key_follows() {
                self.select_list()?;
                self.context_suffix(&["/$entity", "/$delta"]);
                return Ok(());
            }
            if self.peek() == Some(b'(') {
                self.arguments(Arguments::InPath)?;
            } else if self.context_suffix(&[
                "/$entity",
                "/$delta",
                "/$deletedEntity",
                "/$link",
                "/$deletedLink",
            ]) {
                return Ok(());
            } else if !self.eat(b'/') {
                return Ok(());
            } else if self.eat_qualified().is_none() {
                return Err(self.expected("a name, $entity or $delta"));
            }
        }
    }

    /// Takes one of the endings if it is all that is left.
    fn context_suffix(&mut self, endings: &[&str]) -> bool {
        let found = endings.contains(&self.rest());
        if found {
            self.pos = self.text.len();
        }
        found
    }

    /// The parenthesis that is next holds a key: a literal or `name=`.
    fn key_follows(&mut self) -> bool {
        let start = self.pos;
        self.pos += 1;
        let key = match self.eat_identifier() {
            Some(_) => matches!(self.peek(), Some(b'=' | b'-' | b'\'')),
            None => matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'\'')),
        };
        self.pos = start;
        key
    }

    /// `selectList`: `(Name,Address/City,Orders+(ID))`
    fn select_list(&mut self) -> Result<()> {
        self.enter()?;
        self.expect(b'(', "(")?;
        if !self.eat(b')') {
            loop {
                self.select_list_item()?;
                if !self.eat(b',') {
                    break;
                }
            }
            self.expect(b')', ", or )")?;
        }
        self.leave();
        Ok(())
    }

    /// `*`, `Namespace.*` or a path, which may end in `+` and in a nested list.
    fn select_list_item(&mut self) -> Result<()> {
        if self.eat(b'*') {
            return Ok(());
        }
        loop {
            if self.peek() == Some(b'@') {
                let start = self.pos;
                let name = self.annotation_name()?;
                let hash = start + name.find('#').unwrap_or_default();
                if name.contains('#') && self.raw_byte(hash) == Some(b'%') {
                    return Err(self.expected_at(hash, "#, not percent-encoded"));
                }
            } else if self.eat_qualified().is_none() {
                return Err(self.expected("a property or *"));
            }
            if self.rest().starts_with(".*") {
                self.pos += 2;
                return Ok(());
            }
            if !self.eat(b'/') {
                break;
            }
        }
        self.eat(b'+');
        if self.peek() == Some(b'(') { self.select_list() } else { Ok(()) }
    }
}
