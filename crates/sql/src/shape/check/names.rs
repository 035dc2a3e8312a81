//! Names of a model file, and what is said of one that is wrong.

use std::collections::HashMap;

use super::super::ShapeError;
use super::super::named::{Named, Spot};
use crate::identifier::is_identifier;

/// What comes of a check.
pub(in super::super) type Checked = Result<(), ShapeError>;

/// What is wrong at a place.
pub(in super::super) fn bad(spot: Spot, words: &[&str]) -> ShapeError {
    ShapeError { spot, problem: words.concat() }
}

/// That a name can be one.
pub(super) fn is_name(name: &Named) -> Checked {
    if is_identifier(&name.text) {
        return Ok(());
    }
    let words =
        ["`", &name.text, "` cannot be a name: letters, digits and _ can, 128 at most, no digit first"];
    Err(bad(name.spot, &words))
}

/// Names that must differ, with the places where they stand.
#[derive(Default)]
pub(super) struct Names<'a>(HashMap<&'a str, Spot>);

impl<'a> Names<'a> {
    /// Another name.
    pub(super) fn add(&mut self, name: &'a Named) -> Checked {
        is_name(name)?;
        self.once(name, "the name")
    }

    /// Another one of what is named so.
    pub(super) fn once(&mut self, name: &'a Named, what: &str) -> Checked {
        match self.0.insert(&name.text, name.spot) {
            None => Ok(()),
            Some(first) => {
                let line = first.line.to_string();
                Err(bad(name.spot, &[what, " `", &name.text, "` stands in line ", &line, " already"]))
            }
        }
    }
}
