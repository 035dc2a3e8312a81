//! Random expressions of a given type. What databases may compute in any order, such as a division by zero, is not asked.

use rust_decimal::Decimal;

use crate::data::TEXTS;
use crate::expression::Expr;
use crate::values::{Cell, DAY, Type, Value};

/// Numbers that look random and are the same in every run.
pub struct Dice {
    state: u64,
    /// Whether there is a property of the time of day.
    pub clock: bool,
}

impl Dice {
    /// Numbers that a seed gives.
    pub fn new(seed: u64) -> Dice {
        Dice { state: seed, clock: true }
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % sides
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.roll(items.len() as u64) as usize]
    }

    /// A condition; `part` says that it stands in a lambda expression over parts.
    pub fn condition(&mut self, depth: u32, part: bool) -> Expr {
        if depth == 0 {
            return self.comparison(0, part);
        }
        // Inside of a lambda expression there is no other one.
        let kind = self.roll(if part { 5 } else { 9 });
        let mut below = |part| Box::new(self.condition(depth - 1, part));
        match kind {
            0 => Expr::And(below(part), below(part)),
            1 => Expr::Or(below(part), below(part)),
            2 => Expr::Not(below(part)),
            3 if !part => Expr::Any(below(true)),
            4 if !part => Expr::All(below(true)),
            _ => self.comparison(depth, part),
        }
    }

    fn comparison(&mut self, depth: u32, part: bool) -> Expr {
        let depth = depth.min(3);
        let ty = self.pick(TYPES);
        match self.roll(12) {
            0 if !part => {
                let boolean = Box::new(Expr::Thing("B"));
                if self.roll(2) == 0 {
                    return *boolean;
                }
                let other = Expr::Constant(Some(Value::Boolean(self.roll(2) == 0)));
                return Expr::Compare(self.pick(COMPARISONS), boolean, Box::new(other));
            }
            1 => {
                let name = self.pick(&["contains", "startswith", "endswith"]);
                return Expr::Call(
                    name,
                    vec![self.value(Type::Text, depth, part), self.value(Type::Text, 0, part)],
                );
            }
            2 => {
                let items = (0..1 + self.roll(3)).map(|_| self.constant_or_null(ty)).collect();
                return Expr::In(Box::new(self.value(ty, depth, part)), items);
            }
            3 => {
                let op = self.pick(&["eq", "ne"]);
                let value = Box::new(self.value(ty, depth, part));
                return Expr::Compare(op, value, Box::new(Expr::Constant(None)));
            }
            4 if !part => {
                let predicate = (self.roll(2) == 0).then(|| Box::new(self.condition(0, true)));
                let op = self.pick(COMPARISONS);
                let count = Expr::Constant(Some(Value::Integer(self.roll(4) as i64)));
                return Expr::Compare(op, Box::new(Expr::Count(predicate)), Box::new(count));
            }
            _ => {}
        }
        let op = self.pick(COMPARISONS);
        let left = self.value(ty, depth, part);
        let right = if self.roll(3) == 0 {
            self.value(ty, depth.saturating_sub(1), part)
        } else {
            Expr::Constant(Some(self.constant(ty)))
        };
        Expr::Compare(op, Box::new(left), Box::new(right))
    }

    fn constant_or_null(&mut self, ty: Type) -> Cell {
        (self.roll(6) > 0).then(|| self.constant(ty))
    }

    fn constant(&mut self, ty: Type) -> Value {
        match ty {
            Type::Text => Value::Text(self.pick(TEXTS).to_owned()),
            Type::Integer => Value::Integer(self.pick(&[-10, -3, -1, 0, 1, 2, 5, 7, 10, 1 << 40])),
            Type::Decimal => Value::Decimal(Decimal::new(self.roll(2_001) as i64 * 5 - 5_000, 2)),
            Type::Double => Value::Double((self.roll(101) as f64 - 50.0) / 4.0),
            Type::Date => Value::Date(self.roll(30_000) as i64 - 5_000),
            Type::Time => Value::Time(self.roll(86_400_000) as i64 * 1_000),
            Type::Instant => Value::Instant(
                (self.roll(20_000) as i64 - 3_000) * DAY + self.roll(86_400) as i64 * 1_000_000,
            ),
            Type::Duration => Value::Duration((self.roll(2_000_001) as i64 - 1_000_000) * 1_500_000),
        }
    }

    fn property(&mut self, ty: Type, part: bool) -> Expr {
        if part && self.roll(4) > 0 {
            match ty {
                Type::Text => return Expr::Part("Name"),
                Type::Integer => return Expr::Part("Quantity"),
                _ => {}
            }
        }
        let names: &[&'static str] = match ty {
            Type::Text => &["T", "S"],
            Type::Integer => &["I", "J", "L", "Id"],
            Type::Decimal => &["D", "E"],
            Type::Double => &["F"],
            Type::Date => &["Day"],
            Type::Time => &["Clock"],
            Type::Instant => &["At"],
            Type::Duration => return Expr::Constant(Some(self.constant(ty))),
        };
        let name = self.pick(names);
        // In a predicate over parts, a name would be one of the part.
        if part {
            return Expr::Constant(Some(self.constant(ty)));
        }
        if ty == Type::Time && !self.clock {
            return Expr::Call("time", vec![Expr::Thing("At")]);
        }
        if self.roll(6) == 0 { Expr::Parent(name) } else { Expr::Thing(name) }
    }

    /// An expression of a type.
    pub fn value(&mut self, ty: Type, depth: u32, part: bool) -> Expr {
        if depth == 0 || self.roll(4) == 0 {
            return self.property(ty, part);
        }
        if self.roll(10) == 0 {
            let condition = Box::new(self.comparison(0, part));
            let (a, b) = (self.value(ty, depth - 1, part), self.value(ty, depth - 1, part));
            return Expr::Case(condition, Box::new(a), Box::new(b));
        }
        let depth = depth - 1;
        match ty {
            Type::Text => self.text(depth, part),
            Type::Integer => self.integer(depth, part),
            Type::Decimal => self.decimal(depth, part),
            Type::Double => self.double(depth, part),
            Type::Date => match self.roll(3) {
                0 => Expr::Call("date", vec![self.value(Type::Instant, depth, part)]),
                1 => self.read("Edm.Date", part),
                _ => self.moved(Type::Date, part),
            },
            Type::Time => match self.roll(3) {
                0 => self.read("Edm.TimeOfDay", part),
                _ => Expr::Call("time", vec![self.value(Type::Instant, depth, part)]),
            },
            Type::Instant => match self.roll(5) {
                0 => self.read("Edm.DateTimeOffset", part),
                1 => {
                    let text = Expr::Cast(Box::new(self.value(Type::Instant, depth, part)), "Edm.String");
                    Expr::Cast(Box::new(text), "Edm.DateTimeOffset")
                }
                2 => Expr::Cast(Box::new(self.property(Type::Date, part)), "Edm.DateTimeOffset"),
                _ => self.moved(Type::Instant, part),
            },
            Type::Duration => {
                let ty = self.pick(&[Type::Date, Type::Instant]);
                let (a, b) = (self.property(ty, part), self.constant(ty));
                let between = Expr::Arithmetic("sub", Box::new(a), Box::new(Expr::Constant(Some(b))));
                if self.roll(2) == 0 {
                    return between;
                }
                let (op, by) = (self.pick(&["mul", "div"]), self.pick(&[-3, 2, 7]));
                Expr::Arithmetic(op, Box::new(between), Box::new(Expr::Constant(Some(Value::Integer(by)))))
            }
        }
    }

    /// A time that a text says.
    fn read(&mut self, ty: &'static str, part: bool) -> Expr {
        let text = if part {
            Expr::Constant(Some(Value::Text(self.pick(TEXTS).to_owned())))
        } else {
            Expr::Thing("W")
        };
        Expr::Cast(Box::new(text), ty)
    }

    fn moved(&mut self, ty: Type, part: bool) -> Expr {
        let op = self.pick(&["add", "sub"]);
        let by = Expr::Constant(Some(self.constant(Type::Duration)));
        Expr::Arithmetic(op, Box::new(self.property(ty, part)), Box::new(by))
    }

    fn text(&mut self, depth: u32, part: bool) -> Expr {
        let number = |n: i64| Expr::Constant(Some(Value::Integer(n)));
        match self.roll(10) {
            0 => {
                let (a, b) = (self.value(Type::Text, depth, part), self.value(Type::Text, depth, part));
                Expr::Call("concat", vec![a, b])
            }
            1 => {
                let name = self.pick(&["tolower", "toupper", "trim"]);
                Expr::Call(name, vec![self.value(Type::Text, depth, part)])
            }
            2 => {
                let start = self.roll(7) as i64 - 3;
                Expr::Call("substring", vec![self.value(Type::Text, depth, part), number(start)])
            }
            3 => {
                let (start, length) = (self.roll(6) as i64 - 2, self.roll(5) as i64 - 1);
                let text = self.value(Type::Text, depth, part);
                Expr::Call("substring", vec![text, number(start), number(length)])
            }
            4 => Expr::Cast(Box::new(self.value(Type::Integer, depth, part)), "Edm.String"),
            5 => Expr::Cast(Box::new(self.value(Type::Decimal, depth, part)), "Edm.String"),
            6 => Expr::Cast(Box::new(self.property(Type::Double, part)), "Edm.String"),
            7 if !part => Expr::Cast(Box::new(Expr::Thing("B")), "Edm.String"),
            8 => Expr::Cast(Box::new(self.value(Type::Date, depth, part)), "Edm.String"),
            _ => self.property(Type::Text, part),
        }
    }

    fn integer(&mut self, depth: u32, part: bool) -> Expr {
        let divisor = self.pick(&[-3, 2, 5, 7]);
        match self.roll(9) {
            0 => Expr::Call("length", vec![self.value(Type::Text, depth, part)]),
            1 => {
                let (a, b) = (self.value(Type::Text, depth, part), self.value(Type::Text, 0, part));
                Expr::Call("indexof", vec![a, b])
            }
            2 => {
                let op = self.pick(&["div", "mod"]);
                let left = Box::new(self.value(Type::Integer, depth, part));
                Expr::Arithmetic(op, left, Box::new(Expr::Constant(Some(Value::Integer(divisor)))))
            }
            3 => {
                let op = self.pick(&["add", "sub"]);
                let left = Box::new(self.value(Type::Integer, depth, part));
                Expr::Arithmetic(op, left, Box::new(self.property(Type::Integer, part)))
            }
            4 => Expr::Negate(Box::new(self.value(Type::Integer, depth, part))),
            5 => {
                let (name, ty) = self.pick(&[
                    ("year", Type::Date),
                    ("month", Type::Instant),
                    ("day", Type::Date),
                    ("hour", Type::Time),
                    ("minute", Type::Instant),
                    ("second", Type::Time),
                    ("totaloffsetminutes", Type::Instant),
                    ("year", Type::Instant),
                ]);
                Expr::Call(name, vec![self.value(ty, depth, part)])
            }
            6 => Expr::Cast(Box::new(self.value(Type::Decimal, depth, part)), "Edm.Int32"),
            7 => Expr::Cast(Box::new(self.value(Type::Text, depth, part)), "Edm.Int64"),
            _ => Expr::Cast(Box::new(self.value(Type::Integer, depth, part)), "Edm.Byte"),
        }
    }

    fn decimal(&mut self, depth: u32, part: bool) -> Expr {
        match self.roll(7) {
            0 => {
                let name = self.pick(&["round", "floor", "ceiling"]);
                Expr::Call(name, vec![self.value(Type::Decimal, depth, part)])
            }
            1 => {
                let op = self.pick(&["add", "sub", "mul"]);
                let left = Box::new(self.value(Type::Decimal, depth, part));
                Expr::Arithmetic(op, left, Box::new(Expr::Constant(Some(self.constant(Type::Decimal)))))
            }
            2 => {
                let by = Value::Decimal(self.pick(&[
                    Decimal::new(2, 0),
                    Decimal::new(-25, 1),
                    Decimal::new(8, 0),
                    Decimal::new(3, 0),
                    Decimal::new(-7, 1),
                ]));
                let op = self.pick(&["div", "mod"]);
                let left = Box::new(self.property(Type::Decimal, part));
                Expr::Arithmetic(op, left, Box::new(Expr::Constant(Some(by))))
            }
            3 => Expr::Negate(Box::new(self.value(Type::Decimal, depth, part))),
            4 => {
                let ty = self.pick(&[Type::Time, Type::Instant]);
                Expr::Call("fractionalseconds", vec![self.value(ty, depth, part)])
            }
            5 => Expr::Call("totalseconds", vec![self.value(Type::Duration, depth + 1, part)]),
            _ => Expr::Cast(Box::new(self.value(Type::Integer, depth, part)), "Edm.Decimal"),
        }
    }

    fn double(&mut self, depth: u32, part: bool) -> Expr {
        match self.roll(5) {
            0 => {
                let name = self.pick(&["round", "floor", "ceiling"]);
                Expr::Call(name, vec![self.value(Type::Double, depth, part)])
            }
            1 => {
                let op = self.pick(&["add", "sub", "mul"]);
                let left = Box::new(self.value(Type::Double, depth, part));
                Expr::Arithmetic(op, left, Box::new(Expr::Constant(Some(self.constant(Type::Double)))))
            }
            2 => {
                let by = Value::Double(self.pick(&[2.0, -4.0, 0.5]));
                let left = Box::new(self.value(Type::Double, depth, part));
                Expr::Arithmetic("div", left, Box::new(Expr::Constant(Some(by))))
            }
            3 => Expr::Negate(Box::new(self.value(Type::Double, depth, part))),
            _ => Expr::Cast(Box::new(self.value(Type::Integer, depth, part)), "Edm.Double"),
        }
    }
}

const COMPARISONS: &[&str] = &["eq", "ne", "gt", "ge", "lt", "le"];

/// All types that properties and expressions have.
pub const TYPES: &[Type] = &[
    Type::Text,
    Type::Text,
    Type::Text,
    Type::Integer,
    Type::Integer,
    Type::Decimal,
    Type::Decimal,
    Type::Double,
    Type::Date,
    Type::Time,
    Type::Instant,
    Type::Duration,
];
