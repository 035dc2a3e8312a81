//! A source as it is served: database, model, and the documents that describe it.

mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use nextlink_db::error::Error as DbError;
use nextlink_db::location::Location;
use nextlink_db::run::{Cancel, RunOptions};
use nextlink_db::source::Source;
use nextlink_db::sqlite::IntrospectLimits;
use nextlink_odata::csdl::{self, CsdlOptions};
use nextlink_odata::json::EtagText;
use nextlink_odata::model::{Function, PrimitiveType};
use nextlink_odata::openapi::{self, Login, OpenApiOptions};
use nextlink_odata::version::Version;
use nextlink_sql::catalog::ColumnType;
use nextlink_sql::dialect::Dialect;
use nextlink_sql::mapping::{self, Mapping, unread, unusable};
use nextlink_sql::notice::Notice;
use nextlink_sql::plan::{RowsTrial, rows_trial, rows_trials, trial, zone_trial};
use nextlink_sql::shape::{ReadThing, SettingsShape, Shape};
use nextlink_sql::statement::Program;
use nextlink_sql::zone::Zone;

use crate::config::{ClientLogin, HERE, SourceConfig};
use crate::effective;
use crate::points::Points;
use crate::repeat::Repeats;
use views::Views;

/// How long the SELECT of a function, and a time zone, is tried.
const TRIAL: Duration = Duration::from_secs(10);

/// How long conditions on rows are tried in all where a request has failed.
const ROWS_TRIALS: Duration = Duration::from_secs(5);

/// A source as it is served.
#[derive(Debug)]
pub struct Served {
    /// The database.
    pub source: Arc<Source>,
    /// Model and tables.
    pub mapping: Mapping,
    /// What was dropped or changed on the way from the database to the model.
    pub notices: Vec<Notice>,
    /// What the model file says beside the model.
    pub settings: SettingsShape,
    /// Plans of requests by key.
    pub points: Points,
    /// What was made of requests that differ from others in the value of the key only.
    pub repeats: Repeats,
    /// Whether others may see something else of the source.
    pub differs: bool,
    /// What each sees of this, where that is not the same.
    views: Option<Box<Views>>,
    vocabulary_url: String,
    documents: BTreeMap<(bool, Version), Document>,
    open_api_options: OpenApiOptions,
    open_api: OnceLock<Bytes>,
}

/// A metadata document. Between its pieces stands where the vocabularies are, if the node serves them.
#[derive(Debug, Clone)]
pub struct Document {
    pieces: Vec<Bytes>,
    /// Of the pieces.
    etag: String,
}

impl Document {
    fn new(text: &str) -> Document {
        let etag = etag(&[text.as_bytes()]);
        let pieces = text.split(HERE).map(|piece| Bytes::copy_from_slice(piece.as_bytes())).collect();
        Document { pieces, etag }
    }

    /// Its text, in pieces, and its weak ETag.
    pub fn at(&self, vocabularies: &str) -> (Vec<Bytes>, String) {
        if self.pieces.len() == 1 {
            return (self.pieces.clone(), self.etag.clone());
        }
        let between = Bytes::copy_from_slice(vocabularies.as_bytes());
        let mut text = Vec::with_capacity(2 * self.pieces.len());
        for (position, piece) in self.pieces.iter().enumerate() {
            if position > 0 {
                text.push(between.clone());
            }
            text.push(piece.clone());
        }
        (text, etag(&[self.etag.as_bytes(), vocabularies.as_bytes()]))
    }
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
    /// Whether rows might be seen that are to be kept from clients, so that what was served until now ends, too.
    pub withheld: bool,
}

impl OpenError {
    /// A source whose settings cannot be used.
    pub fn settings(name: &str, cause: &str) -> OpenError {
        let (name, cause) = (name.to_owned(), cause.to_owned());
        OpenError { name, location: "settings".to_owned(), cause, may_pass: false, withheld: false }
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
            withheld: false,
        };
        let read = |error: DbError| failed(error.to_string(), error.may_pass());
        let location = config.location().map_err(|cause| failed(cause, false))?;
        if let Location::Sqlite(path) = &location
            && path.is_dir()
        {
            return Err(failed("this is a directory, not a file".to_owned(), false));
        }
        let shape = config.shape().map_err(|cause| failed(cause, false))?;
        let source = Source::open(&location).map_err(read)?;
        let (mut catalog, mut notices) =
            source.introspect_with(&IntrospectLimits::default(), &shape.selects()).map_err(read)?;
        if shape.searches() {
            catalog.full_text = source.full_texts().map_err(read)?;
        }
        let settings = shape.settings;
        notices.extend(effective::notices(name, config, &settings));
        let options = config.model_options(name, shape);
        let (mapping, more) = mapping::build(&catalog, &options);
        if let Some(notice) = mapping.lost.first() {
            return Err(OpenError { withheld: true, ..failed(notice.to_string(), false) });
        }
        for zone in mapping.named_zones() {
            knows(&source, zone).map_err(|(cause, may_pass)| failed(cause, may_pass))?;
        }
        notices.extend(more);
        notices.extend(rows_notices(&mapping, source.dialect(), config.client_login));
        notices.extend(unread(&options.shape, config.client_login != ClientLogin::Never));
        let documents = documents(&mapping, vocabulary_url);
        let views = Views::of(&catalog, &options).map(Box::new);
        let served = Served {
            source: Arc::new(source),
            mapping,
            notices,
            settings,
            points: Points::default(),
            repeats: Repeats::default(),
            differs: views.is_some(),
            views,
            vocabulary_url: vocabulary_url.to_owned(),
            documents,
            open_api_options: open_api_options(name, config),
            open_api: OnceLock::new(),
        };
        // Most see this, and making it takes a while where the model is large.
        if let Some(views) = &served.views {
            drop(views.view(&served, None));
        }
        Ok(served)
    }

    /// What a login sees of it; without one, what everybody does.
    pub fn seen_by(self: Arc<Served>, login: Option<&str>) -> Arc<Served> {
        match self.views.as_ref().map(|views| views.view(&self, login)) {
            None | Some(None) => self,
            Some(Some(view)) => view,
        }
    }

    /// The same source with another mapping.
    pub fn narrowed(&self, mapping: Mapping) -> Served {
        Served {
            source: Arc::clone(&self.source),
            documents: documents(&mapping, &self.vocabulary_url),
            mapping,
            notices: Vec::new(),
            settings: self.settings,
            points: Points::default(),
            repeats: Repeats::default(),
            differs: self.differs,
            views: None,
            vocabulary_url: self.vocabulary_url.clone(),
            open_api_options: self.open_api_options.clone(),
            open_api: OnceLock::new(),
        }
    }

    /// Runs the SELECT of each function, and tells which of them fail: both with nulls and with other values.
    pub fn failing_functions<'s>(&'s self) -> Vec<(&'s str, String)> {
        let options = trial_options();
        let fails = |(number, function): (usize, &'s Function)| {
            let tried = |nulls: bool| {
                let program = trial(&self.mapping, self.source.dialect(), number, nulls)?;
                let failed = self.source.count(&program, &options).err();
                failed.filter(|error| !matches!(error, DbError::TimedOut { .. }))
            };
            // What divides by a value, or takes it for a number of rows, does only with one of the two.
            tried(true)?;
            tried(false).map(|why| (function.name.as_str(), why.to_string()))
        };
        self.mapping.model.functions.iter().enumerate().filter_map(fails).collect()
    }

    /// The conditions on rows by their entity sets, each with why it fails, if it is tried and does.
    pub fn tried_rows(&self, tried: bool) -> Vec<(&str, &str, Option<String>)> {
        let options = trial_options();
        let trials = rows_trials(&self.mapping, self.source.dialect()).into_iter();
        let fails = |trial: RowsTrial<'_>| {
            let program = trial.program.ok().filter(|_| tried)?;
            let failed = self.source.count(&program, &options).err();
            failed.filter(|error| !matches!(error, DbError::TimedOut { .. })).map(|error| error.to_string())
        };
        trials.map(|trial| (trial.set.name.as_str(), trial.rows.told.text.trim(), fails(trial))).collect()
    }

    /// Columns of SELECTs with values that are none of their types, each with its entity set and type. All rows are read; when the
    /// source is opened, only so many of them are.
    pub fn unfit_columns(&self) -> Vec<(&str, &str, &'static str)> {
        let mut unfit = Vec::new();
        let all = IntrospectLimits { probe_rows: u32::MAX, ..IntrospectLimits::default() };
        for (set, table) in self.mapping.model.entity_sets.iter().zip(&self.mapping.tables) {
            let Some(select) = &table.select else { continue };
            // What fails here has failed before, or may pass.
            let Ok(Ok((catalog, _))) = self.source.describe(&set.name, select, &all) else { continue };
            for column in catalog.tables.iter().flat_map(|table| &table.columns) {
                let known = table.columns.iter().find(|known| known.column == column.name);
                let served =
                    known.filter(|known| known.codes.is_none() && !known.json).map(|known| known.primitive);
                if let (Some(served), ColumnType::Primitive(seen)) = (served, &column.ty)
                    && ![*seen, PrimitiveType::String].contains(&served)
                {
                    unfit.push((set.name.as_str(), known.map_or("", |known| &known.column), served.name()));
                }
            }
        }
        unfit
    }

    /// The entity set whose condition on rows failed where a program came to this error, and what is to be logged. Blocks.
    pub fn failed_rows(
        &self,
        program: &Program,
        options: &RunOptions,
        error: &DbError,
    ) -> Option<(&str, String)> {
        if !in_doubt(program, error) {
            return None;
        }
        let user = options.login.as_ref().map_or("", |login| &login.user);
        let until = Instant::now() + ROWS_TRIALS.min(options.timeout);
        // Databases don't say which of several expressions has failed, so conditions are tried by themselves.
        program.failing.iter().find_map(|set| {
            let trial = rows_trial(&self.mapping, self.source.dialect(), *set, user)?;
            let left = until.saturating_duration_since(Instant::now());
            let options = RunOptions { timeout: left, ..options.clone() };
            let failed =
                self.source.count(&trial.program.ok().filter(|_| !left.is_zero())?, &options).err()?;
            let (set, spot) = (trial.set.name.as_str(), trial.rows.told.spot);
            let cause = format!("the condition on rows of {set} (the model file, {spot}) fails: {failed}");
            failed.is_of_expression().then_some((set, cause))
        })
    }

    /// Whether clients are told the same model.
    pub fn has_model_of(&self, other: &Served) -> bool {
        let texts = |served: &Served| served.documents.values().map(|d| d.pieces.clone()).collect::<Vec<_>>();
        texts(self) == texts(other)
    }

    /// Whether the same is kept from the same: rows by conditions, and what has readers.
    pub fn has_rows_of(&self, other: &Served) -> bool {
        let conditions = |served: &Served| {
            let rows = served.mapping.tables.iter().map(|table| Some(table.rows.as_ref()?.told.text.clone()));
            rows.collect::<Vec<_>>()
        };
        let things = |served: &'_ Served| {
            let shape = served.with_readers()?;
            let told = |thing: ReadThing<'_>| {
                let property = thing.property.map(|name| name.text.clone());
                let logins = shape.logins(thing.readers).into_iter().map(str::to_owned).collect::<Vec<_>>();
                (thing.name.text.clone(), property, logins)
            };
            Some(shape.read_things().into_iter().map(told).collect::<Vec<_>>())
        };
        conditions(self) == conditions(other) && things(self) == things(other)
    }

    /// The model file, where it says who sees what.
    pub fn with_readers(&self) -> Option<&Shape> {
        self.views.as_ref().map(|views| views.shape())
    }

    /// `$metadata` as XML or JSON.
    pub fn metadata(&self, json: bool, version: Version) -> &Document {
        &self.documents[&(json, version)]
    }

    /// `$openapi` but for its end, which says where the service is: few ask for it, so it is made when somebody does.
    pub fn open_api(&self) -> &Bytes {
        self.open_api.get_or_init(|| {
            let document = openapi::document(&self.mapping.model, &self.open_api_options);
            let mut text = serde_json::Value::Object(document).to_string();
            text.pop();
            text.into()
        })
    }

    /// `$openapi` for people, at this address.
    pub fn open_api_at(&self, root: &str) -> String {
        let mut document = openapi::document(&self.mapping.model, &self.open_api_options);
        document.insert("servers".to_owned(), openapi::servers(root));
        format!("{:#}", serde_json::Value::Object(document))
    }
}

/// Whether an error may be that of a condition on rows, and not of the request.
pub fn in_doubt(program: &Program, error: &DbError) -> bool {
    error.is_of_expression() && !program.failing.is_empty()
}

/// Conditions on rows by which nobody sees any.
fn rows_notices(mapping: &Mapping, dialect: &dyn Dialect, client_login: ClientLogin) -> Vec<Notice> {
    let mut notices = Vec::new();
    for RowsTrial { set, rows, program } in rows_trials(mapping, dialect) {
        let problem = match program {
            Err(error) => error.to_string(),
            Ok(_) if client_login == ClientLogin::Never && rows.names_user() => {
                "`@user` is nobody, since the source takes no logins of clients (`client_login`)".to_owned()
            }
            Ok(_) => continue,
        };
        notices.push(unusable(&rows.told, &set.name, &problem));
    }
    notices
}

/// Whether the database knows a time zone; why not, and whether that may pass.
fn knows(source: &Source, zone: Zone) -> Result<(), (String, bool)> {
    let Some(program) = zone_trial(source.dialect(), zone) else {
        return Ok(());
    };
    let of = |why: &str| {
        let name = source.dialect().name();
        format!(
            "{name} does not know the time zone {zone}{why}. An offset such as +02:00 needs no such knowledge."
        )
    };
    match source.count(&program, &trial_options()) {
        Ok((0, _)) => {
            let why = ": the server's tables of time zones are filled by mariadb-tzinfo-to-sql or mysql_tzinfo_to_sql";
            Err((of(why), false))
        }
        Ok(_) => Ok(()),
        Err(error) if error.may_pass() => Err((error.to_string(), true)),
        Err(error) => Err((of(&format!(" ({error})")), false)),
    }
}

fn trial_options() -> RunOptions {
    RunOptions { timeout: TRIAL, lock_wait: TRIAL, cancel: Cancel::default(), login: None }
}

fn open_api_options(name: &str, config: &SourceConfig) -> OpenApiOptions {
    let login = match config.client_login {
        ClientLogin::Never => Login::None,
        ClientLogin::Allowed => Login::Optional,
        ClientLogin::Required => Login::Required,
    };
    OpenApiOptions { title: name.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), login }
}

/// The weak ETag of a document that is written in these pieces.
pub fn etag(pieces: &[&[u8]]) -> String {
    EtagText::of_document(pieces).header(false).unwrap_or_default()
}

fn documents(mapping: &Mapping, vocabulary_url: &str) -> BTreeMap<(bool, Version), Document> {
    let mut documents = BTreeMap::new();
    for version in [Version::V40, Version::V401] {
        let options = CsdlOptions { version, vocabulary_base: vocabulary_url.to_owned() };
        for json in [false, true] {
            let text =
                if json { csdl::json(&mapping.model, &options) } else { csdl::xml(&mapping.model, &options) };
            documents.insert((json, version), Document::new(&text));
        }
    }
    documents
}
