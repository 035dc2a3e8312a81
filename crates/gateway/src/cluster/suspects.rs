//! Nodes that did not answer just now: others are asked at the same time as they are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nextlink_results::NodeId;
use tokio::time::Instant;

/// How long a node that did not answer is not relied on.
const DISTRUST: Duration = Duration::from_secs(1);

/// Nodes that did not answer just now.
#[derive(Default)]
pub struct Suspects {
    until: Mutex<HashMap<NodeId, Instant>>,
}

impl Suspects {
    /// Notes that a node did not answer.
    pub fn add(&self, node: NodeId) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.insert(node, Instant::now() + DISTRUST);
    }

    /// Notes that a node has answered.
    pub fn clear(&self, node: NodeId) {
        self.until.lock().unwrap_or_else(PoisonError::into_inner).remove(&node);
    }

    /// Whether a node did not answer just now.
    pub fn holds(&self, node: NodeId) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(&node).is_some_and(|until| *until > Instant::now())
    }
}
