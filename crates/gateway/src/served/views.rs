//! The models of a source of which not everybody sees all: one for all logins that see the same.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use nextlink_sql::catalog::Catalog;
use nextlink_sql::mapping::{ModelOptions, build_for};
use nextlink_sql::shape::{ReadThing, Shape};

use super::Served;

/// What is made of the source for whom.
#[derive(Debug)]
pub struct Views {
    catalog: Catalog,
    options: ModelOptions,
    /// By login that the model file names, alone or in a group: its view.
    of: HashMap<String, usize>,
    /// First that of all others.
    views: Vec<View>,
}

/// What some logins see.
#[derive(Debug)]
struct View {
    /// One of them; none for those that the model file does not name.
    login: Option<String>,
    /// Made when somebody asks first. None where it is everything.
    made: OnceLock<Option<Arc<Served>>>,
}

impl Views {
    /// Those of a catalogue whose model these options make; none where everybody sees the same.
    pub fn of(catalog: &Catalog, options: &ModelOptions) -> Option<Views> {
        let shape = &options.shape;
        let things = shape.read_things();
        if things.is_empty() {
            return None;
        }
        let sees: BTreeSet<BTreeSet<&str>> =
            things.iter().map(|thing: &ReadThing<'_>| shape.logins(thing.readers)).collect();
        let mut known = HashMap::from([(vec![false; sees.len()], 0)]);
        let mut views = vec![View { login: None, made: OnceLock::new() }];
        let mut of = HashMap::new();
        for login in sees.iter().flatten() {
            if of.contains_key(*login) {
                continue;
            }
            let seen: Vec<bool> = sees.iter().map(|all| all.contains(login)).collect();
            let everything = seen.iter().all(|seen| *seen);
            let view = *known.entry(seen).or_insert_with(|| {
                let made = if everything { OnceLock::from(None) } else { OnceLock::new() };
                views.push(View { login: Some((*login).to_owned()), made });
                views.len() - 1
            });
            of.insert((*login).to_owned(), view);
        }
        Some(Views { catalog: catalog.clone(), options: options.clone(), of, views })
    }

    /// The model file.
    pub fn shape(&self) -> &Shape {
        &self.options.shape
    }

    /// What a login sees of what `all` is everything of, or whoever has none; none where that is everything.
    pub fn view(&self, all: &Served, login: Option<&str>) -> Option<Arc<Served>> {
        let number = login.and_then(|login| self.of.get(login)).copied().unwrap_or_default();
        let View { login, made } = &self.views[number];
        let made = made.get_or_init(|| {
            let shape = self.options.shape.seen_by(login.as_deref());
            let options = ModelOptions { shape, ..self.options.clone() };
            Some(Arc::new(all.narrowed(build_for(&self.catalog, &options, &all.mapping))))
        });
        made.clone()
    }
}
