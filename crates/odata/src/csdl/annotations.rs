//! What the standard vocabularies say about parts of a model, for both forms of CSDL.
//!
//! Terms have their full names: an alias could be the namespace of the model.

use crate::model::{
    Computed, EntitySet, EntitySetId, EntityType, Function, Hierarchy, MediaType, Model, Property, Stream,
    Type,
};

/// Vocabularies: file name without its ending, which is the namespace too. The last one tells of hierarchies.
pub(super) const REFERENCED: [&str; 3] =
    ["Org.OData.Core.V1", "Org.OData.Capabilities.V1", "Org.OData.Aggregation.V1"];

/// A term applied to a part of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Annotation<'a> {
    pub(super) term: &'static str,
    /// What tells it from others of the same term.
    pub(super) qualifier: Option<String>,
    pub(super) value: Value<'a>,
}

/// The value of an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Bool(bool),
    Text(&'a str),
    /// A record with one property, and perhaps one more that lists properties of the type.
    Record(&'static str, bool, Option<Listed>),
    /// `Core.OptionalParameter`, with the value that stands for one that is not given.
    Optional(Option<String>),
    /// Properties of the type.
    Paths(Vec<&'a str>),
    /// A recursive hierarchy: the property that names a node, and the path of the navigation property to the one above it.
    Hierarchy(&'a str, String),
}

/// A property of a record that lists properties of the entity type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) property: &'static str,
    pub(super) names: Vec<String>,
}

fn flag(term: &'static str, value: bool) -> Annotation<'static> {
    Annotation { term, qualifier: None, value: Value::Bool(value) }
}

fn record(term: &'static str, property: &'static str, value: bool) -> Annotation<'static> {
    Annotation { term, qualifier: None, value: Value::Record(property, value, None) }
}

/// That a call need not give a parameter, where it is so.
pub(super) fn optional(function: &Function, number: usize) -> Option<Annotation<'static>> {
    function.defaults[number].as_ref()?;
    let default = function.parameters[number].default_value.clone();
    Some(Annotation {
        term: "Org.OData.Core.V1.OptionalParameter",
        qualifier: None,
        value: Value::Optional(default),
    })
}

/// A record that is true, but not of the listed properties.
fn except(
    term: &'static str,
    property: &'static str,
    listed: &'static str,
    names: &[String],
) -> Annotation<'static> {
    let names = names.to_vec();
    let listed = (!names.is_empty()).then_some(Listed { property: listed, names });
    Annotation { term, qualifier: None, value: Value::Record(property, true, listed) }
}

/// `Core.Description`, where there is one.
pub(super) fn description(text: Option<&str>) -> Vec<Annotation<'_>> {
    let text = text.filter(|t| !t.is_empty());
    let annotation = text.map(|text| Annotation {
        term: "Org.OData.Core.V1.Description",
        qualifier: None,
        value: Value::Text(text),
    });
    annotation.into_iter().collect()
}

/// Annotations of a structural property.
pub(super) fn property(property: &Property) -> Vec<Annotation<'_>> {
    let mut found = description(property.description.as_deref());
    match property.computed {
        Computed::No => {}
        Computed::Always => found.push(flag("Org.OData.Core.V1.Computed", true)),
        Computed::Default => found.push(flag("Org.OData.Core.V1.ComputedDefaultValue", true)),
    }
    found
}

/// Annotations of a stream property.
pub(super) fn stream(stream: &Stream) -> Vec<Annotation<'_>> {
    let mut found = description(stream.description.as_deref());
    if let MediaType::Fixed(media_type) = &stream.media_type {
        let (term, value) = ("Org.OData.Core.V1.MediaType", Value::Text(media_type));
        found.push(Annotation { term, qualifier: None, value });
    }
    found
}

/// Vocabularies that the annotations of a model use.
pub(super) fn referenced(model: &Model) -> impl Iterator<Item = &'static str> {
    let hierarchies = model.entity_types.iter().any(|ty| !hierarchies(model, ty).is_empty());
    REFERENCED.into_iter().take(REFERENCED.len() - usize::from(!hierarchies))
}

/// The hierarchies of the set that an entity type is of.
fn hierarchies(model: &Model, entity_type: &EntityType) -> Vec<Hierarchy> {
    let is = |set: &EntitySet| model.entity_type(set.entity_type).name == entity_type.name;
    let set = model.entity_sets.iter().position(is);
    set.map(|set| model.hierarchies(EntitySetId(set))).unwrap_or_default()
}

/// Annotations of an entity type whose entities are in a set.
pub(super) fn entity_type<'a>(model: &Model, entity_type: &'a EntityType) -> Vec<Annotation<'a>> {
    let mut found = description(entity_type.description.as_deref());
    found.extend(hierarchies(model, entity_type).into_iter().map(|hierarchy| Annotation {
        term: "Org.OData.Aggregation.V1.RecursiveHierarchy",
        value: Value::Hierarchy(
            &entity_type.properties[hierarchy.node].name,
            navigation_path(model, entity_type, hierarchy.navigation),
        ),
        qualifier: Some(hierarchy.qualifier),
    }));
    found
}

/// The path to a navigation property, behind the type that has it.
pub(super) fn navigation_path(model: &Model, entity_type: &EntityType, index: usize) -> String {
    cast_path(model, entity_type, entity_type.owner_of_navigation(index), &entity_type.navigation[index].name)
}

fn cast_path(model: &Model, entity_type: &EntityType, owner: Option<usize>, name: &str) -> String {
    match owner {
        Some(_) => [&model.namespace, ".", entity_type.name_of(owner), "/", name].concat(),
        None => name.to_owned(),
    }
}

/// Where the navigation properties of a type lead: the set, or the singleton. Many are never in a singleton.
pub(super) fn bindings<'a>(
    model: &'a Model,
    entity_type: &'a EntityType,
) -> impl Iterator<Item = (String, &'a str)> {
    let bound = entity_type.navigation.iter().enumerate();
    let bound = bound.filter(|(_, n)| !n.collection || !model.is_single(n.target_set));
    bound.map(|(index, n)| {
        (navigation_path(model, entity_type, index), model.entity_set(n.target_set).name.as_str())
    })
}

/// That entities have ETags, and of which properties they are made.
fn concurrency(entity_type: &EntityType) -> Option<Annotation<'_>> {
    let etag = entity_type.etag.as_ref()?;
    let names = etag.properties.iter().map(|index| entity_type.properties[*index].name.as_str());
    let (term, value) = ("Org.OData.Core.V1.OptimisticConcurrency", Value::Paths(names.collect()));
    Some(Annotation { term, qualifier: None, value })
}

/// What clients can do with an entity set.
pub(super) fn entity_set<'a>(
    model: &Model,
    entity_type: &'a EntityType,
    set: &'a EntitySet,
) -> Vec<Annotation<'a>> {
    let searchable = entity_type.is_searchable();
    let expandable = !entity_type.navigation.is_empty();
    let collections = entity_type.properties.iter().enumerate().filter(|(_, p)| p.collection);
    let path =
        |index: usize, name: &str| cast_path(model, entity_type, entity_type.owner_of_property(index), name);
    let collections: Vec<String> = collections.map(|(index, p)| path(index, &p.name)).collect();
    let shape = |p: &Property| matches!(p.ty, Type::Primitive(ty) if ty.is_shape());
    let unsortable = entity_type.properties.iter().enumerate().filter(|(_, p)| p.collection || shape(p));
    let unsortable: Vec<String> = unsortable.map(|(index, p)| path(index, &p.name)).collect();
    let mut found = description(set.description.as_deref());
    found.extend(concurrency(entity_type));
    found.extend([
        record("Org.OData.Capabilities.V1.InsertRestrictions", "Insertable", false),
        record("Org.OData.Capabilities.V1.UpdateRestrictions", "Updatable", false),
        record("Org.OData.Capabilities.V1.DeleteRestrictions", "Deletable", false),
        except(
            "Org.OData.Capabilities.V1.FilterRestrictions",
            "Filterable",
            "NonFilterableProperties",
            &collections,
        ),
        except(
            "Org.OData.Capabilities.V1.SortRestrictions",
            "Sortable",
            "NonSortableProperties",
            &unsortable,
        ),
        record("Org.OData.Capabilities.V1.ExpandRestrictions", "Expandable", expandable),
        record("Org.OData.Capabilities.V1.SearchRestrictions", "Searchable", searchable),
        record("Org.OData.Capabilities.V1.CountRestrictions", "Countable", true),
        flag("Org.OData.Capabilities.V1.TopSupported", true),
        flag("Org.OData.Capabilities.V1.SkipSupported", true),
    ]);
    found.extend(set.tracked.then(|| record("Org.OData.Capabilities.V1.ChangeTracking", "Supported", true)));
    found
}

/// What clients can do with a singleton.
pub(super) fn singleton<'a>(entity_type: &'a EntityType, text: Option<&'a str>) -> Vec<Annotation<'a>> {
    let mut found = description(text);
    found.extend(concurrency(entity_type));
    found.extend([
        record("Org.OData.Capabilities.V1.UpdateRestrictions", "Updatable", false),
        record(
            "Org.OData.Capabilities.V1.ExpandRestrictions",
            "Expandable",
            !entity_type.navigation.is_empty(),
        ),
    ]);
    found
}

/// What clients can do with the service, and by which rules its identifiers are made.
pub(super) fn container() -> Vec<Annotation<'static>> {
    let versions = Value::Text("4.01");
    vec![
        Annotation { term: "Org.OData.Core.V1.ODataVersions", qualifier: None, value: versions },
        flag("Org.OData.Core.V1.ConventionalIDs", true),
        flag("Org.OData.Core.V1.DereferenceableIDs", true),
        flag("Org.OData.Capabilities.V1.AsynchronousRequestsSupported", true),
        flag("Org.OData.Capabilities.V1.BatchContinueOnErrorSupported", true),
        flag("Org.OData.Capabilities.V1.BatchSupported", true),
        record("Org.OData.Capabilities.V1.BatchSupport", "RequestDependencyConditionsSupported", true),
        flag("Org.OData.Capabilities.V1.CrossJoinSupported", true),
        flag("Org.OData.Capabilities.V1.KeyAsSegmentSupported", true),
        flag("Org.OData.Capabilities.V1.QuerySegmentSupported", true),
    ]
}
