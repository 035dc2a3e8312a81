//! `client_login`: whether clients say who reads.

use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

/// Whether clients say who reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientLogin {
    /// The source's own user reads, whatever a client says.
    #[default]
    Never,
    /// The user that a client names, else the source's own.
    Allowed,
    /// The user that a client names; the source's own reads the catalogue only.
    Required,
}

impl<'de> Deserialize<'de> for ClientLogin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ClientLogin, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Value {
            Flag(bool),
            Word(String),
            Other(IgnoredAny),
        }
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::Flag(false) => Ok(ClientLogin::Never),
            Value::Flag(true) => Ok(ClientLogin::Allowed),
            Value::Word(word) if word == "never" => Ok(ClientLogin::Never),
            Value::Word(word) if word == "allowed" => Ok(ClientLogin::Allowed),
            Value::Word(word) if word == "required" => Ok(ClientLogin::Required),
            Value::Word(_) | Value::Other(_) => {
                Err(D::Error::custom("client_login is one of \"never\", \"allowed\" and \"required\""))
            }
        }
    }
}
