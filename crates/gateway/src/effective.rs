//! Settings of a source that its model file may say, too: those that hold now.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use nextlink_sql::notice::Notice;
use nextlink_sql::shape::{LossShape, SettingsShape};

use crate::config::{OnLoss, SourceConfig};
use crate::limits::Told;

/// Rows of a page.
const PAGE_ROWS: u64 = 2_000;
/// Bytes of a page.
const PAGE_BYTES: usize = 4 << 20;

/// Settings that hold now. Each is looked at alone, so none waits for another one.
#[derive(Debug)]
pub struct Effective {
    page_rows: AtomicU64,
    page_bytes: AtomicUsize,
    continues: AtomicBool,
    /// 0 for never.
    refresh_seconds: AtomicU64,
    /// [`u64::MAX`] for as many as those of all sources.
    replicas: AtomicU64,
    /// Limits of the model file.
    pub limits: Told,
}

impl Effective {
    /// Those of the configuration.
    pub fn of(config: &SourceConfig) -> Effective {
        let effective = Effective {
            page_rows: AtomicU64::new(0),
            page_bytes: AtomicUsize::new(0),
            continues: AtomicBool::new(false),
            refresh_seconds: AtomicU64::new(0),
            replicas: AtomicU64::new(u64::MAX),
            limits: Told::default(),
        };
        effective.follow(config, &SettingsShape::default());
        effective
    }

    /// From now on those of the configuration, and where it has none those of the model file.
    pub fn follow(&self, config: &SourceConfig, told: &SettingsShape) {
        let rows = config.page_rows.or(told.page_rows).unwrap_or(PAGE_ROWS);
        self.page_rows.store(rows, Ordering::Relaxed);
        let bytes = told.page_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        self.page_bytes.store(config.page_bytes.or(bytes).unwrap_or(PAGE_BYTES), Ordering::Relaxed);
        let told_loss = told.on_loss.map(|loss| match loss {
            LossShape::Continue => OnLoss::Continue,
            LossShape::Strict => OnLoss::Strict,
        });
        let loss = config.on_loss.or(told_loss).unwrap_or_default();
        self.continues.store(loss == OnLoss::Continue, Ordering::Relaxed);
        let seconds = config.refresh_seconds.or(told.refresh_seconds).unwrap_or(0);
        self.refresh_seconds.store(seconds, Ordering::Relaxed);
        let replicas = config.replicas.or(told.replicas).unwrap_or(u64::MAX);
        self.replicas.store(replicas, Ordering::Relaxed);
        self.limits.follow(&told.limits);
    }

    /// Rows of a page.
    pub fn page_rows(&self) -> u64 {
        self.page_rows.load(Ordering::Relaxed)
    }

    /// Bytes of rows after which a page is closed early.
    pub fn page_bytes(&self) -> usize {
        self.page_bytes.load(Ordering::Relaxed)
    }

    /// Whether the rest of a result that is lost is read anew.
    pub fn continues(&self) -> bool {
        self.continues.load(Ordering::Relaxed)
    }

    /// Other nodes that get a copy of each stored result, where that is not as for all sources.
    pub fn replicas(&self) -> Option<usize> {
        let number = self.replicas.load(Ordering::Relaxed);
        (number != u64::MAX).then(|| usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// After what time the source is read again, although nobody asks.
    pub fn refresh_every(&self) -> Option<Duration> {
        let seconds = self.refresh_seconds.load(Ordering::Relaxed);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}

/// Says which limits of a model file do not hold, since the configuration has tighter ones.
fn beyond<'a>(name: &'a str, config: &'a SourceConfig, told: &SettingsShape) -> impl Iterator<Item = Notice> {
    let set = |limit| config.limits.get(limit);
    let beyond = told.limits.told().filter(move |(limit, told)| set(*limit).is_some_and(|set| set < *told));
    beyond.map(move |(limit, _)| {
        let key = limit.keys().0;
        let text = format!(
            "The configuration has a tighter `limits.{key}`, so that of the model file does not hold."
        );
        Notice::table(name, text)
    })
}

/// Says which settings of a model file do not hold, since the configuration has others.
pub fn notices(name: &str, config: &SourceConfig, told: &SettingsShape) -> Vec<Notice> {
    let both = [
        ("page_rows", config.page_rows.is_some() && told.page_rows.is_some()),
        ("page_bytes", config.page_bytes.is_some() && told.page_bytes.is_some()),
        ("on_loss", config.on_loss.is_some() && told.on_loss.is_some()),
        ("refresh_seconds", config.refresh_seconds.is_some() && told.refresh_seconds.is_some()),
        ("replicas", config.replicas.is_some() && told.replicas.is_some()),
        ("time_zone", config.time_zone.is_some() && told.time_zone.is_some()),
    ];
    let both = both.into_iter().filter(|(_, both)| *both);
    let text = |key| format!("The configuration has `{key}`, so that of the model file does not hold.");
    both.map(|(key, _)| Notice::table(name, text(key))).chain(beyond(name, config, told)).collect()
}

#[cfg(test)]
mod tests {
    use nextlink_sql::shape::Shape;

    use super::*;

    #[test]
    fn the_configuration_takes_precedence() {
        let config = |text: &str| -> SourceConfig { toml::from_str(text).expect(text) };
        let all = "settings: {pageRows: 5, pageBytes: 5000, onLoss: strict, refreshSeconds: 7, replicas: 0, timeZone: UTC}";
        let every = "page_rows = 6\npage_bytes = 6000\non_loss = 'continue'\nrefresh_seconds = 8\nreplicas = 2\ntime_zone = 'UTC'";
        for (text, told, expected, overruled) in [
            ("", "", (2_000, 4 << 20, true, None, None), 0),
            ("", all, (5, 5_000, false, Some(7), Some(0)), 0),
            (every, all, (6, 6_000, true, Some(8), Some(2)), 6),
            ("page_rows = 6", all, (6, 5_000, false, Some(7), Some(0)), 1),
            ("on_loss = 'strict'", "", (2_000, 4 << 20, false, None, None), 0),
            ("limits.rows = 5", "settings: {limits: {rows: 5}}", (2_000, 4 << 20, true, None, None), 0),
            ("limits.rows = 5", "settings: {limits: {rows: 6}}", (2_000, 4 << 20, true, None, None), 1),
        ] {
            let config = config(text);
            let told = Shape::parse(told).expect(told).settings;
            let effective = Effective::of(&config);
            effective.follow(&config, &told);
            let found = (
                effective.page_rows(),
                effective.page_bytes(),
                effective.continues(),
                effective.refresh_every().map(|every| every.as_secs()),
                effective.replicas(),
            );
            assert_eq!(found, expected, "{text}");
            assert_eq!(notices("shop", &config, &told).len(), overruled, "{text}");
        }
    }
}
