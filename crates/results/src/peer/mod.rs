//! What nodes say to one another: who they are, how their calls are proved, and pages as they lie on
//! disk. The crate carries no call itself; whoever does needs no key of a page.

mod facts;
mod proof;
mod replay;
mod foreign;

pub use facts::{NodeFacts, Party};
pub use foreign::{Foreign, SealedPage};
pub use proof::{BodyHash, Call, MAX_PROOF_CHARS, PeerKeys, Stamp};
pub use replay::{Replays, WINDOW_MS};
