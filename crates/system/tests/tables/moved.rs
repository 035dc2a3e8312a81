//! Results that come from another system database.

use nextlink_results::{Moved, ResultRow, ResultState};

use crate::databases::*;
use crate::results::row;

#[test]
fn results_are_added_once_and_found_by_their_owner() {
    each(|name, open| {
        let system = open();
        let moved = |row: ResultRow| Moved { row, header: b"sealed"[..].into() };
        let all = [row(1, 1), ResultRow { state: ResultState::Complete, ..row(2, 1) }].map(moved);
        assert_eq!(system.import(&[]).unwrap(), 0, "{name}");
        assert_eq!(system.import(&all).unwrap(), 2, "{name}: its owner has never been here");
        let registry = open().results(&Start::member(1).join(&*system).unwrap());
        let mut found = registry.owned_by(node(1)).unwrap();
        found.sort_by_key(|row| row.id);
        assert_eq!(found, all.clone().map(|moved| moved.row), "{name}");
        let header = &registry.generations(row(1, 1).id).unwrap()[0].header;
        assert_eq!(&header[..], b"sealed", "{name}");
        // What has become of them since stays.
        let later = ResultRow { pages: 9, state: ResultState::Complete, ..row(1, 1) };
        registry.update(&later).unwrap();
        assert_eq!(system.import(&all).unwrap(), 0, "{name}");
        assert!(registry.owned_by(node(1)).unwrap().contains(&later), "{name}");
    });
}
