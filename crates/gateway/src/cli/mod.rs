//! The command line.

mod out;
mod draft;
mod check;
mod demo;
mod explain;
mod model;
mod nodes;
mod openapi;
mod serve;
mod sources;
mod system;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use self::draft::{Draft, FORMS, shown_name};
use self::out::say;
use crate::config::{ADDRESS, Config, LogFormat};

/// Serves SQL databases as OData 4.
#[derive(Debug, Parser)]
#[command(name = "nextlink", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  nextlink demo                               A sample company, at once.
  nextlink demo --nodes 3                     The same, served by three nodes as one.
  nextlink serve shop=sqlite:/data/shop.db    One database, at /api/odata4/shop/.
  nextlink serve 'shop=postgres://user:password@host/database'
                                              A database of a server; also mysql:// and mariadb://.
  nextlink serve --config nextlink.toml       Several, with all settings.
  nextlink explain shop=sqlite:shop.db 'Orders?$filter=Freight gt 50'

Exit codes: 0 done, 1 it did not work, 2 the command line is wrong.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve databases until Ctrl-C or SIGTERM.
    Serve(ServeArgs),
    /// Make a sample company (once) and serve it.
    Demo(DemoArgs),
    /// Check configuration and models; say what is not served and why. Serves nothing.
    Check(SourceArgs),
    /// Print the model file (YAML) that reproduces what is served for a source.
    Model(ModelArgs),
    /// Print the OpenAPI document of what is served for a source.
    Openapi(OpenApiArgs),
    /// Show what a URL becomes: tree, query, plan and SQL. Runs no query.
    Explain(ExplainArgs),
    /// List the nodes of the cluster, with state, lease and what they hold.
    Nodes(NodesArgs),
    /// List the stored results of all nodes, as the system database knows them.
    Results(NodesArgs),
    /// List the sources that all nodes of a cluster serve, or change them.
    Sources(sources::SourcesArgs),
    /// Move a node that was alone into a cluster.
    System(system::SystemArgs),
    /// Make a file with a new key, for all nodes of a cluster (`cluster.key_file`).
    NewKeys(NewKeysArgs),
    /// Print all settings as TOML, with what the command line changes.
    DumpConfig(ServeArgs),
}

/// Where settings and sources come from.
#[derive(Debug, Args)]
struct SourceArgs {
    /// Sources, each as NAME=sqlite:/path/to/file.db or NAME=postgres://user:password@host/database (mysql://, mariadb://)
    #[arg(value_name = "NAME=URL")]
    sources: Vec<String>,
    /// A file with settings and sources (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    from: SourceArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// The variable of the environment with the amount of logs; it takes precedence over the file, for once without a change there.
const LOG: &str = "NEXTLINK_LOG";

/// Settings that the command line can change.
#[derive(Debug, Args)]
struct ServerArgs {
    /// Address of the public listener [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: Option<SocketAddr>,
    /// Address of the administration listener: metrics and health [default: 127.0.0.1:8189]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    admin_listen: Option<SocketAddr>,
    /// Address of the listener for the other nodes of a cluster [default: 127.0.0.1:8190]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    cluster_listen: Option<SocketAddr>,
    /// Name of the node in its cluster [default: n1, n2, … in the order of first starts]
    #[arg(long, value_name = "NAME")]
    cluster_name: Option<String>,
    /// Directory for stored results, keys and the system database [default: nextlink-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Base of all links, as in https://data.example.com
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Amount of logs: error, warn, info, debug or trace [default: the variable NEXTLINK_LOG of the environment, or info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
    /// Logs as JSON
    #[arg(long)]
    log_json: bool,
    /// A log line for every request
    #[arg(long)]
    log_requests: bool,
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// How many nodes serve it as one service, 1 to 9; each is a process of its own. Ports go up from those that are given,
    /// of the administration listeners down
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=9))]
    nodes: u16,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct ModelArgs {
    /// The source: a name from the configuration, or NAME=URL
    #[arg(required_unless_present = "schema")]
    source: Option<String>,
    /// Print the JSON schema of model files instead
    #[arg(long)]
    schema: bool,
    /// A file with settings and sources (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct OpenApiArgs {
    /// The source: a name from the configuration, or NAME=URL
    source: String,
    /// The login that it is for: what has other readers is not there [default: none]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A file with settings and sources (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// The source: a name from the configuration, or NAME=URL
    source: String,
    /// Path and query behind the service root, as in 'Orders?$top=5'; a whole URL will do
    url: String,
    /// The login that reads: what it sees, and what `@user` is in conditions on rows
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A file with settings and sources (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct NodesArgs {
    /// A file with settings (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory of a node that is alone [default: nextlink-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct NewKeysArgs {
    /// The file to be made; only its owner may read it
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The address of a listener.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| ADDRESS)
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return wrong_line(&error),
    };
    let done = match cli.command {
        Command::Serve(args) => serve_config(&args).and_then(|config| serve::serve(config, serve::banner)),
        Command::Demo(args) => demo::demo(&args),
        Command::Check(args) => check::check(&args),
        Command::Model(args) => model::model(&args),
        Command::Openapi(args) => openapi::openapi(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Nodes(args) => nodes::nodes(&args),
        Command::Results(args) => nodes::results(&args),
        Command::Sources(args) => sources::sources(&args),
        Command::System(args) => system::system(&args),
        Command::NewKeys(args) => new_keys(&args),
        Command::DumpConfig(args) => dump_config(&args),
    };
    match done.and_then(|()| out::end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::tell(format_args!("nextlink: {}\n", without_urls_of_line(&told(&error))));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes in one line; some repeat their cause in their own text.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.extend([": ", &cause]);
        }
    }
    text
}

/// A text without the URLs that stand on the command line, which may hold passwords.
fn without_urls_of_line(text: &str) -> String {
    let mut shown = text.to_owned();
    for arg in std::env::args_os().skip(1) {
        let arg = arg.to_string_lossy();
        let Some(colon) = arg.find("://") else { continue };
        let scheme = arg[..colon].trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
        shown = shown.replace(&*arg, "…").replace(&arg[scheme..], "…");
    }
    shown
}

/// Prints help, or what is wrong with the command line, which is repeated without URLs.
fn wrong_line(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let shown = without_urls_of_line(&text);
    if shown == text || !error.use_stderr() {
        // Help and the usual errors, in colours where the terminal has them.
        error.exit();
    }
    out::tell(format_args!("{shown}"));
    ExitCode::from(2)
}

fn apply(config: &mut Config, args: &ServerArgs) {
    let server = &mut config.server;
    server.listen = args.listen.unwrap_or(server.listen);
    server.admin_listen = args.admin_listen.unwrap_or(server.admin_listen);
    if args.public_url.is_some() {
        server.public_url.clone_from(&args.public_url);
    }
    config.cluster.listen = args.cluster_listen.unwrap_or(config.cluster.listen);
    if args.cluster_name.is_some() {
        config.cluster.name.clone_from(&args.cluster_name);
    }
    if let Some(dir) = &args.data_dir {
        config.data_dir.clone_from(dir);
    }
    let level = args.log.clone().or_else(|| std::env::var(LOG).ok().filter(|level| !level.is_empty()));
    if let Some(level) = level {
        config.log.level = level;
    }
    if args.log_json {
        config.log.format = LogFormat::Json;
    }
    config.log.requests |= args.log_requests;
}

fn serve_config(args: &ServeArgs) -> anyhow::Result<Config> {
    let mut draft = Draft::read(&args.from)?;
    apply(&mut draft.config, &args.server);
    let config = draft.validated()?;
    // In a cluster they are in the system database.
    if config.sources.is_empty() && config.cluster.system.is_none() {
        anyhow::bail!(
            "there is no source to serve; name one, as in: nextlink serve shop=sqlite:/path/to/file.db"
        );
    }
    Ok(config)
}

fn dump_config(args: &ServeArgs) -> anyhow::Result<()> {
    let mut draft = Draft::read(&args.from)?;
    apply(&mut draft.config, &args.server);
    let mut config = draft.validated()?;
    // They are to mean the same in a file that lies elsewhere.
    config.beside(&std::env::current_dir()?, true);
    out::print(format_args!("{}", toml::to_string(&config)?));
    Ok(())
}

fn new_keys(args: &NewKeysArgs) -> anyhow::Result<()> {
    let dir = args.file.parent().filter(|dir| !dir.as_os_str().is_empty());
    if let Some(dir) = dir.filter(|dir| !dir.is_dir()) {
        anyhow::bail!("the directory {} is not there", dir.display());
    }
    let keys = nextlink_results::keys::MasterKeys::make(&args.file)?;
    say!("made {} with the key {:?}", args.file.display(), keys.current.id());
    Ok(())
}

/// One source by its name in the configuration, or given in full.
fn one_source(
    source: &str,
    config: Option<&PathBuf>,
) -> anyhow::Result<(String, Arc<crate::served::Served>, Config)> {
    let sources = if source.contains('=') { vec![source.to_owned()] } else { Vec::new() };
    let from = SourceArgs { sources, config: config.cloned() };
    let config = Draft::read(&from)?.validated()?;
    let name = source.split('=').next().unwrap_or_default();
    let found = config.sources.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    let Some((name, source)) = found else {
        anyhow::bail!(
            "there is no source '{}'; name one of the configuration, or write {FORMS}",
            shown_name(name)
        );
    };
    let served = crate::served::Served::open(name, source, config.server.vocabularies())?;
    Ok((name.clone(), Arc::new(served), config))
}
