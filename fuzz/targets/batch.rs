//! Batches in both forms: each is requests that fit together, or refused.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use nextlink_odata::batch::{Place, boundary, json, multipart};

const MOST: usize = 20;

fn fit(places: &[Place<'_>]) {
    assert!(places.len() <= MOST);
    let mut known: HashSet<&str> = HashSet::new();
    for place in places {
        let id = place.as_ref().map_or_else(|unread| unread.id.as_deref(), |request| request.id.as_deref());
        if let Ok(request) = place {
            known.extend(request.group.as_deref());
            assert!(request.depends.iter().all(|name| known.contains(name.as_str())), "{request:?}");
        }
        assert!(id.is_none_or(|id| known.insert(id)), "{id:?} is there twice");
    }
}

fuzz_target!(|input: (&str, &[u8])| {
    let (kind, body) = input;
    let named = boundary(kind);
    for boundary in named.as_deref().into_iter().chain(["b"]) {
        if let Ok(places) = multipart(body, boundary, MOST) {
            fit(&places);
        }
    }
    if let Ok(places) = json(body, MOST) {
        fit(&places);
    }
});
