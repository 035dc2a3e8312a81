//! The owner of a result is killed: the time until a client has the next page.

use std::thread::sleep;
use std::time::{Duration, Instant};

use nextlink_testkit::http;

use super::setting::{Setting, links, metric, until};
use super::{Figure, Goal};

/// How long a client waits before it asks again.
const AGAIN: Duration = Duration::from_millis(10);

pub(super) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let mut cluster = setting.cluster(3, "replicas = 1");
    let path = "/api/odata4/bench/Rows?$top=100000";
    let links = links(&cluster.nodes[0], path, "maxpagesize=1000", 10)?;
    until("the result is stored and copied", || {
        let writing: f64 = cluster.nodes.iter().map(|node| metric(node, "nextlink_results_writing")).sum();
        let copies: f64 = cluster.nodes.iter().map(|node| metric(node, "nextlink_result_copies")).sum();
        writing == 0.0 && copies == 1.0
    })?;
    // The copy is complete somewhat after there is one.
    sleep(Duration::from_secs(2));
    let asked = cluster.nodes[1..].iter().map(|node| node.url(&links[5])).collect::<Vec<_>>();
    cluster.nodes[0].kill();
    let killed = Instant::now();
    let mut longest = 0.0_f64;
    // Whichever node the client comes to, with the copy or without.
    for url in &asked {
        while http::send("GET", url, &[], None).map_or(0, |answer| answer.status) != 200 {
            sleep(AGAIN);
        }
        longest = longest.max(killed.elapsed().as_secs_f64());
    }
    Ok(vec![Figure {
        name: "kill -9 of the owner until both other nodes have given the next page, s",
        baseline: ("", f64::NAN),
        value: longest,
        outcome: longest,
        goal: Goal::AtMost(1.0, ""),
    }])
}
