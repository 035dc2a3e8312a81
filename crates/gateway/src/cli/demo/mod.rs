//! `demo`: a sample company, made once in the data directory, served by one node or by several.

mod several;

use std::net::SocketAddr;

use nextlink_sample::trading;

use super::out::say;
use super::{DemoArgs, apply, serve};
use crate::config::{Config, Mistakes, SourceConfig};
use crate::state::State;

/// Makes the sample and serves it.
pub fn demo(args: &DemoArgs) -> anyhow::Result<()> {
    let mut config = Config::default();
    apply(&mut config, &args.server);
    // What is written into files and a system database is read from elsewhere.
    config.data_dir = std::path::absolute(&config.data_dir)?;
    std::fs::create_dir_all(&config.data_dir)?;
    let path = config.data_dir.join("demo.db");
    if !path.exists() {
        let summary = trading::create(&path)?;
        say!("made {} with {} rows in {} tables", path.display(), summary.rows(), summary.tables.len());
    }
    let location = ["sqlite:", &path.to_string_lossy()].concat();
    let mut source = SourceConfig::at(&location);
    let names = |columns: &[&str]| columns.iter().map(|column| (*column).to_owned()).collect();
    source.keys = trading::VIEW_KEYS.iter().map(|(view, key)| ((*view).to_owned(), names(key))).collect();
    config.sources.insert("demo".to_owned(), source);
    config.validate(Mistakes::default())?;
    if args.nodes > 1 {
        return several::serve(config, args.nodes);
    }
    serve::serve(config, banner)
}

fn banner(_: &State, public: SocketAddr) {
    let root = format!("http://{public}/api/odata4/demo");
    say!(
        "
The sample company is served:

  {root}/
  {root}/$metadata

Try (the second answer ends with a link to its next page):

  curl '{root}/Customers?$top=3'
  curl '{root}/OrderItems'
  curl -G '{root}/Orders' --data-urlencode '$filter=year(OrderedAt) eq 2024' --data-urlencode '$expand=Customer' -d '$top=2'

In Excel: Data, Get Data, From OData Feed, and the first address. Stop with Ctrl-C."
    );
}
