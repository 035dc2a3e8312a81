//! Typed expressions: how they are written in a URL, and what they mean by the standard. Nothing here knows SQL.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::data::{Part, Thing};
use crate::times;
use crate::values::{Cell, DAY, Value, civil, compare, literal};

/// An expression.
#[derive(Debug, Clone)]
pub enum Expr {
    Constant(Cell),
    /// A property of the thing.
    Thing(&'static str),
    /// A property of the part in a lambda expression.
    Part(&'static str),
    /// A property of the thing that this one belongs to.
    Parent(&'static str),
    Compare(&'static str, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    In(Box<Expr>, Vec<Cell>),
    Any(Box<Expr>),
    All(Box<Expr>),
    Count(Option<Box<Expr>>),
    /// `add`, `sub`, `mul`, `div`, `divby`, `mod`
    Arithmetic(&'static str, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
    Call(&'static str, Vec<Expr>),
    Cast(Box<Expr>, &'static str),
    Case(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// What a name means.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub things: &'a [Thing],
    pub thing: &'a Thing,
    pub part: Option<&'a Part>,
}

/// The expression in a URL.
pub fn text(expr: &Expr) -> String {
    match expr {
        Expr::Constant(None) => "null".to_owned(),
        Expr::Constant(Some(value)) => literal(value),
        Expr::Thing(name) => (*name).to_owned(),
        Expr::Part(name) => ["p/", name].concat(),
        Expr::Parent(name) => ["Parent/", name].concat(),
        Expr::Compare(op, a, b) | Expr::Arithmetic(op, a, b) => format!("({} {op} {})", text(a), text(b)),
        Expr::And(a, b) => format!("({} and {})", text(a), text(b)),
        Expr::Or(a, b) => format!("({} or {})", text(a), text(b)),
        Expr::Not(a) => format!("not ({})", text(a)),
        Expr::In(a, list) => {
            let items: Vec<String> = list.iter().map(|v| text(&Expr::Constant(v.clone()))).collect();
            format!("({} in ({}))", text(a), items.join(","))
        }
        Expr::Any(a) => format!("Part/any(p:{})", text(a)),
        Expr::All(a) => format!("Part/all(p:{})", text(a)),
        Expr::Count(None) => "Part/$count".to_owned(),
        Expr::Count(Some(a)) => format!("Part/$count($filter={})", text(a).replace("p/", "")),
        Expr::Negate(a) => format!("(-({}))", text(a)),
        Expr::Call(name, args) => {
            format!("{name}({})", args.iter().map(text).collect::<Vec<_>>().join(","))
        }
        Expr::Cast(a, to) => format!("cast({},{to})", text(a)),
        Expr::Case(condition, a, b) => {
            format!("case({}:{},true:{})", text(condition), text(a), text(b))
        }
    }
}

/// The value of an expression.
pub fn evaluate(expr: &Expr, scope: Scope) -> Cell {
    match expr {
        Expr::Constant(cell) => cell.clone(),
        Expr::Thing(name) => scope.thing.get(name),
        Expr::Part(name) => scope.part.expect("inside of a lambda expression").get(name),
        Expr::Parent(name) => {
            let parent = scope.thing.parent?;
            scope.things.iter().find(|t| t.id == parent)?.get(name)
        }
        Expr::Compare(op, a, b) => {
            let (a, b) = (evaluate(a, scope), evaluate(b, scope));
            Some(Value::Boolean(holds(op, &a, &b)))
        }
        Expr::And(a, b) => match (truth(a, scope), truth(b, scope)) {
            (Some(false), _) | (_, Some(false)) => Some(Value::Boolean(false)),
            (Some(true), Some(true)) => Some(Value::Boolean(true)),
            _ => None,
        },
        Expr::Or(a, b) => match (truth(a, scope), truth(b, scope)) {
            (Some(true), _) | (_, Some(true)) => Some(Value::Boolean(true)),
            (Some(false), Some(false)) => Some(Value::Boolean(false)),
            _ => None,
        },
        Expr::Not(a) => truth(a, scope).map(|b| Value::Boolean(!b)),
        Expr::In(a, list) => {
            let a = evaluate(a, scope);
            Some(Value::Boolean(list.iter().any(|item| holds("eq", &a, item))))
        }
        Expr::Any(a) => {
            let some = scope.thing.parts.iter().any(|part| inside(a, scope, part) == Some(true));
            Some(Value::Boolean(some))
        }
        Expr::All(a) => {
            let all = scope.thing.parts.iter().all(|part| inside(a, scope, part) == Some(true));
            Some(Value::Boolean(all))
        }
        Expr::Count(predicate) => {
            let counts = |part: &&Part| {
                predicate.as_ref().is_none_or(|predicate| inside(predicate, scope, part) == Some(true))
            };
            Some(Value::Integer(scope.thing.parts.iter().filter(counts).count() as i64))
        }
        Expr::Arithmetic(op, a, b) => Some(arithmetic(op, evaluate(a, scope)?, evaluate(b, scope)?)),
        Expr::Negate(a) => Some(match evaluate(a, scope)? {
            Value::Integer(i) => Value::Integer(-i),
            Value::Decimal(d) => Value::Decimal(-d),
            Value::Double(d) => Value::Double(-d),
            Value::Duration(d) => Value::Duration(-d),
            other => panic!("{other:?} has no negative"),
        }),
        Expr::Call(name, args) => {
            let args: Option<Vec<Value>> = args.iter().map(|arg| evaluate(arg, scope)).collect();
            Some(call(name, &args?))
        }
        Expr::Cast(a, to) => cast(evaluate(a, scope)?, to),
        Expr::Case(condition, a, b) => {
            evaluate(if truth(condition, scope) == Some(true) { a } else { b }, scope)
        }
    }
}

/// The value of a condition.
pub fn truth(expr: &Expr, scope: Scope) -> Option<bool> {
    match evaluate(expr, scope) {
        Some(Value::Boolean(b)) => Some(b),
        None => None,
        other => panic!("{other:?} is no condition"),
    }
}

fn inside(predicate: &Expr, scope: Scope, part: &Part) -> Option<bool> {
    truth(predicate, Scope { part: Some(part), ..scope })
}

/// Part 2 section 5.1.1.1: null equals null only, and nothing is greater or less than it.
fn holds(op: &str, a: &Cell, b: &Cell) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return match op {
            "eq" => a.is_none() && b.is_none(),
            "ne" => a.is_some() || b.is_some(),
            _ => false,
        };
    };
    let order = compare(a, b);
    match op {
        "eq" => order.is_eq(),
        "ne" => order.is_ne(),
        "gt" => order.is_gt(),
        "ge" => order.is_ge(),
        "lt" => order.is_lt(),
        _ => order.is_le(),
    }
}

fn arithmetic(op: &str, a: Value, b: Value) -> Value {
    use Value::{Date, Decimal as Dec, Double, Duration, Instant, Integer};
    match (a, b) {
        (Integer(a), Integer(b)) => Integer(match op {
            "add" => a + b,
            "sub" => a - b,
            "mul" => a * b,
            "div" => a / b,
            _ => a % b,
        }),
        (Integer(a), Dec(b)) => arithmetic(op, Dec(Decimal::from(a)), Dec(b)),
        (Dec(a), Integer(b)) => arithmetic(op, Dec(a), Dec(Decimal::from(b))),
        (Dec(a), Dec(b)) => Dec(match op {
            "add" => a + b,
            "sub" => a - b,
            "mul" => a * b,
            "mod" => a % b,
            _ => (a / b).round_dp_with_strategy(16, RoundingStrategy::MidpointAwayFromZero),
        }),
        (Double(a), Double(b)) => Double(match op {
            "add" => a + b,
            "sub" => a - b,
            "mul" => a * b,
            _ => a / b,
        }),
        (Instant(a), Instant(b)) => Duration(a - b),
        (Date(a), Date(b)) => Duration((a - b) * DAY),
        (Instant(a), Duration(b)) => Instant(if op == "add" { a + b } else { a - b }),
        (Date(a), Duration(b)) => {
            let moved = a * DAY + if op == "add" { b } else { -b };
            Date(moved.div_euclid(DAY))
        }
        (Duration(a), Integer(b)) => Duration(match op {
            "mul" => a * b,
            // Half a microsecond counts as one.
            _ => (a.abs() + b.abs() / 2) / b.abs() * a.signum() * b.signum(),
        }),
        (Duration(a), Duration(b)) => Duration(if op == "add" { a + b } else { a - b }),
        (a, b) => panic!("{a:?} {op} {b:?}"),
    }
}

fn call(name: &str, args: &[Value]) -> Value {
    use Value::{Boolean, Date, Decimal as Dec, Double, Duration, Instant, Integer, Text, Time};
    let chars = |text: &str| text.chars().count() as i64;
    match (name, args) {
        ("concat", [Text(a), Text(b)]) => Text([a.as_str(), b].concat()),
        ("contains", [Text(a), Text(b)]) => Boolean(a.contains(b.as_str())),
        ("startswith", [Text(a), Text(b)]) => Boolean(a.starts_with(b.as_str())),
        ("endswith", [Text(a), Text(b)]) => Boolean(a.ends_with(b.as_str())),
        ("indexof", [Text(a), Text(b)]) => Integer(a.find(b.as_str()).map_or(-1, |at| chars(&a[..at]))),
        ("length", [Text(a)]) => Integer(chars(a)),
        ("tolower", [Text(a)]) => Text(a.to_lowercase()),
        ("toupper", [Text(a)]) => Text(a.to_uppercase()),
        ("trim", [Text(a)]) => Text(a.trim().to_owned()),
        ("substring", [Text(a), Integer(start), rest @ ..]) => {
            let start = if *start < 0 { (chars(a) + start).max(0) } else { *start };
            let tail = a.chars().skip(start as usize);
            match rest {
                [Integer(length)] => Text(tail.take((*length).max(0) as usize).collect()),
                _ => Text(tail.collect()),
            }
        }
        ("year", [Date(d)]) => Integer(civil(*d).0),
        ("month", [Date(d)]) => Integer(civil(*d).1),
        ("day", [Date(d)]) => Integer(civil(*d).2),
        ("year" | "month" | "day", [Instant(i)]) => call(name, &[Date(i.div_euclid(DAY))]),
        ("hour", [Instant(t) | Time(t)]) => Integer(t.rem_euclid(DAY) / 3_600_000_000),
        ("minute", [Instant(t) | Time(t)]) => Integer(t.rem_euclid(DAY) / 60_000_000 % 60),
        ("second", [Instant(t) | Time(t)]) => Integer(t.rem_euclid(DAY) / 1_000_000 % 60),
        ("fractionalseconds", [Instant(t) | Time(t)]) => {
            Dec(Decimal::new(t.rem_euclid(1_000_000), 6).normalize())
        }
        ("date", [Instant(i)]) => Date(i.div_euclid(DAY)),
        ("time", [Instant(i)]) => Time(i.rem_euclid(DAY)),
        ("totaloffsetminutes", [Instant(_)]) => Integer(0),
        ("totalseconds", [Duration(d)]) => Dec(Decimal::new(*d, 6).normalize()),
        ("round" | "floor" | "ceiling", [Integer(i)]) => Integer(*i),
        ("round", [Dec(d)]) => Dec(d.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)),
        ("floor", [Dec(d)]) => Dec(d.floor()),
        ("ceiling", [Dec(d)]) => Dec(d.ceil()),
        ("round", [Double(d)]) => Double(d.round()),
        ("floor", [Double(d)]) => Double(d.floor()),
        ("ceiling", [Double(d)]) => Double(d.ceil()),
        _ => panic!("{name} of {args:?}"),
    }
}

fn cast(value: Value, to: &str) -> Cell {
    Some(match (value, to) {
        (Value::Integer(i), "Edm.String") => Value::Text(i.to_string()),
        (Value::Integer(i), "Edm.Decimal") => Value::Decimal(Decimal::from(i)),
        (Value::Integer(i), "Edm.Double") => Value::Double(i as f64),
        (Value::Integer(i), "Edm.Byte") => Value::Integer(u8::try_from(i).ok()?.into()),
        (Value::Decimal(d), "Edm.Int32") => {
            use rust_decimal::prelude::ToPrimitive;
            Value::Integer(d.trunc().to_i32()?.into())
        }
        (Value::Decimal(d), "Edm.String") => Value::Text(d.normalize().to_string()),
        (Value::Text(text), "Edm.Int64") => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            let all = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
            if whole.is_empty() || !all(whole) || !all(fraction) {
                return None;
            }
            Value::Integer(text.split('.').next()?.parse().ok()?)
        }
        (Value::Boolean(b), "Edm.String") => Value::Text(b.to_string()),
        (Value::Date(d), "Edm.DateTimeOffset") => Value::Instant(d * DAY),
        (Value::Double(d), "Edm.String") => Value::Text(d.to_string()),
        (value @ Value::Date(_), "Edm.String") => Value::Text(literal(&value)),
        (Value::Instant(i), "Edm.String") => Value::Text(times::instant_text(i)),
        (Value::Text(text), "Edm.Date") => Value::Date(times::date(&text)?),
        (Value::Text(text), "Edm.TimeOfDay") => Value::Time(times::time(&text)?),
        (Value::Text(text), "Edm.DateTimeOffset") => Value::Instant(times::instant(&text)?),
        (value, to) => panic!("{value:?} to {to}"),
    })
}
