//! Which types are told beside values (JSON Format section 4.6.3): with full metadata all that a value does not show, with minimal
//! metadata those of them that the model does not have.

use super::entity::Entity;
use super::{Compiler, Op, SpecialShape};
use crate::json::format::Format;
use crate::json::text::write_string;
use crate::layout::Item;
use crate::model::{ComplexTypeId, EntitySetId, EntityType, Model, PrimitiveType, Property, Type};
use crate::query::{Addressed, EntityKind, Expr, Input, Leaf, Named, Query, Selection, Whole};
use crate::version::{MetadataLevel, Version};

/// Whether a value shows of which type it is.
fn shows(ty: Type, collection: bool) -> bool {
    match ty {
        _ if collection => false,
        Type::Primitive(primitive) => {
            matches!(primitive, PrimitiveType::String | PrimitiveType::Boolean | PrimitiveType::Double)
        }
        Type::Enum(_) => false,
        // Its type is told inside.
        Type::Complex(_) => true,
    }
}

/// The type of the value of an expression.
fn type_of(expr: &Expr) -> Type {
    match expr.enumeration {
        Some(id) => Type::Enum(id),
        None => Type::Primitive(expr.primitive.unwrap_or(PrimitiveType::String)),
    }
}

/// The type that the model has for a single value with this path from an entity of a type.
fn declared(model: &Model, ty: &EntityType, of: Option<usize>, path: &[String]) -> Option<Type> {
    let (name, inside) = path.split_first()?;
    if let Some(navigation) = ty.find_navigation_of(name, of) {
        return declared(model, model.entity_type(ty.navigation[navigation].target), None, inside);
    }
    let mut property = &ty.properties[ty.find_property_of(name, of)?];
    for name in inside {
        let Type::Complex(id) = property.ty else {
            return None;
        };
        let complex = model.complex_type(id);
        property = &complex.properties[complex.find_property(name)?];
    }
    (!property.collection).then_some(property.ty)
}

/// `"@odata.type":"#Decimal"` beside a value that alone makes an answer, where its type is to be told. `value` is how it is written.
pub fn told_type(model: &Model, format: Format, leaf: &Leaf, value: &[u8]) -> Option<String> {
    let compiler = Compiler { model, format, base: "", values: Vec::new(), identified: false, called: None };
    let own = compiler.annotation("", "type");
    let inside = value.strip_prefix(b"{").is_some_and(|inside| inside.starts_with(&own[1..]));
    // What is a number as a rule is text where it is none, as INF.
    let special = leaf.ty == Type::Primitive(PrimitiveType::Double) && value.starts_with(b"\"");
    let primitive = matches!(leaf.ty, Type::Primitive(_)) && leaf.definition.is_none();
    let shown = primitive && shows(leaf.ty, leaf.collection) && !special;
    if inside || shown || format.metadata != MetadataLevel::Full {
        return None;
    }
    let mut told = own;
    let fragment = match leaf.definition {
        Some(_) => compiler.named_fragment(&model.declared_name(leaf.ty, leaf.definition), leaf.collection),
        None => compiler.type_fragment(leaf.ty, leaf.collection),
    };
    write_string(&mut told, &fragment);
    String::from_utf8(told.split_off(1)).ok()
}

/// The same of a collection: of values that a function gives, their type; of a set, the functions that are called on all of it.
pub fn told_collection(model: &Model, query: &Query, format: Format) -> Option<String> {
    if query.addressed != Addressed::Collection {
        return None;
    }
    if let Some(value) = query.result(model) {
        let leaf = Leaf::plain(value.ty, true);
        return told_type(model, format, &leaf, b"[");
    }
    let is_set = query.steps.is_empty() && query.singleton.is_none() && query.selection.of.is_none();
    let whole = is_set && query.since.is_none() && matches!(query.input, Input::Path);
    let compiler = Compiler { model, format, base: "", values: Vec::new(), identified: false, called: None };
    (whole && format.metadata == MetadataLevel::Full).then(|| compiler.set_links(query.root)).flatten()
}

impl Compiler<'_> {
    /// Reads a value under a name of its own, or one that alone makes a row.
    pub(super) fn named(
        &mut self,
        named: &Named,
        (selection, entity): (&Selection, Entity<'_>),
        bare: bool,
    ) -> Op {
        match named.whole {
            Some(Whole::Property(set, index)) => {
                let property = &self.type_of(set).properties[index];
                return match property.json {
                    Some(_) => self.typed(property, &Item::Named(named), None),
                    None => self.property(property, None),
                };
            }
            Some(Whole::Dynamic(set)) => return self.members_of_row(set, named, selection),
            None => {}
        }
        let ty = type_of(&named.expr);
        if bare {
            return self.cell(Vec::new(), (ty, false), None);
        }
        let name = named.path.last().map_or("", String::as_str);
        if let Some(id) = self.called {
            return self.part(id, name);
        }
        let told = match self.format.metadata {
            MetadataLevel::None => false,
            // Entities of all sets say of which type they are, so their properties need not.
            MetadataLevel::Minimal if !selection.types.is_empty() => {
                let has =
                    |kind: &EntityKind| declared(self.model, self.type_of(kind.set), kind.of, &named.path);
                !selection.types.iter().any(|kind| has(kind).is_some())
            }
            MetadataLevel::Minimal => self.declared(selection, entity, &named.path) != Some(ty),
            MetadataLevel::Full => true,
        };
        let prefix = if told && !shows(ty, false) { self.typed_prefix(name, ty) } else { self.member(name) };
        let special = self.special(name, ty).filter(|_| told);
        self.cell(prefix, (ty, false), special)
    }

    /// Reads a property of a complex value that makes a row; before the first one its type is told.
    fn part(&mut self, id: ComplexTypeId, name: &str) -> Op {
        let model = self.model;
        let properties = &model.complex_type(id).properties;
        let place = properties.iter().position(|property| property.name == name).unwrap_or_default();
        let property = &properties[place];
        let mut prefix = Vec::new();
        if place == 0 && self.format.metadata == MetadataLevel::Full {
            prefix = self.annotation("", "type");
            write_string(&mut prefix, &self.type_fragment(Type::Complex(id), false));
        }
        prefix.extend(self.prefix_of(property));
        let special = self.special_of(property);
        self.cell(prefix, (property.ty, property.collection), special)
    }

    /// The type that the model has for a value with this path.
    fn declared(&self, selection: &Selection, entity: Entity<'_>, path: &[String]) -> Option<Type> {
        if selection.combined.is_empty() {
            return declared(self.model, self.type_of(entity.set), entity.of, path);
        }
        let (set, inside) = path.split_first()?;
        let known = |set: &EntitySetId, name: &str| self.model.entity_set(*set).name == name;
        let one = selection.combined.iter().find(|one| known(&one.set, set))?;
        declared(self.model, self.type_of(one.set), None, inside)
    }

    /// What stands before a property whose value is no number at all, which does not show of which type it is.
    pub(super) fn special_of(&self, property: &Property) -> Option<Box<SpecialShape>> {
        let told = self.format.metadata == MetadataLevel::Full && !property.collection;
        self.special(&property.name, property.ty).filter(|_| told && property.definition.is_none())
    }

    fn special(&self, name: &str, ty: Type) -> Option<Box<SpecialShape>> {
        let double = ty == Type::Primitive(PrimitiveType::Double);
        double.then(|| Box::new(SpecialShape { prefix: self.typed_prefix(name, ty) }))
    }

    pub(super) fn prefix_of(&self, property: &Property) -> Vec<u8> {
        if property.definition.is_some() {
            let fragment = self.named_fragment(&self.model.declared_type(property), property.collection);
            return self.annotated(&property.name, &fragment);
        }
        self.prefix(&property.name, property.ty, property.collection)
    }

    /// `,"Name":`, behind the type where that is to be told.
    fn prefix(&self, name: &str, ty: Type, collection: bool) -> Vec<u8> {
        if shows(ty, collection) {
            return self.member(name);
        }
        self.annotated(name, &self.type_fragment(ty, collection))
    }

    /// `,"Name":`, with metadata=full behind its type.
    fn annotated(&self, name: &str, fragment: &str) -> Vec<u8> {
        if self.format.metadata != MetadataLevel::Full {
            return self.member(name);
        }
        self.behind(name, fragment)
    }

    /// `,"Name":` behind its type, whatever is asked for.
    fn typed_prefix(&self, name: &str, ty: Type) -> Vec<u8> {
        self.behind(name, &self.type_fragment(ty, false))
    }

    fn behind(&self, name: &str, fragment: &str) -> Vec<u8> {
        let mut prefix = self.annotation(name, "type");
        write_string(&mut prefix, fragment);
        prefix.extend(self.member(name));
        prefix
    }

    /// The type of a value that the schema defines, as a URL.
    fn named_fragment(&self, name: &str, collection: bool) -> String {
        if collection { ["#Collection(", name, ")"].concat() } else { ["#", name].concat() }
    }

    /// The type of a value as a URL, as in `#Ns.Color` or `#Collection(Int32)`.
    fn type_fragment(&self, ty: Type, collection: bool) -> String {
        let name = self.model.type_name(ty);
        let name = match ty {
            Type::Primitive(_) => name.strip_prefix("Edm.").unwrap_or(&name),
            Type::Enum(_) | Type::Complex(_) => &name,
        };
        // 4.01 names built-in types without a hash (section 4.5.3).
        let built_in = matches!(ty, Type::Primitive(_));
        if built_in && !collection && self.format.version == Version::V401 {
            return name.to_owned();
        }
        self.named_fragment(name, collection)
    }
}
