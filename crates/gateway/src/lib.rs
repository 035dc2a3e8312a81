//! Nextlink
