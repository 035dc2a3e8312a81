//! What form of JSON a client asked for.

use crate::version::{MetadataLevel, Version};

/// The form of a JSON answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Format {
    /// Protocol version of the answer.
    pub version: Version,
    /// Amount of control information.
    pub metadata: MetadataLevel,
    /// `IEEE754Compatible=true`: 64-bit integers and decimals as strings (section 3.2).
    pub ieee754_compatible: bool,
    /// `omit-values=nulls`: properties that are null are left out.
    pub omit_nulls: bool,
}

impl Format {
    /// The name of a control information, as in `@odata.context` or, for 4.01, `@context`.
    pub fn control(self, name: &str) -> String {
        [self.control_prefix(), name].concat()
    }

    /// What names of control information begin with.
    pub fn control_prefix(self) -> &'static str {
        match self.version {
            Version::V40 => "@odata.",
            Version::V401 => "@",
        }
    }

    /// The media type of the answer.
    pub fn media_type(self) -> String {
        let dollar = match self.version {
            Version::V40 => "odata.metadata",
            Version::V401 => "metadata",
        };
        let metadata = match self.metadata {
            MetadataLevel::None => "none",
            MetadataLevel::Minimal => "minimal",
            MetadataLevel::Full => "full",
        };
        let ieee = if self.ieee754_compatible { ";IEEE754Compatible=true" } else { "" };
        ["application/json;", dollar, "=", metadata, ieee].concat()
    }
}
