//! What is known about a node: the part of its registry row that is signed.

use crate::id::{NodeId, Registration};
use crate::wire::put_prefixed;

/// A node as it has registered: what calls between nodes are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Party {
    /// The registration.
    pub registration: Registration,
    /// How often the node has been started.
    pub boot: u64,
}

/// What a node registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// The node.
    pub id: NodeId,
    /// This registration of it.
    pub registration: Registration,
    /// How often it has been started, this time included.
    pub boot: u64,
    /// A short name, for people and for routes.
    pub name: String,
    /// Where other nodes reach it; `None` for a node that is alone.
    pub address: Option<String>,
}

impl NodeFacts {
    /// Whom calls name.
    #[must_use]
    pub fn party(&self) -> Party {
        Party { registration: self.registration, boot: self.boot }
    }

    /// All of it as bytes, no two alike.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(self.registration.as_bytes());
        out.extend_from_slice(&self.boot.to_le_bytes());
        put_prefixed(&mut out, self.name.as_bytes());
        out.push(u8::from(self.address.is_some()));
        put_prefixed(&mut out, self.address.as_deref().unwrap_or_default().as_bytes());
        out
    }
}
