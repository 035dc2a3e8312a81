//! Affinity: hints by which a load balancer finds the node that holds a result. No answer depends on them: a hint that
//! is missing or forged costs a way between two nodes, and nothing else.

use http::{HeaderMap, HeaderValue, Response, header};
use nextlink_results::NodeId;

use crate::body::Body;
use crate::config::{CookieConfig, SameSite, Secure};
use crate::request::Request;
use crate::state::State;

/// What stands between the route and the token: letters that every client takes for a part of a token, some of which look
/// for no others in a link.
const END: &str = "--";
/// What stood there in earlier versions, whose links are still followed.
const OLD_END: char = '.';
/// Places where a route may end that are looked at: names of nodes may have one, too.
const MOST_ENDS: usize = 3;

/// The route to a node: its name. `None` where there is one node, or the name is not known here.
fn route(state: &State, node: NodeId) -> Option<String> {
    let cluster = state.cluster.as_ref()?;
    if cluster.own.id == node {
        return Some(cluster.own.name.clone());
    }
    cluster.members().node(node).map(|member| member.facts.name.clone())
}

/// The route that links have to what this node stores. It is kept with the result, so that its links are the same
/// whoever writes them and whomever that knows.
pub fn own_route(state: &State) -> Option<String> {
    let cluster = state.cluster.as_ref().filter(|_| state.config.cluster.route)?;
    Some(cluster.own.name.clone())
}

/// A page token as links have it: behind the route to the node that wrote the result.
pub fn routed(route: Option<&str>, token: &str) -> String {
    let route = route.map(|route| [route, END].concat()).unwrap_or_default();
    [route.as_str(), token].concat()
}

/// What may be the token of a link: all of it, or what stands behind a route, which is for load balancers and not looked at.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let text = text.rsplit_once(OLD_END).map_or(text, |(_, token)| token);
    let behind = text.match_indices(END).map(|(at, _)| &text[at + END.len()..]);
    std::iter::once(text).chain(behind.take(MOST_ENDS))
}

/// Tells a client that has got the first page of a result where the others lie.
pub fn begin(state: &State, request: &Request, response: &mut Response<Body>) {
    steer(state, request, state.store.node(), true, response);
}

/// Tells a client that has got a further page where the result lies, where it did not come there by itself, or has a
/// cookie that leads elsewhere.
pub fn follow(state: &State, request: &Request, owner: NodeId, response: &mut Response<Body>) {
    steer(state, request, owner, owner != state.store.node(), response);
}

/// Sets the cookie, unless the client has it with this value. One that has none gets it only where it is `wanted`: most
/// of those keep none, and would get it again with every page.
fn steer(state: &State, request: &Request, owner: NodeId, wanted: bool, response: &mut Response<Body>) {
    let config = &state.config.cluster.cookie;
    if !config.set || state.cluster.is_none() {
        return;
    }
    let sent = cookie(&request.headers, &config.name);
    let Some(route) = route(state, owner).filter(|route| sent.map_or(wanted, |sent| sent != route)) else {
        return;
    };
    let text = text(config, &route, request.https);
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The value of a cookie that a client has sent.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// `Set-Cookie` (RFC 6265 section 4.1).
fn text(config: &CookieConfig, route: &str, https: bool) -> String {
    let mut text = [&config.name, "=", route, "; Path=", &config.path].concat();
    if let Some(domain) = &config.domain {
        text.push_str("; Domain=");
        text.push_str(domain);
    }
    if let Some(seconds) = config.max_age_seconds {
        text.push_str("; Max-Age=");
        text.push_str(&seconds.to_string());
    }
    if config.http_only {
        text.push_str("; HttpOnly");
    }
    // Clients drop a cookie for pages of other sites that is not for HTTPS only.
    let always = config.secure == Secure::Always || config.same_site == SameSite::None;
    if always || (config.secure == Secure::Auto && https) {
        text.push_str("; Secure");
    }
    text.push_str(match config.same_site {
        SameSite::Strict => "; SameSite=Strict",
        SameSite::Lax => "; SameSite=Lax",
        SameSite::None => "; SameSite=None",
        SameSite::Unset => "",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_behind_any_route() {
        for (text, expected) in [
            ("abc", &["abc"][..]),
            ("n1--abc", &["n1--abc", "abc"]),
            ("n-1--a-b--c", &["n-1--a-b--c", "a-b--c", "c"]),
            ("--abc", &["--abc", "abc"]),
            ("n1--", &["n1--", ""]),
            ("", &[""]),
            ("n1.abc", &["abc"]),
            ("a.b.c", &["c"]),
            ("a--a--a--a--a--a", &["a--a--a--a--a--a", "a--a--a--a--a", "a--a--a--a", "a--a--a"]),
        ] {
            assert_eq!(tokens(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn cookies_are_found_among_others() {
        for (sent, expected) in [
            (&["C=n1"][..], Some("n1")),
            (&["a=b; C=n1; d"], Some("n1")),
            (&["a=b;C=n1"], Some("n1")),
            (&["a=b", "C=n1"], Some("n1")),
            (&["C=n1; C=n2"], Some("n1")),
            (&["C="], Some("")),
            (&["XC=n1; c=n1; a=C=n1"], None),
            (&["C"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(header::COOKIE, value.parse().expect("a value"));
            }
            assert_eq!(cookie(&headers, "C"), expected, "{sent:?}");
        }
    }

    #[test]
    fn cookies_have_the_attributes_that_are_set() {
        let usual = CookieConfig::default();
        for (config, https, expected) in [
            (usual.clone(), false, "C2S-SESSION=n1; Path=/; HttpOnly; SameSite=Lax"),
            (usual.clone(), true, "C2S-SESSION=n1; Path=/; HttpOnly; Secure; SameSite=Lax"),
            (
                CookieConfig { secure: Secure::Never, same_site: SameSite::Unset, ..usual.clone() },
                true,
                "C2S-SESSION=n1; Path=/; HttpOnly",
            ),
            (
                CookieConfig { same_site: SameSite::None, ..usual.clone() },
                false,
                "C2S-SESSION=n1; Path=/; HttpOnly; Secure; SameSite=None",
            ),
            (
                CookieConfig {
                    name: "route".into(),
                    same_site: SameSite::Strict,
                    secure: Secure::Always,
                    http_only: false,
                    path: "/odata".into(),
                    domain: Some("data.example".into()),
                    max_age_seconds: Some(900),
                    ..usual
                },
                false,
                "route=n1; Path=/odata; Domain=data.example; Max-Age=900; Secure; SameSite=Strict",
            ),
        ] {
            assert_eq!(text(&config, "n1", https), expected);
        }
    }
}
