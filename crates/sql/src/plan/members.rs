//! Names of members of enumerations: their order is that in which they were declared.

use nextlink_odata::model::EnumTypeId;
use nextlink_odata::model::PrimitiveType as P;
use nextlink_odata::query::{Expr, ExprKind};
use nextlink_odata::value::Value;

use super::Planner;
use super::frames::Frames;
use crate::dialect::{Operand, Unsupported};
use crate::tree::{Operator, Param, ParamForm, Sql};

impl Planner<'_> {
    /// The place of a member among all, where rows have only its name.
    pub(super) fn member_order(&self, frames: &mut Frames, expr: &Expr) -> Option<Operand> {
        let ExprKind::Column(variable, number) = &expr.kind else {
            return None;
        };
        let (sql, carried) = frames.carried(*variable, *number)?;
        let members = carried.members.filter(|id| !self.mapping.model.enum_type(*id).flags)?;
        let native = &carried.operand.native;
        let label = if carried.text { self.dialect.by_code_point(sql, native) } else { sql };
        let places = self
            .by_member(&label, members, |place, _| Sql::Integer(i64::try_from(place).unwrap_or(i64::MAX)));
        Some(Operand { nullable: true, ..Operand::computed(places, P::Int64) })
    }

    /// The first or the last member of an enumeration in a group: members are compared with their number before them.
    pub(super) fn extreme_member(
        &self,
        function: &'static str,
        operand: Operand,
        id: EnumTypeId,
    ) -> Result<Operand, Unsupported> {
        const DIGITS: i64 = 5;
        let label = self.label_text(operand).sql;
        let numbered = self.by_member(&label, id, |number, name| {
            let digits = (100_000 + number).to_string();
            param([digits.get(1..).unwrap_or_default(), name].concat())
        });
        let extreme = Sql::call(function, [numbered]);
        let member = Sql::call("SUBSTR", [extreme, Sql::Integer(DIGITS + 1)]);
        Ok(self.label_text(Operand::computed(member, P::String)))
    }

    /// What each member stands for, by its place among all and its name.
    fn by_member(&self, label: &Sql, id: EnumTypeId, with: impl Fn(usize, &str) -> Sql) -> Sql {
        let members = &self.mapping.model.enum_type(id).members;
        if let Some(pairs) = named(label) {
            // What a name was made of is compared with its codes once, and not with each name again.
            let known = pairs.iter().filter_map(|(is, value)| match value {
                Sql::Label(name) => {
                    let place = members.iter().position(|member| member.name == *name)?;
                    Some((is.clone(), with(place, name)))
                }
                _ => None,
            });
            return Sql::Case(known.collect());
        }
        let pairs = members.iter().enumerate().map(|(place, member)| {
            let is = Sql::binary(Operator::Eq, label.clone(), param(member.name.clone()));
            (is, with(place, &member.name))
        });
        Sql::Case(pairs.collect())
    }
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
