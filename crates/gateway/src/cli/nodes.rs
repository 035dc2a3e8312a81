//! `nodes` and `results`: the nodes of the cluster and what they hold, from the system database.

use std::sync::Arc;

use nextlink_system::System;

use super::draft::Draft;
use super::out::say;
use super::{NodesArgs, SourceArgs};
use crate::nodes::{ListedNode, list};
use crate::results::ListedResult;
use crate::stored::StoredResult;

/// Opens the system database of a configuration. No node need run.
fn open(args: &NodesArgs) -> anyhow::Result<Arc<dyn System>> {
    let from = SourceArgs { sources: Vec::new(), config: args.config.clone() };
    let mut draft = Draft::read(&from)?;
    if let Some(dir) = &args.data_dir {
        draft.config.data_dir.clone_from(dir);
    }
    let config = draft.validated()?;
    let alone = format!("sqlite:{}", config.data_dir.join("system.db").display());
    let cluster = &config.cluster;
    let url = cluster.system.as_ref().map_or(alone.as_str(), |url| url.reveal());
    if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !std::path::Path::new(path).exists()) {
        anyhow::bail!("there is no system database {path}; no node has been started with this configuration");
    }
    Ok(nextlink_system::open(url, cluster.system_ca.as_deref())?)
}

/// Prints rows below their heads.
pub(super) fn print<const N: usize>(heads: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let mut all = vec![heads.map(str::to_owned)];
    all.extend(rows);
    let widths: Vec<usize> =
        (0..N).map(|at| all.iter().map(|row| row[at].len()).max().unwrap_or(0)).collect();
    for row in &all {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        say!("{}", cells.join("  ").trim_end());
    }
}

/// Prints all nodes.
pub fn nodes(args: &NodesArgs) -> anyhow::Result<()> {
    let system = open(args)?;
    let found = list(&*system, None)?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(());
    }
    let heads = ["NAME", "STATE", "ADDRESS", "LEASE", "RESULTS", "BYTES", "STARTS", "ID"];
    print(heads, found.nodes.iter().map(row));
    Ok(())
}

/// Prints the stored results of all nodes, the oldest first.
pub fn results(args: &NodesArgs) -> anyhow::Result<()> {
    let system = open(args)?;
    let mut found = Vec::new();
    let nodes = system.roll()?.nodes;
    let names = nodes.iter().map(|node| (node.facts.id.to_string(), node.facts.name.clone())).collect();
    for node in nodes {
        let registry = Arc::clone(&system).results(&node.facts);
        let held = registry.owned_by(node.facts.id)?;
        found.extend(held.iter().map(|held| (StoredResult::registered(held), node.facts.name.clone())));
    }
    found.sort_by(|(a, _), (b, _)| a.place().cmp(&b.place()));
    let found: Vec<ListedResult> =
        found.into_iter().map(|(result, owner)| ListedResult::of(result, &owner, &names)).collect();
    if args.json {
        say!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(());
    }
    let heads = ["ID", "STATE", "OWNER", "SOURCE", "USER", "PAGES", "ROWS", "BYTES", "MADE", "EXPIRES"];
    print(heads, found.into_iter().map(result_row));
    Ok(())
}

fn result_row(result: ListedResult) -> [String; 10] {
    [
        result.id,
        result.state,
        result.owner,
        result.source,
        result.user,
        result.pages.to_string(),
        result.rows.to_string(),
        result.bytes.to_string(),
        result.created_at,
        result.idle_expires_at,
    ]
}

fn row(node: &ListedNode) -> [String; 8] {
    [
        node.name.clone(),
        node.state.to_owned(),
        node.address.clone().unwrap_or_else(|| "-".to_owned()),
        node.lease_seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s")),
        node.results.to_string(),
        node.bytes.to_string(),
        node.boot.to_string(),
        node.id.clone(),
    ]
}
