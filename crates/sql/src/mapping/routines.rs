//! Functions of the database: which of them are served, under which names, and as what.

use nextlink_odata::model::{Function, Omitted, Property, Returns, Type};

use super::find::about;
use super::functions::{bound, stand};
use super::names::{Scope, Wish};
use super::options::{EXCLUDED, ModelOptions};
use super::types::Types;
use super::{Behind, FunctionMap, Mapping};
use crate::catalog::{Catalog, Column, ColumnType, Gives, Routine};
use crate::notice::Notice;
use crate::shape::{FunctionShape, Named, Shape};

/// A function of the database that is to be served.
pub(super) struct Chosen<'a> {
    routine: &'a Routine,
    told: Option<(&'a Named, &'a FunctionShape)>,
    /// What its values are like, where it gives some.
    value: Option<Property>,
}

/// Those that the model file names, and those that the patterns leave.
pub(super) fn choose<'a>(
    catalog: &'a Catalog,
    options: &'a ModelOptions,
    notices: &mut Vec<Notice>,
) -> Vec<Chosen<'a>> {
    let routines = &catalog.routines;
    let mut chosen: Vec<Chosen<'a>> = Vec::new();
    let told =
        options.shape.functions.iter().flat_map(|(name, all)| all.0.iter().map(move |one| (name, one)));
    for (name, told) in told {
        let Some(named) = &told.routine else { continue };
        let all = find(catalog, &named.text);
        let found: Vec<&Routine> = all.iter().copied().filter(|one| takes(one, told)).collect();
        if let Some(problem) = problem(&all, &found) {
            notices.push(about(named, &name.text, &problem));
        }
        for (_, argument) in told.arguments.iter() {
            let known = |routine: &&Routine| routine.arguments.iter().any(|own| own.name == argument.text);
            if !found.is_empty() && !found.iter().any(known) {
                notices.push(about(argument, &name.text, "the function has no argument of this name"));
            }
        }
        for routine in found {
            if options.serves(catalog.schema(&routine.schema), &routine.name, true) {
                chosen.push(Chosen { routine, told: Some((name, told)), value: None });
            } else {
                notices.push(about(named, &name.text, EXCLUDED));
            }
        }
    }
    let named = chosen.len();
    let bounded = options.shape.is_bounded();
    for routine in routines {
        let known = chosen[..named].iter().any(|one| std::ptr::eq(one.routine, routine));
        if known || !options.serves(catalog.schema(&routine.schema), &routine.name, false) {
            continue;
        }
        if bounded && matches!(routine.gives, Gives::Values(_)) {
            notices.push(not_served(
                routine,
                "it may tell of what `rows` or `readers` keep from clients; the model file can name it",
            ));
            continue;
        }
        chosen.push(Chosen { routine, told: None, value: None });
    }
    chosen.retain(|one| one.told.is_none_or(|(_, told)| !told.readers.are_others()));
    chosen.retain(|one| {
        let fits = !has_values_inside(catalog, one.routine);
        if !fits {
            notices.push(one.not_served(None, "it gives values that have values inside"));
        }
        fits
    });
    chosen
}

/// Functions with readers that are not found as they are told: everybody might see them as they are.
pub(super) fn lost(catalog: &Catalog, shape: &Shape) -> Vec<Notice> {
    let told = shape.functions.iter().flat_map(|(name, all)| all.0.iter().map(move |one| (name, one)));
    let read = told.filter(|(_, told)| told.readers.are_told());
    let lost = |(name, told): (&Named, &FunctionShape)| {
        let named = told.routine.as_ref()?;
        let found = find(catalog, &named.text).iter().any(|one| takes(one, told));
        let why = "the database has no such function, so everybody might see what has `readers`, and nothing is served";
        (!found && shape.others.unwrap_or(true)).then(|| about(named, &name.text, why))
    };
    read.filter_map(lost).collect()
}

fn not_served(routine: &Routine, why: &str) -> Notice {
    Notice::table(&routine.name, ["This function is not served: ", why, "."].concat())
}

/// Whether a function of the database takes what the model file says.
fn takes(routine: &Routine, told: &FunctionShape) -> bool {
    let types = routine.arguments.iter().map(|argument| argument.ty.name());
    told.takes.as_ref().is_none_or(|told| types.eq(told.iter().map(|ty| ty.text.as_str())))
}

/// Why there is none of those that have a name.
fn problem(all: &[&Routine], found: &[&Routine]) -> Option<String> {
    if all.is_empty() {
        return Some("the database has no such function that can be served".to_owned());
    }
    let types = |routine: &&Routine| {
        let types = routine.arguments.iter().map(|argument| argument.ty.name());
        ["[", &types.collect::<Vec<_>>().join(", "), "]"].concat()
    };
    let known = || all.iter().map(types).collect::<Vec<_>>().join(" or ");
    found.is_empty().then(|| ["what it takes (`takes`) is ", &known()].concat())
}

/// Whether it gives complex values with collections or complex values inside.
fn has_values_inside(catalog: &Catalog, routine: &Routine) -> bool {
    let Gives::Values(column) = &routine.gives else {
        return false;
    };
    let ColumnType::Composite(index) = column.ty else {
        return false;
    };
    let inside = |column: &Column| matches!(column.ty, ColumnType::Composite(_) | ColumnType::Array(_));
    catalog.composites.get(index).is_some_and(|found| found.columns.iter().any(inside))
}

/// All of a name, with or without its schema: of one schema, so that they are of one kind.
fn find<'a>(catalog: &'a Catalog, name: &str) -> Vec<&'a Routine> {
    let qualified =
        |one: &Routine| [catalog.schema(&one.schema).unwrap_or_default(), ".", &one.name].concat();
    let routines = &catalog.routines;
    let first = routines.iter().find(|one| one.name == name || qualified(one) == name);
    let same =
        |one: &&Routine| first.is_some_and(|first| first.name == one.name && first.schema == one.schema);
    routines.iter().filter(same).collect()
}

impl<'a> Chosen<'a> {
    /// The column of its values, with its name.
    pub(super) fn column(&self) -> Option<(&'a str, &'a [Column])> {
        match &self.routine.gives {
            Gives::Values(column) => Some((&self.routine.name, std::slice::from_ref(&**column))),
            Gives::Rows { .. } => None,
        }
    }

    /// Says that it is not served; where the model file names it, with the place there that this is about.
    fn not_served(&self, at: Option<&Named>, why: &str) -> Notice {
        match self.told {
            Some((name, FunctionShape { routine: Some(named), .. })) => {
                let text = ["the function is not served: ", why].concat();
                about(at.unwrap_or(named), &name.text, &text)
            }
            _ => not_served(self.routine, why),
        }
    }

    /// With what its values are like among the types of the model.
    pub(super) fn typed(self, types: &Types<'_>) -> Chosen<'a> {
        let value = match &self.routine.gives {
            Gives::Values(column) => Some(types.property(column, "value".to_owned(), false)),
            Gives::Rows { .. } => None,
        };
        Chosen { value, ..self }
    }
}

/// Adds them. Their names are free in the scope; those of one name in the database have one here.
pub(super) fn add(
    mapping: &mut Mapping,
    chosen: Vec<Chosen<'_>>,
    scope: &mut Scope,
    options: &ModelOptions,
    notices: &mut Vec<Notice>,
) {
    let mut names: Vec<(&Routine, String)> = Vec::new();
    for one in chosen {
        let routine = one.routine;
        let same =
            |(other, _): &&(&Routine, String)| other.name == routine.name && other.schema == routine.schema;
        let name = match (one.told, names.iter().find(same)) {
            (Some((name, _)), _) => name.text.clone(),
            (None, Some((_, known))) => known.clone(),
            (None, None) => {
                names.push((routine, scope.give(&routine.name, options.case)));
                names[names.len() - 1].1.clone()
            }
        };
        let made = function(mapping, &one, options);
        let added = made.and_then(|(function, columns)| {
            let behind = Behind::Routine(Box::new(routine.clone()));
            let readers = one.told.map(|(_, told)| told.readers.clone()).unwrap_or_default();
            stand(mapping, Function { name, ..function }, FunctionMap { behind, columns, readers })
                .map_err(|problem| (None, problem.to_owned()))
        });
        if let Err((at, problem)) = added {
            notices.push(one.not_served(at, &problem));
        }
    }
}

/// Why a function can't be served, with the place in the model file where that is not its name.
type Problem<'a> = (Option<&'a Named>, String);

/// The function, without its name, and the columns of its SELECT.
fn function<'a>(
    mapping: &Mapping,
    chosen: &Chosen<'a>,
    options: &ModelOptions,
) -> Result<(Function, Vec<String>), Problem<'a>> {
    let (routine, told) = (chosen.routine, chosen.told.map(|(_, told)| told));
    let (returns, columns) = match (&routine.gives, &chosen.value) {
        (Gives::Rows { schema, table }, _) => {
            rows(mapping, schema.as_deref(), table).map_err(|problem| (None, problem))?
        }
        (Gives::Values(column), Some(value)) => values(mapping, column, value.clone()),
        (Gives::Values(_), None) => return Err((None, "its type is not known".to_owned())),
    };
    let wish = |name: &'_ String| {
        let of = told.and_then(|told| told.arguments.iter().find(|(_, of)| of.text == *name));
        of.map_or(Wish::Like(name.clone().into()), |(name, _)| Wish::Exactly(name.text.clone().into()))
    };
    let wishes: Vec<Wish<'_>> = routine.arguments.iter().map(|argument| wish(&argument.name)).collect();
    let names = Scope::default().name_all(&wishes, options.case);
    let typed: Vec<_> = names.into_iter().zip(routine.arguments.iter().map(|argument| argument.ty)).collect();
    let on = told.and_then(|told| told.bound.as_ref().or(told.bound_set.as_ref()));
    let whole = told.is_some_and(|told| told.bound.is_none());
    let bound = |named: &'a Named| {
        bound(&mapping.model, (named, whole), &typed).map_err(|problem| (Some(named), problem.to_owned()))
    };
    let bound = on.map(bound).transpose()?;
    let parameters = typed
        .iter()
        .zip(&routine.arguments)
        .map(|((name, ty), argument)| Property { nullable: argument.nullable, ..Property::plain(name, *ty) });
    let description = told.and_then(|told| told.description.clone());
    let function = Function {
        name: String::new(),
        parameters: parameters.collect(),
        defaults: routine.arguments.iter().map(|one| one.optional.then_some(Omitted::Unknown)).collect(),
        returns,
        collection: routine.collection,
        bound,
        description: description.or_else(|| routine.comment.clone()),
    };
    Ok((function, columns))
}

/// Entities of a set, by the columns of their key.
fn rows(mapping: &Mapping, schema: Option<&str>, table: &str) -> Result<(Returns, Vec<String>), String> {
    let served = |set| mapping.model.served_sets().any(|(id, _)| id == set);
    let set = mapping.find_table(schema, table).filter(|set| served(*set));
    let set = set.ok_or_else(|| ["it gives rows of `", table, "`, which is not served"].concat())?;
    let ty = mapping.model.entity_type(mapping.model.entity_set(set).entity_type);
    let columns = &mapping.table(set).columns;
    Ok((Returns::Entities(set), ty.key.iter().map(|key| columns[*key].column.clone()).collect()))
}

/// Values, by the columns of their parts.
fn values(mapping: &Mapping, column: &Column, value: Property) -> (Returns, Vec<String>) {
    let columns = match value.ty {
        Type::Complex(id) => {
            mapping.complex[id.0].columns.iter().map(|column| column.column.clone()).collect()
        }
        Type::Primitive(_) | Type::Enum(_) => vec![column.name.clone()],
    };
    (Returns::Values(Box::new(value)), columns)
}
