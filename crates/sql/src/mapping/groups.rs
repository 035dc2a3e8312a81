//! Groups of columns that are the properties of complex values.

use crate::catalog::Column;
use crate::shape::{Named, PropertyShape};

/// Columns that become one of a complex type.
#[derive(Clone)]
pub(super) struct Group<'s> {
    pub(super) name: &'s Named,
    pub(super) told: &'s PropertyShape,
    pub(super) columns: Vec<usize>,
    /// The derived type that has it.
    pub(super) owner: Option<usize>,
}

/// Lets a property of a complex type hold what another column of it holds.
pub(super) fn widen(known: &mut Column, other: &Column) {
    let wider = |a: Option<u32>, b: Option<u32>| a.zip(b).map(|(a, b)| a.max(b));
    known.nullable |= other.nullable;
    known.max_length = wider(known.max_length, other.max_length);
    known.precision = wider(known.precision, other.precision);
    known.scale = wider(known.scale, other.scale);
    if known.default_value != other.default_value {
        known.default_value = None;
    }
}
