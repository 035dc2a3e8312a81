//! The page ledger: reads a collection by its next links, records every link and answer, and checks
//! that nothing was lost, doubled or changed.

use crate::http::{self, Answer, HttpError};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The most pages that are read before the reading is called endless.
const MAX_PAGES: usize = 1_000_000;
/// How many links [`Ledger::reread`] asks for again.
const SAMPLE: usize = 9;
/// How many faults of one kind are told apart; the rest is only counted.
const SHOWN: usize = 10;

/// One page: the link that was asked for, and what came.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The link, made absolute.
    pub url: String,
    /// The answer.
    pub answer: Answer,
    /// The rows in its `value`.
    pub rows: Vec<Value>,
    /// The next link, made absolute.
    pub next: Option<String>,
}

/// How the reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By a page without a next link.
    LastPage,
    /// By an OData error: an answer of 400 or above with `error.code` and `error.message`.
    Error {
        /// The status code.
        status: u16,
        /// The value of `error.code`.
        code: String,
    },
    /// By anything else: a broken connection, a body that is no page and no error, a link in a circle.
    Broken(String),
}

/// Everything that one reading saw.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The pages, in the order read.
    pub entries: Vec<Entry>,
    /// How it ended.
    pub end: End,
    headers: Vec<(String, String)>,
}

/// Reads from `first` to the end, with these headers on each request and no cookie.
pub fn read_all(first: &str, headers: &[(&str, &str)]) -> Ledger {
    let mut ledger = read_with(first, |url| http::send("GET", url, headers, None));
    ledger.headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    ledger
}

/// Reads as [`read_all`] does, by any function that answers a URL: through another node, say, or with
/// something happening between two pages.
pub fn read_with(first: &str, mut ask: impl FnMut(&str) -> Result<Answer, HttpError>) -> Ledger {
    let mut ledger = Ledger { entries: Vec::new(), end: End::LastPage, headers: Vec::new() };
    let mut seen = HashSet::new();
    let mut url = first.to_owned();
    loop {
        if !seen.insert(url.clone()) || seen.len() > MAX_PAGES {
            ledger.end = End::Broken(format!("the links go in a circle, or have no end: {url}"));
            return ledger;
        }
        let entry =
            ask(&url).map_err(|error| End::Broken(format!("{url}: {error}"))).and_then(|a| page(&url, a));
        let next = match entry {
            Ok(entry) => {
                let next = entry.next.clone();
                ledger.entries.push(entry);
                next
            }
            Err(end) => {
                ledger.end = end;
                return ledger;
            }
        };
        match next {
            Some(next) => url = next,
            None => return ledger,
        }
    }
}

/// The answer as a page, or how the reading ends by it.
fn page(url: &str, answer: Answer) -> Result<Entry, End> {
    let broken = |what: String| End::Broken(format!("{url}: status {}: {what}", answer.status));
    let body: Value = serde_json::from_slice(&answer.plain_body())
        .map_err(|error| broken(format!("the body is not JSON ({error}): {}", answer.text())))?;
    if answer.status >= 400 {
        let text =
            |name: &str| body["error"][name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        return Err(match (text("code"), text("message")) {
            (Some(code), Some(_)) => End::Error { status: answer.status, code },
            _ => broken(format!("no OData error: {body}")),
        });
    }
    let rows = match (answer.status, body.get("value")) {
        (200, Some(Value::Array(rows))) => rows.clone(),
        _ => return Err(broken(format!("no page: {body}"))),
    };
    let link = body.get("@odata.nextLink").or_else(|| body.get("@nextLink"));
    let next = match link {
        None => None,
        Some(Value::String(link)) => {
            Some(http::resolve(url, link).map_err(|error| broken(error.to_string()))?)
        }
        Some(other) => return Err(broken(format!("the next link is no text: {other}"))),
    };
    Ok(Entry { url: url.to_owned(), answer, rows, next })
}

impl Ledger {
    /// All rows, in the order read.
    pub fn rows(&self) -> impl Iterator<Item = &Value> {
        self.entries.iter().flat_map(|entry| &entry.rows)
    }

    /// The next links, in the order read.
    pub fn links(&self) -> Vec<&str> {
        self.entries.iter().filter_map(|entry| entry.next.as_deref()).collect()
    }

    /// The count of all rows that the first page states, if it does.
    pub fn stated_count(&self) -> Option<u64> {
        let body: Value = serde_json::from_slice(&self.entries.first()?.answer.plain_body()).ok()?;
        body.get("@odata.count").or_else(|| body.get("@count"))?.as_u64()
    }

    /// Checks a reading that has to be whole: it ended by a last page, its rows are the expected ones in
    /// their order, a stated count is theirs, and a sample of the links gives the same bytes again.
    ///
    /// # Panics
    /// Naming every fault.
    #[track_caller]
    pub fn check(&self, expected: &Expected) {
        let mut faults = self.faults(expected);
        if faults.is_empty() {
            faults = self.reread(|url| {
                let headers: Vec<_> = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                http::send("GET", url, &headers, None)
            });
        }
        assert!(faults.is_empty(), "{}", self.report(&faults));
    }

    /// Checks a reading that may have been cut short by a fault: what came is the beginning of what was
    /// expected, and it ended by a last page with all of it, or by an OData error.
    ///
    /// # Panics
    /// Naming every fault.
    #[track_caller]
    pub fn check_honest(&self, expected: &Expected) {
        let faults = self.honest_faults(expected);
        assert!(faults.is_empty(), "{}", self.report(&faults));
    }

    /// What is wrong with a reading that may have been cut short by a fault.
    pub fn honest_faults(&self, expected: &Expected) -> Vec<String> {
        match self.end {
            End::LastPage => self.faults(expected),
            End::Error { .. } => {
                let count = self.rows().count().min(expected.rows.len());
                expected.faults(&expected.rows[..count], self.rows())
            }
            End::Broken(ref what) => vec![format!("the reading broke: {what}")],
        }
    }

    /// What is wrong with a reading that has to be whole; nothing is asked of the server.
    pub fn faults(&self, expected: &Expected) -> Vec<String> {
        let mut faults = Vec::new();
        if self.end != End::LastPage {
            faults.push(format!("the reading did not end by a last page: {:?}", self.end));
        }
        for (number, entry) in self.entries.iter().enumerate() {
            // Where a result could be stored only in part, a page without rows says where the rest is.
            let elsewhere = entry.next.as_ref().is_some_and(|next| !next.contains("skiptoken"));
            if entry.rows.is_empty() && entry.next.is_some() && !elsewhere {
                faults.push(format!("page {} has a next link and no rows: {}", number + 1, entry.url));
            }
        }
        if let Some(count) = self.stated_count().filter(|count| *count != expected.rows.len() as u64) {
            faults.push(format!("the count is {count}, expected {}", expected.rows.len()));
        }
        faults.extend(expected.faults(&expected.rows, self.rows()));
        faults
    }

    /// Asks again for a sample of the next links (the first, the last and some between) and tells which
    /// did not give the same bytes.
    pub fn reread(&self, mut ask: impl FnMut(&str) -> Result<Answer, HttpError>) -> Vec<String> {
        let pages = self.entries.get(1..).unwrap_or_default();
        let count = pages.len().min(SAMPLE);
        let sample = (0..count).map(|i| &pages[i * (pages.len() - 1) / (count - 1).max(1)]);
        let mut faults = Vec::new();
        for entry in sample {
            match ask(&entry.url) {
                Ok(again) if (again.status, &again.body) == (entry.answer.status, &entry.answer.body) => {}
                Ok(again) => faults.push(format!(
                    "the same link gave other bytes: {}\n  first (status {}, {} bytes): {}\n  then (status {}, {} bytes): {}",
                    entry.url, entry.answer.status, entry.answer.body.len(), clip(&entry.answer.text()),
                    again.status, again.body.len(), clip(&again.text()),
                )),
                Err(error) => faults.push(format!("the same link gave no answer again: {}: {error}", entry.url)),
            }
        }
        faults
    }

    fn report(&self, faults: &[String]) -> String {
        let pages = self.entries.len();
        let rows = self.rows().count();
        format!("{pages} pages with {rows} rows were read, end: {:?}\n- {}", self.end, faults.join("\n- "))
    }
}

/// The rows that a reading has to give.
#[derive(Clone, Debug)]
pub struct Expected {
    key: Vec<String>,
    rows: Vec<Value>,
}

impl Expected {
    /// Whole rows, told apart by these properties. A received row may have more properties than an
    /// expected one, not fewer and not other values.
    pub fn rows(key: &[&str], rows: impl IntoIterator<Item = Value>) -> Self {
        Self { key: key.iter().map(ToString::to_string).collect(), rows: rows.into_iter().collect() }
    }

    /// Only the values of one key property, in order.
    pub fn keys(key: &str, values: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        let row = |value: Value| Value::Object([(key.to_owned(), value)].into_iter().collect());
        Self::rows(&[key], values.into_iter().map(|value| row(value.into())))
    }

    fn key_of(&self, row: &Value) -> String {
        let parts: Vec<_> =
            self.key.iter().map(|name| row.get(name).unwrap_or(&Value::Null).to_string()).collect();
        parts.join(",")
    }

    /// Gaps, strangers, doubles, order, and rows whose values differ.
    fn faults<'a>(&self, expected: &[Value], received: impl Iterator<Item = &'a Value>) -> Vec<String> {
        let wanted: Vec<_> = expected.iter().map(|row| self.key_of(row)).collect();
        let place: HashMap<_, _> = wanted.iter().enumerate().map(|(i, key)| (key.as_str(), i)).collect();
        assert_eq!(place.len(), wanted.len(), "the expected rows have keys that are not unique");
        let mut seen = vec![false; wanted.len()];
        let [mut strangers, mut doubles, mut disorder, mut differ] = [(); 4].map(|()| Vec::new());
        let mut last = None;
        for row in received {
            let key = self.key_of(row);
            let Some(&at) = place.get(key.as_str()) else {
                strangers.push(key);
                continue;
            };
            if std::mem::replace(&mut seen[at], true) {
                doubles.push(key);
                continue;
            }
            if last.is_some_and(|last| at < last) {
                disorder.push(key.clone());
            }
            last = Some(at);
            if let Some(what) = difference(&expected[at], row) {
                differ.push(format!("{key} ({what})"));
            }
        }
        let missing: Vec<_> =
            wanted.iter().zip(&seen).filter(|(_, seen)| !**seen).map(|(k, _)| k.clone()).collect();
        let kinds = [
            ("missing", missing),
            ("not expected", strangers),
            ("more than once", doubles),
            ("out of order", disorder),
            ("with other values", differ),
        ];
        let told = kinds.into_iter().filter(|(_, keys)| !keys.is_empty());
        told.map(|(what, keys)| format!("{} rows {what}: {}", keys.len(), some(&keys))).collect()
    }
}

/// The first property of `expected` that `received` has not, or has with another value.
fn difference(expected: &Value, received: &Value) -> Option<String> {
    let properties = expected.as_object().into_iter().flatten();
    properties
        .filter(|(name, value)| received.get(name) != Some(value))
        .map(|(name, value)| {
            let got = received.get(name).map_or("nothing".to_owned(), Value::to_string);
            format!("{name}: expected {value}, got {got}")
        })
        .next()
}

fn some(keys: &[String]) -> String {
    let more = if keys.len() > SHOWN { ", …" } else { "" };
    keys[..keys.len().min(SHOWN)].join(" | ") + more
}

fn clip(text: &str) -> String {
    text.chars().take(200).collect()
}
