//! Links to further pages and to changes, made of a request.

use crate::options::{name_of, options};

/// Options that say how much of a result is given, and in which order: they do not count for what changes.
pub const OF_AMOUNT: &[&str] = &["$top", "$skip", "$orderby", "$skiptoken", "$deltatoken"];

/// What links to further pages are made of.
#[derive(Debug, Clone)]
pub struct LinkParts {
    /// Up to the question mark.
    pub path: String,
    /// The options as sent.
    pub query: String,
}

impl LinkParts {
    /// A link to a page: the options of the request with the token, or (`short`) the token alone.
    pub fn page_link(&self, token: &str, short: bool) -> String {
        let link = self.with_options(|name| !short && name != "$skiptoken");
        [&link, "$skiptoken=", token].concat()
    }

    /// A link to what changes from now on.
    pub fn delta_link(&self, token: &str) -> String {
        let link = self.with_options(|name| !OF_AMOUNT.contains(&name));
        [&link, "$deltatoken=", token].concat()
    }

    /// A link to the rows behind the first `rows` ones, for rows that are not stored; `skip` and `top` are those of the
    /// first request.
    pub fn skip_link(&self, rows: u64, skip: u64, top: Option<u64>) -> String {
        let link = self.with_options(|name| !["$skip", "$top", "$skiptoken"].contains(&name));
        let (skip, top) = (skip + rows, top.map(|top| top.saturating_sub(rows)));
        let top = top.map(|top| format!("&$top={top}")).unwrap_or_default();
        format!("{link}$skip={skip}{top}")
    }

    /// The link with the options that are kept, each with an ampersand behind it.
    fn with_options(&self, kept: impl Fn(&str) -> bool) -> String {
        let mut link = self.path.clone();
        for option in options(&self.query).filter(|option| kept(&name_of(option))) {
            link.push_str(option);
            link.push('&');
        }
        link
    }
}
