//! The site that clients read: the trading company in each database, served by three nodes behind HAProxy.

use nextlink_sample::trading;
use nextlink_testkit::balancer::{Balancer, Program};
use nextlink_testkit::cluster::{Cluster, Plan};
use nextlink_testkit::server::Database;

use crate::common::PROGRAM;
use crate::world::{SOURCES, servers};

/// Three nodes with a source of each database, and HAProxy, which gives each request to the next node: pages of a result
/// are asked of nodes that do not hold it.
pub struct Site {
    balancer: Balancer,
    _cluster: Cluster,
    _databases: Vec<Database>,
}

impl Site {
    /// Fills the databases and starts everything.
    pub fn start() -> Site {
        let plan = Plan::new(PROGRAM);
        let path = plan.dir().join("trading.db");
        trading::create(&path).expect("the sample is written");
        let databases: Vec<Database> = servers()
            .into_iter()
            .map(|(target, server)| {
                let database = server.database("clients");
                database.load(|to| trading::script(target, to).map(drop).map_err(std::io::Error::other));
                database
            })
            .collect();
        let file = ["sqlite:", &path.display().to_string()].concat();
        let urls = std::iter::once(file).chain(databases.iter().map(Database::url));
        let keys: Vec<String> =
            trading::VIEW_KEYS.iter().map(|(view, columns)| format!("{view} = {columns:?}")).collect();
        let sources = SOURCES.iter().zip(urls).map(|(name, url)| {
            // Small pages, so that larger sets have several.
            format!(
                "[sources.{name}]\nurl = \"{url}\"\npage_rows = 400\n[sources.{name}.keys]\n{}\n",
                keys.join("\n")
            )
        });
        let cors = "[server.cors]\norigins = [\"*\"]\n";
        let cluster = plan.settings(&[cors, &sources.collect::<String>()].concat()).start(3);
        let balancer = Balancer::start(Program::Haproxy, |ports| {
            let servers = cluster.nodes.iter().enumerate().map(|(number, node)| {
                format!("    server n{number} {}\n", node.base().trim_start_matches("http://"))
            });
            format!(
                "defaults\n    mode http\n    timeout connect 5s\n    timeout client 300s\n    timeout server 300s\n\
                 frontend site\n    bind 127.0.0.1:{}\n    default_backend nodes\n\
                 backend nodes\n    balance roundrobin\n{}",
                ports.http,
                servers.collect::<String>()
            )
        });
        Site { balancer, _cluster: cluster, _databases: databases }
    }

    /// The roots of the services, one for each database.
    pub fn roots(&self) -> Vec<String> {
        SOURCES.iter().map(|name| format!("{}/api/odata4/{name}/", self.balancer.base())).collect()
    }
}
