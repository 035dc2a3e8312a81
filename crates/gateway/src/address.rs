//! URLs of a service that stand in requests: what they address behind the service root.

use nextlink_odata::url::ast::{SegmentKind, Url};
use nextlink_odata::url::{self, ParseOptions};
use percent_encoding::percent_decode_str;

use crate::answer::Refusal;

/// Before the names of sources.
const SERVICES: &str = "/api/odata4/";
/// The identifier of an entity, as an option.
const ID: &str = "$id";

/// Reads a URL behind the service root. An identifier in it (Part 2 section 4.10) becomes relative to that root, too.
///
/// # Errors
/// What [`url::parse_with`] refuses, and an identifier of another service.
pub fn parse(text: &str, options: &ParseOptions, source: &str) -> Result<Url, Refusal> {
    let mut url = url::parse_with(text, options)?;
    if url.path.first().is_some_and(|first| first.kind == SegmentKind::Entity) {
        for id in url.options.text.iter_mut().filter(|option| option.name == ID) {
            let message = format!("'{}' is no identifier of an entity of this service.", id.value);
            let own = behind_root(&id.value, source).ok_or_else(|| Refusal::not_found(message).about(ID))?;
            id.value = own.to_owned();
        }
    }
    Ok(url)
}

/// What stands behind the service root in a URL: an absolute one, one from the host on, from the service root on (with a
/// slash before it, as some clients write it), or a relative one. Which host it names does not count: a load balancer may be
/// called by another name. None where it leads elsewhere.
pub fn behind_root<'u>(url: &'u str, source: &str) -> Option<&'u str> {
    let scheme =
        url[..url.find(['/', '?', '(', '\'']).unwrap_or(url.len())].split_once(':').map(|(scheme, _)| scheme);
    let from_host = match scheme {
        Some(scheme) if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            let rest = url[scheme.len()..].strip_prefix("://")?;
            &rest[rest.find('/')?..]
        }
        Some(_) => return None,
        None => url,
    };
    let path = from_host.split('?').next().unwrap_or_default();
    let beside = path.strip_prefix("../").map(|_| "..".len());
    let services = path.starts_with('/').then(|| path.find(SERVICES).map(|at| at + SERVICES.len() - 1));
    let Some(slash) = beside.or(services.flatten()) else {
        return scheme.is_none().then(|| without_start(from_host));
    };
    let named = &from_host[slash + 1..];
    let end = named.find(['/', '?']).unwrap_or(named.len());
    let (name, behind) = named.split_at(end);
    let same = percent_decode_str(name).decode_utf8_lossy().eq_ignore_ascii_case(source);
    same.then(|| without_start(behind))
}

fn without_start(url: &str) -> &str {
    url.trim_start_matches("./").trim_start_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_those_of_the_service() {
        for (id, expected) in [
            ("Products(1)", Some("Products(1)")),
            ("../shop/Products(1)", Some("Products(1)")),
            ("/api/odata4/Shop/Products(1)", Some("Products(1)")),
            ("http://a.example/api/odata4/shop/Products('a:/b')", Some("Products('a:/b')")),
            ("https://a.example/x/api/odata4/shop/Products(1)", Some("Products(1)")),
            // A set with the name of the source.
            ("http://a.example/api/odata4/shop/shop(1)", Some("shop(1)")),
            ("../other/Products(1)", None),
            ("/api/odata4/other/Products(1)", None),
            ("http://a.example/api/odata4/other/Products(1)", None),
            ("http://a.example/shop/Products(1)", None),
            ("http:Products(1)", None),
            ("ftp://a.example/api/odata4/shop/Products(1)", None),
            ("urn:Products(1)", None),
        ] {
            let url = ["$entity?$id=", id].concat();
            let parsed = parse(&url, &ParseOptions::default(), "shop");
            let found = parsed.as_ref().ok().map(|url| url.options.text[0].value.as_str());
            assert_eq!(found, expected, "{id}");
        }
        let left = parse("Products?$format=http://x/", &ParseOptions::default(), "shop").expect("a URL");
        assert_eq!(left.options.text[0].value, "http://x/");
    }
}
