//! The place of a source: what of it is served now, and how that follows the database.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use nextlink_db::error::Error as DbError;
use nextlink_db::location::Login;
use nextlink_db::run::{Outcome, RunOptions};
use nextlink_odata::rows::{PieceSink, RowSink};
use nextlink_results::SourceRules;
use nextlink_sql::statement::{Program, Stream};
use tokio::sync::{Notify, Semaphore};

use crate::answer::Refusal;
use crate::config::{Config, SourceConfig};
use crate::effective::Effective;
use crate::limits::Limits;
use crate::logins::Logins;
use crate::observe::{Event, event};
use crate::served::{OpenError, Served};
use crate::turns::Connections;

/// The pause before the first further attempt to open a source; each one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two attempts.
const MOST_PAUSE: Duration = Duration::from_secs(30);

/// The place of a source.
#[derive(Debug)]
pub struct Slot {
    /// Name in URLs.
    pub name: String,
    /// Settings.
    pub config: SourceConfig,
    /// Those that hold now, with what the model file says.
    pub effective: Effective,
    /// The share of the connections that statements may have which go on behind the first page.
    pub storing: Connections,
    /// Why its settings cannot be used, if they cannot.
    unusable: Option<String>,
    vocabulary_url: String,
    standing: RwLock<Standing>,
    attempts: Mutex<Attempts>,
    /// Somebody wants the catalogue to be read again.
    asked: AtomicBool,
    /// The database is not as it was when its catalogue was read.
    changed: AtomicBool,
    /// Another one is in its place, or none.
    closed: AtomicBool,
    wake: Notify,
    logins: Logins,
}

/// What is served.
#[derive(Debug)]
enum Standing {
    Served(Arc<Served>),
    /// Nothing yet: why, and when it is tried again.
    Down {
        cause: String,
        next: Instant,
    },
}

/// How opening went.
#[derive(Debug)]
struct Attempts {
    /// Failures since it last went well.
    failures: u32,
    /// Why the last one failed.
    cause: String,
    /// Refreshes in a row that were wanted because of a change and found none.
    vain: u32,
    /// When it last went well.
    opened: Option<Instant>,
    /// When it may be tried again: after a failure that it is, else that a change may have it done.
    next: Instant,
}

impl Slot {
    /// A place where nothing is served yet.
    pub fn new(name: &str, config: &SourceConfig, vocabulary_url: &str) -> Slot {
        let now = Instant::now();
        Slot {
            name: name.to_owned(),
            config: config.clone(),
            effective: Effective::of(config),
            storing: Connections::default(),
            unusable: None,
            vocabulary_url: vocabulary_url.to_owned(),
            standing: RwLock::new(Standing::Down { cause: "it was not opened yet".to_owned(), next: now }),
            attempts: Mutex::new(Attempts {
                failures: 0,
                cause: String::new(),
                vain: 0,
                opened: None,
                next: now,
            }),
            asked: AtomicBool::new(false),
            changed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            wake: Notify::new(),
            logins: Logins::default(),
        }
    }

    /// The place of a source whose settings cannot be used here: nothing will be served of it.
    pub fn unusable(name: &str, cause: &str) -> Slot {
        Slot { unusable: Some(cause.to_owned()), ..Slot::new(name, &SourceConfig::default(), "") }
    }

    /// Whether there are settings by which a request can be looked at.
    ///
    /// # Errors
    /// 503 where there are none.
    pub fn check(&self) -> Result<(), Refusal> {
        let Some(cause) = &self.unusable else { return Ok(()) };
        let message = "The settings of this source cannot be used on this node.";
        let refusal = Refusal::unavailable("SourceUnavailable", message, 30).about("source");
        Err(Refusal { cause: Some(cause.clone()), ..refusal })
    }

    /// The limits that hold for it, where those of all sources are those of this configuration.
    pub fn limits<'a>(&'a self, node: &'a Config) -> Limits<'a> {
        Limits { node, source: &self.config, told: &self.effective.limits }
    }

    /// How much may be stored of it, and where.
    pub fn rules(&self, node: &Config) -> SourceRules {
        SourceRules { replicas: self.effective.replicas(), ..self.limits(node).rules() }
    }

    /// Whether it was not tried yet whether it can be opened.
    pub fn is_new(&self) -> bool {
        self.unusable.is_none() && self.attempts().failures == 0 && self.down().is_some()
    }

    /// Why nothing is served, if nothing is.
    pub fn down(&self) -> Option<String> {
        if let Some(cause) = &self.unusable {
            return Some(cause.clone());
        }
        match &*self.standing.read().unwrap_or_else(PoisonError::into_inner) {
            Standing::Served(_) => None,
            Standing::Down { cause, .. } => Some(cause.clone()),
        }
    }

    /// Says that another one is in its place, or none: it is not opened again.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// What a login sees of what is served now, or whoever has none; it stays as it is for whoever has it.
    ///
    /// # Errors
    /// 503 while the source could not be opened.
    pub fn served(&self, login: Option<&Login>) -> Result<Arc<Served>, Refusal> {
        Ok(self.whole()?.seen_by(login.map(|login| login.user.as_str())))
    }

    /// All of what is served now.
    fn whole(&self) -> Result<Arc<Served>, Refusal> {
        match &*self.standing.read().unwrap_or_else(PoisonError::into_inner) {
            Standing::Served(served) => Ok(Arc::clone(served)),
            Standing::Down { cause, next } => {
                let seconds = next.saturating_duration_since(Instant::now()).as_secs() + 1;
                let message = "The database cannot be read now; it is tried again.";
                let refusal = Refusal::unavailable("SourceUnavailable", message, seconds).about("source");
                Err(Refusal { cause: Some(cause.clone()), ..refusal })
            }
        }
    }

    /// Whether this is what is served now.
    fn is_current(&self, served: &Arc<Served>) -> bool {
        match &*self.standing.read().unwrap_or_else(PoisonError::into_inner) {
            Standing::Served(current) => Arc::ptr_eq(&current.source, &served.source),
            Standing::Down { .. } => false,
        }
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the source and puts it in place; where that fails, what was served goes on being served, unless a
    /// condition on rows would not hold. Blocks.
    ///
    /// # Errors
    /// It cannot be opened or read.
    pub fn open(&self) -> Result<(), OpenError> {
        if let Some(cause) = &self.unusable {
            return Err(OpenError::settings(&self.name, cause));
        }
        let for_change = self.changed.swap(false, Ordering::Relaxed);
        let opened = Served::open(&self.name, &self.config, &self.vocabulary_url);
        let mut attempts = self.attempts();
        match opened {
            Ok(served) => {
                let same = self.put(served);
                let vain = if for_change && same { attempts.vain.saturating_add(1) } else { 0 };
                let now = Instant::now();
                let (opened, next) = (Some(now), now + pause(vain));
                *attempts = Attempts { failures: 0, cause: String::new(), vain, opened, next };
                Ok(())
            }
            Err(error) => {
                attempts.failures = attempts.failures.saturating_add(1);
                attempts.next = Instant::now() + pause(attempts.failures - 1);
                let cause = error.to_string();
                let served = self.note_failure(&cause, attempts.next, error.withheld);
                // Once for each cause, not once for each attempt.
                if attempts.cause != cause {
                    event(&Event::SourceFailed { source: &self.name, cause: &cause, served });
                    attempts.cause = cause;
                }
                Err(error)
            }
        }
    }

    /// Puts what was opened in place; tells whether its model is that of what was there.
    fn put(&self, served: Served) -> bool {
        let sets = served.mapping.model.entity_sets.len();
        let notices: Vec<String> = served.notices.iter().map(ToString::to_string).collect();
        self.effective.follow(&self.config, &served.settings);
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        let before = match &*standing {
            Standing::Served(before) => {
                let told = before.notices.iter().map(ToString::to_string).eq(notices.iter().cloned());
                Some((before.has_model_of(&served), told && before.has_rows_of(&served)))
            }
            Standing::Down { .. } => None,
        };
        let replaced = std::mem::replace(&mut *standing, Standing::Served(Arc::new(served)));
        drop(standing);
        // Connections may be closed here; nobody waits for that with the lock.
        drop(replaced);
        if before != Some((true, true)) {
            for notice in &notices {
                event(&Event::SourceNotice { source: &self.name, notice });
            }
        }
        event(&match before {
            None => Event::SourceOpened { source: &self.name, sets },
            Some((model, rest)) => Event::SourceRefreshed { source: &self.name, sets, same: model && rest },
        });
        before.is_some_and(|(model, _)| model)
    }

    /// Tells whether something is served all the same.
    fn note_failure(&self, why: &str, next: Instant, withheld: bool) -> bool {
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        if !withheld && matches!(&*standing, Standing::Served(_)) {
            return true;
        }
        let replaced = std::mem::replace(&mut *standing, Standing::Down { cause: why.to_owned(), next });
        drop(standing);
        // Connections may be closed here; nobody waits for that with the lock.
        drop(replaced);
        false
    }

    /// Has the catalogue read again soon.
    pub fn refresh(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// Waits until the source is to be opened again; `false` when that is never.
    async fn due(&self) -> bool {
        if self.unusable.is_some() {
            return false;
        }
        loop {
            if self.closed.load(Ordering::Relaxed) {
                return false;
            }
            if self.asked.swap(false, Ordering::Relaxed) {
                return true;
            }
            let next = {
                let attempts = self.attempts();
                let wanted = attempts.failures > 0 || self.changed.load(Ordering::Relaxed);
                let every = self.effective.refresh_every();
                let look = attempts.opened.zip(every).map(|(opened, every)| opened + every);
                if wanted { Some(attempts.next) } else { look }
            };
            match next {
                Some(next) if next <= Instant::now() => return true,
                Some(next) => {
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep_until(next.into()) => {}
                    }
                }
                None => self.wake.notified().await,
            }
        }
    }

    /// Runs a program as [`nextlink_db::source::Source::run`] does. Blocks.
    ///
    /// # Errors
    /// What went wrong, as an answer.
    pub fn run<S: RowSink>(
        &self,
        served: &Arc<Served>,
        program: &Program,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Refusal> {
        self.asked(served, program, options, || served.source.run(program, options, sink))
    }

    /// Reads bytes as [`nextlink_db::source::Source::stream`] does. Blocks.
    ///
    /// # Errors
    /// As [`Slot::run`].
    pub fn stream<S: PieceSink>(
        &self,
        served: &Arc<Served>,
        stream: &Stream,
        options: &RunOptions,
        sink: &mut S,
    ) -> Result<Outcome, Refusal> {
        self.asked(served, &stream.head, options, || served.source.stream(stream, options, sink))
    }

    /// Counts as [`nextlink_db::source::Source::count`] does. Blocks.
    ///
    /// # Errors
    /// As [`Slot::run`].
    pub fn count(
        &self,
        served: &Arc<Served>,
        program: &Program,
        options: &RunOptions,
    ) -> Result<(u64, Option<bool>), Refusal> {
        self.asked(served, program, options, || served.source.count(program, options))
    }

    /// Asks the database, unless the login of the client has to wait.
    fn asked<T>(
        &self,
        served: &Arc<Served>,
        program: &Program,
        options: &RunOptions,
        ask: impl FnOnce() -> Result<T, DbError>,
    ) -> Result<T, Refusal> {
        let login = options.login.as_ref();
        self.admit(login)?;
        let answer = ask();
        self.note(login, answer.as_ref().err());
        // What a condition of the model file is to blame for is no mistake of the client.
        answer.map_err(|error| match served.failed_rows(program, options, &error) {
            Some((set, cause)) => Refusal::of_rows(set, cause),
            None => self.refusal((served, program), error, login.is_some()),
        })
    }

    /// Whether the database may be asked with the login of a client.
    ///
    /// # Errors
    /// 429 after too many wrong ones of its user.
    pub fn admit(&self, login: Option<&Login>) -> Result<(), Refusal> {
        login.map_or(Ok(()), |login| self.logins.admit(login, Instant::now()))
    }

    /// Notes what the database makes of the login of a client.
    pub fn note(&self, login: Option<&Login>, error: Option<&DbError>) {
        let Some(login) = login else { return };
        match error {
            None => self.logins.right(login),
            Some(DbError::LoginRefused { wrong_password, .. }) => {
                // One that may not be used here or now tells nothing of the password.
                let told = wrong_password.then(|| self.logins.wrong(login, Instant::now())).flatten();
                event(&Event::LoginRefused { source: &self.name, told });
            }
            Some(_) => {}
        }
    }

    /// The answer to an error of the database. Those that say that what is served is out of date have it opened again.
    pub fn refusal(
        &self,
        (served, program): (&Arc<Served>, &Program),
        error: DbError,
        by_client: bool,
    ) -> Refusal {
        if matches!(error, DbError::Number(_)) && !program.computes {
            return Refusal::of_definition(&error);
        }
        let own_login_refused = matches!(error, DbError::LoginRefused { .. }) && !by_client;
        if (own_login_refused || matches!(error, DbError::Changed(_))) && self.is_current(served) {
            self.changed.store(true, Ordering::Relaxed);
            self.wake.notify_one();
        }
        if own_login_refused {
            let message = "The database does not accept the user and password of this source.";
            let refusal = Refusal::unavailable("SourceLoginRefused", message, 30).about("source");
            return Refusal { cause: Some(error.to_string()), ..refusal };
        }
        let error = match error {
            // It was read again, and is as it was: waiting does not help.
            DbError::Changed(message) if self.attempts().vain > 0 => {
                DbError::Server { database: "the database", message }
            }
            error => error,
        };
        let property = match &error {
            DbError::Value { property, .. } => *property,
            _ => None,
        };
        let refusal = Refusal::from(error);
        match property {
            Some((set, number)) => refusal.of_property(&served.mapping.model, set, number),
            None => refusal,
        }
    }
}

/// The pause after so many attempts that changed nothing.
fn pause(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts)).min(MOST_PAUSE)
}

/// Opens a source again whenever that is due: after a failure, at a change of the database, when somebody asks. One that is served
/// takes a turn for it, as each takes connections of its server beside those that it has, and many may be on one server.
pub async fn tend(slot: Arc<Slot>, turns: Arc<Semaphore>) {
    while slot.due().await {
        // One that is down holds up nobody, however long its server takes to answer.
        let _turn = if slot.down().is_none() { turns.acquire().await.ok() } else { None };
        let opened = Arc::clone(&slot);
        if tokio::task::spawn_blocking(move || opened.open().is_ok()).await.is_err() {
            // It has panicked, and may do so again.
            tokio::time::sleep(MOST_PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_nobody_finds_is_a_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.db");
        let database = rusqlite::Connection::open(&file).expect("a database");
        database.execute_batch("CREATE TABLE T (Id INTEGER PRIMARY KEY)").expect("a table");
        let url = ["sqlite:", &file.display().to_string()].concat().as_str().into();
        let slot = Slot::new("a", &SourceConfig { url, ..SourceConfig::default() }, "");
        let told = || {
            let served = slot.served(None).expect("it is open");
            let program = Program {
                nodes: Vec::new(),
                count: None,
                parent: None,
                point: false,
                key: None,
                computes: false,
                failing: Vec::new(),
            };
            slot.refusal((&served, &program), DbError::Changed("no such table: U".to_owned()), false).code
        };
        let open = || slot.open().expect("it can be opened");
        open();
        assert_eq!(told(), "SourceChanged");
        open();
        assert_eq!(told(), "SourceFailed", "it is as it was");
        database.execute_batch("CREATE TABLE U (Id INTEGER PRIMARY KEY)").expect("a table");
        open();
        assert_eq!(told(), "SourceChanged", "it has changed since");
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let seconds: Vec<u64> = [0, 1, 2, 3, 4, 5, 6, 100, u32::MAX].map(|n| pause(n).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30, 30]);
    }
}
