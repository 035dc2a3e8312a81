//! Query options: their names, where each is allowed, and the dispatch to the rule of each value
//! (OData 4.01 Part 2 section 5; temporal options of OData Temporal Data 4.0).

use super::ParseOptions;
use super::ast::{Alias, Expr, Options, TextOption};
use super::cursor::Cursor;
use super::error::{ParseError, ParseErrorKind, Result};
use super::option_names::{Allowed, NAMES, Name, is_temporal, meant};
use super::percent::Component;
use crate::near::suggestion;

/// What the left side of an option is.
enum Kind<'a> {
    System(Name, &'static str),
    Alias(&'a str),
    Custom,
}

/// Parses what follows the question mark, which stands before `base`.
pub(crate) fn parse_query(
    query: &str,
    base: u32,
    allowed: Allowed,
    habits: &ParseOptions,
) -> Result<Options> {
    let mut options = Options::default();
    let mut seen = 0;
    let mut start = 0;
    for (index, part) in query.split('&').enumerate() {
        if index >= habits.max_list {
            return Err(ParseError {
                kind: ParseErrorKind::Limit("max_list"),
                at: base + start,
                expected: "fewer query options",
                message: format!("the query has too many options: max_list is {}", habits.max_list),
                option: None,
            });
        }
        if !part.is_empty() {
            let (at, seen) = (base + start, &mut seen);
            one_option(part, at, allowed, habits, seen, &mut options).map_err(|error| {
                let name = Component::decode(part.split('=').next().unwrap_or_default(), at, false);
                error.within(name.as_ref().ok().and_then(|name| meant(name.text())))
            })?;
        }
        start += part.len() as u32 + 1;
    }
    check_aliases(&options.aliases)?;
    Ok(options)
}

/// Parses `name=value` as it was sent.
fn one_option(
    part: &str,
    base: u32,
    allowed: Allowed,
    habits: &ParseOptions,
    seen: &mut u32,
    options: &mut Options,
) -> Result<()> {
    let (raw_name, raw_value) = match part.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (part, None),
    };
    let name = Component::decode(raw_name, base, habits.plus_is_space)?;
    let name_cursor = Cursor::new(&name, habits);
    let kind = name_cursor.option_kind(name_cursor.text, allowed, seen)?;
    let value_base = base + raw_name.len() as u32 + 1;
    let value = match (raw_value, &kind) {
        (Some(value), _) => Component::decode(value, value_base, habits.plus_is_space)?,
        (None, Kind::Custom) => Component::decode("", base + raw_name.len() as u32, false)?,
        (None, _) => return Err(name_cursor.expected_at(name_cursor.text.len(), "= and a value")),
    };
    let mut cursor = Cursor::new(&value, habits);
    match kind {
        Kind::Custom => {
            options.custom.push(TextOption {
                at: base,
                name: name.text().to_owned(),
                value: value.text().to_owned(),
            });
            return Ok(());
        }
        Kind::Alias(name) => {
            let value = cursor.alias_value()?;
            cursor.new_alias(name, base, value, 0, options)?;
        }
        Kind::System(name, canonical) => {
            if habits.lenient_space && !matches!(name, Name::SkipToken | Name::DeltaToken) {
                cursor.skip_space();
            }
            cursor.option_value(name, canonical, base, false, options)?;
        }
    }
    cursor.end("an operator or the end of the query option")
}

impl<'a> Cursor<'a> {
    /// Recognises the name of an option and checks that it is allowed and new.
    fn option_kind(&self, name: &'a str, allowed: Allowed, seen: &mut u32) -> Result<Kind<'a>> {
        let start = self.pos.saturating_sub(name.len());
        if let Some(alias) = name.strip_prefix('@') {
            return match crate::lexical::identifier(alias) {
                Ok(()) => Ok(Kind::Alias(alias)),
                Err(error) => Err(self.expected_at(start + 1 + error.at, "the name of a parameter alias")),
            };
        }
        let dollar = name.starts_with('$');
        let found = NAMES.iter().find(|(canonical, known)| {
            let canonical = if dollar { canonical } else { canonical.trim_start_matches('$') };
            let may_drop = self.options.dollar_optional && !is_temporal(*known) && *known != Name::Levels
                || *known == Name::Levels && allowed.has(Name::Levels);
            (dollar || may_drop) && canonical.eq_ignore_ascii_case(name)
        });
        match found {
            Some(&(canonical, known)) if !allowed.has(known) => {
                Err(self.fault(start, "another query option", format!("{canonical} is not allowed here")))
            }
            Some(&(canonical, known)) if *seen & (1 << known as u32) != 0 => {
                Err(self.fault(start, "each query option once", format!("{canonical} is given twice")))
            }
            Some(&(canonical, known)) => {
                *seen |= 1 << known as u32;
                Ok(Kind::System(known, canonical))
            }
            None if dollar => {
                let end = 1 + crate::lexical::scan_identifier(name.get(1..).unwrap_or_default(), 0);
                if end < name.len() && end > 1 {
                    return Err(self.expected_at(start + end, "= and a value"));
                }
                // Those of temporal data are read, and then refused.
                let served = |known: Name| allowed.has(known) && !is_temporal(known);
                let known = NAMES.iter().filter(|(_, known)| served(*known)).map(|(canonical, _)| *canonical);
                let message = format!("there is no query option {name}.{}", suggestion(name, known));
                Err(self.fault(start, "a system query option", message))
            }
            None => Ok(Kind::Custom),
        }
    }

    /// Options in parentheses behind an item, with semicolons between. The next byte is the parenthesis.
    pub(crate) fn nested_options(&mut self, allowed: Allowed) -> Result<Box<Options>> {
        self.enter()?;
        let in_case = std::mem::take(&mut self.in_case);
        self.open()?;
        let mut options = Box::new(Options::default());
        let mut seen = 0;
        let last = loop {
            let at = self.at();
            let start = self.pos;
            if !self.eat(b'$') {
                self.eat(b'@');
            }
            self.identifier("a query option")?;
            let name = self.slice(start, self.pos);
            let kind = self.option_kind(name, allowed, &mut seen);
            let kind = kind.map_err(|error| error.within(meant(name)))?;
            self.expect(b'=', "= and a value")?;
            if self.options.lenient_space {
                self.skip_space();
            }
            match kind {
                Kind::System(known, canonical) => {
                    self.option_value(known, canonical, at, true, &mut options)?
                }
                Kind::Alias(alias) => {
                    let start = self.pos;
                    let value = self.alias_value().map_err(|error| error.within(meant(name)))?;
                    self.new_alias(alias, at, value, start, &mut options)?;
                }
                Kind::Custom => {
                    let message =
                        format!("{name} is no system query option, and only these are allowed here");
                    return Err(self.fault(start, "a query option", message));
                }
            }
            self.keep_text(name, start, &mut options);
            self.skip_space();
            if !self.eat(b';') {
                break meant(name);
            }
            self.skip_space();
        };
        self.close("; or )").map_err(|error| error.within(last))?;
        check_aliases(&options.aliases)?;
        self.in_case = in_case;
        self.leave();
        Ok(options)
    }

    /// Keeps the text of a nested option, unless it is about paging.
    #[inline(never)]
    fn keep_text(&self, name: &str, start: usize, options: &mut Options) {
        let bare = name.trim_start_matches('$');
        if !["top", "skip", "count", "levels"].iter().any(|paging| paging.eq_ignore_ascii_case(bare)) {
            options.texts.push(self.slice(start, self.pos).to_owned());
        }
    }

    /// The value of one system query option.
    fn option_value(
        &mut self,
        name: Name,
        canonical: &'static str,
        option_at: u32,
        nested: bool,
        options: &mut Options,
    ) -> Result<()> {
        let parsed = self.value_of(name, canonical, option_at, nested, options);
        parsed.map_err(|error| error.within(Some(canonical)))
    }

    fn value_of(
        &mut self,
        name: Name,
        canonical: &'static str,
        option_at: u32,
        nested: bool,
        options: &mut Options,
    ) -> Result<()> {
        let at = self.at();
        match name {
            Name::Filter => options.filter = Some(self.expr()?),
            Name::Select => options.select = Some(self.select()?),
            Name::Expand => options.expand = Some(self.expand()?),
            Name::OrderBy => options.orderby = Some(self.orderby()?),
            Name::Compute => options.compute = Some(self.compute()?),
            Name::Apply => options.apply = Some(self.apply()?),
            Name::Search => options.search = Some(self.search()?),
            Name::Top => options.top = Some((self.number("a whole number from 0")?, at)),
            Name::Skip => options.skip = Some((self.number("a whole number from 0")?, at)),
            Name::Count => options.count = Some((self.boolean()?, at)),
            Name::Levels => options.levels = Some((self.levels()?, at)),
            Name::Index => options.index = Some((self.index()?, at)),
            Name::At | Name::From | Name::To | Name::ToInclusive => {
                let value = self.temporal()?.to_owned();
                options.text.push(TextOption { at: option_at, name: canonical.to_owned(), value });
            }
            Name::Format | Name::Id | Name::SkipToken | Name::DeltaToken | Name::SchemaVersion => {
                let value = self.rest().to_owned();
                if value.is_empty() || nested {
                    return Err(self.expected("a value"));
                }
                self.pos = self.text.len();
                options.text.push(TextOption { at: option_at, name: canonical.to_owned(), value });
            }
        }
        Ok(())
    }

    /// The value of a parameter alias.
    fn alias_value(&mut self) -> Result<Expr> {
        self.json_or_expr()
    }

    /// Adds an alias whose value has just been read from `start` on.
    fn new_alias(&self, name: &str, at: u32, value: Expr, start: usize, options: &mut Options) -> Result<()> {
        self.more(options.aliases.len())?;
        let text = self.slice(start, self.pos).to_owned();
        options.aliases.push(Alias { at, name: name.to_owned(), value, text });
        Ok(())
    }

    /// `true` or `false` in any case.
    fn boolean(&mut self) -> Result<bool> {
        if self.eat_text("true") {
            return Ok(true);
        }
        if self.eat_text("false") { Ok(false) } else { Err(self.expected("true or false")) }
    }

    /// A whole number, which may be negative.
    fn index(&mut self) -> Result<i64> {
        let start = self.pos;
        self.eat(b'-');
        self.number("a whole number")?;
        let expected = "a whole number of 64 bits";
        self.slice(start, self.pos).parse().map_err(|_| self.expected_at(start, expected))
    }

    /// `min`, `max` or an expression; only its text is kept.
    fn temporal(&mut self) -> Result<&'a str> {
        let start = self.pos;
        self.expr()?;
        Ok(self.slice(start, self.pos))
    }
}

/// Refuses an alias that is given twice.
fn check_aliases(aliases: &[Alias]) -> Result<()> {
    // Sorted, since a request may have thousands.
    let mut sorted: Vec<&Alias> = aliases.iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    match sorted.windows(2).find(|pair| pair[0].name == pair[1].name) {
        None => Ok(()),
        Some(pair) => Err(ParseError {
            kind: ParseErrorKind::Syntax,
            at: pair[1].at,
            expected: "each alias once",
            message: format!("the parameter alias @{} is given twice", pair[1].name),
            option: Some(["@", &pair[1].name].concat()),
        }),
    }
}
