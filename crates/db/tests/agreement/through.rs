//! What joins, values through collections and walks through the tree of things give, against what is found here.

use std::cmp::Ordering;

use crate::ask::Asked;
use crate::data::Thing;
use crate::expression::{Expr, evaluate, text, truth};
use crate::generate::Dice;
use crate::groups::{aggregate, object, pick};
use crate::values::{Cell, Type, Value};
use crate::{ask_all, dice, many, order, rows, scope};

/// Questions of each kind.
const QUESTIONS: u32 = 80;
/// The hierarchy of things.
const TREE: &str = "$root/Thing,ParentHierarchy,Id";

/// Asks questions of each kind; gives how many the database refuses to answer.
pub fn through(world: Asked<'_>, things: &[Thing], clock: bool) -> usize {
    let mut dice = dice(11, clock);
    let kinds = [relatives, traversal, rolled_up, collections, joined, sought];
    ask_all(world, many(QUESTIONS) * kinds.len() as u32, |question| {
        kinds[question as usize % kinds.len()](&mut dice, things)
    })
}

fn holds(condition: &Expr, things: &[Thing], thing: &Thing) -> bool {
    truth(condition, scope(things, thing)) == Some(true)
}

fn parent<'t>(things: &'t [Thing], thing: &Thing) -> Option<&'t Thing> {
    thing.parent.and_then(|id| things.iter().find(|thing| thing.id == id))
}

/// The things above one, the nearest first.
fn above<'t>(things: &'t [Thing], thing: &Thing) -> Vec<&'t Thing> {
    std::iter::successors(parent(things, thing), |thing| parent(things, thing)).collect()
}

/// `ancestors` and `descendants`.
fn relatives(dice: &mut Dice, things: &[Thing]) -> (String, String) {
    let condition = dice.condition(1, false);
    let (up, keep) = (dice.roll(2) == 0, dice.roll(2) == 0);
    let most = (dice.roll(2) == 0).then(|| dice.roll(4) as usize);
    let starts: Vec<&Thing> = things.iter().filter(|thing| holds(&condition, things, thing)).collect();
    let near = |lower: &Thing, upper: &Thing| {
        let distance = above(things, lower).iter().position(|thing| thing.id == upper.id);
        distance.is_some_and(|distance| most.is_none_or(|most| distance < most))
    };
    let found = things.iter().filter(|thing| {
        let related = |start: &&&Thing| if up { near(start, thing) } else { near(thing, start) };
        starts.iter().any(|start| related(&start)) || keep && starts.iter().any(|start| start.id == thing.id)
    });
    let name = if up { "ancestors" } else { "descendants" };
    let distance = most.map_or(String::new(), |most| format!(",{most}"));
    let keep = if keep { ",keep start" } else { "" };
    let condition = text(&condition);
    let url =
        format!("Thing?$apply={name}({TREE},filter({condition}){distance}{keep})&$select=Id&$orderby=Id");
    (url, rows(found))
}

/// `traverse`, with siblings in the order of a value.
fn traversal(dice: &mut Dice, things: &[Thing]) -> (String, String) {
    let ty = pick(dice, &[Type::Text, Type::Integer, Type::Decimal, Type::Date]);
    let key = dice.value(ty, 1, false);
    let condition = dice.condition(1, false);
    let (descending, children_first) = (dice.roll(2) == 0, dice.roll(2) == 0);
    let place = |a: &&Thing, b: &&Thing| {
        let (one, other) = (evaluate(&key, scope(things, a)), evaluate(&key, scope(things, b)));
        let placed = if descending { order(&other, &one) } else { order(&one, &other) };
        placed.then(a.id.cmp(&b.id))
    };
    fn walk<'t>(
        things: &'t [Thing],
        of: Option<i64>,
        place: &dyn Fn(&&Thing, &&Thing) -> Ordering,
        children_first: bool,
        found: &mut Vec<&'t Thing>,
    ) {
        let mut children: Vec<&Thing> = things.iter().filter(|thing| thing.parent == of).collect();
        children.sort_by(place);
        for child in children {
            if !children_first {
                found.push(child);
            }
            walk(things, Some(child.id), place, children_first, found);
            if children_first {
                found.push(child);
            }
        }
    }
    let mut found = Vec::new();
    walk(things, None, &place, children_first, &mut found);
    found.retain(|thing| holds(&condition, things, thing));
    let way = if children_first { "postorder" } else { "preorder" };
    let word = if descending { "desc" } else { "asc" };
    let (key, condition) = (text(&key), text(&condition));
    let url = format!("Thing?$apply=traverse({TREE},{way},{key} {word})/filter({condition})&$select=Id");
    (url, rows(found))
}

/// `rolluprecursive`: each thing with all below it.
fn rolled_up(dice: &mut Dice, things: &[Thing]) -> (String, String) {
    let condition = dice.condition(1, false);
    let kept: Vec<&Thing> = things.iter().filter(|thing| holds(&condition, things, thing)).collect();
    let row = |node: &Thing| {
        let below = |thing: &&&Thing| {
            thing.id == node.id || above(things, thing).iter().any(|above| above.id == node.id)
        };
        let below: Vec<&&Thing> = kept.iter().filter(below).collect();
        let values = below.iter().filter_map(|thing| thing.get("I")).collect();
        let number = Some(Value::Integer(below.len() as i64));
        let id = Some(Value::Integer(node.id));
        (!below.is_empty()).then(|| object(&[("Id", id), ("N", number), ("S", aggregate("sum", values))]))
    };
    let url = format!(
        "Thing?$apply=filter({})/groupby((rolluprecursive({TREE})),aggregate($count as N,I with sum as S))",
        text(&condition)
    );
    (url, things.iter().filter_map(row).collect::<Vec<_>>().join(","))
}

/// Values of the parts of all things of a group.
fn collections(dice: &mut Dice, things: &[Thing]) -> (String, String) {
    let condition = dice.condition(1, false);
    let method = pick(dice, &["sum", "average", "min", "max", "countdistinct"]);
    let kept: Vec<&Thing> = things.iter().filter(|thing| holds(&condition, things, thing)).collect();
    let mut keys: Vec<Cell> = Vec::new();
    for thing in &kept {
        if !keys.iter().any(|known| order(known, &thing.get("B")) == Ordering::Equal) {
            keys.push(thing.get("B"));
        }
    }
    keys.sort_by(order);
    let group = |key: Cell| {
        let same = |thing: &&&Thing| order(&key, &thing.get("B")) == Ordering::Equal;
        let parts: Vec<_> = kept.iter().filter(same).flat_map(|thing| &thing.parts).collect();
        let values = parts.iter().filter_map(|part| part.get("Quantity")).collect();
        // Nothing at all is counted as nothing, and has no sum.
        let number = Some(Value::Integer(parts.len() as i64));
        let value = aggregate(method, values);
        object(&[("B", key.clone()), ("A", value), ("N", number)])
    };
    let url = format!(
        "Thing?$apply=filter({})/groupby((B),aggregate(Part/Quantity with {method} as A,Part/$count as N))",
        text(&condition)
    );
    (url, keys.into_iter().map(group).collect::<Vec<_>>().join(","))
}

/// `join` and `outerjoin`, grouped by what is beside each thing.
fn joined(dice: &mut Dice, things: &[Thing]) -> (String, String) {
    let condition = dice.condition(1, false);
    let outer = dice.roll(2) == 0;
    let mut cells: Vec<(Cell, i64)> = Vec::new();
    let mut count = |cell: Cell| match cells.iter_mut().find(|(own, _)| order(own, &cell) == Ordering::Equal)
    {
        Some((_, number)) => *number += 1,
        None => cells.push((cell, 1)),
    };
    for thing in things.iter().filter(|thing| holds(&condition, things, thing)) {
        thing.parts.iter().for_each(|part| count(part.get("Quantity")));
        if outer && thing.parts.is_empty() {
            count(None);
        }
    }
    cells.sort_by(|(a, _), (b, _)| order(a, b));
    let row = |(cell, number): (Cell, i64)| {
        let (part, number) = (object(&[("Quantity", cell)]), number.to_string());
        ["{\"P\":", &part, ",\"N\":", &number, "}"].concat()
    };
    let name = if outer { "outerjoin" } else { "join" };
    let url = format!(
        "Thing?$apply=filter({})/{name}(Part as P)/groupby((P/Quantity),aggregate($count as N))",
        text(&condition)
    );
    (url, cells.into_iter().map(row).collect::<Vec<_>>().join(","))
}

/// Things of which a value is among those of others.
fn sought(dice: &mut Dice, things: &[Thing]) -> (String, String) {
    let condition = dice.condition(1, false);
    let negated = dice.roll(2) == 0;
    let kept: Vec<&Thing> = things.iter().filter(|thing| holds(&condition, things, thing)).collect();
    let is = |thing: &&Thing| {
        let among = kept.iter().any(|other| order(&thing.get("J"), &other.get("I")) == Ordering::Equal);
        among != negated
    };
    let sought = format!("J in $root/Thing/$filter({})/I", text(&condition));
    let sought = if negated { format!("not ({sought})") } else { sought };
    (format!("Thing?$select=Id&$orderby=Id&$filter={sought}"), rows(things.iter().filter(is)))
}
