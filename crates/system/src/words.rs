//! How states and numbers stand in the tables, whatever the database.

use nextlink_results::{Continues, NodeId, Recovery, RegistryError, ResultState};

use crate::node::NodeState;

pub(crate) fn of_state(state: ResultState) -> &'static str {
    match state {
        ResultState::Writing => "writing",
        ResultState::Complete => "complete",
        ResultState::Failed => "failed",
    }
}

pub(crate) fn to_state(word: &str) -> ResultState {
    match word {
        "writing" => ResultState::Writing,
        "complete" => ResultState::Complete,
        _ => ResultState::Failed,
    }
}

pub(crate) fn of_recovery(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::None => "none",
        Recovery::Key => "key",
    }
}

pub(crate) fn to_recovery(word: &str) -> Recovery {
    if word == "key" { Recovery::Key } else { Recovery::None }
}

/// Nodes as one text; none where there are none.
pub(crate) fn of_nodes(nodes: &[NodeId]) -> Option<String> {
    let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    (!names.is_empty()).then(|| names.join(","))
}

pub(crate) fn to_nodes(text: Option<&str>) -> Vec<NodeId> {
    text.unwrap_or_default().split(',').filter_map(NodeId::parse).collect()
}

pub(crate) fn to_continues(generation: Option<i64>, page: Option<i64>) -> Option<Continues> {
    let small = |value: Option<i64>| u32::try_from(value?).ok();
    Some(Continues { generation: small(generation)?, page: small(page)? })
}

pub(crate) fn of_node_state(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Draining => "draining",
        NodeState::Down => "down",
    }
}

/// A state of a later version is taken for one in which nothing is to be given to the node.
pub(crate) fn to_node_state(word: &str) -> NodeState {
    match word {
        "up" => NodeState::Up,
        "down" => NodeState::Down,
        _ => NodeState::Draining,
    }
}

/// Integers of databases are signed; a time or size beyond them is kept as the largest.
pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number that is never below zero.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(crate) fn invalid(what: &str) -> RegistryError {
    RegistryError::Invalid(what.to_owned())
}

/// What sources that differ in case alone have in common.
pub(crate) fn source_key(name: &str) -> String {
    name.to_ascii_lowercase()
}
