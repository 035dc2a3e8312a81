//! What a store asks of the cluster that its node is in.

use crate::id::{NodeId, ResultId};

/// Where results may lie. A store without one is alone.
pub trait Placement: Send + Sync {
    /// The nodes that are to get a copy of a new result: so many, or as many as of others.
    fn holders(&self, id: ResultId, replicas: Option<usize>) -> Vec<NodeId>;

    /// Whether new results may be stored: not once the node is about to end, or another process has taken it over.
    fn may_store(&self) -> bool;
}
