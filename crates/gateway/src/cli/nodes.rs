//! `nodes`: the nodes of the cluster, from the system database.

use super::{NodesArgs, SourceArgs, configuration, validate};
use crate::nodes::{ListedNode, list};

/// Prints all nodes. They need not run.
pub fn nodes(args: &NodesArgs) -> anyhow::Result<()> {
    let from = SourceArgs { sources: Vec::new(), config: args.config.clone() };
    let mut config = configuration(&from)?;
    if let Some(dir) = &args.data_dir {
        config.data_dir.clone_from(dir);
    }
    validate(&config, &from)?;
    let alone = format!("sqlite:{}", config.data_dir.join("system.db").display());
    let cluster = &config.cluster;
    let url = cluster.system.as_ref().map_or(alone.as_str(), |url| url.reveal());
    if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !std::path::Path::new(path).exists()) {
        anyhow::bail!("there is no system database {path}; no node has been started with this configuration");
    }
    let system = nextlink_system::open(url, cluster.system_ca.as_deref())?;
    let found = list(&*system, None)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(());
    }
    let heads = ["NAME", "STATE", "ADDRESS", "LEASE", "RESULTS", "BYTES", "STARTS", "ID"].map(str::to_owned);
    let mut rows = vec![heads];
    rows.extend(found.nodes.iter().map(row));
    let widths: Vec<usize> =
        (0..8).map(|at| rows.iter().map(|row| row[at].len()).max().unwrap_or(0)).collect();
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("{}", cells.join("  ").trim_end());
    }
    Ok(())
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
