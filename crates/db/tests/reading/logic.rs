//! Logic with nulls (Part 2 section 5.1.1.1), against a small evaluator that knows nothing of SQL.

use crate::world::World;

/// An integer or null.
type Number = Option<i64>;

enum Condition {
    Compare(&'static str, Operand, Operand),
    In(Operand, Vec<Number>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Boolean(Box<Condition>, &'static str, Option<bool>),
    Any(Box<Condition>),
    All(Box<Condition>),
    /// `contains` of a text that is null where A is.
    Contains(&'static str),
}

#[derive(Clone, Copy)]
enum Operand {
    Constant(Number),
    A,
    B,
    C,
    /// The value of the child.
    V,
    APlusB,
}

struct Row {
    a: Number,
    b: Number,
    c: Number,
    children: Vec<Number>,
}

fn operand(o: Operand, row: &Row, v: Number) -> Number {
    match o {
        Operand::Constant(n) => n,
        Operand::A => row.a,
        Operand::B => row.b,
        Operand::C => row.c,
        Operand::V => v,
        Operand::APlusB => Some(row.a? + row.b?),
    }
}

fn evaluate(condition: &Condition, row: &Row, v: Number) -> Option<bool> {
    match condition {
        Condition::Compare(op, left, right) => {
            let (left, right) = (operand(*left, row, v), operand(*right, row, v));
            let both = left.zip(right);
            Some(match *op {
                "eq" => left == right,
                "ne" => left != right,
                "gt" => both.is_some_and(|(l, r)| l > r),
                "ge" => both.is_some_and(|(l, r)| l >= r),
                "lt" => both.is_some_and(|(l, r)| l < r),
                _ => both.is_some_and(|(l, r)| l <= r),
            })
        }
        Condition::In(o, list) => Some(list.contains(&operand(*o, row, v))),
        Condition::And(a, b) => match (evaluate(a, row, v), evaluate(b, row, v)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Condition::Or(a, b) => match (evaluate(a, row, v), evaluate(b, row, v)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Condition::Not(a) => evaluate(a, row, v).map(|b| !b),
        Condition::Boolean(a, op, other) => {
            let equal = evaluate(a, row, v) == *other;
            Some(equal == (*op == "eq"))
        }
        Condition::Any(a) => Some(row.children.iter().any(|v| evaluate(a, row, *v) == Some(true))),
        Condition::All(a) => Some(row.children.iter().all(|v| evaluate(a, row, *v) == Some(true))),
        Condition::Contains(part) => row.a.map(|a| a.to_string().contains(part)),
    }
}

fn number(n: Number) -> String {
    n.map_or("null".to_owned(), |n| n.to_string())
}

fn operand_text(o: Operand) -> String {
    match o {
        Operand::Constant(n) => number(n),
        Operand::A => "A".to_owned(),
        Operand::B => "B".to_owned(),
        Operand::C => "C".to_owned(),
        Operand::V => "k/V".to_owned(),
        Operand::APlusB => "(A add B)".to_owned(),
    }
}

fn text(condition: &Condition) -> String {
    match condition {
        Condition::Compare(op, a, b) => format!("{} {op} {}", operand_text(*a), operand_text(*b)),
        Condition::In(o, list) => {
            let list: Vec<String> = list.iter().map(|n| number(*n)).collect();
            format!("{} in ({})", operand_text(*o), list.join(","))
        }
        Condition::And(a, b) => format!("({} and {})", text(a), text(b)),
        Condition::Or(a, b) => format!("({} or {})", text(a), text(b)),
        Condition::Not(a) => format!("not ({})", text(a)),
        Condition::Boolean(a, op, other) => {
            format!("(({}) {op} {})", text(a), other.map_or("null".to_owned(), |b| b.to_string()))
        }
        Condition::Any(a) => format!("Kid/any(k:{})", text(a)),
        Condition::All(a) => format!("Kid/all(k:{})", text(a)),
        Condition::Contains(part) => format!("contains(T,'{part}')"),
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn number(&mut self) -> Number {
        [None, Some(0), Some(1), Some(2)][self.roll(4) as usize]
    }

    fn operand(&mut self, inside: bool) -> Operand {
        match self.roll(if inside { 7 } else { 5 }) {
            0 => Operand::Constant(self.number()),
            1 => Operand::A,
            2 => Operand::B,
            3 => Operand::C,
            4 => Operand::APlusB,
            _ => Operand::V,
        }
    }

    fn condition(&mut self, depth: u32, inside: bool) -> Condition {
        let compare = ["eq", "ne", "gt", "ge", "lt", "le"];
        if depth == 0 {
            return match self.roll(8) {
                0 => Condition::Contains(["1", "2"][self.roll(2) as usize]),
                1 => {
                    let count = self.roll(3) + 1;
                    Condition::In(self.operand(inside), (0..count).map(|_| self.number()).collect())
                }
                _ => Condition::Compare(
                    compare[self.roll(6) as usize],
                    self.operand(inside),
                    self.operand(inside),
                ),
            };
        }
        let mut below = |inside| Box::new(self.condition(depth - 1, inside));
        let (one, two, three) = (below(inside), below(inside), below(true));
        match self.roll(if inside { 5 } else { 7 }) {
            0 => Condition::And(one, two),
            1 => Condition::Or(one, two),
            2 | 3 => Condition::Not(one),
            4 => {
                let other = [Some(true), Some(false), None][self.roll(3) as usize];
                Condition::Boolean(one, ["eq", "ne"][self.roll(2) as usize], other)
            }
            5 => Condition::Any(three),
            _ => Condition::All(three),
        }
    }
}

#[test]
fn random_conditions_agree_with_the_evaluator() {
    let values = [None, Some(0), Some(1), Some(2)];
    let mut script = String::from(
        "CREATE TABLE Grid (Id INTEGER PRIMARY KEY, A INT, B INT, C INT NOT NULL, T TEXT);
         CREATE TABLE Kid (Id INTEGER PRIMARY KEY, V INT, GridId INT NOT NULL REFERENCES Grid (Id));",
    );
    let mut rows = Vec::new();
    for (i, a) in values.into_iter().enumerate() {
        for (j, b) in values.into_iter().enumerate() {
            for c in 0..3 {
                let id = rows.len();
                let t = a.map_or("null".to_owned(), |a| format!("'{a}'"));
                script += &format!("INSERT INTO Grid VALUES ({id}, {}, {}, {c}, {t});", number(a), number(b));
                let children: Vec<Number> =
                    (0..(i + j) % 3).map(|k| values[(i + k * 2 + c as usize) % 4]).collect();
                for v in &children {
                    script += &format!("INSERT INTO Kid (V, GridId) VALUES ({}, {id});", number(*v));
                }
                rows.push(Row { a, b, c: Some(c), children });
            }
        }
    }
    let world = World::new(&script);
    let mut dice = Dice(7);
    for round in 0..1500 {
        let condition = dice.condition(round % 5, false);
        let expected: Vec<String> = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| evaluate(&condition, row, None) == Some(true))
            .map(|(id, _)| format!("{{\"Id\":{id}}}"))
            .collect();
        let url = format!("Grid?$select=Id&$filter={}", text(&condition));
        assert_eq!(world.ask(&url), expected.join(","), "{url}");
        let count: usize =
            world.ask(&format!("Grid/$count?$filter={}", text(&condition))).parse().expect(&url);
        assert_eq!(count, expected.len(), "{url}");
    }
}
