//! What a server says about itself.

use std::time::Duration;

use nextlink_sql::dialect::{Dialect, MARIADB, MYSQL};

/// What a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// MariaDB; else MySQL.
    pub(super) maria: bool,
    /// Its version.
    pub(super) version: (u16, u16, u16),
}

/// Least versions of the dialects.
const LEAST_MYSQL: (u16, u16, u16) = (8, 0, 19);
const LEAST_MARIADB: (u16, u16, u16) = (10, 6, 0);

impl Facts {
    /// Reads what `VERSION()` gives, such as `10.11.6-MariaDB-0+deb12u1` or `8.0.36`.
    pub(super) fn read(text: &str) -> Option<Facts> {
        let maria = text.to_ascii_lowercase().contains("mariadb");
        // Replication made some servers put another version in front.
        let text = text.strip_prefix("5.5.5-").unwrap_or(text);
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u16>().ok());
        let mut next = || numbers.next().flatten();
        Some(Facts { maria, version: (next()?, next()?, next().unwrap_or(0)) })
    }

    /// The name of the product.
    pub(super) fn name(self) -> &'static str {
        if self.maria { "MariaDB" } else { "MySQL" }
    }

    /// How statements are written for it.
    pub(super) fn dialect(self) -> &'static dyn Dialect {
        if self.maria { &MARIADB } else { &MYSQL }
    }

    /// Why such a server is not served, where it is too old.
    pub(super) fn too_old(self) -> Option<String> {
        let least = if self.maria { LEAST_MARIADB } else { LEAST_MYSQL };
        let text = |(a, b, c): (u16, u16, u16)| format!("{a}.{b}.{c}");
        (self.version < least)
            .then(|| format!("version {} is too old: {} is needed", text(self.version), text(least)))
    }

    /// The statement that makes a session what statements expect: text and time mean one thing, nothing is written,
    /// and what cannot be computed is an error. What MariaDB remembers of a subselect it finds again by collations of columns,
    /// which take texts for one that differ.
    pub(super) fn setup(self) -> &'static str {
        if self.maria {
            "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin, autocommit = 1, time_zone = '+00:00', \
             sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,ERROR_FOR_DIVISION_BY_ZERO,PIPES_AS_CONCAT', \
             div_precision_increment = 20, max_sort_length = 65536, group_concat_max_len = 67108864, max_error_count = 1024, \
             sort_buffer_size = GREATEST(@@sort_buffer_size, 8388608), \
             optimizer_switch = 'subquery_cache=off,condition_pushdown_for_derived=off', \
             SESSION tx_isolation = 'REPEATABLE-READ', SESSION tx_read_only = 1"
        } else {
            "SET NAMES utf8mb4 COLLATE utf8mb4_0900_bin, autocommit = 1, time_zone = '+00:00', \
             sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,ERROR_FOR_DIVISION_BY_ZERO,PIPES_AS_CONCAT', \
             div_precision_increment = 20, max_sort_length = 65536, group_concat_max_len = 67108864, max_error_count = 1024, \
             sort_buffer_size = GREATEST(@@sort_buffer_size, 8388608), \
             SESSION transaction_isolation = 'REPEATABLE-READ', SESSION transaction_read_only = 1, \
             SESSION cte_max_recursion_depth = 4294967295"
        }
    }

    /// The statement that bounds the time of statements, and that of waiting for a lock.
    pub(super) fn bounds(self, statement: Duration, lock: Duration) -> String {
        // Whole seconds, rounded up; MySQL knows no lock wait of none.
        let lock = lock.as_millis().div_ceil(1000).max(u128::from(!self.maria)).min(1_000_000);
        let (name, time) = if self.maria {
            ("max_statement_time", format!("{:.3}", statement.as_secs_f64().clamp(0.001, 31_536_000.0)))
        } else {
            ("max_execution_time", statement.as_millis().clamp(1, 4_294_967_295).to_string())
        };
        format!(
            "SET SESSION {name} = {time}, SESSION lock_wait_timeout = {lock}, \
             SESSION innodb_lock_wait_timeout = {lock}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, maria, version, old) in [
            ("10.11.6-MariaDB-0+deb12u1", true, (10, 11, 6), false),
            ("5.5.5-10.6.12-MariaDB-log", true, (10, 6, 12), false),
            ("11.4.2-MariaDB", true, (11, 4, 2), false),
            ("10.5.28-MariaDB", true, (10, 5, 28), true),
            ("8.0.36", false, (8, 0, 36), false),
            ("8.0.18-9", false, (8, 0, 18), true),
            ("5.7.44-log", false, (5, 7, 44), true),
            ("9.1.0-commercial", false, (9, 1, 0), false),
        ] {
            let facts = Facts::read(text).expect("a version");
            assert_eq!(facts, Facts { maria, version }, "{text}");
            assert_eq!(facts.too_old().is_some(), old, "{text}");
        }
        assert_eq!(Facts::read("unknown"), None);
    }

    #[test]
    fn bounds() {
        let maria = Facts { maria: true, version: LEAST_MARIADB };
        let mysql = Facts { maria: false, version: LEAST_MYSQL };
        let ms = Duration::from_millis;
        for (facts, statement, lock, expected) in [
            (
                maria,
                ms(1500),
                ms(0),
                "SET SESSION max_statement_time = 1.500, SESSION lock_wait_timeout = 0, \
                 SESSION innodb_lock_wait_timeout = 0",
            ),
            (
                maria,
                ms(0),
                ms(1001),
                "SET SESSION max_statement_time = 0.001, SESSION lock_wait_timeout = 2, \
                 SESSION innodb_lock_wait_timeout = 2",
            ),
            (
                mysql,
                ms(1500),
                ms(0),
                "SET SESSION max_execution_time = 1500, SESSION lock_wait_timeout = 1, \
                 SESSION innodb_lock_wait_timeout = 1",
            ),
        ] {
            assert_eq!(facts.bounds(statement, lock), expected);
        }
    }
}
