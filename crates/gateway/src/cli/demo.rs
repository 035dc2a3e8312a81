//! `demo`: a sample company, made once in the data directory.

use std::net::SocketAddr;

use super::{ServerArgs, apply, serve};
use crate::config::{Config, SourceConfig};
use crate::state::State;

/// Makes the sample and serves it.
pub fn demo(args: &ServerArgs) -> anyhow::Result<()> {
    let mut config = Config::default();
    apply(&mut config, args);
    std::fs::create_dir_all(&config.data_dir)?;
    let path = config.data_dir.join("demo.db");
    if !path.exists() {
        let summary = nextlink_sample::trading::create(&path)?;
        println!("made {} with {} rows in {} tables", path.display(), summary.rows(), summary.tables.len());
    }
    let location = ["sqlite:", &path.to_string_lossy()].concat();
    config.sources.insert("demo".to_owned(), SourceConfig::at(&location));
    config.validate()?;
    serve::serve(config, banner)
}

fn banner(_: &State, public: SocketAddr) {
    let root = format!("http://{public}/api/odata4/demo");
    println!(
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
