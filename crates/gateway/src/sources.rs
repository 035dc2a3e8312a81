//! The sources as administration sees them, and how those of a cluster are changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use nextlink_results::RegistryError;
use nextlink_system::{NodeRow, NodeState, Roll, System};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cluster::{Done, KnownSource, Rule, Shared};
use crate::config::{Mistakes, SourceConfig};
use crate::nodes::utc;
use crate::slot::Slot;
use crate::slots::{Report, Slots};

/// All sources, by name.
#[derive(Debug, Clone, Serialize)]
pub struct SourceList {
    /// One more at each change; none for a node that is alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The sources.
    pub sources: Vec<ListedSource>,
}

/// A source.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedSource {
    /// Its name.
    pub name: String,
    /// Settings that are not as they are by default, with everything hidden that may be secret.
    pub settings: Map<String, Value>,
    /// The revision at which it was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// When that was, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
    /// Why its settings cannot be used, if they cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the nodes that live make of it.
    pub nodes: Vec<ListedState>,
}

/// What a node makes of a source.
#[derive(Debug, Clone, Serialize)]
pub struct ListedState {
    /// The name of the node.
    pub node: String,
    /// `served`; `down` where it is not; `opening` where it is not yet, or still with settings of before; `behind` where the node
    /// has not seen them; `unknown` where it has said nothing yet.
    pub state: &'static str,
    /// Why it is not served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl ListedSource {
    /// Its URL, without what may be secret.
    pub fn url(&self) -> &str {
        self.settings.get("url").and_then(Value::as_str).unwrap_or("-")
    }
}

/// Lists the sources of a cluster. May block.
///
/// # Errors
/// The system database does not answer.
pub fn list(system: &dyn System, shared: &Shared) -> Result<SourceList, RegistryError> {
    let (known, roll) = (shared.read()?, system.roll()?);
    let sources = known.sources.iter().map(|source| listed(source, &roll)).collect();
    Ok(SourceList { revision: Some(known.revision), sources })
}

/// Lists the sources of a node that is alone.
pub fn list_alone(slots: &Slots, node: &str) -> SourceList {
    let report = slots.report();
    let one = |slot: Arc<Slot>| ListedSource {
        settings: slot.config.unusual(),
        revision: None,
        changed_at: None,
        problem: None,
        nodes: vec![state_of(&report, &slot.name, 0, node)],
        name: slot.name.clone(),
    };
    SourceList { revision: None, sources: slots.all().into_iter().map(one).collect() }
}

fn listed(source: &KnownSource, roll: &Roll) -> ListedSource {
    let lives = |row: &&NodeRow| roll.is_live(row) && row.state != NodeState::Down;
    let state = |row: &NodeRow| {
        let report = row.sources.as_ref().and_then(|text| serde_json::from_str::<Report>(text).ok());
        let node = row.facts.name.clone();
        match report {
            Some(report) => state_of(&report, &source.name, source.revision, &node),
            None => ListedState { node, state: "unknown", cause: None },
        }
    };
    ListedSource {
        name: source.name.clone(),
        settings: source.config.as_ref().map(SourceConfig::unusual).unwrap_or_default(),
        revision: Some(source.revision),
        changed_at: Some(utc(source.changed_ms)),
        problem: source.config.as_ref().err().cloned(),
        nodes: roll.nodes.iter().filter(lives).map(state).collect(),
    }
}

fn state_of(report: &Report, name: &str, revision: u64, node: &str) -> ListedState {
    let cause = report.down.get(name).cloned();
    let state = if report.revision < revision {
        "behind"
    } else if report.opening.iter().any(|opening| opening == name) {
        "opening"
    } else if cause.is_some() {
        "down"
    } else {
        "served"
    };
    ListedState { node: node.to_owned(), state, cause: cause.filter(|_| state == "down") }
}

/// Why a source was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// Its settings cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The system database does not answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl From<Mistakes> for SetError {
    fn from(mistakes: Mistakes) -> SetError {
        SetError::Settings(mistakes.to_string())
    }
}

/// Sets a source of a cluster. May block.
///
/// # Errors
/// Its settings cannot be used, or the system database does not answer.
pub fn set(shared: &Shared, name: &str, config: SourceConfig) -> Result<Done, SetError> {
    config.check(name)?;
    if config.model.is_some() {
        let problem = "other nodes do not have this file: send what is in it as model_text".to_owned();
        return Err(SetError::Settings(["sources.", name, ".model: ", &problem].concat()));
    }
    let done = shared.put(&BTreeMap::from([(name.to_owned(), config)]), Rule::Each)?;
    Ok(done.first().map_or(Done::Same, |(_, done)| *done))
}

/// One source of a list.
pub fn find(list: SourceList, name: &str) -> Option<ListedSource> {
    list.sources.into_iter().find(|source| source.name.eq_ignore_ascii_case(name))
}
