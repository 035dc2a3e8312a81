//! Several nodes as one service: membership, calls between nodes, pages of other nodes.

mod members;
mod wire;
mod tls;
mod client;
mod ahead;
mod foreign;
mod suspects;
mod membership;
mod replicas;
mod renewal;
mod drain;
mod fetch;
mod listing;
mod serve;

pub use drain::Drained;
pub use fetch::{Missing, page};
pub use listing::{Told, end, results};
pub use members::{Member, Members};
pub use membership::{Cluster, Joined, join};
pub use renewal::renew_copies;
pub use replicas::keep_copies;
pub use serve::listen;
