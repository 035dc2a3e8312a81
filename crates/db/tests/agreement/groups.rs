//! What `$compute` and `$apply` give, against values that are computed and grouped here.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::ask::Asked;
use crate::data::Thing;
use crate::expression::{Expr, evaluate, text, truth};
use crate::generate::Dice;
use crate::values::{Cell, Type, Value, compare, literal};
use crate::{ask_all, dice, many, order, scope};

/// Questions of each kind.
const QUESTIONS: u32 = 600;
/// Types to compute and to group by.
const TYPES: &[Type] = &[Type::Text, Type::Integer, Type::Decimal, Type::Date, Type::Instant];
/// Methods, and the types that they take.
const METHODS: &[(&str, &[Type])] = &[
    ("sum", &[Type::Integer, Type::Decimal, Type::Double]),
    ("average", &[Type::Integer, Type::Decimal, Type::Double]),
    ("min", TYPES),
    ("max", TYPES),
    ("countdistinct", TYPES),
];

/// Asks many questions; gives how many the database refuses to answer.
pub fn group(world: Asked<'_>, things: &[Thing], clock: bool) -> usize {
    let mut dice = dice(7, clock);
    let questions = many(QUESTIONS);
    ask_all(world, 2 * questions, |question| {
        if question < questions { computed(&mut dice, things) } else { grouped(&mut dice, things) }
    })
}

/// One of some items.
pub fn pick<T: Copy>(dice: &mut Dice, items: &[T]) -> T {
    items[dice.roll(items.len() as u64) as usize]
}

/// A value as JSON.
fn json(cell: &Cell) -> String {
    let quoted = |text: String| serde_json::Value::String(text).to_string();
    match cell {
        None => "null".to_owned(),
        Some(Value::Text(text)) => quoted(text.clone()),
        Some(Value::Decimal(decimal)) => decimal.normalize().to_string(),
        Some(Value::Double(double)) => format!("{double:?}"),
        Some(value @ Value::Instant(_)) => {
            let text = literal(value);
            let (whole, fraction) =
                text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
            let fraction = fraction.trim_end_matches('0');
            quoted([whole, if fraction.is_empty() { "" } else { "." }, fraction, "Z"].concat())
        }
        Some(value @ Value::Date(_)) => quoted(literal(value)),
        Some(value) => literal(value),
    }
}

/// An object as JSON.
pub fn object(members: &[(&str, Cell)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, cell)| format!("\"{name}\":{}", json(cell))).collect();
    format!("{{{}}}", members.join(","))
}

/// A value for each thing, and a condition on it.
fn computed(dice: &mut Dice, things: &[Thing]) -> (String, String) {
    let ty = pick(dice, TYPES);
    let depth = 1 + dice.roll(3) as u32;
    let value = dice.value(ty, depth, false);
    let there = dice.roll(2) == 0;
    let mut rows = Vec::new();
    for thing in things {
        let cell = evaluate(&value, scope(things, thing));
        if !there || cell.is_some() {
            rows.push(object(&[("Id", Some(Value::Integer(thing.id))), ("C", cell)]));
        }
    }
    let filter = if there { "&$filter=C ne null" } else { "" };
    (format!("Thing?$compute={} as C&$select=Id,C&$orderby=Id{filter}", text(&value)), rows.join(","))
}

/// Things that have a key in common.
struct Group<'a> {
    key: Vec<Cell>,
    things: Vec<&'a Thing>,
}

/// Groups by a computed value and perhaps a property, with values of each group.
fn grouped(dice: &mut Dice, things: &[Thing]) -> (String, String) {
    let condition = (dice.roll(2) == 0).then(|| dice.condition(1, false));
    let ty = pick(dice, TYPES);
    let depth = dice.roll(3) as u32;
    let mut keys = vec![("K", dice.value(ty, depth, false))];
    if dice.roll(2) == 0 {
        keys.push(("B", Expr::Thing("B")));
    }
    let (method, types) = pick(dice, METHODS);
    let of = pick(dice, types);
    // Zero may have a sign, where it is computed.
    let depth = if of == Type::Double { 0 } else { dice.roll(3) as u32 };
    let of = dice.value(of, depth, false);
    let kept =
        |thing: &&Thing| condition.as_ref().is_none_or(|c| truth(c, scope(things, thing)) == Some(true));
    let mut groups: Vec<Group> = Vec::new();
    for thing in things.iter().filter(kept) {
        let key: Vec<Cell> = keys.iter().map(|(_, key)| evaluate(key, scope(things, thing))).collect();
        let same = |a: &Cell, b: &Cell| order(a, b) == Ordering::Equal;
        match groups.iter_mut().find(|group| group.key.iter().zip(&key).all(|(a, b)| same(a, b))) {
            Some(group) => group.things.push(thing),
            None => groups.push(Group { key, things: vec![thing] }),
        }
    }
    groups.sort_by(|a, b| {
        a.key.iter().zip(&b.key).map(|(a, b)| order(a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
    });
    let least = dice.roll(3) as usize;
    let rows: Vec<String> = groups
        .iter()
        .filter(|group| group.things.len() > least)
        .map(|group| {
            let values = group.things.iter().filter_map(|thing| evaluate(&of, scope(things, thing)));
            let mut members: Vec<(&str, Cell)> =
                keys.iter().map(|(name, _)| *name).zip(group.key.iter().cloned()).collect();
            members.push(("A", aggregate(method, values.collect())));
            members.push(("N", Some(Value::Integer(group.things.len() as i64))));
            object(&members)
        })
        .collect();
    let filter = condition.map_or(String::new(), |c| format!("filter({})/", text(&c)));
    let names: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
    let url = format!(
        "Thing?$apply={filter}compute({} as K,{} as V)/groupby(({}),aggregate(V with {method} as A,$count as N))\
         &$filter=N gt {least}",
        text(&keys[0].1),
        text(&of),
        names.join(",")
    );
    (url, rows.join(","))
}

/// What a method makes of the values that are there.
pub fn aggregate(method: &str, values: Vec<Value>) -> Cell {
    let count = values.len();
    if method == "countdistinct" {
        let mut distinct: Vec<Value> = Vec::new();
        for value in values {
            if distinct.iter().all(|known| compare(known, &value).is_ne()) {
                distinct.push(value);
            }
        }
        return Some(Value::Integer(distinct.len() as i64));
    }
    match method {
        "min" => values.into_iter().min_by(compare),
        "max" => values.into_iter().max_by(compare),
        _ => {
            let sum = values.into_iter().reduce(add)?;
            if method == "sum" {
                return Some(sum);
            }
            let sum = match sum {
                Value::Integer(sum) => sum as f64,
                // A decimal has one zero.
                Value::Decimal(sum) => sum.to_string().parse::<f64>().ok()? + 0.0,
                Value::Double(sum) => sum,
                other => panic!("{other:?} has no average"),
            };
            Some(Value::Double(sum / count as f64))
        }
    }
}

fn add(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => Value::Integer(a + b),
        (Value::Decimal(a), Value::Decimal(b)) => Value::Decimal(a + b),
        (Value::Integer(a), Value::Decimal(b)) | (Value::Decimal(b), Value::Integer(a)) => {
            Value::Decimal(Decimal::from(a) + b)
        }
        (Value::Double(a), Value::Double(b)) => Value::Double(a + b),
        (a, b) => panic!("{a:?} and {b:?} have no sum"),
    }
}
