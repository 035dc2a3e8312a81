//! A source as it is served: database, model, and the documents that describe it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use nextlink_db::error::Error as DbError;
use nextlink_db::location::Location;
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;
use nextlink_odata::csdl::{self, CsdlOptions};
use nextlink_odata::version::Version;
use nextlink_sql::mapping::{self, Mapping};
use nextlink_sql::notice::Notice;

use crate::config::SourceConfig;
use crate::points::Points;
use crate::repeat::Repeats;

/// A source as it is served.
#[derive(Debug)]
pub struct Served {
    /// The database.
    pub source: Source,
    /// Model and tables.
    pub mapping: Mapping,
    /// What was dropped or changed on the way from the database to the model.
    pub notices: Vec<Notice>,
    /// Plans of requests by key.
    pub points: Points,
    /// What was made of requests that differ from others in the value of the key only.
    pub repeats: Repeats,
    documents: BTreeMap<(bool, Version), Document>,
}

/// A metadata document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its text.
    pub text: Bytes,
    /// Its weak ETag.
    pub etag: String,
}

/// A source that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("source '{name}' ({location}): {cause}")]
pub struct OpenError {
    name: String,
    location: String,
    cause: String,
    /// Whether it may work later although nobody changes anything here.
    pub may_pass: bool,
}

impl OpenError {
    /// A source whose settings cannot be used.
    pub fn settings(name: &str, cause: &str) -> OpenError {
        let (name, cause) = (name.to_owned(), cause.to_owned());
        OpenError { name, location: "settings".to_owned(), cause, may_pass: false }
    }
}

impl Served {
    /// Opens a source, reads its catalogue and makes its model. Blocks.
    ///
    /// # Errors
    /// It cannot be opened or read.
    pub fn open(name: &str, config: &SourceConfig, vocabulary_url: &str) -> Result<Served, OpenError> {
        let failed = |cause: String, may_pass: bool| OpenError {
            name: name.to_owned(),
            location: config.url.to_string(),
            cause,
            may_pass,
        };
        let read = |error: DbError| failed(error.to_string(), error.may_pass());
        let location = config.location().map_err(|cause| failed(cause, false))?;
        if let Location::Sqlite(path) = &location
            && path.is_dir()
        {
            return Err(failed("this is a directory, not a file".to_owned(), false));
        }
        let source = Source::open(&location).map_err(read)?;
        let (catalog, mut notices) = source.introspect(&IntrospectLimits::default()).map_err(read)?;
        let (mapping, more) = mapping::build(&catalog, &config.model_options(name));
        notices.extend(more);
        let documents = documents(&mapping, vocabulary_url);
        Ok(Served {
            source,
            mapping,
            notices,
            points: Points::default(),
            repeats: Repeats::default(),
            documents,
        })
    }

    /// Whether clients are told the same model.
    pub fn has_model_of(&self, other: &Served) -> bool {
        let texts = |served: &Served| served.documents.values().map(|d| d.text.clone()).collect::<Vec<_>>();
        texts(self) == texts(other)
    }

    /// `$metadata` as XML or JSON.
    pub fn metadata(&self, json: bool, version: Version) -> &Document {
        &self.documents[&(json, version)]
    }
}

fn documents(mapping: &Mapping, vocabulary_url: &str) -> BTreeMap<(bool, Version), Document> {
    let mut documents = BTreeMap::new();
    for version in [Version::V40, Version::V401] {
        let options = CsdlOptions { version, vocabulary_base: vocabulary_url.to_owned() };
        for json in [false, true] {
            let text =
                if json { csdl::json(&mapping.model, &options) } else { csdl::xml(&mapping.model, &options) };
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let etag = format!("W/\"{:016x}\"", hasher.finish());
            documents.insert((json, version), Document { text: text.into(), etag });
        }
    }
    documents
}
