//! The parts of a model file. Each has only what the owner wants to be another way than the database has it.

use std::fmt;

use nextlink_odata::model::Computed;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_saphyr::Spanned;

use super::changes::ChangesShape;
use super::etag::EtagShape;
use super::functions::Overloads;
use super::media::{MediaShape, MediaTypeShape};
use super::named::{Either, Entries, Named, Spot, there};
use super::readers::Readers;
use super::search::SearchShape;
use super::settings::{SettingsShape, ZoneShape};
use super::through::ThroughShape;
use super::vocabulary::VocabularyShape;
use super::when::When;
use crate::identifier::Case;

/// A model file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Shape {
    /// Namespace of the schema.
    pub namespace: Option<Named>,
    /// Name of the entity container.
    pub container: Option<Named>,
    /// Entity sets in the plural, entity types in the singular, where they are named after tables.
    pub plural_sets: Option<bool>,
    /// Case of names that are made of those of the database.
    pub case: Option<Case>,
    /// Tables and views to serve, as patterns.
    pub include: Vec<Named>,
    /// Tables and views not to serve, as patterns.
    pub exclude: Vec<Named>,
    /// Whether tables and views that `entities` does not name are served, too. Default true.
    pub others: Option<bool>,
    /// How the source is served.
    pub settings: SettingsShape,
    /// Groups of logins.
    pub groups: Entries<Vec<Named>>,
    /// Enumeration types.
    pub enumerations: Entries<EnumShape>,
    /// Type definitions.
    pub type_definitions: Entries<DefinitionShape>,
    /// Complex types.
    pub complex_types: Entries<ComplexShape>,
    /// Entity sets.
    pub entities: Entries<EntityShape>,
    /// Singletons.
    pub singletons: Entries<SingletonShape>,
    /// Functions.
    pub functions: Entries<Overloads>,
    /// Vocabularies by their aliases.
    pub vocabularies: Entries<VocabularyShape>,
    /// Annotations by their targets: in JSON's form, by their terms.
    pub annotations: Entries<Told>,
    /// What a schema map says of names that is not followed.
    #[serde(skip)]
    pub passed_over: Vec<Named>,
}

/// Annotations of one thing by their terms, with values in JSON's form.
pub type Told = Entries<serde_json::Value>;

/// What is said of a singleton.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SingletonShape {
    /// The entity set that it is one row of; none of one that has a table of its own.
    pub of: Option<Named>,
    /// Properties or columns of that set, with the values by which the row is found.
    pub row: Entries<Code>,
    /// The same as of an entity set.
    pub entity: EntityShape,
}

/// What is said of an enumeration type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct EnumShape {
    /// The enumeration of the database that it is.
    pub of: Option<Named>,
    /// Text for clients.
    pub description: Option<String>,
    /// Whether a value can have several members; their numbers are bits.
    pub flags: bool,
    /// Its members, with what stands for each in the database.
    pub members: Entries<Code>,
    /// Annotations of it by their terms, as at the top.
    pub annotations: Told,
}

/// What stands for a member of an enumeration in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A number, which is that of the member, too.
    Number(i64),
    /// A text.
    Text(String),
}

/// What is said of a type definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DefinitionShape {
    /// The primitive type that it is, as in `Edm.Decimal`.
    pub underlying: Named,
    /// Greatest length.
    pub max_length: Option<u32>,
    /// Digits.
    pub precision: Option<u32>,
    /// Digits behind the point.
    pub scale: Option<u32>,
    /// Text for clients.
    pub description: Option<String>,
    /// Annotations of it by their terms, as at the top.
    #[serde(default)]
    pub annotations: Told,
}

/// What is said of a complex type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ComplexShape {
    /// The composite type of the database that it is; none of one that groups of columns are of.
    pub of: Option<Named>,
    /// Text for clients.
    pub description: Option<String>,
    /// Its properties, where they have other names than the columns of the composite type.
    pub properties: Entries<PropertyShape>,
    /// Annotations of it by their terms, as at the top.
    pub annotations: Told,
}

/// What is said of an entity set and its type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct EntityShape {
    /// The table or view, with its schema before a dot where that is needed. Default: that of the name of the set.
    pub table: Option<Named>,
    /// The SELECT that its entities are of, in the place of a table.
    pub sql: Option<Named>,
    /// Name of the entity type. Default: that of the set, with `pluralSets` its singular.
    #[serde(rename = "type")]
    pub type_name: Option<Named>,
    /// Text for clients.
    pub description: Option<String>,
    /// Properties or columns that identify a row.
    pub key: Vec<Named>,
    /// Properties.
    pub properties: Entries<PropertyShape>,
    /// Navigation properties.
    pub navigation: Entries<NavigationShape>,
    /// Where the bytes are that its entities stand for, if they are media entities.
    pub media: Option<MediaShape>,
    /// The column with JSON objects whose members are properties, too.
    pub open: Option<Named>,
    /// What the ETags of its entities are made of. Default: nothing, so that there are none.
    pub etag: EtagShape,
    /// By what it is known that a row has changed.
    pub changes: Option<ChangesShape>,
    /// The index over words that serves `$search`.
    pub search: Option<SearchShape>,
    /// A condition in the form of `$filter`: no other row is there for clients.
    #[serde(deserialize_with = "there")]
    pub rows: Option<Named>,
    /// Who sees it.
    pub readers: Readers,
    /// Columns and navigation properties that are not served.
    pub hide: Vec<Named>,
    /// Whether columns and foreign keys that are not named here are served, too. Default true.
    pub others: Option<bool>,
    /// Whether `$search` looks only into properties that say so, which a schema map of another product means.
    #[serde(skip)]
    pub searches_marked: bool,
    /// Whether no entity is just of this type.
    #[serde(rename = "abstract")]
    pub is_abstract: bool,
    /// Types below it.
    pub derived: Entries<DerivedShape>,
    /// Annotations of it by their terms, as at the top.
    pub annotations: Told,
}

/// What is said of a type below that of an entity set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct DerivedShape {
    /// The type that it is based on, one that stands before it. Default: that of the entity set.
    pub base: Option<Named>,
    /// Whether no entity is just of this type.
    #[serde(rename = "abstract")]
    pub is_abstract: bool,
    /// The column that tells of types, with what stands there for this one.
    pub when: Entries<When>,
    /// The table with its rows, which shares its key with that of the type above.
    pub table: Option<Named>,
    /// Text for clients.
    pub description: Option<String>,
    /// Properties that only its entities have.
    pub properties: Entries<PropertyShape>,
    /// Navigation properties that only its entities have.
    pub navigation: Entries<NavigationShape>,
    /// Where the bytes are that its entities stand for, if they are media entities and those of the types above are none.
    pub media: Option<MediaShape>,
    /// Annotations of it by their terms, as at the top.
    pub annotations: Told,
}

/// What is said of a property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PropertyShape {
    /// The column. Default: that of the name of the property.
    pub column: Option<Named>,
    /// For a complex value: its properties, each of a column.
    pub columns: Entries<PropertyShape>,
    /// Its type: of a complex value the complex type, of a column an enumeration, or the type that it has anyway.
    pub type_name: Option<Named>,
    /// Of a stream: what its bytes are.
    pub content_type: Option<MediaTypeShape>,
    /// Whether it is a collection, which it must be anyway.
    pub collection: Option<bool>,
    /// Text for clients.
    pub description: Option<String>,
    /// Whether null is a value.
    pub nullable: Option<bool>,
    /// Greatest length.
    pub max_length: Option<u32>,
    /// Digits.
    pub precision: Option<u32>,
    /// Digits behind the point.
    pub scale: Option<u32>,
    /// Default value.
    pub default: Option<String>,
    /// Who computes the value.
    pub computed: Option<Computed>,
    /// Whether `$search` looks here.
    pub searchable: Option<bool>,
    /// The time zone in which its points in time are meant, which say none. Default: that of the source.
    pub time_zone: Option<ZoneShape>,
    /// Who sees it.
    pub readers: Readers,
    /// Annotations of it by their terms, as at the top.
    pub annotations: Told,
}

/// What is said of a navigation property.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NavigationShape {
    /// The entity set that it leads to.
    pub target: Named,
    /// Whether it leads to many. Default: unless what it is joined by identifies a row there.
    pub collection: Option<bool>,
    /// Properties or columns here, with those of the target that are equal.
    #[serde(default)]
    pub on: Entries<Named>,
    /// The table between, for many-to-many.
    pub through: Option<ThroughShape>,
    /// The navigation property of the target that leads back.
    pub partner: Option<Named>,
    /// Annotations of it by their terms, as at the top.
    #[serde(default)]
    pub annotations: Told,
}

impl EntityShape {
    /// Its properties, and those of the types below it.
    pub fn all_properties(&self) -> impl Iterator<Item = &(Named, PropertyShape)> {
        let derived = self.derived.iter().flat_map(|(_, told)| told.properties.iter());
        self.properties.iter().chain(derived)
    }
}

impl PropertyShape {
    /// Whether it is a stream.
    pub fn is_stream(&self) -> bool {
        self.type_name.as_ref().is_some_and(|ty| ty.text == "Edm.Stream")
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = Code;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a text")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Code, E> {
                Ok(Code::Number(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Code, E> {
                i64::try_from(number).map(Code::Number).map_err(|_| E::custom("the number is too great"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Code, E> {
                Ok(Code::Text(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// What is said of a singleton, as it stands in the file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Single {
    of: Option<Named>,
    row: Entries<Code>,
    table: Option<Named>,
    #[serde(rename = "type")]
    type_name: Option<Named>,
    description: Option<String>,
    key: Vec<Named>,
    properties: Entries<PropertyShape>,
    navigation: Entries<NavigationShape>,
    media: Option<MediaShape>,
    open: Option<Named>,
    etag: EtagShape,
    readers: Readers,
    hide: Vec<Named>,
    others: Option<bool>,
    #[serde(rename = "abstract")]
    is_abstract: bool,
    derived: Entries<DerivedShape>,
    annotations: Told,
}

impl<'de> Deserialize<'de> for SingletonShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SingletonShape, D::Error> {
        let told = Single::deserialize(deserializer)?;
        let entity = EntityShape {
            table: told.table,
            sql: None,
            type_name: told.type_name,
            description: told.description,
            key: told.key,
            properties: told.properties,
            navigation: told.navigation,
            media: told.media,
            open: told.open,
            etag: told.etag,
            changes: None,
            search: None,
            rows: None,
            readers: told.readers,
            hide: told.hide,
            others: told.others,
            searches_marked: false,
            is_abstract: told.is_abstract,
            derived: told.derived,
            annotations: told.annotations,
        };
        Ok(SingletonShape { of: told.of, row: told.row, entity })
    }
}

/// What is said of a property, as it stands in the file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Property {
    column: Option<Named>,
    columns: Entries<PropertyShape>,
    #[serde(rename = "type")]
    type_name: Option<Named>,
    content_type: Option<MediaTypeShape>,
    collection: Option<bool>,
    description: Option<String>,
    nullable: Option<bool>,
    max_length: Option<u32>,
    precision: Option<u32>,
    scale: Option<u32>,
    default: Option<String>,
    computed: Option<Who>,
    searchable: Option<bool>,
    time_zone: Option<ZoneShape>,
    readers: Readers,
    annotations: Told,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Who {
    Never,
    Default,
    Always,
}

impl<'de> Deserialize<'de> for PropertyShape {
    /// A text is a column.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PropertyShape, D::Error> {
        let found = Spanned::<Either<Property>>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        let told = match found.value {
            Either::Nothing => Property::default(),
            Either::Text(text) => Property { column: Some(Named { text, spot }), ..Property::default() },
            Either::Table(told) => told,
        };
        Ok(PropertyShape {
            column: told.column,
            columns: told.columns,
            type_name: told.type_name,
            content_type: told.content_type,
            collection: told.collection,
            description: told.description,
            nullable: told.nullable,
            max_length: told.max_length,
            precision: told.precision,
            scale: told.scale,
            default: told.default,
            computed: told.computed.map(|who| match who {
                Who::Never => Computed::No,
                Who::Default => Computed::Default,
                Who::Always => Computed::Always,
            }),
            searchable: told.searchable,
            time_zone: told.time_zone,
            readers: told.readers,
            annotations: told.annotations,
        })
    }
}
