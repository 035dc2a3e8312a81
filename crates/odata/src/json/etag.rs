//! ETags of entities: the values that they are made of, in characters that may stand there (RFC 9110 section 8.8.3).

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::key::{write_plain_key, write_text_key};

/// Characters from which on it is shortened.
const MOST: usize = 64;

/// What stands between the quotes of an ETag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EtagText(Vec<u8>);

impl EtagText {
    /// Of a document that is written in these pieces; nodes of any build make the same of it.
    pub fn of_document(pieces: &[&[u8]]) -> EtagText {
        EtagText(digest(pieces).into_bytes())
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What stands there, ASCII without quotes; nothing where there are no values.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The whole header, where there is one: strong where it tells bytes from each other, else weak, as one entity has many forms.
    pub fn header(&self, strong: bool) -> Option<String> {
        let text = std::str::from_utf8(&self.0).ok().filter(|text| !text.is_empty())?;
        Some([if strong { "" } else { "W/" }, "\"", text, "\""].concat())
    }

    /// Adds that there is no value.
    pub fn null(&mut self) {
        self.plain(b"null");
    }

    /// Adds a number, a time or the like.
    pub fn plain(&mut self, text: &[u8]) {
        self.next();
        write_plain_key(&mut self.0, text);
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        self.next();
        write_text_key(&mut self.0, text);
    }

    /// Adds bytes.
    pub fn binary(&mut self, bytes: &[u8]) {
        self.next();
        self.0.extend_from_slice(URL_SAFE.encode(bytes).as_bytes());
    }

    /// All values are there.
    pub fn finish(&mut self) {
        if self.0.len() > MOST {
            let digest = digest(&[&self.0]);
            self.0.clear();
            self.0.extend_from_slice(digest.as_bytes());
        }
    }

    fn next(&mut self) {
        if !self.0.is_empty() {
            self.0.push(b';');
        }
    }
}

/// 128 bits of SHA-256 in 22 characters. Whoever writes into the database cannot make two values of one ETag.
fn digest(pieces: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece);
    }
    URL_SAFE_NO_PAD.encode(&hasher.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::EtagText;

    fn etag(add: impl Fn(&mut EtagText)) -> String {
        let mut text = EtagText::default();
        add(&mut text);
        text.finish();
        text.header(false).unwrap_or_default()
    }

    #[test]
    fn values() {
        assert_eq!(etag(|_| {}), "");
        assert_eq!(etag(|e| e.plain(b"5")), "W/\"5\"");
        assert_eq!(etag(EtagText::null), "W/\"null\"");
        assert_eq!(etag(|e| e.text("a\"\r\nb'\u{e4}")), "W/\"'a%22%0D%0Ab''%C3%A4'\"");
        assert_eq!(etag(|e| e.binary(b"\0\xff")), "W/\"AP8=\"");
        let two =
            etag(|e| [b"1".as_slice(), b"2024-01-31T12:00:00Z"].into_iter().for_each(|text| e.plain(text)));
        assert_eq!(two, "W/\"1;2024-01-31T12:00:00Z\"");
        let long = |last: &str| etag(|e| e.text(&["x".repeat(100).as_str(), last].concat()));
        // As `printf "'%sa'" $(printf 'x%.0s' {1..100}) | openssl dgst -sha256 -binary | head -c 16 | basenc --base64url` says.
        assert_eq!(long("a"), "W/\"ggUehDfPyRXX0Su2YVVXsg\"");
        assert_ne!(long("a"), long("b"));
    }
}
