//! `sources`: what all nodes of a cluster serve, to be listed and changed. No node need run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::SourceArgs;
use super::draft::Draft;
use super::nodes::print;
use super::out::say;
use crate::cluster::{self, Connected, Done, Rule, Shared};
use crate::config::{Config, SourceConfig, with_model_texts};
use crate::sources::{self, ListedSource};

#[derive(Debug, Args)]
pub(super) struct SourcesArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// The configuration of a node of the cluster (TOML)
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The list as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Set one source; what is not named is as by default
    Set(SetArgs),
    /// Set the sources of a file, all in one step
    Apply(ApplyArgs),
    /// Remove a source, and the stored results that were read from it
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
struct SetArgs {
    /// Its name in URLs
    name: String,
    /// Where it is: sqlite:/path/to/file.db, postgres://user@host/database, mysql://…, mariadb://…
    url: String,
    /// Further settings, as in user=reader password_file=/run/secrets/shop page_rows=500 'include=["a*"]'
    #[arg(value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

#[derive(Debug, Args)]
struct ApplyArgs {
    /// A file with tables [sources.NAME], such as the configuration of a node, which then need not be named again
    file: PathBuf,
    /// Remove the sources that it does not name
    #[arg(long)]
    only: bool,
}

#[derive(Debug, Args)]
struct RemoveArgs {
    /// Its name
    name: String,
}

/// Lists or changes the sources.
pub(super) fn sources(args: &SourcesArgs) -> anyhow::Result<()> {
    let of_file = match &args.what {
        Some(What::Apply(apply)) => Some(&apply.file),
        Some(What::Set(_) | What::Remove(_)) | None => None,
    };
    let from = SourceArgs { sources: Vec::new(), config: args.config.as_ref().or(of_file).cloned() };
    let config = Draft::read(&from)?.validated()?;
    // What is wrong with a change is said before anything is asked of the system database.
    let change = args.what.as_ref().map(read).transpose()?;
    let (connected, shared) = open(&config)?;
    match change {
        None => {
            let found = sources::list(&*connected.system, &shared)?;
            if args.json {
                say!("{}", serde_json::to_string_pretty(&found)?);
                return Ok(());
            }
            print(["NAME", "URL", "REVISION", "CHANGED", "NODES"], found.sources.iter().map(row));
            for source in &found.sources {
                source.problem.iter().for_each(|problem| say!("{}: {problem}", source.name));
            }
            Ok(())
        }
        Some(Change::Put(wanted, rule)) => {
            tell(&shared.put(&wanted, rule)?);
            Ok(())
        }
        Some(Change::Remove(name)) => {
            anyhow::ensure!(shared.remove(&name)?, "there is no source '{}'", super::shown_name(&name));
            tell(&[(name, Done::Removed)]);
            Ok(())
        }
    }
}

/// Opens the sources of the cluster that a configuration names.
pub(super) fn open(config: &Config) -> anyhow::Result<(Connected, Shared)> {
    anyhow::ensure!(
        config.cluster.system.is_some(),
        "this node is alone (there is no cluster.system): its sources are those of its configuration file"
    );
    let connected = cluster::connect(config)?;
    let shared = connected.shared.clone().context("the node is alone")?;
    Ok((connected, shared))
}

enum Change {
    Put(BTreeMap<String, SourceConfig>, Rule),
    Remove(String),
}

fn read(what: &What) -> anyhow::Result<Change> {
    match what {
        What::Set(args) => {
            let source = source(args)?;
            source.check(&args.name)?;
            let wanted = with_model_texts(&BTreeMap::from([(args.name.clone(), source)]))?;
            Ok(Change::Put(wanted, Rule::Each))
        }
        What::Apply(args) => {
            let from = SourceArgs { sources: Vec::new(), config: Some(args.file.clone()) };
            let file = Draft::read(&from)?.validated()?;
            let rule = if args.only { Rule::Only } else { Rule::Each };
            if file.sources.is_empty() {
                anyhow::bail!("{} names no source", args.file.display());
            }
            Ok(Change::Put(with_model_texts(&file.sources)?, rule))
        }
        What::Remove(args) => Ok(Change::Remove(args.name.clone())),
    }
}

/// A source as the command line has it. A value is TOML, or else a text.
fn source(args: &SetArgs) -> anyhow::Result<SourceConfig> {
    let mut table = toml::Table::new();
    table.insert("url".to_owned(), args.url.clone().into());
    for setting in &args.settings {
        let Some((key, value)) = setting.split_once('=') else {
            anyhow::bail!("'{}' is no setting; write KEY=VALUE", super::shown_name(setting));
        };
        if key == "password" {
            anyhow::bail!(
                "a command line can be seen by others: use password_env or password_file, or `sources apply`"
            );
        }
        let line: Result<toml::Table, _> = ["value = ", value].concat().parse();
        let value = line.ok().and_then(|mut line| line.remove("value")).unwrap_or_else(|| value.into());
        if table.insert(key.to_owned(), value).is_some() {
            anyhow::bail!("'{key}' is given twice");
        }
    }
    let problem =
        |error: toml::de::Error| anyhow::anyhow!("{}", crate::config::without_urls(error.message()));
    table.try_into().map_err(problem)
}

/// Says what became of sources.
pub(super) fn tell(done: &[(String, Done)]) {
    for (name, done) in done {
        let what = match done {
            Done::Made => "added",
            Done::Changed => "changed",
            Done::Same => "as it was",
            Done::Kept => {
                "kept: the cluster has it with other settings; `nextlink sources apply` changes them"
            }
            Done::Ignored => "not added",
            Done::Removed => "removed",
        };
        say!("{name}: {what}");
    }
}

fn row(source: &ListedSource) -> [String; 5] {
    let states: Vec<String> =
        source.nodes.iter().map(|node| [&node.node, " ", node.state].concat()).collect();
    [
        source.name.clone(),
        source.url().to_owned(),
        source.revision.map(|revision| revision.to_string()).unwrap_or_default(),
        source.changed_at.clone().unwrap_or_default(),
        if states.is_empty() { "-".to_owned() } else { states.join(", ") },
    ]
}
