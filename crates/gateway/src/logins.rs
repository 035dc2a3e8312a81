//! Database logins that clients send and that are wrong: how many in a row there may be, and how often the log tells.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use nextlink_db::location::Login;

use crate::answer::Refusal;

/// Wrong logins of a user that may come one behind the other.
const FREE: u32 = 10;
/// The pause after the first one more; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const MOST_PAUSE: Duration = Duration::from_secs(8);
/// How long a user with a wrong login is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Users, and logins that were right, that are remembered.
const CAPACITY: usize = 1_024;
/// The least time between two log lines.
const QUIET: Duration = Duration::from_secs(10);

/// The logins of clients for one source. Neither users nor passwords are kept, only hashes under a key that nobody knows.
#[derive(Debug, Default)]
pub struct Logins {
    hasher: RandomState,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    wrong: HashMap<u64, Wrong>,
    right: Right,
    /// When the log told last.
    told: Option<Instant>,
    untold: u64,
}

/// Logins that were right: whoever has one is not kept waiting by others who try its user. They are found by a keyed hash, so
/// what a look takes says nothing of a password.
#[derive(Debug, Default)]
struct Right {
    /// When each was used last, as a number that grows.
    used: HashMap<u64, u64>,
    /// The same by when.
    by_use: BTreeMap<u64, u64>,
    uses: u64,
}

impl Right {
    fn contains(&self, login: u64) -> bool {
        self.used.contains_key(&login)
    }

    fn remove(&mut self, login: u64) {
        if let Some(used) = self.used.remove(&login) {
            self.by_use.remove(&used);
        }
    }

    /// Remembers one, and forgets the one that was not used for longest where there are too many.
    fn put(&mut self, login: u64) {
        self.remove(login);
        self.uses += 1;
        self.used.insert(login, self.uses);
        self.by_use.insert(self.uses, login);
        if self.used.len() > CAPACITY
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.used.remove(&oldest);
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    last: Instant,
}

impl Wrong {
    /// Until when the next one has to wait.
    fn until(self) -> Instant {
        let Some(over) = self.times.checked_sub(FREE) else { return self.last };
        self.last + FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(over)).min(MOST_PAUSE)
    }
}

impl Logins {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn user(&self, login: &Login) -> u64 {
        self.hasher.hash_one(&login.user)
    }

    fn whole(&self, login: &Login) -> u64 {
        self.hasher.hash_one((&login.user, &login.password.0))
    }

    /// Whether a login may be tried now.
    ///
    /// # Errors
    /// 429 (RFC 6585 section 4) after too many wrong ones of its user.
    pub fn admit(&self, login: &Login, now: Instant) -> Result<(), Refusal> {
        let (user, whole) = (self.user(login), self.whole(login));
        let inner = self.inner();
        let until = inner.wrong.get(&user).map(|wrong| wrong.until());
        let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if left.is_zero() || inner.right.contains(whole) {
            return Ok(());
        }
        let message = "There were too many wrong passwords for this user of the database; try again later.";
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TooManyLogins", message);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Err(Refusal { retry_after: Some(seconds), ..refusal.about("ddcloud-datasource-user") })
    }

    /// Notes that the database takes a login.
    pub fn right(&self, login: &Login) {
        let whole = self.whole(login);
        self.inner().right.put(whole);
    }

    /// Notes that the database says that a password is wrong; how many the log is to tell of, where it is to tell.
    pub fn wrong(&self, login: &Login, now: Instant) -> Option<u64> {
        let (user, whole) = (self.user(login), self.whole(login));
        let mut inner = self.inner();
        inner.right.remove(whole);
        inner.wrong.retain(|_, wrong| now.saturating_duration_since(wrong.last) < REMEMBERED);
        if inner.wrong.len() >= CAPACITY && !inner.wrong.contains_key(&user) {
            let oldest = inner.wrong.iter().min_by_key(|(_, wrong)| wrong.last).map(|(user, _)| *user);
            oldest.and_then(|oldest| inner.wrong.remove(&oldest));
        }
        let wrong = inner.wrong.entry(user).or_insert(Wrong { times: 0, last: now });
        *wrong = Wrong { times: wrong.times.saturating_add(1), last: now };
        inner.untold += 1;
        if inner.told.is_some_and(|told| now.saturating_duration_since(told) < QUIET) {
            return None;
        }
        inner.told = Some(now);
        Some(std::mem::take(&mut inner.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nextlink_db::location::Secret;

    fn login(user: &str, password: &str) -> Login {
        Login { user: user.into(), password: Secret(password.into()) }
    }

    #[test]
    fn wrong_logins_of_a_user_are_slowed_down() {
        let (logins, start) = (Logins::default(), Instant::now());
        let at = |millis: u64| start + Duration::from_millis(millis);
        logins.right(&login("ann", "known"));
        for number in 1..=u64::from(FREE) {
            assert!(logins.admit(&login("ann", "x"), at(0)).is_ok(), "{number}");
            let told = logins.wrong(&login("ann", "x"), at(0));
            assert_eq!(told, (number == 1).then_some(1), "{number}");
        }
        // Each pause is twice the one before, up to a limit.
        let mut now = 0;
        for (number, pause) in [1_000, 2_000, 4_000, 8_000, 8_000].into_iter().enumerate() {
            let whole = logins.admit(&login("ann", "new"), at(now)).err();
            assert_eq!(whole.and_then(|refusal| refusal.retry_after), Some(pause / 1_000), "{number}");
            let refused = logins.admit(&login("ann", "new"), at(now + pause - 1)).err();
            let refused = refused.map(|refusal| (refusal.status.as_u16(), refusal.retry_after));
            assert_eq!(refused, Some((429, Some(1))), "{number}");
            for other in [login("bob", "x"), login("ann", "known")] {
                assert!(logins.admit(&other, at(now)).is_ok(), "{number}: others do not wait");
            }
            assert!(logins.admit(&login("ann", "new"), at(now + pause)).is_ok(), "{number}");
            now += pause;
            logins.wrong(&login("ann", "x"), at(now));
        }
        assert!(logins.admit(&login("ann", "x"), at(now)).is_err());
        // After a while all is forgotten.
        now += REMEMBERED.as_millis() as u64;
        assert_eq!(logins.wrong(&login("bob", "x"), at(now)), Some(2), "with the one that was not told of");
        for _ in 0..FREE {
            assert!(logins.admit(&login("ann", "x"), at(now)).is_ok());
            logins.wrong(&login("ann", "x"), at(now));
        }
        assert!(logins.admit(&login("ann", "x"), at(now)).is_err());
    }

    #[test]
    fn a_password_that_is_right_no_more_waits_as_others() {
        let (logins, now) = (Logins::default(), Instant::now());
        logins.right(&login("ann", "old"));
        for _ in 0..=FREE {
            logins.wrong(&login("ann", "old"), now);
        }
        assert!(logins.admit(&login("ann", "old"), now).is_err());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (logins, now) = (Logins::default(), Instant::now());
        for number in 0..3 * CAPACITY {
            logins.right(&login("ann", "used"));
            logins.wrong(&login(&number.to_string(), "x"), now);
            logins.right(&login(&number.to_string(), "y"));
        }
        let inner = logins.inner();
        let sizes = [inner.wrong.len(), inner.right.used.len(), inner.right.by_use.len()];
        assert_eq!(sizes, [CAPACITY; 3]);
        assert!(inner.right.contains(logins.whole(&login("ann", "used"))), "what is used is not forgotten");
        assert!(!inner.right.contains(logins.whole(&login("0", "y"))), "what is not used for long is");
    }
}
