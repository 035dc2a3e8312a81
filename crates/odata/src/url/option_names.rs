//! The names of the system query options, and which are allowed where (OData 4.01 Part 2 section 5.1).

use super::ast::{Options, Segment, SegmentKind};
use super::error::{ParseError, ParseErrorKind, Result};

/// A system query option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Filter,
    Select,
    Expand,
    OrderBy,
    Top,
    Skip,
    Count,
    Search,
    Compute,
    Apply,
    Levels,
    Index,
    Format,
    Id,
    SkipToken,
    DeltaToken,
    SchemaVersion,
    At,
    From,
    To,
    ToInclusive,
}

/// Every system query option in canonical case.
pub(crate) const NAMES: [(&str, Name); 21] = [
    ("$filter", Name::Filter),
    ("$select", Name::Select),
    ("$expand", Name::Expand),
    ("$orderby", Name::OrderBy),
    ("$top", Name::Top),
    ("$skip", Name::Skip),
    ("$count", Name::Count),
    ("$search", Name::Search),
    ("$compute", Name::Compute),
    ("$apply", Name::Apply),
    ("$levels", Name::Levels),
    ("$index", Name::Index),
    ("$format", Name::Format),
    ("$id", Name::Id),
    ("$skiptoken", Name::SkipToken),
    ("$deltatoken", Name::DeltaToken),
    ("$schemaversion", Name::SchemaVersion),
    ("$at", Name::At),
    ("$from", Name::From),
    ("$to", Name::To),
    ("$toInclusive", Name::ToInclusive),
];

/// A set of system query options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowed(u32);

impl Allowed {
    const TEMPORAL: u32 = Self::of(&[Name::At, Name::From, Name::To, Name::ToInclusive]);
    /// After an ordinary resource path: all but `$levels`.
    pub(crate) const RESOURCE: Allowed = Allowed(!Self::of(&[Name::Levels]));
    /// At the service root, and after `$metadata`, `$openapi` and `$batch`.
    const FORMAT: Allowed = Allowed(Self::of(&[Name::Format, Name::SchemaVersion]));
    /// After `$entity`.
    const ENTITY: Allowed = Allowed(Self::of(&[Name::Format, Name::Id]));
    /// After `$entity/Type`.
    const ENTITY_CAST: Allowed = Allowed(Self::of(&[Name::Format, Name::Id, Name::Expand, Name::Select]));
    /// In the parentheses of a collection's or complex property's select item.
    pub(crate) const SELECT: Allowed = Allowed(Self::REF.0 | Self::of(&[Name::Compute, Name::Select]));
    /// Behind `/$count`.
    pub(crate) const COUNT: Allowed = Allowed(Self::of(&[Name::Filter, Name::Search]));
    /// Behind `/$ref` in `$expand`.
    pub(crate) const REF: Allowed =
        Allowed(Self::COUNT.0 | Self::of(&[Name::OrderBy, Name::Skip, Name::Top, Name::Count]));
    /// Behind `*` in `$expand`.
    pub(crate) const LEVELS: Allowed = Allowed(Self::of(&[Name::Levels]));
    /// Behind a navigation property in `$expand`.
    pub(crate) const EXPAND: Allowed =
        Allowed(Self::SELECT.0 | Self::TEMPORAL | Self::of(&[Name::Expand, Name::Levels, Name::Apply]));

    const fn of(names: &[Name]) -> u32 {
        let mut set = 0;
        let mut index = 0;
        while index < names.len() {
            set |= 1 << names[index] as u32;
            index += 1;
        }
        set
    }

    pub(crate) fn has(self, name: Name) -> bool {
        self.0 & (1 << name as u32) != 0
    }

    /// What may follow a resource path.
    pub(crate) fn after_path(path: &[Segment]) -> Self {
        match path.first().map(|segment| &segment.kind) {
            None | Some(SegmentKind::Metadata | SegmentKind::OpenApi | SegmentKind::Batch) => Self::FORMAT,
            Some(SegmentKind::Entity) if path.len() == 1 => Self::ENTITY,
            Some(SegmentKind::Entity) => Self::ENTITY_CAST,
            _ => Self::RESOURCE,
        }
    }

    /// `$entity` needs `$id`.
    pub(crate) fn require_id(self, options: &Options, end: u32) -> Result<()> {
        let entity = self == Self::ENTITY || self == Self::ENTITY_CAST;
        if !entity || options.text.iter().any(|option| option.name == "$id") {
            return Ok(());
        }
        let message = "$entity needs the query option $id".into();
        Err(ParseError { kind: ParseErrorKind::Syntax, at: end, expected: "$id", message, option: None })
    }
}

/// The option that a name means, as the standard writes it, or the parameter alias; none for a custom option.
pub(crate) fn meant(name: &str) -> Option<&str> {
    let same = |canonical: &str| {
        canonical.eq_ignore_ascii_case(name) || canonical.trim_start_matches('$').eq_ignore_ascii_case(name)
    };
    let known = NAMES.iter().map(|(canonical, _)| *canonical).find(|canonical| same(canonical));
    known.or_else(|| Some(name).filter(|name| name.starts_with(['@', '$']) && name.len() > 1))
}

/// Options of the temporal extension, which always have their dollar.
pub(crate) fn is_temporal(name: Name) -> bool {
    Allowed::TEMPORAL & (1 << name as u32) != 0
}
