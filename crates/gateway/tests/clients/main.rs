//! Programs that people use read what Nextlink serves, each as it comes from its registry.

#[path = "../common/mod.rs"]
mod common;
#[path = "../everywhere/world.rs"]
// The tests of answers use all of it.
#[allow(dead_code)]
mod world;

mod installed;
mod site;
mod power_query;
mod openapi;
mod reading;
mod licences;
