//! Reads a regular expression.

use super::set::{Item, Set, of_property, others};
use super::{LONGEST, Mistake, Node};

/// How deep groups may stand in each other.
const DEPTH: usize = 50;
/// How many of them can be referred to: as many as `sure` has bits for, and less.
const GROUPS: u32 = 100;
/// Ranges of all sets: those of a property can be hundreds.
const RANGES: usize = 10_000;
/// What ends lines: `.` is any other character.
const LINES: [(u32, u32); 3] = [(0xA, 0xA), (0xD, 0xD), (0x2028, 0x2029)];
const DIGITS: &[(u32, u32)] = &[(0x30, 0x39)];
const WORD: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
/// White space and what ends lines.
const SPACE: &[(u32, u32)] = &[
    (0x9, 0xD),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];

type Parsed<T> = Result<T, Mistake>;

/// Reads a regular expression.
///
/// Beside the standard, all punctuation may stand behind a backslash for itself.
///
/// # Errors
///
/// What is none, and what passes a limit.
pub fn parse(text: &str) -> Parsed<Node> {
    if text.len() > LONGEST {
        return Err(Mistake { what: "It is longer than 1000 bytes", at: 1, limit: true });
    }
    let mut parser = Parser { rest: text.chars().collect(), ..Parser::default() };
    let node = parser.choice()?;
    if parser.peek().is_some() {
        return Err(parser.mistake("There is a ')' without a '('"));
    }
    match parser.farthest {
        (group, at) if group > parser.groups => {
            Err(Mistake { what: "There is no such group", at, limit: false })
        }
        _ => Ok(node),
    }
}

#[derive(Default)]
struct Parser {
    rest: Vec<char>,
    at: usize,
    depth: usize,
    /// How many groups there are, and their names.
    groups: u32,
    names: Vec<(String, u32)>,
    /// Groups that have matched wherever the place that is read is reached: a bit for each.
    sure: u128,
    /// How many ranges the sets have until now.
    ranges: usize,
    /// The greatest number of a group that something refers to, and where.
    farthest: (u32, usize),
}

/// What a backslash makes.
enum Escaped {
    Char(u32),
    Items(Vec<Item>),
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(i, c)| self.rest.get(self.at + i) == Some(&c));
        self.at += if found { text.chars().count() } else { 0 };
        found
    }

    fn mistake(&self, what: &'static str) -> Mistake {
        Mistake { what, at: self.at.min(self.rest.len().saturating_sub(1)) + 1, limit: false }
    }

    fn limit(&self, what: &'static str) -> Mistake {
        Mistake { limit: true, ..self.mistake(what) }
    }

    fn is_sure(&self, group: u32) -> bool {
        self.sure & bit(group) != 0
    }

    fn choice(&mut self) -> Parsed<Node> {
        let before = self.sure;
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            self.sure = before;
            branches.push(self.sequence()?);
        }
        if branches.len() > 1 {
            self.sure = before;
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Choice(branches) })
    }

    fn sequence(&mut self) -> Parsed<Node> {
        let mut nodes = Vec::new();
        while self.peek().is_some_and(|c| !matches!(c, '|' | ')')) {
            let before = self.sure;
            let node = self.term()?;
            let assertion = matches!(node, Node::Start | Node::End | Node::Boundary(_) | Node::Look { .. });
            match if assertion { None } else { self.often()? } {
                Some((least, most)) => {
                    if least == 0 {
                        self.sure = before;
                    }
                    nodes.push(Node::Repeat { inner: Box::new(node), least, most });
                }
                None => nodes.push(node),
            }
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Sequence(nodes) })
    }

    fn term(&mut self) -> Parsed<Node> {
        let Some(c) = self.next() else {
            return Err(self.mistake("Something is missing"));
        };
        Ok(match c {
            '^' => Node::Start,
            '$' => Node::End,
            '.' => Node::Set(Set { negated: true, items: items(&LINES) }),
            '(' => self.group()?,
            '[' => self.set()?,
            '\\' => match self.peek() {
                Some('b' | 'B') => Node::Boundary(self.next() == Some('b')),
                Some('k') => self.named_reference()?,
                Some('1'..='9') => {
                    let group = self.number().unwrap_or(u32::MAX);
                    let at = self.at;
                    self.farthest = self.farthest.max((group, at));
                    Node::Reference { group, sure: self.is_sure(group) }
                }
                _ => match self.escaped()? {
                    Escaped::Char(code) => character(code),
                    Escaped::Items(items) => Node::Set(Set { negated: false, items }),
                },
            },
            '*' | '+' | '?' | '{' => {
                self.at -= 1;
                return Err(self.mistake("There is nothing to repeat"));
            }
            ']' | '}' => {
                self.at -= 1;
                return Err(self.mistake("There is a bracket without its beginning"));
            }
            c => Node::Char(c),
        })
    }

    fn group(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.limit("Groups stand too deep in each other"));
        }
        let before = self.sure;
        let looks = [("?=", true, true), ("?!", true, false), ("?<=", false, true), ("?<!", false, false)];
        let look = looks.into_iter().find(|(text, ..)| self.eat(text));
        let number = if look.is_some() || self.eat("?:") { None } else { Some(self.numbered()?) };
        let inner = Box::new(self.choice()?);
        if !self.eat(")") {
            return Err(self.mistake("A ')' is missing"));
        }
        self.depth -= 1;
        Ok(match (look, number) {
            (Some((_, ahead, wanted)), _) => {
                self.sure = before;
                Node::Look { ahead, wanted, inner }
            }
            (None, Some(number)) => {
                self.sure |= bit(number);
                Node::Group(number, inner)
            }
            (None, None) => match *inner {
                // Its parts are not to become those of what stands around.
                node @ (Node::Sequence(_) | Node::Choice(_)) => node,
                node => Node::Sequence(vec![node]),
            },
        })
    }

    /// The number of a group that begins here.
    fn numbered(&mut self) -> Parsed<u32> {
        let name = if self.eat("?<") { Some(self.name()?) } else { None };
        if self.peek() == Some('?') {
            return Err(self.mistake("There is no such kind of group"));
        }
        if self.groups == GROUPS {
            return Err(self.limit("There are more than 100 groups"));
        }
        self.groups += 1;
        if let Some(name) = name {
            if self.names.iter().any(|(other, _)| *other == name) {
                return Err(self.mistake("Two groups have the same name"));
            }
            self.names.push((name, self.groups));
        }
        Ok(self.groups)
    }

    fn name(&mut self) -> Parsed<String> {
        let mut name = String::new();
        while let Some(c) = self.next() {
            let letter = c.is_alphabetic() || matches!(c, '_' | '$');
            match c {
                '>' if !name.is_empty() => return Ok(name),
                _ if letter || (c.is_alphanumeric() && !name.is_empty()) => name.push(c),
                _ => break,
            }
        }
        Err(self.mistake("The name of a group is missing"))
    }

    fn named_reference(&mut self) -> Parsed<Node> {
        if !self.eat("k<") {
            return Err(self.mistake("The name of a group is missing"));
        }
        let name = self.name()?;
        let found = self.names.iter().find(|(other, _)| *other == name);
        let Some(&(_, group)) = found else {
            return Err(self.mistake("There is no such group before this place"));
        };
        Ok(Node::Reference { group, sure: self.is_sure(group) })
    }

    /// A number, unless it is larger than any that is used.
    fn number(&mut self) -> Option<u32> {
        let mut number = Some(0_u32);
        let mut any = false;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            number = number.and_then(|n| n.checked_mul(10)?.checked_add(digit));
            self.at += 1;
            any = true;
        }
        number.filter(|_| any)
    }

    /// How often the last part is to be there, where that is told.
    fn often(&mut self) -> Parsed<Option<(u32, Option<u32>)>> {
        let often = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let wrong = "'{' and '}' stand around one number or two";
                let least = self.number().ok_or_else(|| self.mistake(wrong))?;
                let most = match self.eat(",") {
                    true if self.peek() == Some('}') => None,
                    true => Some(self.number().ok_or_else(|| self.mistake(wrong))?),
                    false => Some(least),
                };
                if self.peek() != Some('}') || most.is_some_and(|most| most < least) {
                    return Err(self.mistake(wrong));
                }
                (least, most)
            }
            _ => return Ok(None),
        };
        self.at += 1;
        self.eat("?");
        Ok(Some(often))
    }

    fn set(&mut self) -> Parsed<Node> {
        let negated = self.eat("^");
        let mut set = Vec::new();
        while !self.eat("]") {
            let first = self.member()?;
            let range = self.peek() == Some('-') && self.rest.get(self.at + 1).is_some_and(|c| *c != ']');
            if !range {
                match first {
                    Escaped::Char(code) => set.push(Item::Range(code, code)),
                    Escaped::Items(items) => set.extend(items),
                }
                continue;
            }
            self.at += 1;
            match (first, self.member()?) {
                (Escaped::Char(first), Escaped::Char(last)) if first <= last => {
                    set.push(Item::Range(first, last));
                }
                _ => return Err(self.mistake("A range goes from one character to a later one")),
            }
        }
        Ok(Node::Set(Set { negated, items: set }))
    }

    fn member(&mut self) -> Parsed<Escaped> {
        match self.next() {
            None => Err(self.mistake("A ']' is missing")),
            Some('\\') if self.eat("b") => Ok(Escaped::Char(0x8)),
            Some('\\') => self.escaped(),
            Some(c) => Ok(Escaped::Char(c.into())),
        }
    }

    /// What stands behind a backslash, in a set and outside.
    fn escaped(&mut self) -> Parsed<Escaped> {
        let Some(c) = self.next() else {
            return Err(self.mistake("Something is missing behind the backslash"));
        };
        let set = |ranges: &[(u32, u32)], negated: bool| {
            let ranges = ranges.to_vec();
            Escaped::Items(items(&if negated { others(ranges) } else { ranges }))
        };
        Ok(match c {
            'd' | 'D' => set(DIGITS, c == 'D'),
            'w' | 'W' => set(WORD, c == 'W'),
            's' | 'S' => set(SPACE, c == 'S'),
            'p' | 'P' => return self.property(c == 'P'),
            't' => Escaped::Char(0x9),
            'n' => Escaped::Char(0xA),
            'v' => Escaped::Char(0xB),
            'f' => Escaped::Char(0xC),
            'r' => Escaped::Char(0xD),
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => Escaped::Char(0),
            'c' if self.peek().is_some_and(|c| c.is_ascii_alphabetic()) => {
                Escaped::Char(self.next().map_or(0, |c| u32::from(c) % 32))
            }
            'x' => Escaped::Char(self.hexadecimal(2)?),
            'u' => Escaped::Char(self.code_point()?),
            c if c.is_ascii_punctuation() || c == ' ' => Escaped::Char(c.into()),
            _ => return Err(self.mistake("There is no such character behind a backslash")),
        })
    }

    fn hexadecimal(&mut self, digits: usize) -> Parsed<u32> {
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.next().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.mistake("A hexadecimal digit is missing"))?;
        }
        Ok(code)
    }

    /// What stands behind `\u`; two halves of a character of UTF-16 are one.
    fn code_point(&mut self) -> Parsed<u32> {
        if !self.eat("{") {
            let high = self.hexadecimal(4)?;
            let start = self.at;
            if (0xD800..0xDC00).contains(&high) && self.eat("\\u") && self.peek() != Some('{') {
                let low = self.hexadecimal(4)?;
                if (0xDC00..0xE000).contains(&low) {
                    return Ok(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00));
                }
            }
            self.at = start;
            return Ok(high);
        }
        let mut code = 0_u32;
        let start = self.at;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) {
            code = code.saturating_mul(16).saturating_add(digit);
            self.at += 1;
        }
        if self.at == start || code > super::LAST || !self.eat("}") {
            return Err(self.mistake("There is no such character"));
        }
        Ok(code)
    }

    fn property(&mut self, negated: bool) -> Parsed<Escaped> {
        let start = self.at;
        if self.eat("{") {
            let name: String = self.rest[self.at..].iter().take_while(|c| **c != '}').collect();
            self.at += name.chars().count();
            if self.eat("}")
                && let Some(items) = of_property(&name, negated)
            {
                self.ranges += items.len();
                if self.ranges > RANGES {
                    return Err(self.limit("Its sets have more than 10000 ranges of characters"));
                }
                return Ok(Escaped::Items(items));
            }
        }
        self.at = start;
        Err(self.mistake("There is no such property of characters"))
    }
}

/// The bit of a group; none for those that cannot be.
fn bit(group: u32) -> u128 {
    1_u128.checked_shl(group).unwrap_or_default()
}

fn items(ranges: &[(u32, u32)]) -> Vec<Item> {
    ranges.iter().map(|(first, last)| Item::Range(*first, *last)).collect()
}

/// A character; half of one of UTF-16 matches nothing.
fn character(code: u32) -> Node {
    char::from_u32(code).map_or(Node::Set(Set { negated: false, items: Vec::new() }), Node::Char)
}
