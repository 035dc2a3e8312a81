//! Links to further pages and to changes, made of a request.

use crate::options::{is_standard, name_of, options};

/// Longest next link that repeats the options of the request; load balancers and clients refuse long lines.
pub const MAX_LINK: usize = 2_000;
/// Characters that are kept free in it for the token.
pub const TOKEN: usize = 400;
/// The same for the form of the answer.
const MAX_FORMAT: usize = 200;

/// Options that say how much of a result is given, and in which order: they do not count for what changes.
pub const OF_AMOUNT: &[&str] = &["$top", "$skip", "$orderby", "$skiptoken", "$deltatoken"];

/// How a link to a further page repeats the options of the first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkForm {
    /// The token stands for the options that count.
    pub short: bool,
    /// A function is called, whose parameters can be options with any name: all options count.
    pub calls: bool,
}

/// What links to further pages are made of.
#[derive(Debug, Clone)]
pub struct LinkParts {
    /// Up to the question mark.
    pub path: String,
    /// The options as sent.
    pub query: String,
}

impl LinkParts {
    /// A link to a page: the options of the request with the token. A short one has only those that say in which form the page
    /// is given, and, as far as there is room, those that mean nothing here and may mean something on the way.
    pub fn page_link(&self, token: &str, form: LinkForm) -> String {
        let mut room = MAX_LINK.saturating_sub(self.path.len() + TOKEN + MAX_FORMAT);
        let link = self.with_options(|name, option| match name {
            "$skiptoken" => false,
            _ if !form.short => true,
            "$format" => option.len() < MAX_FORMAT,
            _ if form.calls || is_standard(name) => false,
            _ => {
                let left = room.checked_sub(option.len() + 1);
                room = left.unwrap_or(room);
                left.is_some()
            }
        });
        [&link, "$skiptoken=", token].concat()
    }

    /// A link to what changes from now on.
    pub fn delta_link(&self, token: &str) -> String {
        let link = self.with_options(|name, _| !OF_AMOUNT.contains(&name));
        [&link, "$deltatoken=", token].concat()
    }

    /// A link to the rows behind the first `rows` ones, for rows that are not stored; `skip` and `top` are those of the
    /// first request.
    pub fn skip_link(&self, rows: u64, skip: u64, top: Option<u64>) -> String {
        let link = self.with_options(|name, _| !["$skip", "$top", "$skiptoken"].contains(&name));
        let (skip, top) = (skip + rows, top.map(|top| top.saturating_sub(rows)));
        let top = top.map(|top| format!("&$top={top}")).unwrap_or_default();
        format!("{link}$skip={skip}{top}")
    }

    /// The link with the options that are kept, each with an ampersand behind it.
    fn with_options(&self, mut kept: impl FnMut(&str, &str) -> bool) -> String {
        let mut link = self.path.clone();
        for option in options(&self.query).filter(|option| kept(&name_of(option), option)) {
            link.push_str(option);
            link.push('&');
        }
        link
    }
}
