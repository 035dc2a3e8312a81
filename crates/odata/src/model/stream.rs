//! Streams: bytes that stand in no JSON and are read by themselves.

/// The bytes of a media entity or of a stream property (CSDL 4.01 sections 6.2 and 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Name of the property, unique among all of the type; nothing where the entity itself is the stream.
    pub name: String,
    /// What the bytes are.
    pub media_type: MediaType,
    /// Whether there may be none.
    pub nullable: bool,
    /// Text for `Core.Description`.
    pub description: Option<String>,
}

/// What the bytes of a stream are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaType {
    /// The same for all entities, such as `image/png`.
    Fixed(String),
    /// Each entity says it.
    Told,
}

/// What is known of bytes of which nothing is said.
pub const BYTES: &str = "application/octet-stream";
/// The longest media type that is taken.
const MOST_BYTES: usize = 255;

/// Whether a text can be a media type, such as `text/html; charset=utf-8` (RFC 9110 section 8.3.1).
pub fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
    let Some((main, sub)) = kind.trim_ascii_end().split_once('/') else {
        return false;
    };
    let harmless = parameters.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    text.len() <= MOST_BYTES && token(main) && token(sub) && harmless
}

#[cfg(test)]
mod tests {
    use super::is_media_type;

    #[test]
    fn media_types() {
        let long = ["image/", &"x".repeat(250)].concat();
        for (text, expected) in [
            ("image/png", true),
            ("text/html; charset=utf-8", true),
            ("application/vnd.oasis.opendocument.text", true),
            ("image/svg+xml", true),
            ("", false),
            ("png", false),
            ("image/", false),
            ("/png", false),
            ("image/png\r\nX: y", false),
            ("text/plain; x=\r\ny", false),
            ("text/plä", false),
            ("a/b/c", false),
            (&long, false),
        ] {
            assert_eq!(is_media_type(text), expected, "{text}");
        }
    }
}
