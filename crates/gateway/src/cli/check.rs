//! `check`: whether a node could start with a configuration, and what it would serve.

use nextlink_sql::mapping::Mapping;

use super::draft::Draft;
use super::out::say;
use super::{SourceArgs, told, without_urls_of_line};
use crate::config::{ClientLogin, Config, SourceConfig};
use crate::served::Served;
use crate::start;

/// Says what cannot be served and why, and all else that would keep a node from starting. Serves and changes nothing.
pub fn check(args: &SourceArgs) -> anyhow::Result<()> {
    let config = Draft::read(args)?.validated()?;
    anyhow::ensure!(
        !config.sources.is_empty() || config.cluster.system.is_some(),
        "the configuration is valid, but there is no source to serve"
    );
    let obstacles = start::obstacles(&config);
    for obstacle in &obstacles {
        say!("{}", without_urls_of_line(&told(obstacle)));
    }
    let failed = config.sources.iter().filter(|(name, source)| !served(name, source, &config)).count();
    if !obstacles.is_empty() {
        anyhow::bail!("a node cannot start with this configuration");
    }
    if failed > 0 {
        anyhow::bail!("{failed} of {} sources cannot be served", config.sources.len());
    }
    let told = if config.cluster.system.is_some() {
        " What the cluster serves is told by: nextlink sources"
    } else {
        ""
    };
    say!("The configuration is valid.{told}");
    Ok(())
}

/// Whether a source can be served; says what is to be known of it.
fn served(name: &str, source: &SourceConfig, config: &Config) -> bool {
    let served = match Served::open(name, source, config.server.vocabularies()) {
        Ok(served) => served,
        Err(error) => {
            say!("{error}");
            return false;
        }
    };
    say!("{name}: {} entity sets", served.mapping.model.entity_sets.len());
    let model = &served.mapping.model;
    if model.entity_sets.is_empty() && model.functions.is_empty() {
        say!("  Nothing of it is served: no table, view or function is chosen of those that can be.");
    }
    for notice in &served.notices {
        say!("  {notice}");
    }
    print_zones(&served.mapping);
    for (set, column, ty) in served.unfit_columns() {
        say!(
            "  {set}.{column}: Further on in its SELECT are values that are no {ty}: what reads them fails. \
             Cast the column there."
        );
    }
    for (function, why) in served.failing_functions() {
        say!("  {function}: The SELECT of this function fails ({why}).");
    }
    // Where only clients read, the source's own user need not be able to.
    let tried = source.client_login != ClientLogin::Required;
    for (set, rows, failed) in served.tried_rows(tried) {
        say!("  {set}: Of its rows there are for clients: {}", rows.replace('\n', " "));
        if let Some(why) = failed {
            say!("  {set}: The condition on its rows fails ({why}).");
        }
    }
    print_readers(&served);
    if !source.plural_sets && !source.has_model() {
        print_renamed(&served.mapping);
    }
    true
}

/// Says which logins see what not everybody does.
fn print_readers(served: &Served) {
    let Some(shape) = served.with_readers() else { return };
    for thing in shape.read_things() {
        let property = thing.property.map(|name| [".", &name.text].concat()).unwrap_or_default();
        let logins: Vec<&str> = shape.logins(thing.readers).into_iter().collect();
        say!("  {}{property}: It is there only for {}", thing.name.text, logins.join(", "));
    }
}

/// Says what is served under another name than it has in the database, where that is no legal one.
fn print_renamed(mapping: &Mapping) {
    for (set, map) in mapping.model.entity_sets.iter().zip(&mapping.tables) {
        if set.name != map.table {
            say!("  {}: served as {}", map.table, set.name);
        }
        let properties = &mapping.model.entity_type(set.entity_type).properties;
        for (property, column) in properties.iter().zip(&map.columns).filter(|(p, c)| p.name != c.column) {
            say!("  {}.{}: served as {}", map.table, column.column, property.name);
        }
    }
}

/// Says which columns are meant in another time zone than UTC.
fn print_zones(mapping: &Mapping) {
    for map in &mapping.tables {
        for (column, zone) in map.columns.iter().filter_map(|column| Some((column, column.zone()?))) {
            say!("  {}.{}: its points in time are meant in {zone}", map.table, column.column);
        }
    }
}
