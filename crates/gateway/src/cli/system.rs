//! `system import`: a node that was alone brings what it had into its cluster.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use nextlink_results::keys::{KEY_FILE, MasterKeys};
use nextlink_results::{NodeId, NodeIdentity, ResultRow, of_directory};
use nextlink_system::{System, open};

use super::draft::Draft;
use super::out::say;
use super::{SourceArgs, sources};
use crate::cluster::Rule;
use crate::config::{Config, with_model_texts};

/// Results that are added in one step.
const BATCH: usize = 500;

#[derive(Debug, Args)]
pub(super) struct SystemArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Bring a node that was alone into the cluster that its configuration names now: the sources of the file, and the
    /// stored results on its disk. To be run before its first start there; once more does no harm
    Import(ImportArgs),
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// The configuration of the node (TOML), with cluster.system
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory of the node [default: nextlink-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Runs a command.
pub(super) fn system(args: &SystemArgs) -> anyhow::Result<()> {
    let What::Import(args) = &args.what;
    let from = SourceArgs { sources: Vec::new(), config: args.config.clone() };
    let mut draft = Draft::read(&from)?;
    if let Some(dir) = &args.data_dir {
        draft.config.data_dir.clone_from(dir);
    }
    let config = draft.validated()?;
    let dir = &config.data_dir;
    let alone = dir.join("system.db");
    anyhow::ensure!(dir.is_dir(), "there is no data directory {}", dir.display());
    // Whoever holds it is not running.
    let node = NodeIdentity::open(dir)?;
    let (connected, shared) = sources::open(&config)?;
    sources::tell(&shared.put(&with_model_texts(&config.sources)?, Rule::Missing)?);
    if !alone.exists() {
        say!("stored results: none, as there is no {}", alone.display());
        return Ok(());
    }
    results(&config, &*connected.system, &connected.keys, node.id())
}

/// Adds the results of the node, so that links to them stay good.
fn results(config: &Config, to: &dyn System, keys: &MasterKeys, node: NodeId) -> anyhow::Result<()> {
    let url = ["sqlite:", &config.data_dir.join("system.db").to_string_lossy()].concat();
    if config.cluster.system.as_ref().is_some_and(|system| system.reveal() == url) {
        say!("stored results: nothing to do, as the cluster has the system database of this node");
        return Ok(());
    }
    let from = open(&url, None).context("the system database that the node had alone")?;
    let rows = held(&from, node)?;
    let there = rows.len();
    let found = of_directory(&config.data_dir.join("results"), rows, keys);
    let mut added = 0;
    for batch in found.chunks(BATCH) {
        added += to.import(batch)?;
    }
    say!(
        "stored results: {added} added, {} known already, {} not readable",
        found.len() as u64 - added,
        there - found.len()
    );
    if !has_key(config, keys)? {
        say!(
            "The key in {} is not among those of the cluster: links that this node gave before are answered with 410, and \
             its files are removed when it starts. To keep them, add the last line of it as a further line to \
             cluster.key_file, on all nodes, and run this again before.",
            config.data_dir.join(KEY_FILE).display()
        );
    }
    Ok(())
}

fn held(from: &Arc<dyn System>, node: NodeId) -> anyhow::Result<Vec<ResultRow>> {
    let roll = from.roll()?;
    let Some(row) = roll.find(node) else { return Ok(Vec::new()) };
    Ok(Arc::clone(from).results(&row.facts).owned_by(node)?)
}

/// Whether the key that the node had alone is one of the cluster's.
fn has_key(config: &Config, keys: &MasterKeys) -> anyhow::Result<bool> {
    let path = config.data_dir.join(KEY_FILE);
    if !path.exists() {
        return Ok(true);
    }
    let own = MasterKeys::read(&path)?.current.id();
    Ok(keys.current.id() == own || keys.previous.iter().any(|key| key.id() == own))
}
