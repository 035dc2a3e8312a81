//! The protocol versions an answer can be in, and how much metadata a JSON answer carries.

/// A version of the OData protocol (OData 4.01 Protocol section 8.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 4.0.
    V40,
    /// 4.01.
    V401,
}

impl Version {
    /// As in the `OData-Version` header.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::V40 => "4.0",
            Version::V401 => "4.01",
        }
    }
}

/// How much control information a JSON answer carries (OData 4.01 JSON section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetadataLevel {
    /// Only what can't be missed: next links and counts.
    None,
    /// What a client can't work out by the conventions.
    Minimal,
    /// All of it.
    Full,
}
