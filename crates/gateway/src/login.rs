//! Who asks: the login for the database that a client sends along, and the name that its results are kept under.

use http::HeaderMap;
use nextlink_db::location::{Login, Secret};
use nextlink_results::token::TokenKeys;

use crate::answer::Refusal;
use crate::config::ClientLogin;
use crate::headers::{SOURCE_PASSWORD, SOURCE_USER};

/// The name of all who do not say who they are.
const ANONYMOUS: &str = "anonymous";

/// Takes the login out of the headers, so that nothing that shows them can show it.
///
/// # Errors
/// A header that is there twice, or a password without a user.
pub fn take(headers: &mut HeaderMap) -> Result<Option<Login>, Refusal> {
    // Most requests have none, and looking through a few names is less work than two searches and removals.
    if !headers.keys().any(|name| *name == SOURCE_USER || *name == SOURCE_PASSWORD) {
        return Ok(None);
    }
    let user = take_text(headers, &SOURCE_USER)?.unwrap_or_default();
    let password = take_text(headers, &SOURCE_PASSWORD)?.unwrap_or_default();
    match (user.is_empty(), password.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => {
            let message = "There is a ddcloud-datasource-password, but no ddcloud-datasource-user.";
            Err(Refusal::bad_request("BadSourceLogin", message).about(SOURCE_USER.as_str()))
        }
        (false, _) => Ok(Some(Login { user, password: Secret(password) })),
    }
}

fn take_text(headers: &mut HeaderMap, name: &http::HeaderName) -> Result<Option<String>, Refusal> {
    let twice = headers.get_all(name).iter().nth(1).is_some();
    let Some(value) = headers.remove(name) else {
        return Ok(None);
    };
    let refused = |why: &str| {
        Refusal::bad_request("BadSourceLogin", ["The header ", name.as_str(), why].concat())
            .about(name.as_str())
    };
    if twice {
        return Err(refused(" is there twice."));
    }
    let latin = || value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
    // Some clients send what HTTP once said that headers are in: ISO 8859-1, of which next to no text is UTF-8, too.
    Ok(Some(std::str::from_utf8(value.as_bytes()).map_or_else(|_| latin(), str::to_owned)))
}

/// The login that a source takes from a client: none where the source does not ask for it.
///
/// # Errors
/// The source needs one and there is none. It is no login of HTTP, so a 401 would make clients ask for the wrong thing.
pub fn for_source(login: Option<Login>, client_login: ClientLogin) -> Result<Option<Login>, Refusal> {
    match (client_login, login) {
        (ClientLogin::Never, _) | (ClientLogin::Allowed, None) => Ok(None),
        (ClientLogin::Allowed | ClientLogin::Required, Some(login)) => Ok(Some(login)),
        (ClientLogin::Required, None) => Err(nextlink_db::error::Error::LoginNeeded.into()),
    }
}

/// The name that results are kept under and page tokens are bound to: other passwords give other names.
pub fn name(login: Option<&Login>, keys: &TokenKeys) -> Result<String, Refusal> {
    let Some(Login { user, password }) = login else {
        return Ok(ANONYMOUS.to_owned());
    };
    keys.caller(&[user.as_bytes(), password.0.as_bytes()]).ok_or_else(|| Refusal::internal(None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn logins_are_taken_out_of_headers() {
        type Row<'a> = (&'a [(&'a str, &'a [u8])], Result<Option<(&'a str, &'a str)>, &'a str>);
        let user = "ddcloud-datasource-user";
        let password = "ddcloud-datasource-password";
        let rows: &[Row] = &[
            (&[], Ok(None)),
            (&[(user, b"")], Ok(None)),
            (&[(user, b"ann")], Ok(Some(("ann", "")))),
            (&[(user, b"ann"), (password, b"p w:%41")], Ok(Some(("ann", "p w:%41")))),
            (&[(user, "änn".as_bytes()), (password, "пароль".as_bytes())], Ok(Some(("änn", "пароль")))),
            (&[(password, b"S3CRET")], Err(user)),
            (&[(user, b""), (password, b"S3CRET")], Err(user)),
            (&[(user, b"j\xfcrgen"), (password, b"p\xe4ss")], Ok(Some(("jürgen", "päss")))),
            (&[(user, b"ann"), (user, b"bob")], Err(user)),
            (&[(user, b"ann"), (password, b"S3CRET"), (password, b"S3CRET")], Err(password)),
        ];
        for (given, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert("accept", HeaderValue::from_static("*/*"));
            for (name, value) in *given {
                let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
                headers.append(name, HeaderValue::from_bytes(value).expect("a value"));
            }
            let found = take(&mut headers);
            if let Err(refusal) = &found {
                assert_eq!((refusal.status.as_u16(), refusal.target.as_deref()), (400, expected.err()));
                assert!(!format!("{refusal:?}").contains("S3CRET"), "{refusal:?}");
                continue;
            }
            let found = found.expect("a login or none");
            let plain = found.as_ref().map(|l| (l.user.as_str(), l.password.0.as_str()));
            assert_eq!(Ok(plain), *expected, "{given:?}");
            assert_eq!(headers.len(), 1, "{headers:?}");
        }
    }

    #[test]
    fn sources_take_logins_as_they_are_set() {
        let login = || Some(Login { user: "ann".into(), password: Secret("p".into()) });
        for (client_login, given, expected) in [
            (ClientLogin::Never, None, Ok(None)),
            (ClientLogin::Never, login(), Ok(None)),
            (ClientLogin::Allowed, None, Ok(None)),
            (ClientLogin::Allowed, login(), Ok(login())),
            (ClientLogin::Required, login(), Ok(login())),
            (ClientLogin::Required, None, Err((403, "SourceLoginNeeded"))),
        ] {
            let found = for_source(given, client_login).map_err(|r| (r.status.as_u16(), r.code));
            assert_eq!(found, expected, "{client_login:?}");
        }
    }
}
