//! What a model file says: how the owner of a source wants its model to be. YAML in, plain values out.

mod message;
mod named;
mod media;
mod etag;
mod vocabulary;
mod changes;
mod search;
mod limits;
mod settings;
mod parameter;
mod when;
mod through;
mod functions;
mod parts;
mod hdp;
mod annotated;
mod select;
mod json;
mod check;
mod readers;
mod terms;

use std::fmt;
use std::sync::Arc;

use nextlink_odata::model::PrimitiveType;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use hdp::SchemaMap;

pub use annotated::Annotatee;
pub use changes::{ChangesShape, DeletedShape};
pub use etag::EtagShape;
pub use functions::{FunctionShape, Overloads};
pub use json::item_type;
pub use limits::{Limit, LimitsShape};
pub use media::{MediaShape, MediaTypeShape};
pub use named::{Entries, Named, Spot};
pub use parameter::ParameterShape;
pub use parts::{
    Code, ComplexShape, DefinitionShape, DerivedShape, EntityShape, EnumShape, NavigationShape,
    PropertyShape, Shape, SingletonShape, Told,
};
pub use readers::{ReadThing, Readers};
pub use search::SearchShape;
pub use select::Piece;
pub use settings::{
    LossShape, ONLY_READS, PAGE_BYTES, PAGE_ROWS, REFRESH_SECONDS, REPLICAS, SettingsShape, ZoneShape,
    must_be,
};
pub use terms::term_of;
pub use through::ThroughShape;
pub use vocabulary::VocabularyShape;
pub use when::When;

/// Bytes of a model file at most.
pub const MOST_BYTES: usize = 16 << 20;

/// A model file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// Where, if that is known.
    pub spot: Spot,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.spot, self.problem)
    }
}

impl std::error::Error for ShapeError {}

/// A file with a schema map of Hybrid Data Pipeline.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Foreign {
    odata_mapping_v3: SchemaMap,
}

/// Reads YAML, of which JSON is a part.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, ShapeError> {
    // Only `true` and `false` are truth, as in YAML 1.2: a column may be called `n`.
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location();
        let spot = at.map_or(Spot::default(), |at| Spot::new(at.line(), at.column()));
        ShapeError { spot, problem: message::message(&error) }
    })
}

/// A SELECT of a model file, which the database is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldSelect {
    /// What it is for: the name of the entity set or function.
    pub name: Named,
    /// Which of the functions of this name it is for.
    pub number: usize,
    /// Where it stands.
    pub spot: Spot,
    /// Its text, and between it numbers of parameters.
    pub pieces: Vec<ToldPiece>,
    /// The parameters of a function; none of what is an entity set.
    pub parameters: Option<Vec<(String, PrimitiveType)>>,
}

/// A part of a SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldPiece {
    /// Text.
    Text(Arc<str>),
    /// A parameter by its number.
    Parameter(usize),
}

impl ToldSelect {
    /// One that was checked when it was read.
    fn of(name: &Named, sql: &Named, parameters: Option<&Entries<ParameterShape>>) -> Option<ToldSelect> {
        let typed = |(name, told): &(Named, ParameterShape)| {
            Some((name.text.clone(), PrimitiveType::from_name(&told.type_name.text)?))
        };
        let parameters: Option<Vec<_>> =
            parameters.map(|told| told.iter().map(typed).collect::<Option<_>>()).unwrap_or_default();
        let numbered = |piece| match piece {
            Piece::Text(text) => Some(ToldPiece::Text(text.into())),
            Piece::Parameter(name) => {
                let known = parameters.iter().flatten().position(|(known, _)| *known == name);
                known.map(ToldPiece::Parameter)
            }
        };
        let pieces = select::pieces(sql).ok()?.into_iter().map(numbered).collect::<Option<_>>()?;
        Some(ToldSelect { name: name.clone(), number: 0, spot: sql.spot, pieces, parameters })
    }
}

impl Shape {
    /// All that has a table of its own: entity sets and singletons.
    pub fn tables(&self) -> impl Iterator<Item = (&Named, &EntityShape)> {
        let own = self.singletons.iter().filter(|(_, single)| single.of.is_none());
        let sets = self.entities.iter().map(|(name, entity)| (name, entity));
        sets.chain(own.map(|(name, single)| (name, &single.entity)))
    }

    /// The SELECTs that stand in it.
    pub fn selects(&self) -> Vec<ToldSelect> {
        let sets = self
            .entities
            .iter()
            .filter_map(|(name, entity)| entity.sql.as_ref().and_then(|sql| ToldSelect::of(name, sql, None)));
        let functions = self.functions.iter();
        let functions = functions.flat_map(|(name, told)| {
            let of = move |(number, told): (usize, &FunctionShape)| {
                let found = ToldSelect::of(name, told.sql.as_ref()?, Some(&told.parameters))?;
                Some(ToldSelect { number, ..found })
            };
            told.0.iter().enumerate().filter_map(of)
        });
        sets.chain(functions).collect()
    }

    /// Whether indexes over words are to be looked for.
    pub fn searches(&self) -> bool {
        self.tables().any(|(_, entity)| entity.search.is_some())
    }

    /// Types below those of entity sets.
    pub fn derived(&self) -> impl Iterator<Item = (&Named, &DerivedShape)> {
        self.tables().flat_map(|(_, entity)| entity.derived.iter().map(|(name, told)| (name, told)))
    }

    /// Properties of all entity types.
    pub fn properties(&self) -> impl Iterator<Item = (&Named, &PropertyShape)> {
        let own = self.tables().flat_map(|(_, entity)| entity.properties.iter());
        let all = own.chain(self.derived().flat_map(|(_, derived)| derived.properties.iter()));
        all.map(|(name, told)| (name, told))
    }

    /// Names of all enumerations, type definitions, complex types and functions.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        let groups = self.properties().filter(|(_, property)| !property.columns.is_empty());
        let groups = groups.filter_map(|(_, property)| property.type_name.as_ref());
        let named = self.enumerations.iter().map(|(name, _)| name);
        let named = named.chain(self.type_definitions.iter().map(|(name, _)| name));
        let named = named.chain(self.derived().map(|(name, _)| name));
        let named = named.chain(self.complex_types.iter().map(|(name, _)| name)).chain(groups);
        let functions = self.functions.iter().map(|(name, _)| name);
        named.chain(functions).map(|name| name.text.as_str())
    }

    /// The same with all columns and navigation properties, as conditions on rows may name them.
    pub fn unhidden(&self) -> Shape {
        let mut shape = self.clone();
        for (_, entity) in &mut shape.entities.0 {
            entity.hide.clear();
            entity.others = None;
        }
        shape
    }

    /// Reads the text of a model file. What is in it fits together; whether the database has it is not known yet.
    ///
    /// # Errors
    /// It is no YAML, says something that no model file can say, or contradicts itself: with line and column.
    pub fn parse(text: &str) -> Result<Shape, ShapeError> {
        if text.len() > MOST_BYTES {
            let problem = "a model file has at most 16 MiB".to_owned();
            return Err(ShapeError { spot: Spot::default(), problem });
        }
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Shape::default());
        }
        let foreign = text.trim_start().starts_with('{') && text.contains("\"odata_mapping_v3\"");
        let shape = if foreign { read::<Foreign>(text)?.odata_mapping_v3.shape() } else { read(text)? };
        check::check(&shape)?;
        readers::check(&shape)?;
        terms::check(&shape)?;
        Ok(shape)
    }
}
