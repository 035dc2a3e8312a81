//! CSDL in XML (CSDL XML 4.0 and 4.01).

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::BINDING;
use super::CsdlOptions;
use super::annotations::{self, Annotation, Listed, Value};
use super::applied;
use crate::model::{
    ComplexType, DerivedType, EntitySet, EntityType, EnumType, Function, Model, NavigationProperty, OnDelete,
    PrimitiveType, Property, Returns, Singleton, Stream, Type, TypeDefinition,
};

const EDMX: &str = "http://docs.oasis-open.org/odata/ns/edmx";
const EDM: &str = "http://docs.oasis-open.org/odata/ns/edm";

/// The metadata document in XML.
pub fn xml(model: &Model, options: &CsdlOptions) -> String {
    let mut out = Out(Writer::new_with_indent(Vec::new(), b' ', 2));
    out.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    out.open("edmx:Edmx", &[("Version", options.version.as_str()), ("xmlns:edmx", EDMX)]);
    let own = annotations::referenced(model)
        .map(|namespace| ([&options.vocabulary_base, namespace, ".xml"].concat(), namespace.to_owned()));
    for (uri, namespace) in own.chain(applied::references(model, options, ".xml")) {
        out.open("edmx:Reference", &[("Uri", &uri)]);
        out.empty("edmx:Include", &[("Namespace", &namespace)]);
        out.close("edmx:Reference");
    }
    out.open("edmx:DataServices", &[]);
    out.open("Schema", &[("Namespace", &model.namespace), ("xmlns", EDM)]);
    for enum_type in &model.enum_types {
        out.enum_type(enum_type);
    }
    for definition in &model.type_definitions {
        out.type_definition(definition);
    }
    for complex_type in &model.complex_types {
        out.complex_type(model, complex_type);
    }
    for entity_type in &model.entity_types {
        out.entity_type(model, entity_type);
    }
    for function in &model.functions {
        out.function(model, function);
    }
    // A container has at least one child (CSDL 4.0 section 13.1): an empty database has none to give.
    if !model.entity_sets.is_empty() {
        out.container(model);
    }
    out.applied(model);
    for name in ["Schema", "edmx:DataServices", "edmx:Edmx"] {
        out.close(name);
    }
    String::from_utf8(out.0.into_inner()).unwrap_or_default()
}

/// A document that is being written.
pub(super) struct Out(Writer<Vec<u8>>);

impl Out {
    fn event(&mut self, event: Event<'_>) {
        // A Vec takes all that is written to it.
        let _ = self.0.write_event(event);
    }

    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Start(element(name, attributes)));
    }

    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(element(name, attributes)));
    }

    pub(super) fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// CSDL 4.01 section 10.
    fn enum_type(&mut self, enum_type: &EnumType) {
        let underlying = enum_type.underlying();
        let mut attributes = vec![("Name", enum_type.name.as_str())];
        if underlying != PrimitiveType::Int32 {
            attributes.push(("UnderlyingType", underlying.name()));
        }
        if enum_type.flags {
            attributes.push(("IsFlags", "true"));
        }
        self.open("EnumType", &attributes);
        for member in &enum_type.members {
            self.empty("Member", &[("Name", &member.name), ("Value", &member.value.to_string())]);
        }
        self.annotations(&annotations::description(enum_type.description.as_deref()));
        self.close("EnumType");
    }

    /// CSDL 4.01 section 11.
    fn type_definition(&mut self, definition: &TypeDefinition) {
        let number = |n: Option<u32>| n.map(|n| n.to_string());
        let facets = [
            ("MaxLength", number(definition.max_length)),
            ("Precision", number(definition.precision)),
            ("Scale", number(definition.scale)),
        ];
        let mut attributes =
            vec![("Name", definition.name.as_str()), ("UnderlyingType", definition.underlying.name())];
        attributes.extend(facets.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
        let described = annotations::description(definition.description.as_deref());
        self.with_annotations("TypeDefinition", &attributes, &described);
    }

    /// CSDL 4.01 section 9.
    fn complex_type(&mut self, model: &Model, complex_type: &ComplexType) {
        self.open("ComplexType", &[("Name", &complex_type.name)]);
        for property in &complex_type.properties {
            self.property(model, property);
        }
        self.annotations(&annotations::description(complex_type.description.as_deref()));
        self.close("ComplexType");
    }

    /// CSDL 4.01 section 6.
    fn entity_type(&mut self, model: &Model, entity_type: &EntityType) {
        let mut attributes = vec![("Name", entity_type.name.as_str())];
        if entity_type.family.as_ref().is_some_and(|family| family.is_abstract) {
            attributes.push(("Abstract", "true"));
        }
        if entity_type.open {
            attributes.push(("OpenType", "true"));
        }
        if entity_type.media.is_some() {
            attributes.push(("HasStream", "true"));
        }
        self.open("EntityType", &attributes);
        self.open("Key", &[]);
        for &key in &entity_type.key {
            self.empty("PropertyRef", &[("Name", &entity_type.properties[key].name)]);
        }
        self.close("Key");
        self.properties_of(model, entity_type, None);
        self.annotations(&annotations::entity_type(model, entity_type));
        self.close("EntityType");
        for (number, derived) in entity_type.family.iter().flat_map(|family| &family.derived).enumerate() {
            self.derived_type(model, entity_type, number, derived);
        }
    }

    /// CSDL 4.01 section 6.2.
    fn derived_type(&mut self, model: &Model, root: &EntityType, number: usize, derived: &DerivedType) {
        let base = [&model.namespace, ".", root.name_of(derived.base)].concat();
        let mut attributes = vec![("Name", derived.name.as_str()), ("BaseType", &base)];
        if derived.is_abstract {
            attributes.push(("Abstract", "true"));
        }
        if derived.media.is_some() {
            attributes.push(("HasStream", "true"));
        }
        self.open("EntityType", &attributes);
        self.properties_of(model, root, Some(number));
        self.annotations(&annotations::description(derived.description.as_deref()));
        self.close("EntityType");
    }

    /// The properties that one type of a family has itself.
    fn properties_of(&mut self, model: &Model, root: &EntityType, owner: Option<usize>) {
        let own = |index: &usize| root.owner_of_property(*index) == owner;
        for index in (0..root.properties.len()).filter(own) {
            self.property(model, &root.properties[index]);
        }
        let own = |index: &usize| root.owner_of_stream(*index) == owner;
        for index in (0..root.streams.len()).filter(own) {
            self.stream(&root.streams[index]);
        }
        let own = |index: &usize| root.owner_of_navigation(*index) == owner;
        for index in (0..root.navigation.len()).filter(own) {
            self.navigation(model, root, &root.navigation[index]);
        }
    }

    /// CSDL 4.01 section 7.
    fn property(&mut self, model: &Model, property: &Property) {
        let number = |n: Option<u32>| n.map(|n| n.to_string());
        let definition = model.definition_of(property);
        let [length, precision, scale] = property.own_facets(definition).map(number);
        // Without the attribute a Decimal would have no fraction (section 7.2.4).
        let unsaid = definition.is_none_or(|found| found.scale.is_none());
        let scale = (property.ty == Type::Primitive(PrimitiveType::Decimal) && unsaid)
            .then(|| scale.unwrap_or_else(|| "variable".to_owned()));
        let mut type_name = model.declared_type(property);
        if property.collection {
            type_name = ["Collection(", &type_name, ")"].concat();
        }
        let mut attributes = vec![("Name", property.name.as_str()), ("Type", type_name.as_str())];
        // True is the default, but not of collections (section 7.2.1).
        if property.collection || !property.nullable {
            attributes.push(("Nullable", bool_text(property.nullable)));
        }
        let facets = [("MaxLength", &length), ("Precision", &precision), ("Scale", &scale)];
        attributes.extend(facets.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
        // Each shape has a reference system of its own (section 7.2.6).
        let shape = matches!(property.ty, Type::Primitive(PrimitiveType::Shape(..)));
        attributes.extend(shape.then_some(("SRID", "variable")));
        attributes.extend(property.default_value.as_deref().map(|value| ("DefaultValue", value)));
        self.with_annotations("Property", &attributes, &annotations::property(property));
    }

    /// A stream property (CSDL 4.01 section 7).
    fn stream(&mut self, stream: &Stream) {
        let mut attributes = vec![("Name", stream.name.as_str()), ("Type", "Edm.Stream")];
        if !stream.nullable {
            attributes.push(("Nullable", "false"));
        }
        self.with_annotations("Property", &attributes, &annotations::stream(stream));
    }

    /// CSDL 4.01 section 8.
    fn navigation(&mut self, model: &Model, owner: &EntityType, navigation: &NavigationProperty) {
        let target = model.entity_type(navigation.target);
        let mut type_name = model.qualified_name(navigation.target);
        if navigation.collection {
            type_name = ["Collection(", &type_name, ")"].concat();
        }
        let mut attributes = vec![("Name", navigation.name.as_str()), ("Type", type_name.as_str())];
        // A collection may be empty but is never null (section 8.3).
        if !navigation.collection && !navigation.nullable {
            attributes.push(("Nullable", "false"));
        }
        let partner = navigation.partner.filter(|p| *p < target.navigation.len());
        let partner = partner.map(|p| annotations::navigation_path(model, target, p));
        attributes.extend(partner.iter().map(|path| ("Partner", path.as_str())));
        let constraints = navigation.told_constraints(owner);
        if constraints.is_empty() && navigation.on_delete.is_none() {
            return self.empty("NavigationProperty", &attributes);
        }
        self.open("NavigationProperty", &attributes);
        for &(here, there) in constraints {
            let (here, there) = (&owner.properties[here].name, &target.properties[there].name);
            self.empty("ReferentialConstraint", &[("Property", here), ("ReferencedProperty", there)]);
        }
        if let Some(action) = navigation.on_delete {
            self.empty("OnDelete", &[("Action", on_delete(action))]);
        }
        self.close("NavigationProperty");
    }

    /// CSDL 4.01 section 13.
    fn container(&mut self, model: &Model) {
        self.open("EntityContainer", &[("Name", &model.container)]);
        for (_, set) in model.served_sets() {
            self.entity_set(model, set);
        }
        for single in &model.singletons {
            self.singleton(model, single);
        }
        for function in model.function_imports() {
            self.function_import(model, function);
        }
        self.annotations(&annotations::container());
        self.close("EntityContainer");
    }

    fn entity_set(&mut self, model: &Model, set: &EntitySet) {
        let entity_type = model.entity_type(set.entity_type);
        let type_name = model.qualified_name(set.entity_type);
        self.open("EntitySet", &[("Name", &set.name), ("EntityType", &type_name)]);
        self.bindings(model, entity_type);
        self.annotations(&annotations::entity_set(model, entity_type, set));
        self.close("EntitySet");
    }

    /// CSDL 4.01 section 12.3.
    fn function(&mut self, model: &Model, function: &Function) {
        let bound = function.bound.iter();
        let mut attributes = vec![("Name", function.name.as_str())];
        attributes.extend(bound.clone().map(|_| ("IsBound", "true")));
        attributes.push(("IsComposable", "true"));
        self.open("Function", &attributes);
        for bound in bound {
            let type_name = model.qualified_name(model.entity_set(bound.set).entity_type);
            let type_name =
                if bound.collection { ["Collection(", &type_name, ")"].concat() } else { type_name };
            self.empty("Parameter", &[("Name", BINDING), ("Type", &type_name), ("Nullable", "false")]);
        }
        for (number, parameter) in function.own_parameters() {
            let type_name = model.type_name(parameter.ty);
            let mut attributes = vec![("Name", parameter.name.as_str()), ("Type", type_name.as_str())];
            attributes.extend((!parameter.nullable).then_some(("Nullable", "false")));
            if parameter.ty == Type::Primitive(PrimitiveType::Decimal) {
                attributes.push(("Scale", "variable"));
            }
            match annotations::optional(function, number) {
                None => self.empty("Parameter", &attributes),
                Some(optional) => {
                    self.open("Parameter", &attributes);
                    self.annotations(&[optional]);
                    self.close("Parameter");
                }
            }
        }
        let (one, nullable) = match &function.returns {
            Returns::Entities(set) => {
                (model.qualified_name(model.entity_set(*set).entity_type), !function.collection)
            }
            Returns::Values(value) => (model.declared_type(value), value.nullable),
        };
        let type_name = if function.collection { ["Collection(", &one, ")"].concat() } else { one };
        let mut attributes = vec![("Type", type_name.as_str())];
        attributes.extend((!nullable).then_some(("Nullable", "false")));
        if function.value().is_some_and(|value| value.primitive() == Some(PrimitiveType::Decimal)) {
            attributes.push(("Scale", "variable"));
        }
        self.empty("ReturnType", &attributes);
        self.annotations(&annotations::description(function.description.as_deref()));
        self.close("Function");
    }

    /// CSDL 4.01 section 13.6.
    fn function_import(&mut self, model: &Model, function: &Function) {
        let name = model.function_name(function);
        let mut attributes = vec![("Name", function.name.as_str()), ("Function", name.as_str())];
        attributes.extend(function.set().map(|set| ("EntitySet", model.entity_set(set).name.as_str())));
        if model.is_called_bare(function) {
            attributes.push(("IncludeInServiceDocument", "true"));
        }
        self.empty("FunctionImport", &attributes);
    }

    /// CSDL 4.01 section 13.3.
    fn singleton(&mut self, model: &Model, single: &Singleton) {
        let id = model.entity_set(single.set).entity_type;
        let entity_type = model.entity_type(id);
        self.open("Singleton", &[("Name", &single.name), ("Type", &model.qualified_name(id))]);
        self.bindings(model, entity_type);
        self.annotations(&annotations::singleton(entity_type, single.description.as_deref()));
        self.close("Singleton");
    }

    fn bindings(&mut self, model: &Model, entity_type: &EntityType) {
        for (path, target) in annotations::bindings(model, entity_type) {
            self.empty("NavigationPropertyBinding", &[("Path", &path), ("Target", target)]);
        }
    }

    fn with_annotations(&mut self, name: &str, attributes: &[(&str, &str)], annotations: &[Annotation<'_>]) {
        if annotations.is_empty() {
            return self.empty(name, attributes);
        }
        self.open(name, attributes);
        self.annotations(annotations);
        self.close(name);
    }

    /// CSDL 4.01 section 14.
    fn annotations(&mut self, annotations: &[Annotation<'_>]) {
        for Annotation { term, qualifier, value } in annotations {
            match value {
                Value::Hierarchy(node, above) => {
                    let qualifier = qualifier.as_deref().unwrap_or_default();
                    self.open("Annotation", &[("Term", term), ("Qualifier", qualifier)]);
                    self.open("Record", &[]);
                    self.empty("PropertyValue", &[("Property", "NodeProperty"), ("PropertyPath", node)]);
                    let navigation =
                        [("Property", "ParentNavigationProperty"), ("NavigationPropertyPath", above)];
                    self.empty("PropertyValue", &navigation);
                    self.close("Record");
                    self.close("Annotation");
                }
                Value::Bool(value) => {
                    self.empty("Annotation", &[("Term", term), ("Bool", bool_text(*value))])
                }
                Value::Text(text) => self.empty("Annotation", &[("Term", term), ("String", text)]),
                Value::Paths(names) => {
                    self.open("Annotation", &[("Term", term)]);
                    self.paths(names);
                    self.close("Annotation");
                }
                Value::Optional(default) => {
                    self.open("Annotation", &[("Term", term)]);
                    self.open("Record", &[]);
                    if let Some(text) = default {
                        self.empty("PropertyValue", &[("Property", "DefaultValue"), ("String", text)]);
                    }
                    self.close("Record");
                    self.close("Annotation");
                }
                Value::Record(property, value, listed) => {
                    self.open("Annotation", &[("Term", term)]);
                    self.open("Record", &[]);
                    self.empty("PropertyValue", &[("Property", property), ("Bool", bool_text(*value))]);
                    if let Some(listed) = listed {
                        self.property_paths(listed);
                    }
                    self.close("Record");
                    self.close("Annotation");
                }
            }
        }
    }
}

impl Out {
    /// CSDL 4.01 section 14.4.1.7.
    fn property_paths(&mut self, listed: &Listed) {
        self.open("PropertyValue", &[("Property", listed.property)]);
        self.paths(&listed.names);
        self.close("PropertyValue");
    }

    /// Text inside of an element.
    pub(super) fn text(&mut self, text: &str) {
        self.event(Event::Text(BytesText::new(&legal(text))));
    }

    fn paths(&mut self, names: &[impl AsRef<str>]) {
        self.open("Collection", &[]);
        for name in names {
            self.open("PropertyPath", &[]);
            self.text(name.as_ref());
            self.close("PropertyPath");
        }
        self.close("Collection");
    }
}

fn element<'a>(name: &'a str, attributes: &[(&'a str, &'a str)]) -> BytesStart<'a> {
    let mut element = BytesStart::new(name);
    for &(name, value) in attributes {
        element.push_attribute((name, legal(value)));
    }
    element
}

/// The text without characters that no XML document can hold (XML 1.0 section 2.2): a database's comment
/// may have them.
fn legal(text: &str) -> Cow<'_, str> {
    let is_legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if text.chars().all(is_legal) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|c| if is_legal(c) { c } else { char::REPLACEMENT_CHARACTER }).collect())
    }
}

fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// CSDL 4.01 section 8.6.
pub(super) fn on_delete(action: OnDelete) -> &'static str {
    match action {
        OnDelete::Cascade => "Cascade",
        OnDelete::None => "None",
        OnDelete::SetNull => "SetNull",
        OnDelete::SetDefault => "SetDefault",
    }
}
