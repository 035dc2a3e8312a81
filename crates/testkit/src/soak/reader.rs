//! Readers: they follow links over all nodes, as clients behind a load balancer do, and check what they were given.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::site::Site;
use super::source::mixed;
use crate::cluster::{Cluster, ask};
use crate::http::{Answer, HttpError};
use crate::ledger::{End, Ledger, read_with};

/// How long a page is asked for before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// Links of a reading that are followed again on every node.
const SAMPLE: usize = 4;

/// Reads one thing after the other until it is to stop.
pub(super) fn reader(site: &Site, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    while !site.stop.load(Ordering::Relaxed) {
        let query = site.source.pick(&mut random);
        let prefer = format!("odata.maxpagesize={}", random.u64(20..=600));
        let mut headers = vec![("Prefer", prefer.as_str())];
        if random.bool() {
            headers.push(("Accept-Encoding", "gzip"));
        }
        let slow = random.u64(1..60);
        let ledger = read_with(&Cluster::url(&query.path), |url| {
            std::thread::sleep(Duration::from_millis(random.u64(0..slow)));
            patiently(site, url, &headers, &mut random)
        });
        let mut faults = ledger.honest_faults(&query.expected);
        faults.extend(mixed(&ledger));
        conclude(site, &ledger, &query.path);
        faults.extend(again(site, &ledger, &headers));
        for fault in faults {
            site.tally.wrong(format!("{} ({prefer}): {fault}", query.path));
        }
    }
}

/// Asks nodes at random until one gives the page, or an error that trying again does not end.
fn patiently(
    site: &Site,
    url: &str,
    headers: &[(&str, &str)],
    random: &mut fastrand::Rng,
) -> Result<Answer, HttpError> {
    let begun = Instant::now();
    loop {
        let base = &site.bases[random.usize(0..site.bases.len())];
        let why = match ask(base, url, headers) {
            Ok(answer) if answer.status == 503 => {
                if answer.header("retry-after").is_none() {
                    site.tally.wrong(format!("503 without Retry-After: {}", answer.text()));
                }
                format!("503 {}", code(&answer))
            }
            Ok(answer) => {
                if answer.status == 410 {
                    let why = message(&answer);
                    site.tally.note(&format!("410 {why} {url}"));
                    *site.tally.counts().ended.entry(format!("410 {why}")).or_default() += 1;
                }
                let mut counts = site.tally.counts();
                counts.pages += u64::from(answer.status == 200);
                counts.slowest = counts.slowest.max(begun.elapsed());
                return Ok(answer);
            }
            Err(HttpError::Broken(_)) => "answer broken off".to_owned(),
            Err(_) => "no connection".to_owned(),
        };
        *site.tally.counts().retried.entry(why.clone()).or_default() += 1;
        if begun.elapsed() > PATIENCE {
            return Err(HttpError::Broken(format!("nobody gives it in {PATIENCE:?}; at last: {why}")));
        }
        std::thread::sleep(PAUSE);
    }
}

fn code(answer: &Answer) -> String {
    said(answer, "code")
}

fn message(answer: &Answer) -> String {
    said(answer, "message").trim_end_matches(" Start again with the request without $skiptoken.").to_owned()
}

fn said(answer: &Answer, what: &str) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.plain_body()).unwrap_or_default();
    body["error"][what].as_str().unwrap_or("without a word").to_owned()
}

/// Counts how a reading ended.
fn conclude(site: &Site, ledger: &Ledger, path: &str) {
    let anew = ledger.entries.iter().any(|entry| entry.answer.header("nextlink-generation").is_some());
    match &ledger.end {
        End::LastPage => {
            let mut counts = site.tally.counts();
            counts.read += 1;
            counts.read_on += u64::from(anew);
        }
        // It was counted when it came.
        End::Error { status: 410, .. } => {}
        End::Error { status, code } => site.tally.wrong(format!("{path}: {status} {code}")),
        End::Broken(_) => {}
    }
}

/// Follows some links again on every node that answers: the same bytes, or those of a later execution.
fn again(site: &Site, ledger: &Ledger, headers: &[(&str, &str)]) -> Vec<String> {
    let pages = ledger.entries.get(1..).unwrap_or_default();
    let mut faults = Vec::new();
    for entry in
        pages.iter().step_by((pages.len() / SAMPLE).max(1)).filter(|entry| entry.url.contains("skiptoken"))
    {
        for base in &site.bases {
            let Ok(answer) = ask(base, &entry.url, headers) else { continue };
            match answer.status {
                200 => {}
                410 | 503 => continue,
                other => {
                    faults.push(format!("followed again, {other}: {}: {}", answer.text(), entry.url));
                    continue;
                }
            }
            let (first, then) = (generation(&entry.answer), generation(&answer));
            if first == then && !same_page(base, &entry.answer, &answer, headers) {
                let what = difference(&entry.answer, &answer);
                faults.push(format!(
                    "followed again at {base}, other bytes of execution {first}: {what}: {}",
                    entry.url
                ));
            }
            let mut counts = site.tally.counts();
            counts.again += 1;
            counts.older += u64::from(then < first);
        }
    }
    faults
}

fn generation(answer: &Answer) -> u64 {
    answer.header("nextlink-generation").and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Whether two answers are the same page: the same bytes. Only its next link may be sealed otherwise, under another key
/// (the current one of the node that answered), and then both links lead to the same page.
fn same_page(base: &str, one: &Answer, other: &Answer, headers: &[(&str, &str)]) -> bool {
    if one.body == other.body {
        return true;
    }
    let (one, other) = (one.text(), other.text());
    let (Some((rows, link)), Some((same_rows, same_link))) = (next_link(&one), next_link(&other)) else {
        return false;
    };
    if rows != same_rows || key(link) == key(same_link) {
        return false;
    }
    // One node seals both under one key, if it answers and has not been given another key in between.
    let pages = [link, same_link].map(|link| ask(base, link, headers));
    let [Ok(page), Ok(same)] = &pages else { return true };
    page.status != 200
        || same.status != 200
        || generation(page) != generation(same)
        || match (next_link(&page.text()), next_link(&same.text())) {
            (Some((rows, _)), Some((same_rows, _))) => rows == same_rows,
            _ => page.body == same.body,
        }
}

/// A page without its next link, and the link.
fn next_link(page: &str) -> Option<(&str, &str)> {
    let (rows, rest) = page.split_once("nextLink\":\"")?;
    Some((rows, rest.split('"').next()?))
}

/// The start of a sealed token, which names its key in clear.
fn key(link: &str) -> Option<&str> {
    let (_, token) = link.split_once("skiptoken=")?;
    let (_, sealed) = token.split_once("--")?;
    sealed.get(..6)
}

/// Where two answers differ.
fn difference(one: &Answer, other: &Answer) -> String {
    let (one, other) = (one.plain_body(), other.plain_body());
    let at = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let piece = |body: &[u8]| {
        String::from_utf8_lossy(&body[at.saturating_sub(20)..body.len().min(at + 60)]).into_owned()
    };
    format!("at byte {at}: `{}`, `{}`", piece(&one), piece(&other))
}
