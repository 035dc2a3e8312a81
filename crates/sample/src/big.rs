//! The benchmark database.
