//! The stored results of this node as administration sees them, and as nodes tell each other of them.

use nextlink_results::{ResultId, ResultInfo, ResultRow, ResultState, Store};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// Results of a list where nobody says how many.
const USUAL: usize = 100;
/// Results of a list at most.
const MOST: usize = 1_000;
/// Characters of a query that are shown.
const SHOWN: usize = 1_000;

/// A stored result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResult {
    /// Its name.
    pub id: String,
    /// Its execution.
    pub generation: u32,
    /// The source.
    pub source: String,
    /// Whose query it answers: a keyed hash of user and password where clients log in.
    pub user: String,
    /// Path and options that were asked for, behind the service root; only the node that holds the result can read them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// `writing`, `complete`, or `failed` where it ends before its end.
    pub state: String,
    /// Names for ever of the nodes that have copies.
    #[serde(default)]
    pub copies: Vec<String>,
    /// Pages so far, without the first one, which is not stored.
    pub pages: u32,
    /// Rows in them.
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it expires unless it is read.
    pub idle_ms: u64,
    /// When it expires in any case.
    pub absolute_ms: u64,
}

impl StoredResult {
    /// What the system database knows of a result.
    pub fn registered(row: &ResultRow) -> StoredResult {
        StoredResult {
            id: row.id.to_string(),
            generation: row.generation,
            source: row.source.clone(),
            user: row.user.clone(),
            query: None,
            state: match row.state {
                ResultState::Writing => "writing",
                ResultState::Complete => "complete",
                ResultState::Failed => "failed",
            }
            .to_owned(),
            copies: row.replicas.iter().map(ToString::to_string).collect(),
            pages: row.pages,
            rows: row.rows,
            bytes: row.bytes,
            created_ms: row.created_ms,
            idle_ms: row.expires_ms.min(row.absolute_ms),
            absolute_ms: row.absolute_ms,
        }
    }

    fn held(info: &ResultInfo) -> StoredResult {
        StoredResult { query: asked(&info.meta), ..StoredResult::registered(&info.row) }
    }

    /// Its place in lists: the oldest first.
    pub fn place(&self) -> (u64, &str) {
        (self.created_ms, &self.id)
    }
}

/// The request of a result, from what is kept with it (`kept::meta`).
fn asked(meta: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Meta {
        form: String,
    }
    #[derive(Deserialize)]
    struct Form {
        url: String,
    }
    let meta: Meta = serde_json::from_slice(meta).ok()?;
    let form: Form = serde_json::from_str(&meta.form).ok()?;
    let mut shown: String = form.url.chars().take(SHOWN).collect();
    if shown.len() < form.url.len() {
        shown.push('…');
    }
    Some(shown)
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The place of the last result before it.
    pub after: Option<(u64, String)>,
    /// Results at most.
    pub limit: usize,
    /// The only result that is looked for.
    pub id: Option<ResultId>,
}

impl Window {
    /// All that is known of one result.
    pub fn one(id: ResultId) -> Window {
        Window { after: None, limit: MOST, id: Some(id) }
    }

    /// Reads the options of a URL: `limit` and `after`, for the rest of a list, or `id`.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(query: &str) -> Result<Window, &'static str> {
        let mut window = Window { after: None, limit: USUAL, id: None };
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = percent_decode_str(value).decode_utf8_lossy();
            match name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                    window.limit = limit.ok_or("`limit` is a number from 1 to 1000.")?;
                }
                "after" => {
                    let place = value
                        .split_once('.')
                        .and_then(|(ms, id)| Some((ms.parse().ok()?, ResultId::parse(id)?.to_string())));
                    window.after = Some(place.ok_or("`after` is not one that a list ended with.")?);
                }
                "id" => window.id = Some(ResultId::parse(&value).ok_or("`id` is not the id of a result.")?),
                _ => return Err("The options are `limit`, `after` and `id`."),
            }
        }
        Ok(window)
    }

    /// Writes them, as [`Window::parse`] reads them.
    pub fn query(&self) -> String {
        let mut text = format!("limit={}", self.limit);
        if let Some((ms, id)) = &self.after {
            text.push_str(&format!("&after={ms}.{id}"));
        }
        if let Some(id) = &self.id {
            text.push_str(&format!("&id={id}"));
        }
        text
    }

    /// What of these results is in it, in order; whether there are more behind it.
    pub fn cut<T>(&self, mut all: Vec<T>, of: impl Fn(&T) -> &StoredResult) -> (Vec<T>, bool) {
        let id = self.id.map(|id| id.to_string());
        let after = self.after.as_ref().map(|(ms, id)| (*ms, id.as_str()));
        all.retain(|one| {
            let one = of(one);
            after.is_none_or(|after| one.place() > after) && id.as_ref().is_none_or(|id| *id == one.id)
        });
        all.sort_by(|a, b| of(a).place().cmp(&of(b).place()));
        let more = all.len() > self.limit;
        all.truncate(self.limit);
        (all, more)
    }
}

/// The results that lie on this node and belong to it.
pub fn held(store: &Store, window: &Window) -> Vec<StoredResult> {
    let own = store.node();
    let all = store.list();
    let all = all.iter().filter(|info| info.row.owner == own).map(StoredResult::held).collect();
    // One more than asked for tells that there are more.
    let window = Window { limit: window.limit.saturating_add(1), ..window.clone() };
    window.cut(all, |one| one).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_they_are_written() {
        let id = "0123456789abcdef0123456789abcdef";
        for (query, good) in [
            ("", true),
            ("limit=1", true),
            ("limit=1000", true),
            ("limit=0", false),
            ("limit=1001", false),
            ("limit=x", false),
            ("after=5", false),
            ("after=x.0123456789abcdef0123456789abcdef", false),
            ("after=5.0123456789abcdef0123456789abcdef&limit=7", true),
            ("id=0123456789abcdef0123456789abcdef", true),
            ("id=1", false),
            ("order=1", false),
        ] {
            let window = Window::parse(query);
            assert_eq!(window.is_ok(), good, "{query}");
            if let Ok(window) = window {
                assert_eq!(Window::parse(&window.query()), Ok(window), "{query}");
            }
        }
        let id = ResultId::parse(id).expect("an id");
        assert_eq!(Window::parse(&Window::one(id).query()), Ok(Window::one(id)));
    }

    #[test]
    fn what_is_asked_is_found_and_cut() {
        let meta = |url: &str| {
            let form = serde_json::json!({ "url": url, "more": 1 }).to_string();
            serde_json::json!({ "form": form, "envelope": {} }).to_string()
        };
        assert_eq!(asked(meta("T?$top=5").as_bytes()).as_deref(), Some("T?$top=5"));
        let long = asked(meta(&"é".repeat(5_000)).as_bytes()).expect("a query");
        assert_eq!((long.chars().count(), long.ends_with('…')), (SHOWN + 1, true));
        for other in ["", "{}", "{\"form\":\"\"}", "{\"form\":\"{}\"}"] {
            assert_eq!(asked(other.as_bytes()), None, "{other}");
        }
    }
}
