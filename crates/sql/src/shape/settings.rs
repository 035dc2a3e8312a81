//! What a model file says of how its source is served, beside the model.

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_saphyr::Spanned;

use super::limits::LimitsShape;
use super::named::Spot;
use crate::zone::Zone;

/// Rows that a page may have.
pub const PAGE_ROWS: RangeInclusive<u64> = 1..=100_000;
/// Bytes after which a page may be closed.
pub const PAGE_BYTES: RangeInclusive<u64> = 1_024..=16 << 20;
/// Seconds after which a source may be read again.
pub const REFRESH_SECONDS: RangeInclusive<u64> = 1..=86_400;
/// Other nodes that may get a copy of a stored result.
pub const REPLICAS: RangeInclusive<u64> = 0..=2;
/// Why a source cannot be said to take changes.
pub const ONLY_READS: &str = "there is no writing yet: leave it out, or say true";

/// Settings of the source. Those of the configuration take precedence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct SettingsShape {
    /// Rows of a page.
    #[serde(deserialize_with = "page_rows")]
    pub page_rows: Option<u64>,
    /// Bytes of rows after which a page is closed early.
    #[serde(deserialize_with = "page_bytes")]
    pub page_bytes: Option<u64>,
    /// What becomes of a result that is lost before a client has read all of it.
    pub on_loss: Option<LossShape>,
    /// Seconds after which database and model file are read again.
    #[serde(deserialize_with = "refresh_seconds")]
    pub refresh_seconds: Option<u64>,
    /// Other nodes that get a copy of each stored result.
    #[serde(deserialize_with = "replicas")]
    pub replicas: Option<u64>,
    /// That nothing can be changed; it cannot be otherwise yet.
    #[serde(deserialize_with = "read_only")]
    pub read_only: Option<bool>,
    /// Bounds on what clients can make large.
    pub limits: LimitsShape,
    /// The time zone of points in time that say none.
    pub time_zone: Option<Zone>,
}

/// A time zone, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneShape {
    /// The time zone.
    pub zone: Zone,
    /// Where it stands.
    pub spot: Spot,
}

impl<'de> Deserialize<'de> for ZoneShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ZoneShape, D::Error> {
        let found = Spanned::<Zone>::deserialize(deserializer)?;
        let spot = Spot::of(&found);
        Ok(ZoneShape { zone: found.value, spot })
    }
}

/// What becomes of a result that is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LossShape {
    /// The rest is read anew.
    Continue,
    /// The client has to start again.
    Strict,
}

fn page_rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within(&PAGE_ROWS, deserializer)
}

fn page_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within(&PAGE_BYTES, deserializer)
}

fn refresh_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within(&REFRESH_SECONDS, deserializer)
}

fn replicas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within(&REPLICAS, deserializer)
}

fn read_only<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let truth = bool::deserialize(deserializer)?;
    if truth { Ok(Some(truth)) } else { Err(D::Error::custom(ONLY_READS)) }
}

/// Reads a number of a range.
pub(super) fn within<'de, D: Deserializer<'de>>(
    range: &RangeInclusive<u64>,
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    // What is no such number at all is told in the same words.
    let number = u64::deserialize(deserializer).ok().filter(|number| range.contains(number));
    let wrong = || D::Error::custom(["the number ", &must_be(range)].concat());
    number.ok_or_else(wrong).map(Some)
}

/// What a number must be.
pub fn must_be(range: &RangeInclusive<u64>) -> String {
    let (least, most) = (range.start().to_string(), range.end().to_string());
    ["must be ", &least, " to ", &most].concat()
}
