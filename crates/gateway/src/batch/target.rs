//! What a request of a batch is for: its URL behind the service root, with references to the requests before it replaced
//! (Part 1 section 11.7.3, JSON Format section 19.1).

use std::collections::{HashMap, HashSet};

use http::StatusCode;
use nextlink_odata::url::ParseOptions;
use percent_encoding::percent_decode_str;

use super::call::{Call, bad};
use super::condition;
use super::values::{self, Answer, Reference};
use crate::address::behind_root;
use crate::answer::Refusal;
use crate::tunnel::url_text;

/// Segments that begin with a dollar and are no references.
const SYSTEM: [&str; 9] =
    ["$metadata", "$batch", "$all", "$crossjoin", "$entity", "$root", "$id", "$query", "$openapi"];
/// Options that change what is told of an entity, and not which one it is.
const FORMING: [&str; 4] = ["$select", "$expand", "$compute", "$format"];

/// Looks up a value in an answer, as a literal; none where there is no such value.
pub type Literals<'l> = &'l dyn Fn(&Answer, &Reference<'_>) -> Result<Option<String>, Refusal>;

/// What came of the requests so far.
#[derive(Debug, Default)]
pub struct Done {
    /// The URL of what a request with an id read.
    read: HashMap<String, String>,
    /// Ids of requests and groups that failed.
    failed: HashSet<String>,
    /// Answers that others refer to.
    answers: HashMap<String, Answer>,
}

impl Done {
    /// A request was answered; `url` is what it was for, as far as that is known.
    pub fn put(&mut self, call: &Call, url: Option<String>, failed: bool) {
        if failed {
            self.failed.extend(call.id.iter().chain(&call.group).cloned());
        } else if let (Some(id), Some(url)) = (&call.id, url) {
            self.read.insert(id.clone(), url);
        }
    }

    /// Keeps an answer that others refer to.
    pub fn keep(&mut self, id: &str, body: Option<Vec<u8>>) {
        if let Some(url) = self.read.get(id).cloned() {
            self.answers.insert(id.to_owned(), Answer { url, body });
        }
    }

    /// Whether all went well that a request depends on, or else its own condition holds.
    ///
    /// # Errors
    /// 424 with what did not.
    pub fn check(&self, call: &Call, literals: Literals<'_>, options: &ParseOptions) -> Result<(), Refusal> {
        if let Some(condition) = &call.condition {
            let references = values::references(condition, |id| self.knows(id));
            let text = values::replaced(condition, references, |reference| {
                if reference.path == ["$succeeded"] {
                    return Ok((!self.failed.contains(reference.id)).to_string());
                }
                let value = self.answers.get(reference.id).map(|answer| literals(answer, reference));
                Ok(value.transpose()?.flatten().unwrap_or_else(|| "null".to_owned()))
            })?;
            let message = "The condition of this request does not hold.";
            return if condition::holds(&text, options)? { Ok(()) } else { Err(dependency(message, "if")) };
        }
        match call.depends.iter().find(|name| self.failed.contains(*name)) {
            Some(name) => Err(failed_dependency(name)),
            None => Ok(()),
        }
    }

    /// What a URL is for: what stands behind the name of the source, from its slash on.
    ///
    /// # Errors
    /// It leads elsewhere, or refers to what is not there.
    pub fn target(&self, url: &str, source: &str) -> Result<String, Refusal> {
        let url = url_text(url);
        let elsewhere =
            || Refusal::not_found("A batch is for one service: this URL leads elsewhere.").about("url");
        let behind = behind_root(&url, source).ok_or_else(elsewhere)?;
        let end = behind.find(['/', '?', '(']).unwrap_or(behind.len());
        let (first, rest) = behind.split_at(end);
        let first = percent_decode_str(first).decode_utf8_lossy();
        match first.strip_prefix('$') {
            Some(id) if !SYSTEM.contains(&first.as_ref()) => Ok([&self.referred(id)?, rest].concat()),
            _ => Ok(["/", behind].concat()),
        }
    }

    /// Whether a request was answered, well or not.
    fn knows(&self, id: &str) -> bool {
        self.read.contains_key(id) || self.failed.contains(id)
    }

    /// A URL with values of earlier answers in the places of references to them.
    ///
    /// # Errors
    /// One of them failed, or has no such value.
    pub fn with_values(&self, url: String, literals: Literals<'_>) -> Result<String, Refusal> {
        values::put_in(url, |id| self.knows(id), |reference| self.value(reference, literals))
    }

    fn value(&self, reference: &Reference<'_>, literals: Literals<'_>) -> Result<String, Refusal> {
        if self.failed.contains(reference.id) {
            return Err(failed_dependency(reference.id));
        }
        let found = self.answers.get(reference.id).map(|answer| literals(answer, reference));
        found.transpose()?.flatten().ok_or_else(|| {
            let path = reference.path.join("/");
            bad(format!("The answer to '{}' has no value '{path}'.", reference.id)).about("url")
        })
    }

    /// The path of the entity that a request has read.
    fn referred(&self, id: &str) -> Result<String, Refusal> {
        if self.failed.contains(id) {
            return Err(failed_dependency(id));
        }
        let Some(url) = self.read.get(id) else {
            let message = format!("'${id}' refers to a request, but none before this one has the id '{id}'.");
            return Err(bad(message).about("url"));
        };
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let forms = |option: &str| {
            let name = percent_decode_str(option.split('=').next().unwrap_or_default()).decode_utf8_lossy();
            let name = name.to_ascii_lowercase();
            !name.starts_with('$') || FORMING.contains(&name.as_str())
        };
        if !query.split('&').all(forms) {
            let message = format!("'${id}' refers to a request that does not read one entity.");
            return Err(bad(message).about("url"));
        }
        Ok(path.trim_end_matches('/').to_owned())
    }
}

fn failed_dependency(id: &str) -> Refusal {
    dependency(&format!("The request or group '{id}' that this one depends on failed."), "dependsOn")
}

fn dependency(message: &str, about: &'static str) -> Refusal {
    Refusal::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", message).about(about)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lead_to_the_service() {
        for (url, expected) in [
            ("Products", Some("/Products")),
            ("./Products", Some("/Products")),
            ("/Products?$top=1", Some("/Products?$top=1")),
            ("//Products", Some("/Products")),
            ("", Some("/")),
            ("/", Some("/")),
            ("?$format=json", Some("/?$format=json")),
            ("$metadata", Some("/$metadata")),
            ("/$metadata", Some("/$metadata")),
            ("$entity?$id=A(1)", Some("/$entity?$id=A(1)")),
            ("$crossjoin(A,B)", Some("/$crossjoin(A,B)")),
            ("/api/odata4/shop/Products", Some("/Products")),
            ("/api/odata4/SHOP/Products", Some("/Products")),
            ("/api/odata4/sh%6Fp/Products", Some("/Products")),
            ("/api/odata4/shop", Some("/")),
            ("/api/odata4/shop?$format=json", Some("/?$format=json")),
            ("/odata/api/odata4/shop/Products(1)", Some("/Products(1)")),
            ("http://a.example/api/odata4/shop/Products?$top=1", Some("/Products?$top=1")),
            ("HTTPS://a.example:8443/x/api/odata4/shop/Products", Some("/Products")),
            ("A?$filter=B eq 'é'", Some("/A?$filter=B%20eq%20'%C3%A9'")),
            ("A?$filter=B eq 'http://x/api/odata4/y/'", Some("/A?$filter=B%20eq%20'http://x/api/odata4/y/'")),
            ("/api/odata4/other/Products", None),
            ("http://a.example/api/odata4/other/Products", None),
            ("http://a.example/Products", None),
            ("http://a.example", None),
        ] {
            let found = Done::default().target(url, "shop").ok();
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn references_lead_to_what_was_read() {
        let mut done = Done::default();
        let call = |id: &str| Call { refused: None, ..Call::refused(Some(id.to_owned()), bad("")) };
        for (id, url, failed) in [
            ("1", Some("/Products(1)?$select=ID&custom=1"), false),
            ("a-b", Some("/Products(1)/Category/"), false),
            ("list", Some("/Products?$filter=ID eq 1"), false),
            ("set", Some("/Products"), false),
            ("bad", Some("/Products(99)"), true),
            ("none", None, false),
        ] {
            done.put(&call(id), url.map(str::to_owned), failed);
        }
        for (url, expected) in [
            ("$1", Ok("/Products(1)")),
            ("/$1", Ok("/Products(1)")),
            ("$1/Category?$select=Name", Ok("/Products(1)/Category?$select=Name")),
            ("%241/Category", Ok("/Products(1)/Category")),
            ("/api/odata4/shop/$1/Name", Ok("/Products(1)/Name")),
            ("http://h/api/odata4/shop/$1?$expand=Category", Ok("/Products(1)?$expand=Category")),
            ("$a-b/Products", Ok("/Products(1)/Category/Products")),
            ("$set(2)/Name", Ok("/Products(2)/Name")),
            ("$set/$count", Ok("/Products/$count")),
            ("$list/$count", Err(400)),
            ("$2/Name", Err(400)),
            ("$none", Err(400)),
            ("$bad/Category", Err(424)),
            ("$", Err(400)),
        ] {
            let found = done.target(url, "shop").map_err(|refusal| refusal.status.as_u16());
            assert_eq!(found.as_deref().map_err(|status| *status), expected, "{url}");
        }
        let (literals, options): (Literals<'_>, _) = (&|_, _| Ok(None), ParseOptions::default());
        let depends = |on: &str| Call { depends: vec![on.to_owned()], ..call("x") };
        for (on, good) in [("1", true), ("bad", false)] {
            assert_eq!(done.check(&depends(on), literals, &options).is_ok(), good, "{on}");
        }
        // A condition counts alone.
        for (condition, expected) in [
            ("$1/$succeeded", Ok(())),
            ("$bad/$succeeded", Err(424)),
            ("not $bad/$succeeded and $1/$succeeded", Ok(())),
            ("$bad/Name eq null", Ok(())),
            ("$2/$succeeded", Err(400)),
            ("$1/$succeeded eq 1", Err(400)),
            ("length('$1') eq 2", Err(501)),
        ] {
            let call = Call { condition: Some(condition.to_owned()), ..depends("bad") };
            let found = done.check(&call, literals, &options).map_err(|refusal| refusal.status.as_u16());
            assert_eq!(found, expected, "{condition}");
        }
    }
}
