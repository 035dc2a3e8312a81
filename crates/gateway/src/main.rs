//! Starts Nextlink.
fn main() {}
