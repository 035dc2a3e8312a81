//! What form of answer a client takes: media type, metadata level, version, compression (Part 1 section 8).

use http::{HeaderMap, StatusCode, header};
use nextlink_odata::json::Format;
use nextlink_odata::version::{MetadataLevel, Version};

use crate::answer::Refusal;
use crate::headers::ODATA_MAX_VERSION;

/// Kinds of answers that differ in the media types they can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Entities, properties, the service document.
    Data,
    /// `$metadata`
    Metadata,
    /// `$openapi`
    OpenApi,
    /// A raw value or a count.
    Raw,
}

/// What was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// JSON form; for `$metadata` and raw values only its version counts.
    pub format: Format,
    /// For `$metadata`: JSON rather than XML.
    pub json: bool,
}

/// The version of the answer: the greatest one up to `OData-MaxVersion`, without that header 4.0.
///
/// # Errors
/// The client takes nothing as new as 4.0, or the header is no version.
pub fn version(headers: &HeaderMap) -> Result<Version, Refusal> {
    let Some(value) = headers.get(ODATA_MAX_VERSION) else {
        return Ok(Version::V40);
    };
    let refused = |text: &str| {
        let message = format!("OData-MaxVersion '{text}' is not served; this service speaks 4.0 and 4.01.");
        Refusal::bad_request("VersionNotSupported", message).about("OData-MaxVersion")
    };
    let text = value.to_str().unwrap_or("").trim();
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    let major: u32 = major.parse().map_err(|_| refused(text))?;
    if minor.is_empty() || minor.len() > 20 || !minor.bytes().all(|b| b.is_ascii_digit()) || major < 4 {
        return Err(refused(text));
    }
    // 4.01 is not less than 4.0 followed by any digit but 0: minor versions are read as written.
    let newer = major > 4 || minor.trim_end_matches('0') >= "01";
    Ok(if newer { Version::V401 } else { Version::V40 })
}

/// Agrees on a form from `$format`, which wins, or `Accept`.
///
/// # Errors
/// 406 where nothing fits.
pub fn agree(
    kind: Kind,
    version: Version,
    format_option: Option<&str>,
    headers: &HeaderMap,
) -> Result<Agreed, Refusal> {
    if let Some(option) = format_option {
        // The short forms take parameters, too.
        let end = option.find(';').unwrap_or(option.len());
        let (short, parameters) = option.split_at(end);
        let range = match short.trim().to_ascii_lowercase().as_str() {
            "json" => ["application/json", parameters].concat(),
            "xml" => ["application/xml", parameters].concat(),
            "atom" => "application/atom+xml".to_owned(),
            _ => option.to_owned(),
        };
        return range_fits(kind, usual(version), &range).ok_or_else(|| not_acceptable(option, "$format"));
    }
    let mut best: Option<(u32, Agreed)> = None;
    let mut asked = false;
    for range in ranges(headers) {
        asked = true;
        let quality = quality(range);
        if quality == 0 {
            continue;
        }
        if let Some(agreed) = range_fits(kind, usual(version), range) {
            // CSDL JSON came with 4.01: others that take XML at all get what clients of 4.0 can read.
            if kind == Kind::Metadata && version == Version::V40 && !agreed.json {
                return Ok(agreed);
            }
            if best.as_ref().is_none_or(|(q, _)| *q < quality) {
                best = Some((quality, agreed));
            }
        }
    }
    if !asked {
        return range_fits(kind, usual(version), "*/*").ok_or_else(|| not_acceptable("*/*", "Accept"));
    }
    best.map(|(_, agreed)| agreed).ok_or_else(|| {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
        not_acceptable(&values.collect::<Vec<&str>>().join(","), "Accept")
    })
}

/// Whether `Accept` allows data of a form that is there already; what a media range does not name it leaves open (RFC 9110
/// section 12.5.1). Of ranges that it fits, the one that says most counts.
pub fn accepts(format: Format, headers: &HeaderMap) -> bool {
    let mut best: Option<((bool, usize), u32)> = None;
    let mut asked = false;
    for range in ranges(headers) {
        asked = true;
        if range_fits(Kind::Data, format, range).is_some_and(|agreed| agreed.format == format) {
            let says =
                (!range.contains('*'), split_quoted(range, b';').filter(|part| !is_weight(part)).count());
            if best.is_none_or(|(said, _)| said < says) {
                best = Some((says, quality(range)));
            }
        }
    }
    !asked || best.is_some_and(|(_, quality)| quality > 0)
}

fn is_weight(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
}

/// The media ranges of `Accept`.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| split_quoted(value, b',')).filter(|range| !range.is_empty())
}

/// What a client gets that leaves the form open.
fn usual(version: Version) -> Format {
    Format { version, metadata: MetadataLevel::Minimal, ieee754_compatible: false, omit_nulls: false }
}

fn not_acceptable(asked: &str, target: &str) -> Refusal {
    let asked: String = asked.chars().take(200).collect();
    let message = format!("No form of the answer fits '{asked}'.");
    Refusal::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message).about(target)
}

/// Splits at a separator that does not stand in quotes.
fn split_quoted(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = if text.contains('"') {
            let mut quoted = false;
            text.bytes().position(|byte| {
                quoted ^= byte == b'"';
                byte == separator && !quoted
            })
        } else {
            text.bytes().position(|byte| byte == separator)
        };
        let (part, behind) = end.map_or((text, None), |end| (&text[..end], text.get(end + 1..)));
        rest = behind;
        Some(part.trim_ascii())
    })
}

/// The weight of a media range in thousandths.
pub fn quality(range: &str) -> u32 {
    let Some((_, parameters)) = range.split_once(';') else {
        return 1_000;
    };
    let value = split_quoted(parameters, b';').find_map(|p| {
        let (name, value) = p.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().ok()).flatten()
    });
    value.map_or(1_000, |value| (value.clamp(0.0, 1.0) * 1000.0) as u32)
}

/// What a media range comes to for a kind of answer, if it fits at all; `format` is what it leaves open.
fn range_fits(kind: Kind, mut format: Format, range: &str) -> Option<Agreed> {
    let mut parts = split_quoted(range, b';');
    let media = parts.next().unwrap_or_default();
    let is = |name: &str| media.eq_ignore_ascii_case(name);
    let json = is("application/json");
    let any = json || is("*/*") || is("*") || is("application/*");
    let fits = match kind {
        Kind::Data => any,
        Kind::Metadata => any || is("application/xml") || is("text/xml"),
        Kind::OpenApi => any || is("application/vnd.oai.openapi+json") || is("application/openapi+json"),
        Kind::Raw => return Some(Agreed { format, json: false }),
    };
    if !fits {
        return None;
    }
    for parameter in parts {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        match name.trim().to_ascii_lowercase().as_str() {
            "odata.metadata" | "metadata" => {
                format.metadata = match value.as_str() {
                    "none" => MetadataLevel::None,
                    "minimal" => MetadataLevel::Minimal,
                    "full" => MetadataLevel::Full,
                    _ => return None,
                };
            }
            "ieee754compatible" => format.ieee754_compatible = value == "true",
            "charset" if matches!(value.as_str(), "utf-8" | "utf8") => {}
            // They allow what need not be done.
            "odata.streaming" | "streaming" | "exponentialdecimals" => {}
            // What stands behind the weight is about the header, not the format.
            "q" => break,
            "version" if kind == Kind::OpenApi => {}
            // A format with parameters that nobody knows is another one (Part 1 section 8.2.1).
            _ => return None,
        }
    }
    Some(Agreed { format, json })
}

/// Whether the client takes gzip.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()).any(|value| {
        value.split(',').any(|coding| {
            let name = coding.split(';').next().unwrap_or_default().trim();
            (name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") || name == "*")
                && quality(coding) > 0
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in rows {
            map.append(*name, value.parse().expect("a value"));
        }
        map
    }

    #[test]
    fn versions() {
        for (value, expected) in [
            (None, Some(Version::V40)),
            (Some("4.0"), Some(Version::V40)),
            (Some("4"), Some(Version::V40)),
            (Some("4.01"), Some(Version::V401)),
            (Some("4.1"), Some(Version::V401)),
            (Some("9.9"), Some(Version::V401)),
            (Some("3.0"), None),
            (Some("x"), None),
            (Some("4.x"), None),
        ] {
            let map = value.map_or_else(HeaderMap::new, |v| headers(&[("OData-MaxVersion", v)]));
            assert_eq!(version(&map).ok(), expected, "{value:?}");
        }
    }

    #[test]
    fn forms() {
        use MetadataLevel::{Full, Minimal, None as NoMetadata};
        let power_bi = "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7";
        for (kind, option, accept, expected) in [
            (Kind::Data, None, "", Some((Minimal, false, false))),
            (Kind::Data, None, "*/*", Some((Minimal, false, false))),
            (Kind::Data, None, power_bi, Some((Minimal, false, true))),
            (Kind::Data, None, "application/json;odata.metadata=full", Some((Full, false, true))),
            (
                Kind::Data,
                None,
                "application/json;metadata=none;IEEE754Compatible=true",
                Some((NoMetadata, true, true)),
            ),
            (Kind::Data, None, "image/png", None),
            (Kind::Data, None, "application/json;q=0", None),
            (
                Kind::Data,
                None,
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Some((Minimal, false, false)),
            ),
            (Kind::Data, Some("json"), "image/png", Some((Minimal, false, true))),
            (Kind::Data, Some("atom"), "*/*", None),
            (Kind::Data, Some("application/json;odata.metadata=none"), "", Some((NoMetadata, false, true))),
            (Kind::Data, Some("json;odata.metadata=full"), "", Some((Full, false, true))),
            (Kind::Data, None, "application/json;odata.metadata=some", None),
            (Kind::Data, None, "application/json;unknown=1", None),
            (Kind::Data, None, "application/json;q=0.5;unknown=1", Some((Minimal, false, true))),
            (
                Kind::Data,
                None,
                "application/json;odata=verbose, application/json;ExponentialDecimals=true;streaming=true",
                Some((Minimal, false, true)),
            ),
            (Kind::Data, Some("application/json;x=1"), "*/*", None),
            (Kind::Metadata, None, "*/*", Some((Minimal, false, false))),
            (Kind::Metadata, None, "application/json", Some((Minimal, false, true))),
            (Kind::Metadata, Some("json"), "application/xml", Some((Minimal, false, true))),
            (Kind::Metadata, None, power_bi, Some((Minimal, false, false))),
            (Kind::Metadata, None, "application/json, */*;q=0.1", Some((Minimal, false, false))),
            (Kind::Metadata, None, "application/json;q=0.5,application/xml", Some((Minimal, false, false))),
        ] {
            let map = if accept.is_empty() { HeaderMap::new() } else { headers(&[("accept", accept)]) };
            let agreed = agree(kind, Version::V40, option, &map).ok();
            let found = agreed.map(|a| (a.format.metadata, a.format.ieee754_compatible, a.json));
            assert_eq!(found, expected, "{kind:?} {option:?} {accept}");
        }
    }

    #[test]
    fn gzip() {
        for (value, expected) in [
            ("gzip, deflate, br", true),
            ("*", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("GZIP;q=0.5", true),
        ] {
            assert_eq!(takes_gzip(&headers(&[("accept-encoding", value)])), expected, "{value}");
        }
    }
}
