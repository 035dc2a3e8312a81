//! Names of members of enumerations: their order is that of their numbers.

use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::model::{EnumMember, EnumTypeId};
use nextlink_odata::query::{Expr, ExprKind};
use nextlink_odata::value::Value;

use super::Planner;
use super::frames::Frames;
use crate::dialect::{Operand, Unsupported};
use crate::mapping::EnumMap;
use crate::tree::{Operator, Param, ParamForm, Sql};

/// Digits of the number that stands before the name of a member.
const DIGITS: i64 = 20;
/// As many as the longest number has digits.
const ZEROS: &str = "0000000000000000000";

impl Planner<'_> {
    /// The number of a member, where rows have only its name.
    pub(super) fn member_order(
        &self,
        frames: &mut Frames,
        expr: &Expr,
    ) -> Result<Option<Operand>, Unsupported> {
        let Some((label, members)) = self.carried_member(frames, expr) else {
            return Ok(None);
        };
        if self.mapping.model.enum_type(members).flags {
            return Ok(None);
        }
        let mut numbers = self.by_member(&label, members, |member| Sql::Integer(member.value));
        if let Some(number) = self.bare_number(&label, members)? {
            numbers.push((always(), number));
        }
        Ok(Some(Operand { nullable: true, ..Operand::computed(Sql::Case(numbers), P::Int64) }))
    }

    /// The name of a member, or those of several, as rows have it, and the enumeration.
    pub(super) fn carried_member(&self, frames: &Frames, expr: &Expr) -> Option<(Sql, EnumTypeId)> {
        let ExprKind::Column(variable, number) = &expr.kind else {
            return None;
        };
        let (sql, carried) = frames.carried(*variable, *number)?;
        let members = carried.members?;
        let native = &carried.operand.native;
        let label = if carried.text { self.dialect.by_code_point(sql, native) } else { sql };
        Some((label, members))
    }

    /// The first or the last member of an enumeration in a group: members are compared with their number before them.
    pub(super) fn extreme_member(
        &self,
        function: &'static str,
        operand: Operand,
        id: EnumTypeId,
    ) -> Result<Operand, Unsupported> {
        let label = self.label_text(operand).sql;
        let mut numbered = self
            .by_member(&label, id, |member| param([&digits(member.value), member.name.as_str()].concat()));
        if let Some(number) = self.bare_number(&label, id)? {
            numbered.extend(self.numbered(number)?);
        }
        let extreme = Sql::call(function, [Sql::Case(numbered)]);
        let member = Sql::call("SUBSTR", [extreme, Sql::Integer(DIGITS + 1)]);
        Ok(self.label_text(Operand::computed(member, P::String)))
    }

    /// What each member stands for, by its name.
    fn by_member(&self, label: &Sql, id: EnumTypeId, with: impl Fn(&EnumMember) -> Sql) -> Vec<(Sql, Sql)> {
        let members = &self.mapping.model.enum_type(id).members;
        if let Some(pairs) = named(label) {
            // What a name was made of is compared with its codes once, and not with each name again.
            let known = pairs.iter().filter_map(|(is, value)| match value {
                Sql::Label(name) => {
                    let member = members.iter().find(|member| member.name == *name)?;
                    Some((is.clone(), with(member)))
                }
                _ => None,
            });
            return known.collect();
        }
        let pairs = members.iter().map(|member| {
            let is = Sql::binary(Operator::Eq, label.clone(), param(member.name.clone()));
            (is, with(member))
        });
        pairs.collect()
    }

    /// The number that is told where no member has it; none where no numbers stand for members.
    fn bare_number(&self, label: &Sql, id: EnumTypeId) -> Result<Option<Sql>, Unsupported> {
        if !matches!(&self.mapping.enums[id.0], EnumMap::Codes(codes) if codes.are_numbers()) {
            return Ok(None);
        }
        // Of what a name was made of, that which stands there where it is none.
        let bare = named(label).and_then(|pairs| pairs.last()).map_or(label, |(_, bare)| bare);
        let text = Operand { nullable: true, ..Operand::computed(bare.clone(), P::String) };
        Ok(Some(self.dialect.cast(text, P::Int64)?.sql))
    }

    /// A number behind its own digits as [`digits`] writes them.
    fn numbered(&self, number: Sql) -> Result<[(Sql, Sql); 2], Unsupported> {
        let text = |number: Sql| {
            self.dialect.cast(Operand::computed(number, P::Int64), P::String).map(|operand| operand.sql)
        };
        let own = text(number.clone())?;
        let padded = |sign: &'static str, digits: Sql| {
            let zeros = Sql::call("concat", [Sql::Word(ZEROS), digits.clone()]);
            let behind = Sql::binary(Operator::Add, Sql::call("LENGTH", [digits]), Sql::Integer(1));
            Sql::call("concat", [Sql::Word(sign), Sql::call("SUBSTR", [zeros, behind]), own.clone()])
        };
        let moved = Sql::binary(Operator::Add, number.clone(), Sql::Integer(i64::MAX));
        let moved = text(Sql::binary(Operator::Add, moved, Sql::Integer(1)))?;
        let is = |op| Sql::binary(op, number.clone(), Sql::Integer(0));
        Ok([(is(Operator::Lt), padded("0", moved)), (is(Operator::Ge), padded("1", own.clone()))])
    }
}

/// The digits of a number behind one that is greater where it is not negative: texts have the order of their numbers.
fn digits(number: i64) -> String {
    let above = number.wrapping_sub(i64::MIN) as u64 & i64::MAX as u64;
    let text = above.to_string();
    let sign = if number < 0 { "0" } else { "1" };
    [sign, ZEROS.get(text.len()..).unwrap_or_default(), &text].concat()
}

fn always() -> Sql {
    Sql::binary(Operator::Eq, Sql::Integer(1), Sql::Integer(1))
}

/// Where a column holds codes of members: the conditions on them, and the names.
fn named(mut label: &Sql) -> Option<&[(Sql, Sql)]> {
    while let Sql::Collate(inner, _) | Sql::Cast(inner, _) = label {
        label = inner;
    }
    match label {
        Sql::Case(pairs) if matches!(pairs.first(), Some((_, Sql::Label(_)))) => Some(pairs),
        _ => None,
    }
}

fn param(text: String) -> Sql {
    Sql::Param(Param { value: Value::String(text), form: ParamForm::Native })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_the_order_of_the_numbers() {
        let numbers = [i64::MIN, -1_000, -2, -1, 0, 1, 10, i64::MAX];
        let texts = numbers.map(digits);
        assert!(texts.is_sorted(), "{texts:?}");
        assert!(texts.iter().all(|text| text.len() as i64 == DIGITS), "{texts:?}");
        assert_eq!(digits(5), "10000000000000000005");
        assert_eq!(digits(-1), "09223372036854775807");
    }
}
