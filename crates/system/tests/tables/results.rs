//! Results: each node changes its own, and nothing once another process has taken it over.

use std::sync::Arc;

use nextlink_results::{Recovery, Registry, RegistryError, ResultId, ResultRow, ResultState, Touch};
use nextlink_system::System;

use crate::databases::*;

pub fn row(byte: u8, owner: u8) -> ResultRow {
    ResultRow {
        id: ResultId::from_bytes([byte; 16]),
        generation: u32::from(byte) + 1,
        owner: node(owner),
        state: ResultState::Writing,
        user: "O'Brien \u{1F680}".into(),
        source: "shop".into(),
        recovery: Recovery::Key,
        pages: 0,
        rows: 0,
        bytes: 300,
        created_ms: 1_700_000_000_000,
        expires_ms: 1_700_000_900_000,
        absolute_ms: 1_700_043_200_000,
        replicas: Vec::new(),
        continues: None,
    }
}

fn registry(system: Arc<dyn System>, id: u8) -> Arc<dyn Registry> {
    let facts = Start::member(id).join(&*system).unwrap();
    system.results(&facts)
}

fn sorted(registry: &dyn Registry, owner: u8) -> Vec<ResultRow> {
    let mut found = registry.owned_by(node(owner)).unwrap();
    found.sort_by_key(|row| row.id);
    found
}

#[test]
fn rows_are_inserted_updated_touched_and_removed() {
    each(|name, open| {
        let (nine, eight) = (registry(open(), 9), registry(open(), 8));
        let mut rows: Vec<ResultRow> = (0..3).map(|byte| row(byte, 9)).collect();
        rows.iter().for_each(|row| nine.insert(row, b"").unwrap());
        eight.insert(&row(7, 8), b"").unwrap();
        assert_eq!(sorted(&*nine, 9), rows, "{name}");
        assert_eq!(sorted(&*eight, 9), rows, "{name}: as another node sees it");

        let states = [ResultState::Complete, ResultState::Failed, ResultState::Writing];
        for (row, state) in rows.iter_mut().zip(states) {
            row.state = state;
            row.pages = u32::MAX;
            row.rows = u64::from(u32::MAX) * 2000;
            row.bytes = i64::MAX as u64;
            row.replicas = vec![node(3), node(4)];
            nine.update(row).unwrap();
        }
        assert_eq!(sorted(&*nine, 9), rows, "{name}: updated");

        let touch =
            |row: &ResultRow, expires_ms| Touch { id: row.id, generation: row.generation, expires_ms };
        let touches = [touch(&rows[0], 1_700_001_000_000), touch(&rows[1], 5), touch(&row(70, 9), 1)];
        nine.touch(&touches).unwrap();
        nine.touch(&[]).unwrap();
        rows[0].expires_ms = 1_700_001_000_000;
        assert_eq!(sorted(&*nine, 9), rows, "{name}: touched; an expiry never moves back");

        let other_generation = ResultRow { generation: 99, pages: 1, ..rows[0].clone() };
        let other_owner = ResultRow { owner: node(8), pages: 1, ..rows[0].clone() };
        nine.update(&other_generation).unwrap();
        nine.update(&other_owner).unwrap();
        nine.remove(node(9), &[(rows[0].id, 99), (row(7, 8).id, 8), (row(50, 9).id, 1)]).unwrap();
        nine.remove(node(9), &[]).unwrap();
        assert_eq!(sorted(&*nine, 9), rows, "{name}: another generation or owner is not touched");
        assert_eq!(eight.owned_by(node(8)).unwrap(), [row(7, 8)], "{name}");

        let all: Vec<(ResultId, u32)> = rows.iter().map(|row| (row.id, row.generation)).collect();
        nine.remove(node(9), &all).unwrap();
        assert_eq!(sorted(&*nine, 9), [], "{name}");
    });
}

#[test]
fn an_insert_of_the_same_name_is_refused() {
    each(|name, open| {
        let registry = registry(open(), 1);
        registry.insert(&row(1, 1), b"").unwrap();
        let again = registry.insert(&row(1, 2), b"");
        assert!(matches!(again, Err(RegistryError::Unavailable(_))), "{name}: {again:?}");
    });
}

#[test]
fn a_node_that_was_taken_over_changes_nothing() {
    each(|name, open| {
        let old = registry(open(), 1);
        old.insert(&row(1, 1), b"").unwrap();
        let new = registry(open(), 1);
        assert_eq!(sorted(&*new, 1), [row(1, 1)], "{name}: what the node held is still its own");
        let insert = old.insert(&row(2, 1), b"");
        assert!(matches!(insert, Err(RegistryError::Fenced)), "{name}: {insert:?}");
        old.update(&ResultRow { pages: 5, ..row(1, 1) }).unwrap();
        old.touch(&[Touch { id: row(1, 1).id, generation: 2, expires_ms: u64::MAX }]).unwrap();
        old.remove(node(1), &[(row(1, 1).id, 2)]).unwrap();
        assert_eq!(sorted(&*new, 1), [row(1, 1)], "{name}");
        assert_eq!(sorted(&*old, 1), [row(1, 1)], "{name}: it may read");
        new.remove(node(1), &[(row(1, 1).id, 2)]).unwrap();
        assert_eq!(sorted(&*new, 1), [], "{name}");
    });
}

#[test]
fn what_nodes_hold_is_counted() {
    each(|name, open| {
        let system = open();
        assert_eq!(system.holdings().unwrap(), [], "{name}");
        let (one, two) = (registry(open(), 1), registry(open(), 2));
        [row(1, 1), row(2, 1)].iter().for_each(|row| one.insert(row, b"").unwrap());
        two.insert(&row(3, 2), b"").unwrap();
        two.update(&ResultRow { bytes: 1 << 40, ..row(3, 2) }).unwrap();
        let mut found: Vec<_> =
            system.holdings().unwrap().iter().map(|held| (held.owner, held.results, held.bytes)).collect();
        found.sort();
        assert_eq!(found, [(node(1), 2, 600), (node(2), 1, 1 << 40)], "{name}");
    });
}
