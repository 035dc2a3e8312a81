//! Results that are lost with their node, with no copy left: read on from the last row, by one node, and said so.

use std::time::{Duration, Instant};

use nextlink_testkit::cluster::Cluster;
use nextlink_testkit::http::Answer;
use nextlink_testkit::ledger::{Expected, read_with};

use crate::copies::{CHANGE, Writer, registered};
use crate::group::{ROOT, each_with, first_page, follow, plan};
use crate::site::{group, prefer, refusal, row, rows, table, until};

/// No copies, and leases that are over soon.
pub const ALONE: &str = "replicas = 0\nheartbeat_ms = 200\nlease_ms = 3000\nanswer_ms = 500";
/// Rows that nobody changes.
const STABLE: &str = "$filter=Id%20le%20600%20and%20Id%20mod%2050%20ne%207";

fn stable() -> impl DoubleEndedIterator<Item = u64> {
    (1..=600).filter(|id| id % 50 != 7)
}

/// Asks again as long as the answer is to ask again.
pub fn patient(cluster: &Cluster, node: usize, url: &str, headers: &[(&str, &str)]) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = cluster.ask(node, url, headers).unwrap_or_else(|error| panic!("{url}: {error}"));
        if answer.status != 503 {
            return answer;
        }
        assert!(answer.header("retry-after").is_some(), "{}", answer.text());
        assert!(Instant::now() < deadline, "{}", answer.text());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_lost_result_is_read_on() {
    let sorted = |mut ids: Vec<u64>, descending: bool| {
        ids.sort_by_key(|id| (group(*id), *id));
        if descending {
            ids.sort_by_key(|id| (u64::MAX - group(*id), *id));
        }
        Expected::rows(&["Id"], ids.into_iter().map(row))
    };
    let all: Vec<u64> = stable().collect();
    let orders = [
        ("$orderby=Id", rows(stable())),
        ("$orderby=Id%20desc&$count=true", rows(stable().rev())),
        ("$orderby=G", sorted(all.clone(), false)),
        ("$orderby=G%20desc", sorted(all, true)),
        ("$orderby=Name%20desc&$select=Id", {
            let mut ids: Vec<u64> = stable().collect();
            ids.sort_by_key(|id| format!("n {id} "));
            Expected::keys("Id", ids.into_iter().rev())
        }),
        ("$top=250&$orderby=Id", rows(stable().take(250))),
    ];
    each_with(&table(3_000), ALONE, |name, mut cluster| {
        let writer = Writer::start(&cluster, CHANGE);
        let maximum = prefer(40);
        let headers = [("Prefer", maximum.as_str()), ("Accept-Encoding", "gzip")];
        let begun: Vec<_> = orders
            .iter()
            .map(|(order, _)| {
                let url = Cluster::url(&[ROOT, "T?", STABLE, "&", order].concat());
                let mut entries = Vec::new();
                let ledger = read_with(&url, |url| {
                    if entries.len() == 3 {
                        return Err(nextlink_testkit::http::HttpError::Url(url.to_owned()));
                    }
                    entries.push(url.to_owned());
                    cluster.ask(0, url, &headers)
                });
                (url, ledger)
            })
            .collect();
        cluster.nodes[0].kill();
        for ((order, expected), (url, before)) in orders.iter().zip(begun) {
            let (mut turn, mut anew) = (0, Vec::new());
            let ledger = read_with(&url, |url| {
                turn += 1;
                if let Some(entry) = before.entries.get(turn - 1) {
                    return Ok(entry.answer.clone());
                }
                let answer = patient(&cluster, 1 + turn % 2, url, &headers);
                let generation = answer.header("nextlink-generation").map(str::to_owned);
                anew.push((generation, answer.json()["@Nextlink.Snapshot"] == false));
                Ok(answer)
            });
            assert_eq!(ledger.faults(expected), Vec::<String>::new(), "{name}: {order}");
            assert!(anew.len() > 2, "{name}: {order}: {anew:?}");
            let said = |at: usize| (Some("2".to_owned()), at == 0);
            assert_eq!(anew, (0..anew.len()).map(said).collect::<Vec<_>>(), "{name}: {order}");
            for node in 1..3 {
                let read = |url: &str| {
                    let old = before.entries.iter().find(|entry| entry.url == url);
                    old.map_or_else(|| cluster.ask(node, url, &headers), |entry| Ok(entry.answer.clone()))
                };
                assert_eq!(ledger.reread(read), Vec::<String>::new(), "{name}: {order}: node {node}");
            }
        }
        drop(writer);
    });
}

/// Many ask for the same lost page, of all nodes: one execution, and the same bytes for all.
#[test]
fn one_node_goes_on() {
    let mut cluster = plan(&table(2_000)).cluster(ALONE).start(3);
    let (_, link) = first_page(&cluster, 0, "T?$orderby=Id", 100);
    until("the registry knows", || registered(&cluster, "1").len() == 1);
    cluster.nodes[0].kill();
    until("the lease is over", || follow(&cluster, 1, &link).status != 503);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..40)
            .map(|turn| {
                let (cluster, link) = (&cluster, &link);
                scope.spawn(move || patient(cluster, 1 + turn % 2, link, &[]))
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    });
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.body == answers[0].body, "{}", answer.text());
    }
    assert_eq!(registered(&cluster, "generation"), [Some("1".into()), Some("2".into())]);
    assert_eq!(answers[0].json()["@Nextlink.Generation"], 2);
}

/// Each reader goes on where it was, and when the node that goes on is lost, too, the next one does.
#[test]
fn readers_go_on_where_they_were_however_often() {
    let mut cluster = plan(&table(2_000)).cluster(ALONE).start(3);
    let (_, first) = first_page(&cluster, 0, "T?$orderby=Id", 100);
    let second = follow(&cluster, 0, &first).json()["@odata.nextLink"].as_str().expect("a link").to_owned();
    cluster.nodes[0].kill();
    let ids = |answer: &Answer| -> Vec<u64> {
        let body = answer.json();
        let rows = body["value"].as_array().unwrap_or_else(|| panic!("{body}"));
        rows.iter().filter_map(|row| row["Id"].as_u64()).collect()
    };
    let later = patient(&cluster, 1, &second, &[]);
    let earlier = patient(&cluster, 2, &first, &[]);
    assert_eq!(ids(&later), (201..=300).collect::<Vec<_>>());
    assert_eq!(ids(&earlier), (101..=200).collect::<Vec<_>>());
    let numbers = [&later, &earlier].map(|answer| answer.json()["@Nextlink.Generation"].as_u64());
    assert_eq!(numbers, [Some(2), Some(3)]);
    let third = later.json()["@odata.nextLink"].as_str().expect("a link").to_owned();
    cluster.nodes[1].kill();
    let last = patient(&cluster, 2, &third, &[]);
    assert_eq!(ids(&last), (301..=400).collect::<Vec<_>>());
    assert_eq!(last.json()["@Nextlink.Generation"], 4);
    // The first page that node 1 made is lost as well; it is made again from where it began.
    assert_eq!(ids(&patient(&cluster, 2, &second, &[])), (201..=300).collect::<Vec<_>>());
    assert_eq!(follow(&cluster, 2, &first).body, earlier.body);
}

#[test]
fn sources_may_be_strict() {
    what_is_lost_is_gone("on_loss = \"strict\"", &[]);
}

/// Whoever asks for one point in time gets it or nothing (Part 1, header Isolation).
#[test]
fn clients_may_be_strict() {
    what_is_lost_is_gone("", &[("OData-Isolation", "Snapshot")]);
}

fn what_is_lost_is_gone(settings: &str, headers: &[(&str, &str)]) {
    let mut cluster = plan(&table(2_000)).settings(settings).cluster(ALONE).start(2);
    let maximum = prefer(100);
    let headers = [headers, &[("Prefer", maximum.as_str())]].concat();
    let first =
        cluster.ask(0, &Cluster::url(&[ROOT, "T?$orderby=Id"].concat()), &headers).expect("an answer");
    let link = first.json()["@odata.nextLink"].as_str().expect("a link").to_owned();
    let page = follow(&cluster, 1, &link);
    assert_eq!(page.status, 200);
    cluster.nodes[0].kill();
    let answer = patient(&cluster, 1, &link, &[]);
    assert_eq!(refusal(&answer), (410, "ResultGone".to_owned()));
    assert!(answer.text().contains("without $skiptoken"), "{}", answer.text());
    // The node comes back with its disk, and with it the page.
    let again = cluster.nodes[0].start_again();
    cluster.nodes[0] = again;
    until("the page is there again", || follow(&cluster, 1, &link).body == page.body);
}

/// The owner is killed as soon as its first page is read, before there is a copy: what the registry was told by then is
/// enough to go on. Where the place of the row is too long for a link, too.
#[test]
fn an_owner_that_is_killed_at_once() {
    let long = "CREATE TABLE L (Id INTEGER NOT NULL PRIMARY KEY, Long TEXT NOT NULL);
        INSERT INTO L SELECT Id, printf('%0400d', 10000 - Id) FROM T;";
    for replicas in [0, 1] {
        let lines = ALONE.replace("replicas = 0", &format!("replicas = {replicas}"));
        each_with(&(table(1_000) + long), &lines, |name, mut cluster| {
            for (turn, (path, expected)) in [
                ("T?$orderby=Id", Expected::keys("Id", 1..=1_000)),
                ("T?$orderby=Id%20desc&$count=true", Expected::keys("Id", (1..=1_000).rev())),
                ("L?$orderby=Long&$select=Id", Expected::keys("Id", (1..=1_000).rev())),
            ]
            .iter()
            .enumerate()
            {
                let mut asked = 0;
                let maximum = prefer(100);
                let ledger = read_with(&Cluster::url(&[ROOT, path].concat()), |url| {
                    asked += 1;
                    let answer = patient(
                        &cluster,
                        if asked == 1 { 0 } else { 1 + asked % 2 },
                        url,
                        &[("Prefer", &maximum)],
                    );
                    if asked == 1 {
                        cluster.nodes[0].kill();
                    }
                    Ok(answer)
                });
                let what = format!("{name}, {replicas} copies, {turn}: {path}");
                assert_eq!(ledger.faults(expected), Vec::<String>::new(), "{what}");
                let again = cluster.nodes[0].start_again();
                cluster.nodes[0] = again;
                cluster.acquainted();
            }
        });
    }
}
