//! Text that may hold a password: it is read from settings and never shown.

use std::fmt;

use nextlink_db::location::{HIDDEN, Location};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A password.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

impl<'de> Deserialize<'de> for Password {
    /// Whatever is no text is not repeated in the error either.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Password, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Value {
            Text(String),
            Other(IgnoredAny),
        }
        match Value::deserialize(deserializer)? {
            Value::Text(text) => Ok(Password(text)),
            Value::Other(_) => Err(D::Error::custom("a password is a text in quotes")),
        }
    }
}

/// The URL of a source; shown with user and password hidden.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SourceUrl(String);

impl SourceUrl {
    /// The URL with all that is in it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SourceUrl {
    fn from(url: &str) -> SourceUrl {
        SourceUrl(url.to_owned())
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Location::shown(&self.0))
    }
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SourceUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that may repeat what somebody has written, with everything hidden that follows the scheme of a URL, up to
/// the last quotation mark of its line: a password may hold anything.
pub fn without_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let Some(start) = line.find("://").map(|at| at + "://".len()) else {
            out.push_str(line);
            continue;
        };
        let quote = line[start..].rfind(['"', '\'', '`']).unwrap_or(line.len() - start);
        out.extend([&line[..start], HIDDEN, &line[start + quote..]]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_in_texts_are_hidden() {
        for (text, expected) in [
            ("nothing", "nothing"),
            ("a@b 'c'", "a@b 'c'"),
            ("is \"postgres://u:p@h/d?password=p\", not\na number", "is \"postgres://***\", not\na number"),
            ("`x://u:a\"b'c/@d@h/d`", "`x://***`"),
            ("x://u:p@h", "x://***"),
        ] {
            assert_eq!(without_urls(text), expected, "{text}");
        }
    }

    #[test]
    fn a_password_is_a_text_and_is_never_shown() {
        #[derive(Debug, Serialize, Deserialize)]
        struct Holder {
            password: Password,
        }
        for value in ["12345678", "0x12345678", "1234.5678", "[\"12345678\"]", "{x = 12345678}", "2012-03-04"]
        {
            let error = toml::from_str::<Holder>(&format!("password = {value}")).expect_err(value);
            assert_eq!(error.message(), "a password is a text in quotes", "{value}");
        }
        let holder: Holder = toml::from_str("password = \"12345678\"").expect("a text");
        assert_eq!(holder.password.reveal(), "12345678");
        let shown = [format!("{holder:?}"), toml::to_string(&holder).expect("it can be written")];
        assert!(shown.iter().all(|text| text.contains(HIDDEN) && !text.contains("1234")), "{shown:?}");
    }
}
