//! Whether a node has a key of the cluster that it is to join.

use nextlink_results::NodeId;
use nextlink_results::keys::MasterKeys;
use nextlink_results::peer::PeerKeys;
use nextlink_system::System;

use super::sources::Shared;

/// Refuses keys by which a node could neither talk to the others nor serve anything. The nodes that live decide; where
/// none does, the sources do: they can be set anew with other keys, for a cluster whose keys are lost.
///
/// # Errors
/// There are live nodes or sources, and none was made with one of the keys; or the system database does not answer.
pub fn check_keys(
    system: &dyn System,
    shared: &Shared,
    keys: &MasterKeys,
    own: Option<NodeId>,
) -> anyhow::Result<()> {
    let keys = PeerKeys::new(keys)?;
    let roll = system.roll()?;
    let others = roll.nodes.iter().filter(|row| roll.is_live(row) && own != Some(row.facts.id));
    let nodes = ours(others.map(|row| keys.check_row(&row.facts, &row.signature)));
    match nodes {
        Some(true) => Ok(()),
        Some(false) => anyhow::bail!(
            "the other nodes of the cluster have another key: cluster.key_file must be the same on all of them"
        ),
        None if ours(shared.opens()?.into_iter()) == Some(false) => anyhow::bail!(
            "the sources of the cluster were sealed with another key than those of cluster.key_file; if that one is \
             lost, `nextlink sources apply FILE --only` sets them anew"
        ),
        None => Ok(()),
    }
}

/// Whether any of what is there was made with our keys; `None` where nothing is there.
fn ours(all: impl Iterator<Item = bool>) -> Option<bool> {
    all.fold(None, |any, one| Some(any.unwrap_or(false) || one))
}
