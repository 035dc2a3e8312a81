//! The standard vocabularies, from a folder, for clients that follow the references of `$metadata`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};

use crate::body::Body;

/// Where they are served.
pub const PATH: &str = "/api/vocabularies/";

/// The files of a folder.
#[derive(Debug, Default)]
pub struct Vocabularies(BTreeMap<String, Bytes>);

impl Vocabularies {
    /// Reads the XML and JSON files of a folder.
    ///
    /// # Errors
    /// It cannot be read, or lacks a vocabulary that `$metadata` references.
    pub fn read(folder: &Path) -> anyhow::Result<Vocabularies> {
        let cannot = || format!("cannot read {} (server.vocabulary_folder)", folder.display());
        let mut found = BTreeMap::new();
        for entry in folder.read_dir().with_context(cannot)? {
            let path = entry.with_context(cannot)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if media(name).is_some() {
                found.insert(name.to_owned(), std::fs::read(&path).with_context(cannot)?.into());
            }
        }
        for name in nextlink_odata::csdl::referenced() {
            let lacks = || format!("{} (server.vocabulary_folder) lacks {name}", folder.display());
            found.get(&name).with_context(lacks)?;
        }
        Ok(Vocabularies(found))
    }

    /// Answers a request for a file.
    pub fn answer(&self, method: &Method, name: &str) -> Option<Response<Body>> {
        let (text, media) = (self.0.get(name)?, media(name)?);
        let body = if method == Method::HEAD { Body::empty() } else { Body::full(text.clone()) };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        Some(response)
    }
}

fn media(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "xml" => Some("application/xml"),
        "json" => Some("application/json"),
        _ => None,
    }
}
