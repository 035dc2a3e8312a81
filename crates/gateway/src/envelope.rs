//! What stands around the rows of a page: context URL, count, next link (JSON Format section 4 and 13).

use nextlink_odata::json::{Format, write_string};
use nextlink_odata::version::MetadataLevel;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// What every page of a result has around its rows; kept with the stored result.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// The fragment of the context URL.
    pub context: String,
    /// The number of all rows, where it was asked for.
    pub count: Option<u64>,
    /// What is told of the type of all values together, where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// The token of the link to what changes from then on, where that is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<String>,
}

fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

/// `"@odata.context":"…"`, or nothing for metadata=none.
pub fn context_member(format: Format, root: &str, fragment: &str) -> Option<String> {
    if format.metadata == MetadataLevel::None {
        return None;
    }
    let mut out = String::with_capacity(root.len() + fragment.len() + 32);
    // The root is a checked URL, and nothing that JSON would escape is left in the fragment.
    for part in ["\"", format.control_prefix(), "context\":\"", root, "$metadata#"] {
        out.push_str(part);
    }
    out.extend(utf8_percent_encode(fragment, NO_FRAGMENT));
    out.push('"');
    Some(out)
}

/// `"@odata.count":3`
pub fn count_member(format: Format, count: u64) -> String {
    // 64-bit integers are strings for clients that know only doubles (section 3.2).
    let number = if format.ieee754_compatible { format!("\"{count}\"") } else { count.to_string() };
    [&quoted(&format.control("count")), ":", &number].concat()
}

/// Characters that a fragment cannot hold.
const NO_FRAGMENT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'\\');

impl Envelope {
    /// Everything before the rows of a collection. With `generation`, they and those behind them come from another
    /// execution than those before.
    pub fn open(&self, format: Format, root: &str, generation: Option<u32>) -> String {
        let mut out = String::from("{");
        if let Some(context) = context_member(format, root, &self.context) {
            out.push_str(&context);
            out.push(',');
        }
        if let Some(ty) = &self.ty {
            out.push_str(ty);
            out.push(',');
        }
        if let Some(count) = self.count {
            out.push_str(&count_member(format, count));
            out.push(',');
        }
        if let Some(generation) = generation {
            out.push_str("\"@Nextlink.Snapshot\":false,\"@Nextlink.Generation\":");
            out.push_str(&generation.to_string());
            out.push(',');
        }
        out.push_str("\"value\":[");
        out
    }

    /// Whether these are all entities, of which changes are followed, and not changes.
    pub fn tracks(&self) -> bool {
        self.delta.is_some() && !self.is_delta()
    }

    /// Whether these are changes.
    pub fn is_delta(&self) -> bool {
        self.context.ends_with("/$delta")
    }

    /// Everything behind the last rows, with a link to what changes from then on.
    pub fn close_followed(format: Format, url: &str) -> String {
        ["],", &quoted(&format.control("deltaLink")), ":", &quoted(url), "}"].concat()
    }

    /// Everything behind the rows.
    pub fn close(format: Format, next: Option<&NextLink>) -> String {
        let Some(next) = next else {
            return "]}".to_owned();
        };
        let mut out = ["],", &quoted(&format.control("nextLink")), ":", &quoted(&next.url)].concat();
        if !next.snapshot {
            // Later pages see the data as it is then.
            out.push_str(",\"@Nextlink.Snapshot\":false");
        }
        out.push('}');
        out
    }
}

/// A link to the next page.
#[derive(Debug, Clone)]
pub struct NextLink {
    /// The link.
    pub url: String,
    /// Whether the next page comes from the same execution.
    pub snapshot: bool,
}
