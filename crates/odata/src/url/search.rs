//! `$search` (OData 4.01 Part 2 section 5.1.8).

use super::ast::Search;
use super::cursor::Cursor;
use super::error::Result;
use super::expr::join;

impl Cursor<'_> {
    /// `searchExpr`, or text in single quotes.
    pub(crate) fn search(&mut self) -> Result<Search> {
        self.skip_space();
        if self.peek() == Some(b'\'') { Ok(Search::Incomplete(self.quoted()?)) } else { self.alternatives() }
    }

    /// Operands of OR.
    fn alternatives(&mut self) -> Result<Search> {
        self.enter()?;
        let mut operands = vec![(0, self.conjunction()?)];
        while self.eat_search_operator("OR") {
            self.more(operands.len())?;
            operands.push((0, self.conjunction()?));
        }
        self.leave();
        self.joined(operands, |left, right| Search::Or(Box::new(left), Box::new(right)))
    }

    /// Operands of AND, which may be left out.
    fn conjunction(&mut self) -> Result<Search> {
        let mut operands = vec![(0, self.term()?)];
        loop {
            let start = self.pos;
            if !self.eat_search_operator("AND") {
                let or_follows = self.eat_search_operator("OR");
                self.pos = start;
                if or_follows || !self.skip_space() || self.at_search_end() {
                    self.pos = start;
                    break;
                }
            }
            self.more(operands.len())?;
            operands.push((0, self.term()?));
        }
        self.joined(operands, |left, right| Search::And(Box::new(left), Box::new(right)))
    }

    /// A balanced tree of operands, so that long searches stay flat.
    fn joined(
        &self,
        operands: Vec<(u32, Search)>,
        pair: impl Fn(Search, Search) -> Search,
    ) -> Result<Search> {
        let count = operands.len();
        match join(&mut operands.into_iter(), count, &|_, left, right| pair(left, right)) {
            Some((_, search)) => Ok(search),
            None => Err(self.expected("a word to search for")),
        }
    }

    /// NOT, parentheses, a phrase or a word.
    fn term(&mut self) -> Result<Search> {
        if self.peek() == Some(b'(') {
            self.open()?;
            let inside = self.alternatives()?;
            self.close(") or another word")?;
            return Ok(inside);
        }
        if self.peek() == Some(b'"') {
            return self.phrase();
        }
        let start = self.pos;
        if self.rest().starts_with("NOT") {
            self.pos += 3;
            if self.skip_space() && !self.at_search_end() {
                self.enter()?;
                let operand = self.term()?;
                self.leave();
                return Ok(Search::Not(Box::new(operand)));
            }
            self.pos = start;
        }
        self.word()
    }

    /// AND or OR with space around and an operand behind; a word of this name otherwise.
    fn eat_search_operator(&mut self, word: &str) -> bool {
        let start = self.pos;
        let found = self.skip_space() && self.rest().starts_with(word) && {
            self.pos += word.len();
            self.skip_space() && !self.at_search_end()
        };
        if !found {
            self.pos = start;
        }
        found
    }

    /// Nothing more can follow, but for spaces.
    fn at_search_end(&self) -> bool {
        let rest = self.rest().trim_start_matches([' ', '\t']);
        rest.is_empty()
            || rest.starts_with(')')
            || (rest.starts_with(';') && self.raw_byte(self.text.len() - rest.len()) != Some(b'%'))
    }

    /// Words in double quotes. A backslash makes a quote or a backslash behind it one of the text (4.01).
    fn phrase(&mut self) -> Result<Search> {
        let start = self.pos + 1;
        let mut text = String::new();
        let mut rest = self.slice(start, self.text.len()).chars();
        loop {
            match rest.next() {
                Some('"') => break,
                Some('\\') if rest.as_str().starts_with(['"', '\\']) => text.extend(rest.next()),
                Some(other) => text.push(other),
                None => return Err(self.expected_at(self.text.len(), "\" to end the phrase")),
            }
        }
        self.pos = self.text.len() - rest.as_str().len();
        if text.is_empty() {
            return Err(self.expected_at(start, "a word in the phrase"));
        }
        Ok(Search::Phrase(text))
    }

    /// Characters without space, parentheses and double quotes; a semicolon only percent-encoded.
    fn word(&mut self) -> Result<Search> {
        let start = self.pos;
        while let Some(byte) = self.peek() {
            let ends = match byte {
                b' ' | b'\t' | b'(' | b')' | b'"' => true,
                b';' => self.raw_byte(self.pos) != Some(b'%'),
                b'\'' => self.pos == start,
                _ => false,
            };
            if ends {
                break;
            }
            self.pos += 1;
        }
        if self.pos == start {
            return Err(self.expected("a word, a phrase or ("));
        }
        Ok(Search::Word(self.slice(start, self.pos).to_owned()))
    }
}
