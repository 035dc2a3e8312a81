//! Several nodes as one service: membership, calls between nodes, pages of other nodes.

mod sources;
mod belonging;
mod members;
mod wire;
mod tls;
mod link;
mod client;
mod ahead;
mod foreign;
mod suspects;
mod lease;
mod seek;
mod succession;
mod membership;
mod replicas;
mod renewal;
mod drain;
mod fetch;
mod listing;
mod serve;
#[cfg(test)]
mod sim;

pub use drain::Drained;
pub use fetch::{ask_copies, page};
pub use listing::{Told, end, results};
pub use members::Member;
pub use membership::{Cluster, Connected, Joined, connect, join, look};
pub use renewal::renew_copies;
pub use replicas::keep_copies;
pub use seek::Missing;
pub use serve::listen;
pub use sources::{Done, Known, KnownSource, Rule, Shared};
pub use succession::{Copies, Executions, go_on};
pub use tls::Tls;
